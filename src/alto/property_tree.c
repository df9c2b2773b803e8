#include "properties.h"

#include "property_items.h"
#include "property_tree.h"
#include "request.h"
#include "trees.h"

#include <stdlib.h>

typedef struct planter {
    const property_map_content_t *c;
    nodes_t *nodes;
    arena_t arena; /* of one value at a time */
    buf_t text;
} planter_t;

static slice_t key_of(const uint64_t key[2])
{
    return slice_of((const char *)key, 2 * sizeof *key);
}

/* Any JSON text that is known to be good. */
static node_t *parsed(planter_t *p, slice_t text)
{
    json_value_t *value = NULL;
    json_error_t error;
    node_t *n = NULL;
    if (json_parse(text, REQUEST_DEPTH, &p->arena, &value, &error)) {
        p->nodes->failed = true;
    } else {
        n = nodes_json(p->nodes, value);
    }
    arena_release(&p->arena);
    return n;
}

/* Every value that occurs is made once. */
static node_t *value_node(planter_t *p, const item_t *item)
{
    const uint64_t key[2] = {item->property, item->number};
    node_t *n = nodes_recall(p->nodes, key_of(key));
    if (n) {
        return n;
    }
    buf_clear(&p->text);
    if (item->number) {
        property_number_text(p->c, &p->c->properties[item->property], item->number, &p->text);
    } else {
        buf_append_str(&p->text, "null");
    }
    p->nodes->failed |= buf_failed(&p->text);
    n = p->nodes->failed ? NULL : parsed(p, buf_slice(&p->text));
    nodes_remember(p->nodes, key_of(key), n);
    return n;
}

/* The properties of one entity: most have one, of a few values. */
static node_t *properties_node(planter_t *p, const item_t *items, size_t count)
{
    const uint64_t key[2] = {UINT64_C(1) << 32 | items->property, items->number};
    node_t *n = count == 1 ? nodes_recall(p->nodes, key_of(key)) : NULL;
    if (n) {
        return n;
    }
    slice_t *names = calloc(count, sizeof *names);
    node_t **values = calloc(count, sizeof(node_t *));
    p->nodes->failed |= !names || !values;
    for (size_t i = 0; i < count && !p->nodes->failed; i++) {
        names[i] = p->c->properties[items[i].property].name;
        values[i] = value_node(p, &items[i]);
    }
    n = p->nodes->failed ? NULL : nodes_object(p->nodes, names, values, count);
    free(names);
    free(values);
    if (count == 1) {
        nodes_remember(p->nodes, key_of(key), n);
    }
    return n;
}

static node_t *map_node(planter_t *p, const items_t *items)
{
    node_t **entities = calloc(items->count + 1, sizeof(node_t *));
    slice_t *names = calloc(items->count + 1, sizeof *names);
    size_t *ends = calloc(items->count + 1, sizeof *ends);
    buf_t all = BUF_INIT;
    size_t n = 0;
    p->nodes->failed |= !entities || !names || !ends;
    for (size_t i = 0, next; i < items->count && !p->nodes->failed; i = next) {
        for (next = i + 1; next < items->count; next++) {
            if (!items_same_entity(&items->list[i], &items->list[next])) {
                break;
            }
        }
        const entity_t e = item_entity(p->c, &items->list[i]);
        entity_text(&e, &all);
        ends[n] = all.len;
        entities[n++] = properties_node(p, &items->list[i], next - i);
    }
    p->nodes->failed |= buf_failed(&all);
    for (size_t i = 0; i < n && !p->nodes->failed; i++) {
        size_t start = i ? ends[i - 1] : 0;
        names[i] = slice_of(all.ptr + start, ends[i] - start);
    }
    node_t *map = p->nodes->failed ? NULL : nodes_object(p->nodes, names, entities, n);
    buf_release(&all);
    free(ends);
    free(names);
    free(entities);
    return map;
}

/* All resources that the map uses: of a GET map nothing is left out. */
static node_t *dependent_node(planter_t *p)
{
    const property_map_content_t *c = p->c;
    node_t **vtags = calloc(c->uses_count + 1, sizeof(node_t *));
    p->nodes->failed |= !vtags;
    for (size_t i = 0; i < c->uses_count && !p->nodes->failed; i++) {
        vtags[i] = tree_vtag(p->nodes, c->uses[i], c->uses_tags[i]);
    }
    node_t *n = p->nodes->failed ? NULL : nodes_array(p->nodes, vtags, c->uses_count);
    free(vtags);
    return n;
}

err_t property_map_tree(const resource_t *resource, slice_t input, const alto_limits_t *limits,
                        arena_t *arena, alto_answer_t *refused, nodes_t *nodes, node_t **out)
{
    (void)input, (void)limits, (void)arena, (void)refused;
    planter_t p = {.c = resource->content, .nodes = nodes, .text = BUF_INIT};
    items_t items = {NULL, 0};
    arena_init(&p.arena, 0);
    /* It was offered, so that it is within its limits. */
    err_t err = items_gather(p.c, p.c->in.max_get_bytes, &items);
    if (!err) {
        *out = tree_resource(nodes, tree_vtag(nodes, resource->id, p.c->tag), dependent_node(&p),
                             SLICE_LIT("property-map"), map_node(&p, &items));
        err = nodes->failed ? ERR_NOMEM : ERR_OK;
    }
    items_release(&items);
    buf_release(&p.text);
    return err;
}

/* Answers are of any shape, and limited in size: they are read. */
err_t property_map_filtered_tree(const resource_t *resource, slice_t input,
                                 const alto_limits_t *limits, arena_t *arena,
                                 alto_answer_t *refused, nodes_t *nodes, node_t **out)
{
    *out = NULL;
    err_t err = resource->kind->answer(resource, input, limits, arena, refused);
    if (err || refused->status != 200) {
        return err;
    }
    planter_t p = {.c = resource->content, .nodes = nodes, .text = BUF_INIT};
    arena_init(&p.arena, 0);
    for (size_t i = 0; i < refused->count; i++) {
        buf_append_slice(&p.text, refused->segments[i]);
    }
    nodes->failed |= buf_failed(&p.text);
    *out = nodes->failed ? NULL : parsed(&p, buf_slice(&p.text));
    buf_release(&p.text);
    return nodes->failed ? ERR_NOMEM : ERR_OK;
}
