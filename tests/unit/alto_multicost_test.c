/*
 * Several cost types in one request, and tests of some by others (RFC 8189): every rule and error,
 * with each capability and without it, and random requests against a naive evaluation.
 */
#include "failmalloc.h"
#include "fixture.h"
#include "prng.h"

#include "footprintd/alto/costs.h"

#include <math.h>

#define ROUTING "{\"cost-mode\":\"numerical\",\"cost-metric\":\"routingcost\"}"
#define HOPS    "{\"cost-mode\":\"numerical\",\"cost-metric\":\"hopcount\"}"
#define RANKS   "{\"cost-mode\":\"ordinal\",\"cost-metric\":\"routingcost\"}"
#define MULTI   "\"multi-cost-types\":[" ROUTING "," HOPS "]"
#define ONE     "\"cost-type\":" ROUTING

/* The costs of the constructed examples. */
static const char documents[] =
    "network-maps:\n"
    "  m:\n"
    "    default: true\n"
    "    pids:\n"
    "      PID1: {ipv4: [192.0.2.0/24, 198.51.100.0/25]}\n"
    "      PID2: {ipv4: [198.51.100.128/25]}\n"
    "      PID3: {ipv4: [0.0.0.0/0], ipv6: [\"::/0\"]}\n"
    "  other:\n"
    "    pids:\n"
    "      PID2: {ipv4: [192.0.2.0/24]}\n"
    "      rest: {ipv4: [0.0.0.0/0], ipv6: [\"::/0\"]}\n"
    "cost-maps:\n"
    "  routing:\n"
    "    {network-map: m, cost-metric: routingcost, cost-mode: numerical, costs:\n"
    "     {PID3: {PID1: 20, PID2: 15}, PID1: {PID1: 1, PID2: 5, PID3: 10},\n"
    "      PID2: {PID1: 5, PID2: 1, PID3: 15}}}\n"
    "  hops:\n"
    "    {network-map: m, cost-metric: hopcount, cost-mode: numerical, costs:\n"
    "     {PID1: {PID1: 0, PID2: 3, PID3: 7}, PID2: {PID1: 3, PID2: 0, PID3: 9},\n"
    "      PID3: {PID1: 7, PID3: 2}}}\n"
    "  elsewhere:\n"
    "    {network-map: other, cost-metric: delay-ow, cost-mode: numerical, costs:\n"
    "     {PID2: {rest: 250.5}}}\n";

/* The filtered cost map with these terms; all else is as it is. */
typedef struct terms {
    size_t max_types;
    bool testable[8]; /* of the offers by name: num-hopcount, num-routingcost, ord-... */
} terms_t;

static const terms_t full = {4, {true, true, true, true}};
static const terms_t two = {2, {true, true, true, true}};
static const terms_t hops_only = {2, {true}};
static const terms_t base = {0, {true, true, true, true}};
static const terms_t untested = {0, {false}};
static const terms_t multi_untested = {2, {false}};

typedef struct special {
    cost_offer_t offers[8];
    cost_space_t space;
    resource_t resource;
} special_t;

static void make_special(const snapshot_t *s, const terms_t *terms, special_t *out)
{
    const resource_t *r = fixture_resource(s, "/routing-filtered");
    const cost_space_t *space = r->content;
    assert_int_equal(space->offer_count, 4);
    memcpy(out->offers, space->offers, 4 * sizeof *out->offers);
    for (size_t i = 0; i < 4; i++) {
        out->offers[i].testable = terms->testable[i];
    }
    out->space = *space;
    out->space.offers = out->offers;
    out->space.max_types = terms->max_types;
    out->resource = *r;
    out->resource.content = &out->space;
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

/* ---- what is offered ---- */

static void check_terms(const snapshot_t *s, const terms_t *terms, const char *want)
{
    special_t special;
    arena_t arena;
    arena_init(&arena, 0);
    make_special(s, terms, &special);
    const cost_terms_t t = cost_space_terms(&special.space);
    assert_true(slice_is(cost_capabilities(&t, &arena), want));
    arena_release(&arena);
}

#define NAMES                                                                                      \
    "{\"cost-type-names\":[\"num-hopcount\",\"num-routingcost\",\"ord-hopcount\","                 \
    "\"ord-routingcost\"]"

static void test_capabilities(void **state)
{
    check_terms(*state, &full, NAMES ",\"cost-constraints\":true,\"max-cost-types\":4}");
    check_terms(*state, &hops_only,
                NAMES ",\"max-cost-types\":2,\"testable-cost-type-names\":[\"num-hopcount\"]}");
    check_terms(*state, &base, NAMES ",\"cost-constraints\":true}");
    check_terms(*state, &untested, NAMES "}");
    check_terms(*state, &multi_untested, NAMES ",\"max-cost-types\":2}");
    buf_t ird = fixture_body(*state, "/directory");
    buf_append_char(&ird, '\0');
    assert_non_null(strstr(ird.ptr, "\"uses\":[\"m\"]},\"routing-filtered\":{\"uri\":\"/routing-"
                                    "filtered\",\"media-type\":\"application/alto-costmap+json\","
                                    "\"accepts\":\"application/alto-costmapfilter+json\","
                                    "\"capabilities\":" NAMES
                                    ",\"cost-constraints\":true,\"max-cost-types\":4}"));
    assert_non_null(strstr(ird.ptr, "\"num-delay-ow\",\"num-hopcount\",\"num-routingcost\",\"ord-"
                                    "delay-ow\",\"ord-hopcount\",\"ord-routingcost\"],\"cost-"
                                    "constraints\":true,\"max-cost-types\":6}"));
    buf_release(&ird);
}

/* ---- answers ---- */

static const addr_t client = {FAMILY_IPV4, .u.v4 = 0xc6336482}; /* 198.51.100.130 */
static const alto_limits_t known = {.client = &client};

/* Also: that what a tree says is what a POST is answered with. */
static buf_t post(const resource_t *r, const char *request, int status)
{
    alto_answer_t answer, refused = {0};
    arena_t arena;
    nodes_t nodes;
    node_t *root = NULL;
    buf_t out = BUF_INIT, tree = BUF_INIT;
    arena_init(&arena, 0);
    nodes_init(&nodes, NULL, NULL);
    (void)r->kind->cost(r, slice_str(request));
    assert_int_equal(r->kind->answer(r, slice_str(request), &known, &arena, &answer), ERR_OK);
    for (size_t i = 0; i < answer.count; i++) {
        buf_append_slice(&out, answer.segments[i]);
    }
    buf_append_char(&out, '\0');
    if (answer.status != status) {
        fail_msg("%d: %s for %s", answer.status, out.ptr, request);
    }
    assert_int_equal(r->kind->tree(r, slice_str(request), &known, &arena, &refused, &nodes, &root),
                     ERR_OK);
    assert_true((root != NULL) == (status == 200));
    if (root) {
        node_write(root, &tree);
        assert_true(slice_is(buf_slice(&tree), out.ptr));
        assert_int_equal(root->size, tree.len);
    } else {
        assert_int_equal(refused.status, status);
    }
    buf_release(&tree);
    nodes_release(&nodes);
    arena_release(&arena);
    return out;
}

static void compare(const char *request, const buf_t *text, const char *member, const char *want)
{
    arena_t arena;
    buf_t made = BUF_INIT;
    arena_init(&arena, 0);
    const json_value_t *got = json_get(fixture_json(&arena, slice_str(text->ptr)), member);
    assert_non_null(got);
    json_write_value(&made, got);
    if (!slice_is(buf_slice(&made), want)) {
        fail_msg("%.*s\nnot\n%s\nfor %s", SLICE_ARG(buf_slice(&made)), want, request);
    }
    buf_release(&made);
    arena_release(&arena);
}

#define PAIR(a, b) "\"pids\":{\"srcs\":[\"" a "\"],\"dsts\":[\"" b "\"]}"
static const struct {
    const terms_t *terms;
    const char *request, *map;
} answers[] = {
    {&two, "{" MULTI "}",
     "{\"PID1\":{\"PID1\":[1,0],\"PID2\":[5,3],\"PID3\":[10,7]},"
     "\"PID2\":{\"PID1\":[5,3],\"PID2\":[1,0],\"PID3\":[15,9]},"
     "\"PID3\":{\"PID1\":[20,7],\"PID2\":[15,null],\"PID3\":[null,2]}}"},
    {&two, "{\"multi-cost-types\":[" ROUTING "]," PAIR("PID1", "PID2") "}",
     "{\"PID1\":{\"PID2\":[5]}}"},
    /* A pair without a cost of any type is not there. */
    {&two, "{\"multi-cost-types\":[" ROUTING "],\"pids\":{\"srcs\":[\"PID3\"],\"dsts\":[]}}",
     "{\"PID3\":{\"PID1\":[20],\"PID2\":[15]}}"},
    {&two, "{\"multi-cost-types\":[" ROUTING "]," PAIR("PID3", "PID3") "}", "{}"},
    {&two, "{" MULTI ",\"or-constraints\":[[\"[0] le 5\",\"[1] le 3\"],[\"[1] eq 7\"]]}",
     "{\"PID1\":{\"PID1\":[1,0],\"PID2\":[5,3],\"PID3\":[10,7]},"
     "\"PID2\":{\"PID1\":[5,3],\"PID2\":[1,0]},\"PID3\":{\"PID1\":[20,7]}}"},
    /* What is tested need not be shown. */
    {&hops_only, "{" ONE ",\"testable-cost-types\":[" HOPS "],\"constraints\":[\"[0] le 3\"]}",
     "{\"PID1\":{\"PID1\":1,\"PID2\":5},\"PID2\":{\"PID1\":5,\"PID2\":1}}"},
    {&hops_only, "{" MULTI ",\"constraints\":[\"[1] gt 7\"]}", "{\"PID2\":{\"PID3\":[15,9]}}"},
    /* Twice the same, and the ranks of one column next to it. */
    {&full, "{\"multi-cost-types\":[" HOPS "," HOPS "," RANKS "],\"constraints\":[\"[1] gt 0\"]}",
     "{\"PID1\":{\"PID2\":[3,3,2],\"PID3\":[7,7,3]},\"PID2\":{\"PID1\":[3,3,2],"
     "\"PID3\":[9,9,4]},\"PID3\":{\"PID1\":[7,7,5],\"PID3\":[2,2,null]}}"},
    /* Ranks are of what is asked for, before the tests. */
    {&full,
     "{\"multi-cost-types\":[" RANKS "],\"testable-cost-types\":[" ROUTING "," HOPS
     "],\"constraints\":[\"[0] ge 15\",\"[1] ge 0\"]}",
     "{\"PID2\":{\"PID3\":[4]},\"PID3\":{\"PID1\":[5]}}"},
    {&two, "{\"cost-type\":{}," MULTI "," PAIR("PID1", "PID1") "}", "{\"PID1\":{\"PID1\":[1,0]}}"},
    {&two, "{" ONE ",\"or-constraints\":[[\"lt 2\"],[\" [0]\\tgt  15 \"]]}",
     "{\"PID1\":{\"PID1\":1},\"PID2\":{\"PID2\":1},\"PID3\":{\"PID1\":20}}"},
    {&two, "{" ONE ",\"or-constraints\":[[\"gt 5\",\"lt 5\"]]}", "{}"},
    {&untested, "{" ONE ",\"constraints\":[]," PAIR("PID1", "PID2") "}", "{\"PID1\":{\"PID2\":5}}"},
    {&multi_untested, "{" MULTI ",\"constraints\":[]," PAIR("PID1", "PID2") "}",
     "{\"PID1\":{\"PID2\":[5,3]}}"},
    {&two, "{" ONE ",\"constraints\":[],\"or-constraints\":[[\"lt 2\"]]," PAIR("PID1", "PID1") "}",
     "{\"PID1\":{\"PID1\":1}}"},
    /* Where multi-cost is not known, its members are as any that are not known. */
    {&base, "{" ONE ",\"multi-cost-types\":7,\"testable-cost-types\":[]," PAIR("PID1", "PID2") "}",
     "{\"PID1\":{\"PID2\":5}}"},
    /* Of a cost-context only the form counts (RFC 9439), of the rest nothing. */
    {&two,
     "{\"multi-cost-types\":[{\"cost-metric\":\"hopcount\",\"cost-mode\":\"numerical\","
     "\"cost-context\":{\"cost-source\":\"sla\",\"x\":[]},\"description\":5}]," PAIR("PID1",
                                                                                     "PID2") "}",
     "{\"PID1\":{\"PID2\":[3]}}"},
};

static void test_answers(void **state)
{
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        special_t special;
        make_special(*state, answers[i].terms, &special);
        buf_t text = post(&special.resource, answers[i].request, 200);
        compare(answers[i].request, &text, "cost-map", answers[i].map);
        buf_release(&text);
    }
}

static void test_meta(void **state)
{
    const resource_t *r = fixture_resource(*state, "/routing-filtered");
    buf_t want = BUF_INIT,
          text = post(r,
                      "{\"multi-cost-types\":[{\"cost-metric\":\"hopcount\","
                      "\"cost-mode\":\"ordinal\",\"description\":\"x\"}," ROUTING "]}",
                      200);
    buf_printf(
        &want,
        "{\"dependent-vtags\":[{\"resource-id\":\"m\",\"tag\":\"%s\"}],\"cost-type\":{},"
        "\"multi-cost-types\":[{\"cost-mode\":\"ordinal\",\"cost-metric\":\"hopcount\"}," ROUTING
        "]}",
        fixture_tag(*state, "/m"));
    buf_append_char(&want, '\0');
    compare("", &text, "meta", want.ptr);
    buf_release(&text);
    buf_release(&want);
}

#define E1    "ipv4:192.0.2.2"
#define DELAY "{\"cost-metric\":\"delay-ow\",\"cost-mode\":\"numerical\"}"

/* Each type has its own network map, in which an address has a PID of its own. */
static void test_endpoints(void **state)
{
    static const char request[] =
        "{\"multi-cost-types\":[" ROUTING "," DELAY "],\"endpoints\":{\"srcs\":[\"" E1
        "\"],\"dsts\":[\"ipv4:192.0.2.89\",\"ipv4:198.51.100.200\",\"ipv6:::1\"]}";
    const resource_t *r = fixture_resource(*state, "/endpoint-cost");
    buf_t text = BUF_INIT, got;
    buf_printf(&text, "%s}", request);
    buf_append_char(&text, '\0');
    got = post(r, text.ptr, 200);
    compare(text.ptr, &got, "endpoint-cost-map",
            "{\"" E1 "\":{\"ipv4:192.0.2.89\":[1,null],\"ipv4:198.51.100.200\":[5,250.5],"
            "\"ipv6:::1\":[10,250.5]}}");
    compare(text.ptr, &got, "meta",
            "{\"cost-type\":{},\"multi-cost-types\":[" ROUTING
            ",{\"cost-mode\":\"numerical\",\"cost-metric\":\"delay-ow\"}]}");
    buf_release(&got);
    buf_clear(&text);
    buf_printf(&text, "%s,\"constraints\":[\"[1] gt 1\",\"lt 10\"]}", request);
    buf_append_char(&text, '\0');
    got = post(r, text.ptr, 200);
    compare(text.ptr, &got, "endpoint-cost-map",
            "{\"" E1 "\":{\"ipv4:198.51.100.200\":[5,250.5]}}");
    buf_release(&got);
    buf_release(&text);
    got = post(r,
               "{\"cost-type\":" ROUTING ",\"testable-cost-types\":[" DELAY
               "],\"constraints\":[\"lt 251\"],\"endpoints\":{\"srcs\":[\"" E1
               "\"],\"dsts\":[\"ipv4:192.0.2.89\",\"ipv6:::1\"]}}",
               200);
    compare("", &got, "endpoint-cost-map", "{\"" E1 "\":{\"ipv6:::1\":10}}");
    buf_release(&got);
}

/* ---- errors ---- */

#define VALUE(field, value)                                                                        \
    "{\"code\":\"E_INVALID_FIELD_VALUE\",\"field\":\"" field "\",\"value\":\"" value "\"}"
#define MISSING(field) "{\"code\":\"E_MISSING_FIELD\",\"field\":\"" field "\"}"
#define WRONG(field)   "{\"code\":\"E_INVALID_FIELD_TYPE\",\"field\":\"" field "\"}"
#define ROUTING_TEXT   "{\\\"cost-mode\\\":\\\"numerical\\\",\\\"cost-metric\\\":\\\"routingcost\\\"}"
#define RANKS_TEXT     "{\\\"cost-mode\\\":\\\"ordinal\\\",\\\"cost-metric\\\":\\\"routingcost\\\"}"
#define TESTED(list)   "{" MULTI ",\"testable-cost-types\":" list "}"

static const struct {
    const terms_t *terms;
    const char *request, *meta;
} errors[] = {
    {&two, "{}", MISSING("cost-type")},
    {&two, "{" ONE "," MULTI "}", VALUE("cost-type", ROUTING_TEXT)},
    {&two, "{\"cost-type\":{}}", MISSING("cost-type/cost-metric")},
    {&base, "{" MULTI "}", MISSING("cost-type")},
    {&base, "{\"cost-type\":{}," MULTI "}", MISSING("cost-type/cost-metric")},
    {&two, "{\"cost-type\":{\"x\":1}," MULTI "}", MISSING("cost-type/cost-metric")},
    {&two, "{\"cost-type\":[]," MULTI "}", WRONG("cost-type")},
    {&two, "{\"cost-type\":{\"cost-metric\":\"x\",\"cost-mode\":\"numerical\"}," MULTI "}",
     VALUE("cost-type/cost-metric", "x")},
    {&two, "{\"multi-cost-types\":{}}", WRONG("multi-cost-types")},
    {&two, "{\"multi-cost-types\":null}", WRONG("multi-cost-types")},
    {&two, "{\"multi-cost-types\":[]}", VALUE("multi-cost-types", "[]")},
    {&two, "{\"multi-cost-types\":[5]}", VALUE("multi-cost-types", "5")},
    {&two, "{\"multi-cost-types\":[" ROUTING ",[1]]}", VALUE("multi-cost-types", "[1]")},
    {&two, "{\"multi-cost-types\":[{}]}", MISSING("multi-cost-types/cost-metric")},
    {&two, "{\"multi-cost-types\":[5,{\"cost-metric\":7}]}", MISSING("multi-cost-types/cost-mode")},
    {&two, "{\"multi-cost-types\":[5,{\"cost-metric\":7,\"cost-mode\":\"\"}]}",
     WRONG("multi-cost-types/cost-metric")},
    {&two, "{\"multi-cost-types\":[{\"cost-metric\":\"\",\"cost-mode\":{}}]}",
     WRONG("multi-cost-types/cost-mode")},
    {&two, "{\"multi-cost-types\":[" HOPS ",{\"cost-metric\":\"x\",\"cost-mode\":\"ordinal\"}]}",
     VALUE("multi-cost-types/cost-metric", "x")},
    {&two, "{\"multi-cost-types\":[{\"cost-metric\":\"hopcount\",\"cost-mode\":\"array\"}]}",
     VALUE("multi-cost-types/cost-mode", "array")},
    {&two, "{\"multi-cost-types\":[" ROUTING "," HOPS "," RANKS ",5]}",
     VALUE("multi-cost-types", RANKS_TEXT)},
    {&two, TESTED("{}"), WRONG("testable-cost-types")},
    {&two, TESTED("[]"), VALUE("testable-cost-types", "[]")},
    {&two, TESTED("[true]"), VALUE("testable-cost-types", "true")},
    {&two, TESTED("[{\"cost-mode\":1}]"), MISSING("testable-cost-types/cost-metric")},
    {&two, TESTED("[{\"cost-mode\":1,\"cost-metric\":\"x\"}]"),
     WRONG("testable-cost-types/cost-mode")},
    {&two, TESTED("[{\"cost-mode\":\"numerical\",\"cost-metric\":\"x\"}]"),
     VALUE("testable-cost-types/cost-metric", "x")},
    {&hops_only, "{" MULTI ",\"testable-cost-types\":[" ROUTING "],\"constraints\":[\"[0] le 3\"]}",
     VALUE("testable-cost-types", ROUTING_TEXT)},
    {&untested, "{" ONE ",\"constraints\":[\"le 5\"]}", VALUE("constraints", "le 5")},
    {&multi_untested, "{" MULTI ",\"constraints\":[\"le 5\"]}", VALUE("constraints", "le 5")},
    {&multi_untested, "{" ONE ",\"or-constraints\":[[\"le 5\"]]}",
     VALUE("or-constraints", "[[\\\"le 5\\\"]]")},
    {&base, "{" ONE ",\"or-constraints\":[[\"le 5\"]]}",
     VALUE("or-constraints", "[[\\\"le 5\\\"]]")},
    {&base, "{" ONE ",\"constraints\":[\"[0] le 5\"]}", VALUE("constraints", "[0] le 5")},
    {&two, "{" MULTI ",\"constraints\":[\"le 3\"],\"or-constraints\":[[\"le 3\"]]}",
     VALUE("or-constraints", "[[\\\"le 3\\\"]]")},
    {&two, "{" MULTI ",\"or-constraints\":\"x\"}", WRONG("or-constraints")},
    {&two, "{" MULTI ",\"or-constraints\":[]}", VALUE("or-constraints", "[]")},
    {&two, "{" MULTI ",\"or-constraints\":[[\"le 3\"],[]]}", VALUE("or-constraints", "[]")},
    {&two, "{" MULTI ",\"or-constraints\":[\"le 3\"]}", VALUE("or-constraints", "le 3")},
    {&two, "{" MULTI ",\"or-constraints\":[[[\"le 3\"]]]}",
     VALUE("or-constraints", "[\\\"le 3\\\"]")},
    {&two, "{" MULTI ",\"or-constraints\":[[\"le 3\",\"le\"]]}", VALUE("or-constraints", "le")},
    {&two, "{" MULTI ",\"constraints\":[\"[2] le 3\"]}", VALUE("constraints", "[2] le 3")},
    {&two, "{" ONE ",\"constraints\":[\"[1] le 3\"]}", VALUE("constraints", "[1] le 3")},
    {&two, "{" MULTI ",\"or-constraints\":[[\"[99] le 3\"]]}",
     VALUE("or-constraints", "[99] le 3")},
    {&hops_only, "{" MULTI ",\"constraints\":[\"[0] le 3\"]}", VALUE("constraints", "[0] le 3")},
    {&hops_only, "{" ONE ",\"constraints\":[\"le 3\"]}", VALUE("constraints", "le 3")},
    {&two, "{" MULTI ",\"constraints\":[\"[0]le 3\"]}", VALUE("constraints", "[0]le 3")},
    {&two, "{" MULTI ",\"constraints\":[\"[ 0] le 3\"]}", VALUE("constraints", "[ 0] le 3")},
    {&two, "{" MULTI ",\"constraints\":[\"[00] le 3\"]}", VALUE("constraints", "[00] le 3")},
    {&two, "{" MULTI ",\"constraints\":[\"[] le 3\"]}", VALUE("constraints", "[] le 3")},
    {&two, "{" MULTI ",\"constraints\":[\"[0\"]}", VALUE("constraints", "[0")},
    {&two, "{" MULTI ",\"constraints\":[\"[00000000000000000000\"]}",
     VALUE("constraints", "[00000000000000000000")},
    {&two, "{" MULTI ",\"constraints\":[\"[-1] le 3\"]}", VALUE("constraints", "[-1] le 3")},
    {&two,
     "{\"cost-type\":{\"cost-metric\":\"hopcount\",\"cost-mode\":\"numerical\","
     "\"cost-context\":\"sla\"}}",
     WRONG("cost-type/cost-context")},
    {&two,
     "{\"cost-type\":{\"cost-metric\":\"hopcount\",\"cost-mode\":\"numerical\","
     "\"cost-context\":{}}}",
     MISSING("cost-type/cost-context/cost-source")},
    {&two,
     "{\"cost-type\":{\"cost-metric\":\"hopcount\",\"cost-mode\":\"numerical\","
     "\"cost-context\":{\"cost-source\":null}}}",
     WRONG("cost-type/cost-context/cost-source")},
    {&two,
     "{\"multi-cost-types\":[{\"cost-metric\":\"hopcount\",\"cost-mode\":\"numerical\","
     "\"cost-context\":1}]}",
     WRONG("multi-cost-types/cost-context")},
    /* Types stand before tests, tests before lists; what they say of each other comes last. */
    {&two, "{" ONE "," MULTI ",\"pids\":{\"srcs\":[5],\"dsts\":[]}}", VALUE("pids/srcs", "5")},
    {&two, "{" MULTI ",\"constraints\":[5],\"or-constraints\":[]}", VALUE("constraints", "5")},
};

static void test_errors(void **state)
{
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        special_t special;
        make_special(*state, errors[i].terms, &special);
        buf_t text = post(&special.resource, errors[i].request, 400);
        compare(errors[i].request, &text, "meta", errors[i].meta);
        buf_release(&text);
    }
}

static void test_limits(void **state)
{
    static const struct {
        const char *request;
        size_t values;
        int status;
    } cases[] = {
        {"{" MULTI "}", 18, 200},
        {"{" MULTI "}", 17, 413},
        {"{" ONE ",\"testable-cost-types\":[" HOPS "],\"constraints\":[\"lt 9\"]}", 17, 413},
        {"{\"multi-cost-types\":[" HOPS "," HOPS "]}", 17, 413},
    };
    const resource_t *r = fixture_resource(*state, "/routing-filtered");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const alto_limits_t limits = {.cost_values = cases[i].values};
        alto_answer_t answer;
        buf_t text = fixture_post_limited(*state, "/routing-filtered", slice_str(cases[i].request),
                                          &limits, &answer);
        assert_int_equal(answer.status, cases[i].status);
        buf_release(&text);
    }
    const alto_limits_t few = {.filter_entries = 3};
    alto_answer_t answer;
    buf_t text = fixture_post_limited(
        *state, "/routing-filtered",
        SLICE_LIT("{" ONE ",\"or-constraints\":[[\"lt 1\",\"lt 2\"],[\"lt 3\",\"lt 4\"]]}"), &few,
        &answer);
    assert_int_equal(answer.status, 413);
    buf_release(&text);
    /* What is asked for is in the estimate. */
    assert_true(r->kind->cost(r, SLICE_LIT("{" MULTI "}")) < 1000);
}

/* ---- memory ---- */

static void test_nomem(void **state)
{
    static const char *const requests[] = {
        "{" MULTI ",\"or-constraints\":[[\"[0] le 5\",\"[1] le 3\"],[\"[1] eq 7\"]]}",
        "{\"multi-cost-types\":[" RANKS "],\"testable-cost-types\":[" HOPS
        "],\"constraints\":[\"ge 0\"]}",
        "{" MULTI ",\"or-constraints\":[[]]}",
    };
    const resource_t *r = fixture_resource(*state, "/routing-filtered");
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        long live = failmalloc_live();
        for (size_t n = 1;; n++) {
            arena_t arena;
            alto_answer_t answer;
            arena_init(&arena, 0);
            failmalloc_arm(n);
            err_t err = r->kind->answer(r, slice_str(requests[i]), NULL, &arena, &answer);
            bool refused = failmalloc_disarm();
            arena_release(&arena);
            assert_int_equal(err, refused ? ERR_NOMEM : ERR_OK);
            assert_int_equal(failmalloc_live(), live);
            if (!refused) {
                assert_true(n > 1);
                break;
            }
        }
        for (size_t n = 1;; n++) {
            arena_t arena;
            nodes_t nodes;
            node_t *root;
            alto_answer_t answer;
            arena_init(&arena, 0);
            nodes_init(&nodes, NULL, NULL);
            failmalloc_arm(n);
            err_t err = r->kind->tree(r, slice_str(requests[i]), NULL, &arena, &answer, &nodes,
                                      &root);
            bool refused = failmalloc_disarm();
            nodes_release(&nodes);
            arena_release(&arena);
            assert_int_equal(err, refused ? ERR_NOMEM : ERR_OK);
            assert_int_equal(failmalloc_live(), live);
            if (!refused) {
                break;
            }
        }
    }
}

/* ---- at random, against the definition ---- */

#define SIZE    5
#define METRICS 3

typedef struct world {
    double costs[METRICS][SIZE][SIZE]; /* NAN: none */
    snapshot_t *snapshot;
} world_t;

/* In order; some have texts that are short, and some long. */
static const double scale[8] = {0, 1.0 / 3, 2.5, 7, 1234.56, 12345.678, 1e9, 123456789012.5};

static void make_world(world_t *w, prng_t *p)
{
    buf_t text = BUF_INIT;
    buf_append_str(&text, "{\"network-maps\":{\"m\":{\"pids\":{");
    for (unsigned i = 0; i < SIZE; i++) {
        buf_printf(&text, "%s\"p%u\":{\"ipv4\":[\"10.%u.0.0/16\"]}", i ? "," : "", i, i);
    }
    buf_append_str(&text, "}}},\"cost-maps\":{");
    for (unsigned c = 0; c < METRICS; c++) {
        uint64_t density = 1 + prng_below(p, 10);
        buf_printf(&text,
                   "%s\"c%u\":{\"network-map\":\"m\",\"cost-metric\":\"priv:%u\",\"cost-mode\":"
                   "\"numerical\",\"costs\":{",
                   c ? "," : "", c, c);
        for (unsigned i = 0; i < SIZE; i++) {
            bool any = false;
            buf_printf(&text, "%s\"p%u\":{", i ? "," : "", i);
            for (unsigned k = 0; k < SIZE; k++) {
                w->costs[c][i][k] = (double)NAN;
                if (prng_below(p, 10) < density) {
                    w->costs[c][i][k] = scale[prng_below(p, 8)];
                    buf_printf(&text, "%s\"p%u\":%.17g", any ? "," : "", k, w->costs[c][i][k]);
                    any = true;
                }
            }
            buf_append_char(&text, '}');
        }
        buf_append_str(&text, "}}");
    }
    buf_append_str(&text, "}}");
    buf_append_char(&text, '\0');
    fixture_file_t file = {"a.json", text.ptr};
    w->snapshot = fixture_snapshot(&file, 1, NULL);
    buf_release(&text);
}

typedef struct column {
    unsigned metric;
    bool ordinal;
} column_t;

/* All pairs are asked for. */
static double value_of(const world_t *w, const column_t *c, unsigned i, unsigned k)
{
    double cost = w->costs[c->metric][i][k];
    if (!c->ordinal || isnan(cost)) {
        return cost;
    }
    double rank = 1;
    for (unsigned v = 0; v < 8 && scale[v] < cost; v++) {
        unsigned n = 0;
        while (n < SIZE * SIZE && w->costs[c->metric][n / SIZE][n % SIZE] != scale[v]) {
            n++;
        }
        rank += n < SIZE * SIZE;
    }
    return rank;
}

typedef struct asked {
    column_t shown[4], tested[3];
    unsigned shown_count, tested_count;
    bool multi, has_tested, any; /* any: or-constraints */
    unsigned groups, sizes[3];
    struct {
        unsigned index, operator;
        double value;
    } tests[3][3];
} asked_t;

static const char *const operators[] = {"gt", "lt", "ge", "le", "eq"};

static bool keeps(const world_t *w, const asked_t *q, unsigned i, unsigned k)
{
    bool keep = !q->groups;
    for (unsigned g = 0; g < q->groups; g++) {
        bool all = true;
        for (unsigned n = 0; n < q->sizes[g]; n++) {
            unsigned index = q->tests[g][n].index;
            double v = q->tests[g][n].value,
                   cost = value_of(w, q->has_tested ? &q->tested[index] : &q->shown[index], i, k);
            const bool results[] = {cost > v, cost < v, cost >= v, cost <= v, cost == v};
            all &= results[q->tests[g][n].operator];
        }
        keep |= all;
    }
    return keep;
}

static void write_type(buf_t *out, const column_t *c)
{
    buf_printf(out, "{\"cost-mode\":\"%s\",\"cost-metric\":\"priv:%u\"}",
               c->ordinal ? "ordinal" : "numerical", c->metric);
}

static unsigned draw_types(prng_t *p, column_t *out, unsigned most, bool one, buf_t *text)
{
    unsigned count = one ? 1 : 1 + (unsigned)prng_below(p, most);
    buf_append_str(text, one ? "" : "[");
    for (unsigned i = 0; i < count; i++) {
        out[i] = (column_t){(unsigned)prng_below(p, METRICS), prng_below(p, 2)};
        buf_append_str(text, i ? "," : "");
        write_type(text, &out[i]);
    }
    buf_append_str(text, one ? "" : "]");
    return count;
}

static void draw_tests(prng_t *p, asked_t *q, buf_t *text)
{
    unsigned choices = q->has_tested ? q->tested_count : q->shown_count;
    q->any = prng_below(p, 2);
    q->groups = q->any ? 1 + (unsigned)prng_below(p, 3) : (unsigned)prng_below(p, 2);
    if (!q->groups) {
        return;
    }
    buf_append_str(text, q->any ? ",\"or-constraints\":[" : ",\"constraints\":");
    for (unsigned g = 0; g < q->groups; g++) {
        buf_append_str(text, g ? ",[" : "[");
        q->sizes[g] = 1 + (unsigned)prng_below(p, 3);
        for (unsigned n = 0; n < q->sizes[g]; n++) {
            q->tests[g][n].index = (unsigned)prng_below(p, choices);
            q->tests[g][n].operator=(unsigned) prng_below(p, 5);
            q->tests[g][n].value = scale[prng_below(p, 8)];
            buf_append_str(text, n ? ",\"" : "\"");
            if (q->tests[g][n].index || prng_below(p, 2)) {
                buf_printf(text, "[%u] ", q->tests[g][n].index);
            }
            buf_printf(text, "%s %.17g\"", operators[q->tests[g][n].operator], q->tests[g][n].value);
        }
        buf_append_char(text, ']');
    }
    buf_append_str(text, q->any ? "]" : "");
}

static const json_value_t *pid(const json_value_t *v, unsigned i)
{
    char name[8];
    (void)snprintf(name, sizeof name, "p%u", i);
    return json_get(v, name);
}

static bool same(const json_value_t *got, double want)
{
    return isnan(want) ? got->kind == JSON_NULL
                       : got->kind == JSON_NUMBER && strtod(got->u.text.ptr, NULL) == want;
}

static void check(const world_t *w, const asked_t *q, const json_value_t *map, const char *request)
{
    unsigned pairs = 0, found = 0;
    for (unsigned i = 0; i < SIZE; i++) {
        const json_value_t *row = pid(map, i);
        pairs += row ? (unsigned)row->u.object.count : 0;
        for (unsigned k = 0; k < SIZE; k++) {
            const json_value_t *got = pid(row, k);
            bool any = false, good = true;
            for (unsigned c = 0; c < q->shown_count; c++) {
                double want = value_of(w, &q->shown[c], i, k);
                any |= !isnan(want);
                good &= !got || same(q->multi ? &got->u.array.items[c] : got, want);
            }
            any = any && keeps(w, q, i, k);
            found += any;
            if (any != (got != NULL) || !good ||
                (got && q->multi && got->u.array.count != q->shown_count)) {
                fail_msg("from %u to %u for %s", i, k, request);
            }
        }
    }
    assert_int_equal(pairs, found);
}

static void ask(const world_t *w, prng_t *p)
{
    asked_t q = {.multi = prng_below(p, 3) > 0, .has_tested = prng_below(p, 2)};
    buf_t text = BUF_INIT;
    arena_t arena;
    buf_append_str(&text, q.multi ? "{\"multi-cost-types\":" : "{\"cost-type\":");
    q.shown_count = draw_types(p, q.shown, 4, !q.multi, &text);
    if (q.has_tested) {
        buf_append_str(&text, ",\"testable-cost-types\":");
        q.tested_count = draw_types(p, q.tested, 3, false, &text);
    }
    draw_tests(p, &q, &text);
    buf_append_str(&text, "}");
    buf_append_char(&text, '\0');
    buf_t got = post(fixture_resource(w->snapshot, "/c0-filtered"), text.ptr, 200);
    arena_init(&arena, 0);
    check(w, &q, json_get(fixture_json(&arena, slice_str(got.ptr)), "cost-map"), text.ptr);
    arena_release(&arena);
    buf_release(&got);
    buf_release(&text);
}

static void test_random(void **state)
{
    (void)state;
    prng_t random = prng_start();
    for (unsigned i = 0; i < 30; i++) {
        world_t w;
        make_world(&w, &random);
        for (unsigned k = 0; k < 40; k++) {
            ask(&w, &random);
        }
        snapshot_unref(w.snapshot);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_capabilities), cmocka_unit_test(test_answers),
        cmocka_unit_test(test_meta),         cmocka_unit_test(test_endpoints),
        cmocka_unit_test(test_errors),       cmocka_unit_test(test_limits),
        cmocka_unit_test(test_nomem),        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
