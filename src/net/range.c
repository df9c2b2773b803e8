#include "footprintd/net/range.h"

#include "net/text.h"

#include <stdlib.h>

static const u128_t zero = {0, 0};

static u128_t family_max(family_t family)
{
    return family == FAMILY_IPV4 ? (u128_t){0, UINT32_MAX} : (u128_t){UINT64_MAX, UINT64_MAX};
}

/* Both wrap around. */
static u128_t successor(u128_t a)
{
    return (u128_t){a.hi + (a.lo == UINT64_MAX), a.lo + 1};
}

static u128_t predecessor(u128_t a)
{
    return (u128_t){a.hi - (a.lo == 0), a.lo - 1};
}

static u128_t lesser(u128_t a, u128_t b)
{
    return u128_cmp(a, b) < 0 ? a : b;
}

static u128_t greater(u128_t a, u128_t b)
{
    return u128_cmp(a, b) > 0 ? a : b;
}

/* True when a range that ends at `last` lies before `first` with a gap between. */
static bool gap_between(u128_t last, u128_t first)
{
    return u128_cmp(last, first) < 0 && u128_cmp(successor(last), first) != 0;
}

void range_set_init(range_set_t *set, family_t family)
{
    *set = (range_set_t){family, NULL, 0, 0};
}

void range_set_release(range_set_t *set)
{
    free(set->ranges);
    range_set_init(set, set->family);
}

static err_t reserve_one(range_set_t *set)
{
    if (set->count < set->cap) {
        return ERR_OK;
    }
    size_t cap = set->cap ? set->cap * 2 : 8;
    range_t *grown = cap <= SIZE_MAX / sizeof *grown ? realloc(set->ranges, cap * sizeof *grown)
                                                     : NULL;
    if (!grown) {
        return ERR_NOMEM;
    }
    set->ranges = grown;
    set->cap = cap;
    return ERR_OK;
}

/* The number of ranges that lie before `addr` with a gap between. */
static size_t ranges_before(const range_set_t *set, u128_t addr)
{
    size_t low = 0, high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (gap_between(set->ranges[middle].last, addr)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

err_t range_set_add(range_set_t *set, u128_t first, u128_t last)
{
    if (u128_cmp(first, last) > 0 || u128_cmp(last, family_max(set->family)) > 0) {
        return ERR_RANGE;
    }
    size_t at = set->count;
    if (at && !gap_between(set->ranges[at - 1].last, first)) {
        at = u128_cmp(set->ranges[at - 1].first, first) <= 0 ? at - 1 : ranges_before(set, first);
    }
    /* The ranges from `at` up to `end` touch the new one: they become one. */
    size_t end = at;
    while (end < set->count && !gap_between(last, set->ranges[end].first)) {
        end++;
    }
    if (end == at) {
        err_t err = reserve_one(set);
        if (err) {
            return err;
        }
        memmove(set->ranges + at + 1, set->ranges + at, (set->count - at) * sizeof *set->ranges);
        set->ranges[at] = (range_t){first, last};
        set->count++;
        return ERR_OK;
    }
    range_t *merged = &set->ranges[at];
    merged->first = lesser(merged->first, first);
    merged->last = greater(set->ranges[end - 1].last, last);
    memmove(set->ranges + at + 1, set->ranges + end, (set->count - end) * sizeof *set->ranges);
    set->count -= end - at - 1;
    return ERR_OK;
}

err_t range_set_add_prefix(range_set_t *set, const prefix_t *p)
{
    if (p->family != set->family) {
        return ERR_RANGE;
    }
    if (p->family == FAMILY_IPV4) {
        uint32_t host = ~net_mask_v4(p->u.v4.len);
        return range_set_add(set, (u128_t){0, p->u.v4.addr}, (u128_t){0, p->u.v4.addr | host});
    }
    u128_t first = p->u.v6.addr, mask = net_mask_v6(p->u.v6.len);
    return range_set_add(set, first, (u128_t){first.hi | ~mask.hi, first.lo | ~mask.lo});
}

bool range_set_contains(const range_set_t *set, u128_t addr)
{
    size_t low = 0, high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (u128_cmp(set->ranges[middle].last, addr) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < set->count && u128_cmp(set->ranges[low].first, addr) <= 0;
}

bool range_set_is_full(const range_set_t *set)
{
    return set->count == 1 && u128_cmp(set->ranges[0].first, zero) == 0 &&
           u128_cmp(set->ranges[0].last, family_max(set->family)) == 0;
}

bool range_set_equal(const range_set_t *a, const range_set_t *b)
{
    if (a->family != b->family || a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (u128_cmp(a->ranges[i].first, b->ranges[i].first) != 0 ||
            u128_cmp(a->ranges[i].last, b->ranges[i].last) != 0) {
            return false;
        }
    }
    return true;
}

bool range_set_overlaps(const range_set_t *a, const range_set_t *b)
{
    size_t i = 0, j = 0;
    if (a->family != b->family) {
        return false;
    }
    while (i < a->count && j < b->count) {
        if (u128_cmp(a->ranges[i].last, b->ranges[j].first) < 0) {
            i++;
        } else if (u128_cmp(b->ranges[j].last, a->ranges[i].first) < 0) {
            j++;
        } else {
            return true;
        }
    }
    return false;
}

/* Takes what was made into *out, or drops it. */
static err_t finish(range_set_t *made, err_t err, range_set_t *out)
{
    if (err) {
        range_set_release(made);
    } else {
        *out = *made;
    }
    return err;
}

err_t range_set_union(const range_set_t *a, const range_set_t *b, range_set_t *out)
{
    range_set_t made;
    range_set_init(&made, a->family);
    err_t err = a->family == b->family ? ERR_OK : ERR_RANGE;
    size_t i = 0, j = 0;
    while (!err && (i < a->count || j < b->count)) {
        bool from_a = j == b->count ||
                      (i < a->count && u128_cmp(a->ranges[i].first, b->ranges[j].first) <= 0);
        const range_t *next = from_a ? &a->ranges[i++] : &b->ranges[j++];
        err = range_set_add(&made, next->first, next->last);
    }
    return finish(&made, err, out);
}

err_t range_set_intersect(const range_set_t *a, const range_set_t *b, range_set_t *out)
{
    range_set_t made;
    range_set_init(&made, a->family);
    err_t err = a->family == b->family ? ERR_OK : ERR_RANGE;
    size_t i = 0, j = 0;
    while (!err && i < a->count && j < b->count) {
        const range_t *x = &a->ranges[i], *y = &b->ranges[j];
        u128_t first = greater(x->first, y->first), last = lesser(x->last, y->last);
        if (u128_cmp(first, last) <= 0) {
            err = range_set_add(&made, first, last);
        }
        if (u128_cmp(x->last, y->last) < 0) {
            i++;
        } else {
            j++;
        }
    }
    return finish(&made, err, out);
}

err_t range_set_subtract(const range_set_t *a, const range_set_t *b, range_set_t *out)
{
    range_set_t made;
    range_set_init(&made, a->family);
    err_t err = a->family == b->family ? ERR_OK : ERR_RANGE;
    size_t j = 0;
    for (size_t i = 0; !err && i < a->count; i++) {
        range_t rest = a->ranges[i];
        bool some = true;
        while (j < b->count && u128_cmp(b->ranges[j].last, rest.first) < 0) {
            j++;
        }
        /* The last hole may reach into the next range of a: it stays the current one. */
        for (size_t k = j; !err && some && k < b->count; k++) {
            const range_t *hole = &b->ranges[k];
            if (u128_cmp(hole->first, rest.last) > 0) {
                break;
            }
            j = k;
            if (u128_cmp(hole->first, rest.first) > 0) {
                err = range_set_add(&made, rest.first, predecessor(hole->first));
            }
            some = u128_cmp(hole->last, rest.last) < 0;
            rest.first = successor(hole->last);
        }
        if (!err && some) {
            err = range_set_add(&made, rest.first, rest.last);
        }
    }
    return finish(&made, err, out);
}
