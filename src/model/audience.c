#include "builder.h"

static bool listed(const model_document_t *doc, slice_t name)
{
    for (size_t i = 0; i < doc->audience_count; i++) {
        if (slice_eq(doc->audience[i], name)) {
            return true;
        }
    }
    return false;
}

bool audience_within(const builder_t *b, uint32_t document, uint32_t other)
{
    const model_document_t *inner = &b->documents[document].made;
    const model_document_t *outer = &b->documents[other].made;
    if (!outer->audience_count || document == other) {
        return true;
    }
    for (size_t i = 0; i < inner->audience_count; i++) {
        if (!listed(outer, inner->audience[i])) {
            return false;
        }
    }
    return inner->audience_count > 0;
}

bool audiences_meet(const builder_t *b, uint32_t document, uint32_t other)
{
    const model_document_t *x = &b->documents[document].made;
    const model_document_t *y = &b->documents[other].made;
    if (!x->audience_count || !y->audience_count) {
        return true;
    }
    for (size_t i = 0; i < x->audience_count; i++) {
        if (listed(y, x->audience[i])) {
            return true;
        }
    }
    return false;
}
