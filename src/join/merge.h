/*
 * Merging: several functions from addresses to ids as one function to ids of tuples. Private to
 * src/join.
 */
#ifndef FPD_JOIN_MERGE_H
#define FPD_JOIN_MERGE_H

#include "footprintd/join/ranges.h"
#include "slots.h"

#define MERGE_MAX 5

/* Distinct tuples of ids, numbered from 0 in the order in which they were first seen. */
typedef struct tuples {
    unsigned width; /* ids in a tuple, at most MERGE_MAX */
    uint32_t *ids;  /* count * width */
    size_t count, cap;
    slots_t slots;
} tuples_t;

err_t tuples_init(tuples_t *t, unsigned width) FPD_MUST_CHECK;
void tuples_release(tuples_t *t);
err_t tuples_intern(tuples_t *t, const uint32_t *ids, uint32_t *out) FPD_MUST_CHECK;

static inline const uint32_t *tuples_at(const tuples_t *t, uint32_t i)
{
    return t->ids + (size_t)i * t->width;
}

/*
 * Walks all parts at once in address order and appends the tuple at every boundary. The parts are
 * of one family and cover all of it; tuples->width of them. out is initialised by the caller.
 */
err_t merge_ranges(const join_ranges_t *const *parts, tuples_t *tuples,
                   join_ranges_t *out) FPD_MUST_CHECK;

#endif
