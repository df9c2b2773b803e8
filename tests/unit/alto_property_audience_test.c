/*
 * What a view does not show leaves no trace in its property maps: no prefix, no name, no size, no
 * limit.
 */
#include "property_fixture.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hidden_documents_never_show),
        cmocka_unit_test(test_unused_footprints_never_show),
        cmocka_unit_test(test_limits_do_not_tell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
