#include "history_change.h"

#include "footprintd/model/data.h"

#include "history_audit.h"
#include "history_held.h"
#include "history_read.h"

#include <stdlib.h>

static int by_name(const void *a, const void *b)
{
    return slice_cmp((*(const store_text_t *const *)a)->name,
                     (*(const store_text_t *const *)b)->name);
}

static int by_resource(const void *a, const void *b)
{
    return slice_cmp((*(const store_vtag_t *const *)a)->resource,
                     (*(const store_vtag_t *const *)b)->resource);
}

static err_t check_name(slice_t name, buf_t *why)
{
    if (!name.len || (memchr(name.ptr, '/', name.len) && !model_data_name_valid(name))) {
        buf_printf(why, "'%.*s' is no name of a document", SLICE_ARG(name));
        return ERR_RANGE;
    }
    return history_text_check(name, STORE_AUTHOR_MAX, "the name of a document", why);
}

static err_t check_texts(const store_change_t *c, buf_t *why)
{
    if (c->kind >= STORE_KIND_COUNT || c->number > INT64_MAX || c->base > INT64_MAX ||
        c->restores > INT64_MAX || c->time_ms > INT64_MAX) {
        buf_append_str(why, "a number of the change is out of range");
        return ERR_RANGE;
    }
    err_t err = history_text_check(c->author, STORE_AUTHOR_MAX, "the author", why);
    err = err ? err : history_text_check(c->message, STORE_MESSAGE_MAX, "the message", why);
    err = err || !c->hold ? err : history_held_check(c->hold, why);
    return err || !c->audit ? err : history_audit_check(c->audit, why);
}

static err_t sort_documents(ready_change_t *r, buf_t *why)
{
    const store_change_t *c = r->change;
    store_text_t *copies = arena_array(&r->arena, c->document_count, sizeof *copies);
    r->documents = arena_array(&r->arena, c->document_count, sizeof *r->documents);
    err_t err = copies && r->documents ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < c->document_count && !err; i++) {
        copies[i] = c->documents[i];
        r->documents[i] = &copies[i];
        err = check_name(copies[i].name, why);
        if (!err && !copies[i].hashed) {
            err = digest_slice(copies[i].bytes, &copies[i].digest);
        }
    }
    if (err) {
        return err;
    }
    if (c->document_count) {
        qsort(r->documents, c->document_count, sizeof *r->documents, by_name);
    }
    for (size_t i = 1; i < c->document_count; i++) {
        if (slice_eq(r->documents[i - 1]->name, r->documents[i]->name)) {
            buf_printf(why, "the document %.*s is there twice", SLICE_ARG(r->documents[i]->name));
            return ERR_RANGE;
        }
    }
    return history_set_digest(r->documents, c->document_count, &r->digest);
}

static err_t sort_vtags(ready_change_t *r, buf_t *why)
{
    const store_change_t *c = r->change;
    r->vtags = arena_array(&r->arena, c->vtag_count, sizeof *r->vtags);
    if (!r->vtags) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < c->vtag_count; i++) {
        r->vtags[i] = &c->vtags[i];
        err_t err = history_text_check(c->vtags[i].resource, STORE_MESSAGE_MAX, "a resource", why);
        err = err ? err : history_text_check(c->vtags[i].tag, STORE_MESSAGE_MAX, "a tag", why);
        if (err) {
            return err;
        }
    }
    if (c->vtag_count) {
        qsort(r->vtags, c->vtag_count, sizeof *r->vtags, by_resource);
    }
    for (size_t i = 1; i < c->vtag_count; i++) {
        if (slice_eq(r->vtags[i - 1]->resource, r->vtags[i]->resource)) {
            buf_printf(why, "the resource %.*s is there twice", SLICE_ARG(r->vtags[i]->resource));
            return ERR_RANGE;
        }
    }
    return ERR_OK;
}

/* What a file is to be is what the generation says of it. */
static bool agrees(const ready_change_t *r, const store_intent_t *intent)
{
    store_text_t key = {.name = intent->file};
    const store_text_t *pointer = &key;
    const store_text_t *const *found = r->change->document_count
                                           ? bsearch(&pointer, r->documents,
                                                     r->change->document_count,
                                                     sizeof *r->documents, by_name)
                                           : NULL;
    store_hash_t has = {.present = found != NULL};
    if (found) {
        has.digest = (*found)->digest;
    }
    return store_hash_eq(&has, &intent->after);
}

static err_t check_intents(const ready_change_t *r, buf_t *why)
{
    for (size_t i = 0; i < r->change->intent_count; i++) {
        const store_intent_t *intent = &r->change->intents[i];
        err_t err = check_name(intent->file, why);
        err = err ? err : check_name(intent->temporary, why);
        if (err) {
            return err;
        }
        if (!agrees(r, intent)) {
            buf_printf(why, "the edit of %.*s is not what the documents say",
                       SLICE_ARG(intent->file));
            return ERR_RANGE;
        }
    }
    return ERR_OK;
}

err_t ready_change_init(ready_change_t *r, const store_change_t *change, buf_t *why)
{
    *r = (ready_change_t){.change = change};
    arena_init(&r->arena, 0);
    err_t err = check_texts(change, why);
    err = err ? err : sort_documents(r, why);
    err = err ? err : sort_vtags(r, why);
    return err ? err : check_intents(r, why);
}

void ready_change_release(ready_change_t *r)
{
    arena_release(&r->arena);
}
