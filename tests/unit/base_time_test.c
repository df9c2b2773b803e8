#include "footprintd/base/time.h"

#include "fpd_cmocka.h"
#include "prng.h"

static int64_t parse(const char *text)
{
    int64_t seconds = 0;
    if (!moment_parse(slice_str(text), &seconds)) {
        fail_msg("%s was refused", text);
    }
    return seconds;
}

static void moments_are_read(void **state)
{
    (void)state;
    assert_int_equal(parse("1970-01-01T00:00:00Z"), 0);
    assert_int_equal(parse("1969-12-31T23:59:59Z"), -1);
    assert_int_equal(parse("2026-11-26T16:00:00Z"), 1795708800);
    assert_int_equal(parse("2026-11-26t16:00:00z"), 1795708800);
    assert_int_equal(parse("2026-11-26 16:00:00Z"), 1795708800);
    assert_int_equal(parse("2026-11-26T16:00:00.999Z"), 1795708800);
    assert_int_equal(parse("2026-11-26T17:00:00+01:00"), 1795708800);
    assert_int_equal(parse("2026-11-26T10:30:00-05:30"), 1795708800);
    assert_int_equal(parse("2024-02-29T00:00:00Z"), 1709164800);
}

static void what_is_no_moment_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "now",
        "2026-11-26",
        "2026-11-26T16:00Z",
        "2026-11-26T16:00:00",
        "2026-11-26T16:00:00.Z",
        "2026-11-26T16:00:00+0100",
        "2026-11-26T16:00:00+24:00",
        "2026-11-26T16:00:00+01:60",
        "2026-11-26T16:00:00Z ",
        " 2026-11-26T16:00:00Z",
        "2026-11-26T24:00:00Z",
        "2026-11-26T16:60:00Z",
        "2026-12-31T23:59:60Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-06-31T00:00:00Z",
        "2026-06-00T00:00:00Z",
        "2025-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "+026-11-26T16:00:00Z",
        "2026-11-26X16:00:00Z",
        "2026/11/26T16:00:00Z",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t seconds;
        if (moment_parse(slice_str(bad[i]), &seconds)) {
            fail_msg("%s was taken", bad[i]);
        }
    }
    int64_t seconds;
    assert_false(moment_parse(slice_of("2026-11-26\0"
                                       "16:00:00Z",
                                       20),
                              &seconds));
}

static void writing_and_reading_agree(void **state)
{
    (void)state;
    prng_t prng = prng_start();
    for (int i = 0; i < 10000; i++) {
        /* 0000-01-01 to 9999-12-31 */
        int64_t seconds = -62167219200 + (int64_t)(prng_next(&prng) % 315569520000), again = 0;
        buf_t text = BUF_INIT;
        moment_write(seconds, &text);
        assert_int_equal(text.len, 20);
        assert_true(moment_parse(buf_slice(&text), &again));
        assert_int_equal(again, seconds);
        buf_release(&text);
    }
    buf_t text = BUF_INIT;
    moment_write(INT64_MAX, &text);
    moment_write(INT64_MIN, &text);
    assert_int_equal(text.len, 0);
    buf_release(&text);
}

static void dates_of_http(void **state)
{
    (void)state;
    static const struct {
        int64_t at;
        const char *text;
    } cases[] = {{784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},
                 {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
                 {951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
                 {-62167219200, "Sat, 01 Jan 0000 00:00:00 GMT"},
                 {INT64_MAX, ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_t text = BUF_INIT;
        moment_write_http(cases[i].at, &text);
        assert_true(slice_is(buf_slice(&text), cases[i].text));
        buf_release(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_are_read),
        cmocka_unit_test(what_is_no_moment_is_refused),
        cmocka_unit_test(writing_and_reading_agree),
        cmocka_unit_test(dates_of_http),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
