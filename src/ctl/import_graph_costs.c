#include "import_graph.h"

#include <stdlib.h>

/*
 * Hops by breadth first, metrics by Dijkstra over a binary heap in which a node that comes closer
 * moves up.
 */

bool import_paths_init(import_paths_t *p, const import_graph_t *g)
{
    *p = (import_paths_t){.g = g};
    p->distances = calloc(g->node_count + 1, sizeof *p->distances);
    p->heap = calloc(g->node_count + 1, sizeof *p->heap);
    p->places = calloc(g->node_count + 1, sizeof *p->places);
    return p->distances && p->heap && p->places;
}

void import_paths_release(import_paths_t *p)
{
    free(p->distances);
    free(p->heap);
    free(p->places);
}

/* ---- the heap ---- */

static void put(import_paths_t *p, size_t at, uint32_t node)
{
    p->heap[at] = node;
    p->places[node] = (uint32_t)at + 1;
}

static void move_up(import_paths_t *p, size_t at)
{
    uint32_t node = p->heap[at];
    while (at && p->distances[node] < p->distances[p->heap[(at - 1) / 2]]) {
        put(p, at, p->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(p, at, node);
}

static uint32_t take_closest(import_paths_t *p)
{
    uint32_t closest = p->heap[0], last = p->heap[--p->count];
    size_t at = 0;
    p->places[closest] = 0;
    if (!p->count) {
        return closest;
    }
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= p->count) {
            break;
        }
        if (child + 1 < p->count &&
            p->distances[p->heap[child + 1]] < p->distances[p->heap[child]]) {
            child++;
        }
        if (p->distances[last] <= p->distances[p->heap[child]]) {
            break;
        }
        put(p, at, p->heap[child]);
        at = child;
    }
    put(p, at, last);
    return closest;
}

static void come_closer(import_paths_t *p, uint32_t node, uint64_t distance)
{
    if (distance >= p->distances[node]) {
        return;
    }
    p->distances[node] = distance;
    if (!p->places[node]) {
        put(p, p->count++, node);
    }
    move_up(p, p->places[node] - 1);
}

/* ---- both ---- */

static void walk_metrics(import_paths_t *p)
{
    const import_graph_t *g = p->g;
    for (size_t i = 0; i < p->count; i++) {
        p->places[p->heap[i]] = (uint32_t)i + 1; /* all at 0: a heap as they are */
    }
    while (p->count) {
        uint32_t node = take_closest(p);
        for (uint32_t i = g->first[node]; i < g->first[node + 1]; i++) {
            come_closer(p, g->links[i].to, p->distances[node] + g->links[i].metric);
        }
    }
}

static void walk_hops(import_paths_t *p)
{
    const import_graph_t *g = p->g;
    for (size_t at = 0; at < p->count; at++) {
        uint32_t node = p->heap[at];
        for (uint32_t i = g->first[node]; i < g->first[node + 1]; i++) {
            uint32_t to = g->links[i].to;
            if (p->distances[to] == IMPORT_UNREACHABLE) {
                p->distances[to] = p->distances[node] + 1;
                p->heap[p->count++] = to;
            }
        }
    }
}

void import_paths_from(import_paths_t *p, uint32_t pid, import_metric_t metric)
{
    p->count = 0;
    for (size_t i = 0; i < p->g->node_count; i++) {
        bool here = p->g->nodes[i].pid == pid;
        p->distances[i] = here ? 0 : IMPORT_UNREACHABLE;
        p->places[i] = 0;
        if (here) {
            p->heap[p->count++] = (uint32_t)i;
        }
    }
    if (metric == IMPORT_HOPCOUNT) {
        walk_hops(p);
    } else {
        walk_metrics(p);
    }
}
