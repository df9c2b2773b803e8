#include "footprintd/join/ranges.h"

#include "wide.h"

#include <assert.h>
#include <stdlib.h>

void join_ranges_init(join_ranges_t *r, family_t family)
{
    *r = (join_ranges_t){.family = family};
}

void join_ranges_release(join_ranges_t *r)
{
    free(r->start4);
    free(r->start6);
    free(r->id);
    join_ranges_init(r, r->family);
}

static bool resize(join_ranges_t *r, size_t cap)
{
    uint32_t *id = realloc(r->id, cap * sizeof *id);
    if (!id) {
        return false;
    }
    r->id = id;
    if (r->family == FAMILY_IPV4) {
        uint32_t *start = realloc(r->start4, cap * sizeof *start);
        if (!start) {
            return false;
        }
        r->start4 = start;
    } else {
        u128_t *start = realloc(r->start6, cap * sizeof *start);
        if (!start) {
            return false;
        }
        r->start6 = start;
    }
    r->cap = cap;
    return true;
}

err_t join_ranges_append(join_ranges_t *r, u128_t start, uint32_t id)
{
    if (r->count) {
        u128_t last = join_ranges_start(r, r->count - 1);
        assert(u128_cmp(last, start) <= 0);
        if (!u128_cmp(last, start)) {
            /* The range before has no address left: it may now equal the one before it. */
            r->count--;
        }
    }
    if (r->count && r->id[r->count - 1] == id) {
        return ERR_OK;
    }
    if (r->count == r->cap && !resize(r, r->cap ? r->cap * 2 : 256)) {
        return ERR_NOMEM;
    }
    if (r->family == FAMILY_IPV4) {
        r->start4[r->count] = (uint32_t)start.lo;
    } else {
        r->start6[r->count] = start;
    }
    r->id[r->count++] = id;
    return ERR_OK;
}

void join_ranges_fit(join_ranges_t *r)
{
    if (r->count && r->count < r->cap) {
        (void)resize(r, r->count); /* a failure to shrink leaves what there is */
    }
}

u128_t join_ranges_last(const join_ranges_t *r, size_t i)
{
    wide_t last = wide_last(r, i);
    return wide_to_u128(r->family == FAMILY_IPV4 ? last >> 96 : last);
}

size_t join_ranges_find(const join_ranges_t *r, u128_t addr)
{
    size_t low = 0, high = r->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (u128_cmp(join_ranges_start(r, middle), addr) <= 0) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

prefix_t join_ranges_scope(const join_ranges_t *r, size_t i, u128_t addr)
{
    unsigned width = r->family == FAMILY_IPV4 ? 32 : 128;
    wide_t key = wide_of_u128(addr) << (128 - width);
    wide_t first = wide_start(r, i), last = wide_last(r, i);
    unsigned len = width;
    /* One bit less as long as the block around the address stays inside the range. */
    while (len > 0) {
        wide_t mask = len == 1 ? 0 : WIDE_MAX << (128 - (len - 1));
        wide_t block = key & mask;
        if (block < first || (block | ~mask) > last) {
            break;
        }
        len--;
    }
    wide_t mask = len ? WIDE_MAX << (128 - len) : 0;
    u128_t base = wide_to_u128(key & mask);
    prefix_t p = {.family = r->family};
    if (r->family == FAMILY_IPV4) {
        p.u.v4 = (prefix4_t){(uint32_t)(base.hi >> 32), (uint8_t)len};
    } else {
        p.u.v6 = (prefix6_t){base, (uint8_t)len};
    }
    return p;
}
