/*
 * What the trees of resources have in common. Private to src/alto.
 */
#ifndef FPD_ALTO_TREES_H
#define FPD_ALTO_TREES_H

#include "footprintd/alto/resource.h"
#include "footprintd/alto/tree.h"

#include <stdarg.h>

#define TREE_MEMBERS_MAX 4

/* The object with these members; `count` node_t pointers follow. */
node_t *tree_members(nodes_t *nodes, const slice_t *names, size_t count, ...);
/* {"resource-id":...,"tag":...} */
node_t *tree_vtag(nodes_t *nodes, slice_t id, const char *tag);
/* {"meta":{"vtag":...,"dependent-vtags":...},name:content}; vtag and dependent may be NULL. */
node_t *tree_resource(nodes_t *nodes, node_t *vtag, node_t *dependent, slice_t name,
                      node_t *content);

/*
 * The tree of a POST resource whose answers are of any shape, and limited in size: what is answered
 * is read. As resource_kind_t.tree has it.
 */
err_t answer_tree(const resource_t *resource, slice_t input, const alto_limits_t *limits,
                  arena_t *arena, alto_answer_t *refused, nodes_t *nodes,
                  node_t **out) FPD_MUST_CHECK;

#endif
