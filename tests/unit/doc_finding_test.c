#include "fpd_cmocka.h"

#include "footprintd/doc/finding.h"

#include <jansson.h>

static place_t at(const char *file, uint32_t line, uint32_t column)
{
    return (place_t){slice_str(file), line, column};
}

#define NONE ((slice_t){0})

static void check_line(const finding_t *f, const char *want)
{
    buf_t line = BUF_INIT;
    finding_format(f, &line);
    buf_append_char(&line, '\0');
    assert_string_equal(line.ptr, want);
    buf_release(&line);
}

/* The table: names are unique words, severities and texts are there. */
static void test_codes(void **state)
{
    (void)state;
    for (size_t i = 0; i < FINDING_CODE_COUNT; i++) {
        const finding_info_t *info = &finding_infos[i];
        assert_true(strlen(info->name) > 0 && strlen(info->summary) > 0);
        assert_int_equal(strspn(info->name, "abcdefghijklmnopqrstuvwxyz-"), strlen(info->name));
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(info->name, finding_infos[k].name);
        }
    }
}

static void test_format(void **state)
{
    (void)state;
    findings_t f;
    findings_init(&f, 0);
    findings_add(&f, FINDING_SYNTAX, at("a.yaml", 3, 7), SLICE_LIT("/x"), NONE, "%s %d", "text", 5);
    findings_add(&f, FINDING_HOST_BITS, at("a.yaml", 0, 0), NONE, SLICE_LIT("better"), "word");
    findings_add(&f, FINDING_SYNTAX, at("a\n.yaml", 1, 1), NONE, SLICE_LIT("x\033[0m"), "%s",
                 "bell \a del \x7f nul");
    assert_int_equal(f.errors, 2);
    assert_int_equal(f.warnings, 1);
    check_line(&f.items[0], "a.yaml:3:7: error: text 5 [syntax]");
    check_line(&f.items[1], "a.yaml: warning: word (did you mean 'better'?) [host-bits]");
    check_line(&f.items[2], "a\\x0a.yaml:1:1: error: bell \\x07 del \\x7f nul (did you mean "
                            "'x\\x1b[0m'?) [syntax]");
    findings_release(&f);
}

/* What is given is copied. */
static void test_copies(void **state)
{
    (void)state;
    char file[] = "file", pointer[] = "/p", suggestion[] = "sugg";
    findings_t f;
    findings_init(&f, 0);
    findings_add(&f, FINDING_SYNTAX, at(file, 1, 1), slice_str(pointer), slice_str(suggestion),
                 "t");
    memset(file, 'x', 4);
    memset(pointer, 'x', 2);
    memset(suggestion, 'x', 4);
    findings_add(&f, FINDING_SYNTAX, at(file, 1, 1), NONE, NONE, "t");
    check_line(&f.items[0], "file:1:1: error: t (did you mean 'sugg'?) [syntax]");
    assert_true(slice_is(f.items[0].pointer, "/p"));
    check_line(&f.items[1], "xxxx:1:1: error: t [syntax]");
    findings_release(&f);
}

static void test_sort(void **state)
{
    (void)state;
    findings_t f;
    findings_init(&f, 0);
    findings_sort(&f);
    assert_int_equal(f.count, 0);
    findings_add(&f, FINDING_HOST_BITS, at("b", 1, 1), NONE, NONE, "w");
    findings_add(&f, FINDING_SYNTAX, at("a", 2, 1), NONE, NONE, "late");
    findings_add(&f, FINDING_SYNTAX, at("a", 1, 9), NONE, NONE, "z");
    findings_add(&f, FINDING_SYNTAX, at("a", 1, 10), NONE, NONE, "column");
    findings_add(&f, FINDING_SYNTAX, at("a", 1, 9), NONE, NONE, "a");
    findings_add(&f, FINDING_HOST_BITS, at("a", 1, 9), NONE, NONE, "a");
    findings_add(&f, FINDING_HOST_BITS, at("b", 1, 1), NONE, NONE, "w");
    findings_add(&f, FINDING_SYNTAX, at("a", 1, 9), SLICE_LIT("/other"), NONE, "a");
    findings_sort(&f);
    static const char *const want[] = {
        "a:1:9: error: a [syntax]",      "a:1:9: error: z [syntax]",
        "a:1:9: warning: a [host-bits]", "a:1:10: error: column [syntax]",
        "a:2:1: error: late [syntax]",   "b:1:1: warning: w [host-bits]",
    };
    assert_int_equal(f.count, sizeof want / sizeof *want);
    for (size_t i = 0; i < f.count; i++) {
        check_line(&f.items[i], want[i]);
    }
    assert_int_equal(f.errors, 4);
    assert_int_equal(f.warnings, 2);
    findings_release(&f);
}

/* Above the limit they are only counted. */
static void test_limit(void **state)
{
    (void)state;
    findings_t f;
    findings_init(&f, 3);
    for (uint32_t i = 1; i <= 5; i++) {
        findings_add(&f, FINDING_SYNTAX, at("a", i, 1), NONE, NONE, "t");
        findings_add(&f, FINDING_HOST_BITS, at("a", i, 2), NONE, NONE, "t");
    }
    assert_int_equal(f.count, 3);
    assert_int_equal(f.errors, 5);
    assert_int_equal(f.warnings, 5);
    findings_release(&f);
    findings_init(&f, 0);
    assert_int_equal(f.limit, FINDINGS_LIMIT_DEFAULT);
    findings_release(&f);
}

/* Ten thousand findings about a scalar of 64 KiB must not take 640 MiB. */
static void test_long_texts(void **state)
{
    (void)state;
    static char text[60000], pointer[60000], suggestion[300];
    memset(text, 'x', sizeof text - 1);
    memcpy(text + 997, "\xe2\x82\xac\xe2\x82\xac", 6); /* the second one would be cut */
    memset(pointer, 'y', sizeof pointer - 1);
    pointer[0] = '/';
    pointer[9] = '/';
    memset(suggestion, 'z', sizeof suggestion - 1);
    findings_t f;
    findings_init(&f, 0);
    findings_add(&f, FINDING_SYNTAX, at("a", 1, 1), slice_str(pointer), slice_str(suggestion), "%s",
                 text);
    const finding_t *item = &f.items[0];
    assert_int_equal(item->text.len, 1003);
    assert_memory_equal(item->text.ptr + 997, "\xe2\x82\xac...", 6);
    assert_true(slice_is(item->pointer, "/yyyyyyyy"));
    assert_null(item->suggestion.ptr);
    findings_release(&f);
}

static void test_json(void **state)
{
    (void)state;
    findings_t f;
    buf_t text = BUF_INIT;
    findings_init(&f, 0);
    findings_write_json(&f, &text);
    assert_true(slice_is(buf_slice(&text), "{\"findings\":[],\"errors\":0,\"warnings\":0}"));
    buf_clear(&text);
    findings_add(&f, FINDING_SYNTAX, at("a \"b\".yaml", 3, 7), SLICE_LIT("/x~1y"), NONE,
                 "line\n\"q\" %s", "ü\x01");
    findings_add(&f, FINDING_HOST_BITS, at("c", 0, 0), NONE, SLICE_LIT("s"), "t");
    findings_write_json(&f, &text);
    json_t *root = json_loadb(text.ptr, text.len, 0, NULL);
    assert_non_null(root);
    assert_int_equal(json_integer_value(json_object_get(root, "errors")), 1);
    assert_int_equal(json_integer_value(json_object_get(root, "warnings")), 1);
    const json_t *list = json_object_get(root, "findings");
    assert_int_equal(json_array_size(list), 2);
    const json_t *first = json_array_get(list, 0), *second = json_array_get(list, 1);
    assert_int_equal(json_object_size(first), 8);
    assert_string_equal(json_string_value(json_object_get(first, "severity")), "error");
    assert_string_equal(json_string_value(json_object_get(first, "code")), "syntax");
    assert_string_equal(json_string_value(json_object_get(first, "file")), "a \"b\".yaml");
    assert_int_equal(json_integer_value(json_object_get(first, "line")), 3);
    assert_int_equal(json_integer_value(json_object_get(first, "column")), 7);
    assert_string_equal(json_string_value(json_object_get(first, "pointer")), "/x~1y");
    assert_string_equal(json_string_value(json_object_get(first, "text")), "line\n\"q\" ü\x01");
    assert_true(json_is_null(json_object_get(first, "suggestion")));
    assert_string_equal(json_string_value(json_object_get(second, "severity")), "warning");
    assert_string_equal(json_string_value(json_object_get(second, "suggestion")), "s");
    json_decref(root);
    buf_release(&text);
    findings_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes),  cmocka_unit_test(test_format),
        cmocka_unit_test(test_copies), cmocka_unit_test(test_sort),
        cmocka_unit_test(test_limit),  cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
