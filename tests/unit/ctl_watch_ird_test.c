/* Directories: which services a resource has; and how long a client waits between tries. */
#include "ctl/watch_backoff.h"
#include "ctl/watch_ird.h"

#include "fpd_cmocka.h"

#define BOTH  "\"application/merge-patch+json,application/json-patch+json\""
#define ENTRY "\"uri\":\"u\",\"media-type\":"

static const char directory[] =
    "{\"meta\":{},\"resources\":{"
    "\"net\":{\"uri\":\"/net\",\"media-type\":\"application/alto-networkmap+json\"},"
    "\"cdni\":{\"uri\":\"/cdni\",\"media-type\":\"application/alto-cdni+json\",\"uses\":[\"net\"]},"
    "\"cdni-f\":{\"uri\":\"/f\",\"media-type\":\"application/alto-cdni+json\","
    "\"accepts\":\"application/alto-cdnifilter+json\"},"
    "\"broken\":{\"uri\":5,\"media-type\":\"a/b\"},"
    "\"few\":{" ENTRY "\"text/event-stream\",\"uses\":[\"cdni\"]},"
    "\"most\":{" ENTRY "\"text/event-stream\",\"uses\":[\"cdni\",\"net\",7],\"capabilities\":"
    "{\"incremental-change-media-types\":{\"cdni\":" BOTH "}}},"
    "\"tips\":{" ENTRY "\"application/alto-tips+json\",\"uses\":[\"cdni\",\"net\",\"cdni-f\"],"
    "\"capabilities\":{\"incremental-change-media-types\":{\"cdni\":" BOTH
    ",\"cdni-f\":\"application/merge-patch+json,x/new\"}}}}}";

static watch_ird_t read_ird(const char *text)
{
    watch_ird_t ird;
    buf_t why = BUF_INIT;
    assert_int_equal(watch_ird_read(slice_str(text), &ird, &why), ERR_OK);
    buf_release(&why);
    return ird;
}

static void entries(void **state)
{
    (void)state;
    watch_ird_t ird = read_ird(directory);
    watch_ird_entry_t e;
    assert_true(watch_ird_find(&ird, SLICE_LIT("cdni-f"), &e));
    assert_true(slice_is(e.id, "cdni-f") && slice_is(e.uri, "/f"));
    assert_true(slice_is(e.media_type, "application/alto-cdni+json"));
    assert_true(slice_is(e.accepts, "application/alto-cdnifilter+json"));
    assert_true(watch_ird_find(&ird, SLICE_LIT("cdni"), &e));
    assert_null(e.accepts.ptr);
    assert_false(watch_ird_find(&ird, SLICE_LIT("broken"), &e));
    assert_false(watch_ird_find(&ird, SLICE_LIT("cdn"), &e));
    assert_true(slice_is(watch_ird_suggest(&ird, SLICE_LIT("cdn")), "cdni"));
    assert_null(watch_ird_suggest(&ird, SLICE_LIT("something-else")).ptr);
    watch_ird_release(&ird);
}

static void services(void **state)
{
    (void)state;
    watch_ird_t ird = read_ird(directory);
    watch_ird_entry_t e;
    slice_t cdni = SLICE_LIT("cdni"), net = SLICE_LIT("net"), both[] = {cdni, net};
    assert_true(watch_ird_service(&ird, WATCH_TYPE_SSE, cdni, &cdni, 1, &e));
    assert_true(slice_is(e.id, "few"));
    assert_true(watch_ird_service(&ird, WATCH_TYPE_SSE, cdni, both, 2, &e));
    assert_true(slice_is(e.id, "most"));
    assert_false(watch_ird_service(&ird, WATCH_TYPE_SSE, SLICE_LIT("cdni-f"), both, 2, &e));
    assert_true(watch_ird_service(&ird, WATCH_TYPE_TIPS, cdni, both, 2, &e));
    /* Without announced types there are no edges; with an unknown one they may not be used. */
    assert_false(watch_ird_service(&ird, WATCH_TYPE_TIPS, net, &net, 1, &e));
    assert_false(watch_ird_service(&ird, WATCH_TYPE_TIPS, SLICE_LIT("cdni-f"), both, 2, &e));
    assert_true(slice_is(watch_ird_patch_types(&ird, SLICE_LIT("most"), cdni),
                         "application/merge-patch+json,application/json-patch+json"));
    assert_null(watch_ird_patch_types(&ird, SLICE_LIT("few"), cdni).ptr);
    watch_ird_release(&ird);
}

static void what_is_no_directory(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"<html>", "it is not JSON: line 1 column 1: unexpected '<': expected a value"},
        {"[]", "it is no directory: it has no object 'resources'"},
        {"{\"resources\":[]}", "it is no directory: it has no object 'resources'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        watch_ird_t ird;
        buf_t why = BUF_INIT;
        assert_int_equal(watch_ird_read(slice_str(cases[i][0]), &ird, &why), ERR_DATA);
        buf_append_char(&why, '\0');
        assert_string_equal(why.ptr, cases[i][1]);
        buf_release(&why);
        watch_ird_release(&ird);
    }
}

static void waits(void **state)
{
    (void)state;
    watch_backoff_t b = {.min_ms = 1000, .max_ms = 60000};
    /* At least half of 1, 2, 4, ... 60 seconds; less than the whole. */
    static const int64_t least[] = {500, 1000, 2000, 4000, 8000, 16000, 30000, 30000};
    for (size_t i = 0; i < sizeof least / sizeof least[0]; i++) {
        assert_int_equal(watch_backoff_next(&b, 0, 0), least[i]);
    }
    assert_int_equal(watch_backoff_next(&b, 0, UINT32_MAX), 59999);
    watch_backoff_reset(&b);
    assert_int_equal(watch_backoff_next(&b, 0, UINT32_MAX), 999);
    assert_int_equal(watch_backoff_next(&b, 0, UINT32_MAX / 2), 1499);
    b.failures = UINT32_MAX;
    assert_int_equal(watch_backoff_next(&b, 0, 0), 30000);
}

static void waits_that_were_asked_for(void **state)
{
    (void)state;
    watch_backoff_t b = {.min_ms = 1000, .max_ms = 60000};
    assert_int_equal(watch_backoff_next(&b, 120, 0), 120000);
    assert_int_equal(watch_backoff_next(&b, 120, UINT32_MAX), 131999);
    b.failures = 10; /* the client's own wait is longer */
    assert_int_equal(watch_backoff_next(&b, 1, 0), 30000);
    assert_int_equal(watch_backoff_next(&b, INT64_MAX, 0), 86400000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries),
        cmocka_unit_test(services),
        cmocka_unit_test(what_is_no_directory),
        cmocka_unit_test(waits),
        cmocka_unit_test(waits_that_were_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
