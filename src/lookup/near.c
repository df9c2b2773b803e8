#include "footprintd/lookup/near.h"

#include <limits.h>
#include <stdlib.h>

/* The common part that makes a prefix worth naming. */
#define COMMON_V4 8
#define COMMON_V6 16

lookup_subject_t lookup_subject(const lookup_engine_t *e, const addr_t *addr)
{
    const model_pid_t *pid = lookup_pid(e, e->default_map, addr);
    return (lookup_subject_t){.addr = *addr,
                              .attributes = lookup_attributes(e, addr),
                              .pid = pid ? pid->name : SLICE_LIT("")};
}

/* ---- one constraint ---- */

static unsigned common_v4(uint32_t a, uint32_t b)
{
    return a == b ? 32 : (unsigned)__builtin_clz(a ^ b);
}

static unsigned common_v6(u128_t a, u128_t b)
{
    if (a.hi != b.hi) {
        return (unsigned)__builtin_clzll(a.hi ^ b.hi);
    }
    return a.lo == b.lo ? 128 : 64 + (unsigned)__builtin_clzll(a.lo ^ b.lo);
}

static void offer(lookup_nearest_t *n, prefix_t prefix, unsigned len, unsigned common)
{
    common = common < len ? common : len;
    unsigned missing = len - common;
    if (!n->known || missing < n->missing || (missing == n->missing && common > n->common)) {
        *n = (lookup_nearest_t){true, prefix, missing, common};
    }
}

static bool in_prefixes(const lookup_subject_t *s, const fp_values_t *v, lookup_nearest_t *n)
{
    bool found = false;
    if (v->type == FP_IPV4CIDR && s->addr.family == FAMILY_IPV4) {
        for (size_t i = 0; i < v->count; i++) {
            prefix4_t p = v->u.v4[i];
            unsigned common = common_v4(p.addr, s->addr.u.v4);
            found |= common >= p.len;
            offer(n, (prefix_t){FAMILY_IPV4, .u.v4 = p}, p.len, common);
        }
    } else if (v->type == FP_IPV6CIDR && s->addr.family == FAMILY_IPV6) {
        for (size_t i = 0; i < v->count; i++) {
            prefix6_t p = v->u.v6[i];
            unsigned common = common_v6(p.addr, s->addr.u.v6);
            found |= common >= p.len;
            offer(n, (prefix_t){FAMILY_IPV6, .u.v6 = p}, p.len, common);
        }
    }
    return found;
}

static bool has_code(const fp_values_t *v, fp_code_t code)
{
    for (size_t i = 0; code && i < v->count; i++) {
        if (v->u.code[i] == code) {
            return true;
        }
    }
    return false;
}

static bool values_hold(const lookup_subject_t *s, const fp_values_t *v, lookup_nearest_t *n)
{
    bool found = false;
    switch (v->type) {
    case FP_IPV4CIDR:
    case FP_IPV6CIDR:
        return in_prefixes(s, v, n);
    case FP_COUNTRYCODE:
        return has_code(v, s->attributes.country);
    case FP_SUBDIVISIONCODE:
        for (size_t i = 0; i < s->attributes.subdivision_count && !found; i++) {
            found = has_code(v, s->attributes.subdivisions[i]);
        }
        return found;
    case FP_ASN:
        for (size_t i = 0; s->attributes.has_asn && i < v->count && !found; i++) {
            found = v->u.asn[i] == s->attributes.asn;
        }
        return found;
    case FP_ALTOPID:
        for (size_t i = 0; s->pid.len && i < v->count && !found; i++) {
            found = slice_eq(v->u.pid[i], s->pid);
        }
        return found;
    case FP_UNION:
        break; /* not a type of values */
    }
    return false;
}

bool lookup_constraint_holds(const lookup_subject_t *subject, const fp_constraint_t *constraint,
                             lookup_nearest_t *nearest)
{
    lookup_nearest_t n = {0};
    bool holds = false;
    if (constraint->type != FP_UNION) {
        holds = values_hold(subject, constraint->values, &n);
    }
    for (size_t i = 0; constraint->type == FP_UNION && i < constraint->member_count; i++) {
        holds |= values_hold(subject, constraint->members[i], &n);
    }
    if (nearest) {
        *nearest = n;
    }
    return holds;
}

/* ---- sets ---- */

/* How far a set is from covering. */
typedef struct distance {
    size_t failed;
    unsigned missing;
    bool in_prefix; /* of a list of prefixes */
    bool near_prefix;
} distance_t;

static distance_t measure(const lookup_subject_t *s, const fp_set_t *set)
{
    distance_t d = {.missing = UINT_MAX};
    unsigned least = s->addr.family == FAMILY_IPV4 ? COMMON_V4 : COMMON_V6;
    for (size_t i = 0; i < set->count; i++) {
        lookup_nearest_t n;
        bool holds = lookup_constraint_holds(s, &set->constraints[i], &n);
        d.in_prefix |= n.known && n.missing == 0;
        if (holds) {
            continue;
        }
        d.failed++;
        if (n.known && n.missing < d.missing) {
            d.missing = n.missing;
            d.near_prefix = n.missing <= LOOKUP_NEAR_BITS && n.common >= least;
        }
    }
    return d;
}

static bool is_near(const fp_set_t *set, const distance_t *d)
{
    return d->in_prefix || (d->failed == 1 && (set->count >= 2 || d->near_prefix));
}

/* A set with prefixes of the other family alone, beside which there is one of this family. */
static bool other_family(const lookup_subject_t *s, const fp_set_t *set)
{
    fp_type_t other = s->addr.family == FAMILY_IPV4 ? FP_IPV6CIDR : FP_IPV4CIDR;
    for (size_t i = 0; i < set->count; i++) {
        if (set->constraints[i].type == other) {
            return true;
        }
    }
    return false;
}

static err_t add(lookup_misses_t *m, lookup_miss_t miss)
{
    if (m->count == m->cap) {
        size_t cap = m->cap ? m->cap * 2 : 16;
        lookup_miss_t *grown = realloc(m->items, cap * sizeof *grown);
        if (!grown) {
            return ERR_NOMEM;
        }
        m->items = grown;
        m->cap = cap;
    }
    m->items[m->count++] = miss;
    return ERR_OK;
}

/* The nearer one of a footprint's sets; all: also when it is not near. */
static err_t try_footprint(const lookup_engine_t *e, const lookup_subject_t *s, uint32_t index,
                           bool all, lookup_misses_t *out)
{
    const model_footprint_t *f = &e->model->footprints[index];
    lookup_miss_t best = {.footprint = index};
    bool near = false;
    for (size_t i = 0; i < f->set_count; i++) {
        const fp_set_t *set = &f->sets[i];
        if (f->set_count > 1 && other_family(s, set)) {
            continue;
        }
        distance_t d = measure(s, set);
        if (!d.failed) {
            return ERR_OK;
        }
        if (!best.set || d.failed < best.failed ||
            (d.failed == best.failed && d.missing < best.missing)) {
            best.set = set;
            best.failed = d.failed;
            best.missing = d.missing;
            near = is_near(set, &d);
        }
    }
    return best.set && (near || all) ? add(out, best) : ERR_OK;
}

static err_t try_objects(const lookup_engine_t *e, const lookup_subject_t *s, uint32_t ad,
                         lookup_misses_t *out)
{
    const model_advertisement_t *a = &e->model->advertisements[ad];
    err_t err = ERR_OK;
    for (size_t i = 0; i < a->count && !err; i++) {
        const model_object_t *o = &a->objects[i];
        if (o->footprint || !o->footprints.count || other_family(s, &o->footprints)) {
            continue; /* told by its name, or never missed, or of no use to it */
        }
        distance_t d = measure(s, &o->footprints);
        if (d.failed && is_near(&o->footprints, &d)) {
            err = add(out, (lookup_miss_t){
                               UINT32_MAX, {ad, (uint32_t)i}, &o->footprints, d.failed, d.missing});
        }
    }
    return err;
}

static int cmp_miss(const void *px, const void *py)
{
    const lookup_miss_t *x = px, *y = py;
    if (x->failed != y->failed) {
        return x->failed < y->failed ? -1 : 1;
    }
    if (x->missing != y->missing) {
        return x->missing < y->missing ? -1 : 1;
    }
    if (x->footprint != y->footprint) {
        return x->footprint < y->footprint ? -1 : 1;
    }
    if (x->object.advertisement != y->object.advertisement) {
        return x->object.advertisement < y->object.advertisement ? -1 : 1;
    }
    return x->object.object < y->object.object ? -1 : x->object.object > y->object.object;
}

err_t lookup_near_find(const lookup_engine_t *e, const lookup_subject_t *subject,
                       lookup_misses_t *misses)
{
    err_t err = ERR_OK;
    misses->count = 0;
    for (size_t i = 0; i < e->model->footprint_count && !err; i++) {
        err = try_footprint(e, subject, (uint32_t)i, false, misses);
    }
    for (size_t i = 0; i < e->model->advertisement_count && !err; i++) {
        err = try_objects(e, subject, (uint32_t)i, misses);
    }
    if (misses->count > 1) {
        qsort(misses->items, misses->count, sizeof *misses->items, cmp_miss);
    }
    return err;
}

err_t lookup_near_footprint(const lookup_engine_t *e, const lookup_subject_t *subject,
                            uint32_t footprint, lookup_misses_t *misses)
{
    misses->count = 0;
    return try_footprint(e, subject, footprint, true, misses);
}

void lookup_misses_release(lookup_misses_t *misses)
{
    free(misses->items);
    *misses = (lookup_misses_t){0};
}
