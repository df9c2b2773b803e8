/*
 * Cost maps, filtered cost maps and endpoint costs (RFC 7285 11.2.3, 11.3.2, 11.5): every rule and
 * error of the requests, and random ones against a naive evaluation.
 */
#include "fixture.h"

#include "footprintd/alto/costs.h"
#include "prng.h"

#include <math.h>

#define NUM "\"cost-type\":{\"cost-mode\":\"numerical\",\"cost-metric\":\"routingcost\"}"
#define ORD "\"cost-type\":{\"cost-mode\":\"ordinal\",\"cost-metric\":\"routingcost\"}"
#define HOP "\"cost-type\":{\"cost-mode\":\"numerical\",\"cost-metric\":\"hopcount\"}"

/* The costs of the constructed examples. */
static const char documents[] =
    "network-maps:\n"
    "  netmap:\n"
    "    pids:\n"
    "      PID1: {ipv4: [192.0.2.0/24, 198.51.100.0/25]}\n"
    "      PID2: {ipv4: [198.51.100.128/25]}\n"
    "      PID3: {ipv4: [0.0.0.0/0], ipv6: [\"::/0\"]}\n"
    "cost-maps:\n"
    "  num-routingcost:\n"
    "    {network-map: netmap, cost-metric: routingcost, cost-mode: numerical, costs:\n"
    "     {PID3: {PID1: 20, PID2: 15}, PID1: {PID1: 1, PID2: 5, PID3: 10},\n"
    "      PID2: {PID1: 5, PID2: 1, PID3: 15}}}\n"
    "  hops:\n"
    "    {network-map: netmap, cost-metric: hopcount, cost-mode: numerical, default-cost: 2,\n"
    "     costs: {PID1: {PID1: 0, PID2: 3}}}\n"
    "  bandwidth:\n"
    "    {network-map: netmap, cost-metric: bw-available, cost-mode: numerical,\n"
    "     costs: {PID1: {PID1: 0.1, PID2: 2.50, PID3: 1e21}, PID2: {PID1: 2.5, PID3: 1e-7}}}\n"
    "  order:\n"
    "    {network-map: netmap, cost-metric: delay-ow, cost-mode: ordinal,\n"
    "     costs: {PID1: {PID2: 7}, PID2: {PID1: 7.0}}}\n";

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

/* ---- GET ---- */

static void check_body(const snapshot_t *s, const char *path, const char *metric, const char *mode,
                       const char *map)
{
    buf_t body = fixture_body(s, path), want = BUF_INIT;
    buf_printf(&want,
               "{\"meta\":{\"dependent-vtags\":[{\"resource-id\":\"netmap\",\"tag\":\"%s\"}],"
               "\"cost-type\":{\"cost-mode\":\"%s\",\"cost-metric\":\"%s\"}},\"cost-map\":%s}",
               fixture_tag(s, "/netmap"), mode, metric, map);
    if (!slice_eq(buf_slice(&body), buf_slice(&want))) {
        fail_msg("%.*s\nnot\n%.*s", SLICE_ARG(buf_slice(&body)), SLICE_ARG(buf_slice(&want)));
    }
    buf_release(&body);
    buf_release(&want);
}

#define ROUTING                                                                                    \
    "{\"PID1\":{\"PID1\":1,\"PID2\":5,\"PID3\":10},\"PID2\":{\"PID1\":5,\"PID2\":1,\"PID3\":15},"  \
    "\"PID3\":{\"PID1\":20,\"PID2\":15}}"
#define HOPS                                                                                       \
    "{\"PID1\":{\"PID1\":0,\"PID2\":3,\"PID3\":2},\"PID2\":{\"PID1\":2,\"PID2\":2,\"PID3\":2},"    \
    "\"PID3\":{\"PID1\":2,\"PID2\":2,\"PID3\":2}}"

static void test_maps(void **state)
{
    check_body(*state, "/num-routingcost", "routingcost", "numerical", ROUTING);
    check_body(*state, "/hops", "hopcount", "numerical", HOPS);
    check_body(*state, "/bandwidth", "bw-available", "numerical",
               "{\"PID1\":{\"PID1\":0.1,\"PID2\":2.5,\"PID3\":1e+21},"
               "\"PID2\":{\"PID1\":2.5,\"PID3\":1e-07}}");
    check_body(*state, "/order", "delay-ow", "ordinal",
               "{\"PID1\":{\"PID2\":7},\"PID2\":{\"PID1\":7}}");
}

/* Without cost data: computed for whatever map there is, and for views that are shown no costs. */
static void test_implicit(void **state)
{
    (void)state;
    static const fixture_file_t files[] = {
        {"a.yaml", "network-maps: {netmap: {pids: {b: {ipv4: [0.0.0.0/0]}, a: {ipv6: ['::/0']}}}}\n"
                   "cost-maps: {h: {network-map: netmap, cost-metric: hopcount, cost-mode: "
                   "numerical, costs: {a: {}}}}\n"},
        {"b.yaml", "audience: [somebody]\n"
                   "cost-maps: {num-routingcost: {network-map: netmap, cost-metric: routingcost, "
                   "cost-mode: numerical, costs: {a: {a: 3}}}}\n"},
    };
    snapshot_t *s = fixture_snapshot(files, 2, NULL);
    check_body(s, "/num-routingcost", "routingcost", "numerical",
               "{\"a\":{\"a\":1,\"b\":1},\"b\":{\"a\":1,\"b\":1}}");
    check_body(s, "/h", "hopcount", "numerical", "{}");
    snapshot_unref(s);
    s = fixture_one("version: 1\n");
    check_body(s, "/num-routingcost", "routingcost", "numerical",
               "{\"pid-default\":{\"pid-default\":1}}");
    snapshot_unref(s);
}

/* Other files, another order and another matrix: the same tag; one cost more: another. */
static void test_tags(void **state)
{
    (void)state;
#define MAPS "network-maps: {netmap: {pids: {a: {ipv4: [0.0.0.0/0]}, b: {ipv6: ['::/0']}}}}\n"
#define COSTS                                                                                      \
    "cost-maps: {c: {network-map: netmap, cost-metric: routingcost, cost-mode: numerical, "
    snapshot_t *s[] = {fixture_one(MAPS COSTS "costs: {a: {a: 1, b: 2}, b: {a: 1, b: 1}}}}\n"),
                       fixture_one(COSTS "default-cost: 1.0, costs: {a: {b: 2e0}}}}\n" MAPS),
                       fixture_one(COSTS "default-cost: 1.0, costs: {a: {b: 3}}}}\n" MAPS)};
    assert_string_equal(fixture_tag(s[0], "/c"), fixture_tag(s[1], "/c"));
    assert_string_not_equal(fixture_tag(s[0], "/c"), fixture_tag(s[2], "/c"));
    for (size_t i = 0; i < 3; i++) {
        snapshot_unref(s[i]);
    }
}

/* ---- contexts (RFC 9439 3.1) ---- */

#define CONTEXT(metric, text)                                                                      \
    "{\"cost-mode\":\"numerical\",\"cost-metric\":\"" metric "\",\"cost-context\":" text "}"

static void check_has(const buf_t *text, const char *part)
{
    if (!memmem(text->ptr, text->len, part, strlen(part))) {
        fail_msg("no %s in %.*s", part, SLICE_ARG(buf_slice(text)));
    }
}

/* One type of two network maps, with a source each: two names in the directory. */
static void test_contexts(void **state)
{
    (void)state;
    static const char text[] =
        "network-maps:\n"
        "  m: {default: true, pids: {a: {ipv4: [0.0.0.0/0], ipv6: ['::/0']}}}\n"
        "  n: {pids: {a: {ipv4: [0.0.0.0/0], ipv6: ['::/0']}}}\n"
        "cost-maps:\n"
        "  est: {network-map: m, cost-metric: 'delay-ow:p99.9', cost-mode: numerical,\n"
        "        default-cost: 7, cost-source: estimation}\n"
        "  sla: {network-map: n, cost-metric: 'delay-ow:p99.9', cost-mode: numerical,\n"
        "        default-cost: 9, cost-source: sla, parameters: {link: 'x', y: [null, 1.50]}}\n"
        "  own: {network-map: n, cost-metric: 'priv:p.1', cost-mode: ordinal, default-cost: 9}\n"
        "  same: {network-map: m, cost-metric: 'priv:p.1', cost-mode: ordinal, default-cost: 9}\n";
#define EST CONTEXT("delay-ow:p99.9", "{\"cost-source\":\"estimation\"}")
#define SLA                                                                                        \
    CONTEXT("delay-ow:p99.9",                                                                      \
            "{\"cost-source\":\"sla\",\"parameters\":{\"link\":\"x\",\"y\":[null,1.50]}}")
    snapshot_t *s = fixture_one(text);
    buf_t body = fixture_body(s, "/directory");
    check_has(&body, "\"num-delay-ow-p99_9\":" EST ",\"num-delay-ow-p99_9-2\":" SLA ",");
    check_has(&body, "\"ord-priv:p_1\":{\"cost-mode\":\"ordinal\",\"cost-metric\":\"priv:p.1\"},");
    check_has(&body, "\"est\":{\"uri\":\"/est\",\"media-type\":\"application/alto-costmap+json\","
                     "\"capabilities\":{\"cost-type-names\":[\"num-delay-ow-p99_9\"]}");
    check_has(&body, "\"sla\":{\"uri\":\"/sla\",\"media-type\":\"application/alto-costmap+json\","
                     "\"capabilities\":{\"cost-type-names\":[\"num-delay-ow-p99_9-2\"]}");
    buf_release(&body);
    body = fixture_body(s, "/sla");
    check_has(&body, "\"cost-type\":" SLA "},\"cost-map\"");
    buf_release(&body);
    alto_answer_t answer;
    /* Another context than ours is no reason to refuse: the answer says whose it is. */
    body = fixture_post(s, "/sla-filtered", "{\"cost-type\":" EST ",\"constraints\":[\"gt 1\"]}",
                        &answer);
    assert_int_equal(answer.status, 200);
    check_has(&body, "\"cost-type\":" SLA "},\"cost-map\":{\"a\":{\"a\":9}}");
    buf_release(&body);
    body = fixture_post(s, "/endpoint-cost",
                        "{\"multi-cost-types\":[" SLA
                        "],\"endpoints\":{\"srcs\":[\"ipv4:1.2.3.4\"],\"dsts\":[\"ipv6:::1\"]}}",
                        &answer);
    check_has(&body, "\"multi-cost-types\":[" EST "]},\"endpoint-cost-map\"");
    buf_release(&body);
    snapshot_unref(s);
    /* The context is content: the tag says so. */
    buf_t other = BUF_INIT;
    buf_printf(&other, "%s", text);
    buf_append_char(&other, '\0');
    memcpy(strstr(other.ptr, "link"), "rope", 4);
    snapshot_t *t = fixture_one(other.ptr);
    s = fixture_one(text);
    assert_string_not_equal(fixture_tag(s, "/sla"), fixture_tag(t, "/sla"));
    assert_string_equal(fixture_tag(s, "/est"), fixture_tag(t, "/est"));
    snapshot_unref(s);
    snapshot_unref(t);
    buf_release(&other);
}

/* ---- POST ---- */

static const struct {
    const char *path, *request, *map;
} answers[] = {
    {"/num-routingcost-filtered", "{" NUM "}", ROUTING},
    {"/hops-filtered", "{" NUM "}", ROUTING},
    {"/hops-filtered", "{" HOP ",\"pids\":{\"srcs\":[],\"dsts\":[]},\"constraints\":[]}", HOPS},
    {"/num-routingcost-filtered", "{" NUM ",\"constraints\":[\"ge 5\",\"le 10\"]}",
     "{\"PID1\":{\"PID2\":5,\"PID3\":10},\"PID2\":{\"PID1\":5}}"},
    {"/num-routingcost-filtered", "{" NUM ",\"constraints\":[\"gt 5\",\" \\tlt\\t 20 \"]}",
     "{\"PID1\":{\"PID3\":10},\"PID2\":{\"PID3\":15},\"PID3\":{\"PID2\":15}}"},
    {"/num-routingcost-filtered", "{" NUM ",\"constraints\":[\"eq 1.50e1\"]}",
     "{\"PID2\":{\"PID3\":15},\"PID3\":{\"PID2\":15}}"},
    {"/num-routingcost-filtered", "{" NUM ",\"constraints\":[\"gt 1000\"]}", "{}"},
    {"/num-routingcost-filtered", "{" NUM ",\"constraints\":[\"ge 5\",\"gt 5\",\"le 5\"]}", "{}"},
    {"/num-routingcost-filtered", "{" ORD "}",
     "{\"PID1\":{\"PID1\":1,\"PID2\":2,\"PID3\":3},\"PID2\":{\"PID1\":2,\"PID2\":1,\"PID3\":4},"
     "\"PID3\":{\"PID1\":5,\"PID2\":4}}"},
    {"/num-routingcost-filtered", "{" ORD ",\"pids\":{\"srcs\":[\"PID2\"],\"dsts\":[]}}",
     "{\"PID2\":{\"PID1\":2,\"PID2\":1,\"PID3\":3}}"},
    /* Constraints are of the ranks. */
    {"/num-routingcost-filtered",
     "{" ORD ",\"constraints\":[\"gt 1\"],\"pids\":{\"srcs\":[\"PID2\"],\"dsts\":[]}}",
     "{\"PID2\":{\"PID1\":2,\"PID3\":3}}"},
    /* The greatest bandwidth is the best. */
    {"/hops-filtered",
     "{\"cost-type\":{\"cost-mode\":\"ordinal\",\"cost-metric\":\"bw-available\"}}",
     "{\"PID1\":{\"PID1\":3,\"PID2\":2,\"PID3\":1},\"PID2\":{\"PID1\":2,\"PID3\":4}}"},
    {"/hops-filtered", "{\"cost-type\":{\"cost-mode\":\"ordinal\",\"cost-metric\":\"delay-ow\"}}",
     "{\"PID1\":{\"PID2\":7},\"PID2\":{\"PID1\":7}}"},
    {"/num-routingcost-filtered",
     "{" NUM ",\"pids\":{\"srcs\":[\"PID3\",\"PID1\",\"PID3\"],\"dsts\":[\"PID2\",\"x.y\"]}}",
     "{\"PID1\":{\"PID2\":5},\"PID3\":{\"PID2\":15}}"},
    {"/num-routingcost-filtered", "{" NUM ",\"pids\":{\"srcs\":[\"NOPE\"],\"dsts\":[]}}", "{}"},
    {"/num-routingcost-filtered", "{" NUM ",\"pids\":{\"srcs\":[\"PID3\"],\"dsts\":[\"PID3\"]}}",
     "{}"},
    {"/num-routingcost-filtered",
     "{\"cost-type\":{\"cost-mode\":\"numerical\",\"cost-metric\":\"routingcost\","
     "\"description\":7,\"foo\":1},\"bar\":[],\"pids\":{\"srcs\":[\"PID1\"],\"dsts\":[\"PID1\"],"
     "\"baz\":{}}}",
     "{\"PID1\":{\"PID1\":1}}"},
};

#define E1 "ipv4:192.0.2.2"
static const struct {
    const char *request, *map;
} endpoints[] = {
    {"{" NUM ",\"endpoints\":{\"srcs\":[\"" E1 "\"],\"dsts\":[\"ipv4:192.0.2.89\","
     "\"ipv4:198.51.100.200\",\"ipv4:203.0.113.45\",\"ipv6:2001:DB8::1\",\"ipv6:2001:db8:0::1\"]}}",
     "{\"" E1 "\":{\"ipv4:192.0.2.89\":1,\"ipv4:198.51.100.200\":5,\"ipv4:203.0.113.45\":10,"
     "\"ipv6:2001:DB8::1\":10,\"ipv6:2001:db8:0::1\":10}}"},
    {"{" ORD ",\"endpoints\":{\"srcs\":[\"" E1 "\"],\"dsts\":[\"ipv4:192.0.2.89\",\"" E1
     "\",\"ipv4:198.51.100.200\",\"ipv4:203.0.113.45\"]}}",
     "{\"" E1 "\":{\"ipv4:192.0.2.89\":1,\"" E1
     "\":1,\"ipv4:198.51.100.200\":2,\"ipv4:203.0.113.45\":3}}"},
    /* Once each; a pair without a cost is not there, and a source without any neither. */
    {"{" NUM ",\"endpoints\":{\"srcs\":[\"ipv6:::1\",\"" E1 "\",\"" E1
     "\"],\"dsts\":[\"ipv4:203.0.113.45\",\"ipv4:203.0.113.45\"]},\"constraints\":[\"lt 11\"]}",
     "{\"" E1 "\":{\"ipv4:203.0.113.45\":10}}"},
    /* The client is 198.51.100.130. */
    {"{" NUM ",\"endpoints\":{\"dsts\":[\"" E1 "\"]}}", "{\"ipv4:198.51.100.130\":{\"" E1 "\":5}}"},
    {"{" NUM ",\"endpoints\":{\"dsts\":[],\"srcs\":[\"" E1 "\"]}}",
     "{\"" E1 "\":{\"ipv4:198.51.100.130\":5}}"},
    {"{" HOP ",\"endpoints\":{\"dsts\":[\"ipv6:::ffff:192.0.2.1\"],\"srcs\":[\"" E1 "\"]}}",
     "{\"" E1 "\":{\"ipv6:::ffff:192.0.2.1\":2}}"},
};

static const addr_t client = {FAMILY_IPV4, .u.v4 = 0xc6336482};
static const alto_limits_t known = {.client = &client};

static buf_t post(const snapshot_t *s, const char *path, const char *request, int status,
                  const char *media)
{
    alto_answer_t answer;
    buf_t text = fixture_post_limited(s, path, slice_str(request), &known, &answer);
    if (answer.status != status) {
        fail_msg("%d: %s for %s", answer.status, text.ptr, request);
    }
    assert_string_equal(answer.media_type, media);
    return text;
}

static void compare(const char *request, const char *text, const char *member, const char *want)
{
    arena_t arena;
    arena_init(&arena, 0);
    const json_value_t *got = json_get(fixture_json(&arena, slice_str(text)), member);
    buf_t made = BUF_INIT;
    assert_non_null(got);
    json_write_value(&made, got);
    if (!slice_is(buf_slice(&made), want)) {
        fail_msg("%.*s\nnot\n%s\nfor %s", SLICE_ARG(buf_slice(&made)), want, request);
    }
    buf_release(&made);
    arena_release(&arena);
}

/* What a tree says is what a POST is answered with. */
static void check_tree(const snapshot_t *s, const char *path, const char *request,
                       const char *answer)
{
    const resource_t *r = fixture_resource(s, path);
    nodes_t nodes;
    node_t *root = NULL;
    arena_t arena;
    alto_answer_t refused;
    buf_t text = BUF_INIT;
    arena_init(&arena, 0);
    nodes_init(&nodes, NULL, NULL);
    assert_int_equal(r->kind->tree(r, slice_str(request), &known, &arena, &refused, &nodes, &root),
                     ERR_OK);
    assert_non_null(root);
    node_write(root, &text);
    assert_true(slice_is(buf_slice(&text), answer));
    assert_int_equal(text.len, root->size);
    buf_release(&text);
    nodes_release(&nodes);
    arena_release(&arena);
}

static void test_filters(void **state)
{
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        buf_t text = post(*state, answers[i].path, answers[i].request, 200, ALTO_MEDIA_COST_MAP);
        compare(answers[i].request, text.ptr, "cost-map", answers[i].map);
        check_tree(*state, answers[i].path, answers[i].request, text.ptr);
        buf_release(&text);
    }
}

static void test_endpoints(void **state)
{
    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++) {
        buf_t text = post(*state, "/endpoint-cost", endpoints[i].request, 200,
                          ALTO_MEDIA_ENDPOINT_COST);
        compare(endpoints[i].request, text.ptr, "endpoint-cost-map", endpoints[i].map);
        check_tree(*state, "/endpoint-cost", endpoints[i].request, text.ptr);
        buf_release(&text);
    }
}

#define TYPE       "\"cost-type\":"
#define PAIR       "\"cost-metric\":\"routingcost\",\"cost-mode\":\"numerical\""
#define LONG64     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define ENDS(s, d) "{" NUM ",\"endpoints\":{\"srcs\":" s ",\"dsts\":" d "}}"
#define VALUE(field, value)                                                                        \
    "{\"code\":\"E_INVALID_FIELD_VALUE\",\"field\":\"" field "\",\"value\":\"" value "\"}"
#define MISSING(field) "{\"code\":\"E_MISSING_FIELD\",\"field\":\"" field "\"}"
#define WRONG(field)   "{\"code\":\"E_INVALID_FIELD_TYPE\",\"field\":\"" field "\"}"
#define FILTER         "/hops-filtered"
#define SERVICE        "/endpoint-cost"

static const struct {
    const char *path, *request, *meta; /* meta NULL: E_SYNTAX */
} errors[] = {
    {FILTER, "", NULL},
    {FILTER, "{\"cost-type\":", NULL},
    {FILTER, "{} x", NULL},
    {FILTER, "{" TYPE "{" PAIR ",\"cost-mode\":\"ordinal\"}}", NULL},
    {FILTER, "[]", NULL},
    {FILTER, "{}", MISSING("cost-type")},
    {FILTER, "{" TYPE "5}", WRONG("cost-type")},
    {FILTER, "{" TYPE "null}", WRONG("cost-type")},
    {FILTER, "{" TYPE "[]}", WRONG("cost-type")},
    {FILTER, "{" TYPE "{}}", MISSING("cost-type/cost-metric")},
    {FILTER, "{" TYPE "{\"cost-mode\":\"numerical\"}}", MISSING("cost-type/cost-metric")},
    {FILTER, "{" TYPE "{\"cost-metric\":\"routingcost\"}}", MISSING("cost-type/cost-mode")},
    /* What is missing goes before what has a wrong type, that before a wrong value. */
    {FILTER, "{" TYPE "{\"cost-metric\":7},\"pids\":[]}", MISSING("cost-type/cost-mode")},
    {FILTER, "{" TYPE "5,\"pids\":{}}", MISSING("pids/srcs")},
    {FILTER, "{" TYPE "{\"cost-metric\":\"x\",\"cost-mode\":\"x\"},\"pids\":5}", WRONG("pids")},
    {FILTER, "{" TYPE "{\"cost-metric\":7,\"cost-mode\":\"numerical\"}}",
     WRONG("cost-type/cost-metric")},
    {FILTER, "{" TYPE "{\"cost-metric\":\"routingcost\",\"cost-mode\":null}}",
     WRONG("cost-type/cost-mode")},
    {FILTER, "{" TYPE "{\"cost-metric\":\"foo\",\"cost-mode\":\"numerical\"}}",
     VALUE("cost-type/cost-metric", "foo")},
    {FILTER, "{" TYPE "{\"cost-metric\":\"routingcost\",\"cost-mode\":\"foo\"}}",
     VALUE("cost-type/cost-mode", "foo")},
    {FILTER, "{" TYPE "{\"cost-metric\":\"delay-ow\",\"cost-mode\":\"numerical\"}}",
     VALUE("cost-type/cost-mode", "numerical")},
    {FILTER, "{" TYPE "{\"cost-metric\":\"delay-ow:median\",\"cost-mode\":\"ordinal\"}}",
     VALUE("cost-type/cost-metric", "delay-ow:median")},
    {FILTER, "{" NUM ",\"pids\":[]}", WRONG("pids")},
    {FILTER, "{" NUM ",\"pids\":{\"srcs\":[]}}", MISSING("pids/dsts")},
    {FILTER, "{" NUM ",\"pids\":{}}", MISSING("pids/srcs")},
    {FILTER, "{" NUM ",\"pids\":{\"srcs\":\"PID1\",\"dsts\":[]}}", WRONG("pids/srcs")},
    {FILTER, "{" NUM ",\"pids\":{\"srcs\":[],\"dsts\":null}}", WRONG("pids/dsts")},
    {FILTER, "{" NUM ",\"pids\":{\"srcs\":[\"PID1\",5],\"dsts\":[]}}", VALUE("pids/srcs", "5")},
    {FILTER, "{" NUM ",\"pids\":{\"srcs\":[],\"dsts\":[\"a b\"]}}", VALUE("pids/dsts", "a b")},
    {FILTER, "{" NUM ",\"pids\":{\"srcs\":[],\"dsts\":[\"\"]}}", VALUE("pids/dsts", "")},
    {FILTER, "{" NUM ",\"pids\":{\"srcs\":[\"x" LONG64 "\"],\"dsts\":[]}}",
     VALUE("pids/srcs", "x" LONG64)},
    {FILTER, "{" NUM ",\"constraints\":\"le 5\"}", WRONG("constraints")},
    {FILTER, "{" NUM ",\"constraints\":[\"le 5\",\"ne 5\"]}", VALUE("constraints", "ne 5")},
    {FILTER, "{" NUM ",\"constraints\":[\"le5\"]}", VALUE("constraints", "le5")},
    {FILTER, "{" NUM ",\"constraints\":[\"le\"]}", VALUE("constraints", "le")},
    {FILTER, "{" NUM ",\"constraints\":[\"le \"]}", VALUE("constraints", "le ")},
    {FILTER, "{" NUM ",\"constraints\":[\"\"]}", VALUE("constraints", "")},
    {FILTER, "{" NUM ",\"constraints\":[\"le NaN\"]}", VALUE("constraints", "le NaN")},
    {FILTER, "{" NUM ",\"constraints\":[\"le 1e999\"]}", VALUE("constraints", "le 1e999")},
    {FILTER, "{" NUM ",\"constraints\":[\"LE 5\"]}", VALUE("constraints", "LE 5")},
    {FILTER, "{" NUM ",\"constraints\":[\"le +5\"]}", VALUE("constraints", "le +5")},
    {FILTER, "{" NUM ",\"constraints\":[\"le 05\"]}", VALUE("constraints", "le 05")},
    {FILTER, "{" NUM ",\"constraints\":[\"le 5 6\"]}", VALUE("constraints", "le 5 6")},
    {FILTER, "{" NUM ",\"constraints\":[5]}", VALUE("constraints", "5")},
    /* Constraints stand before PIDs. */
    {FILTER, "{\"pids\":{\"srcs\":[5],\"dsts\":[]}," NUM ",\"constraints\":[5]}",
     VALUE("constraints", "5")},
    {SERVICE, "{" NUM "}", MISSING("endpoints")},
    {SERVICE, "{\"endpoints\":{}}", MISSING("cost-type")},
    {SERVICE, "{" NUM ",\"endpoints\":[]}", WRONG("endpoints")},
    {SERVICE, "{" NUM ",\"endpoints\":{\"srcs\":\"" E1 "\"}}", WRONG("endpoints/srcs")},
    {SERVICE, "{" NUM ",\"endpoints\":{}}", VALUE("endpoints", "{}")},
    {SERVICE, ENDS("[]", "[]"), VALUE("endpoints", "{\\\"srcs\\\":[],\\\"dsts\\\":[]}")},
    {SERVICE, ENDS("[]", "[\"ipv4:300.1.1.1\"]"), VALUE("endpoints/dsts", "ipv4:300.1.1.1")},
    {SERVICE, ENDS("[\"ipv4:192.0.2.010\"]", "[]"), VALUE("endpoints/srcs", "ipv4:192.0.2.010")},
    {SERVICE, ENDS("[\"ipv4:192.0.2\"]", "[]"), VALUE("endpoints/srcs", "ipv4:192.0.2")},
    {SERVICE, ENDS("[\"ipv4:192.0.2.0/24\"]", "[]"), VALUE("endpoints/srcs", "ipv4:192.0.2.0/24")},
    {SERVICE, ENDS("[\"192.0.2.1\"]", "[]"), VALUE("endpoints/srcs", "192.0.2.1")},
    {SERVICE, ENDS("[\"ipv4:\"]", "[]"), VALUE("endpoints/srcs", "ipv4:")},
    {SERVICE, ENDS("[\"eui64:1\"]", "[]"), VALUE("endpoints/srcs", "eui64:1")},
    {SERVICE, ENDS("[\"IPv4:192.0.2.1\"]", "[]"), VALUE("endpoints/srcs", "IPv4:192.0.2.1")},
    {SERVICE, ENDS("[\"ipv6:192.0.2.1\"]", "[]"), VALUE("endpoints/srcs", "ipv6:192.0.2.1")},
    {SERVICE, ENDS("[\"ipv6:fe80::1%eth0\"]", "[]"), VALUE("endpoints/srcs", "ipv6:fe80::1%eth0")},
    {SERVICE, ENDS("[\"ipv6:[::1]\"]", "[]"), VALUE("endpoints/srcs", "ipv6:[::1]")},
    {SERVICE, ENDS("[null]", "[]"), VALUE("endpoints/srcs", "null")},
};

static void test_errors(void **state)
{
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        buf_t text = post(*state, errors[i].path, errors[i].request, 400, ALTO_MEDIA_ERROR);
        if (errors[i].meta) {
            compare(errors[i].request, text.ptr, "meta", errors[i].meta);
        } else {
            assert_non_null(strstr(text.ptr, "\"code\":\"E_SYNTAX\",\"syntax-error\":\"line "));
        }
        buf_release(&text);
    }
}

/* Where nobody knows the client, as in an update stream, both lists are needed. */
static void test_nobody(void **state)
{
    alto_answer_t answer;
    buf_t text = fixture_post(*state, SERVICE, ENDS("[]", "[\"" E1 "\"]"), &answer);
    assert_int_equal(answer.status, 400);
    compare("", text.ptr, "meta", MISSING("endpoints/srcs"));
    buf_release(&text);
    text = fixture_post(*state, SERVICE, "{" NUM ",\"endpoints\":{\"srcs\":[\"" E1 "\"]}}",
                        &answer);
    compare("", text.ptr, "meta", MISSING("endpoints/dsts"));
    buf_release(&text);
}

static void check_limit(const snapshot_t *s, const char *path, const char *request,
                        const alto_limits_t *limits, int want)
{
    alto_answer_t answer;
    buf_t text = fixture_post_limited(s, path, slice_str(request), limits, &answer);
    assert_int_equal(answer.status, want);
    assert_true(want == 200 || (!answer.media_type && !answer.size));
    buf_release(&text);
}

static void test_limits(void **state)
{
    const alto_limits_t six = {.cost_values = 6, .client = &client}, two = {.filter_entries = 2};
    static const char lists[] = "{" NUM ",\"pids\":{\"srcs\":[\"PID1\",\"PID2\",\"PID3\"],"
                                "\"dsts\":[\"PID1\",\"PID2\"]}}";
    check_limit(*state, FILTER, lists, &six, 200);
    check_limit(*state, FILTER, "{" NUM ",\"constraints\":[\"gt 1\"]}", &six, 413);
    check_limit(*state, FILTER, "{" NUM "}", &six, 200); /* a document that is there */
    check_limit(*state, FILTER, lists, &two, 413);
    check_limit(*state, FILTER, "{" NUM ",\"constraints\":[\"gt 1\",\"gt 1\",\"gt 1\"]}", &two,
                413);
    check_limit(*state, SERVICE, ENDS("[\"ipv6:::1\",\"ipv6:::2\"]", "[\"ipv6:::1\"]"), &six, 200);
    check_limit(*state, SERVICE,
                ENDS("[\"ipv6:::1\",\"ipv6:::2\",\"ipv6:::3\"]",
                     "[\"ipv6:::1\",\"ipv6:::2\",\"ipv6:::3\"]"),
                &six, 413);
}

/* ---- at random, against the definition ---- */

#define SIZE 9

typedef struct world {
    prng_t *random;
    double costs[SIZE][SIZE];
    bool defined[SIZE][SIZE];
    snapshot_t *snapshot;
} world_t;

static double draw_cost(prng_t *p)
{
    double cost = (double)prng_below(p, 12);
    switch (prng_below(p, 4)) {
    case 0:
        return cost / 8;
    case 1:
        return cost / 10;
    default:
        return cost;
    }
}

static void make_world(world_t *w, prng_t *p)
{
    buf_t text = BUF_INIT;
    uint64_t density = 1 + prng_below(p, 10);
    bool rest = prng_below(p, 3) == 0;
    *w = (world_t){.random = p};
    buf_append_str(&text, "{\"network-maps\":{\"m\":{\"pids\":{");
    for (unsigned i = 0; i < SIZE; i++) {
        if (i + 1 < SIZE) {
            buf_printf(&text, "\"p%u\":{\"ipv4\":[\"10.%u.0.0/16\"]},", i, i);
        } else { /* the rest of all addresses */
            buf_printf(&text, "\"p%u\":{\"ipv4\":[\"0.0.0.0/0\"]}", i);
        }
    }
    buf_append_str(&text,
                   "}}},\"cost-maps\":{\"c\":{\"network-map\":\"m\",\"cost-metric\":\"priv:x\","
                   "\"cost-mode\":\"numerical\",");
    buf_append_str(&text, rest ? "\"default-cost\":4.25,\"costs\":{" : "\"costs\":{");
    for (unsigned i = 0; i < SIZE; i++) {
        bool any = false;
        buf_printf(&text, "%s\"p%u\":{", i ? "," : "", i);
        for (unsigned k = 0; k < SIZE; k++) {
            if (prng_below(p, 10) < density) {
                w->costs[i][k] = draw_cost(p);
                w->defined[i][k] = true;
                buf_printf(&text, "%s\"p%u\":%.17g", any ? "," : "", k, w->costs[i][k]);
                any = true;
            } else if (rest) {
                w->costs[i][k] = 4.25;
                w->defined[i][k] = true;
            }
        }
        buf_append_char(&text, '}');
    }
    buf_append_str(&text, "}}}}");
    buf_append_char(&text, '\0');
    fixture_file_t file = {"a.json", text.ptr};
    w->snapshot = fixture_snapshot(&file, 1, NULL);
    buf_release(&text);
}

/* Some of the numbers below `bound`, in any order, perhaps twice. */
static size_t draw_list(prng_t *p, unsigned bound, unsigned *list)
{
    size_t count = prng_below(p, SIZE + 2);
    for (size_t i = 0; i < count; i++) {
        list[i] = (unsigned)prng_below(p, bound);
    }
    return count;
}

static void write_list(buf_t *out, const unsigned *list, size_t count, bool addresses)
{
    buf_append_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (addresses) {
            buf_printf(out, "%s\"ipv4:10.%u.0.1\"", i ? "," : "", list[i]);
        } else {
            buf_printf(out, "%s\"p%u\"", i ? "," : "", list[i]);
        }
    }
    buf_append_char(out, ']');
}

static const char *const operators[] = {"gt", "lt", "ge", "le", "eq"};

typedef struct test {
    unsigned operator;
    double value;
} test_t;

static bool passes(const test_t *tests, size_t count, double cost)
{
    for (size_t i = 0; i < count; i++) {
        const double v = tests[i].value;
        const bool results[] = {cost > v, cost < v, cost >= v, cost <= v, cost == v};
        if (!results[tests[i].operator]) {
            return false;
        }
    }
    return true;
}

typedef struct wanted {
    unsigned from[SIZE + 2], to[SIZE + 2];
    size_t from_count, to_count;
    bool ordinal, addresses;
    test_t tests[4];
    size_t test_count;
} wanted_t;

static bool listed(const unsigned *list, size_t count, unsigned i, bool addresses)
{
    for (size_t k = 0; k < count; k++) {
        if (list[k] == i) {
            return true;
        }
    }
    return !addresses && !count;
}

/* 1 + the number of distinct lesser costs that are asked for. */
static double rank_of(const world_t *w, const wanted_t *q, double cost)
{
    double seen[SIZE * SIZE];
    size_t count = 0;
    for (unsigned i = 0; i < SIZE; i++) {
        for (unsigned k = 0; k < SIZE; k++) {
            bool asked = listed(q->from, q->from_count, i, q->addresses) &&
                         listed(q->to, q->to_count, k, q->addresses) && w->defined[i][k] &&
                         w->costs[i][k] < cost;
            for (size_t n = 0; asked && n < count; n++) {
                asked = seen[n] != w->costs[i][k];
            }
            if (asked) {
                seen[count++] = w->costs[i][k];
            }
        }
    }
    return (double)count + 1;
}

static const json_value_t *member(const json_value_t *v, bool addresses, unsigned i)
{
    char name[32];
    if (addresses) {
        (void)snprintf(name, sizeof name, "ipv4:10.%u.0.1", i);
    } else {
        (void)snprintf(name, sizeof name, "p%u", i);
    }
    return v ? json_get(v, name) : NULL;
}

static void check(const world_t *w, const wanted_t *q, const json_value_t *map, const char *request)
{
    size_t pairs = 0, got_pairs = 0;
    for (unsigned i = 0; i < SIZE; i++) {
        const json_value_t *row = member(map, q->addresses, i);
        got_pairs += row ? row->u.object.count : 0;
        for (unsigned k = 0; k < SIZE; k++) {
            bool in = listed(q->from, q->from_count, i, q->addresses) &&
                      listed(q->to, q->to_count, k, q->addresses) && w->defined[i][k];
            double cost = in && q->ordinal ? rank_of(w, q, w->costs[i][k]) : w->costs[i][k];
            in = in && passes(q->tests, q->test_count, cost);
            const json_value_t *got = member(row, q->addresses, k);
            if (in != (got != NULL) || (in && strtod(got->u.text.ptr, NULL) != cost)) {
                fail_msg("from %u to %u for %s", i, k, request);
            }
            pairs += in;
        }
        assert_true(!row || row->u.object.count > 0);
    }
    assert_int_equal(pairs, got_pairs);
}

static void ask(const world_t *w)
{
    prng_t *p = w->random;
    wanted_t q = {.ordinal = prng_below(p, 2), .addresses = prng_below(p, 2)};
    buf_t request = BUF_INIT;
    const unsigned bound = q.addresses ? SIZE : SIZE + 1; /* of a PID that is not there */
    q.from_count = draw_list(p, bound, q.from);
    q.to_count = draw_list(p, bound, q.to);
    if (q.addresses && (!q.from_count || !q.to_count)) {
        q.from_count = q.to_count = 1; /* the client is elsewhere */
    }
    buf_printf(&request,
               "{\"cost-type\":{\"cost-mode\":\"%s\",\"cost-metric\":\"priv:x\"},\"%s\":{",
               q.ordinal ? "ordinal" : "numerical", q.addresses ? "endpoints" : "pids");
    buf_append_str(&request, "\"srcs\":");
    write_list(&request, q.from, q.from_count, q.addresses);
    buf_append_str(&request, ",\"dsts\":");
    write_list(&request, q.to, q.to_count, q.addresses);
    buf_append_str(&request, "},\"constraints\":[");
    q.test_count = prng_below(p, 4);
    for (size_t i = 0; i < q.test_count; i++) {
        q.tests[i] = (test_t){(unsigned)prng_below(p, 5), draw_cost(p)};
        buf_printf(&request, "%s\"%s %.17g\"", i ? "," : "", operators[q.tests[i].operator],
                   q.tests[i].value);
    }
    buf_append_str(&request, "]}");
    buf_append_char(&request, '\0');
    buf_t text = post(w->snapshot, q.addresses ? SERVICE : "/c-filtered", request.ptr, 200,
                      q.addresses ? ALTO_MEDIA_ENDPOINT_COST : ALTO_MEDIA_COST_MAP);
    arena_t arena;
    arena_init(&arena, 0);
    check(w, &q,
          json_get(fixture_json(&arena, slice_str(text.ptr)),
                   q.addresses ? "endpoint-cost-map" : "cost-map"),
          request.ptr);
    arena_release(&arena);
    buf_release(&text);
    buf_release(&request);
}

static void test_random(void **state)
{
    (void)state;
    prng_t random = prng_start();
    for (unsigned i = 0; i < 40; i++) {
        world_t w;
        make_world(&w, &random);
        for (unsigned k = 0; k < 50; k++) {
            ask(&w);
        }
        snapshot_unref(w.snapshot);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_maps),      cmocka_unit_test(test_implicit),
        cmocka_unit_test(test_tags),      cmocka_unit_test(test_filters),
        cmocka_unit_test(test_endpoints), cmocka_unit_test(test_errors),
        cmocka_unit_test(test_nobody),    cmocka_unit_test(test_limits),
        cmocka_unit_test(test_random),    cmocka_unit_test(test_contexts),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
