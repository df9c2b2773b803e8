/*
 * The endpoint property service (RFC 7285 11.4). That it says what the property map says is tested
 * in alto_property_random_test.c.
 */
#include "property_fixture.h"

#include "alto/properties.h"
#include "failmalloc.h"
#include "footprintd/alto/endpoint_property.h"
#include "post_fixture.h"

#define PATH "/endpoint-property"

static const char documents[] =
    "capabilities:\n"
    "  - {capability-type: FCI.Metadata, capability-value: {metadata: [MI.A]},\n"
    "     footprints: [everywhere]}\n"
    "network-maps:\n"
    "  netmap:\n"
    "    default: true\n"
    "    pids:\n"
    "      a: {ipv4: [192.0.2.0/24, 198.51.100.0/25]}\n"
    "      b: {ipv4: [198.51.100.128/25]}\n"
    "      rest: {ipv4: [0.0.0.0/0], ipv6: [\"::/0\"]}\n"
    "  v4:\n"
    "    pids:\n"
    "      all: {ipv4: [0.0.0.0/0]}\n";

static const spot_t spots[] = {{"192.0.2.0/24", "DE", NULL, 64496},
                               {"192.0.2.32/28", NULL, NULL, 64497},
                               {"198.51.100.0/24", "US", "NY", 0},
                               {"2001:db8::/33", "MX", NULL, 64498}};
static const joined_options_t joined = {.places = spots,
                                        .place_count = sizeof spots / sizeof *spots};

/* ---- answers ---- */

#define ASK(properties, endpoints) "{\"properties\":[" properties "],\"endpoints\":[" endpoints "]}"
#define PID                        "\"netmap.pid\""
#define MEMBERS                    "\"endpoint-properties\":"

static const struct {
    const char *request, *want; /* from "endpoint-properties" on, without the last brace */
} answers[] = {
    {ASK(PID, "\"ipv4:192.0.2.34\",\"ipv4:203.0.113.129\""),
     "{\"ipv4:192.0.2.34\":{\"netmap.pid\":\"a\"},\"ipv4:203.0.113.129\":{\"netmap.pid\":\"rest\"}"
     "}"},
    /* Longest match. */
    {ASK(PID, "\"ipv4:198.51.100.127\",\"ipv4:198.51.100.128\""),
     "{\"ipv4:198.51.100.127\":{\"netmap.pid\":\"a\"},\"ipv4:198.51.100.128\":{\"netmap.pid\":"
     "\"b\"}}"},
    /* Every property is asked once; the order is that of prop-types. */
    {ASK("\"priv:asn\",\"v4.pid\"," PID ",\"priv:countrycode\",\"priv:subdivisioncode\"," PID,
         "\"ipv4:192.0.2.1\""),
     "{\"ipv4:192.0.2.1\":{\"netmap.pid\":\"a\",\"v4.pid\":\"all\",\"priv:asn\":\"as64496\","
     "\"priv:countrycode\":\"de\"}}"},
    {ASK("\"priv:asn\",\"priv:subdivisioncode\"", "\"ipv4:198.51.100.1\",\"ipv6:2001:db8::1\""),
     "{\"ipv4:198.51.100.1\":{\"priv:subdivisioncode\":\"us-ny\"},\"ipv6:2001:db8::1\":{"
     "\"priv:asn\":\"as64498\"}}"},
    /* D20: what has no value is left out, and the endpoint stays. */
    {ASK("\"priv:asn\"", "\"ipv4:203.0.113.1\",\"ipv4:192.0.2.33\""),
     "{\"ipv4:203.0.113.1\":{},\"ipv4:192.0.2.33\":{\"priv:asn\":\"as64497\"}}"},
    /* D6: the client's spelling, each once. */
    {ASK(PID, "\"ipv6:2001:db8::1\",\"ipv6:2001:DB8:0:0:0:0:0:1\",\"ipv6:2001:db8::1\""),
     "{\"ipv6:2001:db8::1\":{\"netmap.pid\":\"rest\"},\"ipv6:2001:DB8:0:0:0:0:0:1\":{"
     "\"netmap.pid\":\"rest\"}}"},
    {ASK(PID, "\"ipv4:192.0.2.1\",\"ipv\\u0034:192.0.2.1\""),
     "{\"ipv4:192.0.2.1\":{\"netmap.pid\":\"a\"}}"},
    /* An IPv4-mapped address is of IPv6. */
    {ASK(PID, "\"ipv6:::ffff:192.0.2.1\",\"ipv6:::\""),
     "{\"ipv6:::ffff:192.0.2.1\":{\"netmap.pid\":\"rest\"},\"ipv6:::\":{\"netmap.pid\":\"rest\"}}"},
    {"{\"endpoints\":[\"ipv4:0.0.0.0\"],\"more\":null,\"properties\":[" PID "]}",
     "{\"ipv4:0.0.0.0\":{\"netmap.pid\":\"rest\"}}"},
};

static void test_answers(void **state)
{
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        alto_answer_t answer;
        buf_t text = fixture_post(*state, PATH, answers[i].request, &answer), want = BUF_INIT;
        assert_int_equal(answer.status, 200);
        assert_string_equal(answer.media_type, "application/alto-endpointprop+json");
        buf_printf(&want, MEMBERS "%s}", answers[i].want);
        buf_append_char(&want, '\0');
        const char *at = strstr(text.ptr, MEMBERS);
        if (!at || strcmp(at, want.ptr) != 0) {
            fail_msg("%s\n got %s\nwant %s", answers[i].request, text.ptr, want.ptr);
        }
        buf_release(&want);
        buf_release(&text);
    }
}

/* Of the network maps whose PIDs are asked for, and of no others (RFC 7285 11.4.1.6). */
static void test_vtags(void **state)
{
    static const struct {
        const char *properties, *maps[2];
    } cases[] = {{PID, {"/netmap"}},
                 {"\"v4.pid\"", {"/v4"}},
                 {"\"v4.pid\",\"priv:asn\"," PID, {"/netmap", "/v4"}},
                 {"\"priv:asn\"", {NULL}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_t request = BUF_INIT, want = BUF_INIT;
        alto_answer_t answer;
        buf_printf(&request, "{\"properties\":[%s],\"endpoints\":[\"ipv4:192.0.2.1\"]}",
                   cases[i].properties);
        buf_append_char(&request, '\0');
        buf_append_str(&want, "{\"meta\":{");
        for (size_t k = 0; k < 2 && cases[i].maps[k]; k++) {
            buf_printf(&want, "%s{\"resource-id\":\"%s\",\"tag\":\"%s\"}",
                       k ? "," : "\"dependent-vtags\":[", cases[i].maps[k] + 1,
                       fixture_tag(*state, cases[i].maps[k]));
        }
        buf_append_str(&want, cases[i].maps[0] ? "]}," MEMBERS : "}," MEMBERS);
        buf_t text = fixture_post(*state, PATH, request.ptr, &answer);
        assert_int_equal(answer.status, 200);
        assert_memory_equal(text.ptr, want.ptr, want.len);
        buf_release(&text);
        buf_release(&want);
        buf_release(&request);
    }
}

/* ---- errors ---- */

#define ONE  "\"ipv4:192.0.2.1\""
#define NOTE "\"endpoints\":[" ONE "]"

static const error_case_t errors[] = {
    {"", "E_SYNTAX"},
    {"[]", "E_SYNTAX"},
    {"{\"properties\":[" PID "]," NOTE "} x", "E_SYNTAX"},
    {"{\"properties\":[" PID "]," NOTE "," NOTE "}", "E_SYNTAX"},
    /* What is missing, then types, then values, each by the order of the fields. */
    {"{}", MISSING("properties")},
    {"{" NOTE "}", MISSING("properties")},
    {"{\"Properties\":[" PID "]," NOTE "}", MISSING("properties")},
    {"{\"endpoints\":7}", MISSING("properties")},
    {"{\"properties\":[" PID "]}", MISSING("endpoints")},
    {"{\"properties\":null}", MISSING("endpoints")},
    {"{\"properties\":null,\"endpoints\":7}", TYPED("properties")},
    {"{\"properties\":" PID "," NOTE "}", TYPED("properties")},
    {"{\"properties\":[\"no\"],\"endpoints\":{}}", TYPED("endpoints")},
    {"{\"properties\":[\"no\"],\"endpoints\":null}", TYPED("endpoints")},
    {ASK("", ONE), VALUE("properties", "[]")},
    {ASK("", "7"), VALUE("properties", "[]")},
    {ASK(PID, ""), VALUE("endpoints", "[]")},
    {ASK("\"no\"", ""), VALUE("properties", "no")},
    {ASK("7", ONE), VALUE("properties", "7")},
    {ASK(PID ",[\"a\"]", ONE), VALUE("properties", "[\\\"a\\\"]")},
    {ASK("null", ONE), VALUE("properties", "null")},
    /* D19: not without the map; nor what the property map has it as, or has besides. */
    {ASK("\"pid\"", ONE), VALUE("properties", "pid")},
    {ASK("\"other.pid\"", ONE), VALUE("properties", "other.pid")},
    {ASK("\"NETMAP.pid\"", ONE), VALUE("properties", "NETMAP.pid")},
    {ASK("\".priv:asn\"", ONE), VALUE("properties", ".priv:asn")},
    {ASK("\"cdni.cdni-capabilities\"", ONE), VALUE("properties", "cdni.cdni-capabilities")},
    {ASK(PID, "7"), VALUE("endpoints", "7")},
    {ASK(PID, ONE ",null"), VALUE("endpoints", "null")},
    {ASK(PID, ONE ",\"\""), VALUE("endpoints", "")},
    {ASK(PID, "\"ipv4:\""), VALUE("endpoints", "ipv4:")},
    {ASK(PID, "\"192.0.2.1\""), VALUE("endpoints", "192.0.2.1")},
    {ASK(PID, "\"ipv4:192.0.2.010\""), VALUE("endpoints", "ipv4:192.0.2.010")},
    {ASK(PID, "\"ipv4:192.0.2\""), VALUE("endpoints", "ipv4:192.0.2")},
    {ASK(PID, "\"ipv4:192.0.2.1/32\""), VALUE("endpoints", "ipv4:192.0.2.1/32")},
    {ASK(PID, "\"ipv4: 192.0.2.1\""), VALUE("endpoints", "ipv4: 192.0.2.1")},
    {ASK(PID, "\"ipv4:2001:db8::1\""), VALUE("endpoints", "ipv4:2001:db8::1")},
    {ASK(PID, "\"ipv6:192.0.2.1\""), VALUE("endpoints", "ipv6:192.0.2.1")},
    {ASK(PID, "\"ipv6:2001:db8::/32\""), VALUE("endpoints", "ipv6:2001:db8::/32")},
    {ASK(PID, "\"ipv6:[::1]\""), VALUE("endpoints", "ipv6:[::1]")},
    {ASK(PID, "\"ipv6:fe80::1%eth0\""), VALUE("endpoints", "ipv6:fe80::1%eth0")},
    {ASK(PID, "\"IPv4:192.0.2.1\""), VALUE("endpoints", "IPv4:192.0.2.1")},
    {ASK(PID, "\"mac:00-11\""), VALUE("endpoints", "mac:00-11")},
    {ASK(PID, "\"netmap.pid:a\""), VALUE("endpoints", "netmap.pid:a")},
};

static void test_errors(void **state)
{
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        check_error(*state, PATH, &errors[i]);
    }
}

static void test_limits(void **state)
{
    static const char head[] = "{\"properties\":[" PID "],\"endpoints\":[";
    buf_t request = BUF_INIT;
    many(head, ONE, 65536, "]}", &request);
    check_status(*state, PATH, &request, 0, 200);
    check_status(*state, PATH, &request, 65535, 413);
    many(head, ONE, 65537, "]}", &request);
    check_status(*state, PATH, &request, 0, 413);
    many(head, "7", 4, "]}", &request);
    check_status(*state, PATH, &request, 3, 413);
    check_status(*state, PATH, &request, 4, 400);
    many("{\"properties\":[", PID, 4, "],\"endpoints\":[" ONE "]}", &request);
    check_status(*state, PATH, &request, 3, 413);
    check_status(*state, PATH, &request, 4, 200);
    /* No way around the limit of entities of the property map. */
    const joined_options_t few = {.max_entities = 3};
    snapshot_t *s = joined_one(documents, &few);
    many(head, ONE, 4, "]}", &request);
    check_status(s, PATH, &request, 100, 413);
    many(head, ONE, 3, "]}", &request);
    check_status(s, PATH, &request, 100, 200);
    snapshot_unref(s);
    buf_release(&request);
}

static void test_cost(void **state)
{
    const resource_t *r = fixture_resource(*state, PATH);
    static char body[1 << 20];
    assert_true(r->kind->cost(r, slice_of(body, 100)) < 1000);
    assert_true(r->kind->cost(r, slice_of(body, sizeof body)) > 10000);
}

/* ---- what is offered ---- */

/* A resource of the same maps, with or without what databases say. */
static slice_t prop_types(const snapshot_t *s, bool geo_properties, arena_t *arena,
                          alto_answer_t *answer)
{
    static const char request[] = ASK("\"priv:asn\"", ONE);
    const property_map_content_t *shown = fixture_resource(s, "/propmap-filtered")->content;
    property_map_content_t *maps = NULL;
    endpoint_property_content_t *c = NULL;
    fragments_t fragments;
    assert_int_equal(fragments_init(&fragments, NULL), ERR_OK);
    property_map_input_t in = shown->in;
    in.arena = arena;
    in.fragments = &fragments;
    in.geo_properties = geo_properties;
    assert_int_equal(property_map_build(&in, &maps), ERR_OK);
    assert_int_equal(endpoint_property_build(maps, arena, &c), ERR_OK);
    const resource_t r = {.kind = &resource_kind_endpoint_property, .content = c};
    assert_int_equal(r.kind->answer(&r, slice_str(request), NULL, arena, answer), ERR_OK);
    fragments_release(&fragments);
    return endpoint_property_capabilities(c, arena);
}

static void test_what_a_profile_shows(void **state)
{
    arena_t arena;
    alto_answer_t answer;
    arena_init(&arena, 0);
    assert_string_equal(prop_types(*state, true, &arena, &answer).ptr,
                        "{\"prop-types\":[\"netmap.pid\",\"v4.pid\",\"priv:asn\","
                        "\"priv:countrycode\",\"priv:subdivisioncode\"]}");
    assert_int_equal(answer.status, 200);
    assert_string_equal(prop_types(*state, false, &arena, &answer).ptr,
                        "{\"prop-types\":[\"netmap.pid\",\"v4.pid\"]}");
    assert_int_equal(answer.status, 400);
    arena_release(&arena);
}

/* A map that others see has no property here, and leaves no trace. */
static void test_hidden_maps(void **state)
{
    (void)state;
    const fixture_file_t files[] = {{"a.yaml", documents},
                                    {"b.yaml", "audience: [ucdn-a]\n"
                                               "network-maps:\n"
                                               "  secret: {pids: {x: {ipv4: [0.0.0.0/0]}}}\n"}};
    snapshot_t *s = joined_snapshot(files, 2, NULL);
    static const error_case_t hidden = {ASK("\"secret.pid\"", ONE),
                                        VALUE("properties", "secret.pid")};
    check_error(s, PATH, &hidden);
    buf_t directory = fixture_body(s, "/");
    buf_append_char(&directory, '\0');
    assert_non_null(strstr(directory.ptr, "{\"prop-types\":[\"netmap.pid\",\"v4.pid\"]}"));
    buf_release(&directory);
    snapshot_unref(s);
}

/* RFC 7285 7.1.1: there is always a map, and its PIDs. */
static void test_the_map_that_nobody_wrote(void **state)
{
    (void)state;
    snapshot_t *s = joined_one("version: 1\n", NULL);
    alto_answer_t answer;
    buf_t text = fixture_post(s, PATH, ASK(PID, ONE), &answer);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(text.ptr, MEMBERS "{" ONE ":{" PID ":\"pid-default\"}}}"));
    buf_release(&text);
    snapshot_unref(s);
}

/* ---- memory ---- */

static const struct {
    const char *request;
    int status;
} swept[] = {
    {ASK(PID ",\"v4.pid\",\"priv:asn\"", ONE ",\"ipv6:::1\",\"ipv4:192.0.2.2\""), 200},
    {ASK(PID, ""), 400},
    {ASK(PID, "7"), 400},
    {"{", 400},
};

/* Every allocation fails once, of the answer and of the tree: ERR_NOMEM, and nothing is lost. */
static void test_memory(void **state)
{
    const resource_t *r = fixture_resource(*state, PATH);
    long live = failmalloc_live();
    for (size_t i = 0; i < 2 * sizeof swept / sizeof *swept; i++) {
        bool tree = i % 2, refused = true;
        size_t n = 1;
        for (; refused; n++) {
            arena_t arena;
            nodes_t nodes;
            node_t *root = NULL;
            alto_answer_t answer = {0};
            slice_t request = slice_str(swept[i / 2].request);
            arena_init(&arena, 0);
            nodes_init(&nodes, NULL, NULL);
            failmalloc_arm(n);
            err_t err = tree ? r->kind->tree(r, request, NULL, &arena, &answer, &nodes, &root)
                             : r->kind->answer(r, request, NULL, &arena, &answer);
            refused = failmalloc_disarm();
            assert_int_equal(err, refused ? ERR_NOMEM : ERR_OK);
            assert_true(refused || answer.status == swept[i / 2].status);
            assert_true(refused || !tree || (root != NULL) == (answer.status == 200));
            nodes_release(&nodes);
            arena_release(&arena);
        }
        assert_true(n > 2);
        assert_int_equal(failmalloc_live(), live);
    }
}

static int setup(void **state)
{
    *state = joined_one(documents, &joined);
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
        cmocka_unit_test(test_answers),     cmocka_unit_test(test_vtags),
        cmocka_unit_test(test_errors),      cmocka_unit_test(test_limits),
        cmocka_unit_test(test_cost),        cmocka_unit_test(test_what_a_profile_shows),
        cmocka_unit_test(test_hidden_maps), cmocka_unit_test(test_the_map_that_nobody_wrote),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
