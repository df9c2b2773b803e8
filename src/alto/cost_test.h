/*
 * Tests of costs: `constraints` (RFC 7285 11.3.2.3) and `or-constraints` (RFC 8189 4.1.2). Private
 * to src/alto.
 *
 * A predicate compares one cost with a number. All predicates of one cost together are a range, and
 * a test is groups of ranges: a pair passes when in some group every range holds its cost. A cost
 * that is not defined is in no range.
 */
#ifndef FPD_ALTO_COST_TEST_H
#define FPD_ALTO_COST_TEST_H

#include "footprintd/model/costs.h"

typedef struct cost_range {
    double low, high;
    bool above, below; /* low, or high, itself is out */
} cost_range_t;

#define COST_RANGE_ALL ((cost_range_t){-HUGE_VAL, HUGE_VAL, false, false})

typedef struct cost_predicate {
    size_t index; /* which of the tested cost types; 0 where none is said */
    enum { COST_GT, COST_LT, COST_GE, COST_LE, COST_EQ } operator;
    double value;
} cost_predicate_t;

/* False: it is none. An index, as in "[1] le 5", is taken only where `indexed`. */
bool cost_predicate_parse(slice_t text, bool indexed, cost_predicate_t *out);

/* The range of one column's costs. */
typedef struct cost_bound {
    size_t column;
    cost_range_t range;
} cost_bound_t;

typedef struct cost_test {
    cost_bound_t *bounds; /* group by group */
    size_t *ends;         /* of each group, in bounds */
    size_t group_count;   /* 0: every pair passes */
} cost_test_t;

/* No test yet, with room for so many groups and predicates; false: memory is out. */
bool cost_test_init(cost_test_t *test, size_t groups, size_t predicates, arena_t *arena);
void cost_test_begin_group(cost_test_t *test);
/* Adds to the group that was begun last. */
void cost_test_add(cost_test_t *test, size_t column, const cost_predicate_t *predicate);

static inline size_t cost_test_bounds(const cost_test_t *test)
{
    return test->group_count ? test->ends[test->group_count - 1] : 0;
}

static inline bool cost_in_range(const cost_range_t *r, double cost)
{
    return (r->above ? cost > r->low : cost >= r->low) &&
           (r->below ? cost < r->high : cost <= r->high);
}

#endif
