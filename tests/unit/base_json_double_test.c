/*
 * Doubles as text: what is written reads as the same double, no shorter text does, and the locale
 * of the program is of no matter.
 */
#include "fpd_cmocka.h"

#include "footprintd/base/json.h"
#include "prng.h"

#include <locale.h>
#include <math.h>

#define NOT ((double)NAN) /* it is no number */

static void check(double value, const char *want)
{
    char text[JSON_DOUBLE_MAX + 1];
    size_t n = json_format_double(value, text);
    text[n] = '\0';
    assert_true(n < JSON_DOUBLE_MAX && json_number_valid(slice_of(text, n)));
    double back;
    assert_true(json_number_double(slice_of(text, n), &back));
    if (back != value || (want && strcmp(text, want) != 0)) {
        fail_msg("%.17g is written %s, not %s", value, text, want ? want : "as itself");
    }
}

static void test_known(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } known[] = {
        {0, "0"},
        {1, "1"},
        {-1, "-1"},
        {0.1, "0.1"},
        {2.5, "2.5"},
        {-10.25, "-10.25"},
        {0.000001, "0.000001"},
        {1.0 / 3, "0.3333333333333333"},
        {0.1 + 0.2, "0.30000000000000004"},
        {9007199254740991, "9007199254740991"},
        {1e15, "1000000000000000"},
        {1e22, "1e+22"},
        {1e-7, "1e-07"},
        {123456.789, "123456.789"},
        {4503599627.37, "4503599627.37"},
        {5e-324, "5e-324"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        check(known[i].value, known[i].text);
    }
}

static void test_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } good[] = {{"0", 0},          {"-0", 0},      {"-0.0e9", 0},
                {"1E2", 100},      {"00", NOT},    {"1.50e1", 15},
                {"1e-400", 0},     {"-2.5", -2.5}, {"1e999", NOT},
                {"-1e309", NOT},   {"0.1e1", 1},   {"+1", NOT},
                {"1.", NOT},       {"0x10", NOT},  {"nan", NOT},
                {"Infinity", NOT}, {" 1", NOT},    {"9007199254740993", 9007199254740992}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        slice_t text = slice_str(good[i].text);
        double value = 7;
        bool ok = json_number_valid(text) && json_number_double(text, &value);
        assert_int_equal(ok, !isnan(good[i].value));
        if (ok) {
            assert_true(value == good[i].value && !signbit(value) == !(value < 0));
        }
    }
    char digits[1100];
    memset(digits, '1', sizeof digits);
    double value;
    assert_true(json_number_double(slice_of(digits, 300), &value));
    assert_false(json_number_double(slice_of(digits, 1100), &value));
}

/* Every length, with the point everywhere, against the C library; also what is no number. */
static void test_read_as_strtod(void **state)
{
    (void)state;
    prng_t p = prng_start();
    for (unsigned round = 0; round < 200000; round++) {
        char text[24];
        size_t len = 1 + prng_below(&p, 18), point = 1 + prng_below(&p, 18);
        for (size_t i = 0; i < len; i++) {
            text[i] = (char)('0' + prng_below(&p, 10));
        }
        if (point < len) {
            text[point] = '.';
        }
        if (prng_below(&p, 4) == 0) {
            text[0] = '-';
        }
        text[len] = '\0';
        double value, want = strtod(text, NULL);
        assert_true(json_number_double(slice_of(text, len), &value));
        if (memcmp(&value, &(double){want == 0 ? 0 : want}, sizeof value) != 0) {
            fail_msg("%s is read as %.17g", text, value);
        }
    }
}

/* The least precision at which printf's text reads as the value has as few digits. */
static size_t least_digits(double value)
{
    for (int precision = 1; precision < 17; precision++) {
        char text[64];
        (void)snprintf(text, sizeof text, "%.*e", precision - 1, value);
        if (strtod(text, NULL) == value) {
            return (size_t)precision;
        }
    }
    return 17;
}

static size_t digits_of(double value)
{
    char text[JSON_DOUBLE_MAX];
    size_t n = json_format_double(value, text), count = 0, zeros = 0;
    for (size_t i = 0; i < n && text[i] != 'e'; i++) {
        if (text[i] >= '0' && text[i] <= '9') {
            zeros = text[i] == '0' ? zeros + 1 : 0;
            count += count || text[i] != '0';
        }
    }
    return count - (memchr(text, '.', n) ? 0 : zeros);
}

static double draw(prng_t *p)
{
    double value = 0;
    uint64_t bits = prng_next(p);
    switch (prng_below(p, 4)) {
    case 0:
        memcpy(&value, &bits, sizeof value);
        return isfinite(value) ? value : 0;
    case 1:
        return (double)(bits >> (11 + prng_below(p, 50))) / 100;
    case 2:
        return (double)(bits >> (11 + prng_below(p, 50))) / 1000000;
    default:
        return (double)(int64_t)(bits >> (11 + prng_below(p, 50)));
    }
}

static void test_random(void **state)
{
    (void)state;
    prng_t random = prng_start();
    for (unsigned i = 0; i < 200000; i++) {
        double value = draw(&random);
        check(value, NULL);
        /* printf's precision below 15 is never worse than 15 without its zeros. */
        if (value != 0 && least_digits(value) != digits_of(value)) {
            fail_msg("%.17g has %zu digits, and %zu do", value, digits_of(value),
                     least_digits(value));
        }
    }
}

/* What most costs are: all of them up to 10,000, and some around every power of ten. */
static void test_two_places(void **state)
{
    (void)state;
    char want[32];
    for (uint64_t base = 0; base <= 100000000000; base = base ? base * 10 : 1000000) {
        for (uint64_t i = base ? base - 2000 : 0; i <= base + 1000000 && (i < base + 2000 || !base);
             i++) {
            double value = (double)i / 100;
            (void)snprintf(want, sizeof want, i % 100 == 0 ? "%llu" : "%llu.%02llu",
                           (unsigned long long)(i / 100), (unsigned long long)(i % 100));
            if (i % 100 && i % 10 == 0) {
                want[strlen(want) - 1] = '\0';
            }
            check(value, want);
        }
    }
}

static void test_locale(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "C.UTF-8"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (setlocale(LC_ALL, names[i])) {
            break;
        }
    }
    check(1.0 / 3, "0.3333333333333333");
    check(2.5e-9, "2.5e-09");
    assert_non_null(setlocale(LC_ALL, "C"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),          cmocka_unit_test(test_read),
        cmocka_unit_test(test_read_as_strtod), cmocka_unit_test(test_random),
        cmocka_unit_test(test_two_places),     cmocka_unit_test(test_locale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
