#include "path_vector.h"

#include "footprintd/alto/property_map.h"

/* Path vectors by POST (RFC 9275 7.2, 7.3), and costs of other types beside them (6.5, 8.6). */

static const path_shape_t costs = {"costmap", "cost-map", true,
                                   MESSAGE_KIND(ALTO_MEDIA_COST_MAP, ALTO_MEDIA_PROPERTY_MAP)};
static const path_shape_t endpoints = {
    "ecs", "endpoint-cost-map", false,
    MESSAGE_KIND(ALTO_MEDIA_ENDPOINT_COST, ALTO_MEDIA_PROPERTY_MAP)};

/* ---- the request ---- */

#define FIELD "ane-property-names"

static bool take_property(const path_vector_content_t *c, slice_t name, ane_properties_t *out)
{
    if (c->topology->shows_bandwidth && slice_is(name, ANE_BANDWIDTH)) {
        out->bandwidth = true;
        return true;
    }
    if (c->elements_id.len && slice_is(name, ANE_ENTITY)) {
        out->entity = true;
        return true;
    }
    return false;
}

/* The wrong one, or NULL. */
static const json_value_t *read_properties(const path_vector_content_t *c, const json_value_t *list,
                                           ane_properties_t *out)
{
    *out = (ane_properties_t){false, false};
    for (size_t i = 0; list && i < list->u.array.count; i++) {
        const json_value_t *v = &list->u.array.items[i];
        if (v->kind != JSON_STRING || !take_property(c, v->u.text, out)) {
            return v;
        }
    }
    return NULL;
}

static bool check_properties(request_t *r, const cost_lists_t *form, bool values)
{
    const json_value_t *list = json_get(r->root, FIELD);
    ane_properties_t properties;
    if (!values) {
        return !list || list->kind == JSON_ARRAY || request_wrong_type(r, FIELD);
    }
    const json_value_t *wrong = read_properties(form->content, list, &properties);
    return !wrong || request_wrong_value(r, FIELD, wrong);
}

static cost_lists_t form_of(const path_vector_content_t *c, const path_shape_t *shape)
{
    cost_lists_t form = shape->depends ? cost_pids_form : cost_endpoints_form;
    form.more = check_properties;
    form.content = c;
    return form;
}

/* Sources and destinations, as what answers for a column numbers them. */
typedef struct sides {
    cost_side_t from, to;
} sides_t;

/* From the numbers of PIDs to those of nodes, or from what may be no node. */
static bool to_nodes(request_t *r, const path_vector_content_t *c, const path_shape_t *shape,
                     cost_side_t *side)
{
    uint32_t *nodes = arena_array(r->arena, side->count + 1, sizeof *nodes);
    for (size_t i = 0; nodes && i < side->count; i++) {
        uint32_t number = side->pids[i];
        nodes[i] = shape->depends                     ? c->index->pid_nodes[number]
                   : number < c->topology->node_count ? number
                                                      : TOPOLOGY_NONE;
    }
    side->pids = nodes;
    return nodes != NULL;
}

/* Where they are in the topology. */
static bool find_nodes(request_t *r, const path_answer_t *a, const alto_limits_t *limits,
                       sides_t *out)
{
    bool found = a->shape->depends ? cost_request_pids(r, a->c->pids, &a->q, &out->from, &out->to)
                                   : cost_request_endpoints(r, a->c->endpoints, &a->q, limits,
                                                            &out->from, &out->to);
    return found && to_nodes(r, a->c, a->shape, &out->from) &&
           to_nodes(r, a->c, a->shape, &out->to);
}

/* Where they are in the network map. */
static bool find_pids(request_t *r, const path_answer_t *a, const alto_limits_t *limits,
                      sides_t *out)
{
    return a->shape->depends
               ? cost_request_pids(r, a->c->pids, &a->q, &out->from, &out->to)
               : cost_request_endpoints(r, a->c->pids, &a->q, limits, &out->from, &out->to);
}

static bool read_request(request_t *r, path_answer_t *a, slice_t body, const alto_limits_t *limits)
{
    const cost_lists_t form = form_of(a->c, a->shape);
    bool read = a->shape->depends
                    ? cost_request_read(r, body, limits, &form, &a->c->terms, &a->q)
                    : cost_request_read_endpoints(r, body, limits, &form, &a->c->terms, &a->q);
    if (read) {
        (void)read_properties(a->c, json_get(r->root, FIELD), &a->properties);
    }
    return read;
}

/* ---- the tables ---- */

/* The columns of numbers, which may be tested; those of paths, *paths: there is one, are to come.
 */
static bool fill_costs(request_t *r, path_answer_t *a, const alto_limits_t *limits, bool *paths)
{
    sides_t pids = {{0}, {0}};
    err_t err = ERR_OK;
    bool placed = false;
    *paths = false;
    for (size_t i = 0; i < a->costs.column_count && !err; i++) {
        cost_column_t *column = &a->costs.columns[i];
        if (column->offer == a->c->offer) {
            column->paths = &a->paths;
            *paths = true;
            continue;
        }
        if (!placed && !find_pids(r, a, limits, &pids)) {
            return false;
        }
        placed = true;
        err = cost_table_fill(&a->costs, i, &pids.from, &pids.to, &a->q.test, r->arena);
    }
    err = err ? err : cost_table_finish(&a->costs, &a->q.test, r->arena);
    r->arena->failed |= err != ERR_OK;
    return !err;
}

/* False: the answer is made, or memory is out. The table of paths must be released in any case. */
static bool make_tables(request_t *r, path_answer_t *a, slice_t body, const alto_limits_t *limits)
{
    sides_t nodes;
    bool paths;
    if (!read_request(r, a, body, limits) || !find_nodes(r, a, limits, &nodes) ||
        !cost_request_fits(r, limits, &a->q, nodes.from.count, nodes.to.count)) {
        return false;
    }
    a->costs = (cost_table_t){.from = nodes.from,
                              .to = nodes.to,
                              .columns = a->q.columns,
                              .shown = a->q.shown,
                              .column_count = a->q.column_count,
                              .multi = a->q.multi};
    if (!fill_costs(r, a, limits, &paths)) {
        return false;
    }
    err_t err = paths ? path_table_fill(&a->paths, a->c, &nodes.from, &nodes.to, a->costs.passed,
                                        limits ? limits->ane_key : NULL)
                      : ERR_OK;
    r->arena->failed |= err && err != ERR_LIMIT;
    return err == ERR_LIMIT ? request_too_big(r) : !err;
}

/* ---- the resources ---- */

static err_t answer(const path_vector_content_t *c, const path_shape_t *shape, slice_t body,
                    const alto_limits_t *limits, arena_t *arena, alto_answer_t *out)
{
    request_t r = {arena, out, NULL};
    path_answer_t a = {.c = c, .shape = shape};
    if (make_tables(&r, &a, body, limits)) {
        path_answer_write(&r, &a);
        out->entities = shape->depends ? 0 : a.costs.from.count * a.costs.to.count;
    }
    path_table_release(&a.paths);
    return request_end(&r);
}

static err_t answer_costs(const resource_t *resource, slice_t body, const alto_limits_t *limits,
                          arena_t *arena, alto_answer_t *out)
{
    return answer(resource->content, &costs, body, limits, arena, out);
}

static err_t answer_endpoints(const resource_t *resource, slice_t body, const alto_limits_t *limits,
                              arena_t *arena, alto_answer_t *out)
{
    return answer(resource->content, &endpoints, body, limits, arena, out);
}

static err_t tree(const resource_t *resource, slice_t input, const alto_limits_t *limits,
                  arena_t *arena, alto_answer_t *refused, nodes_t *nodes, node_t **out)
{
    bool pids = resource->kind == &resource_kind_path_vector;
    request_t r = {arena, refused, NULL};
    path_answer_t a = {.c = resource->content, .shape = pids ? &costs : &endpoints};
    bool made = make_tables(&r, &a, input, limits);
    *out = made ? path_answer_tree(&r, &a, nodes) : NULL;
    path_table_release(&a.paths);
    return made ? (*out ? ERR_OK : ERR_NOMEM) : request_end(&r);
}

/* A path has some dozen elements, each of which is found, counted and written. */
static uint64_t estimate(const path_vector_content_t *c, slice_t body, const cost_scale_t *scale)
{
    return cost_request_estimate(body, &c->terms, scale) + (uint64_t)scale->srcs * scale->dsts;
}

static uint64_t cost_of_costs(const resource_t *resource, slice_t body)
{
    const path_vector_content_t *c = resource->content;
    size_t all = c->pids->map->count;
    cost_scale_t scale = cost_request_scale(body, slice_str(cost_pids_form.name), all);
    scale.srcs = scale.srcs < all ? scale.srcs : all;
    scale.dsts = scale.dsts < all ? scale.dsts : all;
    return estimate(c, body, &scale);
}

static uint64_t cost_of_endpoints(const resource_t *resource, slice_t body)
{
    cost_scale_t scale = cost_request_scale(body, slice_str(cost_endpoints_form.name), 1);
    return estimate(resource->content, body, &scale);
}

const resource_kind_t resource_kind_path_vector = {
    .name = "path-vector",
    .media_type = "multipart/related;type=" ALTO_MEDIA_COST_MAP,
    .accepts = ALTO_MEDIA_COST_MAP_FILTER,
    .answer = answer_costs,
    .cost = cost_of_costs,
    .tree = tree,
    .message = &costs.message,
    .hides_names = true,
    .rank = 2,
};

const resource_kind_t resource_kind_endpoint_path_vector = {
    .name = "endpoint-path-vector",
    .media_type = "multipart/related;type=" ALTO_MEDIA_ENDPOINT_COST,
    .accepts = ALTO_MEDIA_ENDPOINT_COST_PARAMS,
    .answer = answer_endpoints,
    .cost = cost_of_endpoints,
    .tree = tree,
    .message = &endpoints.message,
    .hides_names = true,
    .rank = 2,
};
