#include "import_pids.h"

#include <stdlib.h>

/*
 * Two halves of a prefix with one PID are that prefix with this PID, whatever it had itself: no
 * address was left to it. This goes from the longest prefixes to the shortest. What then has the
 * PID of the prefix that encloses it most closely says nothing.
 */

static unsigned full_length(unsigned family)
{
    return family == FAMILY_IPV4 ? 32 : 128;
}

/* The lowest bit that a prefix of this length has. */
static u128_t bit_of(unsigned family, unsigned len)
{
    unsigned shift = full_length(family) - len;
    return shift >= 64 ? (u128_t){UINT64_C(1) << (shift - 64), 0}
                       : (u128_t){0, UINT64_C(1) << shift};
}

static bool are_halves(const import_pid_prefix_t *x, const import_pid_prefix_t *y)
{
    u128_t bit = bit_of(x->family, x->len);
    return x->pid == y->pid && !(x->addr.hi & bit.hi) && !(x->addr.lo & bit.lo) &&
           y->addr.hi == (x->addr.hi | bit.hi) && y->addr.lo == (x->addr.lo | bit.lo);
}

typedef struct list {
    import_pid_prefix_t *items;
    size_t count;
} list_t;

/* Both by address; of one address that of `over` is taken. Returns how many were not. */
static size_t unite(const list_t *own, const list_t *over, list_t *out)
{
    size_t i = 0, k = 0, lost = 0;
    out->count = 0;
    while (i < own->count || k < over->count) {
        int cmp = i == own->count    ? 1
                  : k == over->count ? -1
                                     : u128_cmp(own->items[i].addr, over->items[k].addr);
        lost += cmp == 0;
        i += cmp <= 0;
        out->items[out->count++] = cmp < 0 ? own->items[i - 1] : over->items[k];
        k += cmp >= 0;
    }
    return lost;
}

/* Takes the halves out of a list, and gives their prefixes. */
static void halve(list_t *list, list_t *parents)
{
    size_t kept = 0;
    parents->count = 0;
    for (size_t i = 0; i < list->count; i++) {
        import_pid_prefix_t *x = &list->items[i];
        if (x->len && i + 1 < list->count && are_halves(x, x + 1)) {
            import_pid_prefix_t *parent = &parents->items[parents->count++];
            *parent = *x;
            parent->len--;
            i++;
        } else {
            list->items[kept++] = *x;
        }
    }
    list->count = kept;
}

static int cmp_length(const void *px, const void *py)
{
    const import_pid_prefix_t *x = px, *y = py;
    if (x->family != y->family) {
        return x->family < y->family ? -1 : 1;
    }
    return x->len != y->len ? (x->len > y->len ? -1 : 1) : u128_cmp(x->addr, y->addr);
}

/* Of one family, longest first. Returns how many are left; they lie from `all` on. */
static size_t merge_family(import_pid_prefix_t *all, size_t count, list_t *room)
{
    size_t at = 0, kept = 0;
    list_t *parents = &room[0], *united = &room[1];
    parents->count = 0;
    for (unsigned len = full_length(all->family) + 1; len-- > 0;) {
        list_t own = {all + at, 0};
        while (at < count && all[at].len == len) {
            at++;
            own.count++;
        }
        (void)unite(&own, parents, united);
        halve(united, parents);
        /* No more than were read: what is kept never overtakes what comes. */
        memcpy(all + kept, united->items, united->count * sizeof *all);
        kept += united->count;
    }
    return kept;
}

static bool holds(const import_pid_prefix_t *outer, const import_pid_prefix_t *inner)
{
    if (outer->family != inner->family || outer->len > inner->len) {
        return false;
    }
    u128_t differ = {outer->addr.hi ^ inner->addr.hi, outer->addr.lo ^ inner->addr.lo};
    unsigned shift = full_length(outer->family) - outer->len;
    return shift >= 128  ? true
           : shift >= 64 ? differ.hi >> (shift - 64) == 0
                         : differ.hi == 0 && differ.lo >> shift == 0;
}

/* Sorted, outer before inner: the closest one that is kept is on top. */
static size_t drop_nested(import_pid_prefix_t *all, size_t count)
{
    import_pid_prefix_t stack[129];
    size_t depth = 0, kept = 0;
    for (size_t i = 0; i < count; i++) {
        while (depth && !holds(&stack[depth - 1], &all[i])) {
            depth--;
        }
        if (depth && stack[depth - 1].pid == all[i].pid) {
            continue;
        }
        stack[depth++] = all[i];
        all[kept++] = all[i];
    }
    return kept;
}

bool import_pids_merge(import_pids_t *p)
{
    size_t before = p->prefix_count, count = p->prefix_count, first = 0, out = 0;
    list_t room[2] = {{calloc(count + 1, sizeof *p->prefixes), 0},
                      {calloc(count + 1, sizeof *p->prefixes), 0}};
    if (!room[0].items || !room[1].items) {
        free(room[0].items);
        free(room[1].items);
        p->d->failed = true;
        return false;
    }
    if (count > 1) {
        qsort(p->prefixes, count, sizeof *p->prefixes, cmp_length);
    }
    while (first < count) {
        size_t end = first;
        while (end < count && p->prefixes[end].family == p->prefixes[first].family) {
            end++;
        }
        size_t kept = merge_family(p->prefixes + first, end - first, room);
        memmove(p->prefixes + out, p->prefixes + first, kept * sizeof *p->prefixes);
        out += kept;
        first = end;
    }
    free(room[0].items);
    free(room[1].items);
    p->prefix_count = out;
    import_pids_sort(p); /* finds nothing twice */
    p->prefix_count = drop_nested(p->prefixes, p->prefix_count);
    p->merged += before - p->prefix_count;
    for (size_t i = 0; i < p->count; i++) {
        p->pids[i].prefixes = 0;
    }
    for (size_t i = 0; i < p->prefix_count; i++) {
        p->pids[p->prefixes[i].pid].prefixes++;
    }
    return true;
}
