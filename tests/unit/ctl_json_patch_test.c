/* Both kinds of patch: the cases of tests/golden/updates, bombs, and memory that fails. */
#include "ctl/json_edit.h"
#include "ctl/json_patch.h"

#include "failmalloc.h"
#include "update_cases.h"

#include <stdio.h>

static json_value_t *parse(slice_t text, arena_t *arena)
{
    json_value_t *v = NULL;
    json_error_t error = {.text = ""};
    if (json_parse(text, 0, arena, &v, &error)) {
        fail_msg("%s", error.text);
    }
    return v;
}

/* The result as text, or the error behind "!"; with a NUL. */
static buf_t apply(slice_t doc, slice_t patch, bool merge)
{
    arena_t arena;
    arena_init(&arena, 1 << 20);
    buf_t why = BUF_INIT, out = BUF_INIT;
    json_value_t *d = parse(doc, &arena), *p = parse(patch, &arena);
    err_t err = merge ? ctl_merge_patch_apply(d, p, &arena)
                      : ctl_json_patch_apply(d, p, &arena, &why);
    if (err) {
        buf_printf(&out, "!%.*s",
                   SLICE_ARG(err == ERR_DATA ? buf_slice(&why) : slice_str(err_text(err))));
    } else {
        json_write_value(&out, d);
    }
    buf_append_char(&out, '\0');
    buf_release(&why);
    arena_release(&arena);
    return out;
}

static void run_cases(const char *file, bool merge)
{
    update_cases_t cases = update_cases_read(file);
    for (size_t i = 0; i < cases.list->u.array.count; i++) {
        const json_value_t *at = &cases.list->u.array.items[i];
        slice_t name = update_case_text(at, "name");
        buf_t doc = update_case_json(at, "doc"), patch = update_case_json(at, "patch");
        buf_t want = BUF_INIT;
        const json_value_t *error = json_get(at, "error");
        if (error) {
            buf_printf(&want, "!%.*s", SLICE_ARG(error->u.text));
            buf_append_char(&want, '\0');
        } else {
            want = update_case_json(at, "expected");
        }
        buf_t got = apply(slice_str(doc.ptr), slice_str(patch.ptr), merge);
        if (strcmp(got.ptr, want.ptr) != 0) {
            fail_msg("%.*s:\n got %s\nwant %s", SLICE_ARG(name), got.ptr, want.ptr);
        }
        buf_release(&doc);
        buf_release(&patch);
        buf_release(&want);
        buf_release(&got);
    }
    arena_release(&cases.arena);
}

static void json_patch_cases(void **state)
{
    (void)state;
    run_cases("json-patch.json", false);
}

static void merge_patch_cases(void **state)
{
    (void)state;
    run_cases("merge-patch.json", true);
}

static void assert_apply(const char *doc, const char *patch, const char *want)
{
    buf_t got = apply(slice_str(doc), slice_str(patch), false);
    assert_string_equal(got.ptr, want);
    buf_release(&got);
}

/* A document that is copied into itself doubles with each operation. */
static void bombs_are_stopped(void **state)
{
    (void)state;
    buf_t patch = BUF_INIT;
    buf_append_char(&patch, '[');
    for (int i = 0; i < 50; i++) {
        buf_printf(&patch, "%s{\"op\":\"copy\",\"from\":\"/0\",\"path\":\"/0/-\"}", i ? "," : "");
    }
    buf_append_str(&patch, "]");
    buf_append_char(&patch, '\0');
    buf_t got = apply(SLICE_LIT("[[1]]"), slice_str(patch.ptr), false);
    /* Whichever comes first; the stack is never at stake. */
    assert_true(strstr(got.ptr, "nest too deep") || strcmp(got.ptr, "!out of memory") == 0);
    buf_release(&got);
    buf_release(&patch);
}

static void nesting_is_bounded(void **state)
{
    (void)state;
    buf_t path = BUF_INIT, deep = BUF_INIT, patch = BUF_INIT;
    for (int i = 0; i < 60; i++) {
        buf_append_char(&deep, '[');
    }
    for (int i = 0; i < 60; i++) {
        buf_append_char(&deep, ']');
    }
    for (int i = 0; i < 59; i++) {
        buf_append_str(&path, "/0");
    }
    static const struct {
        const char *value;
        bool fits;
    } cases[] = {{"[[[[]]]]", true}, {"[[[[1]]]]", true}, {"[[[[[]]]]]", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        buf_clear(&patch);
        buf_printf(&patch, "[{\"op\":\"add\",\"path\":\"%.*s/0\",\"value\":%s}]",
                   SLICE_ARG(buf_slice(&path)), cases[i].value);
        buf_t got = apply(buf_slice(&deep), buf_slice(&patch), false);
        assert_int_equal(got.ptr[0] != '!', cases[i].fits);
        buf_release(&got);
    }
    buf_release(&path);
    buf_release(&deep);
    buf_release(&patch);
}

/* Long lists: insertions and removals at both ends, against what they have to be. */
static void many_operations(void **state)
{
    (void)state;
    buf_t patch = BUF_INIT, want = BUF_INIT;
    buf_append_char(&patch, '[');
    for (int i = 0; i < 300; i++) {
        buf_printf(&patch, "%s{\"op\":\"add\",\"path\":\"/l/0\",\"value\":%d}", i ? "," : "", i);
        buf_printf(&patch, ",{\"op\":\"add\",\"path\":\"/o/%d\",\"value\":%d}", i, i);
        if (i % 3 == 2) {
            buf_printf(&patch, ",{\"op\":\"remove\",\"path\":\"/l/0\"}");
        }
    }
    buf_append_str(&patch, "]");
    buf_append_str(&want, "{\"l\":[");
    for (int i = 298; i >= 0; i--) {
        if (i % 3 != 2) {
            buf_printf(&want, "%d,", i);
        }
    }
    buf_append_str(&want, "\"x\"],\"o\":{");
    for (int i = 0; i < 300; i++) {
        buf_printf(&want, "%s\"%d\":%d", i ? "," : "", i, i);
    }
    buf_append_str(&want, "}}");
    buf_append_char(&want, '\0');
    buf_t got = apply(SLICE_LIT("{\"l\":[\"x\"],\"o\":{}}"), buf_slice(&patch), false);
    assert_string_equal(got.ptr, want.ptr);
    buf_release(&got);
    buf_release(&patch);
    buf_release(&want);
}

/* Objects beyond the size that is searched pair by pair, in two orders. */
static void great_objects_are_the_same(void **state)
{
    (void)state;
    buf_t a = BUF_INIT, b = BUF_INIT, patch = BUF_INIT;
    for (int i = 0; i < 40; i++) {
        buf_printf(&a, "%s\"m%d\":%d", i ? "," : "{", i, i);
        buf_printf(&b, "%s\"m%d\":%d.0", i ? "," : "{", 39 - i, 39 - i);
    }
    buf_append_char(&a, '}');
    buf_append_char(&b, '}');
    buf_printf(&patch, "[{\"op\":\"test\",\"path\":\"\",\"value\":%.*s}]",
               SLICE_ARG(buf_slice(&b)));
    buf_t got = apply(buf_slice(&a), buf_slice(&patch), false);
    assert_true(got.ptr[0] == '{');
    buf_release(&got);
    buf_clear(&patch);
    b.ptr[4] = 'x';
    buf_printf(&patch, "[{\"op\":\"test\",\"path\":\"\",\"value\":%.*s}]",
               SLICE_ARG(buf_slice(&b)));
    got = apply(buf_slice(&a), buf_slice(&patch), false);
    assert_true(got.ptr[0] == '!');
    buf_release(&got);
    buf_release(&a);
    buf_release(&b);
    buf_release(&patch);
}

static void exponents_beyond_counting(void **state)
{
    (void)state;
    assert_apply("[1e99999999999999999999]",
                 "[{\"op\":\"test\",\"path\":\"/0\",\"value\":1e99999999999999999999}]",
                 "[1e99999999999999999999]");
    assert_apply("[1e99999999999999999999]",
                 "[{\"op\":\"test\",\"path\":\"/0\",\"value\":1e99999999999999999998}]",
                 "!operation 1 of 1 (test \"/0\"): the document has 1e99999999999999999999, "
                 "the patch is for 1e99999999999999999998");
}

static void try_all(const char *doc, const char *patch, bool merge)
{
    for (size_t n = 1;; n++) {
        arena_t arena;
        arena_init(&arena, 0);
        buf_t why = BUF_INIT;
        json_value_t *d = parse(slice_str(doc), &arena), *p = parse(slice_str(patch), &arena);
        /* No room that parsing left: every allocation asks the system. */
        arena.next = arena.end;
        failmalloc_arm(n);
        err_t err = merge ? ctl_merge_patch_apply(d, p, &arena)
                          : ctl_json_patch_apply(d, p, &arena, &why);
        bool refused = failmalloc_disarm();
        buf_release(&why);
        arena_release(&arena);
        assert_int_equal(err, refused ? ERR_NOMEM : ERR_OK);
        if (!refused) {
            assert_true(n > 1);
            break;
        }
    }
}

static void memory_fails(void **state)
{
    (void)state;
    try_all("{\"a\":[1],\"b\":{\"c\":[[2]]}}",
            "[{\"op\":\"add\",\"path\":\"/a/0\",\"value\":0},"
            "{\"op\":\"copy\",\"from\":\"/b\",\"path\":\"/x~1y\"}]",
            false);
    try_all("{\"a\":{\"b\":1}}", "{\"a\":{\"b\":2,\"c\":{\"d\":3}},\"e\":{}}", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_patch_cases),          cmocka_unit_test(merge_patch_cases),
        cmocka_unit_test(bombs_are_stopped),         cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(many_operations),           cmocka_unit_test(great_objects_are_the_same),
        cmocka_unit_test(exponents_beyond_counting), cmocka_unit_test(memory_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
