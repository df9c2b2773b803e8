/*
 * Ranges: a function from addresses to ids, as sorted starts.
 *
 * Range i is from start i to the address before start i + 1, the last one to the end of the address
 * space. Start 0 is address 0; neighbours have different ids. This is the canonical form of every
 * step of the join.
 */
#ifndef FOOTPRINTD_JOIN_RANGES_H
#define FOOTPRINTD_JOIN_RANGES_H

#include "footprintd/net/addr.h"

typedef struct join_ranges {
    family_t family;
    uint32_t *start4; /* FAMILY_IPV4 */
    u128_t *start6;   /* FAMILY_IPV6 */
    uint32_t *id;
    size_t count;
    size_t cap;
} join_ranges_t;

void join_ranges_init(join_ranges_t *r, family_t family);
void join_ranges_release(join_ranges_t *r);
/*
 * Appends in ascending order of start; the first start is 0. An id equal to the last one is merged;
 * a start equal to the last one replaces its id.
 */
err_t join_ranges_append(join_ranges_t *r, u128_t start, uint32_t id) FPD_MUST_CHECK;
/* Gives back what growth took too much. */
void join_ranges_fit(join_ranges_t *r);

static inline u128_t join_ranges_start(const join_ranges_t *r, size_t i)
{
    return r->family == FAMILY_IPV4 ? (u128_t){0, r->start4[i]} : r->start6[i];
}

/* The last address of range i. */
u128_t join_ranges_last(const join_ranges_t *r, size_t i);
/* The index of the range that holds the address. */
size_t join_ranges_find(const join_ranges_t *r, u128_t addr);
/* The widest prefix around addr that lies in range i, which holds addr. */
prefix_t join_ranges_scope(const join_ranges_t *r, size_t i, u128_t addr);

#endif
