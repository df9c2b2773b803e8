/*
 * Pieces: prefixes of many owners in the order of a sweep. Private to src/join.
 */
#ifndef FPD_JOIN_PIECES_H
#define FPD_JOIN_PIECES_H

#include "wide.h"

/* A prefix with what it belongs to; the address, of either family, is aligned to the left. */
typedef struct piece {
    uint64_t hi, lo;
    uint32_t owner;
    uint8_t len;
} piece_t;

static inline piece_t piece_v4(prefix4_t p, uint32_t owner)
{
    return (piece_t){(uint64_t)p.addr << 32, 0, owner, p.len};
}

static inline piece_t piece_v6(prefix6_t p, uint32_t owner)
{
    return (piece_t){p.addr.hi, p.addr.lo, owner, p.len};
}

static inline wide_t piece_base(const piece_t *p)
{
    return (wide_t)p->hi << 64 | p->lo;
}

static inline bool piece_same_prefix(const piece_t *x, const piece_t *y)
{
    return x->hi == y->hi && x->lo == y->lo && x->len == y->len;
}

/*
 * By address, outer before inner, then by owner; owners are given in ascending order. Takes time in
 * proportion to count with a scratch array of the same size, else, when there is no memory for it,
 * count * log(count).
 */
void pieces_sort(piece_t *pieces, size_t count);

#endif
