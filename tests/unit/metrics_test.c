#include "footprintd/metrics/metrics.h"

#include "fpd_cmocka.h"

#include <stdlib.h>
#include <string.h>

static void check(buf_t *out, const char *expected)
{
    assert_false(buf_failed(out));
    if (!slice_is(buf_slice(out), expected)) {
        fail_msg("%.*s", SLICE_ARG(buf_slice(out)));
    }
    buf_release(out);
}

/* ---- the table ---- */

static bool is_name(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return len && !text[len];
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return len > end_len && strcmp(text + len - end_len, end) == 0;
}

/* Every id has a row, which keeps the rules of OpenMetrics 1.0 for names and units. */
static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < METRIC_FAMILY_COUNT; i++) {
        const metric_family_t *f = &metric_families[i];
        assert_non_null(f->name);
        assert_true(is_name(f->name));
        assert_true(strncmp(f->name, "footprintd_", 11) == 0 ||
                    strncmp(f->name, "process_", 8) == 0);
        assert_false(ends_with(f->name, "_total") || ends_with(f->name, "_info"));
        assert_non_null(f->help);
        assert_true(ends_with(f->help, "."));
        assert_null(strchr(f->help, '|'));
        bool seconds = ends_with(f->name, "_seconds"), bytes = ends_with(f->name, "_bytes");
        assert_string_equal(f->unit, seconds ? "seconds" : bytes ? "bytes" : "");
        for (size_t k = 0; f->labels[k]; k++) {
            assert_true(k < METRIC_LABELS_MAX && is_name(f->labels[k]));
            assert_string_not_equal(f->labels[k], "le");
        }
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(f->name, metric_families[k].name);
        }
    }
}

static void test_buckets(void **state)
{
    (void)state;
    for (size_t i = 0; i < METRIC_BUCKETS; i++) {
        uint64_t us = metric_bounds[i].microseconds;
        assert_int_equal(metric_bucket(us), i); /* "le": at most */
        assert_int_equal(metric_bucket(us + 1), i + 1);
        char *end;
        double seconds = strtod(metric_bounds[i].text, &end);
        assert_true(*end == '\0');
        assert_true(seconds * 1e6 > (double)us - 0.01 && seconds * 1e6 < (double)us + 0.01);
    }
    assert_int_equal(metric_bucket(0), 0);
    assert_int_equal(metric_bucket(UINT64_MAX), METRIC_BUCKETS);
}

/* ---- the two formats ---- */

static void test_counter(void **state)
{
    (void)state;
    const slice_t labels[] = {SLICE_LIT("cdni"), SLICE_LIT("200"), SLICE_LIT("h2")};
    for (int format = METRICS_PROMETHEUS; format <= METRICS_OPENMETRICS; format++) {
        buf_t out = BUF_INIT;
        metrics_writer_t w;
        metrics_begin(&w, (metrics_format_t)format, &out);
        metrics_family(&w, METRIC_REQUESTS);
        metrics_u64(&w, labels, UINT64_MAX);
        metrics_end(&w);
        bool open = format == METRICS_OPENMETRICS;
        const char *name = open ? "footprintd_requests" : "footprintd_requests_total";
        buf_t expected = BUF_INIT;
        buf_printf(&expected,
                   "# HELP %s Requests that were answered, by kind of resource, status code and "
                   "protocol.\n# TYPE %s counter\n"
                   "footprintd_requests_total{resource=\"cdni\",code=\"200\",protocol=\"h2\"} "
                   "18446744073709551615\n%s",
                   name, name, open ? "# EOF\n" : "");
        buf_append_char(&expected, '\0');
        check(&out, expected.ptr);
        buf_release(&expected);
    }
}

static void test_info_and_units(void **state)
{
    (void)state;
    buf_t out = BUF_INIT;
    metrics_writer_t w;
    const slice_t version = SLICE_LIT("1.0");
    metrics_begin(&w, METRICS_OPENMETRICS, &out);
    metrics_family(&w, METRIC_BUILD);
    metrics_u64(&w, &version, 1);
    metrics_family(&w, METRIC_PROCESS_CPU);
    metrics_us(&w, NULL, 61000007);
    check(&out, "# HELP footprintd_build The version of the program.\n"
                "# TYPE footprintd_build info\n"
                "footprintd_build_info{version=\"1.0\"} 1\n"
                "# HELP process_cpu_seconds Processor time of all threads.\n"
                "# TYPE process_cpu_seconds counter\n"
                "# UNIT process_cpu_seconds seconds\n"
                "process_cpu_seconds_total 61.000007\n");
    out = (buf_t)BUF_INIT;
    metrics_begin(&w, METRICS_PROMETHEUS, &out);
    metrics_family(&w, METRIC_BUILD);
    metrics_u64(&w, &version, 1);
    check(&out, "# HELP footprintd_build_info The version of the program.\n"
                "# TYPE footprintd_build_info gauge\n"
                "footprintd_build_info{version=\"1.0\"} 1\n");
}

/* Whatever a label holds, it is one label, and the text is UTF-8. */
static void test_escapes(void **state)
{
    (void)state;
    static const struct {
        slice_t value;
        const char *written;
    } cases[] = {{{"a\"b\\c\nd", 7}, "a\\\"b\\\\c\\nd"},
                 {{"\xc3\xa9", 2}, "\xc3\xa9"},
                 {{"\xff\"", 2}, "?\\\""},
                 {{"", 0}, ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_t out = BUF_INIT, expected = BUF_INIT;
        metrics_writer_t w;
        metrics_begin(&w, METRICS_OPENMETRICS, &out);
        metrics_family(&w, METRIC_LIMIT_HITS);
        buf_clear(&out);
        metrics_u64(&w, &cases[i].value, 0);
        buf_printf(&expected, "footprintd_limit_hits_total{limit=\"%s\"} 0\n", cases[i].written);
        buf_append_char(&expected, '\0');
        check(&out, expected.ptr);
        buf_release(&expected);
    }
}

static void test_histogram(void **state)
{
    (void)state;
    metric_histogram_t h = {.sum_us = 12000300};
    h.buckets[metric_bucket(300)] = 1;
    h.buckets[metric_bucket(12000000)] = 1;
    const slice_t resource = SLICE_LIT("cdni");
    buf_t out = BUF_INIT;
    metrics_writer_t w;
    metrics_begin(&w, METRICS_OPENMETRICS, &out);
    metrics_family(&w, METRIC_REQUEST_DURATION);
    buf_clear(&out);
    metrics_histogram(&w, &resource, &h);
    buf_append_char(&out, '\0');
    const char *text = out.ptr;
    const char *const lines[] = {"_bucket{resource=\"cdni\",le=\"0.00025\"} 0\n",
                                 "_bucket{resource=\"cdni\",le=\"0.0005\"} 1\n",
                                 "_bucket{resource=\"cdni\",le=\"10.0\"} 1\n",
                                 "_bucket{resource=\"cdni\",le=\"+Inf\"} 2\n",
                                 "_sum{resource=\"cdni\"} 12.000300\n",
                                 "_count{resource=\"cdni\"} 2\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        text = strstr(text, lines[i]); /* in this order */
        assert_non_null(text);
    }
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),   cmocka_unit_test(test_buckets),
        cmocka_unit_test(test_counter), cmocka_unit_test(test_info_and_units),
        cmocka_unit_test(test_escapes), cmocka_unit_test(test_histogram),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
