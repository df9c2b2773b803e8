/*
 * Documents: any bytes, as YAML and as JSON, are refused with findings or become a model, and that
 * a snapshot. What is served is JSON, the same whenever it is built, and the next build shares it.
 */
#include "footprintd/model/model.h"
#include "footprintd/snapshot/snapshot.h"

#include "fuzz.h"

static void check_finding(const finding_t *f)
{
    buf_t line = BUF_INIT;
    finding_format(f, &line);
    FUZZ_CHECK(!buf_failed(&line));
    FUZZ_CHECK(f->code < FINDING_CODE_COUNT);
    FUZZ_CHECK(f->text.len > 0 && f->text.len < 1100);
    for (size_t i = 0; i < line.len; i++) {
        FUZZ_CHECK((unsigned char)line.ptr[i] >= 0x20 && line.ptr[i] != 0x7f);
    }
    buf_release(&line);
}

static model_t *build(slice_t text, doc_format_t format)
{
    const model_source_t source = {SLICE_LIT("fuzz"), format, text};
    const model_options_t options = {.limits = {.bytes = 1 << 20,
                                                .depth = 16,
                                                .scalar_bytes = 4096,
                                                .aliases = 16,
                                                .alias_events = 2000}};
    findings_t findings;
    findings_init(&findings, 0);
    model_t *model = NULL;
    err_t err = model_build(&source, 1, &options, &findings, &model);
    FUZZ_CHECK(err == ERR_OK || err == ERR_DATA);
    FUZZ_CHECK((err == ERR_DATA) == (findings.errors > 0));
    FUZZ_CHECK((err == ERR_OK) == (model != NULL));
    for (size_t i = 0; i < findings.count; i++) {
        check_finding(&findings.items[i]);
    }
    findings_release(&findings);
    return model;
}

static void check_body(const document_t *d)
{
    const body_t *body = document_body(d, CODING_IDENTITY);
    buf_t text = BUF_INIT;
    arena_t arena;
    json_value_t *tree = NULL;
    json_error_t error;
    arena_init(&arena, 0);
    for (size_t i = 0; i < body->count; i++) {
        buf_append_slice(&text, body->segments[i]);
    }
    FUZZ_CHECK(text.len == body->size);
    FUZZ_CHECK(!json_parse(buf_slice(&text), 0, &arena, &tree, &error));
    FUZZ_CHECK(tree->kind == JSON_OBJECT && json_get(tree, "meta"));
    arena_release(&arena);
    buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    slice_t text = slice_of((const char *)data, size);
    const snapshot_options_t options = {.base_uri = SLICE_LIT("")};
    for (unsigned format = 0; format < 2; format++) {
        model_t *model = build(text, (doc_format_t)format);
        if (!model) {
            continue;
        }
        snapshot_t *first = NULL, *second = NULL;
        FUZZ_CHECK(!snapshot_build_take(model, &options, NULL, 1, &first));
        model = build(text, (doc_format_t)format);
        FUZZ_CHECK(model != NULL);
        FUZZ_CHECK(!snapshot_build_take(model, &options, first, 2, &second));
        const view_t *view = snapshot_view_public(second);
        for (size_t i = 0; i < view->count; i++) {
            const resource_t *r = &view->resources[i];
            const resource_t *before = view_find(snapshot_view_public(first), r->path);
            FUZZ_CHECK(before && before->document == r->document);
            if (r->document) {
                check_body(r->document);
            }
        }
        snapshot_unref(first);
        snapshot_unref(second);
    }
    return 0;
}
