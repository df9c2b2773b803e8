#include "trees.h"
#include "footprintd/alto/cdni.h"
#include "footprintd/alto/network_map.h"
#include "request.h"
#include "value_list.h"

#include <stdlib.h>

/*
 * The trees of advertisements and network maps, node for node what their bodies say. What several
 * resources show alike is made once a store.
 */

#define NAME(literal) SLICE_LIT(literal)

node_t *tree_members(nodes_t *nodes, const slice_t *names, size_t count, ...)
{
    node_t *children[TREE_MEMBERS_MAX];
    va_list list;
    va_start(list, count);
    for (size_t i = 0; i < count; i++) {
        children[i] = va_arg(list, node_t *);
    }
    va_end(list);
    return nodes_object(nodes, names, children, count);
}

node_t *tree_vtag(nodes_t *nodes, slice_t id, const char *tag)
{
    static const slice_t names[] = {{"resource-id", 11}, {"tag", 3}};
    return tree_members(nodes, names, 2, nodes_string(nodes, id),
                        nodes_string(nodes, slice_str(tag)));
}

/* {"meta":{"vtag":...,"dependent-vtags":[...]},name:content}; either part of meta may be NULL. */
node_t *tree_resource(nodes_t *nodes, node_t *vtag, node_t *dependent, slice_t name,
                      node_t *content)
{
    static const slice_t vtag_name = {"vtag", 4}, dependent_name = {"dependent-vtags", 15};
    slice_t names[2];
    node_t *children[2];
    size_t n = 0;
    if (vtag) {
        names[n] = vtag_name;
        children[n++] = vtag;
    }
    if (dependent) {
        names[n] = dependent_name;
        children[n++] = dependent;
    }
    node_t *meta = nodes_object(nodes, names, children, n);
    const slice_t top[] = {{"meta", 4}, name};
    return tree_members(nodes, top, 2, meta, content);
}

static slice_t key_of(const void *const *pointer)
{
    return slice_of((const char *)pointer, sizeof *pointer);
}

/* ---- values ---- */

static node_t *list_node(nodes_t *nodes, const value_list_t *list)
{
    const void *key = list;
    node_t *n = nodes_recall(nodes, key_of(&key));
    if (!n) {
        n = nodes_list(nodes, list->chunks, list->chunk_count);
        nodes_remember(nodes, key_of(&key), n);
    }
    return n;
}

static node_t *footprint_node(nodes_t *nodes, fp_type_t type, node_t *value)
{
    static const slice_t names[] = {{"footprint-type", 14}, {"footprint-value", 15}};
    return tree_members(nodes, names, 2, nodes_string(nodes, slice_str(fp_type_infos[type].name)),
                        value);
}

/* The Footprint object of one constraint; *lists is moved behind its lists. */
static node_t *constraint_node(nodes_t *nodes, const fp_constraint_t *c,
                               const struct value_list ***lists)
{
    if (c->type != FP_UNION) {
        return footprint_node(nodes, c->type, list_node(nodes, *(*lists)++));
    }
    node_t *members[FP_TYPE_COUNT];
    for (size_t i = 0; i < c->member_count; i++) {
        members[i] = footprint_node(nodes, c->members[i]->type, list_node(nodes, *(*lists)++));
    }
    return footprint_node(nodes, FP_UNION, nodes_array(nodes, members, c->member_count));
}

/* ---- advertisements (RFC 9241 3) ---- */

static node_t *capability_value(nodes_t *nodes, const capability_t *c)
{
    const void *key = c;
    node_t *n = nodes_recall(nodes, key_of(&key));
    if (!n) {
        n = nodes_json(nodes, &c->value);
        nodes_remember(nodes, key_of(&key), n);
    }
    return n;
}

static node_t *object_node(nodes_t *nodes, const cdni_object_t *o)
{
    static const slice_t names[] = {
        {"capability-type", 15}, {"capability-value", 16}, {"footprints", 10}};
    const void *key = o;
    node_t *n = nodes_recall(nodes, key_of(&key));
    if (n) {
        return n;
    }
    const fp_set_t *set = &o->object->footprints;
    const struct value_list **lists = o->lists;
    node_t **footprints = calloc(set->count + 1, sizeof(node_t *));
    nodes->failed |= !footprints;
    for (size_t i = 0; i < set->count && footprints; i++) {
        footprints[i] = constraint_node(nodes, &set->constraints[i], &lists);
    }
    node_t *type = nodes_string(nodes, o->object->capability->name);
    node_t *value = capability_value(nodes, o->object->capability);
    node_t *all = set->count && footprints ? nodes_array(nodes, footprints, set->count) : NULL;
    n = set->count ? tree_members(nodes, names, 3, type, value, all)
                   : tree_members(nodes, names, 2, type, value);
    free(footprints);
    nodes_remember(nodes, key_of(&key), n);
    return n;
}

err_t cdni_tree(const cdni_content_t *c, const bool *chosen, nodes_t *nodes, node_t **out)
{
    node_t **objects = calloc(c->count + 1, sizeof(node_t *));
    size_t n = 0;
    if (!objects) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < c->count && !nodes->failed; i++) {
        if (!chosen || chosen[i]) {
            objects[n++] = object_node(nodes, &c->objects[i]);
        }
    }
    static const slice_t name = {"capabilities-with-footprints", 28};
    node_t *dependent = NULL;
    if (c->uses_map) {
        node_t *map = tree_vtag(nodes, c->map_id, c->map_tag);
        dependent = nodes_array(nodes, &map, 1);
    }
    node_t *list = nodes->failed ? NULL : nodes_array(nodes, objects, n);
    *out = tree_resource(nodes, tree_vtag(nodes, c->id, c->tag), dependent,
                         NAME("cdni-advertisement"), tree_members(nodes, &name, 1, list));
    free(objects);
    return nodes->failed ? ERR_NOMEM : ERR_OK;
}

/* ---- network maps (RFC 7285 11.2.1) ---- */

static node_t *pid_node(nodes_t *nodes, const network_map_pid_t *pid, unsigned families)
{
    static const slice_t family_names[] = {
        [FAMILY_IPV4] = {"ipv4", 4}, [FAMILY_IPV6] = {"ipv6", 4}};
    slice_t names[FAMILY_COUNT];
    node_t *lists[FAMILY_COUNT];
    size_t n = 0;
    for (unsigned f = 0; f < FAMILY_COUNT; f++) {
        if (families & 1u << f && pid->addresses[f]) {
            names[n] = family_names[f];
            lists[n++] = list_node(nodes, pid->addresses[f]);
        }
    }
    return nodes_object(nodes, names, lists, n);
}

err_t network_map_tree(const network_map_content_t *c, const uint8_t *wanted, unsigned families,
                       nodes_t *nodes, node_t **out)
{
    slice_t *names = calloc(c->count + 1, sizeof *names);
    node_t **pids = calloc(c->count + 1, sizeof(node_t *));
    size_t n = 0;
    nodes->failed |= !names || !pids;
    for (size_t i = 0; i < c->count && !nodes->failed; i++) {
        if (!wanted || wanted[i]) {
            names[n] = c->pids[i].name;
            pids[n++] = pid_node(nodes, &c->pids[i], families);
        }
    }
    node_t *map = nodes->failed ? NULL : nodes_object(nodes, names, pids, n);
    *out = tree_resource(nodes, tree_vtag(nodes, c->id, c->tag), NULL, NAME("network-map"), map);
    free(names);
    free(pids);
    return nodes->failed ? ERR_NOMEM : ERR_OK;
}

/* ---- answers ---- */

err_t answer_tree(const resource_t *resource, slice_t input, const alto_limits_t *limits,
                  arena_t *arena, alto_answer_t *refused, nodes_t *nodes, node_t **out)
{
    *out = NULL;
    err_t err = resource->kind->answer(resource, input, limits, arena, refused);
    if (err || refused->status != 200) {
        return err;
    }
    buf_t text = BUF_INIT;
    arena_t parsed;
    json_value_t *value = NULL;
    json_error_t error;
    arena_init(&parsed, 0);
    for (size_t i = 0; i < refused->count; i++) {
        buf_append_slice(&text, refused->segments[i]);
    }
    nodes->failed |= buf_failed(&text) ||
                     json_parse(buf_slice(&text), REQUEST_DEPTH, &parsed, &value, &error);
    *out = nodes->failed ? NULL : nodes_json(nodes, value);
    arena_release(&parsed);
    buf_release(&text);
    return nodes->failed ? ERR_NOMEM : ERR_OK;
}
