#include "footprintd/model/costs.h"

#include "footprintd/base/json.h"
#include "sort.h"

/* ---- texts ---- */

cost_text_t cost_text(double cost)
{
    char text[JSON_DOUBLE_MAX];
    cost_text_t out = {.len = 0};
    if (cost_is_defined(cost)) {
        size_t len = json_format_double(cost, text);
        out.len = len <= COST_TEXT_MAX ? (uint8_t)len : COST_TEXT_LONG;
        memcpy(out.text, text, len <= COST_TEXT_MAX ? len : 0);
    }
    return out;
}

static err_t make_texts(const double *costs, size_t count, arena_t *arena, cost_matrix_t *out)
{
    cost_text_t *texts = arena_array(arena, count + 1, sizeof *texts);
    for (size_t i = 0; texts && i < count; i++) {
        texts[i] = cost_text(costs[i]);
    }
    out->texts = texts;
    return texts ? ERR_OK : ERR_NOMEM;
}

/* ---- making ---- */

static int by_pair(const void *x, const void *y)
{
    const cost_cell_t *a = x, *b = y;
    if (a->from != b->from) {
        return a->from < b->from ? -1 : 1;
    }
    if (a->to != b->to) {
        return a->to < b->to ? -1 : 1;
    }
    return (a->line > b->line) - (a->line < b->line);
}

/* Files are mostly written in order. */
static void sort_cells(cost_cell_t *cells, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (by_pair(&cells[i - 1], &cells[i]) > 0) {
            sort_items(cells, count, sizeof *cells, by_pair);
            return;
        }
    }
}

static const cost_cell_t *find_repeated(const cost_cell_t *cells, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (cells[i].from == cells[i - 1].from && cells[i].to == cells[i - 1].to) {
            return &cells[i];
        }
    }
    return NULL;
}

static err_t make_dense(const cost_cell_t *cells, size_t count, arena_t *arena, cost_matrix_t *out)
{
    double *dense = arena_array(arena, out->size * out->size, sizeof *dense);
    if (!dense) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < out->size * out->size; i++) {
        dense[i] = out->rest;
    }
    for (size_t i = 0; i < count; i++) {
        dense[cells[i].from * out->size + cells[i].to] = cells[i].cost;
    }
    out->dense = dense;
    return make_texts(dense, out->size * out->size, arena, out);
}

err_t cost_matrix_make_dense(const double *dense, size_t size, arena_t *arena, cost_matrix_t *out)
{
    *out = (cost_matrix_t){.size = size, .rest = COST_NONE, .dense = dense};
    return make_texts(dense, size * size, arena, out);
}

static err_t make_sparse(const cost_cell_t *cells, size_t count, arena_t *arena, cost_matrix_t *out)
{
    size_t *starts = arena_array(arena, out->size + 1, sizeof *starts);
    uint32_t *columns = arena_array(arena, count + 1, sizeof *columns);
    double *values = arena_array(arena, count + 1, sizeof *values);
    if (!starts || !columns || !values) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        starts[cells[i].from + 1] = i + 1;
        columns[i] = cells[i].to;
        values[i] = cells[i].cost;
    }
    for (size_t i = 1; i <= out->size; i++) { /* rows without cells */
        starts[i] = starts[i] > starts[i - 1] ? starts[i] : starts[i - 1];
    }
    out->starts = starts;
    out->columns = columns;
    out->values = values;
    return make_texts(values, count, arena, out);
}

err_t cost_matrix_make(cost_cell_t *cells, size_t count, size_t size, double rest, arena_t *arena,
                       cost_matrix_t *out, cost_cell_t *repeated)
{
    *out = (cost_matrix_t){.size = size, .rest = rest};
    sort_cells(cells, count);
    const cost_cell_t *twice = find_repeated(cells, count);
    if (twice) {
        *repeated = *twice;
        return ERR_DATA;
    }
    if (!count) {
        return ERR_OK;
    }
    /* Of a dense one a cell is 16 bytes, of a sparse one 20. */
    return count > size * size / 5 * 4 ? make_dense(cells, count, arena, out)
                                       : make_sparse(cells, count, arena, out);
}

/* ---- asking ---- */

/* The place of a cell; SIZE_MAX: there is none, and the pair has what the rest has. */
static size_t find_cell(const cost_matrix_t *m, size_t from, size_t to)
{
    if (m->dense) {
        return from * m->size + to;
    }
    size_t low = m->starts ? m->starts[from] : 0, end = m->starts ? m->starts[from + 1] : 0;
    size_t high = end;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (m->columns[middle] < to) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < end && m->columns[low] == to ? low : SIZE_MAX;
}

double cost_matrix_get(const cost_matrix_t *m, size_t from, size_t to)
{
    size_t cell = find_cell(m, from, to);
    return cell == SIZE_MAX ? m->rest : m->dense ? m->dense[cell] : m->values[cell];
}

cost_text_t cost_matrix_text(const cost_matrix_t *m, size_t from, size_t to)
{
    size_t cell = find_cell(m, from, to);
    return cell == SIZE_MAX ? cost_text(m->rest) : m->texts[cell];
}

void cost_matrix_row(const cost_matrix_t *m, size_t from, double *out)
{
    if (m->dense) {
        memcpy(out, m->dense + from * m->size, m->size * sizeof *out);
        return;
    }
    for (size_t i = 0; i < m->size; i++) {
        out[i] = m->rest;
    }
    for (size_t i = m->starts ? m->starts[from] : 0; m->starts && i < m->starts[from + 1]; i++) {
        out[m->columns[i]] = m->values[i];
    }
}

void cost_matrix_texts(const cost_matrix_t *m, size_t from, cost_text_t *out)
{
    if (m->dense) {
        memcpy(out, m->texts + from * m->size, m->size * sizeof *out);
        return;
    }
    const cost_text_t rest = cost_text(m->rest);
    for (size_t i = 0; i < m->size; i++) {
        out[i] = rest;
    }
    for (size_t i = m->starts ? m->starts[from] : 0; m->starts && i < m->starts[from + 1]; i++) {
        out[m->columns[i]] = m->texts[i];
    }
}
