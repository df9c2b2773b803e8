/*
 * Cost types (RFC 7285 6.1, RFC 9439), and costs as a matrix.
 *
 * A cost is a double, read from text and written as the shortest text that reads as the same
 * double. The matrix of a network map has a row for each PID as source and a column for each PID as
 * destination, both in the map's order (names, bytewise). A pair without a cost has
 * COST_NONE, a NaN. A matrix is
 * dense, or sparse where that is smaller, or one number for all pairs; its users need not know.
 * Each cost has its text beside it.
 */
#ifndef FOOTPRINTD_MODEL_COSTS_H
#define FOOTPRINTD_MODEL_COSTS_H

#include "footprintd/base/arena.h"

#include <math.h>
#include <stdalign.h>

typedef enum cost_mode {
    COST_NUMERICAL,
    COST_ORDINAL,
    COST_ARRAY, /* of path vectors alone (RFC 9275 6.5.2): no document has such costs */
} cost_mode_t;
#define COST_MODE_COUNT 3

extern const char *const cost_mode_names[COST_MODE_COUNT];

/* The mode of this name; COST_MODE_COUNT: none. */
cost_mode_t cost_mode_find(slice_t name);

/* What is known of a metric (IANA, ALTO Cost Metrics). */
typedef struct cost_metric {
    const char *name; /* without the statistic that RFC 9439 3.2 puts behind it */
    const char *unit;
    bool higher_is_better;
    bool non_negative; /* RFC 9439 5.4 */
    bool integer;
} cost_metric_t;

typedef enum cost_metric_verdict {
    COST_METRIC_OK,
    COST_METRIC_UNREGISTERED, /* well-formed, neither registered nor priv: */
    COST_METRIC_BAD,          /* not a CostMetric (RFC 7285 10.6), or with a wrong statistic */
} cost_metric_verdict_t;

cost_metric_verdict_t cost_metric_check(slice_t name);
/* The registered metric that the name is, or is a statistic of; NULL. */
const cost_metric_t *cost_metric_find(slice_t name);

/* CostType (RFC 7285 10.7). */
typedef struct cost_type {
    slice_t metric;
    cost_mode_t mode;
} cost_type_t;

static inline bool cost_type_eq(const cost_type_t *a, const cost_type_t *b)
{
    return a->mode == b->mode && slice_eq(a->metric, b->metric);
}

#define COST_NONE ((double)NAN)

static inline bool cost_is_defined(double cost)
{
    return !isnan(cost);
}

/*
 * A cost as answers have it: made once, and copied whole into each. What is longer is made of the
 * number where it is needed.
 */
#define COST_TEXT_MAX  7
#define COST_TEXT_LONG UINT8_MAX

typedef struct cost_text {
    alignas(uint64_t) char text[COST_TEXT_MAX];
    uint8_t len; /* 0: there is no cost; COST_TEXT_LONG */
} cost_text_t;

cost_text_t cost_text(double cost);

/* ---- the matrix ---- */

typedef struct cost_matrix {
    size_t size; /* rows, and columns */
    double rest; /* what every pair costs that is not in the cells below; COST_NONE: nothing */
    /* All pairs by rows; or (NULL) cells of row i from starts[i], by column; or no cells at all. */
    const double *dense;
    const size_t *starts; /* size + 1 of them */
    const uint32_t *columns;
    const double *values;
    const cost_text_t *texts; /* of what is in dense, or in values */
} cost_matrix_t;

typedef struct cost_cell {
    uint32_t from, to;     /* row and column */
    uint32_t line, column; /* where it was read */
    double cost;           /* finite */
} cost_cell_t;

/*
 * Makes the matrix of these cells, which are put in order by it. Of two cells for one pair the
 * second is *repeated, and there is no matrix (ERR_DATA). ERR_NOMEM.
 */
err_t cost_matrix_make(cost_cell_t *cells, size_t count, size_t size, double rest, arena_t *arena,
                       cost_matrix_t *out, cost_cell_t *repeated) FPD_MUST_CHECK;

/* A dense matrix, size * size numbers by rows. ERR_NOMEM. */
err_t cost_matrix_make_dense(const double *dense, size_t size, arena_t *arena,
                             cost_matrix_t *out) FPD_MUST_CHECK;

/* COST_NONE where the pair has no cost. */
double cost_matrix_get(const cost_matrix_t *m, size_t from, size_t to);
cost_text_t cost_matrix_text(const cost_matrix_t *m, size_t from, size_t to);
/* The whole row: `size` costs, and their texts. */
void cost_matrix_row(const cost_matrix_t *m, size_t from, double *out);
void cost_matrix_texts(const cost_matrix_t *m, size_t from, cost_text_t *out);

/* Whether to have a whole row is less work than to look up so many of its costs. */
static inline bool cost_matrix_pays_by_row(const cost_matrix_t *m, size_t asked)
{
    return m->dense || asked >= m->size / 16;
}

#endif
