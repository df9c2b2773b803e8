/*
 * Documents as texts, and what becomes of them: for tests of the model, of resources and of
 * snapshots. Everything that goes wrong fails the test.
 */
#ifndef FPD_TESTS_FIXTURE_H
#define FPD_TESTS_FIXTURE_H

#include "fpd_cmocka.h"

#include "footprintd/model/model.h"
#include "footprintd/snapshot/snapshot.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct fixture_file {
    const char *name; /* ".json" is JSON, all others are YAML */
    const char *text;
} fixture_file_t;

#define FIXTURE_FILES 8

static inline doc_format_t fixture_format(const char *name)
{
    size_t n = strlen(name);
    return n > 5 && strcmp(name + n - 5, ".json") == 0 ? DOC_JSON : DOC_YAML;
}

/* The model of the files; NULL when there are errors. */
static inline model_t *fixture_model(const fixture_file_t *files, size_t count,
                                     findings_t *findings)
{
    model_source_t sources[FIXTURE_FILES];
    assert_true(count <= FIXTURE_FILES);
    for (size_t i = 0; i < count; i++) {
        sources[i] = (model_source_t){slice_str(files[i].name), fixture_format(files[i].name),
                                      slice_str(files[i].text)};
    }
    model_t *model = NULL;
    err_t err = model_build(sources, count, NULL, findings, &model);
    assert_true(err == ERR_OK || err == ERR_DATA);
    assert_int_equal(err == ERR_OK, model != NULL);
    return model;
}

/* The snapshot of files without errors. */
static inline snapshot_t *fixture_snapshot(const fixture_file_t *files, size_t count,
                                           snapshot_t *previous)
{
    findings_t findings;
    findings_init(&findings, 0);
    model_t *model = fixture_model(files, count, &findings);
    if (!model) {
        buf_t text = BUF_INIT;
        finding_format(&findings.items[0], &text);
        fail_msg("%.*s", SLICE_ARG(buf_slice(&text)));
    }
    findings_release(&findings);
    snapshot_t *snapshot = NULL;
    snapshot_options_t options = {.base_uri = SLICE_LIT("")};
    assert_int_equal(snapshot_build_take(model, &options, previous, 1, &snapshot), ERR_OK);
    return snapshot;
}

static inline snapshot_t *fixture_one(const char *yaml)
{
    fixture_file_t file = {"a.yaml", yaml};
    return fixture_snapshot(&file, 1, NULL);
}

static inline const resource_t *fixture_resource(const snapshot_t *s, const char *path)
{
    const resource_t *r = view_find(snapshot_view_public(s), slice_str(path));
    if (!r) {
        fail_msg("there is no resource %s", path);
    }
    return r;
}

/* The bytes of a document in a coding; the caller frees. */
static inline buf_t fixture_bytes(const document_t *d, coding_t coding)
{
    buf_t out = BUF_INIT;
    const body_t *body = document_body(d, coding);
    assert_non_null(body);
    for (size_t i = 0; i < body->count; i++) {
        assert_true(body->segments[i].len > 0);
        buf_append_slice(&out, body->segments[i]);
    }
    assert_int_equal(out.len, body->size);
    return out;
}

static inline buf_t fixture_body(const snapshot_t *s, const char *path)
{
    return fixture_bytes(fixture_resource(s, path)->document, CODING_IDENTITY);
}

static inline const char *fixture_tag(const snapshot_t *s, const char *path)
{
    return fixture_resource(s, path)->document->tag;
}

/* The answer to a POST: its text with a NUL; the caller frees. */
static inline buf_t fixture_post_limited(const snapshot_t *s, const char *path, slice_t request,
                                         const alto_limits_t *limits, alto_answer_t *answer)
{
    const resource_t *r = fixture_resource(s, path);
    arena_t arena;
    buf_t out = BUF_INIT;
    arena_init(&arena, 0);
    assert_true(resource_is_post(r));
    (void)r->kind->cost(r, request);
    assert_int_equal(r->kind->answer(r, request, limits, &arena, answer), ERR_OK);
    for (size_t i = 0; i < answer->count; i++) {
        buf_append_slice(&out, answer->segments[i]);
    }
    assert_int_equal(out.len, answer->size);
    buf_append_char(&out, '\0');
    arena_release(&arena);
    answer->segments = NULL;
    return out;
}

static inline buf_t fixture_post(const snapshot_t *s, const char *path, const char *request,
                                 alto_answer_t *answer)
{
    return fixture_post_limited(s, path, slice_str(request), NULL, answer);
}

/* A JSON text as a tree in the arena. */
static inline json_value_t *fixture_json(arena_t *arena, slice_t text)
{
    json_value_t *tree = NULL;
    json_error_t error;
    if (json_parse(text, 0, arena, &tree, &error)) {
        fail_msg("%s in %.*s", error.text, SLICE_ARG(text));
    }
    return tree;
}

#endif
