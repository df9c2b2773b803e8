/* TIPS views, and what answers that are no success mean. */
#include "ctl/watch_problem.h"
#include "ctl/watch_view.h"

#include "failmalloc.h"
#include "fpd_cmocka.h"

#define GRAPH(start, end, i, j)                                                                    \
    "\"tips-view-summary\":{\"updates-graph-summary\":{\"start-seq\":" start ",\"end-seq\":" end   \
    ",\"start-edge-rec\":{\"seq-i\":" i ",\"seq-j\":" j "}}}"
#define VIEW(start, end, i, j) "{\"tips-view-uri\":\"http://a/v\"," GRAPH(start, end, i, j) "}"

#define SUMMARY(members) "{\"tips-view-summary\":{\"updates-graph-summary\":{" members "}}}"

static void assert_view(const watch_view_t *v, uint64_t start, uint64_t end, uint64_t i, uint64_t j)
{
    assert_string_equal(v->uri.ptr, "http://a/v");
    assert_int_equal(v->start, start);
    assert_int_equal(v->end, end);
    assert_int_equal(v->from, i);
    assert_int_equal(v->to, j);
}

static void views(void **state)
{
    (void)state;
    watch_view_t v = {.start = 0};
    buf_t why = BUF_INIT;
    assert_int_equal(watch_view_read(&v, SLICE_LIT(VIEW("101", "106", "0", "105")), &why), ERR_OK);
    assert_view(&v, 101, 106, 0, 105);
    /* Only what has changed. */
    const char *patch = "{\"tips-view-summary\":{\"updates-graph-summary\":{\"end-seq\":107,"
                        "\"start-edge-rec\":{\"seq-i\":107,\"seq-j\":108}}}}";
    assert_int_equal(watch_view_update(&v, slice_str(patch), &why), ERR_OK);
    assert_view(&v, 101, 107, 107, 108);
    /* What is refused changes nothing. */
    static const char *const bad[] = {
        "{",
        "null",
        "{\"tips-view-uri\":null}",
        SUMMARY("\"start-seq\":0"),
        SUMMARY("\"start-seq\":108"),
        SUMMARY("\"end-seq\":106"),
        SUMMARY("\"end-seq\":9007199254740992"),
        SUMMARY("\"end-seq\":1.0"),
        SUMMARY("\"start-edge-rec\":{\"seq-i\":108}"),
        SUMMARY("\"start-edge-rec\":{\"seq-j\":\"1\"}"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        buf_clear(&why);
        assert_int_equal(watch_view_update(&v, slice_str(bad[i]), &why), ERR_DATA);
        assert_true(why.len > 0);
        assert_view(&v, 101, 107, 107, 108);
    }
    buf_release(&why);
    watch_view_release(&v);
}

static void memory_fails(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        watch_view_t v = {.start = 0};
        buf_t why = BUF_INIT;
        failmalloc_arm(n);
        err_t err = watch_view_read(&v, SLICE_LIT(VIEW("1", "2", "0", "2")), &why);
        err = err ? err : watch_view_update(&v, SLICE_LIT("{}"), &why);
        bool refused = failmalloc_disarm();
        assert_int_equal(err, refused ? ERR_NOMEM : ERR_OK);
        buf_release(&why);
        watch_view_release(&v);
        if (!refused) {
            assert_true(n > 3);
            break;
        }
    }
}

#define ALTO_ERROR "application/alto-error+json"

static void verdicts(void **state)
{
    (void)state;
    static const struct {
        long status;
        watch_verdict_t verdict;
        const char *type, *body;
    } cases[] = {
        {400, WATCH_REFUSED, ALTO_ERROR, "{\"meta\":{\"code\":\"E_SYNTAX\"}}"},
        {400, WATCH_OTHER_WAY, ALTO_ERROR, "{\"meta\":{}}"},
        {400, WATCH_OTHER_WAY, "text/html", "{\"meta\":{\"code\":\"E_SYNTAX\"}}"},
        {401, WATCH_REFUSED, "", ""},
        {403, WATCH_REFUSED, "", ""},
        {404, WATCH_OTHER_WAY, "", ""},
        {405, WATCH_OTHER_WAY, "", ""},
        {408, WATCH_AGAIN, "", ""},
        {415, WATCH_OTHER_WAY, "", ""},
        {425, WATCH_AGAIN, "", ""},
        {429, WATCH_AGAIN, "", ""},
        {500, WATCH_AGAIN, "", ""},
        {501, WATCH_OTHER_WAY, "", ""},
        {502, WATCH_AGAIN, "", ""},
        {503, WATCH_AGAIN, "", ""},
        {505, WATCH_OTHER_WAY, "", ""},
        {204, WATCH_OTHER_WAY, "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        watch_answer_t answer = {.status = cases[i].status,
                                 .media_type = slice_str(cases[i].type),
                                 .body = slice_str(cases[i].body)};
        assert_int_equal(watch_problem_verdict(&answer), cases[i].verdict);
    }
    watch_answer_t none = {.failure = "no route"};
    assert_int_equal(watch_problem_verdict(&none), WATCH_AGAIN);
    none.for_good = true;
    assert_int_equal(watch_problem_verdict(&none), WATCH_REFUSED);
}

static void assert_text(long status, const char *body, const char *want)
{
    watch_answer_t answer = {.status = status,
                             .failure = "no route",
                             .media_type = SLICE_LIT(ALTO_ERROR),
                             .body = slice_str(body)};
    buf_t out = BUF_INIT;
    watch_problem_text(&answer, &out);
    buf_append_char(&out, '\0');
    assert_string_equal(out.ptr, want);
    buf_release(&out);
}

static void texts(void **state)
{
    (void)state;
    assert_text(0, "", "no route");
    assert_text(404, "", "HTTP status 404");
    assert_text(400, "{\"meta\":{\"code\":\"E_SYNTAX\",\"syntax-error\":\"at 7\"}}",
                "HTTP status 400: E_SYNTAX, syntax-error 'at 7'");
    assert_text(400, "{\"meta\":{\"value\":\"x\",\"field\":\"add/s0\",\"code\":\"E_X\"}}",
                "HTTP status 400: E_X, field 'add/s0', value 'x'");
    /* RFC 8895 7.6 has a list; a terminal is not written to as another likes. */
    assert_text(400, "{\"meta\":{\"code\":\"E_X\",\"value\":[\"a\",\"\\u001b[2J\"]}}",
                "HTTP status 400: E_X, value '[\"a\",\"\\u001b[2J\"]'");
    assert_text(400, "{\"meta\":{\"code\":\"E\\n\\u007fX\"}}", "HTTP status 400: E??X");
}

static void long_texts_are_cut(void **state)
{
    (void)state;
    char text[300];
    buf_t out = BUF_INIT;
    memset(text, 'x', sizeof text);
    watch_problem_quote(slice_of(text, 200), &out);
    assert_int_equal(out.len, 200);
    buf_clear(&out);
    watch_problem_quote(slice_of(text, 201), &out);
    assert_true(out.len == 203 && memcmp(out.ptr + 200, "...", 3) == 0);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views), cmocka_unit_test(memory_fails),       cmocka_unit_test(verdicts),
        cmocka_unit_test(texts), cmocka_unit_test(long_texts_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
