/*
 * Requests to POST resources that go wrong, or are too much: for tests of each of them.
 */
#ifndef FPD_TESTS_POST_FIXTURE_H
#define FPD_TESTS_POST_FIXTURE_H

#include "fixture.h"

typedef struct error_case {
    const char *request, *meta; /* what stands in "meta"; E_SYNTAX: only the code */
} error_case_t;

#define TYPED(field)   "{\"code\":\"E_INVALID_FIELD_TYPE\",\"field\":\"" field "\"}"
#define MISSING(field) "{\"code\":\"E_MISSING_FIELD\",\"field\":\"" field "\"}"
#define VALUE(field, value)                                                                        \
    "{\"code\":\"E_INVALID_FIELD_VALUE\",\"field\":\"" field "\",\"value\":\"" value "\"}"

/* 400, and exactly this error. */
static inline void check_error(const snapshot_t *s, const char *path, const error_case_t *c)
{
    alto_answer_t answer;
    buf_t text = fixture_post(s, path, c->request, &answer);
    if (answer.status != 400) {
        fail_msg("%d for %s", answer.status, c->request);
    }
    assert_string_equal(answer.media_type, "application/alto-error+json");
    arena_t arena;
    arena_init(&arena, 0);
    const json_value_t *got = fixture_json(&arena, slice_str(text.ptr));
    const json_value_t *meta = json_get(got, "meta");
    assert_int_equal(got->u.object.count, 1);
    if (!strcmp(c->meta, "E_SYNTAX")) {
        const json_value_t *why = json_get(meta, "syntax-error");
        assert_int_equal(meta->u.object.count, 2);
        assert_true(slice_is(json_get(meta, "code")->u.text, "E_SYNTAX"));
        assert_true(json_is_string(why) && why->u.text.len > 8);
        assert_memory_equal(why->u.text.ptr, "line ", 5);
    } else if (!json_value_equal(meta, fixture_json(&arena, slice_str(c->meta)))) {
        fail_msg("%s for %s", text.ptr, c->request);
    }
    arena_release(&arena);
    buf_release(&text);
}

/* A list that has one item n times. */
static inline void many(const char *head, const char *item, unsigned n, const char *tail,
                        buf_t *out)
{
    buf_clear(out);
    buf_append_str(out, head);
    for (unsigned i = 0; i < n; i++) {
        buf_append_str(out, i ? "," : "");
        buf_append_str(out, item);
    }
    buf_append_str(out, tail);
}

/* With this limit of entries; 0: the default. */
static inline void check_status(const snapshot_t *s, const char *path, const buf_t *request,
                                size_t limit, int want)
{
    alto_limits_t limits = {.filter_entries = limit};
    alto_answer_t answer;
    buf_t text = fixture_post_limited(s, path, buf_slice(request), limit ? &limits : NULL, &answer);
    assert_int_equal(answer.status, want);
    if (want == 413) {
        assert_null(answer.media_type);
        assert_int_equal(answer.size, 0);
    }
    buf_release(&text);
}

#endif
