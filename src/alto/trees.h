/*
 * What the trees of resources have in common. Private to src/alto.
 */
#ifndef FPD_ALTO_TREES_H
#define FPD_ALTO_TREES_H

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

#endif
