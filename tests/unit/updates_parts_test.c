/* Answers of several parts that are followed: patches of parts, in their order, and what ends
 * between. */
#include "updates_fixture.h"

#include "failmalloc.h"

/* A direct link when `direct`; the capacity of the others. */
static buf_t document(bool direct, unsigned capacity)
{
    buf_t text = BUF_INIT;
    buf_printf(&text,
               "version: 1\nnetwork-maps: {m: {pids: {p: {ipv4: [192.0.2.0/24]}, q: {ipv4: "
               "[0.0.0.0/0]}}}}\n"
               "topologies:\n  t:\n    network-map: m\n    public: true\n"
               "    max-reservable-bandwidth: true\n"
               "    nodes: {x: {pids: [p]}, y: {}, z: {pids: [q]}}\n    links:\n"
               "      xy: {from: x, to: y, capacity: %u}\n      yz: {from: y, to: z}\n%s",
               capacity, direct ? "      xz: {from: x, to: z}\n" : "");
    buf_append_char(&text, '\0');
    return text;
}

static void publish(feeder_t *f, bool direct, unsigned capacity)
{
    buf_t text = document(direct, capacity);
    feeder_publish(f, text.ptr);
    hub_catch_up(f->hub, NULL, NULL);
    buf_release(&text);
}

#define INPUT                                                                                      \
    "{\"cost-type\":{\"cost-mode\":\"array\",\"cost-metric\":\"ane-path\"},"                       \
    "\"ane-property-names\":[\"max-reservable-bandwidth\"],"                                       \
    "\"pids\":{\"srcs\":[\"p\"],\"dsts\":[\"q\"]}}"
#define ADD(id)    "\"" id "\":{\"resource-id\":\"t-pv\",\"input\":" INPUT "}"
#define WHOLE      "multipart/related; boundary=part+part; type=\"application/alto-costmap+json\","
#define COSTS      ".costmap@alto.invalid"
#define PROPERTIES ".propmap@alto.invalid"

static void test_order(void **state)
{
    (void)state;
    feeder_t f;
    feeder_init(&f, NULL);
    publish(&f, false, 5);
    stream_t *s = feeder_open(&f, "{\"add\":{" ADD("a") "," ADD("b") "}}");
    stream_skip(&f, s, CONTROL_EVENT);
    buf_t a = stream_expect(&f, s, WHOLE "a"), b = stream_expect(&f, s, WHOLE "b");
    assert_string_equal(a.ptr, b.ptr); /* one stream, one name for each element */
    buf_release(&a);
    buf_release(&b);
    stream_expect_nothing(&f, s);
    publish(&f, false, 6);
    stream_skip_patch(&f, s, "a" PROPERTIES);
    stream_skip_patch(&f, s, "b" PROPERTIES);
    stream_expect_nothing(&f, s);
    publish(&f, true, 6);
    stream_skip_patch(&f, s, "a" COSTS);
    stream_skip_patch(&f, s, "a" PROPERTIES);
    stream_skip_patch(&f, s, "b" COSTS);
    stream_skip_patch(&f, s, "b" PROPERTIES);
    stream_expect_nothing(&f, s);
    /* Versions that nobody has seen are passed over. */
    publish(&f, false, 7);
    publish(&f, false, 8);
    stream_skip_patch(&f, s, "a" COSTS);
    stream_skip_patch(&f, s, "a" PROPERTIES);
    stream_info_t info;
    stream_describe(s, &info);
    assert_int_equal(info.full, 2);
    assert_int_equal(info.patches, 8);
    assert_int_equal(info.coalesced, 1);
    hub_counters_t counters;
    hub_read_counters(f.hub, &counters);
    assert_int_equal(counters.patches_refused, 0);
    assert_int_equal(counters.inputs, 1); /* of both */
    stream_end(s);                        /* b is behind */
    feeder_release(&f);
}

/* Between two parts: what is removed gets nothing any more, and what is closed leaves nothing. */
static void test_ends_between(void **state)
{
    (void)state;
    feeder_t f;
    char token[64];
    feeder_init(&f, NULL);
    publish(&f, false, 5);
    stream_t *s = feeder_open(&f, "{\"add\":{" ADD("a") "," ADD("b") "}}");
    stream_token(&f, s, token);
    stream_skip(&f, s, WHOLE "a");
    stream_skip(&f, s, WHOLE "b");
    publish(&f, true, 5);
    stream_skip_patch(&f, s, "a" COSTS);
    hub_refusal_t refusal = HUB_REFUSAL_INIT;
    stream_t *found = NULL;
    assert_int_equal(stream_control(f.hub, slice_str(token), SLICE_LIT("{\"remove\":[\"a\"]}"),
                                    SLICE_LIT("192.0.2.1"), &refusal, &found),
                     ERR_OK);
    assert_ptr_equal(found, s);
    stream_unref(found);
    buf_release(&refusal.body);
    buf_t stopped = stream_expect(&f, s, CONTROL_EVENT);
    assert_string_equal(stopped.ptr, "{\"stopped\":[\"a\"]}");
    buf_release(&stopped);
    stream_skip_patch(&f, s, "b" COSTS);
    stream_end(s);
    feeder_release(&f);
}

/* Names are hidden by a key of the stream: another one has others. */
static void test_streams(void **state)
{
    (void)state;
    for (unsigned stable = 0; stable < 2; stable++) {
        const hub_options_t options = {.stable_names = stable};
        feeder_t f;
        buf_t texts[2];
        feeder_init(&f, &options);
        publish(&f, false, 5);
        for (size_t i = 0; i < 2; i++) {
            stream_t *s = feeder_open(&f, "{\"add\":{" ADD("a") "}}");
            stream_skip(&f, s, CONTROL_EVENT);
            texts[i] = stream_expect(&f, s, WHOLE "a");
            stream_end(s);
        }
        assert_int_equal(strcmp(texts[0].ptr, texts[1].ptr) == 0, stable);
        buf_release(&texts[0]);
        buf_release(&texts[1]);
        feeder_release(&f);
    }
}

/* A view has edges of one document each: there is none of these. */
static void test_no_views(void **state)
{
    (void)state;
    feeder_t f;
    hub_refusal_t refusal = HUB_REFUSAL_INIT;
    buf_t text = BUF_INIT;
    feeder_init(&f, NULL);
    publish(&f, false, 5);
    const tips_client_t client = {SLICE_LIT("c"), SLICE_LIT("o"), SLICE_LIT("http://a")};
    assert_int_equal(tips_open(f.hub, SLICE_LIT("{\"resource-id\":\"t-pv\",\"input\":" INPUT "}"),
                               &client, &refusal, &text),
                     ERR_OK);
    assert_int_equal(refusal.status, 400);
    assert_int_equal(text.len, 0);
    buf_release(&refusal.body);
    buf_release(&text);
    feeder_release(&f);
}

/* ---- patches of trees ---- */

static node_t *tree_of(nodes_t *nodes, const char *text, arena_t *arena)
{
    json_value_t *value = NULL;
    assert_int_equal(json_parse(slice_str(text), 0, arena, &value, NULL), ERR_OK);
    return nodes_json(nodes, value);
}

#define BOTH(x, y) "{\"a@d\":{\"x\":" x "},\"b@d\":{\"y\":" y "}}"

static void test_patches(void **state)
{
    (void)state;
    static const struct {
        const char *to, *first, *second; /* parts; NULL: there is none */
    } cases[] = {
        {BOTH("2", "1"), "a@d", NULL},       {BOTH("1", "2"), "b@d", NULL},
        {BOTH("2", "2"), "a@d", "b@d"},      {BOTH("1", "1"), NULL, NULL},
        {"{\"a@d\":{\"x\":2}}", NULL, NULL}, {"{\"a@d\":{\"x\":2},\"b@e\":{\"y\":1}}", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        arena_t arena;
        nodes_t nodes;
        frame_t *f = NULL;
        arena_init(&arena, 0);
        nodes_init(&nodes, NULL, NULL);
        node_t *from = tree_of(&nodes, BOTH("1", "1"), &arena);
        node_t *to = tree_of(&nodes, cases[i].to, &arena);
        for (size_t n = 1;; n++) {
            long live = failmalloc_live();
            failmalloc_arm(n);
            err_t err = frame_new_part_patches(from, to, &f);
            bool failed = failmalloc_disarm();
            assert_int_equal(err, failed ? ERR_NOMEM : cases[i].first ? ERR_OK : ERR_NOT_FOUND);
            if (!failed) {
                break;
            }
            assert_int_equal(failmalloc_live(), live);
        }
        if (f) {
            assert_string_equal(f->part, cases[i].first);
            assert_int_equal(f->next != NULL, cases[i].second != NULL);
            assert_int_equal(frame_total(f), f->size + (f->next ? f->next->size : 0));
        }
        if (f && f->next) {
            assert_string_equal(f->next->part, cases[i].second);
        }
        frame_unref(f);
        nodes_release(&nodes);
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),   cmocka_unit_test(test_ends_between),
        cmocka_unit_test(test_streams), cmocka_unit_test(test_no_views),
        cmocka_unit_test(test_patches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
