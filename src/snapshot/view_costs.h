/*
 * The cost maps of a view, and its endpoint cost service. Private to src/snapshot.
 */
#ifndef FPD_SNAPSHOT_VIEW_COSTS_H
#define FPD_SNAPSHOT_VIEW_COSTS_H

#include "view.h"

#include "footprintd/alto/costs.h"
#include "footprintd/alto/property_map.h"

/* A cost map of the view; its filtered form offers all cost types of the space. */
typedef struct view_cost_map {
    cost_map_content_t *content;
    cost_space_t *space;
} view_cost_map_t;

typedef struct view_costs {
    view_cost_map_t *maps; /* by id */
    size_t count;
    cost_space_t **spaces; /* of each network map; NULL: none of its costs are shown */
    endpoint_cost_content_t *endpoints;
    slice_t types; /* the IRD's cost-types */
} view_costs_t;

/* The most resources that these are. */
#define VIEW_COSTS_RESOURCES(model) (2 * ((model)->cost_map_count + 1) + 1)

/*
 * A view sees a cost map that its scope sees, with a network map that it shows. Where it would see
 * none of routingcost (RFC 7285 11.2.3 wants one), every PID of the default map costs 1.
 */
err_t view_costs_make(const view_input_t *in, const property_map_pids_t *maps, size_t map_count,
                      slice_t default_map, view_costs_t *out) FPD_MUST_CHECK;

#endif
