#include "cost_map.h"

/* ---- what is asked for ---- */

const cost_lists_t cost_pids_form = {.name = "pids",
                                     .srcs = "pids/srcs",
                                     .dsts = "pids/dsts",
                                     .members_needed = true,
                                     .valid = request_is_pid_name};

static bool is_all(const json_value_t *list)
{
    return !list || !list->u.array.count;
}

/*
 * The PIDs of a list, once each, in the order of the map; unknown ones are as if not given, but
 * "empty means all" is said of the list as received.
 */
static bool choose(request_t *r, const cost_space_t *space, const json_value_t *list,
                   cost_side_t *out)
{
    size_t size = space->map->count, n = 0;
    uint32_t *pids = arena_array(r->arena, size + 1, sizeof *pids);
    slice_t *keys = arena_array(r->arena, size + 1, sizeof *keys);
    uint8_t *wanted = is_all(list) ? NULL : arena_array(r->arena, size + 1, 1);
    if (!pids || !keys || (!is_all(list) && !wanted)) {
        return false;
    }
    for (size_t i = 0; wanted && i < list->u.array.count; i++) {
        size_t index;
        if (network_map_find_pid(space->map, list->u.array.items[i].u.text, &index)) {
            wanted[index] = 1;
        }
    }
    for (size_t i = 0; i < size; i++) {
        if (!wanted || wanted[i]) {
            pids[n] = (uint32_t)i;
            keys[n++] = space->keys[i];
        }
    }
    *out = (cost_side_t){keys, pids, n};
    return true;
}

bool cost_request_pids(request_t *r, const cost_space_t *space, const cost_request_t *q,
                       cost_side_t *from, cost_side_t *to)
{
    return choose(r, space, q->srcs, from) && choose(r, space, q->dsts, to);
}

static bool read_request(request_t *r, const cost_space_t *space, slice_t body,
                         const alto_limits_t *limits, cost_request_t *out)
{
    const cost_terms_t terms = cost_space_terms(space);
    return cost_request_read(r, body, limits, &cost_pids_form, &terms, out);
}

/* All that a cost map of this type says; NULL: what is asked for is not that. */
static const cost_map_content_t *wanted_whole(const cost_request_t *q)
{
    bool whole = !q->multi && !q->columns[0].calendar && is_all(q->srcs) && is_all(q->dsts) &&
                 !q->test.group_count;
    return whole ? q->columns[0].offer->whole : NULL;
}

static bool fill(request_t *r, const cost_space_t *space, const cost_request_t *q,
                 const alto_limits_t *limits, cost_table_t *out)
{
    cost_side_t from, to;
    if (!cost_request_pids(r, space, q, &from, &to) ||
        !cost_request_fits(r, limits, q, from.count, to.count)) {
        return false;
    }
    *out = (cost_table_t){.from = from,
                          .to = to,
                          .columns = q->columns,
                          .shown = q->shown,
                          .column_count = q->column_count,
                          .multi = q->multi};
    err_t err = ERR_OK;
    for (size_t i = 0; i < q->column_count && !err; i++) {
        err = cost_table_fill(out, i, &from, &to, &q->test, r->arena);
    }
    err = err ? err : cost_table_finish(out, &q->test, r->arena);
    r->arena->failed |= err != ERR_OK;
    return !err;
}

/* ---- the resource ---- */

static err_t answer(const resource_t *resource, slice_t body, const alto_limits_t *limits,
                    arena_t *arena, alto_answer_t *out)
{
    const cost_space_t *space = resource->content;
    request_t r = {arena, out, NULL};
    cost_request_t q;
    cost_table_t table;
    if (!read_request(&r, space, body, limits, &q)) {
        return request_end(&r);
    }
    const cost_map_content_t *whole = wanted_whole(&q);
    if (whole) {
        request_answer_document(&r, ALTO_MEDIA_COST_MAP, whole->document);
    } else if (fill(&r, space, &q, limits, &table)) {
        slice_t meta = cost_meta(space, &q, arena);
        if (meta.len) {
            cost_request_answer(&r, ALTO_MEDIA_COST_MAP, meta, "cost-map", &table);
        }
    }
    return request_end(&r);
}

static err_t tree(const resource_t *resource, slice_t input, const alto_limits_t *limits,
                  arena_t *arena, alto_answer_t *refused, nodes_t *nodes, node_t **out)
{
    const cost_space_t *space = resource->content;
    request_t r = {arena, refused, NULL};
    cost_request_t q;
    cost_table_t table;
    *out = NULL;
    if (!read_request(&r, space, input, limits, &q)) {
        return request_end(&r);
    }
    const cost_map_content_t *whole = wanted_whole(&q);
    if (whole) {
        return cost_map_tree(whole, nodes, out);
    }
    if (fill(&r, space, &q, limits, &table)) {
        slice_t meta = cost_meta(space, &q, arena);
        *out = meta.len ? cost_request_tree(meta, "cost-map", &table, nodes) : NULL;
        return *out ? ERR_OK : ERR_NOMEM;
    }
    return request_end(&r);
}

static uint64_t cost(const resource_t *resource, slice_t body)
{
    const cost_space_t *space = resource->content;
    size_t all = space->map->count;
    const cost_terms_t terms = cost_space_terms(space);
    cost_scale_t scale = {all, all, 1, 0, false};
    /* Of a small map no short request is much. */
    if (all * all > 256 || body.len > 4096) {
        scale = cost_request_scale(body, slice_str(cost_pids_form.name), all);
    }
    scale.srcs = scale.srcs < all ? scale.srcs : all;
    scale.dsts = scale.dsts < all ? scale.dsts : all;
    return cost_request_estimate(body, &terms, &scale);
}

const resource_kind_t resource_kind_cost_map_filtered = {
    .name = "cost-map-filtered",
    .media_type = ALTO_MEDIA_COST_MAP,
    .accepts = ALTO_MEDIA_COST_MAP_FILTER,
    .answer = answer,
    .cost = cost,
    .tree = tree,
    .rank = 1,
};
