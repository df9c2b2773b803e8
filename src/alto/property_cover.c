#include "property_writer.h"

#include "footprintd/join/cover.h"

#include <stdlib.h>

/* One combination of values. */
typedef struct tuple {
    const uint64_t *values;
    uint64_t claims;  /* capabilities in all of them */
    uint32_t defined; /* properties that have a value */
    uint32_t order;   /* in which it was seen */
} tuple_t;

/* The pieces of a prefix on which all properties are constant. */
typedef struct pieces {
    cover_range_t *ranges;
    size_t count, cap;
    table_t known;    /* values -> tuple_t */
    tuple_t **tuples; /* by the ranges' numbers; [0] is "nothing", whether it occurs or not */
    size_t tuple_count, tuple_cap;
} pieces_t;

static void pieces_release(pieces_t *p)
{
    free(p->ranges);
    free(p->tuples);
    table_release(&p->known);
}

/* ---- tuples ---- */

static err_t new_tuple(writer_t *w, pieces_t *p, const uint64_t *values, uint32_t *out)
{
    const property_query_t *q = w->q;
    size_t size = q->property_count * sizeof *values;
    if (p->tuple_count == p->tuple_cap) {
        size_t cap = p->tuple_cap ? p->tuple_cap * 2 : 16;
        tuple_t **grown = realloc(p->tuples, cap * sizeof(tuple_t *));
        if (!grown) {
            return ERR_NOMEM;
        }
        p->tuples = grown;
        p->tuple_cap = cap;
    }
    tuple_t *t = arena_alloc(w->arena, sizeof *t);
    uint64_t *kept = arena_alloc(w->arena, size);
    if (!t || !kept) {
        return ERR_NOMEM;
    }
    memcpy(kept, values, size);
    t->values = kept;
    t->order = (uint32_t)p->tuple_count;
    for (size_t i = 0; i < q->property_count; i++) {
        t->defined += kept[i] != 0;
        if (q->properties[i]->kind == PROPERTY_CAPABILITIES) {
            t->claims += w->c->capabilities[q->properties[i]->index].lists[kept[i]].count;
        }
    }
    p->tuples[p->tuple_count++] = t;
    *out = t->order;
    return table_put(&p->known, slice_of((const char *)kept, size), t, NULL);
}

static err_t tuple_of(writer_t *w, pieces_t *p, const uint64_t *values, uint32_t *out)
{
    size_t size = w->q->property_count * sizeof *values;
    const tuple_t *t = table_get(&p->known, slice_of((const char *)values, size));
    if (!t) {
        return new_tuple(w, p, values, out);
    }
    *out = t->order;
    return ERR_OK;
}

static int cmp_tuple(const void *px, const void *py)
{
    const tuple_t *x = *(tuple_t *const *)px, *y = *(tuple_t *const *)py;
    if (x->defined != y->defined) {
        return x->defined < y->defined ? -1 : 1;
    }
    if (x->claims != y->claims) {
        return x->claims < y->claims ? -1 : 1;
    }
    return x->order < y->order ? -1 : 1;
}

/* Whether what holds by one value holds by the other: the same, or capabilities and more. */
static bool holds_in(const property_map_content_t *c, const property_t *p, uint64_t value,
                     uint64_t in)
{
    if (p->kind != PROPERTY_CAPABILITIES || !value || value == in) {
        return !value || value == in;
    }
    const capability_list_t *x = &c->capabilities[p->index].lists[value];
    const capability_list_t *y = &c->capabilities[p->index].lists[in];
    uint32_t found = 0;
    for (uint32_t i = 0; i < y->count && found < x->count; i++) {
        found += y->numbers[i] == x->numbers[found];
    }
    return found == x->count;
}

/*
 * Numbers for the cover: among equally small ones the least are inherited, and what is inherited
 * should say least. *common: whether the least that occurs holds everywhere and others add to it.
 */
static err_t number_tuples(const writer_t *w, pieces_t *p, bool *common)
{
    uint32_t *numbers = arena_array(w->arena, p->tuple_count, sizeof *numbers);
    if (!numbers) {
        return ERR_NOMEM;
    }
    qsort(p->tuples, p->tuple_count, sizeof(tuple_t *), cmp_tuple);
    for (uint32_t i = 0; i < p->tuple_count; i++) {
        numbers[p->tuples[i]->order] = i;
    }
    uint32_t least = UINT32_MAX;
    for (size_t i = 0; i < p->count; i++) {
        cover_range_t *r = &p->ranges[i];
        r->value = numbers[r->value];
        least = r->value < least ? r->value : least;
    }
    *common = true;
    for (size_t i = least; i < p->tuple_count; i++) {
        for (size_t k = 0; k < w->q->property_count; k++) {
            *common &= holds_in(w->c, w->q->properties[k], p->tuples[least]->values[k],
                                p->tuples[i]->values[k]);
        }
    }
    return ERR_OK;
}

/* ---- pieces ---- */

static err_t add_piece(writer_t *w, pieces_t *p, u128_t first, u128_t last, uint32_t tuple)
{
    if (p->count && p->ranges[p->count - 1].value == tuple) {
        p->ranges[p->count - 1].last = last;
        return ERR_OK;
    }
    /* An entry begins a piece and ends one: so many cannot fit. */
    if (p->count > 2 * w->c->in.max_entities) {
        return ERR_LIMIT;
    }
    if (p->count == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 64;
        cover_range_t *grown = realloc(p->ranges, cap * sizeof *grown);
        if (!grown) {
            return ERR_NOMEM;
        }
        p->ranges = grown;
        p->cap = cap;
    }
    p->ranges[p->count++] = (cover_range_t){first, last, tuple};
    return ERR_OK;
}

/* The functions on addresses that the query's properties are read from. */
static size_t sources(const writer_t *w, family_t family, const join_ranges_t **out)
{
    const property_map_content_t *c = w->c;
    bool answers = false, attributes = false;
    size_t n = 0;
    for (size_t i = 0; i < w->q->property_count; i++) {
        const property_t *p = w->q->properties[i];
        if (p->kind == PROPERTY_PID) {
            out[n++] = &c->in.maps[p->index].index->ranges[family];
        } else if (p->kind == PROPERTY_CAPABILITIES) {
            answers = true;
        } else {
            attributes = true;
        }
    }
    if (answers) {
        out[n++] = &c->in.join->ranges[family];
    }
    if (attributes) {
        out[n++] = attributes_ranges(c->in.attributes, family);
    }
    return n;
}

static u128_t last_address(const prefix_t *p)
{
    if (p->family == FAMILY_IPV4) {
        uint32_t host = p->u.v4.len == 32 ? 0 : UINT32_MAX >> p->u.v4.len;
        return (u128_t){0, p->u.v4.addr | host};
    }
    unsigned len = p->u.v6.len;
    uint64_t hi = len >= 64 ? 0 : UINT64_MAX >> len;
    uint64_t lo = len <= 64 ? UINT64_MAX : len == 128 ? 0 : UINT64_MAX >> (len - 64);
    return (u128_t){p->u.v6.addr.hi | hi, p->u.v6.addr.lo | lo};
}

/* Until the end of the prefix, or, when `some`, until there is something. */
static err_t gather(writer_t *w, const prefix_t *prefix, bool some, pieces_t *p, uint64_t *values)
{
    const join_ranges_t **parts = arena_array(w->arena, w->q->property_count + 2,
                                              sizeof(const join_ranges_t *));
    uint32_t tuple = 0;
    memset(values, 0, w->q->property_count * sizeof *values);
    err_t err = parts ? new_tuple(w, p, values, &tuple) : ERR_NOMEM;
    if (err) {
        return err;
    }
    size_t n = sources(w, prefix->family, parts);
    addr_t a = writer_first_address(prefix);
    u128_t at = prefix->family == FAMILY_IPV4 ? (u128_t){0, a.u.v4} : a.u.v6;
    u128_t end = last_address(prefix);
    for (;;) {
        u128_t last = end;
        for (size_t i = 0; i < n; i++) {
            u128_t candidate = join_ranges_last(parts[i], join_ranges_find(parts[i], at));
            last = u128_cmp(candidate, last) < 0 ? candidate : last;
        }
        if (prefix->family == FAMILY_IPV4) {
            a.u.v4 = (uint32_t)at.lo;
        } else {
            a.u.v6 = at;
        }
        bool any = writer_values_at(w, &a, values);
        err = tuple_of(w, p, values, &tuple);
        err = err ? err : add_piece(w, p, at, last, tuple);
        if (err || !u128_cmp(last, end) || (some && any)) {
            return err;
        }
        at = last;
        at.lo++;
        at.hi += at.lo == 0;
    }
}

/* ---- lines ---- */

/*
 * Entries of the cover and what is asked for, each in the order of addresses, outer before inner.
 * What is asked for and is no entry is one that says again what it inherits, so that the client
 * finds it (RFC 9240 8.6 lets a server leave it out).
 */
static err_t write_lines(writer_t *w, const cover_t *cover, tuple_t *const *tuples,
                         const entity_t *const *asked, size_t count)
{
    const cover_entry_t *entries = cover->entries;
    uint32_t around = UINT32_MAX; /* the last entry, then what is around the next one asked for */
    err_t err = ERR_OK;
    for (size_t i = 0, k = 0; (i < cover->count || k < count) && !err;) {
        int cmp = i == cover->count ? 1
                  : k == count      ? -1
                                    : entity_prefix_cmp(&entries[i].prefix, &asked[k]->u.prefix);
        line_t line = {.whole = cmp >= 0, .values = tuples[0]->values};
        line.prefix = cmp > 0 ? asked[k]->u.prefix : entries[i].prefix;
        line.spelling = cmp >= 0 ? asked[k]->spelling : line.spelling;
        if (cmp <= 0) {
            uint32_t parent = entries[i].parent;
            line.values = tuples[entries[i].value]->values;
            line.above = parent == UINT32_MAX ? NULL : tuples[entries[parent].value]->values;
            around = (uint32_t)i;
        } else {
            while (around != UINT32_MAX &&
                   !entity_prefix_contains(&entries[around].prefix, &line.prefix)) {
                around = entries[around].parent;
            }
            line.values = around == UINT32_MAX ? line.values
                                               : tuples[entries[around].value]->values;
        }
        err = writer_line(w, &line);
        i += cmp <= 0;
        k += cmp >= 0;
    }
    return err;
}

err_t writer_expand(writer_t *w, const entity_t *const *asked, size_t count, uint64_t *values)
{
    const prefix_t *prefix = &asked[0]->u.prefix;
    pieces_t p = {0};
    cover_t cover = {0};
    bool common = false;
    err_t err = gather(w, prefix, false, &p, values);
    err = err ? err : number_tuples(w, &p, &common);
    /* Where the prefix would say what is not true of all of it, it is better not an entity. */
    err = err ? err
              : cover_build(prefix, p.ranges, p.count, !common, w->c->in.max_entities, &cover);
    err = err ? err : write_lines(w, &cover, p.tuples, asked, count);
    cover_release(&cover);
    pieces_release(&p);
    return err;
}

err_t writer_any_in(writer_t *w, const entity_t *e, uint64_t *values, bool *out)
{
    pieces_t p = {0};
    err_t err = gather(w, &e->u.prefix, true, &p, values);
    *out = p.tuple_count > 1; /* more than "nothing" */
    pieces_release(&p);
    return err;
}
