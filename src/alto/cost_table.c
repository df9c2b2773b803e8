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
static err_t rank(cost_table_t *table, bool higher_is_better)
{
    size_t total = table->from.count * table->to.count, count = 0, distinct = 0;
    double *sorted = malloc((total + 1) * sizeof *sorted);
    if (!sorted) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < total; i++) {
        if (cost_is_defined(table->costs[i])) {
            sorted[count++] = table->costs[i];
        }
    }
    qsort(sorted, count, sizeof *sorted, by_cost);
    for (size_t i = 0; i < count; i++) {
        if (!distinct || sorted[distinct - 1] < sorted[i]) {
            sorted[distinct++] = sorted[i];
        }
    }
    for (size_t i = 0; i < total; i++) {
        if (!cost_is_defined(table->costs[i])) {
            continue;
        }
        size_t low = 0, high = distinct;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (sorted[middle] < table->costs[i]) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        table->costs[i] = (double)(higher_is_better ? distinct - low : low + 1);
    }
    free(sorted);
    return ERR_OK;
}

err_t cost_table_fill(const cost_offer_t *offer, const cost_side_t *from, const cost_side_t *to,
                      arena_t *arena, cost_table_t *out)
{
    const cost_matrix_t *m = offer->costs;
    *out = (cost_table_t){*from, *to,
                          arena_array(arena, from->count * to->count + 1, sizeof(double))};
    if (!out->costs) {
        return ERR_NOMEM;
    }
    double *scratch = NULL;
    if (!m->dense && to->count >= m->size / 16) {
        scratch = arena_array(arena, m->size + 1, sizeof *scratch);
        if (!scratch) {
            return ERR_NOMEM;
        }
    }
    for (size_t i = 0; i < from->count; i++) {
        gather_row(m, from->pids[i], to, scratch, out->costs + i * to->count);
    }
    return offer->ranked ? rank(out, offer->higher_is_better) : ERR_OK;
}

/* ---- tests ---- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* operator, white space, number; white space may be around it all. */
static bool split(slice_t s, slice_t *operator, slice_t * number)
{
    size_t begin = 0, end = s.len;
    while (begin < end && is_space(s.ptr[begin])) {
        begin++;
    }
    while (end > begin && is_space(s.ptr[end - 1])) {
        end--;
    }
    if (end - begin < 4) {
        return false;
    }
    *operator= slice_of(s.ptr + begin, 2);
    begin += 2;
    if (!is_space(s.ptr[begin])) {
        return false;
    }
    while (is_space(s.ptr[begin])) {
        begin++;
    }
    *number = slice_of(s.ptr + begin, end - begin);
    return json_number_valid(*number);
}

static void raise_low(cost_range_t *r, double value, bool above)
{
    if (value > r->low) {
        r->low = value;
        r->above = above;
    } else if (value == r->low) {
        r->above |= above;
    }
}

static void lower_high(cost_range_t *r, double value, bool below)
{
    if (value < r->high) {
        r->high = value;
        r->below = below;
    } else if (value == r->high) {
        r->below |= below;
    }
}

bool cost_range_add(cost_range_t *range, slice_t constraint)
{
    slice_t operator, number;
    double value;
    if (!split(constraint, &operator, & number) || !json_number_double(number, &value)) {
        return false;
    }
    if (slice_is(operator, "gt") || slice_is(operator, "ge")) {
        raise_low(range, value, operator.ptr[1] == 't');
    } else if (slice_is(operator, "lt") || slice_is(operator, "le")) {
        lower_high(range, value, operator.ptr[1] == 't');
    } else if (slice_is(operator, "eq")) {
        raise_low(range, value, false);
        lower_high(range, value, false);
    } else {
        return false;
    }
    return true;
}

bool cost_range_is_all(const cost_range_t *range)
{
    return isinf(range->low) && isinf(range->high);
}

void cost_table_constrain(cost_table_t *table, const cost_range_t *range)
{
    if (cost_range_is_all(range)) {
        return;
    }
    for (size_t i = 0; i < table->from.count * table->to.count; i++) {
        double cost = table->costs[i];
        bool in = (range->above ? cost > range->low : cost >= range->low) &&
                  (range->below ? cost < range->high : cost <= range->high);
        table->costs[i] = in ? cost : COST_NONE;
    }
}

/* ---- text ---- */

bool cost_row_write(const slice_t *keys, const double *costs, size_t count, buf_t *out)
{
    size_t start = out->len;
    for (size_t i = 0; i < count; i++) {
        if (!cost_is_defined(costs[i])) {
            continue;
        }
        if (!buf_reserve(out, keys[i].len + JSON_DOUBLE_MAX + 2)) {
            return false;
        }
        char *at = out->ptr + out->len;
        *at++ = out->len == start ? '{' : ',';
        memcpy(at, keys[i].ptr, keys[i].len);
        at += keys[i].len;
        at += json_format_double(costs[i], at);
        out->len = (size_t)(at - out->ptr);
    }
    if (out->len > start) {
        buf_append_char(out, '}');
    }
    return out->len > start;
}

bool cost_table_row(const cost_table_t *t, size_t from, buf_t *out)
{
    return cost_row_write(t->to.keys, t->costs + from * t->to.count, t->to.count, out);
}
