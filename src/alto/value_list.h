/*
 * The text of a list of values between an opening and "]", as fragments. Private to src/alto.
 *
 * A short list is one fragment. A long one is cut into chunks (alto/tree.h), so that two versions
 * of it share all but what changed.
 */
#ifndef FPD_ALTO_VALUE_LIST_H
#define FPD_ALTO_VALUE_LIST_H

#include "footprintd/alto/fragments.h"
#include "footprintd/alto/tree.h"
#include "footprintd/model/footprint.h"

typedef struct value_list {
    digest_t digest;         /* of the whole text */
    const slice_t *segments; /* that text */
    size_t segment_count;
    fragment_t **fragments; /* what the segments and chunks point into; borrowed from the store */
    size_t fragment_count;
    const node_chunk_t *chunks; /* the values */
    size_t chunk_count;
} value_list_t;

/*
 * The text is open, the values with commas between them, and close; open ends in '['. scratch is
 * overwritten. Lies in the arena.
 */
err_t value_list_make(fragments_t *store, arena_t *arena, buf_t *scratch, slice_t open,
                      const fp_values_t *values, slice_t close, value_list_t *out) FPD_MUST_CHECK;

#endif
