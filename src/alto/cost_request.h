/*
 * What filtered cost maps and the endpoint cost service are asked with (RFC 7285 11.3.2.3,
 * 11.5.1.3), in the order of checks of all POST bodies: what is missing, types, values. Private to
 * src/alto.
 */
#ifndef FPD_ALTO_COST_REQUEST_H
#define FPD_ALTO_COST_REQUEST_H

#include "cost_table.h"
#include "request.h"

/* How the lists of sources and destinations are named, and what is in them. */
typedef struct cost_lists {
    const char *name; /* "pids" */
    const char *srcs; /* "pids/srcs" */
    const char *dsts;
    bool lists_needed;   /* the object itself must be there */
    bool members_needed; /* both lists must be there when the object is */
    bool (*valid)(const json_value_t *v);
    bool untested; /* no cost of these can be tested: constraints are wrong */
    /*
     * What the body has beside, or NULL: called with the types, and again with the values, when all
     * others are right. False: the answer is made.
     */
    bool (*more)(request_t *r, const struct cost_lists *form, bool values);
    const void *content; /* for `more` */
} cost_lists_t;

/* Of cost maps, and of the endpoint cost service. */
extern const cost_lists_t cost_pids_form, cost_endpoints_form;

typedef struct cost_request {
    const cost_offer_t *offer;
    cost_range_t range;
    const json_value_t *lists;       /* the object; NULL: not given */
    const json_value_t *srcs, *dsts; /* arrays; NULL: not given */
} cost_request_t;

/* False: the answer is made, or memory is out. */
bool cost_request_read(request_t *r, slice_t body, const alto_limits_t *limits,
                       const cost_lists_t *form, cost_offer_t *offers, size_t count,
                       cost_request_t *out);

/* The same of endpoints, with what is demanded of both lists together. */
bool cost_request_read_endpoints(request_t *r, slice_t body, const alto_limits_t *limits,
                                 const cost_lists_t *form, cost_offer_t *offers, size_t count,
                                 cost_request_t *out);

/*
 * The sides of the table that is asked for: PIDs of the space, or endpoints as the index of the
 * space numbers them. False: memory is out.
 */
bool cost_request_pids(request_t *r, const cost_space_t *space, const cost_request_t *q,
                       cost_side_t *from, cost_side_t *to);
bool cost_request_endpoints(request_t *r, const cost_space_t *space, const cost_request_t *q,
                            const alto_limits_t *limits, cost_side_t *from, cost_side_t *to);

/* Whether so many pairs may be asked for; otherwise the answer is made (413). */
bool cost_request_pairs(request_t *r, const alto_limits_t *limits, size_t from, size_t to);

/*
 * How many elements the two lists of a body have, without understanding the rest; a list that is
 * empty or not there has `all`. An upper bound for bodies that are no JSON.
 */
void cost_request_count(slice_t body, slice_t lists, size_t all, size_t *srcs, size_t *dsts);

/* The rows of the table as an answer: head, "key":{...} for each source with a pair left, "}}". */
void cost_request_answer(request_t *r, const char *media_type, slice_t head,
                         const cost_table_t *table);
/* The same rows as the children of one node. */
node_t *cost_request_rows(const cost_table_t *table, nodes_t *nodes);

/* An upper estimate of the microseconds for so many pairs of a body. */
uint64_t cost_request_estimate(slice_t body, size_t pairs);

#endif
