#include "topologies.h"

/* Topologies as events, into drafts; what refers to something else is looked up later. */

/* ---- scalars ---- */

static bool going(const builder_t *b)
{
    return doc_reader_last(b->reader)->kind != DOC_EV_ERROR && !b->failed;
}

static name_ref_t ref_here(builder_t *b)
{
    const doc_event_t *ev = doc_reader_last(b->reader);
    return (name_ref_t){{NULL, 0}, ev->line, ev->column, builder_pointer(b), NO_INDEX};
}

static bool take_ref(builder_t *b, const char *what, name_ref_t *out)
{
    *out = ref_here(b);
    (void)builder_expect_text(b, what, true, &out->name);
    return going(b);
}

/* A whole number, at most `most`; false: there is a finding, or reading is over. */
static bool take_number(builder_t *b, const char *what, uint64_t most, uint64_t *out)
{
    const doc_event_t *ev = doc_reader_last(b->reader);
    if (ev->kind != DOC_EV_SCALAR || ev->scalar != JSON_NUMBER) {
        if (ev->kind != DOC_EV_ERROR) {
            doc_reader_find(b->reader, FINDING_WRONG_TYPE, (slice_t){0}, "%s is a number", what);
            (void)doc_reader_skip(b->reader);
        }
        return false;
    }
    uint64_t value = 0;
    if (!json_number_u64(ev->text, &value) || value > most) {
        doc_reader_find(b->reader, FINDING_BAD_VALUE, (slice_t){0},
                        "%s is a whole number from 0 to %llu, written without exponent", what,
                        (unsigned long long)most);
        return false;
    }
    *out = value;
    return true;
}

static bool take_capacity(builder_t *b, topology_capacity_t *out)
{
    out->known = take_number(b, "capacity (in bits a second)", TOPOLOGY_CAPACITY_MAX, &out->value);
    return going(b);
}

static bool take_bool(builder_t *b, const char *what, bool *out)
{
    (void)builder_expect_bool(b, what, out);
    return going(b);
}

/* ---- maps by name ---- */

/* At an item of a map: its name, when it can be one and is the first of this name. */
static bool begin_item(builder_t *b, const char *what, slice_t *name, table_t *table, void *item,
                       ptrs_t *list)
{
    *name = builder_copy(b, doc_reader_last(b->reader)->text);
    if (!builder_check_name(b, *name, what) || table_get(table, *name)) {
        return false; /* a second one was found as a duplicate key */
    }
    b->failed |= table_put(table, *name, item, NULL) != ERR_OK;
    builder_push(b, list, item);
    return !b->failed;
}

typedef bool member_fn_t(builder_t *b, void *item, int key);

/* The members of a map, behind its first event; *seen gets a bit for each key. */
static bool parse_members(builder_t *b, key_list_t keys, const char *what, member_fn_t *member,
                          void *item, unsigned *seen)
{
    if (!builder_expect_map(b, what)) {
        return going(b);
    }
    for (;;) {
        const doc_event_t *ev = builder_next(b);
        if (ev->kind != DOC_EV_SCALAR) {
            return ev->kind == DOC_EV_MAP_END;
        }
        int key = keys_find(b, keys, ev->text, what);
        *seen |= key < 0 ? 0 : 1u << key;
        if (builder_next(b)->kind == DOC_EV_ERROR) {
            return false;
        }
        if (key < 0 ? !doc_reader_skip(b->reader) : !member(b, item, key)) {
            return false;
        }
    }
}

static void find_missing(builder_t *b, uint32_t line, uint32_t column, const char *text)
{
    findings_add(b->findings, FINDING_MISSING_KEY, builder_place(b, b->document, line, column),
                 builder_pointer(b), (slice_t){0}, "%s", text);
}

/* ---- elements ---- */

static bool parse_element_member(builder_t *b, void *item, int key)
{
    element_draft_t *element = item;
    (void)key; /* there is one */
    return take_capacity(b, &element->made.capacity);
}

static bool parse_elements(builder_t *b, topology_draft_t *t)
{
    unsigned seen = 0;
    if (!builder_expect_map(b, "elements")) {
        return going(b);
    }
    for (;;) {
        const doc_event_t *ev = builder_next(b);
        if (ev->kind != DOC_EV_SCALAR) {
            return ev->kind == DOC_EV_MAP_END;
        }
        element_draft_t *element = builder_alloc(b, 1, sizeof *element);
        if (!element) {
            return false;
        }
        (void)begin_item(b, "the name of an element", &element->made.name, &t->element_table,
                         element, &t->elements);
        if (builder_next(b)->kind == DOC_EV_ERROR ||
            !parse_members(b, KEYS_TOPOLOGY_ELEMENT, "an element", parse_element_member, element,
                           &seen)) {
            return false;
        }
    }
}

/* ---- nodes ---- */

enum { NODE_PIDS, NODE_CIDR, NODE_CAPACITY, NODE_ELEMENT };

static bool parse_node_list(builder_t *b, unsigned kind, const char *what, fp_draft_t *out)
{
    if (doc_reader_last(b->reader)->kind != DOC_EV_SEQ) {
        (void)builder_expect_list(b, what);
        return going(b);
    }
    return parse_value_list(b, kind, true, out);
}

static bool parse_node_member(builder_t *b, void *item, int key)
{
    node_draft_t *node = item;
    switch (key) {
    case NODE_PIDS:
        return parse_node_list(b, FP_ALTOPID, "pids", &node->attached);
    case NODE_CIDR:
        return parse_node_list(b, VALUE_CIDR, "cidr", &node->attached);
    case NODE_CAPACITY:
        return take_capacity(b, &node->made.capacity);
    default:
        return take_ref(b, "element", &node->element);
    }
}

static bool parse_nodes(builder_t *b, topology_draft_t *t)
{
    unsigned seen = 0;
    if (!builder_expect_map(b, "nodes")) {
        return going(b);
    }
    for (;;) {
        const doc_event_t *ev = builder_next(b);
        if (ev->kind != DOC_EV_SCALAR) {
            return ev->kind == DOC_EV_MAP_END;
        }
        node_draft_t *node = builder_alloc(b, 1, sizeof *node);
        if (!node) {
            return false;
        }
        node->line = ev->line;
        node->column = ev->column;
        (void)begin_item(b, "the name of a node", &node->made.name, &t->node_table, node,
                         &t->nodes);
        if (builder_next(b)->kind == DOC_EV_ERROR ||
            !parse_members(b, KEYS_TOPOLOGY_NODE, "a node", parse_node_member, node, &seen)) {
            return false;
        }
    }
}

/* ---- links ---- */

enum { LINK_FROM, LINK_TO, LINK_ONE_WAY, LINK_CAPACITY, LINK_METRIC, LINK_ELEMENT };

static bool parse_link_member(builder_t *b, void *item, int key)
{
    link_draft_t *link = item;
    uint64_t metric;
    switch (key) {
    case LINK_FROM:
        return take_ref(b, "from", &link->from);
    case LINK_TO:
        return take_ref(b, "to", &link->to);
    case LINK_ONE_WAY:
        return take_bool(b, "one-way", &link->made.one_way);
    case LINK_CAPACITY:
        return take_capacity(b, &link->made.capacity);
    case LINK_METRIC:
        if (take_number(b, "igp-metric", TOPOLOGY_METRIC_MAX, &metric)) {
            link->made.metric = (uint32_t)metric;
        }
        return going(b);
    default:
        return take_ref(b, "element", &link->element);
    }
}

static bool parse_links(builder_t *b, topology_draft_t *t)
{
    if (!builder_expect_map(b, "links")) {
        return going(b);
    }
    for (;;) {
        const doc_event_t *ev = builder_next(b);
        if (ev->kind != DOC_EV_SCALAR) {
            return ev->kind == DOC_EV_MAP_END;
        }
        link_draft_t *link = builder_alloc(b, 1, sizeof *link);
        unsigned seen = 0;
        if (!link) {
            return false;
        }
        link->line = ev->line;
        link->column = ev->column;
        link->made.metric = 1;
        (void)begin_item(b, "the name of a link", &link->made.name, &t->link_table, link,
                         &t->links);
        bool is_map = builder_next(b)->kind == DOC_EV_MAP;
        if (!parse_members(b, KEYS_TOPOLOGY_LINK, "a link", parse_link_member, link, &seen)) {
            return false;
        }
        if (is_map && (seen & 3) != 3) {
            find_missing(b, link->line, link->column, "a link needs from and to");
        }
    }
}

/* ---- given paths ---- */

enum { PATH_FROM, PATH_TO, PATH_LINKS };

static bool parse_path_links(builder_t *b, path_draft_t *path)
{
    if (!builder_expect_list(b, "links")) {
        path->bad = true;
        return going(b);
    }
    slice_t pointer = builder_pointer(b);
    for (size_t i = 0;; i++) {
        const doc_event_t *ev = builder_next(b);
        if (ev->kind == DOC_EV_SEQ_END || ev->kind == DOC_EV_ERROR) {
            return ev->kind == DOC_EV_SEQ_END;
        }
        name_ref_t *ref = builder_alloc(b, 1, sizeof *ref);
        if (!ref) {
            return false;
        }
        *ref = (name_ref_t){{NULL, 0}, ev->line, ev->column, pointer, i};
        if (builder_expect_text(b, "the name of a link", true, &ref->name)) {
            builder_push(b, &path->links, ref);
        } else {
            path->bad = true;
        }
        if (!going(b)) {
            return false;
        }
    }
}

static bool parse_path_member(builder_t *b, void *item, int key)
{
    path_draft_t *path = item;
    switch (key) {
    case PATH_FROM:
        return take_ref(b, "from", &path->from);
    case PATH_TO:
        return take_ref(b, "to", &path->to);
    default:
        return parse_path_links(b, path);
    }
}

static bool parse_paths(builder_t *b, topology_draft_t *t)
{
    if (!builder_expect_list(b, "paths")) {
        return going(b);
    }
    for (;;) {
        const doc_event_t *ev = builder_next(b);
        if (ev->kind == DOC_EV_SEQ_END || ev->kind == DOC_EV_ERROR) {
            return ev->kind == DOC_EV_SEQ_END;
        }
        path_draft_t *path = builder_alloc(b, 1, sizeof *path);
        unsigned seen = 0;
        if (!path) {
            return false;
        }
        path->line = ev->line;
        path->column = ev->column;
        path->pointer = builder_pointer(b);
        bool is_map = ev->kind == DOC_EV_MAP;
        if (!parse_members(b, KEYS_TOPOLOGY_PATH, "a path", parse_path_member, path, &seen)) {
            return false;
        }
        if (is_map && seen != 7) {
            find_missing(b, path->line, path->column, "a path needs from, to and links");
        }
        path->bad |= seen != 7;
        builder_push(b, &t->paths, path);
    }
}

/* ---- a topology ---- */

enum { KEY_MAP, KEY_PUBLIC, KEY_BANDWIDTH, KEY_AGGREGATE, KEY_ELEMENTS, KEY_NODES, KEY_LINKS };

static bool parse_topology_member(builder_t *b, void *item, int key)
{
    topology_draft_t *t = item;
    switch (key) {
    case KEY_MAP:
        return take_ref(b, "network-map", &t->map);
    case KEY_PUBLIC:
        return take_bool(b, "public", &t->is_public);
    case KEY_BANDWIDTH:
        return take_bool(b, "max-reservable-bandwidth", &t->made.shows_bandwidth);
    case KEY_AGGREGATE:
        return take_bool(b, "aggregate", &t->made.aggregates);
    case KEY_ELEMENTS:
        return parse_elements(b, t);
    case KEY_NODES:
        return parse_nodes(b, t);
    case KEY_LINKS:
        return parse_links(b, t);
    default:
        return parse_paths(b, t);
    }
}

static void check_members(builder_t *b, const topology_draft_t *t, unsigned seen)
{
    static const struct {
        unsigned key;
        const char *text;
    } needed[] = {
        {KEY_MAP, "a topology needs network-map"},
        {KEY_NODES, "a topology needs nodes"},
        {KEY_LINKS, "a topology needs links"},
    };
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        if (!(seen & 1u << needed[i].key)) {
            find_missing(b, t->made.line, t->made.column, needed[i].text);
        }
    }
}

static void define_topology(builder_t *b, topology_draft_t *t)
{
    slice_t id = t->made.id;
    if (!resource_id_check(b, id, "the id of a topology", NULL)) {
        return;
    }
    if (id.len > TOPOLOGY_ID_MAX) {
        doc_reader_find(b->reader, FINDING_BAD_NAME, (slice_t){0},
                        "'%.*s' cannot be the id of a topology: it may have %d characters, so that "
                        "'" TOPOLOGY_ENDPOINTS "' and names of parts fit behind it",
                        SLICE_ARG(id), TOPOLOGY_ID_MAX);
        return;
    }
    const topology_draft_t *other = table_get(&b->topologies, id);
    if (other && other->made.document == t->made.document) {
        return; /* found as a duplicate key */
    }
    if (other) {
        doc_reader_find(b->reader, FINDING_DUPLICATE_NAME, (slice_t){0},
                        "topology '%.*s' is defined already at %.*s:%u", SLICE_ARG(id),
                        SLICE_ARG(b->documents[other->made.document].made.file), other->made.line);
        return;
    }
    b->failed |= table_put(&b->topologies, id, t, NULL) != ERR_OK;
    t->defined = true;
}

bool parse_topologies(builder_t *b)
{
    if (!builder_expect_map(b, "topologies")) {
        return going(b);
    }
    for (;;) {
        const doc_event_t *ev = builder_next(b);
        if (ev->kind != DOC_EV_SCALAR) {
            return ev->kind == DOC_EV_MAP_END;
        }
        topology_draft_t *t = builder_alloc(b, 1, sizeof *t);
        unsigned seen = 0;
        if (!t) {
            return false;
        }
        t->made.document = b->document;
        t->made.line = ev->line;
        t->made.column = ev->column;
        t->made.id = builder_copy(b, ev->text);
        builder_push(b, &b->topology_list, t);
        if (b->failed) {
            return false;
        }
        define_topology(b, t);
        if (builder_next(b)->kind == DOC_EV_ERROR) {
            return false;
        }
        bool is_map = doc_reader_last(b->reader)->kind == DOC_EV_MAP;
        t->defined &= is_map;
        if (!parse_members(b, KEYS_TOPOLOGY, "a topology", parse_topology_member, t, &seen)) {
            return false;
        }
        if (is_map) {
            check_members(b, t, seen);
        }
    }
}

void topology_drafts_release(builder_t *b)
{
    for (size_t i = 0; i < b->topology_list.count; i++) {
        topology_draft_t *t = b->topology_list.items[i];
        table_release(&t->element_table);
        table_release(&t->node_table);
        table_release(&t->link_table);
    }
}
