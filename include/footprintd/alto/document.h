/*
 * Documents: one version of one information resource as bytes, in every content coding.
 *
 * fragment_t  a run of bytes encoded once, with its SHA-256; shared by bodies, views and snapshots
 * body_t      an ordered list of segments over fragments: what is sent; never copied to be sent
 * document_t  tag, ETags, and one body per content coding
 *
 * All three are reference-counted, thread-safe, and immutable, except that a document's compressed
 * bodies are attached once, atomically, by a worker after publication.
 */
#ifndef FOOTPRINTD_ALTO_DOCUMENT_H
#define FOOTPRINTD_ALTO_DOCUMENT_H

#include "footprintd/base/hash.h"

#include <stdatomic.h>

typedef enum coding {
    CODING_IDENTITY = 0,
    CODING_GZIP = 1,
    CODING_BROTLI = 2,
} coding_t;
#define CODING_COUNT 3

typedef struct fragment {
    atomic_uint refs;
    digest_t digest; /* of bytes */
    size_t len;
    char bytes[]; /* len of them */
} fragment_t;

/* One reference; ERR_NOMEM. */
err_t fragment_new(slice_t bytes, const digest_t *digest, fragment_t **out) FPD_MUST_CHECK;
fragment_t *fragment_ref(fragment_t *f);
void fragment_unref(fragment_t *f);

typedef struct body {
    atomic_uint refs;
    size_t size; /* bytes in all */
    size_t count;
    slice_t *segments;      /* in order, none empty */
    fragment_t **fragments; /* one reference each; what the segments point into */
    size_t fragment_count;
    char *flat; /* or: one owned block that segments[0] is all of */
} body_t;

/* Copies the segment list, takes one reference on each fragment. */
err_t body_new(const slice_t *segments, size_t count, fragment_t *const *fragments,
               size_t fragment_count, body_t **out) FPD_MUST_CHECK;
/*
 * A body whose segments point into the fragments, into `head` (whose reference is taken, also on
 * failure) and into static text. One of at most BODY_FLAT_MAX bytes is copied into one block, which
 * is what serving likes best; greater ones share their fragments.
 */
#define BODY_FLAT_MAX ((size_t)1 << 20)
err_t body_new_shared(const slice_t *segments, size_t count, fragment_t *head,
                      fragment_t *const *fragments, size_t fragment_count,
                      body_t **out) FPD_MUST_CHECK;
/* Takes `bytes`, which came from malloc; on failure it is freed. */
err_t body_new_flat_take(char *bytes, size_t size, body_t **out) FPD_MUST_CHECK;
body_t *body_ref(body_t *b);
void body_unref(body_t *b);

/* "tag;gz" in quotes, with the NUL. */
#define ETAG_MAX (TAG_LEN + 8)

typedef struct document {
    atomic_uint refs;
    char tag[TAG_LEN + 1];
    char etags[CODING_COUNT][ETAG_MAX]; /* strong, quotes included (RFC 9110 8.8.3) */
    uint8_t etag_lens[CODING_COUNT];
    _Atomic(body_t *) bodies[CODING_COUNT]; /* identity always; the others when ready, or never */
} document_t;

/* Takes the body. */
err_t document_new_take(const char tag[TAG_LEN + 1], body_t *identity,
                        document_t **out) FPD_MUST_CHECK;
document_t *document_ref(document_t *d);
void document_unref(document_t *d);
/* NULL while (or if) there is none; valid as long as the document is. */
const body_t *document_body(const document_t *d, coding_t coding);

/*
 * Makes the gzip and brotli bodies that are missing and attaches those that are smaller than the
 * identity body. Slow: for a worker at idle priority. should_stop (may be NULL) is asked now and
 * then; true ends the work early with ERR_NOT_NOW.
 */
err_t document_compress(document_t *d, bool (*should_stop)(void *arg), void *arg) FPD_MUST_CHECK;

#endif
