#include "footprintd/base/bytes.h"
#include "footprintd/base/hex.h"

#include "failmalloc.h"
#include "fpd_cmocka.h"

#include <stdio.h>

static void assert_text(const buf_t *b, const char *expected)
{
    slice_t s = buf_slice(b);
    assert_int_equal(s.len, strlen(expected));
    assert_memory_equal(s.ptr ? s.ptr : "", expected, s.len);
}

static void slices_are_ordered_by_bytes(void **state)
{
    (void)state;
    assert_int_equal(slice_cmp(SLICE_LIT("ab"), SLICE_LIT("ab")), 0);
    assert_true(slice_cmp(SLICE_LIT("ab"), SLICE_LIT("abc")) < 0);
    assert_true(slice_cmp(SLICE_LIT("abc"), SLICE_LIT("ab")) > 0);
    assert_true(slice_cmp(SLICE_LIT("b"), SLICE_LIT("abc")) > 0);
    /* Bytes are unsigned, and a NUL is a byte. */
    assert_true(slice_cmp(SLICE_LIT("\x7f"), SLICE_LIT("\x80")) < 0);
    assert_true(slice_cmp(slice_of("a\0b", 3), slice_of("a\0c", 3)) < 0);
    assert_int_equal(slice_cmp(slice_of(NULL, 0), SLICE_LIT("")), 0);
    assert_true(slice_cmp(slice_of(NULL, 0), SLICE_LIT("a")) < 0);
}

static void slices_compare_for_equality(void **state)
{
    (void)state;
    assert_true(slice_eq(slice_of(NULL, 0), SLICE_LIT("")));
    assert_false(slice_eq(SLICE_LIT("a"), SLICE_LIT("ab")));
    assert_false(slice_eq(slice_of("a\0b", 3), slice_of("a\0c", 3)));
    assert_true(slice_is(SLICE_LIT("asn"), "asn"));
    assert_false(slice_is(SLICE_LIT("asn"), "as"));
}

static void case_is_ignored_for_ascii_only(void **state)
{
    (void)state;
    assert_true(slice_eq_nocase(SLICE_LIT("Accept-Encoding"), SLICE_LIT("aCCEPT-eNCODING")));
    assert_true(slice_eq_nocase(slice_of(NULL, 0), SLICE_LIT("")));
    assert_false(slice_eq_nocase(SLICE_LIT("ab"), SLICE_LIT("abc")));
    /* Neighbours of the letters, 32 apart: '@' and '`', '[' and '{'; then bytes above ASCII. */
    assert_false(slice_eq_nocase(SLICE_LIT("@"), SLICE_LIT("`")));
    assert_false(slice_eq_nocase(SLICE_LIT("["), SLICE_LIT("{")));
    assert_false(slice_eq_nocase(SLICE_LIT("\xc4"), SLICE_LIT("\xe4")));
}

static void a_buffer_grows(void **state)
{
    (void)state;
    buf_t b = BUF_INIT;
    char expected[2001] = {0};
    assert_text(&b, "");
    for (size_t i = 0; i < 1000; i++) {
        buf_append_char(&b, (char)('a' + i % 26));
        buf_append_str(&b, "-");
        expected[2 * i] = (char)('a' + i % 26);
        expected[2 * i + 1] = '-';
    }
    assert_false(buf_failed(&b));
    assert_text(&b, expected);
    buf_clear(&b);
    assert_text(&b, "");
    buf_append(&b, NULL, 0);
    buf_append_slice(&b, slice_of(NULL, 0));
    buf_append_slice(&b, SLICE_LIT("again"));
    assert_text(&b, "again");
    buf_release(&b);
    assert_null(b.ptr);
    assert_int_equal(b.cap, 0);
}

static void numbers_are_written_in_full(void **state)
{
    (void)state;
    static const struct {
        uint64_t value;
        const char *text;
    } cases[] = {{0, "0"},
                 {9, "9"},
                 {10, "10"},
                 {4294967296, "4294967296"},
                 {UINT64_MAX, "18446744073709551615"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_t b = BUF_INIT;
        buf_append_u64(&b, cases[i].value);
        assert_text(&b, cases[i].text);
        buf_release(&b);
    }
}

static void formatted_text_of_any_length(void **state)
{
    (void)state;
    /* Lengths around the first capacity: the NUL that is written must have room as well. */
    for (int len = 0; len < 400; len++) {
        buf_t b = BUF_INIT;
        char expected[512];
        buf_printf(&b, "%*s|", len, "");
        buf_printf(&b, "%s", "x");
        (void)snprintf(expected, sizeof expected, "%*s|x", len, "");
        assert_text(&b, expected);
        assert_true(b.cap > b.len);
        buf_release(&b);
    }
}

static void a_format_that_fails_fails_the_buffer(void **state)
{
    (void)state;
    buf_t b = BUF_INIT;
    static const wchar_t unprintable[] = {0x7fffffff, 0};
    buf_append_str(&b, "kept");
    buf_printf(&b, "%ls", unprintable);
    assert_true(buf_failed(&b));
    assert_text(&b, "kept");
    buf_release(&b);
}

static void a_failure_sticks_until_cleared(void **state)
{
    (void)state;
    buf_t b = BUF_INIT;
    buf_append_str(&b, "kept");
    assert_false(buf_reserve(&b, SIZE_MAX));
    assert_true(buf_failed(&b));
    buf_append_str(&b, "lost");
    buf_printf(&b, "lost");
    buf_append_u64(&b, 1);
    assert_false(buf_reserve(&b, 0));
    assert_text(&b, "kept");
    buf_clear(&b);
    assert_false(buf_failed(&b));
    buf_append_str(&b, "new");
    assert_text(&b, "new");
    buf_release(&b);
}

static void an_allocation_failure_keeps_the_content(void **state)
{
    (void)state;
    long before = failmalloc_live();
    buf_t b = BUF_INIT;
    char block[128];
    memset(block, 'x', sizeof block);
    buf_append(&b, block, sizeof block);
    assert_int_equal(b.cap, sizeof block);
    failmalloc_arm(1);
    buf_append_char(&b, 'y');
    assert_true(failmalloc_disarm());
    assert_true(buf_failed(&b));
    assert_int_equal(b.len, sizeof block);
    assert_memory_equal(b.ptr, block, sizeof block);
    buf_release(&b);
    assert_int_equal(failmalloc_live(), before);
}

static void what_steers_a_terminal_is_shown(void **state)
{
    (void)state;
    buf_t b = BUF_INIT;
    buf_append_printable(&b, SLICE_LIT("a \033[1m\x7f\n\0,\xc2\x9b\xc2\xa0\xc3\xa9"), "");
    assert_text(&b, "a \\x1b[1m\\x7f\\x0a\\x00,\\xc2\\x9b\xc2\xa0\xc3\xa9");
    buf_clear(&b);
    buf_append_printable(&b, SLICE_LIT("a b,c"), " ,");
    assert_text(&b, "a\\x20b\\x2cc");
    buf_release(&b);
}

static void every_error_has_a_text(void **state)
{
    (void)state;
    for (int e = ERR_OK; e <= ERR_NOT_NOW; e++) {
        const char *text = err_text((err_t)e);
        assert_string_not_equal(text, "unknown error");
        for (int other = ERR_OK; other < e; other++) {
            assert_string_not_equal(text, err_text((err_t)other));
        }
    }
    assert_string_equal(err_text((err_t)1000), "unknown error");
}

static void hexadecimal_digits_are_decoded(void **state)
{
    (void)state;
    uint8_t out[2] = {0};
    assert_true(hex_decode(SLICE_LIT("00fF"), out, 2));
    assert_int_equal(out[0] << 8 | out[1], 0xff);
    assert_false(hex_decode(SLICE_LIT("00f"), out, 2));
    assert_false(hex_decode(SLICE_LIT("00fFa"), out, 2));
    assert_false(hex_decode(SLICE_LIT("00fg"), out, 2));
    assert_int_equal(hex_byte(SLICE_LIT("7fx")), 0x7f);
    assert_int_equal(hex_byte(SLICE_LIT("7")), -1);
    assert_int_equal(hex_byte(SLICE_LIT("")), -1);
    for (int c = -128; c < 128; c++) {
        const char *digits = "0123456789abcdefABCDEF";
        const char *at = c > 0 ? strchr(digits, c) : NULL;
        int value = at ? (int)(at - digits) : -1;
        assert_int_equal(hex_value((char)c), value > 15 ? value - 6 : value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_are_ordered_by_bytes),
        cmocka_unit_test(slices_compare_for_equality),
        cmocka_unit_test(case_is_ignored_for_ascii_only),
        cmocka_unit_test(a_buffer_grows),
        cmocka_unit_test(numbers_are_written_in_full),
        cmocka_unit_test(formatted_text_of_any_length),
        cmocka_unit_test(a_format_that_fails_fails_the_buffer),
        cmocka_unit_test(a_failure_sticks_until_cleared),
        cmocka_unit_test(an_allocation_failure_keeps_the_content),
        cmocka_unit_test(what_steers_a_terminal_is_shown),
        cmocka_unit_test(every_error_has_a_text),
        cmocka_unit_test(hexadecimal_digits_are_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
