#include "cursor.h"
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

static uint16_t country_of(const attributes_t *attributes, uint32_t id)
{
    return attributes ? difference_country_place(attributes_at(attributes, id).country) : 0;
}

static void walk(const difference_t *d, const attributes_t *attributes,
                 const difference_classes_t *classes, family_t family, difference_flows_t *flows,
                 difference_sums_t *sums)
{
    const u128_t lowest = {0, 0}, end = cursor_highest(family);
    cursor_t cursors[3] = {
        cursor_start(d->before.join ? &d->before.join->ranges[family] : NULL, family, lowest),
        cursor_start(d->after.join ? &d->after.join->ranges[family] : NULL, family, lowest),
        cursor_start(attributes ? attributes_ranges(attributes, family) : NULL, family, lowest)};
    u128_t first = lowest;
    difference_flow_t flow = {.family = (uint8_t)family, .used = true};
    for (bool more = true; more;) {
        u128_t last = cursor_min(cursor_min(cursors[0].last, cursors[1].last), cursors[2].last);
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
            (void)cursor_pass(&cursors[i], family, last);
        }
        first = cursor_next(last);
    }
}

/* What changes class from first to last, by country. */
static void put_down(const attributes_t *attributes, family_t family, u128_t first, u128_t last,
                     const difference_classes_t *classes, difference_flow_t *flow,
                     difference_flows_t *flows, difference_sums_t *sums)
{
    cursor_t c = cursor_start(attributes ? attributes_ranges(attributes, family) : NULL, family,
                              first);
    for (bool more = true; more;) {
        u128_t end = cursor_min(c.last, last);
        flow->country = country_of(attributes, c.id);
        flow->count = difference_count_span(first, end);
        if (flows->count * 2 > flows->mask) {
            drain(flows, classes, sums);
        }
        add(flows, flow);
        more = u128_cmp(end, last) < 0;
        if (more) {
            (void)cursor_pass(&c, family, end);
            first = cursor_next(end);
        }
    }
}

/* The same as walk, of what changes class: databases are looked at nowhere else. */
static void walk_changes(const difference_t *d, const attributes_t *attributes,
                         const difference_classes_t *classes, family_t family,
                         difference_flows_t *flows, difference_sums_t *sums)
{
    const u128_t lowest = {0, 0}, end = cursor_highest(family);
    cursor_t cursors[2] = {
        cursor_start(d->before.join ? &d->before.join->ranges[family] : NULL, family, lowest),
        cursor_start(d->after.join ? &d->after.join->ranges[family] : NULL, family, lowest)};
    u128_t first = lowest;
    difference_flow_t flow = {.family = (uint8_t)family, .used = true};
    for (bool more = true; more;) {
        u128_t last = cursor_min(cursors[0].last, cursors[1].last);
        flow.before = classes->of_answer[0][cursors[0].id];
        flow.after = classes->of_answer[1][cursors[1].id];
        if (flow.before != flow.after) {
            put_down(attributes, family, first, last, classes, &flow, flows, sums);
        }
        more = u128_cmp(last, end) < 0;
        for (unsigned i = 0; more && i < 2; i++) {
            (void)cursor_pass(&cursors[i], family, last);
        }
        first = cursor_next(last);
    }
}

err_t difference_flows_sum(const difference_t *d, const attributes_t *attributes,
                           const difference_classes_t *classes, difference_sums_t *sums)
{
    difference_flows_t flows = {calloc(FLOWS, sizeof *flows.slots), FLOWS - 1, 0};
    if (!flows.slots) {
        return ERR_NOMEM;
    }
    for (unsigned f = 0; f < FAMILY_COUNT; f++) {
        (sums->changes_only ? walk_changes : walk)(d, attributes, classes, (family_t)f, &flows,
                                                   sums);
    }
    drain(&flows, classes, sums);
    free(flows.slots);
    return ERR_OK;
}
