#include "updates_fixture.h"

/* What is sent on streams, when, and in which order. */

/* A document with `values` in a footprint, and a network map that its second object names. */
#define DOCUMENT(values, prefix)                                                                   \
    "footprints:\n"                                                                                \
    "  a: {ipv4cidr: [" values "]}\n"                                                              \
    "  p: {altopid: [pid-a]}\n"                                                                    \
    "capabilities:\n"                                                                              \
    "  - capability-type: FCI.DeliveryProtocol\n"                                                  \
    "    capability-value: {delivery-protocols: [https/1.1]}\n"                                    \
    "    footprints: [a]\n"                                                                        \
    "  - capability-type: FCI.RedirectionMode\n"                                                   \
    "    capability-value: {redirection-modes: [DNS-I]}\n"                                         \
    "    footprints: [p]\n"                                                                        \
    "network-maps:\n"                                                                              \
    "  netmap: {pids: {pid-a: {ipv4: [" prefix "]}}}\n"

#define FIRST  DOCUMENT("192.0.2.0/25, 198.51.100.0/24", "203.0.113.0/25")
#define SECOND DOCUMENT("192.0.2.0/25, 198.51.100.0/25", "203.0.113.0/25")
#define THIRD  DOCUMENT("192.0.2.0/25, 198.51.100.0/25", "203.0.113.0/26")

static void test_whole_then_patches(void **state)
{
    (void)state;
    feeder_t f;
    feeder_init(&f, NULL);
    feeder_publish(&f, FIRST);
    stream_t *s = feeder_open(&f, "{\"add\":{\"x\":{\"resource-id\":\"cdni\"}}}");
    char token[64];
    stream_token(&f, s, token);
    buf_t whole = stream_expect(&f, s, CDNI_EVENT ",x"), body = fixture_body(f.snapshot, "/cdni");
    assert_int_equal(whole.len - 1, body.len);
    assert_memory_equal(whole.ptr, body.ptr, body.len);
    stream_expect_nothing(&f, s);
    char before[TAG_LEN + 1];
    strcpy(before, fixture_tag(f.snapshot, "/cdni"));
    feeder_publish(&f, SECOND);
    buf_t patch = stream_expect(&f, s, JSON_EVENT ",x"), want = BUF_INIT;
    buf_printf(&want,
               "[{\"op\":\"test\",\"path\":\"/meta/vtag/tag\",\"value\":\"%s\"},"
               "{\"op\":\"add\",\"path\":\"/meta/vtag/tag\",\"value\":\"%s\"},"
               "{\"op\":\"replace\",\"path\":\"/cdni-advertisement/capabilities-with-footprints/0/"
               "footprints/0/footprint-value/1\",\"value\":\"198.51.100.0/25\"}]",
               before, fixture_tag(f.snapshot, "/cdni"));
    buf_append_char(&want, '\0');
    assert_string_equal(patch.ptr, want.ptr);
    stream_expect_nothing(&f, s);
    /* Nothing new is no event. */
    feeder_publish(&f, SECOND);
    assert_int_equal(f.last.changed, 0);
    stream_expect_nothing(&f, s);
    buf_release(&whole);
    buf_release(&body);
    buf_release(&patch);
    buf_release(&want);
    stream_end(s);
    feeder_release(&f);
}

/* Whatever the order of adding: the map, what uses it, the property map that uses both. */
static void test_order_of_dependency(void **state)
{
    (void)state;
    feeder_t f;
    feeder_init(&f, NULL);
    feeder_publish(&f, FIRST);
    stream_t *s = feeder_open(&f, "{\"add\":{\"p\":{\"resource-id\":\"propmap\"},"
                                  "\"c\":{\"resource-id\":\"cdni\"},"
                                  "\"n\":{\"resource-id\":\"netmap\"}}}");
    stream_skip(&f, s, CONTROL_EVENT);
    stream_skip(&f, s, MAP_EVENT ",n");
    stream_skip(&f, s, CDNI_EVENT ",c");
    stream_skip(&f, s, PROP_EVENT ",p");
    feeder_publish(&f, THIRD);
    stream_skip_patch(&f, s, "n");
    stream_skip_patch(&f, s, "c");
    stream_skip_patch(&f, s, "p");
    stream_expect_nothing(&f, s);
    stream_end(s);
    feeder_release(&f);
}

/* Only the map changes, and the advertisement names it: its dependent tag changes, and its own. */
static void test_dependent_tag_alone(void **state)
{
    (void)state;
    feeder_t f;
    feeder_init(&f, NULL);
    feeder_publish(&f, SECOND);
    stream_t *s = feeder_open(&f, "{\"add\":{\"c\":{\"resource-id\":\"cdni\"}}}");
    stream_skip(&f, s, CONTROL_EVENT);
    stream_skip(&f, s, CDNI_EVENT ",c");
    feeder_publish(&f, THIRD);
    buf_t patch = stream_expect(&f, s, MERGE_EVENT ",c"), want = BUF_INIT;
    buf_printf(&want,
               "{\"meta\":{\"vtag\":{\"tag\":\"%s\"},\"dependent-vtags\":[{\"resource-id\":"
               "\"netmap\",\"tag\":\"%s\"}]}}",
               fixture_tag(f.snapshot, "/cdni"), fixture_tag(f.snapshot, "/netmap"));
    buf_append_char(&want, '\0');
    assert_string_equal(patch.ptr, want.ptr);
    buf_release(&patch);
    buf_release(&want);
    stream_end(s);
    feeder_release(&f);
}

/* A document with prefix number i. */
static buf_t numbered(unsigned i)
{
    buf_t yaml = BUF_INIT;
    buf_printf(&yaml,
               "footprints: {a: {ipv4cidr: [192.0.2.0/24, 10.%u.%u.0/24]}}\n"
               "capabilities:\n"
               "  - capability-type: FCI.DeliveryProtocol\n"
               "    capability-value: {delivery-protocols: [https/1.1]}\n"
               "    footprints: [a]\n",
               i / 256, i % 256);
    buf_append_char(&yaml, '\0');
    return yaml;
}

/* A reader that does not read: one step for all that it missed, and the same memory meanwhile. */
static void test_one_step_for_many(void **state)
{
    (void)state;
    feeder_t f;
    feeder_init(&f, NULL);
    buf_t yaml = numbered(0);
    feeder_publish(&f, yaml.ptr);
    buf_release(&yaml);
    stream_t *s = feeder_open(&f,
                              "{\"add\":{\"c\":{\"resource-id\":\"cdni\"},"
                              "\"w\":{\"resource-id\":\"cdni\",\"incremental-changes\":false}}}");
    stream_skip(&f, s, CONTROL_EVENT);
    stream_skip(&f, s, CDNI_EVENT ",c");
    stream_skip(&f, s, CDNI_EVENT ",w");
    for (unsigned i = 1; i <= 200; i++) {
        yaml = numbered(i);
        feeder_publish(&f, yaml.ptr);
        buf_release(&yaml);
    }
    stream_info_t info;
    stream_describe(s, &info);
    assert_int_equal(info.lag_versions, 400);
    assert_true(info.behind);
    buf_t patch = stream_expect(&f, s, JSON_EVENT ",c");
    assert_non_null(strstr(patch.ptr, "10.0.200.0/24"));
    assert_null(strstr(patch.ptr, "10.0.100.0/24"));
    buf_t whole = stream_expect(&f, s, CDNI_EVENT ",w"), body = fixture_body(f.snapshot, "/cdni");
    assert_int_equal(whole.len - 1, body.len);
    stream_expect_nothing(&f, s);
    stream_describe(s, &info);
    assert_int_equal(info.lag_versions, 0);
    assert_int_equal(info.coalesced, 398);
    assert_int_equal(info.patches, 1);
    assert_int_equal(info.full, 3);
    buf_release(&patch);
    buf_release(&whole);
    buf_release(&body);
    stream_end(s);
    feeder_release(&f);
}

/* What is forgotten is sent whole. The log has room for little more than nothing. */
static void test_forgotten_versions(void **state)
{
    (void)state;
    feeder_t f;
    hub_options_t options = {.log_bytes = 1};
    feeder_init(&f, &options);
    feeder_publish(&f, FIRST);
    stream_t *s = feeder_open(&f, "{\"add\":{\"c\":{\"resource-id\":\"cdni\"}}}");
    stream_skip(&f, s, CONTROL_EVENT);
    stream_skip(&f, s, CDNI_EVENT ",c");
    feeder_publish(&f, SECOND);
    feeder_publish(&f, THIRD);
    stream_skip(&f, s, CDNI_EVENT ",c");
    hub_counters_t counters;
    hub_read_counters(f.hub, &counters);
    assert_true(counters.log_bytes <= 1);
    stream_end(s);
    feeder_release(&f);
}

/* Each move goes to one generation: news in the middle of it wait until it is complete. */
static void test_generations_are_not_mixed(void **state)
{
    (void)state;
    feeder_t f;
    feeder_init(&f, NULL);
    feeder_publish(&f, FIRST);
    stream_t *s = feeder_open(&f, "{\"add\":{\"c\":{\"resource-id\":\"cdni\"},"
                                  "\"n\":{\"resource-id\":\"netmap\"}}}");
    stream_skip(&f, s, CONTROL_EVENT);
    stream_skip(&f, s, MAP_EVENT ",n");
    /* The next generation changes both, while the advertisement of this one is still to be sent. */
    char tag[TAG_LEN + 1];
    strcpy(tag, fixture_tag(f.snapshot, "/cdni"));
    feeder_publish(&f, THIRD);
    buf_t whole = stream_expect(&f, s, CDNI_EVENT ",c");
    assert_non_null(strstr(whole.ptr, tag));
    buf_release(&whole);
    stream_skip_patch(&f, s, "n");
    stream_skip_patch(&f, s, "c");
    stream_expect_nothing(&f, s);
    stream_end(s);
    feeder_release(&f);
}

static void open_with_tag(feeder_t *f, const char *tag, stream_t **out)
{
    char body[256];
    (void)snprintf(body, sizeof body, "{\"add\":{\"c\":{\"resource-id\":\"cdni\",\"tag\":\"%s\"}}}",
                   tag);
    *out = feeder_open(f, body);
    stream_skip(f, *out, CONTROL_EVENT);
}

static void test_tags(void **state)
{
    (void)state;
    for (int resume = 0; resume < 2; resume++) {
        feeder_t f;
        hub_options_t options = {.resume_from_tag = resume};
        feeder_init(&f, &options);
        feeder_publish(&f, FIRST);
        char old[TAG_LEN + 1];
        strcpy(old, fixture_tag(f.snapshot, "/cdni"));
        feeder_publish(&f, SECOND);
        stream_t *s;
        /* The newest: nothing is sent but that it goes on from there. */
        open_with_tag(&f, fixture_tag(f.snapshot, "/cdni"), &s);
        buf_t started = stream_expect(&f, s, CONTROL_EVENT);
        assert_string_equal(started.ptr, "{\"started\":[\"c\"]}");
        buf_release(&started);
        stream_expect_nothing(&f, s);
        feeder_publish(&f, THIRD);
        stream_skip_patch(&f, s, "c");
        stream_end(s);
        /* One that is still known. */
        open_with_tag(&f, old, &s);
        if (resume) {
            stream_skip(&f, s, CONTROL_EVENT);
            stream_skip_patch(&f, s, "c");
        } else {
            stream_skip(&f, s, CDNI_EVENT ",c");
        }
        stream_end(s);
        /* One that nobody knows, and one of another resource. */
        open_with_tag(&f, "never-seen", &s);
        stream_skip(&f, s, CDNI_EVENT ",c");
        stream_end(s);
        open_with_tag(&f, fixture_tag(f.snapshot, "/netmap"), &s);
        stream_skip(&f, s, CDNI_EVENT ",c");
        stream_end(s);
        feeder_release(&f);
    }
}

static void test_resource_that_goes(void **state)
{
    (void)state;
    feeder_t f;
    feeder_init(&f, NULL);
    feeder_publish(&f, "advertisement: video\n" FIRST);
    stream_t *s = feeder_open(&f, "{\"add\":{\"v\":{\"resource-id\":\"video\"},"
                                  "\"n\":{\"resource-id\":\"netmap\"}}}");
    stream_t *only = feeder_open(&f, "{\"add\":{\"v\":{\"resource-id\":\"video\"}}}");
    stream_skip(&f, s, CONTROL_EVENT);
    stream_skip(&f, s, MAP_EVENT ",n");
    stream_skip(&f, s, CDNI_EVENT ",v");
    feeder_publish(&f, FIRST);
    buf_t stopped = stream_expect(&f, s, CONTROL_EVENT);
    assert_string_equal(stopped.ptr, "{\"stopped\":[\"v\"],\"description\":\"the resource is not "
                                     "offered any more\"}");
    buf_release(&stopped);
    stream_expect_nothing(&f, s);
    /* A stream is never empty. */
    stream_state_t last;
    stream_skip(&f, only, CONTROL_EVENT);
    stream_skip(&f, only, CONTROL_EVENT);
    buf_t none = stream_take(&f, only, &last);
    assert_int_equal(last, STREAM_END);
    buf_release(&none);
    stream_end(only);
    stream_end(s);
    feeder_release(&f);
}

static void test_drain(void **state)
{
    (void)state;
    feeder_t f;
    feeder_init(&f, NULL);
    feeder_publish(&f, FIRST);
    stream_t *s = feeder_open(&f, "{\"add\":{\"b\":{\"resource-id\":\"cdni\"},"
                                  "\"a\":{\"resource-id\":\"netmap\"}}}");
    char token[64];
    stream_token(&f, s, token);
    assert_true(stream_is_owned(f.hub, slice_str(token), SLICE_LIT("")));
    stream_stop(s, "over");
    buf_t stopped = stream_expect(&f, s, CONTROL_EVENT);
    assert_string_equal(stopped.ptr, "{\"stopped\":[\"b\",\"a\"],\"description\":\"over\"}");
    buf_release(&stopped);
    stream_state_t last;
    buf_t none = stream_take(&f, s, &last);
    assert_int_equal(last, STREAM_END);
    buf_release(&none);
    assert_false(stream_is_owned(f.hub, slice_str(token), SLICE_LIT("")));
    stream_end(s);
    feeder_release(&f);
}

/* ---- filtered documents ---- */

#define FILTER                                                                                     \
    "{\"cdni-capabilities\":[{\"capability-type\":\"FCI.RedirectionMode\","                        \
    "\"capability-value\":{\"redirection-modes\":[\"DNS-I\"]}}]}"
#define FILTERED "{\"add\":{\"f\":{\"resource-id\":\"cdni-filtered\",\"input\":" FILTER "}}}"

#define NO_MAP(values, mode)                                                                       \
    "footprints: {a: {ipv4cidr: [" values "]}}\n"                                                  \
    "capabilities:\n"                                                                              \
    "  - capability-type: FCI.DeliveryProtocol\n"                                                  \
    "    capability-value: {delivery-protocols: [https/1.1]}\n"                                    \
    "    footprints: [a]\n"                                                                        \
    "  - capability-type: FCI.RedirectionMode\n"                                                   \
    "    capability-value: {redirection-modes: [" mode "]}\n"                                      \
    "    footprints: [everywhere]\n"

static void test_filtered_changes(void **state)
{
    (void)state;
    feeder_t f;
    feeder_init(&f, NULL);
    feeder_publish(&f, NO_MAP("192.0.2.0/24", "DNS-I"));
    stream_t *s = feeder_open(&f, FILTERED);
    stream_skip(&f, s, CONTROL_EVENT);
    alto_answer_t answer;
    buf_t whole = stream_expect(&f, s, CDNI_EVENT ",f");
    buf_t body = fixture_post(f.snapshot, "/cdni-filtered", FILTER, &answer);
    assert_string_equal(whole.ptr, body.ptr);
    buf_release(&whole);
    buf_release(&body);
    /* Not there before somebody has made it. */
    feeder_publish(&f, NO_MAP("192.0.2.0/24", "DNS-I, HTTP-I"));
    stream_expect_nothing(&f, s);
    hub_catch_up(f.hub, NULL, NULL);
    stream_skip_patch(&f, s, "f");
    stream_expect_nothing(&f, s);
    stream_end(s);
    feeder_release(&f);
}

/* What the filter leaves out has changed: the tag alone can wait, but not for ever. */
static void test_bookmarks(void **state)
{
    (void)state;
    feeder_t f;
    feeder_init(&f, NULL);
    feeder_publish(&f, NO_MAP("192.0.2.0/24", "DNS-I"));
    stream_t *s = feeder_open(&f, FILTERED);
    stream_skip(&f, s, CONTROL_EVENT);
    stream_skip(&f, s, CDNI_EVENT ",f");
    for (int i = 0; i < 3; i++) {
        feeder_publish(&f,
                       i % 2 ? NO_MAP("192.0.2.0/25", "DNS-I") : NO_MAP("192.0.2.0/26", "DNS-I"));
        hub_catch_up(f.hub, NULL, NULL);
        stream_expect_nothing(&f, s);
    }
    fixture_clock_ms += 29000;
    hub_tick(f.hub, fixture_clock_ms);
    stream_expect_nothing(&f, s);
    fixture_clock_ms += 2000;
    hub_tick(f.hub, fixture_clock_ms);
    buf_t patch = stream_expect(&f, s, MERGE_EVENT ",f"), want = BUF_INIT;
    buf_printf(&want, "{\"meta\":{\"vtag\":{\"tag\":\"%s\"}}}", fixture_tag(f.snapshot, "/cdni"));
    buf_append_char(&want, '\0');
    assert_string_equal(patch.ptr, want.ptr);
    buf_release(&patch);
    buf_release(&want);
    /* One that waits is taken along by whoever opens a stream with that tag. */
    feeder_publish(&f, NO_MAP("192.0.2.0/27", "DNS-I"));
    hub_catch_up(f.hub, NULL, NULL);
    stream_expect_nothing(&f, s);
    buf_t request = BUF_INIT;
    buf_printf(&request,
               "{\"add\":{\"g\":{\"resource-id\":\"cdni-filtered\",\"tag\":\"%s\",\"input\":" FILTER
               "}}}",
               fixture_tag(f.snapshot, "/cdni"));
    buf_append_char(&request, '\0');
    stream_t *other = feeder_open(&f, request.ptr);
    buf_release(&request);
    stream_skip(&f, other, CONTROL_EVENT);
    buf_t started = stream_expect(&f, other, CONTROL_EVENT);
    assert_string_equal(started.ptr, "{\"started\":[\"g\"]}");
    buf_release(&started);
    stream_expect_nothing(&f, other);
    stream_skip_patch(&f, s, "f");
    stream_end(other);
    stream_end(s);
    feeder_release(&f);
}

/* A filtered document that is not there yet holds up what uses it, and nothing else. */
static void test_pending_documents(void **state)
{
    (void)state;
    feeder_t f;
    feeder_init(&f, NULL);
    feeder_publish(&f, FIRST);
    stream_t *s = feeder_open(&f, "{\"add\":{\"p\":{\"resource-id\":\"propmap\"},"
                                  "\"n\":{\"resource-id\":\"netmap\"},"
                                  "\"f\":{\"resource-id\":\"cdni-filtered\",\"input\":"
                                  "{\"cdni-capabilities\":[]}}}}");
    stream_skip(&f, s, CONTROL_EVENT);
    stream_skip(&f, s, MAP_EVENT ",n");
    stream_skip(&f, s, CDNI_EVENT ",f");
    stream_skip(&f, s, PROP_EVENT ",p");
    feeder_publish(&f, THIRD);
    stream_skip_patch(&f, s, "n");
    stream_expect_nothing(&f, s);
    hub_catch_up(f.hub, NULL, NULL);
    stream_skip_patch(&f, s, "f");
    stream_skip_patch(&f, s, "p");
    stream_expect_nothing(&f, s);
    stream_end(s);
    feeder_release(&f);
}

/* What the target showed is forgotten while a move is under way: the order holds all the same. */
static void test_forgotten_in_the_middle(void **state)
{
    (void)state;
    feeder_t f;
    hub_options_t options = {.log_bytes = 1};
    feeder_init(&f, &options);
    feeder_publish(&f, FIRST);
    stream_t *s = feeder_open(&f, "{\"add\":{\"c\":{\"resource-id\":\"cdni\"},"
                                  "\"n\":{\"resource-id\":\"netmap\"}}}");
    stream_skip(&f, s, CONTROL_EVENT);
    stream_skip(&f, s, MAP_EVENT ",n");
    stream_skip(&f, s, CDNI_EVENT ",c");
    feeder_publish(&f, THIRD);
    stream_skip(&f, s, MAP_EVENT ",n");
    feeder_publish(&f, FIRST);
    /* The advertisement of before is not kept, and the one of now wants its map first. */
    buf_t first = stream_expect(&f, s, MAP_EVENT ",n");
    assert_non_null(strstr(first.ptr, fixture_tag(f.snapshot, "/netmap")));
    buf_release(&first);
    stream_skip(&f, s, CDNI_EVENT ",c");
    stream_expect_nothing(&f, s);
    stream_end(s);
    feeder_release(&f);
}

/* A filtered document passes over the generation that a stream moves to. */
static void test_passed_over(void **state)
{
    (void)state;
    feeder_t f;
    feeder_init(&f, NULL);
    feeder_publish(&f, FIRST);
    stream_t *s = feeder_open(&f, "{\"add\":{\"n\":{\"resource-id\":\"netmap\"},"
                                  "\"f\":{\"resource-id\":\"cdni-filtered\",\"input\":"
                                  "{\"cdni-capabilities\":[]}}}}");
    stream_skip(&f, s, CONTROL_EVENT);
    stream_skip(&f, s, MAP_EVENT ",n");
    stream_skip(&f, s, CDNI_EVENT ",f");
    feeder_publish(&f, THIRD);
    stream_skip_patch(&f, s, "n");
    stream_expect_nothing(&f, s);
    feeder_publish(&f, DOCUMENT("192.0.2.0/25", "203.0.113.0/27"));
    stream_expect_nothing(&f, s);
    hub_catch_up(f.hub, NULL, NULL);
    stream_skip_patch(&f, s, "n");
    stream_skip_patch(&f, s, "f");
    stream_expect_nothing(&f, s);
    stream_end(s);
    feeder_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_then_patches),
        cmocka_unit_test(test_order_of_dependency),
        cmocka_unit_test(test_dependent_tag_alone),
        cmocka_unit_test(test_one_step_for_many),
        cmocka_unit_test(test_forgotten_versions),
        cmocka_unit_test(test_generations_are_not_mixed),
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_resource_that_goes),
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_filtered_changes),
        cmocka_unit_test(test_bookmarks),
        cmocka_unit_test(test_pending_documents),
        cmocka_unit_test(test_forgotten_in_the_middle),
        cmocka_unit_test(test_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
