/*
 * A place in ranges, for walks over several of them side by side. Private to src/lookup.
 */
#ifndef FPD_LOOKUP_CURSOR_H
#define FPD_LOOKUP_CURSOR_H

#include "footprintd/join/ranges.h"

typedef struct cursor {
    const join_ranges_t *ranges; /* NULL: one range over all addresses, with id 0 */
    size_t at;
    uint32_t id;
    u128_t last; /* of the range */
} cursor_t;

static inline u128_t cursor_highest(family_t family)
{
    return family == FAMILY_IPV4 ? (u128_t){0, UINT32_MAX} : (u128_t){UINT64_MAX, UINT64_MAX};
}

static inline void cursor_stand(cursor_t *c, family_t family)
{
    const join_ranges_t *r = c->ranges;
    c->id = r ? r->id[c->at] : 0;
    c->last = cursor_highest(family);
    if (r && c->at + 1 < r->count) {
        u128_t next = join_ranges_start(r, c->at + 1); /* never 0 */
        c->last = (u128_t){next.hi - (next.lo == 0), next.lo - 1};
    }
}

/* At the range that holds the address. */
static inline cursor_t cursor_start(const join_ranges_t *ranges, family_t family, u128_t address)
{
    cursor_t c = {.ranges = ranges, .at = ranges ? join_ranges_find(ranges, address) : 0};
    cursor_stand(&c, family);
    return c;
}

/* Goes on when its range ends with this address, which is not the highest. */
static inline bool cursor_pass(cursor_t *c, family_t family, u128_t last)
{
    if (u128_cmp(c->last, last)) {
        return false;
    }
    c->at++;
    cursor_stand(c, family);
    return true;
}

static inline u128_t cursor_min(u128_t a, u128_t b)
{
    return u128_cmp(a, b) < 0 ? a : b;
}

static inline u128_t cursor_next(u128_t address)
{
    return (u128_t){address.hi + (address.lo == UINT64_MAX), address.lo + 1};
}

#endif
