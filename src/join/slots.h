/*
 * Slots: the hash table behind what is interned. It keeps 32 bits of each hash, so that neither
 * growing nor passing over others reads the contents again. Private to src/join.
 */
#ifndef FPD_JOIN_SLOTS_H
#define FPD_JOIN_SLOTS_H

#include "footprintd/base/bytes.h"

typedef struct slot {
    uint32_t hash;
    uint32_t number; /* + 1; 0: free */
} slot_t;

typedef struct slots {
    slot_t *items;
    size_t mask;
    size_t used;
} slots_t;

/* Where to look first, and how to go on from there. */
static inline slot_t *slots_first(const slots_t *s, uint32_t hash)
{
    return &s->items[hash & s->mask];
}

static inline slot_t *slots_next(const slots_t *s, const slot_t *at)
{
    return &s->items[((size_t)(at - s->items) + 1) & s->mask];
}

err_t slots_init(slots_t *s, size_t count) FPD_MUST_CHECK; /* a power of two */
void slots_release(slots_t *s);
/* Fills a free slot that a search ended at; `at` and all others move when the table grows. */
err_t slots_fill(slots_t *s, slot_t *at, uint32_t hash, uint32_t number) FPD_MUST_CHECK;

#endif
