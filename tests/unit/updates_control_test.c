#include "updates_fixture.h"

/* Requests for streams: what is refused, in which words, and that nothing changes then. */

#define DOCUMENT                                                                                   \
    "footprints: {a: {ipv4cidr: [192.0.2.0/24]}}\n"                                                \
    "capabilities:\n"                                                                              \
    "  - capability-type: FCI.DeliveryProtocol\n"                                                  \
    "    capability-value: {delivery-protocols: [https/1.1]}\n"                                    \
    "    footprints: [a]\n"

typedef struct refused {
    const char *name;
    const char *body;
    int status; /* 0: taken */
    const char *error;
} refused_t;

#define E_TYPE(field)    "{\"meta\":{\"code\":\"E_INVALID_FIELD_TYPE\",\"field\":\"" field "\"}}"
#define E_MISSING(field) "{\"meta\":{\"code\":\"E_MISSING_FIELD\",\"field\":\"" field "\"}}"
#define E_VALUE(field, value)                                                                      \
    "{\"meta\":{\"code\":\"E_INVALID_FIELD_VALUE\",\"field\":\"" field "\",\"value\":\"" value     \
    "\"}}"
#define ID_64 "ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss"

static const refused_t openings[] = {
    {"minimal", "{\"add\":{\"a\":{\"resource-id\":\"cdni\"}}}", 0, NULL},
    {"no JSON", "{\"add\":", 400, NULL},
    {"empty", "", 400, NULL},
    {"array", "[]", 400, NULL},
    {"no add", "{}", 400, E_MISSING("add")},
    {"empty add", "{\"add\":{}}", 400, E_MISSING("add")},
    {"only remove", "{\"remove\":[\"x\"]}", 400, E_MISSING("add")},
    {"remove is ignored", "{\"add\":{\"a\":{\"resource-id\":\"cdni\"}},\"remove\":7}", 0, NULL},
    {"add is a list", "{\"add\":[\"a\"]}", 400, E_TYPE("add")},
    {"add is a string", "{\"add\":\"\"}", 400, E_TYPE("add")},
    {"entry is a string", "{\"add\":{\"a\":\"cdni\"}}", 400, E_TYPE("add/a")},
    {"no resource", "{\"add\":{\"a\":{}}}", 400, E_MISSING("add/a/resource-id")},
    {"unknown resource", "{\"add\":{\"a\":{\"resource-id\":\"nope\"}}}", 400,
     E_VALUE("add/a/resource-id", "nope")},
    {"no update of itself", "{\"add\":{\"a\":{\"resource-id\":\"updates\"}}}", 400,
     E_VALUE("add/a/resource-id", "updates")},
    {"one bad, all refused",
     "{\"add\":{\"ok\":{\"resource-id\":\"cdni\"},\"bad\":{\"resource-id\":\"nope\"}}}", 400,
     E_VALUE("add/bad/resource-id", "nope")},
    {"missing comes before value", "{\"add\":{\"a\":{\"resource-id\":\"nope\"},\"b\":{}}}", 400,
     E_MISSING("add/b/resource-id")},
    {"resource is a number", "{\"add\":{\"a\":{\"resource-id\":7}}}", 400,
     E_TYPE("add/a/resource-id")},
    {"tag is a number", "{\"add\":{\"a\":{\"resource-id\":\"cdni\",\"tag\":5}}}", 400,
     E_TYPE("add/a/tag")},
    {"tag with a space", "{\"add\":{\"a\":{\"resource-id\":\"cdni\",\"tag\":\"has space\"}}}", 400,
     E_VALUE("add/a/tag", "has space")},
    {"empty tag", "{\"add\":{\"a\":{\"resource-id\":\"cdni\",\"tag\":\"\"}}}", 400,
     E_VALUE("add/a/tag", "")},
    {"incremental is a string",
     "{\"add\":{\"a\":{\"resource-id\":\"cdni\",\"incremental-changes\":\"false\"}}}", 400,
     E_TYPE("add/a/incremental-changes")},
    {"id with a comma", "{\"add\":{\"a,b\":{\"resource-id\":\"cdni\"}}}", 400,
     E_VALUE("add", "a,b")},
    {"id with a dot", "{\"add\":{\"a.b\":{\"resource-id\":\"cdni\"}}}", 400, E_VALUE("add", "a.b")},
    {"id that is a field", "{\"add\":{\"a\\ndata: x\":{\"resource-id\":\"cdni\"}}}", 400,
     E_VALUE("add", "a\\ndata: x")},
    {"id of 65", "{\"add\":{\"s" ID_64 "\":{\"resource-id\":\"cdni\"}}}", 400,
     E_VALUE("add", "s" ID_64)},
    {"id of 64", "{\"add\":{\"" ID_64 "\":{\"resource-id\":\"cdni\"}}}", 0, NULL},
    {"empty id", "{\"add\":{\"\":{\"resource-id\":\"cdni\"}}}", 400, E_VALUE("add", "")},
    {"id twice", "{\"add\":{\"a\":{\"resource-id\":\"cdni\"},\"a\":{\"resource-id\":\"netmap\"}}}",
     400, NULL},
    {"no input", "{\"add\":{\"f\":{\"resource-id\":\"cdni-filtered\"}}}", 400,
     E_MISSING("cdni-capabilities")},
    {"bad input",
     "{\"add\":{\"f\":{\"resource-id\":\"cdni-filtered\",\"input\":{\"cdni-capabilities\":"
     "[{\"capability-type\":null,\"capability-value\":{}}]}}}}",
     400,
     E_VALUE("cdni-capabilities", "{\\\"capability-type\\\":null,\\\"capability-value\\\":{}}")},
    {"which input is bad is told as it was written",
     "{\"add\":{\"f\":{\"resource-id\":\"propmap-filtered\",\"input\":{\"entities\":"
     "[\"zz:1\",\"aa:1\"]}}}}",
     400, E_VALUE("entities", "zz:1")},
    {"input is a list", "{\"add\":{\"f\":{\"resource-id\":\"cdni-filtered\",\"input\":[]}}}", 400,
     E_TYPE("add/f/input")},
    {"input where there is none",
     "{\"add\":{\"f\":{\"resource-id\":\"cdni\",\"input\":{\"x\":1}}}}", 400,
     E_VALUE("add/f/input", "{\\\"x\\\":1}")},
    {"unknown members", "{\"add\":{\"a\":{\"resource-id\":\"cdni\",\"x-future\":1}},\"x\":2}", 0,
     NULL},
    {"a resource twice",
     "{\"add\":{\"a\":{\"resource-id\":\"cdni\"},\"b\":{\"resource-id\":\"cdni\","
     "\"incremental-changes\":false}}}",
     0, NULL},
};

static void check_refusal(const refused_t *c, const hub_refusal_t *r)
{
    if (r->status != c->status) {
        fail_msg("%s: %d instead of %d: %.*s", c->name, r->status, c->status,
                 SLICE_ARG(buf_slice(&r->body)));
    }
    const char *want = c->error ? c->error : "{\"meta\":{\"code\":\"E_SYNTAX\"";
    size_t len = c->error ? r->body.len : strlen(want);
    if (c->status == 400 && (r->body.len < strlen(want) || len != strlen(want) ||
                             memcmp(r->body.ptr, want, len) != 0)) {
        fail_msg("%s: %.*s instead of %s", c->name, SLICE_ARG(buf_slice(&r->body)), want);
    }
}

static void test_openings(void **state)
{
    (void)state;
    feeder_t f;
    feeder_init(&f, NULL);
    feeder_publish(&f, DOCUMENT);
    for (size_t i = 0; i < sizeof openings / sizeof *openings; i++) {
        hub_refusal_t refusal = HUB_REFUSAL_INIT;
        stream_t *s = NULL;
        assert_int_equal(
            stream_open(f.hub, slice_str(openings[i].body), SLICE_LIT("x"), &refusal, &s), ERR_OK);
        assert_int_equal(s != NULL, openings[i].status == 0);
        check_refusal(&openings[i], &refusal);
        buf_release(&refusal.body);
        hub_counters_t counters;
        hub_read_counters(f.hub, &counters);
        assert_int_equal(counters.streams, s ? 1 : 0);
        if (s) {
            stream_end(s);
        }
    }
    feeder_release(&f);
}

/* ---- control ---- */

typedef struct stage {
    feeder_t f;
    stream_t *s;
    char token[64];
} stage_t;

/* A stream with the substreams a and b, and c, which is over. */
static void set_stage(stage_t *g)
{
    feeder_init(&g->f, NULL);
    feeder_publish(&g->f, DOCUMENT);
    g->s = feeder_open(&g->f,
                       "{\"add\":{\"a\":{\"resource-id\":\"cdni\"},"
                       "\"b\":{\"resource-id\":\"cdni\"},\"c\":{\"resource-id\":\"cdni\"}}}");
    stream_token(&g->f, g->s, g->token);
    for (int i = 0; i < 3; i++) {
        stream_state_t state;
        buf_t text = stream_take(&g->f, g->s, &state);
        buf_release(&text);
    }
}

static int control(stage_t *g, const char *token, const char *body, hub_refusal_t *refusal)
{
    stream_t *found = NULL;
    refusal->status = 0;
    assert_int_equal(stream_control(g->f.hub, slice_str(token), slice_str(body), SLICE_LIT("y"),
                                    refusal, &found),
                     ERR_OK);
    assert_int_equal(found != NULL, refusal->status == 0);
    stream_unref(found);
    return refusal->status;
}

static void expect_control(stage_t *g, const char *want)
{
    buf_t data = stream_expect(&g->f, g->s, CONTROL_EVENT);
    assert_string_equal(data.ptr, want);
    buf_release(&data);
}

static void end_stage(stage_t *g)
{
    stream_end(g->s);
    feeder_release(&g->f);
}

static const refused_t controls[] = {
    {"neither", "{}", 400, E_MISSING("add")},
    {"empty add alone", "{\"add\":{}}", 400, E_MISSING("add")},
    {"unknown id", "{\"remove\":[\"z\"]}", 400, E_VALUE("remove", "z")},
    {"one of them unknown", "{\"remove\":[\"a\",\"z\"]}", 400, E_VALUE("remove", "z")},
    {"all, and something new", "{\"add\":{\"n\":{\"resource-id\":\"cdni\"}},\"remove\":[]}", 400,
     E_VALUE("remove", "[]")},
    {"what is new", "{\"add\":{\"n\":{\"resource-id\":\"cdni\"}},\"remove\":[\"n\"]}", 400,
     E_VALUE("remove", "n")},
    {"an id that is there", "{\"add\":{\"a\":{\"resource-id\":\"netmap\"}}}", 400,
     E_VALUE("add", "a")},
    {"an id that was there", "{\"add\":{\"c\":{\"resource-id\":\"netmap\"}}}", 400,
     E_VALUE("add", "c")},
    {"remove is a string", "{\"remove\":\"a\"}", 400, E_TYPE("remove")},
    {"remove a number", "{\"remove\":[1]}", 400, E_VALUE("remove", "1")},
    {"no JSON", "{", 400, NULL},
    {"unknown resource", "{\"add\":{\"n\":{\"resource-id\":\"nope\"}}}", 400,
     E_VALUE("add/n/resource-id", "nope")},
};

static void test_control_refusals(void **state)
{
    (void)state;
    stage_t g;
    hub_refusal_t refusal = HUB_REFUSAL_INIT;
    set_stage(&g);
    assert_int_equal(control(&g, g.token, "{\"remove\":[\"c\"]}", &refusal), 0);
    expect_control(&g, "{\"stopped\":[\"c\"]}");
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++) {
        (void)control(&g, g.token, controls[i].body, &refusal);
        check_refusal(&controls[i], &refusal);
        stream_expect_nothing(&g.f, g.s);
        stream_info_t info;
        stream_describe(g.s, &info);
        assert_int_equal(info.substreams, 2);
    }
    /* A token that nobody has: whatever the body. */
    assert_int_equal(control(&g, "0123456789012345678901", "{", &refusal), 404);
    assert_int_equal(refusal.body.len, 0);
    buf_release(&refusal.body);
    end_stage(&g);
}

static void test_removal(void **state)
{
    (void)state;
    stage_t g;
    hub_refusal_t refusal = HUB_REFUSAL_INIT;
    set_stage(&g);
    assert_int_equal(control(&g, g.token, "{\"remove\":[\"b\",\"a\"]}", &refusal), 0);
    expect_control(&g, "{\"stopped\":[\"a\",\"b\"]}");
    /* Once more: it is legal, and nothing is said. */
    assert_int_equal(control(&g, g.token, "{\"remove\":[\"a\"]}", &refusal), 0);
    stream_expect_nothing(&g.f, g.s);
    assert_int_equal(control(&g, g.token, "{\"remove\":[]}", &refusal), 0);
    /* It is closed at once, not when it has said so. */
    assert_int_equal(control(&g, g.token, "{\"remove\":[]}", &refusal), 404);
    expect_control(&g, "{\"stopped\":[\"c\"]}");
    stream_state_t state_now;
    buf_t none = stream_take(&g.f, g.s, &state_now);
    assert_int_equal(state_now, STREAM_END);
    buf_release(&none);
    end_stage(&g);
}

static void test_exchange(void **state)
{
    (void)state;
    stage_t g;
    hub_refusal_t refusal = HUB_REFUSAL_INIT;
    set_stage(&g);
    assert_int_equal(control(&g, g.token,
                             "{\"add\":{\"n\":{\"resource-id\":\"netmap\"}},"
                             "\"remove\":[\"a\",\"b\",\"c\",\"b\",\"a\"]}",
                             &refusal),
                     0);
    expect_control(&g, "{\"started\":[\"n\"],\"stopped\":[\"a\",\"b\",\"c\"]}");
    stream_skip(&g.f, g.s, MAP_EVENT ",n");
    stream_expect_nothing(&g.f, g.s);
    assert_int_equal(control(&g, g.token, "{\"add\":{},\"remove\":[]}", &refusal), 0);
    expect_control(&g, "{\"stopped\":[\"n\"]}");
    end_stage(&g);
}

/* What is removed while its event is still to come never comes. */
static void test_removal_of_what_is_waited_for(void **state)
{
    (void)state;
    stage_t g;
    hub_refusal_t refusal = HUB_REFUSAL_INIT;
    set_stage(&g);
    feeder_publish(&g.f, "advertisement: cdni\n" DOCUMENT
                         "network-maps: {netmap: {pids: {p: {ipv4: [0.0.0.0/0]}}}}\n");
    feeder_publish(&g.f, "footprints: {a: {ipv4cidr: [192.0.2.0/25]}}\n"
                         "capabilities:\n"
                         "  - capability-type: FCI.DeliveryProtocol\n"
                         "    capability-value: {delivery-protocols: [https/1.1]}\n"
                         "    footprints: [a]\n");
    stream_skip_patch(&g.f, g.s, "a");
    assert_int_equal(control(&g, g.token, "{\"remove\":[\"b\"]}", &refusal), 0);
    expect_control(&g, "{\"stopped\":[\"b\"]}");
    stream_skip_patch(&g.f, g.s, "c");
    stream_expect_nothing(&g.f, g.s);
    end_stage(&g);
}

/* ---- limits ---- */

static int try_open(feeder_t *f, const char *body, const char *client, stream_t **out)
{
    hub_refusal_t refusal = HUB_REFUSAL_INIT;
    assert_int_equal(stream_open(f->hub, slice_str(body), slice_str(client), &refusal, out),
                     ERR_OK);
    buf_release(&refusal.body);
    return *out ? 200 : refusal.status;
}

static void test_limits_of_streams(void **state)
{
    (void)state;
    feeder_t f;
    hub_options_t options = {.streams = 2, .substreams = 2, .substream_ids = 3};
    feeder_init(&f, &options);
    feeder_publish(&f, DOCUMENT);
    static const char one[] = "{\"add\":{\"a\":{\"resource-id\":\"cdni\"}}}";
    stream_t *s[3] = {NULL};
    assert_int_equal(try_open(&f,
                              "{\"add\":{\"a\":{\"resource-id\":\"cdni\"},\"b\":{\"resource-id\":"
                              "\"cdni\"},\"c\":{\"resource-id\":\"cdni\"}}}",
                              "x", &s[0]),
                     503);
    assert_int_equal(try_open(&f, one, "x", &s[0]), 200);
    assert_int_equal(try_open(&f, one, "x", &s[1]), 200);
    assert_int_equal(try_open(&f, one, "x", &s[2]), 503);
    stage_t g = {.f = f, .s = s[0]};
    hub_refusal_t refusal = HUB_REFUSAL_INIT;
    stream_token(&f, s[0], g.token);
    stream_skip(&f, s[0], CDNI_EVENT ",a");
    assert_int_equal(control(&g, g.token,
                             "{\"add\":{\"b\":{\"resource-id\":\"cdni\"},"
                             "\"c\":{\"resource-id\":\"cdni\"}}}",
                             &refusal),
                     503);
    assert_int_equal(control(&g, g.token, "{\"add\":{\"b\":{\"resource-id\":\"cdni\"}}}", &refusal),
                     0);
    /* What goes makes room, but its id is used up. */
    assert_int_equal(control(&g, g.token,
                             "{\"add\":{\"c\":{\"resource-id\":\"cdni\"}},\"remove\":[\"a\"]}",
                             &refusal),
                     0);
    assert_int_equal(control(&g, g.token,
                             "{\"add\":{\"d\":{\"resource-id\":\"cdni\"}},\"remove\":[\"b\"]}",
                             &refusal),
                     503);
    stream_end(s[0]);
    stream_end(s[1]);
    feeder_release(&f);
}

static void test_storms_of_openings(void **state)
{
    (void)state;
    feeder_t f;
    hub_options_t options = {.opens_per_s = 5};
    feeder_init(&f, &options);
    feeder_publish(&f, DOCUMENT);
    static const char one[] = "{\"add\":{\"a\":{\"resource-id\":\"cdni\"}}}";
    int taken = 0;
    for (int i = 0; i < 50; i++) {
        stream_t *s = NULL;
        taken += try_open(&f, one, "x", &s) == 200;
        if (s) {
            stream_end(s);
        }
    }
    assert_in_range(taken, 5, 20);
    fixture_clock_ms += 1000;
    stream_t *s = NULL;
    assert_int_equal(try_open(&f, one, "x", &s), 200);
    stream_end(s);
    feeder_release(&f);
    /* Whole documents cost more than patches: those who have the newest are let in. */
    options = (hub_options_t){.full_bytes_per_s = 1000};
    feeder_init(&f, &options);
    feeder_publish(&f, DOCUMENT);
    char with_tag[128];
    (void)snprintf(with_tag, sizeof with_tag,
                   "{\"add\":{\"a\":{\"resource-id\":\"cdni\",\"tag\":\"%s\"}}}",
                   fixture_tag(f.snapshot, "/cdni"));
    int refused = 0;
    for (int i = 0; i < 50; i++) {
        stream_t *whole = NULL, *current = NULL;
        refused += try_open(&f, one, "x", &whole) == 503;
        assert_int_equal(try_open(&f, with_tag, "x", &current), 200);
        stream_end(current);
        if (whole) {
            stream_end(whole);
        }
    }
    assert_in_range(refused, 30, 49);
    feeder_release(&f);
}

static int open_input(feeder_t *f, unsigned number, const char *client, stream_t **out)
{
    char body[256];
    (void)snprintf(body, sizeof body,
                   "{\"add\":{\"f\":{\"resource-id\":\"propmap-filtered\",\"input\":{\"entities\":"
                   "[\"ipv4:10.0.%u.%u\"]}}}}",
                   number / 256, number % 256);
    return try_open(f, body, client, out);
}

/* Clients that vary their inputs without end. */
static void test_limits_of_inputs(void **state)
{
    (void)state;
    feeder_t f;
    hub_options_t options = {.inputs = 8, .client_inputs = 3};
    feeder_init(&f, &options);
    feeder_publish(&f, DOCUMENT);
    stream_t *held[3], *s = NULL;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(open_input(&f, i, "x", &held[i]), 200);
    }
    assert_int_equal(open_input(&f, 3, "x", &s), 503);
    /* The same input as somebody else's is no new one, in whatever spelling. */
    assert_int_equal(try_open(&f,
                              "{\"add\":{\"f\":{\"input\":{\"entities\":[\"ipv4:10.0.0.1\","
                              "\"ipv4:10.0.0.1\"]},\"resource-id\":\"propmap-filtered\"}}}",
                              "x", &s),
                     200);
    hub_counters_t counters;
    hub_read_counters(f.hub, &counters);
    assert_int_equal(counters.feeds, 4 + 3); /* netmap, its costs, cdni, propmap */
    stream_end(s);
    /* One after the other costs no more than at once. */
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(open_input(&f, 1000 + i, "y", &s), 200);
        stream_end(s);
        hub_read_counters(f.hub, &counters);
        assert_true(counters.feeds <= 4 + 8);
    }
    for (unsigned i = 0; i < 3; i++) {
        stream_end(held[i]);
    }
    /* And is forgotten after a while. */
    fixture_clock_ms += 60000;
    hub_tick(f.hub, fixture_clock_ms);
    hub_read_counters(f.hub, &counters);
    assert_int_equal(counters.feeds, 4);
    feeder_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_openings),
        cmocka_unit_test(test_control_refusals),
        cmocka_unit_test(test_removal),
        cmocka_unit_test(test_exchange),
        cmocka_unit_test(test_removal_of_what_is_waited_for),
        cmocka_unit_test(test_limits_of_streams),
        cmocka_unit_test(test_storms_of_openings),
        cmocka_unit_test(test_limits_of_inputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
