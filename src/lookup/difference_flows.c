#include "difference_parts.h"

#include <stdlib.h>

/*
 * Flows that are put down before they are summed up. Most repeat soon, and one sum is as many
 * additions as a class has rows; the table fits the cache.
 */
#define FLOWS 32768

typedef struct difference_flows {
    difference_flow_t *slots;
    size_t mask;  /* slots - 1 */
    size_t count; /* of those in use; at most half */
} difference_flows_t;

static size_t place(const difference_flows_t *f, const difference_flow_t *flow)
{
    uint64_t hash = ((uint64_t)flow->before << 32 | flow->after) * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= ((uint64_t)flow->country << 1 | flow->family) * UINT64_C(0xbf58476d1ce4e5b9);
    hash ^= hash >> 29;
    size_t i = (size_t)hash & f->mask;
    for (; f->slots[i].used; i = (i + 1) & f->mask) {
        const difference_flow_t *s = &f->slots[i];
        if (s->before == flow->before && s->after == flow->after && s->country == flow->country &&
            s->family == flow->family) {
            break;
        }
    }
    return i;
}

/* Everything that was put down goes into the sums. */
static void drain(difference_flows_t *f, const difference_classes_t *classes,
                  difference_sums_t *sums)
{
    for (size_t i = 0; f->count && i <= f->mask; i++) {
        if (f->slots[i].used) {
            difference_sums_add(sums, classes, &f->slots[i]);
            f->slots[i].used = false;
            f->count--;
        }
    }
}

/* The caller has left room. */
static void add(difference_flows_t *f, const difference_flow_t *flow)
{
    difference_flow_t *slot = &f->slots[place(f, flow)];
    if (slot->used) {
        difference_count_add(&slot->count, flow->count);
    } else {
        *slot = *flow;
        f->count++;
    }
}

/* ---- the walk ---- */

/* A place in ranges; without any, one range over all addresses. */
typedef struct cursor {
    const join_ranges_t *ranges;
    size_t at;
    uint32_t id;
    u128_t last; /* of the range */
} cursor_t;

static u128_t highest(family_t family)
{
    return family == FAMILY_IPV4 ? (u128_t){0, UINT32_MAX} : (u128_t){UINT64_MAX, UINT64_MAX};
}

static void stand(cursor_t *c, family_t family)
{
    const join_ranges_t *r = c->ranges;
    c->id = r ? r->id[c->at] : 0;
    c->last = highest(family);
    if (r && c->at + 1 < r->count) {
        u128_t next = join_ranges_start(r, c->at + 1); /* never 0 */
        c->last = (u128_t){next.hi - (next.lo == 0), next.lo - 1};
    }
}

static cursor_t start(const join_ranges_t *ranges, family_t family)
{
    cursor_t c = {.ranges = ranges};
    stand(&c, family);
    return c;
}

static uint16_t country_of(const attributes_t *attributes, uint32_t id)
{
    return attributes ? difference_country_place(attributes_at(attributes, id).country) : 0;
}

static void walk(const difference_t *d, const attributes_t *attributes,
                 const difference_classes_t *classes, family_t family, difference_flows_t *flows,
                 difference_sums_t *sums)
{
    cursor_t cursors[3] = {
        start(d->before.join ? &d->before.join->ranges[family] : NULL, family),
        start(d->after.join ? &d->after.join->ranges[family] : NULL, family),
        start(attributes ? attributes_ranges(attributes, family) : NULL, family)};
    u128_t first = {0, 0}, end = highest(family);
    difference_flow_t flow = {.family = (uint8_t)family, .used = true};
    for (bool more = true; more;) {
        u128_t last = cursors[0].last;
        last = u128_cmp(cursors[1].last, last) < 0 ? cursors[1].last : last;
        last = u128_cmp(cursors[2].last, last) < 0 ? cursors[2].last : last;
        flow.before = classes->of_answer[0][cursors[0].id];
        flow.after = classes->of_answer[1][cursors[1].id];
        flow.country = country_of(attributes, cursors[2].id);
        flow.count = difference_count_span(first, last);
        if (flows->count * 2 > flows->mask) {
            drain(flows, classes, sums);
        }
        add(flows, &flow);
        more = u128_cmp(last, end) < 0;
        for (unsigned i = 0; more && i < 3; i++) {
            if (!u128_cmp(cursors[i].last, last)) {
                cursors[i].at++;
                stand(&cursors[i], family);
            }
        }
        first = (u128_t){last.hi + (last.lo == UINT64_MAX), last.lo + 1};
    }
}

err_t difference_flows_sum(const difference_t *d, const attributes_t *attributes,
                           const difference_classes_t *classes, difference_sums_t *sums)
{
    difference_flows_t flows = {calloc(FLOWS, sizeof *flows.slots), FLOWS - 1, 0};
    if (!flows.slots) {
        return ERR_NOMEM;
    }
    walk(d, attributes, classes, FAMILY_IPV4, &flows, sums);
    walk(d, attributes, classes, FAMILY_IPV6, &flows, sums);
    drain(&flows, classes, sums);
    free(flows.slots);
    return ERR_OK;
}
