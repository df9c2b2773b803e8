#include "footprintd/lookup/spread.h"

#include "cursor.h"
#include "difference_parts.h"

#include <stdlib.h>

/* The walk over the ranges of the join, of the databases and of the network maps, side by side. */
typedef struct walk {
    const lookup_engine_t *e;
    lookup_spread_t *out;
    family_t family;
    u128_t first; /* of the prefix */
    u128_t end;
    uint32_t *part_of; /* by answer: its part plus 1 */
    size_t part_cap;
    cursor_t *maps; /* of the network maps */
    cursor_t join;
    cursor_t attributes;
} walk_t;

static addr_t address_of(family_t family, u128_t a)
{
    addr_t addr = {.family = family};
    if (family == FAMILY_IPV4) {
        addr.u.v4 = (uint32_t)a.lo;
    } else {
        addr.u.v6 = a;
    }
    return addr;
}

/* The first and the last address. */
static range_t bounds(const prefix_t *p)
{
    if (p->family == FAMILY_IPV4) {
        uint32_t hosts = p->u.v4.len ? (uint32_t)((UINT64_C(1) << (32 - p->u.v4.len)) - 1)
                                     : UINT32_MAX;
        return (range_t){{0, p->u.v4.addr}, {0, p->u.v4.addr | hosts}};
    }
    unsigned len = p->u.v6.len;
    u128_t hosts = {len == 0   ? UINT64_MAX
                    : len < 64 ? (UINT64_C(1) << (64 - len)) - 1
                               : 0,
                    len <= 64   ? UINT64_MAX
                    : len < 128 ? (UINT64_C(1) << (128 - len)) - 1
                                : 0};
    u128_t a = p->u.v6.addr;
    return (range_t){a, {a.hi | hosts.hi, a.lo | hosts.lo}};
}

/* ---- parts ---- */

static bool room_for_part(walk_t *w)
{
    lookup_spread_t *s = w->out;
    if (s->part_count < w->part_cap) {
        return true;
    }
    size_t cap = w->part_cap ? w->part_cap * 2 : 16;
    lookup_part_t *parts = realloc(s->parts, cap * sizeof *parts);
    s->parts = parts ? parts : s->parts;
    uint32_t *pids = realloc(s->pids, cap * w->e->map_count * sizeof *pids);
    s->pids = pids ? pids : s->pids;
    w->part_cap = parts && pids ? cap : w->part_cap;
    return parts && pids;
}

/* The attributes of the piece at hand. */
static attribute_set_t said(const walk_t *w)
{
    return w->e->attributes ? attributes_at(w->e->attributes, w->attributes.id)
                            : (attribute_set_t){0};
}

static lookup_part_t *new_part(walk_t *w, u128_t first)
{
    if (!room_for_part(w)) {
        return NULL;
    }
    size_t index = w->out->part_count++;
    w->part_of[w->join.id] = (uint32_t)index + 1;
    for (size_t i = 0; i < w->e->map_count; i++) {
        w->out->pids[index * w->e->map_count + i] = w->maps[i].id;
    }
    lookup_part_t *part = &w->out->parts[index];
    *part = (lookup_part_t){
        .answer = w->join.id, .first = address_of(w->family, first), .said = said(w)};
    return part;
}

static unsigned differing(const attribute_set_t *a, const attribute_set_t *b)
{
    bool subdivisions = a->subdivision_count == b->subdivision_count;
    for (size_t i = 0; subdivisions && i < a->subdivision_count; i++) {
        subdivisions = a->subdivisions[i] == b->subdivisions[i];
    }
    bool asn = a->has_asn == b->has_asn && (!a->has_asn || a->asn == b->asn);
    return (a->country == b->country ? 0 : LOOKUP_VARIES_COUNTRY) |
           (subdivisions ? 0 : LOOKUP_VARIES_SUBDIVISIONS) | (asn ? 0 : LOOKUP_VARIES_ASN);
}

/* The piece at hand has the answer of the part. */
static void compare(walk_t *w, lookup_part_t *part)
{
    attribute_set_t here = said(w);
    part->varies |= differing(&part->said, &here);
    uint32_t *pids = &w->out->pids[(size_t)(part - w->out->parts) * w->e->map_count];
    for (size_t i = 0; i < w->e->map_count; i++) {
        if (pids[i] != w->maps[i].id) {
            pids[i] = UINT32_MAX;
            part->varies |= LOOKUP_VARIES_PIDS;
        }
    }
}

static lookup_part_t *part_here(walk_t *w, u128_t first)
{
    uint32_t index = w->part_of[w->join.id];
    if (!index) {
        return new_part(w, first);
    }
    lookup_part_t *part = &w->out->parts[index - 1];
    compare(w, part);
    return part;
}

static err_t find_parts(walk_t *w)
{
    u128_t first = w->first;
    bool starts = true; /* a range of the join does, or the prefix */
    for (;;) {
        u128_t last = cursor_min(cursor_min(w->join.last, w->attributes.last), w->end);
        for (size_t i = 0; i < w->e->map_count; i++) {
            last = cursor_min(last, w->maps[i].last);
        }
        lookup_part_t *part = part_here(w, first);
        if (!part) {
            return ERR_NOMEM;
        }
        difference_count_add(&part->count, difference_count_span(first, last));
        part->ranges += starts;
        w->out->ranges += starts;
        if (!u128_cmp(last, w->end)) {
            return ERR_OK;
        }
        starts = cursor_pass(&w->join, w->family, last);
        (void)cursor_pass(&w->attributes, w->family, last);
        for (size_t i = 0; i < w->e->map_count; i++) {
            (void)cursor_pass(&w->maps[i], w->family, last);
        }
        first = cursor_next(last);
    }
}

static int larger_first(difference_count_t a, difference_count_t b)
{
    return -difference_count_cmp(a, b);
}

static int cmp_part(const void *px, const void *py)
{
    const lookup_part_t *x = px, *y = py;
    int cmp = larger_first(x->count, y->count);
    if (cmp) {
        return cmp;
    }
    return x->first.family == FAMILY_IPV4 ? (x->first.u.v4 < y->first.u.v4 ? -1 : 1)
                                          : u128_cmp(x->first.u.v6, y->first.u.v6);
}

static void sort_parts(walk_t *w)
{
    lookup_spread_t *s = w->out;
    for (size_t i = 0; i < s->part_count; i++) { /* they have stopped moving in memory */
        s->parts[i].pids = &s->pids[i * w->e->map_count];
    }
    qsort(s->parts, s->part_count, sizeof *s->parts, cmp_part);
    for (size_t i = 0; i < s->part_count; i++) {
        w->part_of[s->parts[i].answer] = (uint32_t)i + 1;
    }
}

/* ---- the ranges of the first parts ---- */

/* A second walk, over the join alone, until all have theirs. */
static err_t find_runs(walk_t *w, size_t parts, size_t runs)
{
    lookup_spread_t *s = w->out;
    parts = parts < s->part_count ? parts : s->part_count;
    s->runs = calloc(parts * runs + 1, sizeof *s->runs);
    if (!s->runs) {
        return ERR_NOMEM;
    }
    size_t missing = 0;
    for (size_t i = 0; i < parts; i++) {
        s->parts[i].runs = &s->runs[i * runs];
        missing += s->parts[i].ranges < runs ? s->parts[i].ranges : runs;
    }
    u128_t first = w->first;
    w->join = cursor_start(&w->e->join->ranges[w->family], w->family, first);
    while (missing) {
        u128_t last = cursor_min(w->join.last, w->end);
        size_t index = w->part_of[w->join.id] - 1;
        if (index < parts && s->parts[index].run_count < runs) {
            s->runs[index * runs + s->parts[index].run_count++] = (range_t){first, last};
            missing--;
        }
        if (missing) { /* so this is not the last range */
            (void)cursor_pass(&w->join, w->family, last);
            first = cursor_next(last);
        }
    }
    return ERR_OK;
}

/* ---- footprints ---- */

static int cmp_extent(const void *px, const void *py)
{
    const lookup_extent_t *x = px, *y = py;
    int cmp = larger_first(x->count, y->count);
    return cmp ? cmp : x->footprint < y->footprint ? -1 : 1; /* in order of their names */
}

static err_t find_extents(walk_t *w)
{
    const lookup_engine_t *e = w->e;
    lookup_spread_t *s = w->out;
    size_t all = e->model->footprint_count, n = 0;
    s->extents = calloc(all + 1, sizeof *s->extents);
    if (!s->extents) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < s->part_count; i++) {
        id_list_t sets = join_answer_sets(e->join, s->parts[i].answer);
        for (size_t k = 0; k < sets.count; k++) {
            uint32_t set = sets.ids[k];
            for (uint32_t f = e->footprint_first[set]; f < e->footprint_first[set + 1]; f++) {
                difference_count_add(&s->extents[e->footprints[f]].count, s->parts[i].count);
            }
        }
    }
    for (size_t i = 0; i < all; i++) {
        if (!difference_count_zero(s->extents[i].count)) {
            s->extents[n++] = (lookup_extent_t){(uint32_t)i, s->extents[i].count};
        }
    }
    s->extent_count = n;
    qsort(s->extents, n, sizeof *s->extents, cmp_extent);
    while (s->whole_count < n &&
           !difference_count_cmp(s->extents[s->whole_count].count, s->count)) {
        s->whole_count++;
    }
    return ERR_OK;
}

/* ---- the whole ---- */

static err_t start(walk_t *w)
{
    const lookup_engine_t *e = w->e;
    w->part_of = calloc(e->join->answer_count, sizeof *w->part_of);
    w->maps = calloc(e->map_count, sizeof *w->maps);
    if (!w->part_of || !w->maps) {
        return ERR_NOMEM;
    }
    w->join = cursor_start(&e->join->ranges[w->family], w->family, w->first);
    w->attributes = cursor_start(e->attributes ? attributes_ranges(e->attributes, w->family) : NULL,
                                 w->family, w->first);
    for (size_t i = 0; i < e->map_count; i++) {
        w->maps[i] = cursor_start(&e->pids[i].ranges[w->family], w->family, w->first);
    }
    return ERR_OK;
}

err_t lookup_spread_find(const lookup_engine_t *e, const prefix_t *prefix, size_t parts,
                         size_t runs, lookup_spread_t *out)
{
    range_t range = bounds(prefix);
    *out = (lookup_spread_t){.prefix = *prefix,
                             .count = difference_count_span(range.first, range.last)};
    walk_t w = {
        .e = e, .out = out, .family = prefix->family, .first = range.first, .end = range.last};
    err_t err = start(&w);
    err = err ? err : find_parts(&w);
    if (!err) {
        sort_parts(&w);
        err = find_runs(&w, parts, runs);
    }
    err = err ? err : find_extents(&w);
    free(w.part_of);
    free(w.maps);
    return err;
}

void lookup_spread_release(lookup_spread_t *s)
{
    free(s->parts);
    free(s->pids);
    free(s->runs);
    free(s->extents);
    *s = (lookup_spread_t){0};
}

prefix_t lookup_spread_scope(const lookup_engine_t *e, const lookup_spread_t *s)
{
    prefix_t scope = lookup_scope(e, &s->parts[0].first);
    bool narrower = s->prefix.family == FAMILY_IPV4 ? scope.u.v4.len > s->prefix.u.v4.len
                                                    : scope.u.v6.len > s->prefix.u.v6.len;
    return narrower ? s->prefix : scope;
}
