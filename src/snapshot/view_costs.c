#include "view_costs.h"

#include <stdlib.h>

typedef struct maker {
    const view_input_t *in;
    const property_map_pids_t *maps;
    size_t map_count;
    const model_cost_map_t **shown; /* by id */
    size_t shown_count;
    cost_space_t **spaces; /* by network map; NULL: no costs */
    cost_space_t **ordered;
    size_t ordered_count;
} maker_t;

static bool is_shown(const maker_t *m, const model_network_map_t *map)
{
    for (size_t i = 0; i < m->map_count; i++) {
        if (m->maps[i].map == map) {
            return true;
        }
    }
    return false;
}

static size_t default_index(const maker_t *m, slice_t id)
{
    size_t i = 0;
    while (i + 1 < m->map_count && !slice_eq(m->maps[i].map->id, id)) {
        i++;
    }
    return i;
}

static int by_id(const void *x, const void *y)
{
    const model_cost_map_t *a = *(const model_cost_map_t *const *)x;
    const model_cost_map_t *b = *(const model_cost_map_t *const *)y;
    return slice_cmp(a->id, b->id);
}

/* Computed, not stored: a matrix without cells. */
static const model_cost_map_t *make_implicit(const maker_t *m, const model_network_map_t *map)
{
    model_cost_map_t *made = arena_alloc(m->in->arena, sizeof *made);
    if (made) {
        *made = (model_cost_map_t){
            .id = SLICE_LIT(MODEL_COST_MAP),
            .document = UINT32_MAX,
            .network_map = map,
            .type = {SLICE_LIT(MODEL_COST_METRIC), COST_NUMERICAL},
            .costs = {.size = map->pid_count, .rest = 1},
        };
    }
    return made;
}

static err_t find_shown(maker_t *m, slice_t default_map)
{
    const model_t *model = m->in->model;
    bool routing = false;
    m->shown = arena_array(m->in->arena, model->cost_map_count + 1,
                           sizeof(const model_cost_map_t *));
    if (!m->shown) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < model->cost_map_count; i++) {
        const model_cost_map_t *c = &model->cost_maps[i];
        if (scope_sees(m->in->scope, c->document) && is_shown(m, c->network_map)) {
            m->shown[m->shown_count++] = c;
            routing |= slice_is(c->type.metric, MODEL_COST_METRIC);
        }
    }
    if (!routing) {
        const model_network_map_t *map = m->maps[default_index(m, default_map)].map;
        m->shown[m->shown_count] = make_implicit(m, map);
        if (!m->shown[m->shown_count++]) {
            return ERR_NOMEM;
        }
        qsort(m->shown, m->shown_count, sizeof(const model_cost_map_t *), by_id);
    }
    return ERR_OK;
}

static err_t make_space(maker_t *m, size_t index)
{
    const model_cost_map_t **own = arena_array(m->in->arena, m->shown_count + 1,
                                               sizeof(const model_cost_map_t *));
    size_t count = 0;
    if (!own) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < m->shown_count; i++) {
        if (m->shown[i]->network_map == m->maps[index].map) {
            own[count++] = m->shown[i];
        }
    }
    return count ? cost_space_build(m->maps[index].content, m->maps[index].index, own, count,
                                    m->in->arena, &m->spaces[index])
                 : ERR_OK;
}

static err_t make_map(maker_t *m, const model_cost_map_t *c, view_cost_map_t *out)
{
    for (size_t i = 0; i < m->map_count; i++) {
        if (m->maps[i].map == c->network_map) {
            out->space = m->spaces[i];
        }
    }
    cost_offer_t *offer = cost_offer_find(out->space->offers, out->space->offer_count, &c->type);
    return cost_map_build(c->id, offer, m->in->fragments, m->in->arena, &out->content);
}

/* The default map's costs go first: an endpoint has the PID that it has there. */
static err_t order_spaces(maker_t *m, slice_t default_map)
{
    size_t first = default_index(m, default_map);
    m->ordered = arena_array(m->in->arena, m->map_count + 1, sizeof(cost_space_t *));
    if (!m->ordered) {
        return ERR_NOMEM;
    }
    if (m->spaces[first]) {
        m->ordered[m->ordered_count++] = m->spaces[first];
    }
    for (size_t i = 0; i < m->map_count; i++) {
        if (i != first && m->spaces[i]) {
            m->ordered[m->ordered_count++] = m->spaces[i];
        }
    }
    return cost_spaces_name(m->ordered, m->ordered_count, m->in->arena);
}

static err_t make_common(maker_t *m, view_costs_t *out)
{
    err_t err = endpoint_cost_build(m->ordered, m->ordered_count, m->in->arena, &out->endpoints);
    out->types = err ? slice_of(NULL, 0) : cost_types(m->ordered, m->ordered_count, m->in->arena);
    return err ? err : out->types.ptr ? ERR_OK : ERR_NOMEM;
}

err_t view_costs_make(const view_input_t *in, const property_map_pids_t *maps, size_t map_count,
                      slice_t default_map, view_costs_t *out)
{
    maker_t m = {.in = in, .maps = maps, .map_count = map_count};
    *out = (view_costs_t){.count = 0};
    m.spaces = arena_array(in->arena, map_count + 1, sizeof(cost_space_t *));
    err_t err = m.spaces ? find_shown(&m, default_map) : ERR_NOMEM;
    for (size_t i = 0; i < map_count && !err; i++) {
        err = make_space(&m, i);
    }
    err = err ? err : order_spaces(&m, default_map);
    out->spaces = m.spaces;
    out->maps = err ? NULL : arena_array(in->arena, m.shown_count + 1, sizeof *out->maps);
    err = err || out->maps ? err : ERR_NOMEM;
    for (size_t i = 0; i < m.shown_count && !err; i++) {
        err = make_map(&m, m.shown[i], &out->maps[out->count++]);
    }
    return err ? err : make_common(&m, out);
}
