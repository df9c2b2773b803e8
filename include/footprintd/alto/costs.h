/*
 * Cost map (RFC 7285 11.2.3), filtered cost map (11.3.2), and endpoint cost service (11.5),
 * the latter two with several costs at once (RFC 8189) and with calendars (RFC 8896).
 *
 * cost_space_t  the PIDs of one network map as rows and columns, with the cost types that a view
 *               offers over them
 * cost_offer_t  a cost type with the data that answer for it: given, or ranks of given numbers
 *
 * A cost map shows one offer of a space; its filtered form and the endpoint cost service take any.
 */
#ifndef FOOTPRINTD_ALTO_COSTS_H
#define FOOTPRINTD_ALTO_COSTS_H

#include "footprintd/alto/network_map.h"
#include "footprintd/join/pids.h"

#define ALTO_MEDIA_COST_MAP             "application/alto-costmap+json"
#define ALTO_MEDIA_COST_MAP_FILTER      "application/alto-costmapfilter+json"
#define ALTO_MEDIA_ENDPOINT_COST        "application/alto-endpointcost+json"
#define ALTO_MEDIA_ENDPOINT_COST_PARAMS "application/alto-endpointcostparams+json"

#define ALTO_ENDPOINT_COST_ID "endpoint-cost"

extern const resource_kind_t resource_kind_cost_map;
extern const resource_kind_t resource_kind_cost_map_filtered;
extern const resource_kind_t resource_kind_endpoint_cost;

typedef struct cost_space cost_space_t;
typedef struct cost_map_content cost_map_content_t;

typedef struct cost_offer {
    cost_type_t type;
    slice_t name; /* in the IRD: "num-routingcost" */
    slice_t text; /* CostType: {"cost-mode":...,"cost-metric":...}, "cost-context" too */
    const cost_matrix_t *costs;      /* of when the snapshot was made */
    const cost_calendar_t *calendar; /* NULL: none */
    bool ranked; /* the answer is the ranks of these costs among those that are asked for */
    bool higher_is_better;
    bool testable; /* constraints may be about it */
    const cost_space_t *space;
    const cost_map_content_t *whole; /* the cost map that shows it; NULL: none does */
} cost_offer_t;

struct cost_space {
    const network_map_content_t *map;
    const pid_index_t *index;
    const slice_t *keys;  /* by PID: its name as a JSON string, and a colon */
    cost_offer_t *offers; /* by name */
    size_t offer_count;
    size_t max_types;
};

/*
 * What can be asked for by POST. max_types is how many cost types one request may name (RFC 8189
 * 4.1.1, max-cost-types); 0: multi-cost is not known here.
 */
typedef struct cost_terms {
    cost_offer_t *offers;
    size_t count;
    size_t max_types;
} cost_terms_t;

static inline cost_terms_t cost_space_terms(const cost_space_t *space)
{
    return (cost_terms_t){space->offers, space->offer_count, space->max_types};
}

/*
 * The space of a network map with the costs of these cost maps, which are of this network map; and
 * of what is numerical ranks as ordinal costs, where documents have none.
 */
err_t cost_space_build(const network_map_content_t *map, const pid_index_t *index,
                       const model_cost_map_t *const *costs, size_t count, arena_t *arena,
                       cost_space_t **out) FPD_MUST_CHECK;
/*
 * Gives offers of the same name names of their own, where their types are not the same in each
 * space, as contexts make them (RFC 9439 3.1); before anything points to offers.
 */
err_t cost_spaces_name(cost_space_t *const *spaces, size_t count, arena_t *arena) FPD_MUST_CHECK;
/* NULL: there is none. */
cost_offer_t *cost_offer_find(cost_offer_t *offers, size_t count, const cost_type_t *type);

struct cost_map_content {
    slice_t id;
    char tag[TAG_LEN + 1];
    const cost_space_t *space;
    const cost_offer_t *offer;
    slice_t meta;            /* JSON */
    slice_t head;            /* up to the first source; behind it, the keys of all rows */
    const slice_t *keys;     /* of the rows, in the text behind head */
    slice_t text;            /* head and keys */
    fragment_t *const *rows; /* objects; borrowed from the store; only of sources with costs */
    const uint32_t *sources; /* the PID of each row */
    size_t count;
    const document_t *document;
};

/* Sets offer->whole, too. */
err_t cost_map_build(slice_t id, cost_offer_t *offer, fragments_t *fragments, arena_t *arena,
                     cost_map_content_t **out) FPD_MUST_CHECK;
err_t cost_map_body(const cost_map_content_t *content, body_t **out) FPD_MUST_CHECK;
err_t cost_map_tree(const cost_map_content_t *content, nodes_t *nodes, node_t **out) FPD_MUST_CHECK;

/* What the endpoint cost service answers from: one offer for each cost type. */
typedef struct endpoint_cost_content {
    cost_terms_t terms;
} endpoint_cost_content_t;

/* Of several spaces that have a cost type the first one counts. */
err_t endpoint_cost_build(cost_space_t *const *spaces, size_t count, arena_t *arena,
                          endpoint_cost_content_t **out) FPD_MUST_CHECK;

/* The IRD's `capabilities` of a cost map, and of what is asked by POST; "" on no memory. */
slice_t cost_map_capabilities(const cost_offer_t *offer, arena_t *arena);
slice_t cost_capabilities(const cost_terms_t *terms, arena_t *arena);
/* The IRD's `cost-types` of these spaces: {"num-routingcost":{...}}; "" on no memory. */
slice_t cost_types(cost_space_t *const *spaces, size_t count, arena_t *arena);

#endif
