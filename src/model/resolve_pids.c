#include "builder.h"

/*
 * PIDs whose content is footprints: they have the prefixes that the footprints have, and change
 * with them. A footprint that says more than prefixes is no part of a network, and one that counts
 * for a time only would move addresses from PID to PID by the clock; both are refused. A withdrawal
 * is of what is delivered, not of where a network is: the PID keeps its prefixes.
 */

/* What else than prefixes the footprint says, or what it lacks; NULL: nothing. */
static const char *unfit(const footprint_draft_t *f)
{
    const fp_draft_t *d = &f->draft;
    for (unsigned type = 0; type < FP_TYPE_COUNT; type++) {
        if (d->values[type] && type != FP_IPV4CIDR && type != FP_IPV6CIDR) {
            return "has more than prefixes: the content of a PID is a footprint of cidr alone";
        }
    }
    if (d->unions.count || d->pid_count) {
        return "has more than prefixes: the content of a PID is a footprint of cidr alone";
    }
    if (!d->values[FP_IPV4CIDR] && !d->values[FP_IPV6CIDR]) {
        return "has no prefixes";
    }
    if (f->window.from != INT64_MIN || f->window.until != INT64_MAX) {
        return "counts for a time only: the content of a PID is always the same";
    }
    return NULL;
}

/* The prefixes of one family: the PID's own and those of its footprints. */
static const fp_values_t *gather(builder_t *b, const fp_values_t *own, const ptrs_t *found,
                                 fp_type_t type)
{
    ptrs_t lists = {0};
    if (own->count) {
        fp_values_t *copy = builder_alloc(b, 1, sizeof *copy);
        if (copy) {
            *copy = *own;
            builder_push(b, &lists, copy);
        }
    }
    for (size_t i = 0; i < found->count; i++) {
        const footprint_draft_t *f = found->items[i];
        if (f->draft.values[type]) {
            builder_push(b, &lists, f->draft.values[type]);
        }
    }
    return lists.count && !b->failed ? merge_values(b, type, &lists) : NULL;
}

static void fill(builder_t *b, pid_draft_t *pid, const ptrs_t *found)
{
    const fp_values_t own4 = {FP_IPV4CIDR, pid->pid.v4_count, {.v4 = pid->pid.v4}};
    const fp_values_t own6 = {FP_IPV6CIDR, pid->pid.v6_count, {.v6 = pid->pid.v6}};
    const fp_values_t *v4 = gather(b, &own4, found, FP_IPV4CIDR);
    const fp_values_t *v6 = gather(b, &own6, found, FP_IPV6CIDR);
    if (v4) {
        pid->pid.v4 = v4->u.v4;
        pid->pid.v4_count = v4->count;
    }
    if (v6) {
        pid->pid.v6 = v6->u.v6;
        pid->pid.v6_count = v6->count;
    }
}

void resolve_pid_footprints(builder_t *b, network_map_draft_t *map)
{
    for (size_t i = 0; i < map->pids.count && !b->failed; i++) {
        pid_draft_t *pid = map->pids.items[i];
        ptrs_t found = {0};
        for (size_t k = 0; k < pid->footprints.count; k++) {
            const name_ref_t *ref = pid->footprints.items[k];
            footprint_draft_t *f = find_footprint(b, map->document, ref);
            const char *why = f && !f->draft.bad ? unfit(f) : NULL;
            if (why) {
                findings_add(b->findings, FINDING_BAD_VALUE,
                             builder_place(b, map->document, ref->line, ref->column),
                             ref_pointer(b, ref), (slice_t){0}, "footprint '%.*s' %s",
                             SLICE_ARG(ref->name), why);
            } else if (f && !f->draft.bad) {
                builder_push(b, &found, f);
            }
        }
        if (found.count) {
            fill(b, pid, &found);
        }
    }
}
