/*
 * What a view does not show leaves no trace in its property maps: no prefix, no name, no size, no
 * limit.
 */
#include "property_fixture.h"

#include "alto/properties.h"

#define ONE(mode)                                                                                  \
    "{\"capability-type\":\"FCI.RedirectionMode\",\"capability-value\":{\"redirection-modes\":["   \
    "\"" mode "\"]}}"
#define CAPS(list) "\"cdni.cdni-capabilities\":[" list "]"

static const char public_yaml[] =
    "footprints:\n"
    "  germany: {countrycode: [de]}\n"
    "  metro: {cidr: [192.0.2.0/24]}\n"
    "capabilities:\n"
    "  - {capability-type: FCI.RedirectionMode, footprints: [everywhere],\n"
    "     capability-value: {redirection-modes: [DNS-I]}}\n"
    "  - {capability-type: FCI.RedirectionMode, footprints: [germany, metro],\n"
    "     capability-value: {redirection-modes: [HTTP-I]}}\n";

/* Named nowhere in the public document but for de and 192.0.2.0/24. */
static const char hidden_yaml[] =
    "audience: [ucdn-a]\n"
    "footprints:\n"
    "  secret: {asn: [as64499]}\n"
    "  where: {countrycode: [de, fr]}\n"
    "  which: {subdivisioncode: [us-ny]}\n"
    "  nets: {cidr: [192.0.2.0/25, 203.0.113.0/24, \"2001:db8:1::/48\"]}\n"
    "capabilities:\n"
    "  - {capability-type: FCI.RedirectionMode, footprints: [secret, where, which, nets],\n"
    "     capability-value: {redirection-modes: [DNS-R]}}\n";

#define VISIBLE                                                                                    \
    "\"countrycode:de\":{" CAPS(ONE("DNS-I") "," ONE(                                              \
        "HTTP-I")) "},"                                                                            \
                   "\"ipv4:0.0.0.0/0\":{" CAPS(ONE(                                                \
                       "DNS-I")) ",\"netmap.pid\":\"pid-default\"},"                               \
                                 "\"ipv4:192.0.2.0/24\":{" CAPS(ONE("DNS-I") "," ONE(              \
                                     "HTTP-I")) "},"                                               \
                                                "\"ipv6:::/0\":{" CAPS(ONE(                        \
                                                    "DNS-I")) ",\"netmap.pid\":\"pid-default\"}"

static snapshot_t *both(const joined_options_t *options)
{
    const fixture_file_t files[] = {{"hidden.yaml", hidden_yaml}, {"public.yaml", public_yaml}};
    return joined_snapshot(files, 2, options);
}

static void test_hidden_documents_never_show(void **state)
{
    (void)state;
    snapshot_t *with = both(NULL), *without = joined_one(public_yaml, NULL);
    expect_get(without, VISIBLE);
    expect_get(with, VISIBLE);
    assert_string_equal(fixture_tag(with, "/propmap"), fixture_tag(without, "/propmap"));
    static const char *const requests[] = {
        "{\"entities\":[]}",
        "{\"entities\":[],\"properties\":[]}",
        "{\"entities\":[],\"properties\":[\"cdni.cdni-capabilities\"]}",
        "{\"entities\":[\"ipv4:0.0.0.0/0\",\"ipv6:::/0\"],\"properties\":[]}",
        "{\"entities\":[\"ipv4:192.0.2.1\",\"ipv4:192.0.2.0/25\"],\"properties\":[]}",
        "{\"properties\":[],\"entities\":[\"asn:as64499\",\"countrycode:fr\"]}",
        "{\"properties\":[],\"entities\":[\"subdivisioncode:us-ny\"]}",
    };
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        alto_answer_t a, b;
        buf_t x = fixture_post(with, "/propmap-filtered", requests[i], &a);
        buf_t y = fixture_post(without, "/propmap-filtered", requests[i], &b);
        assert_int_equal(a.status, 200);
        assert_string_equal(x.ptr, y.ptr);
        buf_release(&x);
        buf_release(&y);
    }
    snapshot_unref(with);
    snapshot_unref(without);
}

/* A footprint that is named and not used is in no advertisement, and so in no property map. */
static void test_unused_footprints_never_show(void **state)
{
    (void)state;
    buf_t yaml = BUF_INIT;
    buf_append_str(&yaml, "footprints:\n  spare: {asn: [as64500]}\n"
                          "  more: {cidr: [198.51.100.0/24]}\n");
    buf_append_char(&yaml, '\0');
    const fixture_file_t files[] = {{"public.yaml", public_yaml}, {"unused.yaml", yaml.ptr}};
    snapshot_t *s = joined_snapshot(files, 2, NULL);
    expect_get(s, VISIBLE);
    snapshot_unref(s);
    buf_release(&yaml);
}

/* Neither limit may depend on what is hidden. */
static void test_limits_do_not_tell(void **state)
{
    (void)state;
    buf_t yaml = BUF_INIT;
    buf_append_str(&yaml, "audience: [ucdn-a]\n"
                          "capabilities:\n"
                          "  - {capability-type: FCI.RedirectionMode,\n"
                          "     capability-value: {redirection-modes: [DNS-R]},\n"
                          "     footprints: [{footprint-type: ipv4cidr, footprint-value: [");
    for (unsigned i = 0; i < 256; i++) {
        buf_printf(&yaml, "198.51.100.%u/32, ", i);
    }
    buf_append_str(&yaml, "203.0.113.0/24]}]}\n");
    buf_append_char(&yaml, '\0');
    const fixture_file_t files[] = {{"hidden.yaml", yaml.ptr}, {"public.yaml", public_yaml}};
    joined_options_t options = {.max_entities = 4, .max_get_bytes = 2000};
    snapshot_t *s = joined_snapshot(files, 2, &options);
    expect_get(s, VISIBLE);
    alto_answer_t answer;
    buf_t text = fixture_post(s, "/propmap-filtered", "{\"entities\":[]}", &answer);
    assert_int_equal(answer.status, 200);
    buf_release(&text);
    snapshot_unref(s);
    buf_release(&yaml);
}

static const property_map_content_t *content(const snapshot_t *s)
{
    return fixture_resource(s, "/propmap-filtered")->content;
}

/* A map of the same content again, with another input; in the arena. */
static property_map_content_t *rebuilt(property_map_input_t in, fragments_t *fragments,
                                       arena_t *arena)
{
    property_map_content_t *c = NULL;
    in.arena = arena;
    in.fragments = fragments;
    assert_int_equal(property_map_build(&in, &c), ERR_OK);
    return c;
}

/* Where databases are not shown they are joined all the same, and the tag is another. */
static void test_databases_may_be_hidden(void **state)
{
    (void)state;
    static const spot_t spots[] = {{"192.0.2.0/24", "DE", NULL, 64496}};
    const joined_options_t options = {.places = spots, .place_count = 1};
    snapshot_t *s = both(&options);
    fragments_t fragments;
    arena_t arena;
    arena_init(&arena, 0);
    assert_int_equal(fragments_init(&fragments, NULL), ERR_OK);
    property_map_input_t in = content(s)->in;
    const property_map_content_t *shown = rebuilt(in, &fragments, &arena);
    assert_string_equal(property_map_tag(shown), property_map_tag(content(s)));
    assert_non_null(strstr(property_map_capabilities(shown, true).ptr, ".priv:asn"));
    in.geo_properties = false;
    const property_map_content_t *hidden = rebuilt(in, &fragments, &arena);
    assert_null(strstr(property_map_capabilities(hidden, true).ptr, ".priv:"));
    in.attributes = NULL;
    const property_map_content_t *none = rebuilt(in, &fragments, &arena);
    assert_string_not_equal(property_map_tag(shown), property_map_tag(hidden));
    assert_string_not_equal(property_map_tag(hidden), property_map_tag(none));
    assert_string_not_equal(property_map_tag(shown), property_map_tag(none));
    fragments_release(&fragments);
    arena_release(&arena);
    snapshot_unref(s);
}

/* The join does not list more than JOIN_DECLARED_MOST prefixes: then nobody does. */
static void test_declared_without_a_list(void **state)
{
    (void)state;
    snapshot_t *s = both(NULL);
    fragments_t fragments;
    arena_t arena;
    arena_init(&arena, 0);
    assert_int_equal(fragments_init(&fragments, NULL), ERR_OK);
    property_map_input_t in = content(s)->in;
    join_index_t join = *in.join;
    join.declared[FAMILY_IPV6] = NULL;
    in.join = &join;
    const property_map_content_t *c = rebuilt(in, &fragments, &arena);
    size_t size = 0;
    body_t *body = NULL;
    assert_int_equal(property_map_body(c, &size, &body), ERR_OK);
    assert_null(body);
    assert_true(size > 0);
    const resource_t r = {.kind = &resource_kind_property_map_filtered, .content = c};
    alto_answer_t answer = {0};
    static const char all[] = "{\"entities\":[]}", one[] = "{\"entities\":[\"asn:as1\"]}";
    assert_int_equal(r.kind->answer(&r, slice_str(all), NULL, &arena, &answer), ERR_OK);
    assert_int_equal(answer.status, 503);
    assert_int_equal(r.kind->answer(&r, slice_str(one), NULL, &arena, &answer), ERR_OK);
    assert_int_equal(answer.status, 200);
    fragments_release(&fragments);
    arena_release(&arena);
    snapshot_unref(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hidden_documents_never_show),
        cmocka_unit_test(test_unused_footprints_never_show),
        cmocka_unit_test(test_limits_do_not_tell),
        cmocka_unit_test(test_databases_may_be_hidden),
        cmocka_unit_test(test_declared_without_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
