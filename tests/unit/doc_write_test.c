/*
 * Trees as YAML and JSON: the text that is wanted, and that it is read back as the same tree.
 */
#include "fixture.h"

#include "footprintd/doc/write.h"

typedef struct text_case {
    const char *text;
    size_t len;
    const char *yaml;
} text_case_t;

#define TEXT(text, yaml)                                                                           \
    {                                                                                              \
        text, sizeof text - 1, yaml                                                                \
    }

static const text_case_t texts[] = {
    TEXT("de", "de"),
    TEXT("http/1.1", "http/1.1"),
    TEXT("192.0.2.0/24", "192.0.2.0/24"),
    TEXT("as64496", "as64496"),
    TEXT("a@b+c-d_e.f", "a@b+c-d_e.f"),
    /* What YAML 1.1 or 1.2 takes for something else. */
    TEXT("no", "\"no\""),
    TEXT("No", "\"No\""),
    TEXT("y", "\"y\""),
    TEXT("off", "\"off\""),
    TEXT("true", "\"true\""),
    TEXT("null", "\"null\""),
    TEXT("~", "\"~\""),
    TEXT("", "\"\""),
    TEXT("1", "\"1\""),
    TEXT("-1", "\"-1\""),
    TEXT("1e3", "\"1e3\""),
    TEXT("0x1f", "\"0x1f\""),
    TEXT("192.0", "\"192.0\""),
    TEXT("2026-11-26", "\"2026-11-26\""),
    TEXT(".inf", "\".inf\""),
    TEXT("<<", "\"<<\""),
    /* What YAML gives a meaning. */
    TEXT("2001:db8::/32", "\"2001:db8::/32\""),
    TEXT("a b", "\"a b\""),
    TEXT("a, b", "\"a, b\""),
    TEXT("- a", "\"- a\""),
    TEXT("#a", "\"#a\""),
    TEXT("&a", "\"&a\""),
    TEXT("*a", "\"*a\""),
    TEXT("!a", "\"!a\""),
    TEXT("%a", "\"%a\""),
    TEXT("@a", "\"@a\""),
    TEXT("a\"b\\c", "\"a\\\"b\\\\c\""),
    TEXT("a\nb\tc", "\"a\\nb\\tc\""),
    TEXT("\0\x1b\x7f", "\"\\u0000\\u001b\\u007f\""),
    TEXT("a\0b", "\"a\\u0000b\""),
    TEXT("M\xc3\xbcnchen", "\"M\xc3\xbcnchen\""),
    TEXT("\xf0\x9f\x99\x82", "\"\xf0\x9f\x99\x82\""),
    /* Ends of lines to YAML, and what it does not permit. */
    TEXT("\xc2\x85", "\"\\u0085\""),
    TEXT("\xe2\x80\xa8\xe2\x80\xa9", "\"\\u2028\\u2029\""),
    TEXT("\xef\xbb\xbf", "\"\\ufeff\""),
    TEXT("\xef\xbf\xbf", "\"\\uffff\""),
};

static const json_value_t *round_trip(const json_value_t *tree, doc_format_t format, arena_t *arena,
                                      buf_t *text)
{
    json_value_t *back = NULL;
    findings_t findings;
    findings_init(&findings, 0);
    buf_clear(text);
    doc_write(tree, format, text);
    assert_false(buf_failed(text));
    err_t err = doc_read_tree(buf_slice(text), format, SLICE_LIT("x"), NULL, arena, &findings,
                              &back);
    if (err) {
        fail_msg("%.*s: %.*s", SLICE_ARG(findings.items[0].text), SLICE_ARG(buf_slice(text)));
    }
    findings_release(&findings);
    assert_true(json_value_equal(tree, back));
    return back;
}

static void test_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        slice_t text = slice_of(texts[i].text, texts[i].len);
        buf_t out = BUF_INIT;
        arena_t arena;
        arena_init(&arena, 0);
        doc_write_yaml_text(&out, text);
        buf_append_char(&out, '\0');
        assert_string_equal(out.ptr, texts[i].yaml);
        /* As a value, in a list and, but for the merge key, as a key. */
        json_value_t v = {.kind = JSON_STRING, .u.text = text};
        json_value_t list = {.kind = JSON_ARRAY, .u.array = {&v, 1}};
        json_member_t m = {.name = text, .value = list};
        json_value_t map = {.kind = JSON_OBJECT, .u.object = {&m, 1}};
        bool merge = slice_is(text, "<<");
        assert_int_equal(doc_write_is_yaml(&map), !merge);
        for (unsigned format = DOC_YAML; format <= DOC_JSON; format++) {
            const json_value_t *back = round_trip(&v, (doc_format_t)format, &arena, &out);
            assert_int_equal(back->kind, JSON_STRING);
            (void)round_trip(&list, (doc_format_t)format, &arena, &out);
            if (format == DOC_JSON || !merge) {
                (void)round_trip(&map, (doc_format_t)format, &arena, &out);
            }
        }
        arena_release(&arena);
        buf_release(&out);
    }
}

static void check(const char *json, const char *yaml, const char *pretty)
{
    arena_t arena;
    buf_t out = BUF_INIT;
    arena_init(&arena, 0);
    const json_value_t *tree = fixture_json(&arena, slice_str(json));
    for (unsigned format = DOC_YAML; format <= DOC_JSON; format++) {
        const char *want = format == DOC_YAML ? yaml : pretty;
        (void)round_trip(tree, (doc_format_t)format, &arena, &out);
        buf_append_char(&out, '\0');
        if (want) {
            assert_string_equal(out.ptr, want);
        }
    }
    arena_release(&arena);
    buf_release(&out);
}

static void test_layout(void **state)
{
    (void)state;
    check("{}", "{}\n", "{}\n");
    check("[]", "[]\n", "[]\n");
    check("1.50", "1.50\n", "1.50\n");
    check(
        "{\"version\":1,\"audience\":[\"u\"],\"footprints\":{\"a\":{\"asn\":[\"as1\"]}},\"m\":{}}",
        "version: 1\naudience: [u]\nfootprints:\n  a: {asn: [as1]}\nm: {}\n",
        "{\n  \"version\": 1,\n  \"audience\": [\"u\"],\n  \"footprints\": {\n    \"a\": "
        "{\"asn\": [\"as1\"]}\n  },\n  \"m\": {}\n}\n");
    check("{\"a\":[{\"x\":{\"w\":[1,2]},\"z\":null},true]}",
          "a:\n  - x: {w: [1, 2]}\n    z: null\n  - true\n",
          "{\n  \"a\": [\n    {\n      \"x\": {\"w\": [1, 2]},\n      \"z\": null\n    },\n    "
          "true\n  ]\n}\n");
    check("{\"a\":[[[[1]]],[[[]]]]}", "a:\n  - - [[1]]\n  - [[[]]]\n", NULL);
    /* What does not fit on a line stands on several. */
    check("{\"a\":{\"b\":[\"0123456789012345678901234567890123456789\",\"0123456789012345678901\","
          "\"012345678901234567890\",\"x\"]}}",
          "a:\n  b:\n    - \"0123456789012345678901234567890123456789\"\n    - "
          "\"0123456789012345678901\"\n    - \"012345678901234567890\"\n    - x\n",
          NULL);
    check("{\"a\":{\"b\":[\"0123456789012345678901234567890123456789\",\"0123456789012345678901\","
          "\"0123456789012345678\"]}}",
          "a:\n  b: [\"0123456789012345678901234567890123456789\", \"0123456789012345678901\", "
          "\"0123456789012345678\"]\n",
          NULL);
}

/* libyaml wants the colon of a key within 1,024 characters. */
static void test_long_keys(void **state)
{
    (void)state;
    for (size_t n = 100; n < 5000; n += 490) {
        buf_t json = BUF_INIT;
        buf_append_str(&json, "{\"a\":{\"");
        for (size_t i = 0; i < n; i++) {
            buf_append_char(&json, 'k');
        }
        buf_append_str(&json, "\":{\"b\":[1,[2,[3,[4]]]],\"c\":[]},\"d\":2}}");
        buf_append_char(&json, '\0');
        check(json.ptr, NULL, NULL);
        buf_release(&json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_long_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
