#include "builder.h"

#include "footprintd/base/suggest.h"

#include <stdlib.h>

static int cmp_constraint(const void *x, const void *y)
{
    return fp_constraint_cmp(x, y);
}

/* One wire set of a draft, without the type `skip` (FP_TYPE_COUNT: none). */
static bool make_set(builder_t *b, const fp_draft_t *draft, unsigned skip, fp_set_t *out)
{
    fp_constraint_t *list = builder_alloc(b, FP_TYPE_COUNT + draft->unions.count, sizeof *list);
    size_t n = 0;
    if (!list) {
        return false;
    }
    for (unsigned i = 0; i < FP_TYPE_COUNT; i++) {
        if (draft->values[i] && i != skip) {
            list[n++] = (fp_constraint_t){.type = (fp_type_t)i, .values = draft->values[i]};
        }
    }
    for (size_t u = 0; u < draft->unions.count; u++) {
        list[n++] = *(const fp_constraint_t *)draft->unions.items[u];
    }
    sort_items(list, n, sizeof *list, cmp_constraint);
    size_t kept = n ? 1 : 0;
    for (size_t i = 1; i < n; i++) {
        if (fp_constraint_cmp(&list[kept - 1], &list[i])) {
            list[kept++] = list[i];
        }
    }
    *out = (fp_set_t){list, kept};
    return true;
}

size_t draft_sets(builder_t *b, const fp_draft_t *draft, fp_set_t sets[2])
{
    bool both = draft->from_cidr && draft->values[FP_IPV4CIDR] && draft->values[FP_IPV6CIDR];
    if (!both) {
        return make_set(b, draft, FP_TYPE_COUNT, &sets[0]) ? 1 : 0;
    }
    return make_set(b, draft, FP_IPV6CIDR, &sets[0]) && make_set(b, draft, FP_IPV4CIDR, &sets[1])
               ? 2
               : 0;
}

bool draft_one_set(builder_t *b, const fp_draft_t *draft, fp_set_t *out)
{
    if (!draft->from_cidr || !draft->values[FP_IPV4CIDR] || !draft->values[FP_IPV6CIDR]) {
        return make_set(b, draft, FP_TYPE_COUNT, out);
    }
    fp_draft_t rest = *draft, cidr = {0};
    rest.unions = (ptrs_t){0};
    for (size_t u = 0; u < draft->unions.count; u++) {
        builder_push(b, &rest.unions, draft->unions.items[u]);
    }
    cidr.values[FP_IPV4CIDR] = draft->values[FP_IPV4CIDR];
    cidr.values[FP_IPV6CIDR] = draft->values[FP_IPV6CIDR];
    rest.values[FP_IPV4CIDR] = rest.values[FP_IPV6CIDR] = NULL;
    fp_constraint_t *both = make_union(b, &cidr);
    if (!both) {
        return false;
    }
    builder_push(b, &rest.unions, both);
    return make_set(b, &rest, FP_TYPE_COUNT, out);
}

static size_t count_prefixes(const fp_draft_t *draft)
{
    size_t n = 0;
    if (draft->values[FP_IPV4CIDR]) {
        n += draft->values[FP_IPV4CIDR]->count;
    }
    if (draft->values[FP_IPV6CIDR]) {
        n += draft->values[FP_IPV6CIDR]->count;
    }
    return n;
}

/* Only for a name that was not found: comparing spellings costs much more than finding one. */
static slice_t nearest_pid(const model_network_map_t *map, slice_t name)
{
    suggest_t s;
    suggest_init(&s, name);
    for (size_t k = 0; k < map->pid_count; k++) {
        suggest_offer(&s, map->pids[k].name);
    }
    return s.best;
}

/* PIDs belong to the default network map (RFC 9241 4.1). */
void resolve_pids(builder_t *b, const fp_draft_t *draft, uint32_t document)
{
    const model_network_map_t *map = b->model->default_map;
    for (size_t i = 0; i < draft->pid_count; i++) {
        const name_ref_t *ref = &draft->pids[i];
        place_t place = builder_place(b, document, ref->line, ref->column);
        if (network_map_pid(map, ref->name) == UINT32_MAX) {
            slice_t removed = removed_default_pid(b, ref->name);
            findings_add(b->findings, FINDING_UNKNOWN_PID, place, ref_pointer(b, ref),
                         nearest_pid(map, ref->name),
                         "the default network map '%.*s' has no PID '%.*s'%.*s", SLICE_ARG(map->id),
                         SLICE_ARG(ref->name), SLICE_ARG(removed));
        } else if (map->document != UINT32_MAX && !audience_within(b, document, map->document)) {
            findings_add(b->findings, FINDING_WIDER_AUDIENCE, place, ref_pointer(b, ref),
                         (slice_t){0},
                         "network map '%.*s' is meant for fewer uCDNs than this document",
                         SLICE_ARG(map->id));
        }
    }
}

static int cmp_footprint(const void *x, const void *y)
{
    return slice_cmp(((const model_footprint_t *)x)->name, ((const model_footprint_t *)y)->name);
}

/* Tells the drafts what was made of them. */
static void attach(builder_t *b, model_footprint_t *list, size_t count)
{
    sort_items(list, count, sizeof *list, cmp_footprint);
    for (size_t i = 0; i < count; i++) {
        ((footprint_draft_t *)table_get(&b->footprints, list[i].name))->made = &list[i];
    }
}

/* Those that are not in force are made too, for the checks and for who asks why. */
bool resolve_footprints(builder_t *b)
{
    size_t count = b->footprint_list.count, in_force = 0, held = 0;
    model_footprint_t *list = builder_alloc(b, count, sizeof *list);
    model_footprint_t *others = builder_alloc(b, count, sizeof *others);
    if (!list || !others) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const footprint_draft_t *f = b->footprint_list.items[i];
        resolve_pids(b, &f->draft, f->document);
        if (f->draft.bad) {
            continue;
        }
        bool now = footprint_in_force(b, f);
        model_footprint_t *made = now ? &list[in_force] : &others[held];
        *made = (model_footprint_t){f->name, f->document, f->line, f->column, {{0}}, 0};
        made->set_count = draft_sets(b, &f->draft, made->sets);
        if (made->set_count) {
            in_force += now;
            held += !now;
            b->model->prefix_count += now ? count_prefixes(&f->draft) : 0;
        }
    }
    attach(b, list, in_force);
    attach(b, others, held);
    b->model->footprints = list;
    b->model->footprint_count = in_force;
    b->model->held_footprints = others;
    b->model->held_footprint_count = held;
    return !b->failed;
}
