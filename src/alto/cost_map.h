/*
 * What answers with costs have in common: their meta. Private to src/alto.
 */
#ifndef FPD_ALTO_COST_MAP_H
#define FPD_ALTO_COST_MAP_H

#include "footprintd/alto/costs.h"

#include "cost_request.h"

/*
 * The meta of an answer, as JSON text; "" on no memory. space NULL: no network map is depended on.
 * Of a request, what it asked for: "cost-type" (RFC 7285 11.2.3.6), or {} for it and
 * "multi-cost-types" (RFC 8189 4.1.3), and "calendar-response-attributes" (RFC 8896 5.1.2).
 */
slice_t cost_meta(const cost_space_t *space, const cost_request_t *q, arena_t *arena);
/* The same for one offer. */
slice_t cost_meta_one(const cost_offer_t *offer, arena_t *arena);

/* {"meta":meta,key:rows} */
node_t *cost_root(slice_t meta, const char *key, node_t *rows, nodes_t *nodes);

#endif
