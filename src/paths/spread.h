/*
 * Shortest paths from one node (Dijkstra). Private to src/paths.
 */
#ifndef FPD_PATHS_SPREAD_H
#define FPD_PATHS_SPREAD_H

#include "footprintd/base/err.h"
#include "footprintd/model/topology.h"

typedef struct spread_state {
    uint64_t metric; /* of the path to the node; UINT64_MAX: none is known */
    uint32_t hops;
    uint32_t place; /* in the heap */
} spread_state_t;

/* Memory for one topology, used again for each of its nodes. */
typedef struct spread {
    const model_topology_t *topology;
    uint32_t *first; /* of each node, and one more: where its arcs begin in `arcs` */
    uint32_t *arcs;  /* those that leave a node, in the order of their numbers */
    spread_state_t *states;
    uint32_t *heap; /* nodes */
    size_t heap_count;
} spread_t;

err_t spread_init(spread_t *s, const model_topology_t *topology) FPD_MUST_CHECK;
void spread_release(spread_t *s);
/* The last arc on the way to each node; TOPOLOGY_NONE for the source and where no way leads. */
void spread_from(spread_t *s, uint32_t source, uint32_t *last);

#endif
