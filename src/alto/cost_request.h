/*
 * What filtered cost maps and the endpoint cost service are asked with (RFC 7285 11.3.2.3,
 * 11.5.1.3, RFC 8189 4), in the order of checks of all POST bodies: what is missing, types, values,
 * and last what members say of each other. Private to src/alto.
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
    cost_column_t *columns; /* without costs yet: what is asked for, and what is tested beside */
    size_t shown, column_count;
    bool multi; /* multi-cost-types was given */
    cost_test_t test;
    const json_value_t *lists;       /* the object; NULL: not given */
    const json_value_t *srcs, *dsts; /* arrays; NULL: not given */
} cost_request_t;

/* False: the answer is made, or memory is out. */
bool cost_request_read(request_t *r, slice_t body, const alto_limits_t *limits,
                       const cost_lists_t *form, const cost_terms_t *terms, cost_request_t *out);

/* The same of endpoints, with what is demanded of both lists together. */
bool cost_request_read_endpoints(request_t *r, slice_t body, const alto_limits_t *limits,
                                 const cost_lists_t *form, const cost_terms_t *terms,
                                 cost_request_t *out);

/*
 * The sides of the table that is asked for: PIDs of the space, or endpoints as the index of the
 * space numbers them. False: memory is out.
 */
bool cost_request_pids(request_t *r, const cost_space_t *space, const cost_request_t *q,
                       cost_side_t *from, cost_side_t *to);
bool cost_request_endpoints(request_t *r, const cost_space_t *space, const cost_request_t *q,
                            const alto_limits_t *limits, cost_side_t *from, cost_side_t *to);

/* Whether so much may be asked for; otherwise the answer is made (413). */
bool cost_request_fits(request_t *r, const alto_limits_t *limits, const cost_request_t *q,
                       size_t from, size_t to);

/* How much a body asks for, without understanding the rest. */
typedef struct cost_scale {
    size_t srcs, dsts; /* of the two lists; a list that is empty or not there has `all` */
    size_t types;      /* at least 1 */
    size_t predicates;
    bool calendared; /* the member is there */
} cost_scale_t;

/* An upper bound for bodies that are no JSON. */
cost_scale_t cost_request_scale(slice_t body, slice_t lists, size_t all);
/* An upper estimate of the microseconds for it. */
uint64_t cost_request_estimate(slice_t body, const cost_terms_t *terms, const cost_scale_t *scale);

/*
 * The rows of the table as JSON text, {...each source with a pair left...}, between two others, as
 * segments in the arena of the request. False: memory is out.
 */
bool cost_request_rows(request_t *r, slice_t before, const cost_table_t *table, slice_t behind,
                       slice_t **segments, size_t *count);
/* The rows of the table as an answer: {"meta":meta,"key":{...each source with a pair left...}}. */
void cost_request_answer(request_t *r, const char *media_type, slice_t meta, const char *key,
                         const cost_table_t *table);
/* The same as a tree; NULL: memory is out (nodes->failed). */
node_t *cost_request_tree(slice_t meta, const char *key, const cost_table_t *table, nodes_t *nodes);

#endif
