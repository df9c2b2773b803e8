/*
 * Path vectors (RFC 9275): what lies between PIDs, or between endpoints, of a topology, and the
 * property map of its public elements.
 *
 * An answer is multipart/related: costs of the mode `array`, whose values are paths, and the
 * property map of the abstract network elements that they name. The costs of the network map may be
 * asked for beside them, or tested (8.6). An element is a link in one
 * direction, or a node that says so (topology_node_shown). Its name means something within one
 * answer alone, when the request has a key of its own (alto_limits_t.ane_key); what tells it in
 * others is the entity that it is by persistent-entity-id, where documents make it public.
 */
#ifndef FOOTPRINTD_ALTO_PATH_VECTOR_H
#define FOOTPRINTD_ALTO_PATH_VECTOR_H

#include "footprintd/alto/costs.h"
#include "footprintd/paths/index.h"

#define ALTO_PATH_VECTOR_NAME   "path-vector" /* of the cost type, in the IRD */
#define ALTO_PATH_VECTOR_TYPE   "{\"cost-mode\":\"array\",\"cost-metric\":\"ane-path\"}"
#define ALTO_PATH_VECTOR_METRIC "ane-path"

extern const resource_kind_t resource_kind_path_vector;
extern const resource_kind_t resource_kind_endpoint_path_vector;
extern const resource_kind_t resource_kind_elements; /* a property map, by GET */

typedef struct path_vector_input {
    const model_topology_t *topology;
    const path_index_t *index; /* of the topology */
    const network_map_content_t *map;
    const pid_index_t *pids;
    const cost_space_t *costs; /* of the map; NULL: the view shows none */
    slice_t domain;            /* of Content-IDs */
    arena_t *arena;
} path_vector_input_t;

/* What the resources of one topology are made of, in one view. */
typedef struct path_vector_content {
    const model_topology_t *topology;
    const path_index_t *index;
    slice_t costs_id, endpoints_id;
    slice_t elements_id; /* "": it has no public elements */
    slice_t domain;
    slice_t capabilities;          /* of both, in the IRD */
    slice_t elements_capabilities; /* of the property map */
    char elements_tag[TAG_LEN + 1];
    const cost_space_t *pids;  /* numbers of the network map */
    cost_space_t *endpoints;   /* numbers of nodes */
    cost_terms_t terms;        /* the costs of that map, and path vectors */
    const cost_offer_t *offer; /* that of path vectors */
} path_vector_content_t;

err_t path_vector_build(const path_vector_input_t *input,
                        path_vector_content_t **out) FPD_MUST_CHECK;
err_t elements_body(const path_vector_content_t *content, body_t **out) FPD_MUST_CHECK;

/* The domain of Content-IDs: that of the URI, or one that means nobody's. */
slice_t path_vector_domain(slice_t base_uri);

#endif
