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
    /* A sparse row is expanded where that is less than looking up each. */
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
    bool expand = !m->dense && to->count >= m->size / 16;
    for (size_t i = 0; i < from->count; i++) {
        gather_row(m, from->pids[i], to, expand ? scratch : NULL, out + i * to->count);
    }
    return offer->ranked ? rank(out, from->count * to->count, offer->higher_is_better) : ERR_OK;
}

err_t cost_table_fill(cost_table_t *t, size_t column, const cost_side_t *from,
                      const cost_side_t *to, arena_t *arena)
{
    cost_column_t *c = &t->columns[column];
    size_t pairs = from->count * to->count;
    err_t err = ERR_OK;
    c->costs = filled_before(t, column);
    if (c->costs) {
        return ERR_OK;
    }
    c->costs = arena_array(arena, pairs * cost_column_depth(c) + 1, sizeof(double));
    double *scratch = arena_array(arena, c->offer->costs->size + 1, sizeof *scratch);
    if (!c->costs || !scratch) {
        return ERR_NOMEM;
    }
    if (!c->calendar) {
        return fill(c->offer, c->offer->costs, from, to, scratch, c->costs);
    }
    /* Ranks are of each interval (RFC 8896): one is never better than another. */
    for (size_t k = 0; k < c->calendar->count && !err; k++) {
        int64_t at = c->run.start + (int64_t)(k * c->calendar->interval_s);
        err = fill(c->offer, cost_calendar_at(c->calendar, at), from, to, scratch,
                   c->costs + k * pairs);
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

void cost_table_constrain(cost_table_t *t, const cost_test_t *test)
{
    size_t pairs = t->from.count * t->to.count;
    for (size_t i = 0; test->group_count && i < pairs; i++) {
        if (!passes(t, test, i)) {
            /* A column that is here twice has nothing to lose the second time. */
            for (size_t k = 0; k < t->shown; k++) {
                t->columns[k].costs[i] = COST_NONE;
            }
        }
    }
}

/* ---- text ---- */

bool cost_row_write(const slice_t *keys, const double *costs, size_t count, buf_t *out)
{
    size_t most = 1;
    for (size_t i = 0; i < count; i++) {
        most += keys[i].len + JSON_DOUBLE_MAX + 1;
    }
    if (!buf_reserve(out, most)) {
        return false;
    }
    char *const start = out->ptr + out->len, *at = start;
    for (size_t i = 0; i < count; i++) {
        if (cost_is_defined(costs[i])) {
            *at = at == start ? '{' : ',';
            at++;
            memcpy(at, keys[i].ptr, keys[i].len);
            at += keys[i].len;
            at += json_format_double(costs[i], at);
        }
    }
    if (at > start) {
        *at++ = '}';
    }
    out->len += (size_t)(at - start);
    return at > start;
}

static char *write_cost(double cost, char *at)
{
    if (cost_is_defined(cost)) {
        return at + json_format_double(cost, at);
    }
    memcpy(at, "null", 4);
    return at + 4;
}

/* A number, or the numbers of a calendar, or null where there is none; *any: there is one. */
static char *write_column(const cost_column_t *c, size_t pairs, size_t pair, char *at, bool *any)
{
    if (!c->calendar) {
        *any |= cost_is_defined(c->costs[pair]);
        return write_cost(c->costs[pair], at);
    }
    char *begin = at;
    bool some = false;
    for (size_t k = 0; k < c->calendar->count; k++) {
        double cost = c->costs[k * pairs + pair];
        some |= cost_is_defined(cost);
        *at++ = k ? ',' : '[';
        at = write_cost(cost, at);
    }
    if (!some) {
        return write_cost(COST_NONE, begin);
    }
    *any = true;
    *at++ = ']';
    return at;
}

static char *write_pair(const cost_table_t *t, size_t pair, char *at, bool *any)
{
    size_t pairs = t->from.count * t->to.count;
    if (!t->multi) {
        return write_column(t->columns, pairs, pair, at, any);
    }
    for (size_t k = 0; k < t->shown; k++) {
        *at++ = k ? ',' : '[';
        at = write_column(&t->columns[k], pairs, pair, at, any);
    }
    *at++ = ']';
    return at;
}

/* What has no cost of any type is left out, as it is where there is one type. */
static bool write_arrays(const cost_table_t *t, size_t from, buf_t *out)
{
    size_t start = out->len, most = 4;
    for (size_t k = 0; k < t->shown; k++) {
        most += 2 + cost_column_depth(&t->columns[k]) * (JSON_DOUBLE_MAX + 1);
    }
    for (size_t i = 0; i < t->to.count; i++) {
        const slice_t key = t->to.keys[i];
        bool any = false;
        if (!buf_reserve(out, key.len + most)) {
            return false;
        }
        char *at = out->ptr + out->len;
        *at++ = out->len == start ? '{' : ',';
        memcpy(at, key.ptr, key.len);
        at = write_pair(t, from * t->to.count + i, at + key.len, &any);
        if (any) {
            out->len = (size_t)(at - out->ptr);
        }
    }
    if (out->len > start) {
        buf_append_char(out, '}');
    }
    return out->len > start;
}

bool cost_table_row(const cost_table_t *t, size_t from, buf_t *out)
{
    return t->multi || t->columns[0].calendar
               ? write_arrays(t, from, out)
               : cost_row_write(t->to.keys, t->columns[0].costs + from * t->to.count, t->to.count,
                                out);
}
