/*
 * The text of an answer: what is written, in chunks, and between them text of the snapshot, which
 * is not copied. Private to src/alto.
 */
#ifndef FPD_ALTO_PROPERTY_TEXT_H
#define FPD_ALTO_PROPERTY_TEXT_H

#include "footprintd/base/arena.h"

typedef struct property_text {
    arena_t *arena; /* of the request: where chunks go */
    buf_t buf;      /* the chunk that is written */
    slice_t *segments;
    size_t count, cap;
} property_text_t;

/* Text that outlives the answer. */
void property_text_share(property_text_t *t, slice_t text);
/* Ends the chunk when it is long. */
void property_text_pause(property_text_t *t);
/* All segments, in the arena; NULL on no memory. */
const slice_t *property_text_end(property_text_t *t, size_t *count);
void property_text_release(property_text_t *t);

#endif
