/* Messages of several parts as frames: their lines, and failing memory. */
#include "fpd_cmocka.h"

#include "footprintd/updates/frame.h"

#include "failmalloc.h"

/* The frame's text as an event stream has it, without "data: ". */
static buf_t lines_of(const frame_t *f)
{
    buf_t out = BUF_INIT;
    size_t lines = 1;
    for (size_t i = 0; i < f->count; i++) {
        buf_append(&out, f->pieces[i].ptr, f->pieces[i].len);
        if (f->pieces[i].ends_line && i + 1 < f->count) {
            buf_append_char(&out, '\n');
            lines++;
        }
    }
    assert_int_equal(lines, f->line_count);
    buf_append_char(&out, '\0');
    return out;
}

static void check(const char *message, const char *want)
{
    frame_t *f = NULL;
    assert_int_equal(frame_new_message("multipart/related", slice_str(message), &f), ERR_OK);
    assert_int_equal(f->kind, FRAME_FULL);
    assert_string_equal(f->media_type, "multipart/related");
    buf_t got = lines_of(f);
    assert_string_equal(got.ptr, want);
    size_t size = 0;
    for (size_t i = 0; i < f->count; i++) {
        size += f->pieces[i].len;
    }
    assert_int_equal(f->size, size);
    buf_release(&got);
    frame_unref(f);
}

static void test_lines(void **state)
{
    (void)state;
    check("--b\r\nContent-ID: <a@b>\r\n\r\n{\"x\":1}\r\n--b--\r\n",
          "--b\nContent-ID: <a@b>\n\n{\"x\":1}\n--b--");
    check("one", "one");
    check("one\r\n", "one");
    check("\r\none\r\n\r\n\r\ntwo", "\none\n\n\ntwo");
    check("not\ran\nend\r\nx", "not\ran\nend\nx");
}

/* A long line of JSON is broken behind commas, but not in strings: not in those of other lines. */
static void test_long_lines(void **state)
{
    (void)state;
    buf_t text = BUF_INIT;
    buf_append_str(&text, "an \" that is not JSON\r\n[");
    for (unsigned i = 0; i < 3000; i++) {
        buf_printf(&text, "%s\"a,%u\"", i ? "," : "", i);
    }
    buf_append_str(&text, "]\r\nend\r\n");
    frame_t *f = NULL;
    assert_int_equal(frame_new_message("m", buf_slice(&text), &f), ERR_OK);
    buf_t got = lines_of(f);
    assert_true(f->line_count > 5);
    char *line = got.ptr, *end;
    for (size_t i = 0; (end = strchr(line, '\n')); i++, line = end + 1) {
        assert_true((size_t)(end - line) <= FRAME_LINE_MIN + 16);
        assert_true(i == 0 || end[-1] == ',' || end[-1] == ']');
        assert_true(i == 0 || end[-1] == ']' || end[-2] == '"');
    }
    assert_string_equal(line, "end");
    buf_release(&got);
    buf_release(&text);
    frame_unref(f);
}

static void test_nomem(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        long live = failmalloc_live();
        frame_t *f = NULL;
        failmalloc_arm(n);
        err_t err = frame_new_message("m", SLICE_LIT("a\r\n\r\nb\r\nc\r\nd\r\ne\r\nf\r\n"), &f);
        if (!failmalloc_disarm()) {
            assert_int_equal(err, ERR_OK);
            frame_unref(f);
            break;
        }
        assert_int_equal(err, ERR_NOMEM);
        assert_int_equal(failmalloc_live(), live);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_nomem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
