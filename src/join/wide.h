/*
 * 128-bit keys: addresses of both families aligned to the left, so that one code serves both.
 * Private to src/join.
 */
#ifndef FPD_JOIN_WIDE_H
#define FPD_JOIN_WIDE_H

#include "footprintd/join/ranges.h"

__extension__ typedef unsigned __int128 wide_t;

#define WIDE_MAX (~(wide_t)0)

static inline wide_t wide_of_u128(u128_t a)
{
    return (wide_t)a.hi << 64 | a.lo;
}

static inline u128_t wide_to_u128(wide_t w)
{
    return (u128_t){(uint64_t)(w >> 64), (uint64_t)w};
}

/* Where range i begins. */
static inline wide_t wide_start(const join_ranges_t *r, size_t i)
{
    return r->family == FAMILY_IPV4 ? (wide_t)r->start4[i] << 96 : wide_of_u128(r->start6[i]);
}

/* The last key of range i: for IPv4, the last one before the next address. */
static inline wide_t wide_last(const join_ranges_t *r, size_t i)
{
    return i + 1 < r->count ? wide_start(r, i + 1) - 1 : WIDE_MAX;
}

#endif
