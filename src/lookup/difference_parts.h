/*
 * The steps of a difference. Private to src/lookup.
 */
#ifndef FPD_LOOKUP_DIFFERENCE_PARTS_H
#define FPD_LOOKUP_DIFFERENCE_PARTS_H

#include "footprintd/lookup/difference.h"

/* What a difference is made with. */
typedef struct difference_work {
    difference_t *d;
    const attributes_t *attributes;
    arena_t *arena; /* of the result: an allocation that fails there sticks */
    const struct difference_totals *totals; /* of the state before; NULL: they are counted */
    bool keeps;                             /* those of both states are wanted: */
    struct difference_totals *made[2];      /* by side; NULL: not made */
} difference_work_t;

/* Both models, never NULL. */
const model_t *difference_model_before(const difference_t *d);
const model_t *difference_model_after(const difference_t *d);

/* ---- documents ---- */

/* The advertisements of both sides by id, side by side; begins as all zeros. */
typedef struct difference_pair {
    const model_advertisement_t *before; /* NULL: only the other side has this id */
    const model_advertisement_t *after;
    slice_t id;
    size_t next[2]; /* by side */
} difference_pair_t;

/* False: there are no more. */
bool difference_pair_next(const difference_t *d, difference_pair_t *p);

/* Whether the same uCDNs see what two documents of the two sides define. */
bool difference_same_audience(const difference_t *d, uint32_t before, uint32_t after);
/* Audiences in an order: <0, 0, >0. */
int difference_audience_cmp(const model_t *x, uint32_t document_x, const model_t *y,
                            uint32_t document_y);
/*
 * What differs between two lists of values of one type, of which one may be NULL. False when
 * nothing does.
 */
bool difference_values_make(difference_work_t *w, fp_type_t type, const fp_values_t *before,
                            const fp_values_t *after, difference_values_t *out);

void difference_footprints_make(difference_work_t *w);
void difference_maps_make(difference_work_t *w);
err_t difference_costs_make(difference_work_t *w) FPD_MUST_CHECK;
err_t difference_objects_make(difference_work_t *w) FPD_MUST_CHECK;

/* ---- addresses ---- */

/* All rows of the coverage, still without numbers. */
void difference_rows_make(difference_work_t *w);
/*
 * A class is a set of rows of the coverage, as bits; class 0 is the empty one. Every answer of both
 * joins has its class, equal ones the same.
 */
typedef struct difference_classes {
    size_t words;           /* of a set */
    uint64_t **sets;        /* by class */
    uint32_t *of_answer[2]; /* by side (0: before), by answer */
    size_t count;
    size_t cap;
    table_t ids; /* set -> class + 1 */
    arena_t arena;
} difference_classes_t;

err_t difference_classes_make(const difference_t *d, difference_classes_t *out) FPD_MUST_CHECK;
void difference_classes_release(difference_classes_t *classes);

/* So many addresses of one family and country go from one class to another. */
typedef struct difference_flow {
    uint32_t before;
    uint32_t after;
    uint16_t country; /* its place among all pairs of letters, plus 1; 0: not known */
    uint8_t family;
    bool used;
    difference_count_t count;
} difference_flow_t;

/* Addresses of one row, country and family: every flow goes into one of the three. */
typedef struct difference_cell {
    difference_count_t stays;
    difference_count_t gained;
    difference_count_t lost;
} difference_cell_t;

#define DIFFERENCE_COUNTRIES (26 * 26 + 1)

/* Rows against countries. */
typedef struct difference_sums {
    bool changes_only;        /* `stays` began as what was there before: see difference_totals.c */
    difference_cell_t *cells; /* by row, then by number of the country, then by family */
    difference_country_t *whole; /* by number, in order of codes: `code` and `whole` are used */
    size_t countries;
    uint16_t number[DIFFERENCE_COUNTRIES]; /* of a country that may occur, plus 1 */
} difference_sums_t;

/* The place of a country; 0 for what is no pair of letters. */
uint16_t difference_country_place(fp_code_t code);
void difference_sums_add(difference_sums_t *sums, const difference_classes_t *classes,
                         const difference_flow_t *flow);
/* Walks all addresses, or those that change class, and sums them up. */
err_t difference_flows_sum(const difference_t *d, const attributes_t *attributes,
                           const difference_classes_t *classes,
                           difference_sums_t *sums) FPD_MUST_CHECK;
/* Fills the numbers of all rows. */
err_t difference_coverage_make(difference_work_t *w) FPD_MUST_CHECK;
void difference_guard_make(difference_work_t *w);

/* ---- totals ---- */

/*
 * How many addresses each row of the coverage has in each country, in one state of the documents.
 * What is known of the state before makes the walk skip all that does not change: with databases,
 * that is nearly everything. Immutable; released with difference_totals_free.
 */
typedef struct difference_totals {
    const attributes_t *attributes; /* that it was counted with */
    size_t rows;
    size_t countries;
    slice_t *names;            /* by row: advertisement, type; in the arena */
    difference_count_t *cells; /* by row, then by number of the country, then by family */
    difference_count_t *whole; /* by number, then by family */
    arena_t arena;
} difference_totals_t;

/* Above this they are not kept. */
#define DIFFERENCE_TOTALS_BYTES ((size_t)8 << 20)

void difference_totals_free(difference_totals_t *totals);
/* Fills the sums with what was there before; the walk may then leave out what does not change. */
void difference_totals_fill(const difference_totals_t *totals, const difference_t *d,
                            difference_sums_t *sums);
/* Of one side (0: before); NULL when that is too much to be kept, or memory is out. */
difference_totals_t *difference_totals_make(const difference_t *d, const difference_sums_t *sums,
                                            const attributes_t *attributes, unsigned side);
/*
 * As difference_make. totals: of the state before, counted with the same attributes, or NULL. kept
 * (which may be NULL) is told those of both states, for the caller to free; NULL for none, and for
 * what `totals` said.
 */
err_t difference_make_with(difference_side_t before, difference_side_t after,
                           const attributes_t *attributes, const difference_options_t *options,
                           const difference_totals_t *totals, difference_totals_t *kept[2],
                           arena_t *arena, difference_t **out) FPD_MUST_CHECK;

/* ---- numbers ---- */

static inline void difference_count_add(difference_count_t *to, difference_count_t n)
{
    uint64_t lo = to->n.lo + n.n.lo;
    bool carry = lo < n.n.lo;
    uint64_t hi = to->n.hi + n.n.hi;
    uint32_t over = hi < n.n.hi;
    hi += carry;
    over += carry && !hi;
    *to = (difference_count_t){{hi, lo}, to->top + n.top + over};
}

/* n is at most as much. */
static inline void difference_count_take(difference_count_t *from, difference_count_t n)
{
    uint64_t lo = from->n.lo - n.n.lo, borrow = from->n.lo < n.n.lo;
    uint64_t hi = from->n.hi - n.n.hi - borrow;
    bool under = from->n.hi < n.n.hi || (from->n.hi == n.n.hi && borrow);
    *from = (difference_count_t){{hi, lo}, from->top - n.top - under};
}

/* The addresses from first to last, inclusive. */
static inline difference_count_t difference_count_span(u128_t first, u128_t last)
{
    u128_t n = {last.hi - first.hi - (last.lo < first.lo), last.lo - first.lo};
    difference_count_t count = {n, 0};
    difference_count_add(&count, (difference_count_t){{0, 1}, 0});
    return count;
}

#endif
