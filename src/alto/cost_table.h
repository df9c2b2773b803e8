/*
 * What is asked for of matrices, as a table of its own: values, ranks, tests, text. Private to
 * src/alto.
 *
 * Sources and destinations are PIDs or endpoints: the table knows them by their keys only. A column
 * is what one offer says of all pairs; the columns behind those that are shown are only tested.
 */
#ifndef FPD_ALTO_COST_TABLE_H
#define FPD_ALTO_COST_TABLE_H

#include "footprintd/alto/costs.h"

#include "cost_test.h"

/* A source or destination without a PID: it has no cost. */
#define COST_NO_PID UINT32_MAX

typedef struct cost_side {
    const slice_t *keys;  /* "name": with the colon */
    const uint32_t *pids; /* or COST_NO_PID */
    size_t count;
} cost_side_t;

typedef struct cost_column {
    const cost_offer_t *offer;
    const cost_calendar_t *calendar; /* of the offer, where that is what is asked for; or NULL */
    cost_run_t run;                  /* of the calendar */
    /* The PIDs of the table's sides in this offer's network map, or COST_NO_PID. */
    const uint32_t *from, *to;
    /*
     * By sources, and of a calendar by intervals first; COST_NONE: the pair has none. NULL: nothing
     * is reckoned with them, and the matrices have their texts.
     */
    double *costs;
    /* What the column has instead of costs, where its type is that of paths; or NULL. */
    const struct path_table *paths;
} cost_column_t;

/* How many costs a pair has in it. */
static inline size_t cost_column_depth(const cost_column_t *c)
{
    return c->calendar ? c->calendar->count : 1;
}
/* The costs number k of all pairs. */
const cost_matrix_t *cost_column_matrix(const cost_column_t *c, size_t k);

typedef struct cost_table {
    cost_side_t from, to;
    cost_column_t *columns;
    size_t shown, column_count;
    bool multi;             /* costs are arrays of what the shown columns have (RFC 8189 4.1.3) */
    const uint8_t *passed;  /* by pair; NULL: all are in the answer */
    struct cost_line *line; /* what writing a row needs */
} cost_table_t;

/*
 * What a column has to say of all pairs; `test` is what they will be tested for. The sides are
 * those of the table, with the PIDs that they have for this offer. All lies in the arena.
 * ERR_NOMEM.
 */
err_t cost_table_fill(cost_table_t *table, size_t column, const cost_side_t *from,
                      const cost_side_t *to, const cost_test_t *test,
                      arena_t *arena) FPD_MUST_CHECK;

/*
 * Takes the pairs out that do not pass, and gets ready for writing; all columns of costs are
 * filled, and those of paths will be. ERR_NOMEM.
 */
err_t cost_table_finish(cost_table_t *table, const cost_test_t *test,
                        arena_t *arena) FPD_MUST_CHECK;

/* ---- cost_line.c ---- */

/* For rows of so many destinations; NULL: memory is out. */
struct cost_line *cost_line_new(const cost_table_t *table, arena_t *arena);
/* {"dst":cost,...} of a source; false: it has no pair left, and nothing is written. */
bool cost_table_row(const cost_table_t *table, size_t from, buf_t *out);

/*
 * The text of one row of a matrix, of which `texts` has room for `size`; false: it has no cost, and
 * nothing is written.
 */
bool cost_row_write(const slice_t *keys, const cost_matrix_t *matrix, size_t from,
                    cost_text_t *texts, buf_t *out);

#endif
