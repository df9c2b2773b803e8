#include "footprintd/alto/scope.h"

#include <stdlib.h>

bool scope_sees(const scope_t *s, uint32_t document)
{
    return document == UINT32_MAX || s->documents[document];
}

static int cmp_slice(const void *x, const void *y)
{
    return slice_cmp(*(const slice_t *)x, *(const slice_t *)y);
}

static bool knows_capability(const scope_t *s, slice_t type)
{
    return s->all_capability_types ||
           (s->capability_type_count &&
            bsearch(&type, s->capability_types, s->capability_type_count, sizeof type, cmp_slice));
}

static bool knows_footprints(const scope_t *s, const fp_set_t *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const fp_constraint_t *c = &set->constraints[i];
        if (!s->footprint_types[c->type]) {
            return false;
        }
        for (size_t m = 0; c->type == FP_UNION && m < c->member_count; m++) {
            if (!s->footprint_types[c->members[m]->type]) {
                return false;
            }
        }
    }
    return true;
}

static bool is_limit(const model_object_t *o)
{
    return slice_is(o->capability->name, "FCI.CapacityLimits");
}

/*
 * Whether what the limit is about may meet the object. It is about named footprints; one that was
 * written in place may meet everything.
 */
static bool may_limit(const model_object_t *limit, const model_object_t *o)
{
    if (!limit->part_count && !limit->footprint) {
        return true;
    }
    if (!o->footprint) {
        return true; /* everywhere, a union, or written in place */
    }
    for (size_t i = 0; i < limit->part_count; i++) {
        if (limit->parts[i] == o->footprint) {
            return true;
        }
    }
    return limit->footprint == o->footprint;
}

static bool is_telemetry(const model_object_t *o)
{
    return slice_is(o->capability->name, "FCI.Telemetry");
}

err_t scope_choose(const scope_t *s, const model_advertisement_t *a, arena_t *arena, bool **out,
                   size_t *withheld)
{
    bool *chosen = arena_array(arena, a->count + 1, sizeof *chosen);
    if (!chosen) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < a->count; i++) {
        const model_object_t *o = &a->objects[i];
        chosen[i] = scope_sees(s, o->document) && knows_capability(s, o->capability->name) &&
                    knows_footprints(s, &o->footprints);
    }
    for (size_t i = 0; i < a->count; i++) {
        const model_object_t *o = &a->objects[i];
        /* Who does not know limits at all has never been told of one. */
        if (chosen[i] || !is_limit(o) || !scope_sees(s, o->document) ||
            !knows_capability(s, o->capability->name)) {
            continue;
        }
        for (size_t k = 0; k < a->count; k++) {
            const model_object_t *other = &a->objects[k];
            chosen[k] &= is_limit(other) || is_telemetry(other) || !may_limit(o, other);
        }
    }
    for (size_t i = 0; i < a->count; i++) {
        *withheld += !chosen[i] && scope_sees(s, a->objects[i].document);
    }
    *out = chosen;
    return ERR_OK;
}
