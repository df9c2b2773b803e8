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
    /* An entry ends at most two pieces: so many cannot fit. */
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

static err_t gather(writer_t *w, const entity_t *e, pieces_t *p, uint64_t *values)
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
        err_t err = writer_values_at(w, e->domain, &a, values);
        err = err ? err : tuple_of(w, p, values, &tuple);
        err = err ? err : add_piece(w, p, at, last, tuple);
        if (err || !u128_cmp(last, end)) {
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

static err_t add_line(writer_t *w, line_t line)
{
    if (w->line_count == w->line_cap) {
        size_t cap = w->line_cap ? w->line_cap * 2 : 64;
        line_t *grown = realloc(w->lines, cap * sizeof *grown);
        if (!grown) {
            return ERR_NOMEM;
        }
        w->lines = grown;
        w->line_cap = cap;
    }
    w->lines[w->line_count++] = line;
    return ERR_OK;
}

/* An entry below another lists what differs from it; the others list what they have. */
static err_t add_entry(writer_t *w, const cover_t *cover, size_t i, tuple_t *const *by_number,
                       const uint64_t *nothing)
{
    const cover_entry_t *entry = &cover->entries[i];
    const uint64_t *values = entry->value || by_number[0] ? by_number[entry->value]->values
                                                          : nothing;
    line_t line = {entry->prefix, {NULL, 0}, values, NULL};
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
    } else if (!writer_any_value(w, values)) {
        return ERR_OK;
    }
    return add_line(w, line);
}

err_t writer_expand(writer_t *w, const entity_t *e, bool keep, uint64_t *values)
{
    pieces_t p = {0};
    cover_t cover = {0};
    tuple_t **by_number = NULL;
    const uint64_t *nothing = arena_array(w->arena, w->q->property_count, sizeof *nothing);
    err_t err = nothing ? gather(w, e, &p, values) : ERR_NOMEM;
    err = err ? err : number_tuples(w, &p, &by_number);
    err = err ? err
              : cover_build(&e->u.prefix, p.ranges, p.count, keep, w->c->in.max_entities, &cover);
    for (size_t i = 0; i < cover.count && !err; i++) {
        err = add_entry(w, &cover, i, by_number, nothing);
    }
    cover_release(&cover);
    free(p.ranges);
    free(p.list);
    table_release(&p.tuples);
    return err;
}

/* `properties` absent: the prefix itself, when anything in it has a value. */
err_t writer_existence(writer_t *w, const entity_t *e, uint64_t *values)
{
    pieces_t p = {0};
    err_t err = gather(w, e, &p, values);
    bool any = err == ERR_LIMIT;
    for (size_t i = 0; i < p.tuple_count; i++) {
        any |= p.list[i]->defined > 0;
    }
    free(p.ranges);
    free(p.list);
    table_release(&p.tuples);
    err = err == ERR_LIMIT ? ERR_OK : err;
    err = err || !any ? err : writer_begin_entity(w, e->spelling, &e->u.prefix);
    if (!err && any) {
        buf_append_char(w->out, '}');
    }
    return err;
}

int writer_line_cmp(const void *px, const void *py)
{
    const line_t *x = px, *y = py;
    if (x->prefix.family != y->prefix.family) {
        return x->prefix.family < y->prefix.family ? -1 : 1;
    }
    int cmp = x->prefix.family == FAMILY_IPV4 ? prefix_cmp_v4(x->prefix.u.v4, y->prefix.u.v4)
                                              : prefix_cmp_v6(x->prefix.u.v6, y->prefix.u.v6);
    /* The client's spelling first. */
    return cmp ? cmp : (y->spelling.ptr != NULL) - (x->spelling.ptr != NULL);
}

static bool is_listed(const line_t *line, size_t property)
{
    return line->listed ? line->listed[property] : line->values[property] != 0;
}

/*
 * What several requests say of one entity is one member. Where both list a property they agree for
 * every address that has no longer entity, so that the first may speak.
 */
static err_t merge_lines(writer_t *w, line_t *into, const line_t *more)
{
    uint64_t *values = arena_array(w->arena, w->q->property_count, sizeof *values);
    bool *listed = arena_array(w->arena, w->q->property_count, sizeof *listed);
    if (!values || !listed) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < w->q->property_count; i++) {
        listed[i] = is_listed(into, i) || is_listed(more, i);
        values[i] = is_listed(into, i) ? into->values[i] : more->values[i];
    }
    into->values = values;
    into->listed = listed;
    return ERR_OK;
}

err_t writer_lines(writer_t *w)
{
    err_t err = ERR_OK;
    if (w->line_count > 1) {
        qsort(w->lines, w->line_count, sizeof *w->lines, writer_line_cmp);
    }
    for (size_t i = 0; i < w->line_count && !err;) {
        line_t line = w->lines[i++];
        while (i < w->line_count && !err) {
            line_t next = w->lines[i];
            next.spelling = line.spelling;
            if (writer_line_cmp(&line, &next)) {
                break;
            }
            err = merge_lines(w, &line, &next);
            i++;
        }
        err = err ? err : writer_line(w, &line);
    }
    return err;
}
