/*
 * Fragment store: every distinct run of bytes of a snapshot once, shared with the snapshot before.
 *
 * Writing thread only (the builder); the fragments themselves are shared freely.
 */
#ifndef FOOTPRINTD_ALTO_FRAGMENTS_H
#define FOOTPRINTD_ALTO_FRAGMENTS_H

#include "footprintd/alto/document.h"
#include "footprintd/base/table.h"

typedef struct fragments {
    table_t table; /* digest -> fragment_t, one reference each */
    const struct fragments *previous;
    hasher_t hasher;
    size_t bytes; /* of all fragments */
} fragments_t;

/* previous may be NULL, and is only read, and only until fragments_seal. */
err_t fragments_init(fragments_t *store, const fragments_t *previous) FPD_MUST_CHECK;
/* The previous store is not needed any more. */
void fragments_seal(fragments_t *store);
void fragments_release(fragments_t *store);
/* The fragment of these bytes; the reference stays the store's. */
err_t fragments_intern(fragments_t *store, slice_t bytes, fragment_t **out) FPD_MUST_CHECK;

static inline slice_t fragment_slice(const fragment_t *f)
{
    return slice_of(f->bytes, f->len);
}

#endif
