#include "builder.h"

#include <stdlib.h>

/* Lists of costs become a matrix of each interval. */

/* More numbers than this, for all intervals together, are refused. */
#define VALUES_MAX ((size_t)1 << 24)

static void find(builder_t *b, const cost_map_draft_t *cost, const cost_cell_t *cell,
                 const model_network_map_t *map, finding_code_t code, const char *text)
{
    findings_add(b->findings, code,
                 builder_place(b, cost->costs_document, cell->line, cell->column),
                 cost_pair_pointer(b, cost, cell, map), (slice_t){0}, "%s", text);
}

bool check_cost_lists(builder_t *b, const cost_map_draft_t *cost, const model_network_map_t *map)
{
    const calendar_draft_t *c = &cost->calendar;
    bool good = !c->bad;
    for (size_t i = 0; i < cost->list_count; i++) {
        const cost_list_t *list = &cost->lists[i];
        const cost_cell_t *cell = &cost->cells[list->cell];
        const char *why = NULL;
        if (!c->given) {
            find(b, cost, cell, map, FINDING_WRONG_TYPE,
                 "a list of costs is of the intervals of a calendar, which is missing");
            good = false;
            continue;
        }
        if (!c->bad && list->count != c->count) {
            find(b, cost, cell, map, FINDING_BAD_VALUE,
                 "a list of costs has one for each interval of the calendar");
            good = false;
        }
        for (size_t k = 0; k < list->count && !why; k++) {
            double value = cost->list_values[list->first + k];
            why = cost_is_defined(value) ? cost_forbidden(&cost->type, value) : NULL;
        }
        if (why) {
            find(b, cost, cell, map, FINDING_BAD_VALUE, why);
            good = false;
        }
    }
    if (good && c->given && cost->cell_count * c->count > VALUES_MAX) {
        findings_add(b->findings, FINDING_LIMIT,
                     builder_place(b, cost->document, c->line, c->column), SLICE_LIT(""),
                     (slice_t){0}, "the calendar has more than 16777216 costs");
        good = false;
    }
    return good;
}

/* The cells of an interval; of none (SIZE_MAX) those that have one number. */
static size_t cells_of(const cost_map_draft_t *cost, size_t interval, cost_cell_t *out)
{
    size_t n = 0, list = 0;
    for (size_t i = 0; i < cost->cell_count; i++) {
        cost_cell_t cell = cost->cells[i];
        if (list < cost->list_count && cost->lists[list].cell == i) {
            size_t first = cost->lists[list++].first;
            cell.cost = interval == SIZE_MAX ? COST_NONE : cost->list_values[first + interval];
        }
        out[n++] = cell;
    }
    return n;
}

static err_t make_interval(builder_t *b, const cost_map_draft_t *cost, size_t interval, size_t size,
                           cost_cell_t *cells, cost_matrix_t *out, cost_cell_t *repeated)
{
    size_t n = cells_of(cost, interval, cells);
    return cost_matrix_make(cells, n, size, cost->rest, b->arena, out, repeated);
}

err_t make_calendar(builder_t *b, const cost_map_draft_t *cost, size_t size,
                    const cost_calendar_t **out, cost_cell_t *repeated)
{
    const calendar_draft_t *c = &cost->calendar;
    cost_calendar_t *made = arena_alloc(b->arena, sizeof *made);
    cost_matrix_t *matrices = arena_array(b->arena, (size_t)c->count + 1, sizeof *matrices);
    cost_cell_t *cells = malloc((cost->cell_count + 1) * sizeof *cells);
    err_t err = made && matrices && cells ? ERR_OK : ERR_NOMEM;
    for (size_t k = 0; k <= c->count && !err; k++) {
        err = make_interval(b, cost, k < c->count ? k : SIZE_MAX, size, cells, &matrices[k],
                            repeated);
    }
    if (!err) {
        *made = (cost_calendar_t){.interval_s = c->interval_s,
                                  .count = c->count,
                                  .repeats = c->period > 0,
                                  .zone = c->zone,
                                  .start = c->start,
                                  .matrices = matrices,
                                  .outside = &matrices[c->count]};
        *out = made;
    }
    free(cells);
    return err;
}
