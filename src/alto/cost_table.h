/*
 * What is asked for of a matrix, as a table of its own: values, ranks, tests, text. Private to
 * src/alto.
 *
 * Sources and destinations are PIDs or endpoints: the table knows them by their keys only.
 */
#ifndef FPD_ALTO_COST_TABLE_H
#define FPD_ALTO_COST_TABLE_H

#include "footprintd/alto/costs.h"

/* A source or destination without a PID: it has no cost. */
#define COST_NO_PID UINT32_MAX

typedef struct cost_side {
    const slice_t *keys;  /* "name": with the colon */
    const uint32_t *pids; /* or COST_NO_PID */
    size_t count;
} cost_side_t;

typedef struct cost_table {
    cost_side_t from, to;
    double *costs; /* by sources; COST_NONE: the pair is not in the answer */
} cost_table_t;

/* The costs of all pairs, ranks where the offer says so. The table lies in the arena. */
err_t cost_table_fill(const cost_offer_t *offer, const cost_side_t *from, const cost_side_t *to,
                      arena_t *arena, cost_table_t *out) FPD_MUST_CHECK;

/* All tests of `constraints` (RFC 7285 11.3.2.3) together: a range. */
typedef struct cost_range {
    double low, high;
    bool above, below; /* low, or high, itself is out */
} cost_range_t;

#define COST_RANGE_ALL ((cost_range_t){-(double)INFINITY, (double)INFINITY, false, false})

/* Adds the test; false: it is none. */
bool cost_range_add(cost_range_t *range, slice_t constraint);
bool cost_range_is_all(const cost_range_t *range);
void cost_table_constrain(cost_table_t *table, const cost_range_t *range);

/* {"dst":cost,...} of a source; false: it has no pair left, and nothing is written. */
bool cost_table_row(const cost_table_t *table, size_t from, buf_t *out);
/* The text of one row of a matrix. */
bool cost_row_write(const slice_t *keys, const double *costs, size_t count, buf_t *out);

#endif
