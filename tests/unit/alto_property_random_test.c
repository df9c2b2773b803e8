/*
 * Property maps against a naive matcher: random documents, databases and requests. A client that
 * does nothing but longest prefix match for each property, with null as an end (RFC 9240 6.1.3),
 * must find for every address what the matcher says.
 */
#include "fixture.h"
#include "footprintd/join/pids.h"
#include "naive_join.h"

typedef struct world {
    buf_t texts[3];
    snapshot_t *snapshot;
    const model_t *model;
    attributes_t *attributes; /* NULL: no database */
    geo_table_t tables[ATTRIBUTE_SOURCE_COUNT];
    bool present[ATTRIBUTE_SOURCE_COUNT];
    size_t probes, entities;
} world_t;

/* ---- random documents ---- */

static const char *const capability_lines[] = {
    "{capability-type: FCI.RedirectionMode, capability-value: {redirection-modes: [DNS-I]}",
    "{capability-type: FCI.RedirectionMode, capability-value: {redirection-modes: [HTTP-I]}",
    "{capability-type: FCI.DeliveryProtocol, capability-value: {delivery-protocols: [http/1.1]}",
    "{capability-type: FCI.DeliveryProtocol, capability-value: {delivery-protocols: [https/1.1]}",
    "{capability-type: FCI.Metadata, capability-value: {metadata: [MI.Cache]}",
    "{capability-type: FCI.Logging, capability-value: {record-type: cdni_http_request_v1}",
};

static void append_capabilities(buf_t *out, const char *prefix, unsigned count, bool everywhere)
{
    buf_append_str(out, "capabilities:\n");
    for (uint32_t i = 0, n = 1 + rnd(5); i < n; i++) {
        buf_printf(out, "  - %s, footprints: [", capability_lines[rnd(6)]);
        for (uint32_t k = 0, m = 1 + rnd(3); k < m; k++) {
            buf_printf(out, "%s%s%u", k ? ", " : "", prefix, rnd(count));
        }
        buf_append_str(out, "]}\n");
    }
    if (everywhere) {
        buf_printf(out, "  - %s, footprints: [everywhere]}\n", capability_lines[rnd(6)]);
    }
}

static void append_map(buf_t *out, const char *id, bool is_default, const char *const *names,
                       unsigned count)
{
    buf_printf(out, "  %s:\n%s    pids:\n", id, is_default ? "    default: true\n" : "");
    for (unsigned p = 0; p < count; p++) {
        buf_printf(out, "      %s: {ipv4: [", names[p]);
        if (p + 1 == count) {
            buf_append_str(out, "0.0.0.0/0");
        } else if (rnd(3)) {
            append_prefix(out, false);
        }
        buf_append_str(out, "], ipv6: [");
        if (p + 1 < count && rnd(3)) {
            append_prefix(out, true);
        }
        buf_append_str(out, "]}\n");
    }
}

/* One that everybody sees, one of another advertisement, and one that nobody here sees. */
static void write_documents(world_t *w)
{
    static const char *const others[] = {"q0", "q1", "pid-default"};
    buf_t *out = &w->texts[0];
    unsigned count = 1 + rnd(8);
    for (unsigned i = 0; i < 3; i++) {
        buf_clear(&w->texts[i]);
    }
    buf_append_str(out, "footprints:\n");
    for (unsigned n = 0; n < count; n++) {
        append_footprint(out, n);
    }
    append_capabilities(out, "f", count, rnd(3) == 0);
    if (rnd(8)) {
        buf_append_str(out, "network-maps:\n");
        append_map(out, "netmap", true, pids, 5);
        if (rnd(2)) {
            append_map(out, "alt", false, others, 3);
        }
    }
    buf_append_str(&w->texts[1], "version: 1\n");
    if (rnd(2)) {
        buf_append_str(&w->texts[1], "advertisement: second\n");
        append_capabilities(&w->texts[1], "f", count, rnd(3) == 0);
    }
    buf_append_str(&w->texts[2], "version: 1\naudience: [ucdn-a]\n");
    if (rnd(2)) {
        append_capabilities(&w->texts[2], "f", count, rnd(3) == 0);
    }
}

static bool only_expected(const findings_t *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        finding_code_t code = findings->items[i].code;
        if (finding_infos[code].severity == SEVERITY_ERROR && code != FINDING_NULL_FOOTPRINT &&
            code != FINDING_DUPLICATE_PREFIX && code != FINDING_UNKNOWN_PID) {
            print_message("%.*s\n", SLICE_ARG(findings->items[i].text));
            return false;
        }
    }
    return true;
}

static model_t *make_model(world_t *w)
{
    static const char *const names[] = {"a.yaml", "b.yaml", "c.yaml"};
    for (;;) {
        model_source_t sources[3];
        findings_t findings;
        model_t *model = NULL;
        write_documents(w);
        findings_init(&findings, 0);
        for (unsigned i = 0; i < 3; i++) {
            sources[i] = (model_source_t){slice_str(names[i]), DOC_YAML, buf_slice(&w->texts[i])};
        }
        err_t err = model_build(sources, 3, NULL, &findings, &model);
        if (err && !only_expected(&findings)) {
            fail_msg("%.*s", SLICE_ARG(buf_slice(&w->texts[0])));
        }
        findings_release(&findings);
        if (!err) {
            return model;
        }
    }
}

static void make_world(world_t *w)
{
    geo_table_t taken[ATTRIBUTE_SOURCE_COUNT];
    snapshot_options_t options = {.base_uri = SLICE_LIT("")};
    bool any = false;
    for (unsigned i = 0; i < ATTRIBUTE_SOURCE_COUNT; i++) {
        w->present[i] = rnd(4) != 0;
        if (w->present[i]) {
            w->tables[i] = random_table((attribute_source_t)i);
            any = true;
        }
    }
    memcpy(taken, w->tables, sizeof taken);
    if (any) {
        assert_int_equal(attributes_from_tables_take(taken, w->present, &w->attributes), ERR_OK);
    }
    options.attributes = w->attributes;
    model_t *model = make_model(w);
    w->model = model;
    assert_int_equal(snapshot_build_take(model, &options, NULL, 1, &w->snapshot), ERR_OK);
}

static void end_world(world_t *w)
{
    snapshot_unref(w->snapshot);
    attributes_unref(w->attributes);
    for (unsigned i = 0; i < 3; i++) {
        buf_release(&w->texts[i]);
    }
}

/* ---- what the matcher says ---- */

typedef struct name {
    char text[48]; /* "cdni.cdni-capabilities" */
    const model_advertisement_t *ad;
    const model_network_map_t *map;
    int source; /* of a database's property; -1 */
} name_t;

typedef struct names {
    name_t list[8];
    size_t count;
} names_t;

static bool shows(const model_t *m, const model_advertisement_t *ad)
{
    for (size_t i = 0; i < ad->document_count; i++) {
        if (model_document_is_public(m, ad->documents[i])) {
            return true;
        }
    }
    return false;
}

static name_t *add_name(names_t *names, const char *suffix, slice_t id, int source)
{
    name_t *n = &names->list[names->count++];
    *n = (name_t){.source = source};
    (void)snprintf(n->text, sizeof n->text, "%.*s%s", SLICE_ARG(id), suffix);
    return n;
}

static names_t all_names(const world_t *w, bool databases)
{
    names_t names = {.count = 0};
    const model_t *m = w->model;
    for (size_t i = 0; i < m->advertisement_count; i++) {
        if (shows(m, &m->advertisements[i])) {
            add_name(&names, ".cdni-capabilities", m->advertisements[i].id, -1)->ad =
                &m->advertisements[i];
        }
    }
    for (size_t i = 0; i < m->network_map_count; i++) {
        add_name(&names, ".pid", m->network_maps[i].id, -1)->map = &m->network_maps[i];
    }
    if (!m->network_map_count) {
        add_name(&names, ".pid", m->implicit_map->id, -1)->map = m->implicit_map;
    }
    if (databases && w->present[ATTRIBUTE_ASN]) {
        (void)add_name(&names, ".priv:asn", SLICE_LIT(""), ATTRIBUTE_ASN);
    }
    if (databases && w->present[ATTRIBUTE_COUNTRY]) {
        (void)add_name(&names, ".priv:countrycode", SLICE_LIT(""), ATTRIBUTE_COUNTRY);
    }
    if (databases && w->present[ATTRIBUTE_CITY]) {
        (void)add_name(&names, ".priv:subdivisioncode", SLICE_LIT(""), ATTRIBUTE_CITY);
    }
    return names;
}

/* The capabilities for which `covered` holds of some visible object; "" for none. */
static void say_capabilities(const world_t *w, const model_advertisement_t *ad,
                             bool (*covered)(const fp_set_t *set, const void *arg), const void *arg,
                             buf_t *out)
{
    const capability_t *last = NULL;
    for (size_t i = 0; i < ad->count; i++) {
        const model_object_t *o = &ad->objects[i];
        if (o->capability == last || !model_document_is_public(w->model, o->document) ||
            !covered(&o->footprints, arg)) {
            continue;
        }
        buf_printf(out, "%c{\"capability-type\":\"%.*s\",\"capability-value\":%.*s}",
                   last ? ',' : '[', SLICE_ARG(o->capability->name),
                   SLICE_ARG(o->capability->text));
        last = o->capability;
    }
    if (last) {
        buf_append_char(out, ']');
    }
}

static bool covers_address(const fp_set_t *set, const void *arg)
{
    return naive_covers(set, arg);
}

static void say_code(uint64_t code, buf_t *out)
{
    char text[8];
    if (code) {
        buf_printf(out, "\"%.*s\"", (int)fp_code_format(code, text), text);
    }
}

/* The property at an address as JSON; "" for no value. */
static void say(const world_t *w, const name_t *n, const addr_t *a, bool databases, buf_t *out)
{
    context_t c = {.addr = *a, .map = w->model->default_map};
    c.country = databases && w->present[0] ? naive_record(&w->tables[0], a) : NULL;
    c.city = databases && w->present[1] ? naive_record(&w->tables[1], a) : NULL;
    c.asn = databases && w->present[2] ? naive_record(&w->tables[2], a) : NULL;
    buf_clear(out);
    if (n->ad) {
        say_capabilities(w, n->ad, covers_address, &c, out);
    } else if (n->map) {
        c.map = n->map;
        const model_pid_t *pid = naive_pid(&c);
        if (pid) {
            buf_printf(out, "\"%.*s\"", SLICE_ARG(pid->name));
        }
    } else if (n->source == ATTRIBUTE_ASN) {
        if (c.asn && c.asn->has_asn) {
            buf_printf(out, "\"as%u\"", c.asn->asn);
        }
    } else if (n->source == ATTRIBUTE_COUNTRY) {
        say_code(c.country ? c.country->country : 0, out);
    } else {
        bool any = c.city && c.city->subdivision_count;
        say_code(any ? c.city->subdivisions[c.city->subdivision_count - 1] : 0, out);
    }
}

/* What holds for a value by itself: every constraint names it. */
typedef struct alone {
    fp_type_t type;
    uint64_t value;
    slice_t pid;
} alone_t;

static bool has_alone(const fp_values_t *v, const alone_t *a)
{
    for (size_t i = 0; v->type == a->type && i < v->count; i++) {
        if (v->type == FP_ALTOPID ? slice_eq(v->u.pid[i], a->pid)
            : v->type == FP_ASN   ? v->u.asn[i] == a->value
                                  : v->u.code[i] == a->value) {
            return true;
        }
    }
    return false;
}

static bool covers_alone(const fp_set_t *set, const void *arg)
{
    for (size_t i = 0; i < set->count; i++) {
        const fp_constraint_t *c = &set->constraints[i];
        bool any = c->type != FP_UNION && has_alone(c->values, arg);
        for (size_t m = 0; m < c->member_count; m++) {
            any |= has_alone(c->members[m], arg);
        }
        if (!any) {
            return false;
        }
    }
    return true;
}

/* ---- the client ---- */

typedef struct entry {
    prefix_t prefix;
    slice_t name;
    const json_value_t *properties;
} entry_t;

typedef struct reader {
    arena_t arena;
    const json_value_t *map;
    entry_t *entries; /* of ipv4 and ipv6 */
    size_t count;
} reader_t;

static bool read_entity(slice_t id, prefix_t *out)
{
    bool v4 = id.len > 5 && !memcmp(id.ptr, "ipv4:", 5);
    if (!v4 && !(id.len > 5 && !memcmp(id.ptr, "ipv6:", 5))) {
        return false;
    }
    char text[80];
    bool whole = !memchr(id.ptr, '/', id.len);
    int n = snprintf(text, sizeof text, "%.*s%s", (int)id.len - 5, id.ptr + 5,
                     !whole ? ""
                     : v4   ? "/32"
                            : "/128");
    assert_int_equal(prefix_parse(slice_of(text, (size_t)n), out, NULL), ERR_OK);
    assert_int_equal(out->family, v4 ? FAMILY_IPV4 : FAMILY_IPV6);
    return true;
}

static bool holds(const prefix_t *p, const addr_t *a)
{
    return p->family == a->family &&
           (a->family == FAMILY_IPV4 ? in_v4(p->u.v4, a->u.v4) : in_v6(p->u.v6, a->u.v6));
}

static unsigned length(const prefix_t *p)
{
    return p->family == FAMILY_IPV4 ? p->u.v4.len : p->u.v6.len;
}

/* The tree refuses names that are there twice; here, entities that are. */
static void reader_init(reader_t *r, slice_t text)
{
    arena_init(&r->arena, 0);
    r->map = json_get(fixture_json(&r->arena, text), "property-map");
    assert_non_null(r->map);
    r->entries = arena_array(&r->arena, r->map->u.object.count, sizeof *r->entries);
    r->count = 0;
    for (size_t i = 0; i < r->map->u.object.count; i++) {
        const json_member_t *m = &r->map->u.object.members[i];
        entry_t *e = &r->entries[r->count];
        *e = (entry_t){{0}, m->name, &m->value};
        r->count += read_entity(m->name, &e->prefix);
    }
    for (size_t i = 0; i < r->count; i++) {
        for (size_t k = 0; k < i; k++) {
            const prefix_t *x = &r->entries[i].prefix, *y = &r->entries[k].prefix;
            assert_false(x->family == y->family && length(x) == length(y) &&
                         (x->family == FAMILY_IPV4 ? x->u.v4.addr == y->u.v4.addr
                                                   : !u128_cmp(x->u.v6.addr, y->u.v6.addr)));
        }
    }
}

static void reader_value(const reader_t *r, const char *name, const addr_t *a, buf_t *out)
{
    const json_value_t *best = NULL;
    int longest = -1;
    for (size_t i = 0; i < r->count; i++) {
        const entry_t *e = &r->entries[i];
        if ((int)length(&e->prefix) > longest && holds(&e->prefix, a)) {
            const json_value_t *value = json_get(e->properties, name);
            if (value) {
                longest = (int)length(&e->prefix);
                best = value;
            }
        }
    }
    buf_clear(out);
    if (best && best->kind != JSON_NULL) {
        json_write_value(out, best);
    }
}

/* ---- addresses to look at ---- */

typedef struct addresses {
    addr_t *list;
    size_t count, cap;
} addresses_t;

static void add_address(addresses_t *set, family_t family, u128_t at, const prefix_t *within)
{
    addr_t a = {.family = family};
    if (family == FAMILY_IPV4) {
        a.u.v4 = (uint32_t)at.lo;
    } else {
        a.u.v6 = at;
    }
    if (within && !holds(within, &a)) {
        return;
    }
    if (set->count == set->cap) {
        set->cap = set->cap ? set->cap * 2 : 256;
        set->list = realloc(set->list, set->cap * sizeof *set->list);
        assert_non_null(set->list);
    }
    set->list[set->count++] = a;
}

static void add_edges(addresses_t *set, const join_ranges_t *r, const prefix_t *within)
{
    for (size_t i = 0; i < r->count; i++) {
        for (int64_t n = -1; n <= 1; n++) {
            add_address(set, r->family, plus(join_ranges_start(r, i), n), within);
        }
    }
}

static u128_t last_of(const prefix_t *p)
{
    u128_t a = p->family == FAMILY_IPV4 ? (u128_t){0, p->u.v4.addr} : p->u.v6.addr;
    unsigned host = p->family == FAMILY_IPV4 ? 32u - length(p) : 128u - length(p);
    a.lo |= host >= 64 ? UINT64_MAX : (UINT64_C(1) << host) - 1;
    a.hi |= host <= 64 ? 0 : host == 128 ? UINT64_MAX : (UINT64_C(1) << (host - 64)) - 1;
    return a;
}

/* Every place in the prefix (NULL: anywhere) where anything may change, and some others. */
static addresses_t interesting(const world_t *w, family_t family, const prefix_t *within)
{
    addresses_t set = {0};
    add_edges(&set, &snapshot_join(w->snapshot)->ranges[family], within);
    if (w->attributes) {
        add_edges(&set, attributes_ranges(w->attributes, family), within);
    }
    const model_t *model = snapshot_model(w->snapshot);
    for (size_t i = 0; i < model->network_map_count; i++) {
        pid_index_t index;
        assert_int_equal(pid_index_build(&model->network_maps[i], &index), ERR_OK);
        add_edges(&set, &index.ranges[family], within);
        pid_index_release(&index);
    }
    for (int i = 0; i < 20; i++) {
        u128_t a = family ? random_v6() : (u128_t){0, random_v4()};
        add_address(&set, family, a, within);
    }
    if (within) {
        u128_t first = family ? within->u.v6.addr : (u128_t){0, within->u.v4.addr};
        for (int64_t n = 0; n <= 1; n++) {
            add_address(&set, family, plus(first, n), within);
            add_address(&set, family, plus(last_of(within), -n), within);
        }
    }
    return set;
}

static void compare(world_t *w, const reader_t *r, const name_t *n, const addr_t *a, bool databases,
                    const char *request, slice_t answer)
{
    buf_t want = BUF_INIT, got = BUF_INIT;
    say(w, n, a, databases, &want);
    reader_value(r, n->text, a, &got);
    if (!slice_eq(buf_slice(&want), buf_slice(&got))) {
        char text[ADDR_TEXT_MAX];
        (void)addr_format(a, text);
        fail_msg("%s of %s\nis   %.*s\nwant %.*s\n%s\n%.*s\n%.*s", n->text, text,
                 SLICE_ARG(buf_slice(&got)), SLICE_ARG(buf_slice(&want)), request,
                 SLICE_ARG(answer), SLICE_ARG(buf_slice(&w->texts[0])));
    }
    buf_release(&want);
    buf_release(&got);
    w->probes++;
}

/* ---- GET ---- */

static void check_get(world_t *w)
{
    names_t names = all_names(w, false);
    buf_t text = fixture_body(w->snapshot, "/propmap");
    reader_t r;
    reader_init(&r, buf_slice(&text));
    for (unsigned f = 0; f < FAMILY_COUNT; f++) {
        addresses_t set = interesting(w, (family_t)f, NULL);
        for (size_t i = 0; i < set.count; i++) {
            for (size_t n = 0; n < names.count; n++) {
                compare(w, &r, &names.list[n], &set.list[i], false, "GET", buf_slice(&text));
            }
        }
        free(set.list);
    }
    /* No member that a client could derive from the others. */
    for (size_t i = 0; i < r.count; i++) {
        assert_true(r.entries[i].properties->u.object.count > 0);
    }
    arena_release(&r.arena);
    buf_release(&text);
}

/* ---- endpoint properties ---- */

static void append_endpoint(buf_t *out, const addr_t *a)
{
    char text[ADDR_TEXT_MAX];
    buf_printf(out, "%s\"%s:%.*s\"", out->ptr[out->len - 1] == '[' ? "" : ",",
               a->family == FAMILY_IPV4 ? "ipv4" : "ipv6", (int)addr_format(a, text), text);
}

static slice_t value_text(const json_value_t *of, const char *name, buf_t *out)
{
    const json_value_t *value = of ? json_get(of, name) : NULL;
    buf_clear(out);
    if (value) {
        json_write_value(out, value);
    }
    return buf_slice(out);
}

/* At every address they say what the matcher says, and what the property map says there. */
static void check_endpoints(world_t *w)
{
    names_t names = all_names(w, true);
    buf_t list = BUF_INIT, properties = BUF_INIT, text = BUF_INIT;
    buf_t want = BUF_INIT, got = BUF_INIT, other = BUF_INIT;
    arena_t arena;
    alto_answer_t answer;
    arena_init(&arena, 0);
    buf_append_char(&list, '[');
    for (unsigned f = 0; f < FAMILY_COUNT; f++) {
        addresses_t set = interesting(w, (family_t)f, NULL);
        for (size_t i = 0; i < set.count; i++) {
            append_endpoint(&list, &set.list[i]);
        }
        free(set.list);
    }
    buf_append_char(&list, ']');
    for (size_t i = 0; i < names.count; i++) {
        if (!names.list[i].ad) {
            buf_printf(&properties, "%s\"%s\"", properties.len ? "," : "",
                       names.list[i].text + (names.list[i].text[0] == '.'));
        }
    }
    buf_printf(&text, "{\"endpoints\":%.*s,\"properties\":[%.*s]}%c", SLICE_ARG(buf_slice(&list)),
               SLICE_ARG(buf_slice(&properties)), 0);
    buf_t endpoints = fixture_post(w->snapshot, "/endpoint-property", text.ptr, &answer);
    assert_int_equal(answer.status, 200);
    buf_clear(&text);
    buf_printf(&text, "{\"entities\":%.*s,\"properties\":[]}%c", SLICE_ARG(buf_slice(&list)), 0);
    buf_t entities = fixture_post(w->snapshot, "/propmap-filtered", text.ptr, &answer);
    assert_int_equal(answer.status, 200);
    const json_value_t *map = json_get(fixture_json(&arena, slice_str(entities.ptr)),
                                       "property-map");
    const json_value_t *eps = json_get(fixture_json(&arena, slice_str(endpoints.ptr)),
                                       "endpoint-properties");
    assert_true(eps->u.object.count > 20);
    for (size_t i = 0; i < eps->u.object.count; i++) {
        const json_member_t *m = &eps->u.object.members[i];
        const json_value_t *entity = json_get_slice(map, m->name);
        prefix_t p;
        size_t members = 0;
        assert_true(read_entity(m->name, &p));
        addr_t a = {.family = p.family};
        if (p.family == FAMILY_IPV4) {
            a.u.v4 = p.u.v4.addr;
        } else {
            a.u.v6 = p.u.v6.addr;
        }
        for (size_t n = 0; n < names.count; n++) {
            const char *name = names.list[n].text;
            if (names.list[n].ad) {
                continue;
            }
            say(w, &names.list[n], &a, true, &want);
            slice_t said = value_text(&m->value, name + (name[0] == '.'), &got);
            members += said.len > 0;
            if (!slice_eq(said, buf_slice(&want)) ||
                !slice_eq(said, value_text(entity, name, &other))) {
                fail_msg("%s of %.*s is %.*s, want %.*s", name, SLICE_ARG(m->name), SLICE_ARG(said),
                         SLICE_ARG(buf_slice(&want)));
            }
        }
        assert_int_equal(m->value.u.object.count, members);
        w->probes++;
    }
    arena_release(&arena);
    buf_t *const all[] = {&list, &properties, &text, &want, &got, &other, &endpoints, &entities};
    for (size_t i = 0; i < sizeof all / sizeof(buf_t *); i++) {
        buf_release(all[i]);
    }
}

/* ---- POST ---- */

#define ASKED_MOST 12

typedef struct asked {
    buf_t request;
    prefix_t prefixes[ASKED_MOST];
    char spelled[ASKED_MOST][80];
    size_t prefix_count;
    char named[ASKED_MOST][40];
    alone_t alone[ASKED_MOST];
    size_t named_count;
    names_t names;
    bool addresses; /* and no prefixes */
} asked_t;

static void append_entity_text(buf_t *out, const char *text)
{
    buf_printf(out, "%s\"%s\"", out->ptr[out->len - 1] == '[' ? "" : ",", text);
}

static void ask_prefix(asked_t *a)
{
    buf_t one = BUF_INIT;
    char text[80];
    prefix_t p;
    bool v6 = rnd(2);
    if (a->addresses || rnd(3) == 0) {
        addr_t addr = {.family = v6 ? FAMILY_IPV6 : FAMILY_IPV4};
        char at[ADDR_TEXT_MAX];
        if (v6) {
            addr.u.v6 = random_v6();
        } else {
            addr.u.v4 = random_v4();
        }
        (void)addr_format(&addr, at);
        (void)snprintf(text, sizeof text, "%s:%s%s", v6 ? "ipv6" : "ipv4", at,
                       rnd(3) ? ""
                       : v6   ? "/128"
                              : "/32");
    } else {
        append_prefix(&one, v6);
        (void)snprintf(text, sizeof text, "%s:%.*s", v6 ? "ipv6" : "ipv4", (int)one.len - 2,
                       one.ptr + 1);
        buf_release(&one);
    }
    assert_true(read_entity(slice_str(text), &p));
    (void)snprintf(a->spelled[a->prefix_count], sizeof text, "%s", text);
    a->prefixes[a->prefix_count++] = p;
    append_entity_text(&a->request, text);
}

static void ask_named(asked_t *a)
{
    alone_t *alone = &a->alone[a->named_count];
    char *text = a->named[a->named_count];
    size_t room = sizeof a->named[0];
    switch (rnd(3)) {
    case 0:
        *alone = (alone_t){FP_ASN, 64496 + rnd(8), {NULL, 0}};
        (void)snprintf(text, room, "asn:as%u", (unsigned)alone->value);
        break;
    case 1:
        (void)snprintf(text, room, "countrycode:%s", countries[rnd(5)]);
        *alone = (alone_t){FP_COUNTRYCODE, code(text + 12), {NULL, 0}};
        break;
    default:
        (void)snprintf(text, room, "subdivisioncode:%s", subdivisions[rnd(5)]);
        *alone = (alone_t){FP_SUBDIVISIONCODE, code(text + 16), {NULL, 0}};
        break;
    }
    a->named_count++;
    append_entity_text(&a->request, text);
}

static void ask_properties(const world_t *w, asked_t *a)
{
    names_t all = all_names(w, true);
    a->names = all;
    buf_append_str(&a->request, "],\"properties\":[");
    if (rnd(4)) {
        a->names.count = 0;
        for (size_t i = 0; i < all.count; i++) {
            if (rnd(2)) {
                a->names.list[a->names.count++] = all.list[i];
                append_entity_text(&a->request, all.list[i].text);
            }
        }
        a->names = a->names.count ? a->names : all;
    }
    buf_append_str(&a->request, "]}");
    buf_append_char(&a->request, '\0');
}

static void check_named(const world_t *w, const asked_t *a, const reader_t *r)
{
    buf_t want = BUF_INIT, got = BUF_INIT;
    for (size_t i = 0; i < a->named_count; i++) {
        const json_value_t *member = json_get(r->map, a->named[i]);
        bool any = false;
        for (size_t n = 0; n < a->names.count; n++) {
            const json_value_t *value = member ? json_get(member, a->names.list[n].text) : NULL;
            buf_clear(&want);
            buf_clear(&got);
            if (a->names.list[n].ad) {
                say_capabilities(w, a->names.list[n].ad, covers_alone, &a->alone[i], &want);
            }
            if (value) {
                json_write_value(&got, value);
            }
            if (!slice_eq(buf_slice(&want), buf_slice(&got))) {
                fail_msg("%s: %.*s, want %.*s", a->named[i], SLICE_ARG(buf_slice(&got)),
                         SLICE_ARG(buf_slice(&want)));
            }
            any |= want.len > 0;
        }
        assert_int_equal(member != NULL, any);
    }
    buf_release(&want);
    buf_release(&got);
}

/* Entities of the answer lie in what was asked for; what is alone in its prefix is one entity. */
static void check_entities(world_t *w, const asked_t *a, const reader_t *r)
{
    for (size_t i = 0; i < r->count; i++) {
        bool inside = false;
        u128_t first = r->entries[i].prefix.family == FAMILY_IPV4
                           ? (u128_t){0, r->entries[i].prefix.u.v4.addr}
                           : r->entries[i].prefix.u.v6.addr;
        addr_t at = {.family = r->entries[i].prefix.family};
        if (at.family == FAMILY_IPV4) {
            at.u.v4 = (uint32_t)first.lo;
        } else {
            at.u.v6 = first;
        }
        for (size_t k = 0; k < a->prefix_count; k++) {
            inside |= length(&a->prefixes[k]) <= length(&r->entries[i].prefix) &&
                      holds(&a->prefixes[k], &at);
        }
        if (!inside) {
            fail_msg("%.*s was not asked for: %s", SLICE_ARG(r->entries[i].name), a->request.ptr);
        }
        assert_true(r->entries[i].properties->u.object.count > 0);
    }
    for (size_t i = 0; i < r->map->u.object.count; i++) {
        prefix_t p;
        slice_t name = r->map->u.object.members[i].name;
        bool asked = read_entity(name, &p);
        for (size_t k = 0; k < a->named_count; k++) {
            asked |= slice_is(name, a->named[k]);
        }
        assert_true(asked);
    }
    w->entities += r->count;
}

/* An address that has anything is a member, under the first name that the request has for it. */
static void check_spelling(const world_t *w, const asked_t *a, const reader_t *r)
{
    buf_t value = BUF_INIT;
    for (size_t i = 0; i < a->prefix_count; i++) {
        const prefix_t *p = &a->prefixes[i];
        size_t first = 0;
        addr_t at = {.family = p->family};
        bool any = false;
        if (length(p) != (p->family == FAMILY_IPV4 ? 32 : 128)) {
            continue;
        }
        if (p->family == FAMILY_IPV4) {
            at.u.v4 = p->u.v4.addr;
        } else {
            at.u.v6 = p->u.v6.addr;
        }
        while (length(&a->prefixes[first]) != length(p) || !holds(&a->prefixes[first], &at)) {
            first++;
        }
        for (size_t n = 0; n < a->names.count; n++) {
            say(w, &a->names.list[n], &at, true, &value);
            any |= value.len > 0;
        }
        if (any && !json_get(r->map, a->spelled[first])) {
            fail_msg("%s is missing: %s", a->spelled[first], a->request.ptr);
        }
    }
    buf_release(&value);
}

/* Every address of one prefix. */
static void check_prefix(world_t *w, const asked_t *a, const reader_t *r, const prefix_t *p,
                         slice_t answer)
{
    addresses_t set = interesting(w, p->family, p);
    for (size_t i = 0; i < set.count; i++) {
        for (size_t n = 0; n < a->names.count; n++) {
            compare(w, r, &a->names.list[n], &set.list[i], true, a->request.ptr, answer);
        }
    }
    free(set.list);
}

/* Alike everywhere in the one prefix that was asked for: one entity, or none. */
static void check_least(const world_t *w, const asked_t *a, const reader_t *r)
{
    buf_t first = BUF_INIT, here = BUF_INIT;
    addresses_t set = interesting(w, a->prefixes[0].family, &a->prefixes[0]);
    bool constant = true, nothing = true;
    for (size_t n = 0; n < a->names.count; n++) {
        for (size_t i = 0; i < set.count && constant; i++) {
            say(w, &a->names.list[n], &set.list[i], true, i ? &here : &first);
            constant = !i || slice_eq(buf_slice(&first), buf_slice(&here));
        }
        nothing &= first.len == 0;
    }
    if (constant) {
        assert_int_equal(r->count, nothing ? 0 : 1);
    }
    free(set.list);
    buf_release(&first);
    buf_release(&here);
}

static void check_post(world_t *w)
{
    asked_t a = {.request = BUF_INIT, .addresses = rnd(4) == 0};
    buf_append_str(&a.request, "{\"entities\":[");
    for (uint32_t i = 0, n = 1 + rnd(rnd(2) ? 1 : 8); i < n; i++) {
        if (rnd(6) == 0) {
            ask_named(&a);
        } else {
            ask_prefix(&a);
        }
    }
    ask_properties(w, &a);
    alto_answer_t answer;
    buf_t text = fixture_post(w->snapshot, "/propmap-filtered", a.request.ptr, &answer);
    if (answer.status != 200) {
        fail_msg("%d for %s: %s", answer.status, a.request.ptr, text.ptr);
    }
    slice_t body = slice_of(text.ptr, text.len - 1);
    reader_t r;
    reader_init(&r, body);
    check_entities(w, &a, &r);
    check_named(w, &a, &r);
    check_spelling(w, &a, &r);
    for (size_t i = 0; i < a.prefix_count; i++) {
        check_prefix(w, &a, &r, &a.prefixes[i], body);
    }
    if (a.prefix_count == 1) {
        check_least(w, &a, &r);
    }
    arena_release(&r.arena);
    buf_release(&text);
    buf_release(&a.request);
}

/* entities: [] means those of the GET map, each answered from the join. */
static void check_all(world_t *w)
{
    alto_answer_t answer;
    buf_t get = fixture_body(w->snapshot, "/propmap");
    buf_t post = fixture_post(w->snapshot, "/propmap-filtered", "{\"entities\":[]}", &answer);
    reader_t r, all;
    assert_int_equal(answer.status, 200);
    reader_init(&r, buf_slice(&get));
    reader_init(&all, slice_of(post.ptr, post.len - 1));
    for (size_t i = 0; i < all.map->u.object.count; i++) {
        assert_non_null(json_get_slice(r.map, all.map->u.object.members[i].name));
    }
    arena_release(&r.arena);
    arena_release(&all.arena);
    buf_release(&get);
    buf_release(&post);
}

static void test_against_naive_matcher(void **unused)
{
    (void)unused;
    size_t probes = 0, entities = 0;
    seed_random();
    for (int round = 0; round < 70; round++) {
        world_t w = {0};
        make_world(&w);
        check_get(&w);
        check_endpoints(&w);
        check_all(&w);
        for (int i = 0; i < 25; i++) {
            check_post(&w);
        }
        probes += w.probes;
        entities += w.entities;
        end_world(&w);
    }
    print_message("%zu values, %zu entities\n", probes, entities);
    assert_true(probes > 30000);
    assert_true(entities > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_naive_matcher),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
