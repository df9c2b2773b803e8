/*
 * Topologies: nodes and links that path vectors are made of (RFC 9275).
 *
 * Numbers of nodes, links and elements are their places in the arrays, which are in the order of
 * names. A link that is not one-way has an arc in each direction: arc 2n goes along link n, arc
 * 2n + 1 the other way.
 */
#ifndef FOOTPRINTD_MODEL_TOPOLOGY_H
#define FOOTPRINTD_MODEL_TOPOLOGY_H

#include "footprintd/net/addr.h"

struct model_network_map;

#define TOPOLOGY_NONE UINT32_MAX

#define TOPOLOGY_NODES_MAX 4096
#define TOPOLOGY_LINKS_MAX 16384
/* Nodes that something is attached to, times arcs: the work of finding all shortest paths. */
#define TOPOLOGY_WORK_MAX (1u << 25)
/* Of an id: with what is put behind it, resource ids stay below 64 characters (RFC 9275 6.6). */
#define TOPOLOGY_ID_MAX 31
/* The largest metric of a link that IS-IS computes paths with (RFC 5305 3). */
#define TOPOLOGY_METRIC_MAX 16777214u

/* What is put behind the id of a topology. */
#define TOPOLOGY_COSTS     "-pv"
#define TOPOLOGY_ENDPOINTS "-endpoint-cost-pv"
#define TOPOLOGY_ELEMENTS  "-elements"

/* A bandwidth in bits a second; JSON's numbers are exact up to this one. */
#define TOPOLOGY_CAPACITY_MAX UINT64_C(9007199254740991)
typedef struct topology_capacity {
    uint64_t value;
    bool known;
} topology_capacity_t;

/* A public element: an entity that keeps its name. */
typedef struct topology_element {
    slice_t name;
    topology_capacity_t capacity;
} topology_element_t;

typedef struct topology_node {
    slice_t name;
    const uint32_t *pids; /* numbers in the network map, ascending */
    size_t pid_count;
    const prefix4_t *v4; /* ascending */
    size_t v4_count;
    const prefix6_t *v6;
    size_t v6_count;
    topology_capacity_t capacity;
    uint32_t element; /* or TOPOLOGY_NONE */
} topology_node_t;

typedef struct topology_link {
    slice_t name;
    uint32_t from, to; /* two nodes */
    bool one_way;
    uint32_t metric;
    topology_capacity_t capacity;
    uint32_t element; /* or TOPOLOGY_NONE */
} topology_link_t;

/* A path that was given: the arcs go from one node to the other, and through no node twice. */
typedef struct topology_path {
    uint32_t from, to;
    const uint32_t *arcs;
    size_t arc_count;
} topology_path_t;

typedef struct model_topology {
    slice_t id;
    uint32_t document;
    uint32_t line, column;
    const struct model_network_map *network_map;
    bool shows_bandwidth; /* max-reservable-bandwidth is a property of its elements */
    bool aggregates;      /* links that the same paths go through are one element */
    const topology_element_t *elements;
    size_t element_count;
    const topology_node_t *nodes;
    size_t node_count;
    const topology_link_t *links;
    size_t link_count;
    const topology_path_t *paths; /* by from and to, each pair once */
    size_t path_count;
} model_topology_t;

static inline const topology_link_t *topology_arc_link(const model_topology_t *t, uint32_t arc)
{
    return &t->links[arc / 2];
}

static inline uint32_t topology_arc_from(const model_topology_t *t, uint32_t arc)
{
    return arc % 2 ? t->links[arc / 2].to : t->links[arc / 2].from;
}

static inline uint32_t topology_arc_to(const model_topology_t *t, uint32_t arc)
{
    return arc % 2 ? t->links[arc / 2].from : t->links[arc / 2].to;
}

/* Whether paths name the node as an element of its own. */
static inline bool topology_node_shown(const topology_node_t *node)
{
    return node->capacity.known || node->element != TOPOLOGY_NONE;
}

#endif
