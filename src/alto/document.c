#include "footprintd/alto/document.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- fragments ---- */

err_t fragment_new(slice_t bytes, const digest_t *digest, fragment_t **out)
{
    fragment_t *f = malloc(sizeof *f + bytes.len);
    if (!f) {
        return ERR_NOMEM;
    }
    atomic_init(&f->refs, 1);
    f->digest = *digest;
    f->len = bytes.len;
    if (bytes.len) {
        memcpy(f->bytes, bytes.ptr, bytes.len);
    }
    *out = f;
    return ERR_OK;
}

fragment_t *fragment_ref(fragment_t *f)
{
    atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
    return f;
}

/* True for the last reference; what others did before they let go is seen by who frees. */
static bool drop(atomic_uint *refs)
{
    if (atomic_fetch_sub_explicit(refs, 1, memory_order_release) != 1) {
        return false;
    }
    /* An acquire load instead of a fence: ThreadSanitizer does not understand fences. */
    (void)atomic_load_explicit(refs, memory_order_acquire);
    return true;
}

void fragment_unref(fragment_t *f)
{
    if (f && drop(&f->refs)) {
        free(f);
    }
}

/* ---- bodies ---- */

err_t body_new(const slice_t *segments, size_t count, fragment_t *const *fragments,
               size_t fragment_count, body_t **out)
{
    body_t *b = calloc(1, sizeof *b);
    slice_t *list = calloc(count + 1, sizeof *list);
    fragment_t **held = calloc(fragment_count + 1, sizeof(fragment_t *));
    if (!b || !list || !held) {
        free(b);
        free(list);
        free(held);
        return ERR_NOMEM;
    }
    atomic_init(&b->refs, 1);
    for (size_t i = 0; i < count; i++) {
        if (segments[i].len) {
            list[b->count++] = segments[i];
            b->size += segments[i].len;
        }
    }
    for (size_t i = 0; i < fragment_count; i++) {
        held[i] = fragment_ref(fragments[i]);
    }
    b->segments = list;
    b->fragments = held;
    b->fragment_count = fragment_count;
    *out = b;
    return ERR_OK;
}

err_t body_new_flat_take(char *bytes, size_t size, body_t **out)
{
    slice_t whole = {bytes, size};
    err_t err = bytes ? body_new(&whole, 1, NULL, 0, out) : ERR_NOMEM;
    if (err) {
        free(bytes);
        return err;
    }
    (*out)->flat = bytes;
    return ERR_OK;
}

static char *flatten(const slice_t *segments, size_t count, size_t size)
{
    char *bytes = malloc(size ? size : 1), *at = bytes;
    for (size_t i = 0; bytes && i < count; i++) {
        if (segments[i].len) {
            memcpy(at, segments[i].ptr, segments[i].len);
            at += segments[i].len;
        }
    }
    return bytes;
}

err_t body_new_shared(const slice_t *segments, size_t count, fragment_t *head,
                      fragment_t *const *fragments, size_t fragment_count, body_t **out)
{
    size_t size = 0;
    err_t err;
    for (size_t i = 0; i < count; i++) {
        size += segments[i].len;
    }
    if (size <= BODY_FLAT_MAX) {
        err = body_new_flat_take(flatten(segments, count, size), size, out);
    } else {
        fragment_t **all = calloc(fragment_count + 1, sizeof(fragment_t *));
        if (all && fragment_count) {
            memcpy(all, fragments, fragment_count * sizeof(fragment_t *));
        }
        if (all) {
            all[fragment_count] = head;
        }
        err = all ? body_new(segments, count, all, fragment_count + 1, out) : ERR_NOMEM;
        free(all);
    }
    fragment_unref(head);
    return err;
}

body_t *body_ref(body_t *b)
{
    atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
    return b;
}

void body_unref(body_t *b)
{
    if (!b || !drop(&b->refs)) {
        return;
    }
    for (size_t i = 0; i < b->fragment_count; i++) {
        fragment_unref(b->fragments[i]);
    }
    free(b->fragments);
    free(b->segments);
    free(b->flat);
    free(b);
}

/* ---- documents ---- */

err_t document_new_take(const char tag[TAG_LEN + 1], body_t *identity, document_t **out)
{
    static const char *const suffixes[CODING_COUNT] = {"", ";gz", ";br"};
    document_t *d = calloc(1, sizeof *d);
    if (!d) {
        body_unref(identity);
        return ERR_NOMEM;
    }
    atomic_init(&d->refs, 1);
    memcpy(d->tag, tag, TAG_LEN);
    for (unsigned i = 0; i < CODING_COUNT; i++) {
        int n = snprintf(d->etags[i], ETAG_MAX, "\"%s%s\"", d->tag, suffixes[i]);
        assert(n > 0 && n < ETAG_MAX);
        d->etag_lens[i] = (uint8_t)n;
        atomic_init(&d->bodies[i], NULL);
    }
    atomic_store_explicit(&d->bodies[CODING_IDENTITY], identity, memory_order_release);
    *out = d;
    return ERR_OK;
}

document_t *document_ref(document_t *d)
{
    atomic_fetch_add_explicit(&d->refs, 1, memory_order_relaxed);
    return d;
}

void document_unref(document_t *d)
{
    if (!d || !drop(&d->refs)) {
        return;
    }
    for (unsigned i = 0; i < CODING_COUNT; i++) {
        body_unref(atomic_load_explicit(&d->bodies[i], memory_order_acquire));
    }
    free(d);
}

const body_t *document_body(const document_t *d, coding_t coding)
{
    return atomic_load_explicit(&d->bodies[coding], memory_order_acquire);
}
