#include "builder.h"

void builder_push(builder_t *b, ptrs_t *p, void *item)
{
    if (p->count == p->cap) {
        /* What is outgrown stays in the arena: at most as much again as what is kept. */
        size_t cap = p->cap ? p->cap * 2 : 8;
        void **grown = builder_alloc(b, cap, sizeof *grown);
        if (!grown) {
            return;
        }
        if (p->count) {
            memcpy(grown, p->items, p->count * sizeof *grown);
        }
        p->items = grown;
        p->cap = cap;
    }
    p->items[p->count++] = item;
}

const doc_event_t *builder_next(builder_t *b)
{
    return doc_reader_next(b->reader);
}

bool builder_tree(builder_t *b, json_value_t *out)
{
    err_t err = doc_reader_tree(b->reader, b->arena, out);
    b->failed |= err == ERR_NOMEM;
    return !err;
}

slice_t builder_copy(builder_t *b, slice_t s)
{
    slice_t copy = arena_copy(b->arena, s);
    b->failed |= !copy.ptr;
    return copy;
}

void *builder_alloc(builder_t *b, size_t count, size_t size)
{
    void *p = arena_array(b->arena, count, size);
    b->failed |= !p;
    return p;
}

slice_t builder_pointer(builder_t *b)
{
    buf_t text = BUF_INIT;
    doc_reader_pointer(b->reader, &text);
    slice_t copy = builder_copy(b, buf_slice(&text));
    b->failed |= buf_failed(&text);
    buf_release(&text);
    return copy;
}

slice_t ref_pointer(builder_t *b, const name_ref_t *ref)
{
    return ref->index == NO_INDEX
               ? ref->pointer
               : arena_printf(b->arena, "%.*s/%zu", SLICE_ARG(ref->pointer), ref->index);
}

place_t builder_place(const builder_t *b, uint32_t document, uint32_t line, uint32_t column)
{
    return (place_t){b->documents[document].made.file, line, column};
}

static const char *event_name(const doc_event_t *ev)
{
    switch (ev->kind) {
    case DOC_EV_MAP:
        return "a map";
    case DOC_EV_SEQ:
        return "a list";
    case DOC_EV_SCALAR:
        switch (ev->scalar) {
        case JSON_NULL:
            return "nothing";
        case JSON_BOOL:
            return "true or false";
        case JSON_NUMBER:
            return "a number";
        default:
            return "text";
        }
    default:
        return "the end";
    }
}

static bool expect(builder_t *b, doc_event_kind_t kind, const char *what, const char *wants)
{
    const doc_event_t *ev = doc_reader_last(b->reader);
    if (ev->kind == kind) {
        return true;
    }
    if (ev->kind != DOC_EV_ERROR) {
        bool nothing = ev->kind == DOC_EV_SCALAR && ev->scalar == JSON_NULL;
        doc_reader_find(b->reader, nothing ? FINDING_EMPTY : FINDING_WRONG_TYPE, (slice_t){0},
                        "%s must be %s, and here is %s", what, wants, event_name(ev));
        (void)doc_reader_skip(b->reader);
    }
    return false;
}

bool builder_expect_map(builder_t *b, const char *what)
{
    return expect(b, DOC_EV_MAP, what, "a map");
}

bool builder_expect_list(builder_t *b, const char *what)
{
    return expect(b, DOC_EV_SEQ, what, "a list");
}

bool builder_expect_text(builder_t *b, const char *what, bool any_scalar, slice_t *out)
{
    if (!expect(b, DOC_EV_SCALAR, what, "text")) {
        return false;
    }
    const doc_event_t *ev = doc_reader_last(b->reader);
    if (ev->scalar == JSON_NULL || (ev->scalar != JSON_STRING && !any_scalar)) {
        bool nothing = ev->scalar == JSON_NULL;
        doc_reader_find(b->reader, nothing ? FINDING_EMPTY : FINDING_WRONG_TYPE, (slice_t){0},
                        "%s must be text, and here is %s%s", what, event_name(ev),
                        nothing ? "" : " (quote it)");
        return false;
    }
    *out = builder_copy(b, ev->text);
    return out->ptr != NULL;
}

bool builder_expect_bool(builder_t *b, const char *what, bool *out)
{
    const doc_event_t *ev = doc_reader_last(b->reader);
    if (ev->kind == DOC_EV_SCALAR && ev->scalar == JSON_BOOL) {
        *out = slice_is(ev->text, "true");
        return true;
    }
    if (ev->kind != DOC_EV_ERROR) {
        doc_reader_find(b->reader, FINDING_WRONG_TYPE, (slice_t){0}, "%s is true or false", what);
        (void)doc_reader_skip(b->reader);
    }
    return false;
}

bool name_valid(slice_t name)
{
    if (name.len < 1 || name.len > 64) {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == ':' || c == '@';
        if (!ok) {
            return false;
        }
    }
    return true;
}

bool builder_check_name(builder_t *b, slice_t name, const char *what)
{
    if (name_valid(name)) {
        return true;
    }
    doc_reader_find(b->reader, FINDING_BAD_NAME, (slice_t){0},
                    "'%.*s' cannot be %s: a name has 1 to 64 of A-Z a-z 0-9 - _ : @",
                    SLICE_ARG(name), what);
    return false;
}
