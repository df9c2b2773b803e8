#include "builder.h"

#include <math.h>
#include <stdlib.h>

/*
 * Costs that are computed from what a document says of the PIDs: hops over neighbours, or distances
 * over the Earth. In the draft, a pair of neighbours is a cell, and a place a list of two numbers
 * in a cell of its own.
 */

/* Mean radius (IUGG), in kilometres. */
#define EARTH_KM 6371.0088
#define DEGREE   (3.14159265358979323846 / 180)

/* ---- parsing ---- */

static bool parse_neighbors_of(builder_t *b, cost_map_draft_t *map, cost_cell_t cell)
{
    if (doc_reader_last(b->reader)->kind != DOC_EV_SEQ) {
        return cost_wrong(b, map, FINDING_WRONG_TYPE, "the neighbors of a PID are a list of PIDs");
    }
    for (;;) {
        const doc_event_t *ev = builder_next(b);
        if (ev->kind == DOC_EV_SEQ_END) {
            return true;
        }
        if (ev->kind == DOC_EV_ERROR) {
            return false;
        }
        if (ev->kind != DOC_EV_SCALAR) {
            if (!cost_wrong(b, map, FINDING_WRONG_TYPE, "a neighbor is the name of a PID")) {
                return false;
            }
            continue;
        }
        cell.to = cost_pid_number(b, map, ev->text, ev->line, ev->column, slice_of(NULL, 0));
        if (b->failed || !cost_cell_add(b, map, &cell)) {
            return false;
        }
    }
}

/* [latitude, longitude] */
static bool parse_place(builder_t *b, cost_map_draft_t *map, const cost_cell_t *cell)
{
    static const char text[] =
        "a place is [latitude, longitude], in degrees: -90 to 90 and -180 to "
        "180";
    size_t count = 0;
    if (doc_reader_last(b->reader)->kind != DOC_EV_SEQ) {
        return cost_wrong(b, map, FINDING_WRONG_TYPE, text);
    }
    for (;;) {
        const doc_event_t *ev = builder_next(b);
        double value = 0, most = count ? 180 : 90;
        if (ev->kind == DOC_EV_ERROR) {
            return false;
        }
        if (ev->kind == DOC_EV_SEQ_END) {
            break;
        }
        bool number = ev->kind == DOC_EV_SCALAR && ev->scalar == JSON_NUMBER &&
                      json_number_double(ev->text, &value);
        if ((!number || fabs(value) > most) && !cost_wrong(b, map, FINDING_BAD_VALUE, text)) {
            return false;
        }
        if (count++ < 2 && !cost_list_value(b, map, value)) {
            return false;
        }
    }
    if (count != 2 && !map->bad) {
        map->bad = true;
        doc_reader_find(b->reader, FINDING_BAD_VALUE, (slice_t){0}, "%s", text);
    }
    return cost_list_cell_add(b, map, cell);
}

bool parse_computed_costs(builder_t *b, cost_map_draft_t *map, cost_computed_t how)
{
    map->computed = how;
    map->costs_document = b->document;
    map->costs_pointer = builder_pointer(b);
    if (doc_reader_last(b->reader)->kind != DOC_EV_MAP) {
        return cost_wrong(b, map, FINDING_WRONG_TYPE,
                          how == COST_HOPS ? "neighbors is a map of PIDs to lists of PIDs"
                                           : "coordinates is a map of PIDs to places");
    }
    for (;;) {
        const doc_event_t *ev = builder_next(b);
        cost_cell_t cell = {.cost = how == COST_HOPS ? 1 : COST_NONE};
        if (ev->kind != DOC_EV_SCALAR) {
            return ev->kind == DOC_EV_MAP_END;
        }
        cell.from = cell.to = cost_pid_number(b, map, ev->text, ev->line, ev->column,
                                              slice_of(NULL, 0));
        ev = builder_next(b);
        if (ev->kind == DOC_EV_ERROR || b->failed) {
            return false;
        }
        cell.line = ev->line;
        cell.column = ev->column;
        if (how == COST_HOPS ? !parse_neighbors_of(b, map, cell) : !parse_place(b, map, &cell)) {
            return false;
        }
    }
}

/* ---- distances ---- */

typedef struct position {
    uint32_t pid;
    double latitude, longitude; /* radians */
} position_t;

/* The haversine of a short way keeps its digits. */
static double distance_km(const position_t *x, const position_t *y)
{
    double u = sin((y->latitude - x->latitude) / 2), v = sin((y->longitude - x->longitude) / 2);
    double h = u * u + cos(x->latitude) * cos(y->latitude) * v * v;
    return 2 * EARTH_KM * asin(sqrt(h < 1 ? h : 1));
}

static bool fill_distances(const cost_map_draft_t *cost, size_t size, double *dense)
{
    position_t *places = calloc(cost->list_count + 1, sizeof *places);
    for (size_t i = 0; places && i < cost->list_count; i++) {
        const double *values = cost->list_values + cost->lists[i].first;
        places[i] = (position_t){cost->cells[cost->lists[i].cell].from, values[0] * DEGREE,
                                 values[1] * DEGREE};
    }
    for (size_t i = 0; places && i < cost->list_count; i++) {
        for (size_t k = 0; k <= i; k++) {
            /* A hundred metres: what is below depends on the library of the machine. */
            double km = floor(distance_km(&places[i], &places[k]) * 10 + 0.5) / 10;
            dense[places[i].pid * size + places[k].pid] = km;
            dense[places[k].pid * size + places[i].pid] = km;
        }
    }
    free(places);
    return places != NULL;
}

/* ---- hops ---- */

typedef struct graph {
    size_t *starts; /* size + 1 */
    uint32_t *ends; /* neighbours of i from starts[i] on */
    uint32_t *queue;
} graph_t;

/* Whoever is a neighbour has one. */
static bool make_graph(const cost_map_draft_t *cost, size_t size, graph_t *g)
{
    g->starts = calloc(size + 2, sizeof *g->starts);
    g->ends = calloc(2 * cost->cell_count + 1, sizeof *g->ends);
    g->queue = calloc(size + 1, sizeof *g->queue);
    if (!g->starts || !g->ends || !g->queue) {
        return false;
    }
    for (size_t i = 0; i < cost->cell_count; i++) {
        g->starts[cost->cells[i].from + 2]++;
        g->starts[cost->cells[i].to + 2]++;
    }
    for (size_t i = 2; i < size + 2; i++) {
        g->starts[i] += g->starts[i - 1];
    }
    for (size_t i = 0; i < cost->cell_count; i++) {
        const cost_cell_t *c = &cost->cells[i];
        g->ends[g->starts[c->from + 1]++] = c->to;
        g->ends[g->starts[c->to + 1]++] = c->from;
    }
    return true;
}

static void walk(const graph_t *g, size_t from, double *row)
{
    size_t begin = 0, end = 1;
    g->queue[0] = (uint32_t)from;
    row[from] = 0;
    while (begin < end) {
        uint32_t at = g->queue[begin++];
        for (size_t i = g->starts[at]; i < g->starts[at + 1]; i++) {
            uint32_t next = g->ends[i];
            if (!cost_is_defined(row[next])) {
                row[next] = row[at] + 1;
                g->queue[end++] = next;
            }
        }
    }
}

/* Only PIDs that neighbours are said of have costs. */
static bool fill_hops(const cost_map_draft_t *cost, size_t size, double *dense)
{
    graph_t g = {NULL, NULL, NULL};
    bool made = make_graph(cost, size, &g);
    for (size_t i = 0; made && i < size; i++) {
        if (g.starts[i + 1] > g.starts[i]) {
            walk(&g, i, dense + i * size);
        }
    }
    free(g.starts);
    free(g.ends);
    free(g.queue);
    return made;
}

err_t compute_costs(builder_t *b, const cost_map_draft_t *cost, size_t size, cost_matrix_t *out)
{
    double *dense = arena_array(b->arena, size * size + 1, sizeof *dense);
    for (size_t i = 0; dense && i < size * size; i++) {
        dense[i] = COST_NONE;
    }
    bool made = dense && (cost->computed == COST_HOPS ? fill_hops(cost, size, dense)
                                                      : fill_distances(cost, size, dense));
    for (size_t i = 0; made && cost_is_defined(cost->rest) && i < size * size; i++) {
        dense[i] = cost_is_defined(dense[i]) ? dense[i] : cost->rest;
    }
    return made ? cost_matrix_make_dense(dense, size, b->arena, out) : ERR_NOMEM;
}
