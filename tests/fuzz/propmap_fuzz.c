/*
 * Bodies of requests to the filtered property map, over entities of all kinds: any bytes are
 * answered with 200, 400, 413 or 503; a body is JSON without a name twice. In an answer no entity
 * is there under two names, there are no more than may be, and what is said of a prefix is what is
 * said of its first and last address asked for alone, as a client reads it (RFC 9240 6.1.3).
 */
#include "footprintd/snapshot/snapshot.h"

#include "fuzz.h"

#define MOST 64

static const char documents[] =
    "{\"footprints\":{\"net\":{\"cidr\":[\"192.0.2.0/24\",\"2001:db8::/32\"]},"
    "\"block\":{\"cidr\":[\"192.0.2.64/26\",\"2001:db8:1::/48\"]},"
    "\"both\":{\"asn\":[\"as64496\"],\"countrycode\":[\"de\"]},"
    "\"sub\":{\"footprintunion\":[{\"subdivisioncode\":[\"us-ny\"]},{\"asn\":[\"as64497\"]}]},"
    "\"pid\":{\"altopid\":[\"a:b\"]}},"
    "\"network-maps\":{\"ipv4:x\":{\"pids\":{\"a:b\":{\"ipv4\":[\"192.0.2.0/25\"]},"
    "\"rest\":{\"ipv4\":[\"198.51.100.0/24\"],\"ipv6\":[\"2001:db8::/33\"]}}}},"
    "\"capabilities\":["
    "{\"capability-type\":\"FCI.Metadata\",\"capability-value\":{\"metadata\":[\"MI.A\"]},"
    "\"footprints\":[\"net\",\"both\"]},"
    "{\"capability-type\":\"FCI.Metadata\",\"capability-value\":{\"metadata\":[\"MI.B\"]},"
    "\"footprints\":[\"block\",\"sub\",\"pid\"]}]}";

static snapshot_t *snapshot;
static const resource_t *resource;

static void *copy_of(const void *bytes, size_t size)
{
    void *copy = malloc(size);
    FUZZ_CHECK(copy);
    memcpy(copy, bytes, size);
    return copy;
}

/* Countries, subdivisions and AS numbers in one table each, over the same few ranges. */
static attributes_t *databases(void)
{
    static const geo_record_t records[] = {
        {0},
        {.country = UINT64_C(0x6465) << 48},
        {.country = UINT64_C(0x7573) << 48,
         .subdivisions = {UINT64_C(0x75732d6e79) << 24},
         .subdivision_count = 1,
         .has_asn = true,
         .asn = 64497},
        {.country = UINT64_C(0x6465) << 48, .has_asn = true, .asn = 64496},
    };
    static const uint32_t starts4[] = {0,          0xc0000200, 0xc0000210,
                                       0xc00002f1, 0xc6336400, 0xc6336410};
    static const u128_t starts6[] = {{0, 0},
                                     {UINT64_C(0x20010db800000000), 0},
                                     {UINT64_C(0x20010db800010000), 0},
                                     {UINT64_C(0x20010db800010000), 7},
                                     {UINT64_C(0x20010db900000000), 0}};
    static const uint32_t records4[] = {0, 1, 3, 1, 2, 0}, records6[] = {0, 2, 3, 1, 0};
    geo_table_t tables[ATTRIBUTE_SOURCE_COUNT];
    const bool present[ATTRIBUTE_SOURCE_COUNT] = {true, true, true};
    attributes_t *attributes = NULL;
    for (unsigned i = 0; i < ATTRIBUTE_SOURCE_COUNT; i++) {
        tables[i] = (geo_table_t){
            copy_of(records, sizeof records),
            4,
            {copy_of(starts4, sizeof starts4), copy_of(records4, sizeof records4), 6},
            {copy_of(starts6, sizeof starts6), copy_of(records6, sizeof records6), 5},
            GEO_COUNTRY | GEO_SUBDIVISION | GEO_ASN};
    }
    FUZZ_CHECK(!attributes_from_tables_take(tables, present, &attributes));
    return attributes;
}

static void setup(void)
{
    const model_source_t source = {SLICE_LIT("fuzz"), DOC_JSON, slice_str(documents)};
    snapshot_options_t options = {.base_uri = SLICE_LIT(""), .propmap_max_entities = MOST};
    findings_t findings;
    model_t *model = NULL;
    findings_init(&findings, 0);
    FUZZ_CHECK(!model_build(&source, 1, NULL, &findings, &model));
    findings_release(&findings);
    options.attributes = databases();
    FUZZ_CHECK(!snapshot_build_take(model, &options, NULL, 1, &snapshot));
    attributes_unref(options.attributes);
    resource = view_find(snapshot_view_public(snapshot), SLICE_LIT("/propmap-filtered"));
    FUZZ_CHECK(resource);
}

static int ask(slice_t request, arena_t *arena, slice_t *body)
{
    alto_answer_t answer = {0};
    buf_t text = BUF_INIT;
    FUZZ_CHECK(resource->kind->cost(resource, request) < 1000000);
    FUZZ_CHECK(!resource->kind->answer(resource, request, NULL, arena, &answer));
    for (size_t i = 0; i < answer.count; i++) {
        buf_append_slice(&text, answer.segments[i]);
    }
    FUZZ_CHECK(text.len == answer.size);
    *body = arena_copy(arena, buf_slice(&text));
    buf_release(&text);
    return answer.status;
}

/* ---- what an answer says ---- */

static bool ip_of(slice_t id, prefix_t *out)
{
    char text[PREFIX_TEXT_MAX + 8];
    bool v6 = id.len > 5 && !memcmp(id.ptr, "ipv6:", 5);
    if (id.len < 6 || id.len > 60 || memcmp(id.ptr, v6 ? "ipv6:" : "ipv4:", 5) ||
        (!v6 && memchr(id.ptr + 5, ':', id.len - 5))) {
        return false;
    }
    bool whole = !memchr(id.ptr, '/', id.len);
    int n = snprintf(text, sizeof text, "%.*s%s", (int)id.len - 5, id.ptr + 5,
                     !whole ? ""
                     : v6   ? "/128"
                            : "/32");
    return !prefix_parse(slice_of(text, (size_t)n), out, NULL);
}

static unsigned len_of(const prefix_t *p)
{
    return p->family == FAMILY_IPV4 ? p->u.v4.len : p->u.v6.len;
}

/* The first address of the prefix, or the last. */
static addr_t edge_of(const prefix_t *p, bool last)
{
    addr_t a = {.family = p->family};
    for (unsigned bit = 0; bit < (p->family == FAMILY_IPV4 ? 32u : 128u); bit++) {
        bool host = last && bit >= len_of(p);
        if (p->family == FAMILY_IPV4) {
            a.u.v4 |= (p->u.v4.addr >> (31 - bit) & 1 || host) ? 1u << (31 - bit) : 0;
        } else if (bit < 64) {
            a.u.v6.hi |= (p->u.v6.addr.hi >> (63 - bit) & 1 || host) ? UINT64_C(1) << (63 - bit)
                                                                     : 0;
        } else {
            a.u.v6.lo |= (p->u.v6.addr.lo >> (127 - bit) & 1 || host) ? UINT64_C(1) << (127 - bit)
                                                                      : 0;
        }
    }
    return a;
}

static bool holds(const prefix_t *p, const addr_t *a)
{
    for (unsigned bit = 0; p->family == a->family && bit < len_of(p); bit++) {
        uint64_t x = p->family == FAMILY_IPV4 ? (a->u.v4 ^ p->u.v4.addr) >> (31 - bit)
                     : bit < 64               ? (a->u.v6.hi ^ p->u.v6.addr.hi) >> (63 - bit)
                                              : (a->u.v6.lo ^ p->u.v6.addr.lo) >> (127 - bit);
        if (x & 1) {
            return false;
        }
    }
    return p->family == a->family;
}

static const json_value_t *read_property(const json_value_t *map, const addr_t *a, slice_t name)
{
    const json_value_t *best = NULL;
    int longest = -1;
    for (size_t i = 0; i < map->u.object.count; i++) {
        prefix_t p;
        if (!ip_of(map->u.object.members[i].name, &p) || !holds(&p, a) ||
            (int)len_of(&p) < longest) {
            continue;
        }
        const json_value_t *value = json_get_slice(&map->u.object.members[i].value, name);
        /* One name for an entity. */
        FUZZ_CHECK(!value || (int)len_of(&p) > longest);
        longest = value ? (int)len_of(&p) : longest;
        best = value ? value : best;
    }
    return best && best->kind != JSON_NULL ? best : NULL;
}

static const json_value_t *parse(slice_t body, arena_t *arena)
{
    json_value_t *tree = NULL;
    json_error_t error;
    FUZZ_CHECK(!json_parse(body, 0, arena, &tree, &error));
    return tree;
}

/* The address asked for alone, with all properties. */
static const json_value_t *alone(const addr_t *a, arena_t *arena)
{
    char text[ADDR_TEXT_MAX], request[128];
    slice_t body;
    (void)addr_format(a, text);
    int n = snprintf(request, sizeof request, "{\"entities\":[\"%s:%s\"],\"properties\":[]}",
                     a->family == FAMILY_IPV4 ? "ipv4" : "ipv6", text);
    FUZZ_CHECK(ask(slice_of(request, (size_t)n), arena, &body) == 200);
    const json_value_t *map = json_get(parse(body, arena), "property-map");
    return map->u.object.count ? &map->u.object.members[0].value : NULL;
}

static void check_edge(const json_value_t *map, const json_value_t *properties, const prefix_t *p,
                       bool last, arena_t *arena)
{
    addr_t a = edge_of(p, last);
    const json_value_t *truth = alone(&a, arena);
    for (size_t i = 0; i < properties->u.array.count; i++) {
        slice_t name = properties->u.array.items[i].u.text;
        const json_value_t *want = truth ? json_get_slice(truth, name) : NULL;
        const json_value_t *got = read_property(map, &a, name);
        FUZZ_CHECK(want && got ? json_value_equal(want, got) : want == got);
    }
}

static void check_map(const json_value_t *map, const json_value_t *request, arena_t *arena)
{
    const json_value_t *entities = json_get(request, "entities");
    const json_value_t *properties = json_get(request, "properties");
    FUZZ_CHECK(map && map->kind == JSON_OBJECT && map->u.object.count <= MOST);
    for (size_t i = 0; i < map->u.object.count; i++) {
        const json_value_t *v = &map->u.object.members[i].value;
        FUZZ_CHECK(v->kind == JSON_OBJECT && (v->u.object.count > 0) == (properties != NULL));
    }
    for (size_t i = 0; properties && i < entities->u.array.count && i < 4; i++) {
        prefix_t p;
        if (ip_of(entities->u.array.items[i].u.text, &p)) {
            check_edge(map, properties, &p, false, arena);
            check_edge(map, properties, &p, true, arena);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!snapshot) {
        setup();
    }
    slice_t request = slice_of((const char *)data, size), body, again;
    arena_t arena;
    arena_init(&arena, 0);
    int status = ask(request, &arena, &body);
    FUZZ_CHECK(status == ask(request, &arena, &again) && slice_eq(body, again));
    if (status == 200) {
        check_map(json_get(parse(body, &arena), "property-map"), parse(request, &arena), &arena);
    } else if (status == 400) {
        FUZZ_CHECK(json_is_string(json_get(json_get(parse(body, &arena), "meta"), "code")));
    } else {
        FUZZ_CHECK((status == 413 || status == 503) && !body.len);
    }
    arena_release(&arena);
    return 0;
}
