/*
 * The tree of the GET property map (alto/tree.h). Private to src/alto; the function is that of
 * resource_kind_t.tree.
 */
#ifndef FPD_ALTO_PROPERTY_TREE_H
#define FPD_ALTO_PROPERTY_TREE_H

#include "footprintd/alto/property_map.h"

err_t property_map_tree(const resource_t *resource, slice_t input, const alto_limits_t *limits,
                        arena_t *arena, alto_answer_t *refused, nodes_t *nodes,
                        node_t **out) FPD_MUST_CHECK;

#endif
