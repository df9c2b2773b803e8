#include "footprintd/alto/costs.h"

#include <stdlib.h>

/* ---- offers ---- */

static slice_t type_text(const cost_type_t *type, arena_t *arena)
{
    return arena_printf(arena, "{\"cost-mode\":\"%s\",\"cost-metric\":\"%.*s\"}",
                        cost_mode_names[type->mode], SLICE_ARG(type->metric));
}

cost_offer_t *cost_offer_find(cost_offer_t *offers, size_t count, const cost_type_t *type)
{
    for (size_t i = 0; i < count; i++) {
        if (cost_type_eq(&offers[i].type, type)) {
            return &offers[i];
        }
    }
    return NULL;
}

static void add_offer(cost_space_t *space, const cost_type_t *type, const cost_matrix_t *costs,
                      bool ranked, arena_t *arena)
{
    const cost_metric_t *metric = cost_metric_find(type->metric);
    space->offers[space->offer_count++] = (cost_offer_t){
        .type = *type,
        .name = arena_printf(arena, "%s-%.*s", type->mode == COST_ORDINAL ? "ord" : "num",
                             SLICE_ARG(type->metric)),
        .text = type_text(type, arena),
        .costs = costs,
        .ranked = ranked,
        .higher_is_better = metric && metric->higher_is_better,
        .space = space,
    };
}

static int by_name(const void *x, const void *y)
{
    return slice_cmp(((const cost_offer_t *)x)->name, ((const cost_offer_t *)y)->name);
}

static bool make_keys(cost_space_t *space, arena_t *arena)
{
    slice_t *keys = arena_array(arena, space->map->count + 1, sizeof *keys);
    for (size_t i = 0; keys && i < space->map->count; i++) {
        /* PID names need no escapes (RFC 7285 10.1). */
        keys[i] = arena_printf(arena, "\"%.*s\":", SLICE_ARG(space->map->pids[i].name));
    }
    space->keys = keys;
    return keys && !arena_failed(arena);
}

err_t cost_space_build(const network_map_content_t *map, const pid_index_t *index,
                       const model_cost_map_t *const *costs, size_t count, arena_t *arena,
                       cost_space_t **out)
{
    cost_space_t *space = arena_alloc(arena, sizeof *space);
    if (!space) {
        return ERR_NOMEM;
    }
    *space = (cost_space_t){.map = map, .index = index};
    space->offers = arena_array(arena, 2 * count + 1, sizeof *space->offers);
    if (!space->offers || !make_keys(space, arena)) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        add_offer(space, &costs[i]->type, &costs[i]->costs, false, arena);
    }
    for (size_t i = 0; i < count; i++) {
        const cost_type_t ordinal = {costs[i]->type.metric, COST_ORDINAL};
        if (costs[i]->type.mode == COST_NUMERICAL &&
            !cost_offer_find(space->offers, space->offer_count, &ordinal)) {
            add_offer(space, &ordinal, &costs[i]->costs, true, arena);
        }
    }
    qsort(space->offers, space->offer_count, sizeof *space->offers, by_name);
    *out = space;
    return arena_failed(arena) ? ERR_NOMEM : ERR_OK;
}

err_t endpoint_cost_build(cost_space_t *const *spaces, size_t count, arena_t *arena,
                          endpoint_cost_content_t **out)
{
    endpoint_cost_content_t *c = arena_alloc(arena, sizeof *c);
    size_t most = 0;
    for (size_t i = 0; i < count; i++) {
        most += spaces[i]->offer_count;
    }
    cost_offer_t *offers = arena_array(arena, most + 1, sizeof *offers);
    if (!c || !offers) {
        return ERR_NOMEM;
    }
    *c = (endpoint_cost_content_t){.offers = offers};
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < spaces[i]->offer_count; k++) {
            const cost_offer_t *offer = &spaces[i]->offers[k];
            if (!cost_offer_find(offers, c->count, &offer->type)) {
                offers[c->count++] = *offer;
            }
        }
    }
    if (c->count) {
        qsort(offers, c->count, sizeof *offers, by_name);
    }
    *out = c;
    return ERR_OK;
}

/* ---- in the IRD ---- */

static slice_t keep(buf_t *text, arena_t *arena)
{
    slice_t copy = buf_failed(text) ? slice_of(NULL, 0) : arena_copy(arena, buf_slice(text));
    buf_release(text);
    return copy;
}

slice_t cost_capabilities(const cost_offer_t *offers, size_t count, bool constraints,
                          arena_t *arena)
{
    buf_t text = BUF_INIT;
    buf_append_str(&text, "{\"cost-type-names\":[");
    for (size_t i = 0; i < count; i++) {
        buf_printf(&text, "%s\"%.*s\"", i ? "," : "", SLICE_ARG(offers[i].name));
    }
    buf_append_str(&text, constraints ? "],\"cost-constraints\":true}" : "]}");
    return keep(&text, arena);
}

slice_t cost_types(cost_space_t *const *spaces, size_t count, arena_t *arena)
{
    buf_t text = BUF_INIT;
    endpoint_cost_content_t *all = NULL;
    /* Every type once, by name: as the endpoint cost service has them. */
    if (endpoint_cost_build(spaces, count, arena, &all)) {
        return slice_of(NULL, 0);
    }
    buf_append_char(&text, '{');
    for (size_t i = 0; i < all->count; i++) {
        buf_printf(&text, "%s\"%.*s\":%.*s", i ? "," : "", SLICE_ARG(all->offers[i].name),
                   SLICE_ARG(all->offers[i].text));
    }
    buf_append_char(&text, '}');
    return keep(&text, arena);
}
