#include "difference_parts.h"

#include <stdlib.h>

/* ---- flows ---- */

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

static err_t grow(difference_flows_t *f)
{
    size_t slots = f->slots ? (f->mask + 1) * 2 : 1024;
    difference_flows_t grown = {calloc(slots, sizeof *grown.slots), slots - 1, f->count};
    if (!grown.slots) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; f->slots && i <= f->mask; i++) {
        if (f->slots[i].used) {
            grown.slots[place(&grown, &f->slots[i])] = f->slots[i];
        }
    }
    free(f->slots);
    *f = grown;
    return ERR_OK;
}

static err_t add(difference_flows_t *f, const difference_flow_t *flow)
{
    if (f->count * 2 > f->mask) {
        err_t err = grow(f);
        if (err) {
            return err;
        }
    }
    difference_flow_t *slot = &f->slots[place(f, flow)];
    if (slot->used) {
        difference_count_add(&slot->count, flow->count);
    } else {
        *slot = *flow;
        f->count++;
    }
    return ERR_OK;
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
    geo_code_t code = attributes ? attributes_at(attributes, id).country : 0;
    unsigned x = (unsigned)(code >> 56) - 'a', y = (unsigned)(code >> 48 & 0xff) - 'a';
    bool pair = x < 26 && y < 26 && !(code & UINT64_C(0xffffffffffff));
    return pair ? (uint16_t)(x * 26 + y + 1) : 0;
}

static err_t walk(const difference_t *d, const attributes_t *attributes,
                  const difference_classes_t *classes, family_t family, difference_flows_t *flows)
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
        err_t err = add(flows, &flow);
        if (err) {
            return err;
        }
        more = u128_cmp(last, end) < 0;
        for (unsigned i = 0; more && i < 3; i++) {
            if (!u128_cmp(cursors[i].last, last)) {
                cursors[i].at++;
                stand(&cursors[i], family);
            }
        }
        first = (u128_t){last.hi + (last.lo == UINT64_MAX), last.lo + 1};
    }
    return ERR_OK;
}

err_t difference_flows_make(const difference_t *d, const attributes_t *attributes,
                            const difference_classes_t *classes, difference_flows_t *out)
{
    difference_flows_t flows = {NULL, 0, 0};
    err_t err = grow(&flows);
    err = err ? err : walk(d, attributes, classes, FAMILY_IPV4, &flows);
    err = err ? err : walk(d, attributes, classes, FAMILY_IPV6, &flows);
    if (err) {
        free(flows.slots);
        return err;
    }
    *out = flows;
    return ERR_OK;
}
