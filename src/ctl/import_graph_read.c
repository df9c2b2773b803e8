#include "import_graph.h"

#include "footprintd/model/footprint.h"
#include "import_rows.h"

#include <stdlib.h>

void import_graph_init(import_graph_t *g, import_data_t *d, slice_t map)
{
    *g = (import_graph_t){.d = d, .name_prefix = SLICE_LIT("")};
    import_pids_init(&g->pids, d, map);
    g->pids.strict = true;
}

void import_graph_release(import_graph_t *g)
{
    for (size_t i = 0; i < g->cost_count; i++) {
        buf_release(&g->costs[i].text);
    }
    import_pids_release(&g->pids);
    table_release(&g->by_name);
    free(g->nodes);
    free(g->links);
    free(g->first);
}

/* ---- nodes and links ---- */

static bool grow(import_graph_t *g, void **list, size_t count, size_t *cap, size_t size)
{
    if (count < *cap) {
        return true;
    }
    size_t more = *cap ? *cap * 2 : 256;
    void *grown = realloc(*list, more * size);
    if (!grown) {
        g->d->failed = true;
        return false;
    }
    *list = grown;
    *cap = more;
    return true;
}

#define NO_NODE UINT32_MAX

static uint32_t find_node(const import_graph_t *g, slice_t name)
{
    void *there = table_get(&g->by_name, name);
    return there ? (uint32_t)((uintptr_t)there - 1) : NO_NODE;
}

/* NO_NODE when memory or room is out. */
static uint32_t add_node(import_graph_t *g, slice_t name)
{
    uint32_t there = find_node(g, name);
    void *list = g->nodes;
    if (there != NO_NODE) {
        return there;
    }
    if (g->node_count >= IMPORT_NODES_MAX) {
        import_refuse(g->d, FINDING_LIMIT, "there are more than %zu nodes", IMPORT_NODES_MAX);
        return NO_NODE;
    }
    bool room = grow(g, &list, g->node_count, &g->node_cap, sizeof *g->nodes);
    g->nodes = list;
    slice_t copy = room ? arena_copy(&g->d->arena, name) : (slice_t){0};
    /* Numbers from 1 in the place of pointers. */
    void *number = (void *)(uintptr_t)(g->node_count + 1); /* NOLINT(performance-no-int-to-ptr) */
    if (!copy.ptr || table_put(&g->by_name, copy, number, NULL)) {
        g->d->failed = true;
        return NO_NODE;
    }
    g->nodes[g->node_count] = (import_node_t){copy, IMPORT_NO_PID};
    return (uint32_t)g->node_count++;
}

static bool add_one_link(import_graph_t *g, uint32_t from, uint32_t to, uint32_t metric)
{
    void *list = g->links;
    if (g->link_count >= IMPORT_LINKS_MAX) {
        import_refuse(g->d, FINDING_LIMIT, "there are more than %zu links", IMPORT_LINKS_MAX);
        return false;
    }
    bool room = grow(g, &list, g->link_count, &g->link_cap, sizeof *g->links);
    g->links = list;
    if (room) {
        g->links[g->link_count++] = (import_link_t){from, to, metric};
    }
    return room;
}

static bool add_link(import_graph_t *g, uint32_t from, uint32_t to, uint32_t metric, bool both)
{
    return add_one_link(g, from, to, metric) && (!both || add_one_link(g, to, from, metric));
}

/* Gives the node its PID; false after a finding. */
static bool name_pid(import_graph_t *g, uint32_t node, slice_t name, uint32_t line, uint32_t column)
{
    import_node_t *n = &g->nodes[node];
    if (!fp_pid_valid(name)) {
        import_find(g->d, FINDING_BAD_NAME, line, column, (slice_t){0},
                    "'%.*s' cannot be the name of a PID: 1 to 64 of A-Z a-z 0-9 - _ : @",
                    SLICE_ARG(name));
        return false;
    }
    uint32_t pid = import_pids_find(&g->pids, name);
    if (n->pid != IMPORT_NO_PID && pid != IMPORT_NO_PID && n->pid != pid) {
        import_find(g->d, FINDING_DUPLICATE_NAME, line, column, (slice_t){0},
                    "the node '%.*s' is in the PID '%.*s' already", SLICE_ARG(n->name),
                    SLICE_ARG(g->pids.pids[n->pid].name));
        return false;
    }
    n->pid = pid;
    return pid != IMPORT_NO_PID;
}

/* A node that has prefixes and no PID is called as it is. */
static bool own_pid(import_graph_t *g, uint32_t node, uint32_t line, uint32_t column)
{
    if (g->nodes[node].pid != IMPORT_NO_PID) {
        return true;
    }
    buf_t name = BUF_INIT;
    buf_append_slice(&name, g->name_prefix);
    buf_append_slice(&name, g->nodes[node].name);
    g->d->failed |= buf_failed(&name);
    bool ok = !buf_failed(&name) && name_pid(g, node, buf_slice(&name), line, column);
    buf_release(&name);
    return ok;
}

/* In network maps a default route is as good as any. */
static bool take_prefix(import_graph_t *g, uint32_t node, slice_t text, uint32_t line,
                        uint32_t column)
{
    prefix_t p;
    bool host_bits = false;
    char canonical[PREFIX_TEXT_MAX];
    if (prefix_parse(text, &p, &host_bits)) {
        import_find(g->d, FINDING_BAD_VALUE, line, column, (slice_t){0},
                    "'%.*s' is no prefix such as 192.0.2.0/24 or 2001:db8::/32", SLICE_ARG(text));
        return true; /* to go on */
    }
    if (host_bits) {
        size_t n = prefix_format(&p, canonical);
        import_find(g->d, FINDING_HOST_BITS, line, column, slice_of(canonical, n),
                    "'%.*s' has host bits set; it is taken as %s", SLICE_ARG(text), canonical);
    }
    return !own_pid(g, node, line, column)
               ? !g->d->failed && !g->d->hopeless
               : import_pids_add(&g->pids, &p, g->nodes[node].pid, line);
}

/* ---- JSON ---- */

static void wrong_type(import_graph_t *g, const json_value_t *v, const char *text)
{
    import_find(g->d, FINDING_WRONG_TYPE, v->line, v->column, (slice_t){0}, "%s", text);
}

static void unknown(import_graph_t *g, const json_member_t *m, const char *of)
{
    import_find(g->d, FINDING_LEFT_OUT, m->line, m->column, (slice_t){0},
                "'%.*s' of %s is not imported", SLICE_ARG(m->name), of);
}

static bool take_prefixes(import_graph_t *g, uint32_t node, const json_value_t *list)
{
    bool ok = true;
    if (list->kind != JSON_ARRAY) {
        wrong_type(g, list, "prefixes is a list of texts");
        return true;
    }
    for (size_t i = 0; ok && i < list->u.array.count; i++) {
        const json_value_t *v = &list->u.array.items[i];
        if (v->kind == JSON_STRING) {
            ok = take_prefix(g, node, v->u.text, v->line, v->column);
        } else {
            wrong_type(g, v, "prefixes is a list of texts");
        }
    }
    return ok;
}

static bool take_node(import_graph_t *g, const json_member_t *m)
{
    const json_value_t *prefixes = NULL, *pid = NULL;
    uint32_t node = add_node(g, m->name);
    if (node == NO_NODE) {
        return false;
    }
    if (m->value.kind != JSON_OBJECT) {
        wrong_type(g, &m->value, "a node is an object with prefixes and perhaps a pid");
        return true;
    }
    for (size_t i = 0; i < m->value.u.object.count; i++) {
        const json_member_t *part = &m->value.u.object.members[i];
        if (slice_is(part->name, "prefixes")) {
            prefixes = &part->value;
        } else if (slice_is(part->name, "pid")) {
            pid = &part->value;
        } else {
            unknown(g, part, "a node");
        }
    }
    if (pid && pid->kind != JSON_STRING) {
        wrong_type(g, pid, "pid is a text");
    } else if (pid && !name_pid(g, node, pid->u.text, pid->line, pid->column)) {
        return !g->d->failed && !g->d->hopeless;
    }
    return !prefixes || take_prefixes(g, node, prefixes);
}

static uint32_t end_of_link(import_graph_t *g, const json_value_t *link, const char *name)
{
    const json_value_t *v = json_get(link, name);
    if (!json_is_string(v)) {
        import_find(g->d, v ? FINDING_WRONG_TYPE : FINDING_MISSING_KEY, v ? v->line : link->line,
                    v ? v->column : link->column, (slice_t){0}, "a link has the text '%s'", name);
        return NO_NODE;
    }
    uint32_t node = find_node(g, v->u.text);
    if (node == NO_NODE) {
        import_find(g->d, FINDING_BAD_VALUE, v->line, v->column, (slice_t){0},
                    "there is no node '%.*s'", SLICE_ARG(v->u.text));
    }
    return node;
}

static bool take_link(import_graph_t *g, const json_value_t *link)
{
    const json_value_t *metric = json_get(link, "metric"), *both = json_get(link, "symmetric");
    uint64_t value = 1;
    if (link->kind != JSON_OBJECT) {
        wrong_type(g, link, "a link is an object with from, to and perhaps metric and symmetric");
        return true;
    }
    for (size_t i = 0; i < link->u.object.count; i++) {
        const json_member_t *m = &link->u.object.members[i];
        if (!slice_is(m->name, "from") && !slice_is(m->name, "to") &&
            !slice_is(m->name, "metric") && !slice_is(m->name, "symmetric")) {
            unknown(g, m, "a link");
        }
    }
    uint32_t from = end_of_link(g, link, "from"), to = end_of_link(g, link, "to");
    if (metric && (metric->kind != JSON_NUMBER || !json_number_u64(metric->u.text, &value) ||
                   value > UINT32_MAX)) {
        import_find(g->d, FINDING_BAD_VALUE, metric->line, metric->column, (slice_t){0},
                    "a metric is an integer from 0 to 4294967295");
        return true;
    }
    if (both && both->kind != JSON_BOOL) {
        wrong_type(g, both, "symmetric is true or false");
        return true;
    }
    return from == NO_NODE || to == NO_NODE ||
           add_link(g, from, to, (uint32_t)value, g->symmetric || (both && both->u.boolean));
}

bool import_graph_json(import_graph_t *g, slice_t text)
{
    json_value_t *root = NULL;
    json_error_t error;
    err_t err = json_parse(text, 0, &g->d->arena, &root, &error);
    if (err == ERR_NOMEM) {
        g->d->failed = true;
        return false;
    }
    if (err) {
        import_find(g->d, FINDING_SYNTAX, error.line, error.column, (slice_t){0}, "%s", error.text);
        g->d->hopeless = true;
        return false;
    }
    const json_value_t *nodes = json_get(root, "nodes"), *links = json_get(root, "links");
    if (!nodes || nodes->kind != JSON_OBJECT || (links && links->kind != JSON_ARRAY)) {
        import_refuse(g->d, FINDING_WRONG_TYPE,
                      "a graph is an object with 'nodes', an object, and 'links', a list");
        return false;
    }
    bool ok = true;
    for (size_t i = 0; i < root->u.object.count; i++) {
        const json_member_t *m = &root->u.object.members[i];
        if (&m->value != nodes && &m->value != links) {
            unknown(g, m, "the graph");
        }
    }
    for (size_t i = 0; ok && i < nodes->u.object.count; i++) {
        ok = take_node(g, &nodes->u.object.members[i]);
        import_reading(g->d, i, nodes->u.object.members[i].line);
    }
    for (size_t i = 0; ok && links && i < links->u.array.count; i++) {
        ok = take_link(g, &links->u.array.items[i]);
        import_reading(g->d, i, links->u.array.items[i].line);
    }
    return ok && !g->d->failed;
}

/* ---- tables ---- */

#define COLUMNS 3
#define ABSENT  SIZE_MAX

typedef struct table_reader {
    import_graph_t *g;
    import_rows_t rows;
    const char *const *names; /* of the columns; the last is optional */
    size_t at[COLUMNS];
    size_t count; /* of the header's fields */
} table_reader_t;

static slice_t field(const table_reader_t *t, unsigned column)
{
    size_t i = t->at[column];
    return i < t->rows.count ? t->rows.fields[i] : SLICE_LIT("");
}

static uint32_t column_of(const table_reader_t *t, unsigned column)
{
    size_t i = t->at[column] < t->rows.count ? t->at[column] : 0;
    return import_rows_column(&t->rows, i);
}

static void find_row(table_reader_t *t, finding_code_t code, const char *text)
{
    import_find(t->g->d, code, t->rows.row_line, 1, (slice_t){0}, "%s", text);
}

static bool take_header(table_reader_t *t)
{
    for (unsigned i = 0; i < COLUMNS; i++) {
        t->at[i] = ABSENT;
    }
    if (!import_rows_next(&t->rows) || t->rows.error || !utf8_valid(t->rows.row)) {
        import_refuse(t->g->d, FINDING_SYNTAX, "there is no line that names the columns");
        return false;
    }
    t->count = t->rows.count;
    for (size_t i = 0; i < t->count; i++) {
        char buffer[16];
        slice_t name = slice_lower_short(t->rows.fields[i], buffer);
        unsigned k = 0;
        while (k < COLUMNS && !slice_is(name, t->names[k])) {
            k++;
        }
        if (k < COLUMNS && t->at[k] == ABSENT) {
            t->at[k] = i;
        } else {
            import_find(t->g->d, FINDING_LEFT_OUT, t->rows.row_line,
                        import_rows_column(&t->rows, i), (slice_t){0},
                        "the column '%.*s' is not imported", SLICE_ARG(t->rows.fields[i]));
        }
    }
    if (t->at[0] == ABSENT || t->at[1] == ABSENT) {
        import_find(t->g->d, FINDING_MISSING_KEY, t->rows.row_line, 1, (slice_t){0},
                    "the first line has to name the columns %s and %s", t->names[0], t->names[1]);
        t->g->d->hopeless = true;
        return false;
    }
    return true;
}

/* Whether the row at hand can be read; a finding says why not. */
static bool is_readable(table_reader_t *t)
{
    if (!utf8_valid(t->rows.row)) {
        find_row(t, FINDING_ENCODING, "the line is not UTF-8");
        return false;
    }
    if (t->rows.error || t->rows.count > t->count) {
        find_row(t, FINDING_SYNTAX,
                 t->rows.error ? t->rows.error : "there are more fields than the first line names");
        return false;
    }
    return true;
}

/* node,prefix[,pid]: a node may stand in several rows, and without a prefix. */
static bool take_node_row(table_reader_t *t)
{
    import_graph_t *g = t->g;
    slice_t name = field(t, 0), prefix = field(t, 1), pid = field(t, 2);
    if (!name.len) {
        find_row(t, FINDING_EMPTY, "the row has no node");
        return true;
    }
    uint32_t node = add_node(g, name), line = t->rows.row_line;
    if (node == NO_NODE) {
        return false;
    }
    if (pid.len && !name_pid(g, node, pid, line, column_of(t, 2))) {
        return !g->d->failed && !g->d->hopeless;
    }
    return !prefix.len || take_prefix(g, node, prefix, line, column_of(t, 1));
}

/* from,to[,metric] */
static bool take_link_row(table_reader_t *t)
{
    import_graph_t *g = t->g;
    slice_t metric = field(t, 2);
    uint64_t value = 1;
    if (!field(t, 0).len || !field(t, 1).len) {
        find_row(t, FINDING_EMPTY, "the row does not name two nodes");
        return true;
    }
    if (metric.len && (!json_number_u64(metric, &value) || value > UINT32_MAX)) {
        import_find(g->d, FINDING_BAD_VALUE, t->rows.row_line, column_of(t, 2), (slice_t){0},
                    "a metric is an integer from 0 to 4294967295");
        return true;
    }
    uint32_t from = add_node(g, field(t, 0));
    uint32_t to = from == NO_NODE ? NO_NODE : add_node(g, field(t, 1));
    return to != NO_NODE && add_link(g, from, to, (uint32_t)value, g->symmetric);
}

static bool read_table(import_graph_t *g, slice_t text, const char *const *names,
                       bool (*take)(table_reader_t *t))
{
    table_reader_t t = {.g = g, .names = names};
    uint64_t rows = 0;
    if (!import_clean(g->d, &text)) {
        return false;
    }
    import_rows_init(&t.rows, text, import_rows_separator(text));
    bool ok = take_header(&t);
    while (ok && import_rows_next(&t.rows)) {
        ok = !is_readable(&t) || take(&t);
        import_reading(g->d, ++rows, t.rows.row_line);
    }
    g->d->failed |= buf_failed(&t.rows.scratch);
    import_rows_release(&t.rows);
    return ok && !g->d->failed;
}

bool import_graph_csv(import_graph_t *g, slice_t links, slice_t nodes, slice_t nodes_file)
{
    static const char *const node_columns[COLUMNS] = {"node", "prefix", "pid"};
    static const char *const link_columns[COLUMNS] = {"from", "to", "metric"};
    slice_t file = g->d->file;
    g->d->file = nodes_file;
    bool ok = read_table(g, nodes, node_columns, take_node_row);
    g->d->file = file;
    return ok && read_table(g, links, link_columns, take_link_row);
}

/* ---- sorted ---- */

static int cmp_link(const void *px, const void *py)
{
    const import_link_t *x = px, *y = py;
    if (x->from != y->from) {
        return x->from < y->from ? -1 : 1;
    }
    if (x->to != y->to) {
        return x->to < y->to ? -1 : 1;
    }
    return (x->metric > y->metric) - (x->metric < y->metric);
}

bool import_graph_finish(import_graph_t *g)
{
    g->first = calloc(g->node_count + 1, sizeof *g->first);
    if (!g->first) {
        g->d->failed = true;
        return false;
    }
    if (g->link_count > 1) {
        qsort(g->links, g->link_count, sizeof *g->links, cmp_link);
    }
    for (size_t n = 0, at = 0; n < g->node_count; n++) {
        while (at < g->link_count && g->links[at].from == n) {
            at++;
        }
        g->first[n + 1] = (uint32_t)at;
    }
    import_pids_sort(&g->pids);
    return true;
}
