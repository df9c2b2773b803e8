/*
 * Interned sets of ids: equal sets have equal numbers. Private to src/join.
 */
#ifndef FPD_JOIN_SETS_H
#define FPD_JOIN_SETS_H

#include "slots.h"

typedef struct sets {
    uint32_t *offsets; /* count + 1 */
    uint32_t *members; /* ascending in each set */
    size_t count;      /* set 0 is the empty one */
    size_t offset_cap, member_cap;
    slots_t slots;
} sets_t;

err_t sets_init(sets_t *s) FPD_MUST_CHECK;
void sets_release(sets_t *s);
/* members ascending, without duplicates. */
err_t sets_intern(sets_t *s, const uint32_t *members, size_t count, uint32_t *out) FPD_MUST_CHECK;

static inline const uint32_t *sets_members(const sets_t *s, uint32_t set, size_t *count)
{
    *count = s->offsets[set + 1] - s->offsets[set];
    /* Before the first member there is no array. */
    return s->members ? s->members + s->offsets[set] : NULL;
}

#endif
