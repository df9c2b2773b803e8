/*
 * The trees of property maps (alto/tree.h). Private to src/alto; the functions are those of
 * resource_kind_t.tree.
 */
#ifndef FPD_ALTO_PROPERTY_TREE_H
#define FPD_ALTO_PROPERTY_TREE_H

#include "footprintd/alto/property_map.h"

err_t property_map_tree(const resource_t *resource, slice_t input, const alto_limits_t *limits,
                        arena_t *arena, alto_answer_t *refused, nodes_t *nodes,
                        node_t **out) FPD_MUST_CHECK;
err_t property_map_filtered_tree(const resource_t *resource, slice_t input,
                                 const alto_limits_t *limits, arena_t *arena,
                                 alto_answer_t *refused, nodes_t *nodes,
                                 node_t **out) FPD_MUST_CHECK;

#endif
