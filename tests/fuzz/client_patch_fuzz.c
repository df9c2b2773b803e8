/*
 * Patches of documents: [document, JSON Patch] and [document, merge patch], both from one list of
 * two. What comes out is a document that reads back as it was written, or the old one unchanged.
 * Bytes that are no such list are read as a message of several parts.
 */
#include "ctl/json_patch.h"
#include "ctl/watch_doc.h"
#include "ctl/watch_message.h"

#include "fuzz.h"

static void check_document(const watch_doc_t *doc)
{
    watch_doc_t again;
    buf_t why = BUF_INIT;
    watch_doc_init(&again);
    FUZZ_CHECK(watch_doc_read(SLICE_LIT("a/b"), buf_slice(&doc->text), &again, &why) == ERR_OK);
    FUZZ_CHECK(slice_eq(buf_slice(&doc->text), buf_slice(&again.text)));
    FUZZ_CHECK(slice_eq(doc->vtag.tag, again.vtag.tag) && doc->dep_count == again.dep_count);
    watch_doc_release(&again);
    buf_release(&why);
}

static void apply(const watch_doc_t *from, watch_kind_t kind, slice_t patch)
{
    watch_doc_t made;
    buf_t why = BUF_INIT;
    watch_doc_init(&made);
    const watch_update_t update = {.kind = kind, .bytes = patch};
    err_t err = watch_doc_update(from, &update, &made, &why);
    FUZZ_CHECK(watch_doc_held(&made) == !err);
    if (err) {
        FUZZ_CHECK(err == ERR_NOMEM || why.len > 0);
    } else {
        check_document(&made);
        FUZZ_CHECK(!from->vtag.tag.ptr || slice_eq(from->vtag.resource, made.vtag.resource));
    }
    watch_doc_release(&made);
    buf_release(&why);
}

/* Any bytes are a message or have a reason why not; its first part may be patched as a document. */
static void check_message(slice_t text)
{
    watch_doc_t doc, made;
    buf_t why = BUF_INIT;
    watch_doc_init(&doc);
    watch_doc_init(&made);
    err_t err = watch_doc_read(SLICE_LIT("multipart/related;boundary=b"), text, &doc, &why);
    FUZZ_CHECK(watch_doc_held(&doc) == !err);
    FUZZ_CHECK(!err ? doc.parts && !doc.torn && !doc.vtag.tag.ptr
                    : err == ERR_NOMEM || why.len > 0);
    const watch_update_t update = {
        .kind = WATCH_MERGE_PATCH, .part = SLICE_LIT("<a@b>"), .bytes = SLICE_LIT("{\"x\":1}")};
    if (!err && !watch_doc_update(&doc, &update, &made, &why)) {
        FUZZ_CHECK(made.parts && memmem(made.text.ptr, made.text.len, "\"a\":{", 5));
    }
    watch_doc_release(&doc);
    watch_doc_release(&made);
    buf_release(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena_t arena;
    json_value_t *pair;
    arena_init(&arena, 0);
    check_message(slice_of((const char *)data, size));
    if (!json_parse(slice_of((const char *)data, size), 0, &arena, &pair, NULL) &&
        pair->kind == JSON_ARRAY && pair->u.array.count == 2) {
        buf_t doc = BUF_INIT, patch = BUF_INIT, before = BUF_INIT, why = BUF_INIT;
        watch_doc_t from;
        watch_doc_init(&from);
        json_write_value(&doc, &pair->u.array.items[0]);
        json_write_value(&patch, &pair->u.array.items[1]);
        if (!watch_doc_read(SLICE_LIT("a/b"), buf_slice(&doc), &from, &why)) {
            buf_append_slice(&before, buf_slice(&from.text));
            apply(&from, WATCH_JSON_PATCH, buf_slice(&patch));
            apply(&from, WATCH_MERGE_PATCH, buf_slice(&patch));
            FUZZ_CHECK(slice_eq(buf_slice(&before), buf_slice(&from.text)));
        }
        watch_doc_release(&from);
        buf_release(&doc);
        buf_release(&patch);
        buf_release(&before);
        buf_release(&why);
    }
    arena_release(&arena);
    return 0;
}
