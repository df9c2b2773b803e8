#include "cost_map.h"
#include "cost_request.h"

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
    return cost_request_read(r, body, limits, &cost_pids_form, space->offers, space->offer_count,
                             out);
}

/* All that a cost map of this type says. */
static bool wants_whole(const cost_request_t *q)
{
    return q->offer->whole && is_all(q->srcs) && is_all(q->dsts) && cost_range_is_all(&q->range);
}

static bool fill(request_t *r, const cost_request_t *q, const alto_limits_t *limits,
                 cost_table_t *out)
{
    const cost_space_t *space = q->offer->space;
    cost_side_t from, to;
    if (!cost_request_pids(r, space, q, &from, &to) ||
        !cost_request_pairs(r, limits, from.count, to.count)) {
        return false;
    }
    if (cost_table_fill(q->offer, &from, &to, r->arena, out)) {
        r->arena->failed = true;
        return false;
    }
    cost_table_constrain(out, &q->range);
    return true;
}

/* ---- the resource ---- */

static err_t answer(const resource_t *resource, slice_t body, const alto_limits_t *limits,
                    arena_t *arena, alto_answer_t *out)
{
    request_t r = {arena, out, NULL};
    cost_request_t q;
    cost_table_t table;
    if (!read_request(&r, resource->content, body, limits, &q)) {
        return request_end(&r);
    }
    if (wants_whole(&q)) {
        request_answer_document(&r, ALTO_MEDIA_COST_MAP, q.offer->whole->document);
    } else if (fill(&r, &q, limits, &table)) {
        slice_t head = cost_map_head(q.offer, arena);
        if (head.ptr) {
            cost_request_answer(&r, ALTO_MEDIA_COST_MAP, head, &table);
        }
    }
    return request_end(&r);
}

static err_t tree(const resource_t *resource, slice_t input, const alto_limits_t *limits,
                  arena_t *arena, alto_answer_t *refused, nodes_t *nodes, node_t **out)
{
    request_t r = {arena, refused, NULL};
    cost_request_t q;
    cost_table_t table;
    *out = NULL;
    if (!read_request(&r, resource->content, input, limits, &q)) {
        return request_end(&r);
    }
    if (wants_whole(&q)) {
        return cost_map_tree(q.offer->whole, nodes, out);
    }
    if (fill(&r, &q, limits, &table)) {
        *out = cost_map_root(q.offer, cost_request_rows(&table, nodes), nodes);
        return nodes->failed ? ERR_NOMEM : ERR_OK;
    }
    return request_end(&r);
}

static uint64_t cost(const resource_t *resource, slice_t body)
{
    const cost_space_t *space = resource->content;
    size_t srcs, dsts, all = space->map->count;
    /* Of a small map no request is much. */
    if (all * all > 4096) {
        cost_request_count(body, SLICE_LIT("pids"), all, &srcs, &dsts);
    } else {
        srcs = dsts = all;
    }
    srcs = srcs < all ? srcs : all;
    dsts = dsts < all ? dsts : all;
    return cost_request_estimate(body, srcs * dsts);
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
