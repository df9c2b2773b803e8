#include "ctl/duration.h"

#include "fpd_cmocka.h"

static void durations_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } good[] = {{"1s", 1},       {"90s", 90},       {"30m", 1800},         {"2h", 7200},
                {"1h30m", 5400}, {"1d", 86400},     {"2w", 1209600},       {"1w1d1h1m1s", 694861},
                {"0h5m", 300},   {"0036h", 129600}, {"36525d", 3155760000}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t seconds = 0;
        assert_true(duration_parse(slice_str(good[i].text), &seconds));
        assert_int_equal(seconds, good[i].seconds);
    }
}

static void what_is_no_duration_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "2",
                                      "h",
                                      "0s",
                                      "-1h",
                                      "1.5h",
                                      "2 h",
                                      " 2h",
                                      "2h ",
                                      "1m2h",
                                      "1h1h",
                                      "2H",
                                      "1y",
                                      "2hm",
                                      "1000000d",
                                      "18446744073709551617s",
                                      "99999999999999999999999999d"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t seconds = 0;
        if (duration_parse(slice_str(bad[i]), &seconds)) {
            fail_msg("'%s' was taken for %lld s", bad[i], (long long)seconds);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_read),
        cmocka_unit_test(what_is_no_duration_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
