/*
 * The members of a body that asks for costs, found, and looked at for what is missing and for
 * types. Private to src/alto.
 */
#ifndef FPD_ALTO_COST_MEMBERS_H
#define FPD_ALTO_COST_MEMBERS_H

#include "cost_request.h"

/* Where a CostType stands, or a list of them. */
typedef struct cost_type_fields {
    const char *name, *metric, *mode, *context, *source;
} cost_type_fields_t;

extern const cost_type_fields_t cost_one_type, cost_many_types, cost_tested_types;

/* NULL: not there. */
typedef struct cost_members {
    const json_value_t *type, *types, *tested;
    const json_value_t *all, *any; /* constraints, or-constraints */
    const json_value_t *calendared;
    const json_value_t *lists, *srcs, *dsts;
} cost_members_t;

/*
 * Finds them in a body that was parsed. False: something is missing, or of the wrong type, or there
 * is too much of it; the answer is made.
 */
bool cost_members_read(request_t *r, const alto_limits_t *limits, const cost_lists_t *form,
                       const cost_terms_t *terms, cost_members_t *m);
/* What members say of each other: the last check. */
bool cost_members_agree(request_t *r, const cost_members_t *m);

/* The offer that a CostType means; NULL: it is none, or is not offered. */
const cost_offer_t *cost_type_offer(const cost_terms_t *terms, const json_value_t *type);

static inline size_t cost_list_count(const json_value_t *list)
{
    return list && list->kind == JSON_ARRAY ? list->u.array.count : 0;
}

#endif
