/*
 * Ranges: sets of addresses as sorted, disjoint, non-adjacent inclusive ranges.
 *
 * Both families share one representation: IPv4 addresses live in the low 32 bits of a u128_t; a
 * range_set_t knows its family and so its greatest address. Contract of every non-empty set:
 * ranges[i].last + 1 < ranges[i + 1].first. Functions that return a set leave *out untouched on
 * error; out may not be one of the inputs.
 */
#ifndef FOOTPRINTD_NET_RANGE_H
#define FOOTPRINTD_NET_RANGE_H

#include "footprintd/net/addr.h"

typedef struct range {
    u128_t first;
    u128_t last; /* inclusive */
} range_t;

typedef struct range_set {
    family_t family;
    range_t *ranges; /* owned */
    size_t count;
    size_t cap;
} range_set_t;

void range_set_init(range_set_t *set, family_t family);
void range_set_release(range_set_t *set);
/* Any order and overlap; O(1) amortised when called in ascending order of first. */
err_t range_set_add(range_set_t *set, u128_t first, u128_t last) FPD_MUST_CHECK;
err_t range_set_add_prefix(range_set_t *set, const prefix_t *p) FPD_MUST_CHECK;

bool range_set_contains(const range_set_t *set, u128_t addr);
/* The whole address space of the family. */
bool range_set_is_full(const range_set_t *set);
bool range_set_equal(const range_set_t *a, const range_set_t *b);
/* True when some address is in both; no allocation. */
bool range_set_overlaps(const range_set_t *a, const range_set_t *b);

err_t range_set_union(const range_set_t *a, const range_set_t *b, range_set_t *out) FPD_MUST_CHECK;
err_t range_set_intersect(const range_set_t *a, const range_set_t *b,
                          range_set_t *out) FPD_MUST_CHECK;
/* a without b. */
err_t range_set_subtract(const range_set_t *a, const range_set_t *b,
                         range_set_t *out) FPD_MUST_CHECK;

/* The fewest prefixes that make up the range, in ascending order; calls emit for each. */
void range_to_prefixes(family_t family, range_t range, void (*emit)(const prefix_t *p, void *arg),
                       void *arg);

#endif
