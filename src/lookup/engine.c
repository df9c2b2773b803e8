#include "footprintd/lookup/engine.h"

#include <stdlib.h>

/* Calls `found` for every non-empty set of the model: first those of footprints, then of objects.
 */
typedef struct set_walk {
    const lookup_engine_t *e;
    uint32_t *footprint_next; /* by set: where its next one goes; first only counted */
    uint32_t *object_next;
    bool counting;
    bool unknown; /* a set that the join does not have */
} set_walk_t;

static uint32_t set_id(set_walk_t *w, const fp_set_t *set)
{
    uint32_t id = join_set_id(w->e->join, set);
    w->unknown |= id == UINT32_MAX;
    return id;
}

static void walk_footprints(set_walk_t *w)
{
    const model_t *m = w->e->model;
    for (size_t i = 0; i < m->footprint_count; i++) {
        for (size_t s = 0; s < m->footprints[i].set_count; s++) {
            uint32_t id = set_id(w, &m->footprints[i].sets[s]);
            if (id == UINT32_MAX) {
                continue;
            }
            if (w->counting) {
                w->footprint_next[id + 1]++;
            } else {
                w->e->footprints[w->footprint_next[id]++] = (uint32_t)i;
            }
        }
    }
}

static void walk_objects(set_walk_t *w)
{
    const model_t *m = w->e->model;
    size_t everywhere = 0;
    for (size_t a = 0; a < m->advertisement_count; a++) {
        for (size_t o = 0; o < m->advertisements[a].count; o++) {
            const fp_set_t *set = &m->advertisements[a].objects[o].footprints;
            lookup_object_t object = {(uint32_t)a, (uint32_t)o};
            if (!set->count) {
                if (!w->counting) {
                    w->e->everywhere[everywhere] = object;
                }
                everywhere++;
                continue;
            }
            uint32_t id = set_id(w, set);
            if (id == UINT32_MAX) {
                continue;
            }
            if (w->counting) {
                w->object_next[id + 1]++;
            } else {
                w->e->objects[w->object_next[id]++] = object;
            }
        }
    }
}

static size_t count_everywhere(const model_t *m)
{
    size_t n = 0;
    for (size_t a = 0; a < m->advertisement_count; a++) {
        for (size_t o = 0; o < m->advertisements[a].count; o++) {
            n += !m->advertisements[a].objects[o].footprints.count;
        }
    }
    return n;
}

/* Counts become places, and a copy of them the firsts. */
static uint32_t *sum(uint32_t *counts, size_t sets)
{
    for (size_t i = 0; i < sets; i++) {
        counts[i + 1] += counts[i];
    }
    uint32_t *first = malloc((sets + 1) * sizeof *first);
    if (first) {
        memcpy(first, counts, (sets + 1) * sizeof *first);
    }
    return first;
}

static err_t map_sets(lookup_engine_t *e)
{
    size_t sets = e->join->set_count;
    set_walk_t w = {.e = e, .counting = true};
    w.footprint_next = calloc(sets + 1, sizeof *w.footprint_next);
    w.object_next = calloc(sets + 1, sizeof *w.object_next);
    e->everywhere_count = count_everywhere(e->model);
    e->everywhere = calloc(e->everywhere_count + 1, sizeof *e->everywhere);
    err_t err = w.footprint_next && w.object_next && e->everywhere ? ERR_OK : ERR_NOMEM;
    if (!err) {
        walk_footprints(&w);
        walk_objects(&w);
        e->footprint_first = sum(w.footprint_next, sets);
        e->object_first = sum(w.object_next, sets);
        e->footprints = malloc((w.footprint_next[sets] + 1) * sizeof *e->footprints);
        e->objects = malloc((w.object_next[sets] + 1) * sizeof *e->objects);
        err = e->footprint_first && e->object_first && e->footprints && e->objects ? ERR_OK
                                                                                   : ERR_NOMEM;
    }
    if (!err) {
        w.counting = false;
        walk_footprints(&w);
        walk_objects(&w);
    }
    free(w.footprint_next);
    free(w.object_next);
    /* The join is of this model, and so has all of its sets. */
    return err ? err : w.unknown ? ERR_DATA : ERR_OK;
}

static err_t index_maps(lookup_engine_t *e)
{
    const model_t *m = e->model;
    e->maps = m->network_map_count ? m->network_maps : m->implicit_map;
    size_t count = m->network_map_count ? m->network_map_count : 1;
    e->default_map = (size_t)(m->default_map - e->maps);
    e->pids = calloc(count, sizeof *e->pids);
    if (!e->pids) {
        return ERR_NOMEM;
    }
    err_t err = ERR_OK;
    while (!err && e->map_count < count) {
        err = pid_index_build(&e->maps[e->map_count], &e->pids[e->map_count]);
        e->map_count += !err;
    }
    return err;
}

/* join and attributes are set; takes the engine. */
static err_t finish(lookup_engine_t *e, lookup_engine_t **out)
{
    err_t err = map_sets(e);
    err = err ? err : index_maps(e);
    if (err) {
        lookup_engine_free(e);
        return err;
    }
    *out = e;
    return ERR_OK;
}

err_t lookup_engine_new_take(model_t *model, attributes_t *attributes, lookup_engine_t **out)
{
    lookup_engine_t *e = calloc(1, sizeof *e);
    if (!e) {
        model_free(model);
        return ERR_NOMEM;
    }
    e->model = e->owned_model = model;
    e->attributes = e->owned_attributes = attributes ? attributes_ref(attributes) : NULL;
    err_t err = join_build(model, attributes, &e->owned_join);
    if (err) {
        lookup_engine_free(e);
        return err;
    }
    e->join = e->owned_join;
    return finish(e, out);
}

err_t lookup_engine_new_borrow(const model_t *model, const attributes_t *attributes,
                               const join_index_t *join, lookup_engine_t **out)
{
    lookup_engine_t *e = calloc(1, sizeof *e);
    if (!e) {
        return ERR_NOMEM;
    }
    e->model = model;
    e->join = join;
    e->attributes = attributes;
    return finish(e, out);
}

void lookup_engine_free(lookup_engine_t *e)
{
    if (!e) {
        return;
    }
    for (size_t i = 0; i < e->map_count; i++) {
        pid_index_release(&e->pids[i]);
    }
    free(e->pids);
    free(e->footprint_first);
    free(e->footprints);
    free(e->object_first);
    free(e->objects);
    free(e->everywhere);
    join_free(e->owned_join);
    attributes_unref(e->owned_attributes);
    model_free(e->owned_model);
    free(e);
}

attribute_set_t lookup_attributes(const lookup_engine_t *e, const addr_t *addr)
{
    if (!e->attributes) {
        return (attribute_set_t){0};
    }
    return attributes_at(e->attributes, attributes_id(e->attributes, addr));
}

const model_pid_t *lookup_pid(const lookup_engine_t *e, size_t map, const addr_t *addr)
{
    uint32_t id = pid_index_get(&e->pids[map], addr);
    return id ? &e->maps[map].pids[id - 1] : NULL;
}

/* ---- scopes ---- */

static unsigned prefix_len(const prefix_t *p)
{
    return p->family == FAMILY_IPV4 ? p->u.v4.len : p->u.v6.len;
}

/* All scopes are around one address: the longest lies in all others. */
static void narrow(const join_ranges_t *ranges, u128_t addr, prefix_t *scope)
{
    prefix_t p = join_ranges_scope(ranges, join_ranges_find(ranges, addr), addr);
    if (prefix_len(&p) > prefix_len(scope)) {
        *scope = p;
    }
}

prefix_t lookup_scope(const lookup_engine_t *e, const addr_t *addr)
{
    u128_t a = addr->family == FAMILY_IPV4 ? (u128_t){0, addr->u.v4} : addr->u.v6;
    prefix_t scope = join_scope(e->join, addr);
    if (e->attributes) {
        narrow(attributes_ranges(e->attributes, addr->family), a, &scope);
    }
    for (size_t i = 0; i < e->map_count; i++) {
        narrow(&e->pids[i].ranges[addr->family], a, &scope);
    }
    return scope;
}

/* ---- covers ---- */

static int cmp_footprint(const void *px, const void *py)
{
    uint32_t x = *(const uint32_t *)px, y = *(const uint32_t *)py;
    return x < y ? -1 : x > y;
}

static int cmp_object(const void *px, const void *py)
{
    const lookup_object_t *x = px, *y = py;
    if (x->advertisement != y->advertisement) {
        return x->advertisement < y->advertisement ? -1 : 1;
    }
    return x->object < y->object ? -1 : x->object > y->object;
}

static bool reserve(lookup_covers_t *c, size_t footprints, size_t objects)
{
    if (footprints > c->footprint_cap || !c->footprints) {
        uint32_t *grown = realloc(c->footprints, (footprints + 16) * sizeof *grown);
        if (!grown) {
            return false;
        }
        c->footprints = grown;
        c->footprint_cap = footprints + 16;
    }
    if (objects > c->object_cap || !c->objects) {
        lookup_object_t *grown = realloc(c->objects, (objects + 16) * sizeof *grown);
        if (!grown) {
            return false;
        }
        c->objects = grown;
        c->object_cap = objects + 16;
    }
    return true;
}

err_t lookup_covers_find(const lookup_engine_t *e, uint32_t answer, lookup_covers_t *c)
{
    id_list_t sets = join_answer_sets(e->join, answer);
    size_t footprints = 0, objects = e->everywhere_count;
    for (size_t i = 0; i < sets.count; i++) {
        uint32_t s = sets.ids[i];
        footprints += e->footprint_first[s + 1] - e->footprint_first[s];
        objects += e->object_first[s + 1] - e->object_first[s];
    }
    c->footprint_count = c->object_count = 0;
    if (!reserve(c, footprints, objects)) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < sets.count; i++) {
        uint32_t s = sets.ids[i];
        for (uint32_t k = e->footprint_first[s]; k < e->footprint_first[s + 1]; k++) {
            c->footprints[c->footprint_count++] = e->footprints[k];
        }
        for (uint32_t k = e->object_first[s]; k < e->object_first[s + 1]; k++) {
            c->objects[c->object_count++] = e->objects[k];
        }
    }
    for (size_t i = 0; i < e->everywhere_count; i++) {
        c->objects[c->object_count++] = e->everywhere[i];
    }
    qsort(c->footprints, c->footprint_count, sizeof *c->footprints, cmp_footprint);
    qsort(c->objects, c->object_count, sizeof *c->objects, cmp_object);
    return ERR_OK;
}

void lookup_covers_release(lookup_covers_t *c)
{
    free(c->footprints);
    free(c->objects);
    *c = (lookup_covers_t){0};
}
