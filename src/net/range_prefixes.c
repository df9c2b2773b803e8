#include "footprintd/net/range.h"

/* The number of zero bits at the low end, 128 for 0. */
static unsigned trailing_zeros(u128_t a)
{
    if (a.lo) {
        return (unsigned)__builtin_ctzll(a.lo);
    }
    return a.hi ? 64 + (unsigned)__builtin_ctzll(a.hi) : 128;
}

/* The greatest n with 2^n - 1 <= a: as many host bits as a span of a + 1 addresses has room for. */
static unsigned room(u128_t a)
{
    if (a.hi == UINT64_MAX && a.lo == UINT64_MAX) {
        return 128;
    }
    u128_t size = {a.hi + (a.lo == UINT64_MAX), a.lo + 1};
    return size.hi ? 127 - (unsigned)__builtin_clzll(size.hi)
                   : 63 - (unsigned)__builtin_clzll(size.lo);
}

/* The lowest n bits. */
static u128_t low_bits(unsigned n)
{
    if (n >= 64) {
        return (u128_t){n == 64 ? 0 : UINT64_MAX >> (128 - n), UINT64_MAX};
    }
    return (u128_t){0, n ? UINT64_MAX >> (64 - n) : 0};
}

void range_to_prefixes(family_t family, range_t range, void (*emit)(const prefix_t *p, void *arg),
                       void *arg)
{
    const unsigned width = family == FAMILY_IPV4 ? 32 : 128;
    u128_t first = range.first;
    while (u128_cmp(first, range.last) <= 0) {
        /* The largest block that begins here: aligned, and not beyond the end. */
        u128_t span = {range.last.hi - first.hi - (range.last.lo < first.lo),
                       range.last.lo - first.lo};
        unsigned host = trailing_zeros(first), fits = room(span);
        host = host < fits ? host : fits;
        prefix_t p = {.family = family};
        if (family == FAMILY_IPV4) {
            p.u.v4 = (prefix4_t){(uint32_t)first.lo, (uint8_t)(width - host)};
        } else {
            p.u.v6 = (prefix6_t){first, (uint8_t)(width - host)};
        }
        emit(&p, arg);
        u128_t host_mask = low_bits(host);
        u128_t last = {first.hi | host_mask.hi, first.lo | host_mask.lo};
        if (u128_cmp(last, range.last) == 0) {
            break;
        }
        first = (u128_t){last.hi + (last.lo == UINT64_MAX), last.lo + 1};
    }
}
