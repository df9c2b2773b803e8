#include "cost_table.h"

#include <math.h>
#include <stdlib.h>

/* ---- values ---- */

static void gather_row(const cost_matrix_t *m, uint32_t from, const cost_side_t *to,
                       double *scratch, double *out)
{
    if (from == COST_NO_PID) {
        for (size_t k = 0; k < to->count; k++) {
            out[k] = COST_NONE;
        }
        return;
    }
    const double *row = m->dense ? m->dense + (size_t)from * m->size : NULL;
    if (!row && scratch) {
        cost_matrix_row(m, from, scratch);
        row = scratch;
    }
    for (size_t k = 0; k < to->count; k++) {
        uint32_t pid = to->pids[k];
        out[k] = pid == COST_NO_PID ? COST_NONE : row ? row[pid] : cost_matrix_get(m, from, pid);
    }
}

static int by_cost(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return a < b ? -1 : a > b;
}

/*
 * Equal costs have equal ranks, from 1, without gaps; the best has 1. Ranks are of the pairs that
 * are asked for, before any test (RFC 7285 6.1.2.2, 6.2).
 */
static err_t rank(double *costs, size_t total, bool higher_is_better)
{
    size_t count = 0, distinct = 0;
    double *sorted = malloc((total + 1) * sizeof *sorted);
    if (!sorted) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < total; i++) {
        if (cost_is_defined(costs[i])) {
            sorted[count++] = costs[i];
        }
    }
    qsort(sorted, count, sizeof *sorted, by_cost);
    for (size_t i = 0; i < count; i++) {
        if (!distinct || sorted[distinct - 1] < sorted[i]) {
            sorted[distinct++] = sorted[i];
        }
    }
    for (size_t i = 0; i < total; i++) {
        if (!cost_is_defined(costs[i])) {
            continue;
        }
        size_t low = 0, high = distinct;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (sorted[middle] < costs[i]) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        costs[i] = (double)(higher_is_better ? distinct - low : low + 1);
    }
    free(sorted);
    return ERR_OK;
}

/* The costs of an offer that has two columns are the same ones. */
static double *filled_before(const cost_table_t *t, size_t column)
{
    const cost_column_t *c = &t->columns[column];
    for (size_t i = 0; i < column; i++) {
        if (t->columns[i].offer == c->offer && t->columns[i].calendar == c->calendar) {
            return t->columns[i].costs;
        }
    }
    return NULL;
}

/* One number of each pair. */
static err_t fill(const cost_offer_t *offer, const cost_matrix_t *m, const cost_side_t *from,
                  const cost_side_t *to, double *scratch, double *out)
{
    bool expand = !m->dense && cost_matrix_pays_by_row(m, to->count);
    for (size_t i = 0; i < from->count; i++) {
        gather_row(m, from->pids[i], to, expand ? scratch : NULL, out + i * to->count);
    }
    return offer->ranked ? rank(out, from->count * to->count, offer->higher_is_better) : ERR_OK;
}

const cost_matrix_t *cost_column_matrix(const cost_column_t *c, size_t k)
{
    return c->calendar ? cost_calendar_at(c->calendar,
                                          c->run.start + (int64_t)(k * c->calendar->interval_s))
                       : c->offer->costs;
}

static bool is_tested(const cost_test_t *test, size_t column)
{
    for (size_t i = 0; i < cost_test_bounds(test); i++) {
        if (test->bounds[i].column == column) {
            return true;
        }
    }
    return false;
}

err_t cost_table_fill(cost_table_t *t, size_t column, const cost_side_t *from,
                      const cost_side_t *to, const cost_test_t *test, arena_t *arena)
{
    cost_column_t *c = &t->columns[column];
    size_t pairs = from->count * to->count, depth = cost_column_depth(c);
    err_t err = ERR_OK;
    c->from = from->pids;
    c->to = to->pids;
    c->costs = filled_before(t, column);
    if (c->costs || !(c->offer->ranked || is_tested(test, column))) {
        return ERR_OK;
    }
    c->costs = arena_array(arena, pairs * depth + 1, sizeof(double));
    double *scratch = arena_array(arena, c->offer->costs->size + 1, sizeof *scratch);
    if (!c->costs || !scratch) {
        return ERR_NOMEM;
    }
    /* Ranks are of each interval (RFC 8896): one is never better than another. */
    for (size_t k = 0; k < depth && !err; k++) {
        err = fill(c->offer, cost_column_matrix(c, k), from, to, scratch, c->costs + k * pairs);
    }
    return err;
}

/* ---- tests ---- */

static bool passes(const cost_table_t *t, const cost_test_t *test, size_t pair)
{
    size_t i = 0;
    for (size_t g = 0; g < test->group_count; g++) {
        bool all = true;
        for (; i < test->ends[g] && all; i++) {
            const cost_bound_t *b = &test->bounds[i];
            all = cost_in_range(&b->range, t->columns[b->column].costs[pair]);
        }
        if (all) {
            return true;
        }
        i = test->ends[g];
    }
    return false;
}

err_t cost_table_finish(cost_table_t *t, const cost_test_t *test, arena_t *arena)
{
    size_t pairs = t->from.count * t->to.count;
    uint8_t *passed = test->group_count ? arena_array(arena, pairs + 1, 1) : NULL;
    if (test->group_count && !passed) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; passed && i < pairs; i++) {
        passed[i] = passes(t, test, i);
    }
    t->passed = passed;
    t->line = cost_line_new(t, arena);
    return t->line ? ERR_OK : ERR_NOMEM;
}
