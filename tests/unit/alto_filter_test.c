#include "post_fixture.h"

/* The filtered advertisement (RFC 9241 5) and the filtered network map (RFC 7285 11.3.1). */

static const char documents[] =
    "capabilities:\n"
    "  - {capability-type: FCI.DeliveryProtocol, footprints: [{countrycode: [de]}],\n"
    "     capability-value: {delivery-protocols: [http/1.1]}}\n"
    "  - {capability-type: FCI.DeliveryProtocol, footprints: [{countrycode: [at]}],\n"
    "     capability-value: {delivery-protocols: [https/1.1, http/1.1]}}\n"
    "  - {capability-type: FCI.AcquisitionProtocol, footprints: [everywhere],\n"
    "     capability-value: {acquisition-protocols: [https/1.1]}}\n"
    "  - {capability-type: FCI.Logging, footprints: [everywhere],\n"
    "     capability-value: {record-type: cdni_http_request_v1, fields: [s-ccid]}}\n"
    "  - {capability-type: FCI.Metadata, footprints: [{altopid: [pid-a]}],\n"
    "     capability-value: {metadata: [MI.Cache, MI.Auth]}}\n"
    "  - {capability-type: FCI.CapacityLimits, footprints: [everywhere],\n"
    "     capability-value: {limits: [{limit-type: egress, maximum-hard: 70000000000}]}}\n"
    "  - {capability-type: FCI.RedirectTarget, footprints: [everywhere],\n"
    "     capability-value: {dns-target: {host: y.dcdn.example}}}\n"
    "  - {capability-type: FCI.PrivateFeatures, footprints: [everywhere],\n"
    "     capability-value: {features: [{feature-oid: f1, feature-type: t}]}}\n"
    "network-maps:\n"
    "  netmap:\n"
    "    pids:\n"
    "      pid-a: {ipv4: [192.0.2.0/24, 198.51.100.0/25], ipv6: [\"2001:db8:1::/48\"]}\n"
    "      pid-b: {ipv4: [0.0.0.0/0]}\n"
    "      pid-c: {ipv6: [\"::/0\"]}\n";

/* Letters of the objects, in their order: A acquisition, L limits, b both protocols, h http, ... */
static void letters(const json_value_t *answer, char *out)
{
    static const struct {
        const char *part, letter;
    } names[] = {{"Acquisition", 'A'},    {"CapacityLimits", 'L'}, {"[\"http/1.1\",\"https", 'b'},
                 {"[\"http/1.1\"]", 'h'}, {"Logging", 'G'},        {"Metadata", 'M'},
                 {"Private", 'P'},        {"RedirectTarget", 'T'}};
    const json_value_t *list = json_get(json_get(answer, "cdni-advertisement"),
                                        "capabilities-with-footprints");
    size_t n = 0;
    for (size_t i = 0; i < list->u.array.count; i++) {
        buf_t text = BUF_INIT;
        json_write_value(&text, &list->u.array.items[i]);
        buf_append_char(&text, '\0');
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
            if (strstr(text.ptr, names[k].part)) {
                out[n++] = names[k].letter;
                break;
            }
        }
        buf_release(&text);
    }
    out[n] = '\0';
}

#define ONE(type, value) "{\"capability-type\":\"" type "\",\"capability-value\":" value "}"
#define CAPS(...)        "{\"cdni-capabilities\":[" __VA_ARGS__ "]}"
#define DELIVERY(list)   ONE("FCI.DeliveryProtocol", "{\"delivery-protocols\":" list "}")

static const struct {
    const char *request, *want;
} matches[] = {
    {CAPS(), "ALbhGMPT"},
    {CAPS(DELIVERY("[\"https/1.1\"]")), "b"},
    {CAPS(DELIVERY("[\"http/1.1\"]")), "bh"},
    {CAPS(DELIVERY("[\"https/1.1\",\"http/1.1\"]")), "b"},
    {CAPS(DELIVERY("[]")), "bh"},
    {CAPS(DELIVERY("[\"http/3\"]")), ""},
    /* Equal entries, also in another spelling, are one; the order is that of the resource. */
    {CAPS(ONE("FCI.Logging", "{\"record-type\":\"cdni_http_request_v1\"}") "," DELIVERY(
         "[\"https/1.1\"]") "," DELIVERY("[ \"https\\/1.1\" ]") "," ONE("FCI.AcquisitionProtocol",
                                                                        "{\"acquisition-"
                                                                        "protocols\":[\"https/"
                                                                        "1.1\"]}")),
     "AbG"},
    {CAPS(ONE("FCI.Logging", "{\"record-type\":\"cdni_http_request_v1\",\"fields\":[\"s-sid\"]}")),
     "G"},
    {CAPS(ONE("FCI.Metadata", "{\"metadata\":[\"MI.Auth\"]}")), "M"},
    {CAPS(ONE("FCI.CapacityLimits",
              "{\"limits\":[{\"limit-type\":\"egress\",\"maximum-hard\":9}]}")),
     "L"},
    {CAPS(ONE("FCI.CapacityLimits",
              "{\"limits\":[{\"limit-type\":\"egress\",\"maximum-hard\":70000000001}]}")),
     ""},
    {CAPS(ONE("FCI.RedirectTarget", "{}")), "T"},
    {CAPS(ONE("FCI.Unheard", "{\"b\":2}")), ""},
    {CAPS(ONE("FCI.PrivateFeatures", "{\"features\":[{\"feature-oid\":\"f1\"}]}")), "P"},
    {CAPS(ONE("FCI.PrivateFeatures", "{\"features\":[{\"feature-oid\":\"f2\"}]}")), ""},
    {CAPS(ONE("fci.metadata", "{}")), ""},
    /* V10: members that the RFC does not know are ignored anywhere. */
    {"{\"other\":null,\"cdni-capabilities\":[{\"why\":[],\"capability-type\":"
     "\"FCI.DeliveryProtocol\",\"capability-value\":{\"x\":1,\"delivery-protocols\":"
     "[\"https/1.1\"]}}]}",
     "b"},
    {"\r\n\t {\"cdni-capabilities\" : [ ] } ", "ALbhGMPT"},
};

static void test_matches(void **state)
{
    const snapshot_t *s = *state;
    buf_t full = fixture_body(s, "/cdni");
    arena_t arena;
    arena_init(&arena, 0);
    const json_value_t *whole = fixture_json(&arena, buf_slice(&full));
    for (size_t i = 0; i < sizeof matches / sizeof *matches; i++) {
        alto_answer_t answer;
        buf_t text = fixture_post(s, "/cdni-filtered", matches[i].request, &answer);
        assert_int_equal(answer.status, 200);
        assert_string_equal(answer.media_type, "application/alto-cdni+json");
        const json_value_t *got = fixture_json(&arena, slice_str(text.ptr));
        char objects[16];
        letters(got, objects);
        if (strcmp(objects, matches[i].want) != 0) {
            fail_msg("'%s' instead of '%s' for %s", objects, matches[i].want, matches[i].request);
        }
        /* The vtag, and the map's, are those of the full resource (RFC 9241 5.6). */
        assert_true(json_value_equal(json_get(got, "meta"), json_get(whole, "meta")));
        buf_release(&text);
    }
    arena_release(&arena);
    buf_release(&full);
}

/* Objects come whole, as they stand in the full resource. */
static void test_objects_are_whole(void **state)
{
    const snapshot_t *s = *state;
    alto_answer_t answer;
    buf_t text = fixture_post(s, "/cdni-filtered", CAPS(DELIVERY("[\"https/1.1\"]")), &answer);
    buf_t full = fixture_body(s, "/cdni");
    buf_append_char(&full, '\0');
    static const char object[] =
        "{\"capability-type\":\"FCI.DeliveryProtocol\",\"capability-value\":{\"delivery-"
        "protocols\":["
        "\"http/1.1\",\"https/1.1\"]},\"footprints\":[{\"footprint-type\":\"countrycode\","
        "\"footprint-value\":[\"at\"]}]}";
    assert_non_null(strstr(full.ptr, object));
    const char *list = strstr(text.ptr, "\"capabilities-with-footprints\":[");
    assert_non_null(list);
    list += strlen("\"capabilities-with-footprints\":[");
    assert_int_equal(strncmp(list, object, sizeof object - 1), 0);
    assert_string_equal(list + sizeof object - 1, "]}}");
    buf_release(&text);
    buf_release(&full);
}

#define C "cdni-capabilities"

static const error_case_t cdni_errors[] = {
    /* V1 */
    {"", "E_SYNTAX"},
    {" ", "E_SYNTAX"},
    {"{\"cdni-capabilities\":[]", "E_SYNTAX"},
    {"{\"cdni-capabilities\":[]}}", "E_SYNTAX"},
    {"{\"cdni-capabilities\":[]} x", "E_SYNTAX"},
    {"{\"cdni-capabilities\":[],\"cdni-capabilities\":[]}", "E_SYNTAX"},
    {"{\"cdni-capabilities\":[],\"x\":{\"y\":1,\"y\":1}}", "E_SYNTAX"},
    {"{\"cdni-capabilities\":[],\"x\":\"\xff\"}", "E_SYNTAX"},
    {"\xef\xbb\xbf{\"cdni-capabilities\":[]}", "E_SYNTAX"},
    {"{'cdni-capabilities':[]}", "E_SYNTAX"},
    {"[]", "E_SYNTAX"},
    {"null", "E_SYNTAX"},
    {"7", "E_SYNTAX"},
    {"\"cdni-capabilities\"", "E_SYNTAX"},
    /* V2, V3 */
    {"{}", MISSING(C)},
    {"{\"CDNI-capabilities\":[]}", MISSING(C)},
    {"{\"cdni-capabilities\":{}}", TYPED(C)},
    {"{\"cdni-capabilities\":null}", TYPED(C)},
    {"{\"cdni-capabilities\":\"FCI.Logging\"}", TYPED(C)},
    {"{\"cdni-capabilities\":7}", TYPED(C)},
    /* V4 */
    {CAPS("\"FCI.Logging\""), VALUE(C, "FCI.Logging")},
    {CAPS("7.50"), VALUE(C, "7.50")},
    {CAPS("null"), VALUE(C, "null")},
    {CAPS("true"), VALUE(C, "true")},
    {CAPS("[ 1, \"a\" ]"), VALUE(C, "[1,\\\"a\\\"]")},
    /* V5 */
    {CAPS("{\"capability-value\":{}}"), MISSING(C "/capability-type")},
    {CAPS("{\"capability-type\":\"FCI.Logging\"}"), MISSING(C "/capability-value")},
    {CAPS("{}"), MISSING(C "/capability-type")},
    /* V6, V6a */
    {CAPS("{\"capability-type\":null,\"capability-value\":{}}"),
     VALUE(C, "{\\\"capability-type\\\":null,\\\"capability-value\\\":{}}")},
    {CAPS("{\"capability-type\":\"\",\"capability-value\":{}}"),
     VALUE(C, "{\\\"capability-type\\\":\\\"\\\",\\\"capability-value\\\":{}}")},
    {CAPS("{\"capability-type\":7,\"capability-value\":{}}"), TYPED(C "/capability-type")},
    {CAPS("{\"capability-type\":[],\"capability-value\":{}}"), TYPED(C "/capability-type")},
    {CAPS("{\"capability-type\":{},\"capability-value\":{}}"), TYPED(C "/capability-type")},
    {CAPS("{\"capability-type\":true,\"capability-value\":{}}"), TYPED(C "/capability-type")},
    /* V7 */
    {CAPS(ONE("FCI.Logging", "null")),
     VALUE(C, "{\\\"capability-type\\\":\\\"FCI.Logging\\\",\\\"capability-value\\\":null}")},
    {CAPS(ONE("FCI.Unheard", "null")),
     VALUE(C, "{\\\"capability-type\\\":\\\"FCI.Unheard\\\",\\\"capability-value\\\":null}")},
    /* V8 */
    {CAPS(ONE("FCI.Metadata", "[\"MI.Cache\"]")),
     VALUE(C, "{\\\"capability-type\\\":\\\"FCI.Metadata\\\",\\\"capability-value\\\":"
              "[\\\"MI.Cache\\\"]}")},
    {CAPS(ONE("FCI.Metadata", "{\"metadatas\":[]}")),
     VALUE(C, "{\\\"capability-type\\\":\\\"FCI.Metadata\\\",\\\"capability-value\\\":"
              "{\\\"metadatas\\\":[]}}")},
    {CAPS(ONE("FCI.DelegatedCredentials", "{\"number-delegated-certs-supported\":1e2}")),
     VALUE(C, "{\\\"capability-type\\\":\\\"FCI.DelegatedCredentials\\\",\\\"capability-value\\\":"
              "{\\\"number-delegated-certs-supported\\\":1e2}}")},
    /* What is missing comes first, then types, then values; of each, the first in the list. */
    {CAPS("7,{\"capability-type\":7,\"capability-value\":{}},{\"capability-type\":\"FCI.X\"}"),
     MISSING(C "/capability-value")},
    {CAPS("7,{\"capability-type\":7,\"capability-value\":{}}"), TYPED(C "/capability-type")},
    {CAPS("8,7"), VALUE(C, "8")},
    {CAPS("{\"capability-type\":\"FCI.X\"},{\"capability-value\":1}"),
     MISSING(C "/capability-value")},
};

static void test_cdni_errors(void **state)
{
    for (size_t i = 0; i < sizeof cdni_errors / sizeof *cdni_errors; i++) {
        check_error(*state, "/cdni-filtered", &cdni_errors[i]);
    }
}

/* Nesting above the limit is refused, and does not exhaust the stack. */
static void test_depth(void **state)
{
    static const char *const paths[] = {"/cdni-filtered", "/netmap-filtered"};
    static const unsigned depths[] = {64, 65, 100000};
    for (size_t i = 0; i < 6; i++) {
        buf_t request = BUF_INIT;
        unsigned depth = depths[i % 3];
        buf_append_str(&request, "{\"cdni-capabilities\":[],\"pids\":[],\"x\":");
        for (unsigned k = 1; k < depth; k++) {
            buf_append_char(&request, '[');
        }
        for (unsigned k = 1; k < depth; k++) {
            buf_append_char(&request, ']');
        }
        buf_append_char(&request, '}');
        alto_answer_t answer;
        buf_t text = fixture_post_limited(*state, paths[i / 3], buf_slice(&request), NULL, &answer);
        assert_int_equal(answer.status, depth == 64 ? 200 : 400);
        assert_true(depth == 64 || strstr(text.ptr, "E_SYNTAX"));
        buf_release(&text);
        buf_release(&request);
    }
}

/* Reflected input is cut at 1024 bytes, never within a character. */
static void test_reflected_value(void **state)
{
    static const char *const paths[] = {"/cdni-filtered", "/netmap-filtered"};
    for (size_t path = 0; path < 2; path++) {
        for (unsigned before = 1015; before < 1030; before++) {
            buf_t request = BUF_INIT, want = BUF_INIT;
            for (unsigned i = 0; i < before; i++) {
                buf_append_char(&want, ' ');
            }
            buf_append_str(&want, "€€€€€€€€");
            buf_printf(&request, "{\"%s\":[\"%.*s\"]}", path ? "pids" : "cdni-capabilities",
                       SLICE_ARG(buf_slice(&want)));
            alto_answer_t answer;
            buf_t text = fixture_post_limited(*state, paths[path], buf_slice(&request), NULL,
                                              &answer);
            assert_int_equal(answer.status, 400);
            arena_t arena;
            arena_init(&arena, 0);
            const json_value_t *got = fixture_json(&arena, slice_str(text.ptr));
            slice_t value = json_get(json_get(got, "meta"), "value")->u.text;
            assert_true(slice_eq(value, utf8_truncate(buf_slice(&want), 1024)));
            assert_true(value.len > 1021 && value.len <= 1024);
            arena_release(&arena);
            buf_release(&text);
            buf_release(&request);
            buf_release(&want);
        }
    }
}

/* Above the limit: 413 without a body, also when entries are wrong or equal. */
static void test_limits(void **state)
{
    static const char good[] = DELIVERY("[]");
    buf_t request = BUF_INIT;
    many("{\"cdni-capabilities\":[", good, 1024, "]}", &request);
    check_status(*state, "/cdni-filtered", &request, 0, 200);
    many("{\"cdni-capabilities\":[", good, 1025, "]}", &request);
    check_status(*state, "/cdni-filtered", &request, 0, 413);
    check_status(*state, "/cdni-filtered", &request, 1025, 200);
    many("{\"cdni-capabilities\":[", "7", 4, "]}", &request);
    check_status(*state, "/cdni-filtered", &request, 3, 413);
    check_status(*state, "/cdni-filtered", &request, 4, 400);
    many("{\"pids\":[", "\"pid-a\"", 4, "]}", &request);
    check_status(*state, "/netmap-filtered", &request, 3, 413);
    check_status(*state, "/netmap-filtered", &request, 4, 200);
    many("{\"pids\":[],\"address-types\":[", "\"ipv4\"", 4, "]}", &request);
    check_status(*state, "/netmap-filtered", &request, 3, 413);
    check_status(*state, "/netmap-filtered", &request, 4, 200);
    many("{\"pids\":[", "\"pid-a\"", 65536, "]}", &request);
    check_status(*state, "/netmap-filtered", &request, 0, 200);
    many("{\"pids\":[", "\"pid-a\"", 65537, "]}", &request);
    check_status(*state, "/netmap-filtered", &request, 0, 413);
    buf_release(&request);
}

/* ---- network map ---- */

#define A4 "\"ipv4\":[\"192.0.2.0/24\",\"198.51.100.0/25\"]"
#define A6 "\"ipv6\":[\"2001:db8:1::/48\"]"
#define ALL                                                                                        \
    "{\"pid-a\":{" A4 "," A6                                                                       \
    "},\"pid-b\":{\"ipv4\":[\"0.0.0.0/0\"]},\"pid-c\":{\"ipv6\":[\"::/0\"]}}"

static const struct {
    const char *request, *map;
} maps[] = {
    {"{\"pids\":[]}", ALL},
    {"{\"pids\":[],\"address-types\":[]}", ALL},
    {"{\"pids\":[],\"address-types\":[\"ipv6\",\"ipv4\",\"ipv6\"]}", ALL},
    {"{\"pids\":[\"pid-c\",\"pid-b\",\"pid-a\",\"pid-a\"]}", ALL},
    {"{\"pids\":[\"pid-a\"]}", "{\"pid-a\":{" A4 "," A6 "}}"},
    {"{\"pids\":[\"pid-a\"],\"address-types\":[\"ipv4\"]}", "{\"pid-a\":{" A4 "}}"},
    {"{\"pids\":[\"pid-a\"],\"address-types\":[\"ipv6\"]}", "{\"pid-a\":{" A6 "}}"},
    {"{\"pids\":[],\"address-types\":[\"ipv6\"]}",
     "{\"pid-a\":{" A6 "},\"pid-b\":{},\"pid-c\":{\"ipv6\":[\"::/0\"]}}"},
    /* Unknown names and types act as not given; lists of unknown ones alone select nothing. */
    {"{\"pids\":[\"pid-x\",\"pid-b\",\"a.b\"]}", "{\"pid-b\":{\"ipv4\":[\"0.0.0.0/0\"]}}"},
    {"{\"pids\":[\"pid-x\"]}", "{}"},
    {"{\"pids\":[\"pid-a\"],\"address-types\":[\"ipv5\",\"ipv4\"]}", "{\"pid-a\":{" A4 "}}"},
    {"{\"pids\":[\"pid-a\"],\"address-types\":[\"IPv4\"]}", "{\"pid-a\":{}}"},
    {"{\"pids\":[],\"more\":{}}", ALL},
};

static void test_maps(void **state)
{
    arena_t arena;
    arena_init(&arena, 0);
    buf_t full = fixture_body(*state, "/netmap");
    const json_value_t *whole = fixture_json(&arena, buf_slice(&full));
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
        alto_answer_t answer;
        buf_t text = fixture_post(*state, "/netmap-filtered", maps[i].request, &answer);
        assert_int_equal(answer.status, 200);
        assert_string_equal(answer.media_type, "application/alto-networkmap+json");
        const json_value_t *got = fixture_json(&arena, slice_str(text.ptr));
        if (!json_value_equal(json_get(got, "network-map"),
                              fixture_json(&arena, slice_str(maps[i].map)))) {
            fail_msg("%s for %s", text.ptr, maps[i].request);
        }
        assert_true(json_value_equal(json_get(got, "meta"), json_get(whole, "meta")));
        buf_release(&text);
    }
    buf_release(&full);
    arena_release(&arena);
}

#define LONG64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const error_case_t map_errors[] = {
    {"", "E_SYNTAX"},
    {"[]", "E_SYNTAX"},
    {"{\"pids\":[],\"pids\":[]}", "E_SYNTAX"},
    {"{\"pids\":[]}{}", "E_SYNTAX"},
    {"{}", MISSING("pids")},
    {"{\"address-types\":7}", MISSING("pids")},
    {"{\"pids\":\"pid-a\"}", TYPED("pids")},
    {"{\"pids\":null}", TYPED("pids")},
    {"{\"pids\":{},\"address-types\":7}", TYPED("pids")},
    {"{\"pids\":[5],\"address-types\":7}", TYPED("address-types")},
    {"{\"pids\":[],\"address-types\":null}", TYPED("address-types")},
    {"{\"pids\":[5]}", VALUE("pids", "5")},
    {"{\"pids\":[\"pid-a\",\"a b\",5]}", VALUE("pids", "a b")},
    {"{\"pids\":[\"\"]}", VALUE("pids", "")},
    {"{\"pids\":[\"a/b\"]}", VALUE("pids", "a/b")},
    {"{\"pids\":[\"" LONG64 "x\"]}", VALUE("pids", LONG64 "x")},
    {"{\"pids\":[[\"pid-a\"]]}", VALUE("pids", "[\\\"pid-a\\\"]")},
    {"{\"pids\":[null]}", VALUE("pids", "null")},
    {"{\"pids\":[1e5],\"address-types\":[\"!\"]}", VALUE("pids", "1e5")},
    {"{\"pids\":[],\"address-types\":[\"ip v4\"]}", VALUE("address-types", "ip v4")},
    {"{\"pids\":[],\"address-types\":[\"\"]}", VALUE("address-types", "")},
    {"{\"pids\":[],\"address-types\":[\"ipv4\",4]}", VALUE("address-types", "4")},
    {"{\"pids\":[],\"address-types\":[\"ipv-4\"]}", VALUE("address-types", "ipv-4")},
};

static void test_map_errors(void **state)
{
    for (size_t i = 0; i < sizeof map_errors / sizeof *map_errors; i++) {
        check_error(*state, "/netmap-filtered", &map_errors[i]);
    }
    alto_answer_t answer;
    buf_t text = fixture_post(*state, "/netmap-filtered", "{\"pids\":[\"" LONG64 "\"]}", &answer);
    assert_int_equal(answer.status, 200);
    buf_release(&text);
}

/* ---- the cost is an upper estimate that grows with the work ---- */

static void test_cost(void **state)
{
    static const char *const paths[] = {"/cdni-filtered", "/netmap-filtered"};
    for (size_t i = 0; i < 2; i++) {
        const resource_t *r = fixture_resource(*state, paths[i]);
        static char body[1 << 20];
        uint64_t little = r->kind->cost(r, slice_of(body, 100));
        uint64_t much = r->kind->cost(r, slice_of(body, sizeof body));
        assert_true(little < 1000 && much > 10000);
    }
}

/* ---- errors ---- */

static void test_error_body(void **state)
{
    (void)state;
    static const struct {
        alto_error_t error;
        const char *want;
    } cases[] = {
        {{.code = ALTO_E_SYNTAX, .syntax_error = {"line 1", 6}},
         "{\"meta\":{\"code\":\"E_SYNTAX\",\"syntax-error\":\"line 1\"}}"},
        {{.code = ALTO_E_MISSING_FIELD, .field = {"a/b", 3}},
         "{\"meta\":{\"code\":\"E_MISSING_FIELD\",\"field\":\"a/b\"}}"},
        {{.code = ALTO_E_INVALID_FIELD_TYPE, .field = {"a", 1}},
         "{\"meta\":{\"code\":\"E_INVALID_FIELD_TYPE\",\"field\":\"a\"}}"},
        {{.code = ALTO_E_INVALID_FIELD_VALUE,
          .field = {"a", 1},
          .value = {"\"\n", 2},
          .has_value = true},
         "{\"meta\":{\"code\":\"E_INVALID_FIELD_VALUE\",\"field\":\"a\",\"value\":\"\\\"\\n\"}}"},
        {{.code = ALTO_E_INVALID_FIELD_VALUE, .field = {"a", 1}, .has_value = true},
         "{\"meta\":{\"code\":\"E_INVALID_FIELD_VALUE\",\"field\":\"a\",\"value\":\"\"}}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_t text = BUF_INIT;
        alto_error_write(&cases[i].error, &text);
        buf_append_char(&text, '\0');
        assert_string_equal(text.ptr, cases[i].want);
        buf_release(&text);
    }
}

static int setup(void **state)
{
    *state = fixture_one(documents);
    return 0;
}

static int teardown(void **state)
{
    snapshot_unref(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_objects_are_whole),
        cmocka_unit_test(test_cdni_errors),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_reflected_value),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_maps),
        cmocka_unit_test(test_map_errors),
        cmocka_unit_test(test_cost),
        cmocka_unit_test(test_error_body),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
