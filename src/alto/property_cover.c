#include "property_writer.h"

#include "footprintd/join/cover.h"

#include <stdlib.h>

/* ---- prefixes ---- */

/* The pieces of a prefix on which all properties are constant. */
typedef struct pieces {
    cover_range_t *ranges;
    size_t count, cap;
    table_t tuples; /* values -> tuple_t */
    struct tuple **list;
    size_t tuple_count, tuple_cap;
} pieces_t;

/* One combination of values. */
typedef struct tuple {
    const uint64_t *values;
    uint32_t defined; /* properties that have a value */
    uint32_t order;   /* in which it was seen */
    uint32_t number;  /* for the cover: 0 when nothing is defined, else the fewer the less */
} tuple_t;

static err_t tuple_of(writer_t *w, pieces_t *p, const uint64_t *values, uint32_t *out)
{
    size_t size = w->q->property_count * sizeof *values;
    tuple_t *t = table_get(&p->tuples, slice_of((const char *)values, size));
    if (t) {
        *out = t->order;
        return ERR_OK;
    }
    if (p->tuple_count == p->tuple_cap) {
        size_t cap = p->tuple_cap ? p->tuple_cap * 2 : 16;
        tuple_t **grown = realloc(p->list, cap * sizeof(tuple_t *));
        if (!grown) {
            return ERR_NOMEM;
        }
        p->list = grown;
        p->tuple_cap = cap;
    }
    t = arena_alloc(w->arena, sizeof *t);
    uint64_t *kept = arena_alloc(w->arena, size);
    if (!t || !kept) {
        return ERR_NOMEM;
    }
    memcpy(kept, values, size);
    t->values = kept;
    t->order = (uint32_t)p->tuple_count;
    for (size_t i = 0; i < w->q->property_count; i++) {
        t->defined += kept[i] != 0;
    }
    p->list[p->tuple_count++] = t;
    *out = t->order;
    return table_put(&p->tuples, slice_of((const char *)kept, size), t, NULL);
}

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
static err_t gather(writer_t *w, const entity_t *e, bool some, pieces_t *p, uint64_t *values)
{
    const prefix_t *prefix = &e->u.prefix;
    const join_ranges_t **parts = arena_array(w->arena, w->q->property_count + 2,
                                              sizeof(const join_ranges_t *));
    if (!parts) {
        return ERR_NOMEM;
    }
    size_t n = sources(w, prefix->family, parts);
    addr_t a = writer_first_address(prefix);
    u128_t at = prefix->family == FAMILY_IPV4 ? (u128_t){0, a.u.v4} : a.u.v6;
    u128_t end = last_address(prefix);
    for (;;) {
        u128_t last = end;
        uint32_t tuple = 0;
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
        err_t err = tuple_of(w, p, values, &tuple);
        err = err ? err : add_piece(w, p, at, last, tuple);
        if (err || !u128_cmp(last, end) || (some && any)) {
            return err;
        }
        at = last;
        at.lo++;
        at.hi += at.lo == 0;
    }
}

static int cmp_tuple(const void *px, const void *py)
{
    const tuple_t *x = *(void *const *)px, *y = *(void *const *)py;
    if (x->defined != y->defined) {
        return x->defined < y->defined ? -1 : 1;
    }
    return x->order < y->order ? -1 : 1;
}

/* Numbers for the cover: what is inherited should say least, so that little has to be taken back.
 */
static err_t number_tuples(writer_t *w, pieces_t *p, tuple_t ***by_number)
{
    tuple_t **sorted = arena_array(w->arena, p->tuple_count + 1, sizeof(tuple_t *));
    if (!sorted) {
        return ERR_NOMEM;
    }
    /* Place 0 is "nothing", whether it occurs or not. */
    memcpy(sorted + 1, p->list, p->tuple_count * sizeof(tuple_t *));
    qsort(sorted + 1, p->tuple_count, sizeof(tuple_t *), cmp_tuple);
    if (!sorted[1]->defined) {
        memmove(sorted, sorted + 1, p->tuple_count * sizeof(tuple_t *));
    }
    for (uint32_t i = 0; i <= p->tuple_count; i++) {
        if (sorted[i] && !(i == p->tuple_count && sorted[0])) {
            sorted[i]->number = i;
        }
    }
    for (size_t i = 0; i < p->count; i++) {
        p->ranges[i].value = p->list[p->ranges[i].value]->number;
    }
    *by_number = sorted;
    return ERR_OK;
}

/* An entry below another lists what differs from it; the others list what they have. */
static err_t add_entry(writer_t *w, const entity_t *e, const cover_t *cover, size_t i,
                       tuple_t *const *by_number, const uint64_t *nothing)
{
    const cover_entry_t *entry = &cover->entries[i];
    const uint64_t *values = entry->value || by_number[0] ? by_number[entry->value]->values
                                                          : nothing;
    bool asked = entity_prefix_len(&entry->prefix) == entity_prefix_len(&e->u.prefix);
    line_t line = {entry->prefix, asked ? e->spelling : (slice_t){NULL, 0}, values, NULL};
    if (entry->parent != UINT32_MAX) {
        const cover_entry_t *parent = &cover->entries[entry->parent];
        const uint64_t *above = parent->value || by_number[0] ? by_number[parent->value]->values
                                                              : nothing;
        bool *listed = arena_array(w->arena, w->q->property_count, sizeof *listed);
        if (!listed) {
            return ERR_NOMEM;
        }
        for (size_t k = 0; k < w->q->property_count; k++) {
            listed[k] = values[k] != above[k];
        }
        line.listed = listed;
    }
    return lines_add(w, line);
}

static void pieces_release(pieces_t *p)
{
    free(p->ranges);
    free(p->list);
    table_release(&p->tuples);
}

err_t writer_expand(writer_t *w, const entity_t *e, uint64_t *values)
{
    pieces_t p = {0};
    cover_t cover = {0};
    tuple_t **by_number = NULL;
    const uint64_t *nothing = arena_array(w->arena, w->q->property_count, sizeof *nothing);
    err_t err = nothing ? gather(w, e, false, &p, values) : ERR_NOMEM;
    err = err ? err : number_tuples(w, &p, &by_number);
    err = err ? err
              : cover_build(&e->u.prefix, p.ranges, p.count, e->nested, w->c->in.max_entities,
                            &cover);
    for (size_t i = 0; i < cover.count && !err; i++) {
        err = add_entry(w, e, &cover, i, by_number, nothing);
    }
    cover_release(&cover);
    pieces_release(&p);
    return err;
}

err_t writer_any_in(writer_t *w, const entity_t *e, uint64_t *values, bool *out)
{
    pieces_t p = {0};
    err_t err = gather(w, e, true, &p, values);
    *out = false;
    for (size_t i = 0; i < p.tuple_count; i++) {
        *out |= p.list[i]->defined > 0;
    }
    pieces_release(&p);
    return err;
}
