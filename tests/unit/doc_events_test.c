#include "fixture.h"
#include "prng.h"

#include "footprintd/doc/events.h"

/* Every event on a line: kind, kind of scalar, text, pointer. */
static void trace(slice_t text, doc_format_t format, const doc_limits_t *limits, bool places,
                  buf_t *out)
{
    static const char *const kinds[] = {"error", "end",     "map",   "map-end",
                                        "seq",   "seq-end", "scalar"};
    findings_t f;
    findings_init(&f, 0);
    doc_reader_t *r = NULL;
    assert_int_equal(doc_reader_new(text, format, SLICE_LIT("f"), limits, &f, &r), ERR_OK);
    for (;;) {
        const doc_event_t *ev = doc_reader_next(r);
        assert_ptr_equal(ev, doc_reader_last(r));
        buf_append_str(out, kinds[ev->kind]);
        if (ev->kind == DOC_EV_SCALAR) {
            buf_printf(out, " %s%s ", doc_reader_at_key(r) ? "key " : "",
                       json_kind_name(ev->scalar));
            json_write_string(out, ev->text);
        } else {
            assert_false(doc_reader_at_key(r));
        }
        buf_append_char(out, ' ');
        if (ev->kind != DOC_EV_ERROR) {
            doc_reader_pointer(r, out);
        }
        if (places) {
            buf_printf(out, " %u:%u", ev->line, ev->column);
        }
        buf_append_char(out, '\n');
        if (ev->kind == DOC_EV_ERROR || ev->kind == DOC_EV_END) {
            assert_int_equal(doc_reader_next(r)->kind, ev->kind);
            break;
        }
    }
    for (size_t i = 0; i < f.count; i++) {
        finding_format(&f.items[i], out);
        buf_append_char(out, '\n');
    }
    assert_false(doc_reader_nomem(r));
    doc_reader_free(r);
    findings_release(&f);
    buf_append_char(out, '\0');
}

static void check_trace(const char *text, doc_format_t format, bool places, const char *want)
{
    buf_t got = BUF_INIT;
    trace(slice_str(text), format, NULL, places, &got);
    assert_string_equal(got.ptr, want);
    buf_release(&got);
}

static const char both_want[] = "map \n"
                                "scalar key string \"a\" /a\n"
                                "seq /a\n"
                                "scalar number \"1.50\" /a/0\n"
                                "map /a/1\n"
                                "scalar key string \"x/y~z\" /a/1/x~1y~0z\n"
                                "scalar null \"null\" /a/1/x~1y~0z\n"
                                "map-end /a/1\n"
                                "seq /a/2\n"
                                "seq-end /a/2\n"
                                "scalar boolean \"true\" /a/3\n"
                                "seq-end /a\n"
                                "scalar key string \"\" /\n"
                                "scalar string \"true\" /\n"
                                "map-end \n"
                                "end \n";

static void test_same_events(void **state)
{
    (void)state;
    static const char *const yaml[] = {
        "{\"a\":[1.50,{\"x/y~z\":null},[],true],\"\":\"true\"}",
        "a:\n  - 1.50\n  - x/y~z: null\n  - []\n  - true\n\"\": 'true'\n",
        "a: [1.50, {x/y~z: null}, [], true]\n? ''\n: \"true\"\n",
        "{a: &s [1.50, {x/y~z: null}, [], true], '': !<tag:yaml.org,2002:str> 'true'}\n",
    };
    for (size_t i = 0; i < 3; i++) {
        buf_t got = BUF_INIT;
        trace(slice_str(yaml[i]), DOC_YAML, NULL, false, &got);
        assert_string_equal(got.ptr, both_want);
        buf_release(&got);
    }
    buf_t got = BUF_INIT;
    trace(slice_str(yaml[0]), DOC_JSON, NULL, false, &got);
    assert_string_equal(got.ptr, both_want);
    buf_clear(&got);
    trace(slice_str(yaml[3]), DOC_YAML, NULL, false, &got);
    assert_non_null(strstr(got.ptr, "[yaml-feature]"));
    buf_release(&got);
}

static void test_plain_scalars(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        json_kind_t kind;
    } cases[] = {
        {"0", JSON_NUMBER},        {"-0", JSON_NUMBER},
        {"10", JSON_NUMBER},       {"1.0", JSON_NUMBER},
        {"1e400", JSON_NUMBER},    {"1E+2", JSON_NUMBER},
        {"-1.5e-10", JSON_NUMBER}, {"18446744073709551616", JSON_NUMBER},
        {"01", JSON_STRING},       {"-01", JSON_STRING},
        {"1.", JSON_STRING},       {".5", JSON_STRING},
        {"+1", JSON_STRING},       {"1e", JSON_STRING},
        {"1e+", JSON_STRING},      {"0x10", JSON_STRING},
        {"0o7", JSON_STRING},      {"1_000", JSON_STRING},
        {".inf", JSON_STRING},     {".NaN", JSON_STRING},
        {"12:30:45", JSON_STRING}, {"2001-12-14", JSON_STRING},
        {"1 ", JSON_NUMBER},       {"true", JSON_BOOL},
        {"false", JSON_BOOL},      {"True", JSON_STRING},
        {"yes", JSON_STRING},      {"no", JSON_STRING},
        {"on", JSON_STRING},       {"null", JSON_NULL},
        {"Null", JSON_STRING},     {"~", JSON_STRING},
        {"\"1\"", JSON_STRING},    {"'true'", JSON_STRING},
        {"\"null\"", JSON_STRING}, {"''", JSON_STRING},
        {"|\n  1", JSON_STRING},   {">\n  null", JSON_STRING},
        {"", JSON_NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_t text = BUF_INIT;
        buf_printf(&text, "a: %s\n", cases[i].text);
        arena_t arena;
        findings_t f;
        arena_init(&arena, 0);
        findings_init(&f, 0);
        json_value_t *tree = NULL;
        assert_int_equal(
            doc_read_tree(buf_slice(&text), DOC_YAML, SLICE_LIT("f"), NULL, &arena, &f, &tree),
            ERR_OK);
        const json_value_t *v = json_get(tree, "a");
        if (v->kind != cases[i].kind) {
            fail_msg("%s is %s", cases[i].text, json_kind_name(v->kind));
        }
        findings_release(&f);
        arena_release(&arena);
        buf_release(&text);
    }
}

static void test_positions(void **state)
{
    (void)state;
    check_trace("ä: [ü,\n  {x: 1}]\n", DOC_YAML, true,
                "map  1:1\n"
                "scalar key string \"ä\" /ä 1:1\n"
                "seq /ä 1:4\n"
                "scalar string \"ü\" /ä/0 1:5\n"
                "map /ä/1 2:3\n"
                "scalar key string \"x\" /ä/1/x 2:4\n"
                "scalar number \"1\" /ä/1/x 2:7\n"
                "map-end /ä/1 2:8\n"
                "seq-end /ä 2:9\n"
                "map-end  3:1\n"
                "end  3:1\n");
    check_trace("{\"ä\":[\"ü\",\r\n  {\"x\":1}]}", DOC_JSON, true,
                "map  1:1\n"
                "scalar key string \"ä\" /ä 1:2\n"
                "seq /ä 1:6\n"
                "scalar string \"ü\" /ä/0 1:7\n"
                "map /ä/1 2:3\n"
                "scalar key string \"x\" /ä/1/x 2:4\n"
                "scalar number \"1\" /ä/1/x 2:8\n"
                "map-end /ä/1 2:9\n"
                "seq-end /ä 2:10\n"
                "map-end  2:11\n"
                "end  2:12\n");
}

static void test_aliases(void **state)
{
    (void)state;
    check_trace("a: &x [1, &y {b: &z q}]\nc: *x\nd: *y\n*z : *z\n", DOC_YAML, false,
                "map \n"
                "scalar key string \"a\" /a\n"
                "seq /a\n"
                "scalar number \"1\" /a/0\n"
                "map /a/1\n"
                "scalar key string \"b\" /a/1/b\n"
                "scalar string \"q\" /a/1/b\n"
                "map-end /a/1\n"
                "seq-end /a\n"
                "scalar key string \"c\" /c\n"
                "seq /c\n"
                "scalar number \"1\" /c/0\n"
                "map /c/1\n"
                "scalar key string \"b\" /c/1/b\n"
                "scalar string \"q\" /c/1/b\n"
                "map-end /c/1\n"
                "seq-end /c\n"
                "scalar key string \"d\" /d\n"
                "map /d\n"
                "scalar key string \"b\" /d/b\n"
                "scalar string \"q\" /d/b\n"
                "map-end /d\n"
                "scalar key string \"q\" /q\n"
                "scalar string \"q\" /q\n"
                "map-end \n"
                "end \n");
}

/* An alias inside an anchored node is a part of it: replays are kept and counted. */
static void test_alias_budget(void **state)
{
    (void)state;
    static const char text[] = "a: &a [1, 2]\nb: &b [*a, *a]\nc: [*b, *b]\n";
    doc_limits_t limits = doc_limits_default;
    buf_t got = BUF_INIT;
    /* a replays 4 events, twice; b 10, twice. */
    limits.alias_events = 28;
    trace(slice_str(text), DOC_YAML, &limits, false, &got);
    assert_null(strstr(got.ptr, "error"));
    buf_clear(&got);
    limits.alias_events = 27;
    trace(slice_str(text), DOC_YAML, &limits, false, &got);
    assert_non_null(strstr(got.ptr, "f:3:9: error: aliases expand to too much [limit]"));
    buf_clear(&got);
    limits = doc_limits_default;
    limits.aliases = 3;
    trace(slice_str(text), DOC_YAML, &limits, false, &got);
    assert_non_null(strstr(got.ptr, "f:3:9: error: too many aliases [limit]"));
    buf_clear(&got);
    limits = doc_limits_default;
    limits.depth = 3;
    trace(slice_str(text), DOC_YAML, &limits, false, &got);
    assert_non_null(strstr(got.ptr, "collections are nested too deep [limit]"));
    buf_release(&got);
}

static void test_limits_are_the_same(void **state)
{
    (void)state;
    static const char text[] = "{\"a\": [[1]], \"b\": \"12345\"}";
    for (unsigned format = 0; format < 2; format++) {
        doc_limits_t limits = {.bytes = sizeof text - 1, .depth = 3, .scalar_bytes = 5};
        buf_t got = BUF_INIT;
        trace(slice_str(text), (doc_format_t)format, &limits, false, &got);
        assert_null(strstr(got.ptr, "error"));
        buf_clear(&got);
        limits.depth = 2;
        trace(slice_str(text), (doc_format_t)format, &limits, false, &got);
        assert_non_null(strstr(got.ptr, "f:1:8: error: collections are nested too deep [limit]"));
        buf_clear(&got);
        limits.depth = 3;
        limits.scalar_bytes = 4;
        trace(slice_str(text), (doc_format_t)format, &limits, false, &got);
        assert_non_null(strstr(got.ptr, "f:1:19: error: a scalar is too long [limit]"));
        buf_clear(&got);
        limits.bytes--;
        trace(slice_str(text), (doc_format_t)format, &limits, false, &got);
        assert_non_null(strstr(got.ptr, "f: error: the file has 26 bytes; at most 25 are read"));
        buf_release(&got);
    }
}

static void test_skip(void **state)
{
    (void)state;
    static const char text[] = "{\"a\": {\"b\": [1, {\"c\": 2}]}, \"d\": 3, \"e\": [}";
    for (unsigned format = 0; format < 2; format++) {
        findings_t f;
        findings_init(&f, 0);
        doc_reader_t *r = NULL;
        assert_int_equal(
            doc_reader_new(slice_str(text), (doc_format_t)format, SLICE_LIT("f"), NULL, &f, &r),
            ERR_OK);
        (void)doc_reader_next(r);        /* the map */
        (void)doc_reader_next(r);        /* a */
        (void)doc_reader_next(r);        /* its value */
        assert_true(doc_reader_skip(r)); /* over it */
        assert_true(slice_is(doc_reader_next(r)->text, "d"));
        assert_true(slice_is(doc_reader_next(r)->text, "3"));
        assert_true(doc_reader_skip(r)); /* a scalar is over already */
        assert_true(slice_is(doc_reader_next(r)->text, "e"));
        assert_int_equal(doc_reader_next(r)->kind, DOC_EV_SEQ);
        assert_false(doc_reader_skip(r));
        assert_false(doc_reader_skip(r));
        assert_int_equal(f.count, 1);
        assert_int_equal(f.items[0].code, FINDING_SYNTAX);
        doc_reader_free(r);
        findings_release(&f);
    }
}

/* Duplicates are all found, and reading goes on. */
static void test_duplicates(void **state)
{
    (void)state;
    for (unsigned format = 0; format < 2; format++) {
        buf_t got = BUF_INIT;
        trace(SLICE_LIT("{\"a\": {\"a\": 1, \"b\": 1, \"a\": 2}, \"a\": 3}"), (doc_format_t)format,
              NULL, false, &got);
        assert_non_null(strstr(got.ptr, "\nend \n"
                                        "f:1:24: error: the key 'a' stands here twice "
                                        "[duplicate-key]\n"
                                        "f:1:33: error: the key 'a' stands here twice "
                                        "[duplicate-key]\n"));
        buf_release(&got);
    }
}

/* ---- YAML in flow style and JSON say the same ---- */

static void random_string(prng_t *p, buf_t *out)
{
    static const char *const parts[] = {"a",    "b",       " ", "\\\"", "\\\\",    "\\/",     "\\n",
                                        "\\t",  "\\u00e4", "ß", "€",    "😀",       "#",       ": ",
                                        "-",    "[",       "{", "%",    "!",       "&x",      "*x",
                                        "null", "1",       "~", "<<",   "\\u0000", "\\u001f", "'"};
    buf_append_char(out, '"');
    for (uint64_t n = prng_below(p, 6); n > 0; n--) {
        buf_append_str(out, parts[prng_below(p, sizeof parts / sizeof *parts)]);
    }
    buf_append_char(out, '"');
}

static void random_space(prng_t *p, buf_t *out)
{
    static const char *const spaces[] = {"", "", " ", "\n", "\n  ", "   "};
    buf_append_str(out, spaces[prng_below(p, sizeof spaces / sizeof *spaces)]);
}

static void random_value(prng_t *p, unsigned depth, buf_t *out)
{
    static const char *const scalars[] = {
        "null", "true", "false", "0", "-0", "1.50", "1e400", "18446744073709551616", "-1E+2"};
    uint64_t choice = prng_below(p, depth ? 8 : 4);
    if (choice < 2) {
        buf_append_str(out, scalars[prng_below(p, sizeof scalars / sizeof *scalars)]);
    } else if (choice < 4) {
        random_string(p, out);
    } else {
        bool map = choice < 6;
        buf_append_char(out, map ? '{' : '[');
        random_space(p, out);
        for (uint64_t n = prng_below(p, 5), i = 0; i < n; i++) {
            if (i) {
                buf_append_char(out, ',');
                random_space(p, out);
            }
            if (map) {
                buf_printf(out, "\"%u", (unsigned)i);
                buf_t rest = BUF_INIT;
                random_string(p, &rest);
                buf_append(out, rest.ptr + 1, rest.len - 1);
                buf_release(&rest);
                buf_append_str(out, prng_below(p, 2) ? ":" : ": ");
            }
            random_value(p, depth - 1, out);
            random_space(p, out);
        }
        buf_append_char(out, map ? '}' : ']');
    }
}

static void test_flow_yaml_is_json(void **state)
{
    (void)state;
    prng_t p = prng_start();
    for (unsigned i = 0; i < 3000; i++) {
        buf_t text = BUF_INIT, as_yaml = BUF_INIT, as_json = BUF_INIT;
        buf_append_str(&text, "{\"x\": ");
        random_value(&p, 6, &text);
        buf_append_str(&text, "}");
        arena_t arena;
        findings_t f;
        arena_init(&arena, 0);
        findings_init(&f, 0);
        json_value_t *yaml = NULL, *json = NULL;
        err_t yaml_err = doc_read_tree(buf_slice(&text), DOC_YAML, SLICE_LIT("y"), NULL, &arena, &f,
                                       &yaml);
        err_t json_err = doc_read_tree(buf_slice(&text), DOC_JSON, SLICE_LIT("j"), NULL, &arena, &f,
                                       &json);
        if (yaml_err || json_err) {
            buf_t why = BUF_INIT;
            finding_format(&f.items[0], &why);
            fail_msg("%.*s: %.*s", SLICE_ARG(buf_slice(&why)), SLICE_ARG(buf_slice(&text)));
        }
        json_write_value(&as_yaml, yaml);
        json_write_value(&as_json, json);
        if (!slice_eq(buf_slice(&as_yaml), buf_slice(&as_json))) {
            fail_msg("%.*s and %.*s from %.*s", SLICE_ARG(buf_slice(&as_yaml)),
                     SLICE_ARG(buf_slice(&as_json)), SLICE_ARG(buf_slice(&text)));
        }
        findings_release(&f);
        arena_release(&arena);
        buf_release(&text);
        buf_release(&as_yaml);
        buf_release(&as_json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_events),
        cmocka_unit_test(test_plain_scalars),
        cmocka_unit_test(test_positions),
        cmocka_unit_test(test_aliases),
        cmocka_unit_test(test_alias_budget),
        cmocka_unit_test(test_limits_are_the_same),
        cmocka_unit_test(test_skip),
        cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_flow_yaml_is_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
