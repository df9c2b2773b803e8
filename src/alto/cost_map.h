/*
 * What a cost map and its filtered form have in common. Private to src/alto.
 */
#ifndef FPD_ALTO_COST_MAP_H
#define FPD_ALTO_COST_MAP_H

#include "footprintd/alto/costs.h"

/* {"meta":{...},"cost-map":{ */
slice_t cost_map_head(const cost_offer_t *offer, arena_t *arena);
node_t *cost_type_node(const cost_offer_t *offer, nodes_t *nodes);
node_t *cost_map_root(const cost_offer_t *offer, node_t *rows, nodes_t *nodes);

#endif
