/*
 * Cases from tests/golden/updates: a list of objects. Everything that goes wrong fails the test.
 */
#ifndef FPD_TESTS_UPDATE_CASES_H
#define FPD_TESTS_UPDATE_CASES_H

#include "fpd_cmocka.h"

#include "footprintd/base/json.h"
#include "footprintd/store/file.h"

#include <fcntl.h>

typedef struct update_cases {
    arena_t arena;
    const json_value_t *list;
} update_cases_t;

static inline update_cases_t update_cases_read(const char *name)
{
    update_cases_t cases;
    buf_t path = BUF_INIT, text = BUF_INIT, why = BUF_INIT;
    buf_printf(&path, "%s/tests/golden/updates/%s", FPD_SOURCE_DIR, name);
    buf_append_char(&path, '\0');
    assert_int_equal(store_file_read(AT_FDCWD, path.ptr, 1 << 20, &text, &why), ERR_OK);
    json_value_t *list = NULL;
    json_error_t error = {.text = ""};
    arena_init(&cases.arena, 0);
    if (json_parse(buf_slice(&text), 0, &cases.arena, &list, &error)) {
        fail_msg("%s: %s", name, error.text);
    }
    assert_true(list->kind == JSON_ARRAY && list->u.array.count > 0);
    cases.list = list;
    buf_release(&path);
    buf_release(&text);
    buf_release(&why);
    return cases;
}

static inline slice_t update_case_text(const json_value_t *at, const char *member)
{
    const json_value_t *v = json_get(at, member);
    assert_true(json_is_string(v));
    return v->u.text;
}

/* The compact text of a member, with a NUL; the caller frees. */
static inline buf_t update_case_json(const json_value_t *at, const char *member)
{
    buf_t out = BUF_INIT;
    const json_value_t *v = json_get(at, member);
    assert_non_null(v);
    json_write_value(&out, v);
    buf_append_char(&out, '\0');
    return out;
}

#endif
