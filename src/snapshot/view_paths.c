#include "view_paths.h"

static const property_map_pids_t *find_map(const property_map_pids_t *maps, size_t count,
                                           const model_network_map_t *map)
{
    for (size_t i = 0; i < count; i++) {
        if (maps[i].map == map) {
            return &maps[i];
        }
    }
    return NULL;
}

static const slice_t *ids(arena_t *arena, slice_t first, slice_t second)
{
    slice_t *uses = arena_array(arena, 2, sizeof *uses);
    if (uses) {
        uses[0] = first;
        uses[1] = second;
    }
    return uses;
}

/*
 * RFC 9275 7.2.5, 7.3.5: costs between endpoints name no network map (RFC 7285 11.5.1.5), both the
 * property map of the elements.
 */
static bool add(const path_vector_content_t *c, arena_t *arena, view_paths_t *out)
{
    size_t elements = c->elements_id.len != 0;
    const slice_t *uses = ids(arena, c->pids->map->id, c->elements_id);
    if (!uses) {
        return false;
    }
    out->items[out->count++] = (view_path_t){
        &resource_kind_path_vector, c->costs_id, c, NULL, uses, 1 + elements, c->capabilities};
    out->items[out->count++] = (view_path_t){&resource_kind_endpoint_path_vector,
                                             c->endpoints_id,
                                             c,
                                             NULL,
                                             uses + 1,
                                             elements,
                                             c->capabilities};
    if (elements) {
        out->items[out->count++] = (view_path_t){&resource_kind_elements, c->elements_id, c,
                                                 c->elements_tag,         NULL,           0,
                                                 c->elements_capabilities};
    }
    return true;
}

static slice_t add_type(slice_t cost_types, arena_t *arena)
{
    /* Names of other cost types begin with num- and ord-. */
    return arena_printf(arena, "%.*s%s\"" ALTO_PATH_VECTOR_NAME "\":" ALTO_PATH_VECTOR_TYPE "}",
                        (int)cost_types.len - 1, cost_types.ptr, cost_types.len > 2 ? "," : "");
}

err_t view_paths_make(const view_input_t *in, const property_map_pids_t *maps, size_t map_count,
                      cost_space_t *const *spaces, slice_t *cost_types, view_paths_t *out)
{
    const model_t *model = in->model;
    *out = (view_paths_t){.count = 0};
    out->items = arena_array(in->arena, VIEW_PATHS_RESOURCES(model) + 1, sizeof *out->items);
    err_t err = out->items ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < model->topology_count && !err; i++) {
        const model_topology_t *t = &model->topologies[i];
        const property_map_pids_t *map = find_map(maps, map_count, t->network_map);
        if (!map || !scope_sees(in->scope, t->document)) {
            continue;
        }
        const path_vector_input_t input = {.topology = t,
                                           .index = in->paths[i],
                                           .map = map->content,
                                           .pids = map->index,
                                           .costs = spaces[map - maps],
                                           .domain = path_vector_domain(in->base_uri),
                                           .arena = in->arena};
        path_vector_content_t *content = NULL;
        err = path_vector_build(&input, &content);
        if (!err && !add(content, in->arena, out)) {
            err = ERR_NOMEM;
        }
    }
    if (!err && out->count) {
        *cost_types = add_type(*cost_types, in->arena);
        err = cost_types->ptr ? ERR_OK : ERR_NOMEM;
    }
    return err;
}
