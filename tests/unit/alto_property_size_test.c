/*
 * Property maps with long values and long answers: what is referred to, what is copied, and what is
 * put together when it is asked for say the same.
 */
#include "property_fixture.h"

#include "alto/properties.h"

#define DEPTH 24

/*
 * Nested prefixes 192.0.2.0/1 to /24, each with one capability more; the capability of prefix n is
 * called MI.Cnn and has some bytes.
 */
static snapshot_t *nested(size_t bytes)
{
    buf_t yaml = BUF_INIT;
    buf_append_str(&yaml, "capabilities:\n");
    for (unsigned n = 1; n <= DEPTH; n++) {
        buf_printf(&yaml,
                   "  - {capability-type: FCI.Metadata,\n"
                   "     footprints: [{footprint-type: ipv4cidr,\n"
                   "                   footprint-value: [192.0.2.0/%u]}],\n"
                   "     capability-value: {metadata: [MI.C%02u",
                   n, n);
        for (size_t i = 0; i < bytes / 8; i++) {
            buf_printf(&yaml, ", MI.%c%03x", 'd' + (char)(i >> 12), (unsigned)i & 0xfff);
        }
        buf_append_str(&yaml, "]}}\n");
    }
    buf_append_char(&yaml, '\0');
    model_source_t source = {SLICE_LIT("a.yaml"), DOC_YAML, slice_of(yaml.ptr, yaml.len - 1)};
    model_t *model = NULL;
    findings_t findings;
    findings_init(&findings, 0);
    err_t err = model_build(&source, 1, NULL, &findings, &model);
    if (err) {
        buf_t text = BUF_INIT;
        finding_format(&findings.items[0], &text);
        fail_msg("%.300s", text.ptr);
    }
    findings_release(&findings);
    snapshot_t *s = NULL;
    const snapshot_options_t with = {.propmap_max_get_bytes = (size_t)1 << 30};
    assert_int_equal(snapshot_build_take(model, &with, NULL, 1, &s), ERR_OK);
    buf_release(&yaml);
    return s;
}

/* The first address that is in the prefix of length n and in no longer one; of 24, 192.0.2.0. */
static void address_at(unsigned n, buf_t *out)
{
    uint32_t a = 0xc0000200u;
    addr_t addr = {.family = FAMILY_IPV4, .u.v4 = n == DEPTH ? a : a ^ 1u << (31 - n)};
    char text[ADDR_TEXT_MAX];
    (void)addr_format(&addr, text);
    buf_printf(out, "ipv4:%s", text);
}

/* The capabilities of depth n are the first n of the deepest. */
static void check_member(const json_value_t *value, const json_value_t *deepest, size_t n)
{
    assert_non_null(value);
    assert_int_equal(value->u.array.count, n);
    for (size_t i = 0; i < n; i++) {
        const json_value_t *c = &value->u.array.items[i];
        assert_true(json_value_equal(c, &deepest->u.array.items[i]));
        const json_value_t *names = json_get(json_get(c, "capability-value"), "metadata");
        char name[8];
        (void)snprintf(name, sizeof name, "MI.C%02u", (unsigned)i + 1);
        assert_true(slice_is(names->u.array.items[0].u.text, name));
    }
}

static const json_value_t *value_of(const json_value_t *answer, const char *entity)
{
    return json_get(json_get(json_get(answer, "property-map"), entity), "cdni.cdni-capabilities");
}

static void check_all(const snapshot_t *s)
{
    buf_t request = BUF_INIT, id = BUF_INIT;
    arena_t arena;
    alto_answer_t answer;
    arena_init(&arena, 0);
    buf_append_str(&request, "{\"entities\":[");
    for (unsigned n = 1; n <= DEPTH; n++) {
        buf_append_str(&request, n > 1 ? ",\"" : "\"");
        address_at(n, &request);
        buf_append_char(&request, '"');
    }
    buf_append_str(&request, "],\"properties\":[\"cdni.cdni-capabilities\"]}");
    buf_append_char(&request, '\0');
    buf_t text = fixture_post(s, "/propmap-filtered", request.ptr, &answer);
    assert_int_equal(answer.status, 200);
    const json_value_t *tree = fixture_json(&arena, slice_of(text.ptr, text.len - 1));
    buf_t full = fixture_body(s, "/propmap");
    const json_value_t *map = fixture_json(&arena, buf_slice(&full));
    const json_value_t *deepest = value_of(map, "ipv4:192.0.2.0/24");
    for (unsigned n = 1; n <= DEPTH; n++) {
        prefix_t p = {.family = FAMILY_IPV4};
        char of_prefix[PREFIX_TEXT_MAX + 8], prefix[PREFIX_TEXT_MAX];
        p.u.v4 = (prefix4_t){0xc0000200u >> (32 - n) << (32 - n), (uint8_t)n};
        (void)prefix_format(&p, prefix);
        (void)snprintf(of_prefix, sizeof of_prefix, "ipv4:%s", prefix);
        check_member(value_of(map, of_prefix), deepest, n);
        buf_clear(&id);
        address_at(n, &id);
        buf_append_char(&id, '\0');
        check_member(value_of(tree, id.ptr), deepest, n);
    }
    arena_release(&arena);
    buf_release(&text);
    buf_release(&full);
    buf_release(&request);
    buf_release(&id);
}

static const capabilities_t *capabilities_of(const snapshot_t *s)
{
    const property_map_content_t *c = fixture_resource(s, "/propmap-filtered")->content;
    return &c->capabilities[0];
}

static void test_short(void **state)
{
    (void)state;
    snapshot_t *s = nested(0);
    check_all(s);
    snapshot_unref(s);
}

/* Lists are referred to: no segment is a copy of one. */
static void test_shared(void **state)
{
    (void)state;
    snapshot_t *s = nested(3000);
    check_all(s);
    const capabilities_t *c = capabilities_of(s);
    const resource_t *r = fixture_resource(s, "/propmap-filtered");
    static const char request[] = "{\"entities\":[\"ipv4:192.0.2.0\",\"ipv4:192.0.2.1\"],"
                                  "\"properties\":[\"cdni.cdni-capabilities\"]}";
    arena_t arena;
    alto_answer_t answer;
    size_t shared = 0;
    arena_init(&arena, 0);
    assert_int_equal(r->kind->answer(r, slice_str(request), NULL, &arena, &answer), ERR_OK);
    for (size_t i = 0; i < answer.count; i++) {
        for (size_t k = 0; k < c->list_count; k++) {
            shared += answer.segments[i].ptr == c->lists[k].text.ptr;
        }
    }
    assert_int_equal(shared, 2);
    assert_int_equal(answer.count, 5);
    arena_release(&arena);
    snapshot_unref(s);
}

/* So long that not all lists are kept. */
static void test_not_kept(void **state)
{
    (void)state;
    snapshot_t *s = nested(100000);
    const capabilities_t *c = capabilities_of(s);
    size_t kept = 0;
    for (size_t i = 0; i < c->list_count; i++) {
        assert_true(!c->lists[i].text.ptr || c->lists[i].text.len == c->lists[i].size);
        kept += c->lists[i].text.ptr != NULL;
    }
    assert_true(kept > 0 && kept < c->list_count);
    check_all(s);
    snapshot_unref(s);
}

/* Many short members: more than one chunk. */
static void test_chunks(void **state)
{
    (void)state;
    snapshot_t *s = nested(0);
    buf_t request = BUF_INIT;
    arena_t arena;
    alto_answer_t answer;
    arena_init(&arena, 0);
    buf_append_str(&request, "{\"entities\":[");
    for (unsigned i = 0; i < 5000; i++) {
        buf_printf(&request, "%s\"ipv4:192.0.%u.%u\"", i ? "," : "", i >> 8, i & 255);
    }
    buf_append_str(&request, "],\"properties\":[\"netmap.pid\"]}");
    buf_append_char(&request, '\0');
    buf_t text = fixture_post(s, "/propmap-filtered", request.ptr, &answer);
    assert_int_equal(answer.status, 200);
    assert_true(answer.count > 2 && answer.size > 200000);
    const json_value_t *map = json_get(fixture_json(&arena, slice_of(text.ptr, text.len - 1)),
                                       "property-map");
    assert_int_equal(map->u.object.count, 5000);
    for (size_t i = 0; i < 5000; i++) {
        const json_value_t *pid = json_get(&map->u.object.members[i].value, "netmap.pid");
        assert_true(slice_is(pid->u.text, "pid-default"));
    }
    arena_release(&arena);
    buf_release(&text);
    buf_release(&request);
    snapshot_unref(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short),
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_not_kept),
        cmocka_unit_test(test_chunks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
