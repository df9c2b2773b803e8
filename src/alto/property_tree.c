#include "properties.h"

#include "property_items.h"
#include "property_tree.h"
#include "request.h"
#include "trees.h"

#include <stdlib.h>

/* What was made for one number of a property's values. */
typedef struct made {
    node_t *value;
    node_t *alone; /* the properties of an entity that has no other */
} made_t;

/* What was made for one property. Numbers are dense. */
typedef struct memory {
    size_t numbers;
    made_t *made;
    node_t **capabilities; /* by their numbers */
} memory_t;

typedef struct planter {
    const property_map_content_t *c;
    nodes_t *nodes;
    arena_t arena; /* of one value at a time */
    buf_t text;
    memory_t *memory; /* by property */
} planter_t;

static void remember_nothing(planter_t *p, const items_t *items)
{
    size_t count = p->c->get_property_count;
    p->memory = calloc(count + 1, sizeof *p->memory);
    p->nodes->failed |= !p->memory;
    for (size_t i = 0; p->memory && i < items->count; i++) {
        memory_t *m = &p->memory[items->list[i].property];
        size_t number = items->list[i].number;
        m->numbers = number < m->numbers ? m->numbers : number + 1;
    }
    for (size_t i = 0; p->memory && i < count; i++) {
        const property_t *property = &p->c->properties[i];
        bool lists = property->kind == PROPERTY_CAPABILITIES;
        memory_t *m = &p->memory[i];
        m->made = calloc(m->numbers + 1, sizeof *m->made);
        m->capabilities = calloc((lists ? p->c->capabilities[property->index].count : 0) + 1,
                                 sizeof(node_t *));
        p->nodes->failed |= !m->made || !m->capabilities;
    }
}

static void forget(planter_t *p)
{
    for (size_t i = 0; p->memory && i < p->c->get_property_count; i++) {
        free(p->memory[i].made);
        free(p->memory[i].capabilities);
    }
    free(p->memory);
}

static made_t *made_of(const planter_t *p, const item_t *item)
{
    return &p->memory[item->property].made[item->number];
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

/* Lists are many, and of few capabilities: these are read once. */
static node_t *capabilities_node(planter_t *p, const item_t *item)
{
    const capabilities_t *c = &p->c->capabilities[p->c->properties[item->property].index];
    const capability_list_t *list = &c->lists[item->number];
    node_t **known = p->memory[item->property].capabilities;
    node_t **nodes = calloc(list->count + 1, sizeof(node_t *));
    p->nodes->failed |= !nodes;
    for (size_t i = 0; i < list->count && !p->nodes->failed; i++) {
        node_t **n = &known[list->numbers[i]];
        *n = *n ? *n : parsed(p, c->texts[list->numbers[i]]);
        nodes[i] = *n;
    }
    node_t *n = p->nodes->failed ? NULL : nodes_array(p->nodes, nodes, list->count);
    free(nodes);
    return n;
}

static node_t *text_node(planter_t *p, const item_t *item)
{
    buf_clear(&p->text);
    if (item->number) {
        property_number_text(p->c, &p->c->properties[item->property], item->number, &p->text);
    } else {
        buf_append_str(&p->text, "null");
    }
    p->nodes->failed |= buf_failed(&p->text);
    return p->nodes->failed ? NULL : nodes_text(p->nodes, NULL, buf_slice(&p->text));
}

/* Every value that occurs is made once. */
static node_t *value_node(planter_t *p, const item_t *item)
{
    node_t **value = &made_of(p, item)->value;
    if (!*value) {
        bool list = item->number && p->c->properties[item->property].kind == PROPERTY_CAPABILITIES;
        *value = list ? capabilities_node(p, item) : text_node(p, item);
    }
    return *value;
}

/* The properties of one entity: most have one, of a few values. */
static node_t *properties_node(planter_t *p, const item_t *items, size_t count)
{
    node_t **alone = count == 1 ? &made_of(p, items)->alone : NULL;
    if (alone && *alone) {
        return *alone;
    }
    slice_t *names = calloc(count, sizeof *names);
    node_t **values = calloc(count, sizeof(node_t *));
    p->nodes->failed |= !names || !values;
    for (size_t i = 0; i < count && !p->nodes->failed; i++) {
        names[i] = p->c->properties[items[i].property].name;
        values[i] = value_node(p, &items[i]);
    }
    node_t *n = p->nodes->failed ? NULL : nodes_object(p->nodes, names, values, count);
    free(names);
    free(values);
    if (alone) {
        *alone = n;
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
    remember_nothing(p, items);
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
    forget(p);
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
