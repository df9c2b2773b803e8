#include "updates_fixture.h"

/* TIPS views: graphs, what to fetch next, and what becomes of requests for edges. */

static buf_t numbered(unsigned i)
{
    buf_t yaml = BUF_INIT;
    buf_printf(&yaml,
               "footprints: {a: {ipv4cidr: [192.0.2.0/24, 198.51.100.%u/32]}}\n"
               "capabilities:\n"
               "  - capability-type: FCI.DeliveryProtocol\n"
               "    capability-value: {delivery-protocols: [https/1.1]}\n"
               "    footprints: [a]\n",
               i % 256);
    buf_append_char(&yaml, '\0');
    return yaml;
}

static void publish(feeder_t *f, unsigned i)
{
    buf_t yaml = numbered(i);
    feeder_publish(f, yaml.ptr);
    buf_release(&yaml);
}

#define OWNER "ucdn-a"

static int open_view_by(feeder_t *f, const char *body, const char *owner, buf_t *text)
{
    hub_refusal_t refusal = HUB_REFUSAL_INIT;
    const tips_client_t client = {SLICE_LIT("x"), slice_str(owner), SLICE_LIT("http://h")};
    assert_int_equal(tips_open(f->hub, slice_str(body), &client, &refusal, text), ERR_OK);
    if (refusal.body.len) {
        buf_append_slice(text, buf_slice(&refusal.body));
    }
    buf_append_char(text, '\0');
    buf_release(&refusal.body);
    return refusal.status ? refusal.status : 200;
}

static int open_view(feeder_t *f, const char *body, buf_t *text)
{
    return open_view_by(f, body, OWNER, text);
}

typedef struct view_seen {
    char token[64], seal[64]; /* what its URI has behind /tips/ */
    unsigned long long start, end, from, to;
} view_seen_t;

static view_seen_t see(const char *text)
{
    view_seen_t v = {{0}, {0}, 0, 0, 0, 0};
    assert_int_equal(sscanf(text,
                            "{\"tips-view-uri\":\"http://h/tips/%22[A-Za-z0-9_-]"
                            "%22[A-Za-z0-9_-]\",\"tips-view-summary\":{"
                            "\"updates-graph-summary\":{\"start-seq\":%llu,\"end-seq\":%llu,"
                            "\"start-edge-rec\":{\"seq-i\":%llu,\"seq-j\":%llu}}}}",
                            v.token, v.seal, &v.start, &v.end, &v.from, &v.to),
                     6);
    return v;
}

static bool is_there(feeder_t *f, const view_seen_t *v, const char *owner)
{
    char text[128];
    slice_t token;
    (void)snprintf(text, sizeof text, "%s%s", v->token, v->seal);
    bool exists = tips_exists(f->hub, slice_str(text), slice_str(owner), &token);
    assert_true(!exists || slice_is(token, v->token));
    return exists;
}

static view_seen_t opened_by(feeder_t *f, const char *body, const char *owner)
{
    buf_t text = BUF_INIT;
    assert_int_equal(open_view_by(f, body, owner, &text), 200);
    view_seen_t v = see(text.ptr);
    buf_release(&text);
    return v;
}

static view_seen_t opened(feeder_t *f, const char *body)
{
    return opened_by(f, body, OWNER);
}

static view_seen_t opened_with_tag(feeder_t *f, const char *tag)
{
    char body[128];
    (void)snprintf(body, sizeof body, "{\"resource-id\":\"cdni\",\"tag\":\"%s\"}", tag);
    return opened(f, body);
}

/* The verdict, and the text of the edge when there is one. */
static tips_verdict_t fetch(feeder_t *f, const view_seen_t *v, uint64_t from, uint64_t to,
                            buf_t *text)
{
    tips_verdict_t verdict;
    tips_edge_t edge;
    assert_int_equal(tips_find(f->hub, slice_str(v->token), from, to, &verdict, &edge), ERR_OK);
    if (verdict == TIPS_FOUND) {
        bool failed;
        if (hub_frame_claim(edge.frame)) {
            hub_frame_make(f->hub, edge.frame);
        }
        const frame_t *frame = hub_frame_get(edge.frame, &failed);
        assert_non_null(frame);
        assert_string_equal(frame->media_type, edge.media_type);
        for (size_t i = 0; text && i < frame->count; i++) {
            buf_append(text, frame->pieces[i].ptr, frame->pieces[i].len);
        }
        hub_frame_unref(edge.frame);
    }
    return verdict;
}

static tips_verdict_t judge(feeder_t *f, const view_seen_t *v, uint64_t from, uint64_t to)
{
    return fetch(f, v, from, to, NULL);
}

static void test_graph(void **state)
{
    (void)state;
    feeder_t f;
    feeder_init(&f, NULL);
    for (unsigned i = 0; i < 4; i++) {
        publish(&f, i);
    }
    view_seen_t v = opened(&f, "{\"resource-id\":\"cdni\"}");
    assert_int_equal(v.start, 1);
    assert_int_equal(v.end, 4);
    assert_int_equal(v.from, 0);
    assert_int_equal(v.to, 4);
    /* The same view for all who ask for the same. */
    view_seen_t same = opened(&f, "{\"resource-id\":\"cdni\",\"x\":1}");
    assert_string_equal(same.token, v.token);
    view_seen_t other = opened(&f, "{\"resource-id\":\"netmap\"}");
    assert_string_not_equal(other.token, v.token);
    buf_t whole = BUF_INIT, body = fixture_body(f.snapshot, "/cdni");
    assert_int_equal(fetch(&f, &v, 0, 4, &whole), TIPS_FOUND);
    assert_int_equal(whole.len, body.len);
    assert_memory_equal(whole.ptr, body.ptr, body.len);
    buf_release(&whole);
    buf_release(&body);
    for (uint64_t i = 1; i < 4; i++) {
        buf_t step = BUF_INIT;
        assert_int_equal(fetch(&f, &v, i, i + 1, &step), TIPS_FOUND);
        assert_true(step.len > 0 && (step.ptr[0] == '[' || step.ptr[0] == '{'));
        buf_release(&step);
        assert_int_equal(judge(&f, &v, 0, i), TIPS_FOUND);
    }
    assert_int_equal(judge(&f, &v, 4, 5), TIPS_HOLD);
    assert_int_equal(judge(&f, &v, 7, 8), TIPS_HOLD);
    assert_int_equal(judge(&f, &v, 8, 9), TIPS_EARLY);
    assert_int_equal(judge(&f, &v, 500, 501), TIPS_EARLY);
    assert_int_equal(judge(&f, &v, 0, 5), TIPS_NOT_FOUND);
    assert_int_equal(judge(&f, &v, 4, 6), TIPS_NOT_FOUND);
    assert_int_equal(judge(&f, &v, 1, 3), TIPS_NOT_FOUND);
    assert_int_equal(judge(&f, &v, 3, 3), TIPS_NOT_FOUND);
    assert_int_equal(judge(&f, &v, 3, 2), TIPS_NOT_FOUND);
    assert_int_equal(judge(&f, &v, 0, 0), TIPS_NOT_FOUND);
    strcpy(v.token, "0123456789012345678901");
    assert_int_equal(judge(&f, &v, 0, 4), TIPS_NO_VIEW);
    feeder_release(&f);
}

static void test_recommendations(void **state)
{
    (void)state;
    feeder_t f;
    char tags[3][TAG_LEN + 1];
    feeder_init(&f, NULL);
    for (unsigned i = 0; i < 3; i++) {
        publish(&f, i);
        strcpy(tags[i], fixture_tag(f.snapshot, "/cdni"));
    }
    /* Small documents: one step costs no more than the whole, two do. */
    view_seen_t v = opened_with_tag(&f, tags[1]);
    assert_int_equal(v.from, 2);
    assert_int_equal(v.to, 3);
    v = opened_with_tag(&f, tags[0]);
    assert_int_equal(v.from, 0);
    assert_int_equal(v.to, 3);
    v = opened_with_tag(&f, tags[2]);
    assert_int_equal(v.from, 3);
    assert_int_equal(v.to, 4);
    v = opened_with_tag(&f, "never-seen");
    assert_int_equal(v.from, 0);
    assert_int_equal(v.to, 3);
    /* A content that comes back: the newer of the two versions is meant. */
    publish(&f, 1);
    v = opened_with_tag(&f, tags[1]);
    assert_int_equal(v.from, 4);
    assert_int_equal(v.to, 5);
    /* The next edge says the same. */
    hub_refusal_t refusal = HUB_REFUSAL_INIT;
    buf_t text = BUF_INIT, body = BUF_INIT;
    buf_printf(&body, "{\"resource-id\":\"cdni\",\"tag\":\"%s\"}", tags[2]);
    assert_int_equal(tips_next_edge(f.hub, slice_str(v.token), buf_slice(&body), &refusal, &text),
                     ERR_OK);
    buf_append_char(&text, '\0');
    assert_string_equal(text.ptr,
                        "{\"tips-view-summary\":{\"updates-graph-summary\":{\"start-seq\":"
                        "1,\"end-seq\":4,\"start-edge-rec\":{\"seq-i\":3,\"seq-j\":4}}}}");
    buf_release(&text);
    buf_release(&body);
    feeder_release(&f);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *error;
    } cases[] = {
        {"{}", "{\"meta\":{\"code\":\"E_MISSING_FIELD\",\"field\":\"resource-id\"}}"},
        {"{\"resource-id\":5}",
         "{\"meta\":{\"code\":\"E_INVALID_FIELD_TYPE\",\"field\":\"resource-id\"}}"},
        {"{\"resource-id\":\"zzz\"}", "{\"meta\":{\"code\":\"E_INVALID_FIELD_VALUE\",\"field\":"
                                      "\"resource-id\",\"value\":\"zzz\"}}"},
        {"{\"resource-id\":\"cdni\",\"tag\":\"a b\"}",
         "{\"meta\":{\"code\":\"E_INVALID_FIELD_VALUE\",\"field\":\"tag\",\"value\":\"a b\"}}"},
        {"{\"resource-id\":\"cdni\",\"tag\":1}",
         "{\"meta\":{\"code\":\"E_INVALID_FIELD_TYPE\",\"field\":\"tag\"}}"},
        {"{\"resource-id\":\"cdni-filtered\"}",
         "{\"meta\":{\"code\":\"E_MISSING_FIELD\",\"field\":\"cdni-capabilities\"}}"},
        {"{\"resource-id\":\"cdni\",\"input\":{}}",
         "{\"meta\":{\"code\":\"E_INVALID_FIELD_VALUE\",\"field\":\"input\",\"value\":\"{}\"}}"},
        {"{\"resource-id\":\"cdni-filtered\",\"input\":7}",
         "{\"meta\":{\"code\":\"E_INVALID_FIELD_TYPE\",\"field\":\"input\"}}"},
    };
    feeder_t f;
    feeder_init(&f, NULL);
    publish(&f, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_t text = BUF_INIT;
        assert_int_equal(open_view(&f, cases[i].body, &text), 400);
        assert_string_equal(text.ptr, cases[i].error);
        buf_release(&text);
    }
    hub_counters_t counters;
    hub_read_counters(f.hub, &counters);
    assert_int_equal(counters.views, 0);
    /* The next edge of a view: for its resource, without an input. */
    view_seen_t v = opened(&f, "{\"resource-id\":\"cdni\"}");
    static const struct {
        const char *token, *body;
        int status;
    } next[] = {{NULL, "{\"resource-id\":\"netmap\"}", 400},
                {NULL, "{\"resource-id\":\"cdni\",\"input\":{}}", 400},
                {NULL, "[", 400},
                {NULL, "{\"resource-id\":\"cdni\"}", 0},
                {"x", "{\"resource-id\":\"cdni\"}", 404}};
    for (size_t i = 0; i < sizeof next / sizeof *next; i++) {
        hub_refusal_t refusal = HUB_REFUSAL_INIT;
        buf_t text = BUF_INIT;
        assert_int_equal(tips_next_edge(f.hub, slice_str(next[i].token ? next[i].token : v.token),
                                        slice_str(next[i].body), &refusal, &text),
                         ERR_OK);
        assert_int_equal(refusal.status, next[i].status);
        assert_int_equal(text.len > 0, next[i].status == 0);
        buf_release(&refusal.body);
        buf_release(&text);
    }
    feeder_release(&f);
}

/* The graph moves to the right, and keeps what RFC 9569 3.2 demands of it. */
static void test_invariants(void **state)
{
    (void)state;
    feeder_t f;
    hub_options_t options = {.log_bytes = 20000};
    feeder_init(&f, &options);
    publish(&f, 0);
    view_seen_t v = opened(&f, "{\"resource-id\":\"cdni\"}"), last = v;
    for (unsigned i = 1; i < 150; i++) {
        publish(&f, i);
        view_seen_t now = opened(&f, "{\"resource-id\":\"cdni\"}");
        assert_string_equal(now.token, v.token);
        assert_int_equal(now.end, last.end + 1);
        assert_true(now.start >= last.start && now.start <= now.end);
        /* Whoever waits for the next edge gets it. */
        assert_int_equal(judge(&f, &v, last.end, now.end), TIPS_FOUND);
        for (uint64_t seq = now.start; seq < now.end; seq++) {
            assert_int_equal(judge(&f, &v, seq, seq + 1), TIPS_FOUND);
        }
        assert_int_equal(judge(&f, &v, 0, now.start), TIPS_FOUND);
        assert_int_equal(judge(&f, &v, 0, now.end), TIPS_FOUND);
        if (now.start > 1) {
            assert_int_equal(judge(&f, &v, now.start - 1, now.start), TIPS_GONE);
            assert_int_equal(judge(&f, &v, 0, now.start - 1), TIPS_GONE);
        }
        last = now;
    }
    assert_true(last.start > 1);
    feeder_release(&f);
}

static void test_lifetime(void **state)
{
    (void)state;
    feeder_t f;
    hub_options_t options = {.view_idle_s = 10, .views = 2};
    feeder_init(&f, &options);
    publish(&f, 0);
    view_seen_t v = opened(&f, "{\"resource-id\":\"cdni\"}");
    (void)opened(&f, "{\"resource-id\":\"netmap\"}");
    buf_t text = BUF_INIT;
    assert_int_equal(open_view(&f, "{\"resource-id\":\"propmap\"}", &text), 429);
    buf_release(&text);
    fixture_clock_ms += 9000;
    assert_int_equal(judge(&f, &v, 0, 1), TIPS_FOUND);
    fixture_clock_ms += 9000;
    hub_tick(f.hub, fixture_clock_ms);
    assert_true(is_there(&f, &v, OWNER));
    hub_counters_t counters;
    hub_read_counters(f.hub, &counters);
    assert_int_equal(counters.views, 1);
    /* Not while somebody waits. */
    assert_true(tips_hold(f.hub, slice_str(v.token), true));
    fixture_clock_ms += 60000;
    hub_tick(f.hub, fixture_clock_ms);
    hub_read_counters(f.hub, &counters);
    assert_int_equal(counters.views, 1);
    assert_true(tips_hold(f.hub, slice_str(v.token), false));
    fixture_clock_ms += 60000;
    hub_tick(f.hub, fixture_clock_ms);
    assert_int_equal(judge(&f, &v, 0, 1), TIPS_NO_VIEW);
    view_seen_t again = opened(&f, "{\"resource-id\":\"cdni\"}");
    assert_string_not_equal(again.token, v.token);
    feeder_release(&f);
}

/* Everybody's URI is his own, although the view is one. */
static void test_uris_are_their_owners(void **state)
{
    (void)state;
    static const char *const body = "{\"resource-id\":\"cdni\"}";
    feeder_t f;
    feeder_init(&f, NULL);
    publish(&f, 0);
    view_seen_t mine = opened(&f, body), other = opened_by(&f, body, "ucdn-b");
    assert_string_equal(mine.token, other.token);
    assert_string_not_equal(mine.seal, other.seal);
    assert_true(is_there(&f, &mine, OWNER) && is_there(&f, &other, "ucdn-b"));
    assert_false(is_there(&f, &mine, "ucdn-b") || is_there(&f, &other, OWNER));
    assert_false(is_there(&f, &mine, "") || is_there(&f, &mine, "ucdn-aa"));
    for (size_t i = 0; mine.seal[i]; i++) {
        view_seen_t wrong = mine;
        wrong.seal[i] = wrong.seal[i] == 'A' ? 'B' : 'A';
        assert_false(is_there(&f, &wrong, OWNER));
    }
    mine.seal[21] = '\0';
    assert_false(is_there(&f, &mine, OWNER));
    hub_counters_t counters;
    hub_read_counters(f.hub, &counters);
    assert_int_equal(counters.views, 1);
    feeder_release(&f);
}

static void test_resource_that_goes(void **state)
{
    (void)state;
    feeder_t f;
    feeder_init(&f, NULL);
    feeder_publish(&f, "advertisement: video\nfootprints: {a: {ipv4cidr: [192.0.2.0/24]}}\n");
    view_seen_t v = opened(&f, "{\"resource-id\":\"video\"}");
    assert_true(tips_hold(f.hub, slice_str(v.token), true));
    publish(&f, 0);
    assert_int_equal(judge(&f, &v, 1, 2), TIPS_NO_VIEW);
    (void)tips_hold(f.hub, slice_str(v.token), false);
    assert_false(is_there(&f, &v, OWNER));
    hub_counters_t counters;
    hub_read_counters(f.hub, &counters);
    assert_int_equal(counters.views, 0);
    feeder_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_graph),
        cmocka_unit_test(test_recommendations),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_invariants),
        cmocka_unit_test(test_lifetime),
        cmocka_unit_test(test_uris_are_their_owners),
        cmocka_unit_test(test_resource_that_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
