#include "cost_map.h"
#include "trees.h"

static void write_depends(const cost_space_t *space, buf_t *out)
{
    buf_printf(out, "\"dependent-vtags\":[{\"resource-id\":\"%.*s\",\"tag\":\"%s\"}],",
               SLICE_ARG(space->map->id), space->map->tag);
}

/* What the resource says of its types, not what the client wrote (RFC 8189 4.1.3). */
static void write_types(const cost_column_t *columns, size_t count, bool multi, buf_t *out)
{
    if (!multi) {
        buf_append_str(out, "\"cost-type\":");
        buf_append_slice(out, columns[0].offer->text);
        return;
    }
    buf_append_str(out, "\"cost-type\":{},\"multi-cost-types\":[");
    for (size_t i = 0; i < count; i++) {
        buf_append_str(out, i ? "," : "");
        buf_append_slice(out, columns[i].offer->text);
    }
    buf_append_char(out, ']');
}

slice_t cost_meta(const cost_space_t *space, const cost_request_t *q, arena_t *arena)
{
    buf_t text = BUF_INIT;
    buf_append_char(&text, '{');
    if (space) {
        write_depends(space, &text);
    }
    write_types(q->columns, q->shown, q->multi, &text);
    buf_append_char(&text, '}');
    slice_t meta = buf_failed(&text) ? SLICE_LIT("") : arena_copy(arena, buf_slice(&text));
    arena->failed |= !meta.len;
    buf_release(&text);
    return meta;
}

slice_t cost_meta_one(const cost_offer_t *offer, arena_t *arena)
{
    cost_column_t column = {offer, NULL};
    const cost_request_t q = {.columns = &column, .shown = 1, .column_count = 1};
    return cost_meta(offer->space, &q, arena);
}

node_t *cost_root(slice_t meta, const char *key, node_t *rows, nodes_t *nodes)
{
    const slice_t top[] = {{"meta", 4}, slice_str(key)};
    json_value_t *tree = NULL;
    json_error_t error;
    arena_t arena;
    arena_init(&arena, 0);
    node_t *root = NULL;
    if (rows && !json_parse(meta, 0, &arena, &tree, &error)) {
        root = tree_members(nodes, top, 2, nodes_json(nodes, tree), rows);
    }
    nodes->failed |= !root;
    arena_release(&arena);
    return root;
}
