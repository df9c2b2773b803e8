#include "spread.h"

#include <stdlib.h>

/* ---- arcs by the node that they leave ---- */

static bool arc_exists(const model_topology_t *t, uint32_t arc)
{
    return arc % 2 == 0 || !topology_arc_link(t, arc)->one_way;
}

err_t spread_init(spread_t *s, const model_topology_t *t)
{
    uint32_t arcs = 2 * (uint32_t)t->link_count;
    *s = (spread_t){.topology = t};
    s->first = calloc(t->node_count + 2, sizeof *s->first);
    s->arcs = calloc((size_t)arcs + 1, sizeof *s->arcs);
    s->states = calloc(t->node_count + 1, sizeof *s->states);
    s->heap = calloc(t->node_count + 1, sizeof *s->heap);
    if (!s->first || !s->arcs || !s->states || !s->heap) {
        return ERR_NOMEM;
    }
    for (uint32_t arc = 0; arc < arcs; arc++) {
        if (arc_exists(t, arc)) {
            s->first[topology_arc_from(t, arc) + 2]++;
        }
    }
    for (size_t i = 2; i < t->node_count + 2; i++) {
        s->first[i] += s->first[i - 1];
    }
    /* Counting up to where the next node begins leaves every node at its own beginning. */
    for (uint32_t arc = 0; arc < arcs; arc++) {
        if (arc_exists(t, arc)) {
            s->arcs[s->first[topology_arc_from(t, arc) + 1]++] = arc;
        }
    }
    return ERR_OK;
}

void spread_release(spread_t *s)
{
    free(s->first);
    free(s->arcs);
    free(s->states);
    free(s->heap);
}

/* ---- a heap of nodes, the nearest first ---- */

static bool nearer(const spread_t *s, uint32_t x, uint32_t y)
{
    const spread_state_t *a = &s->states[x], *b = &s->states[y];
    return a->metric != b->metric ? a->metric < b->metric : a->hops < b->hops;
}

static void put(spread_t *s, size_t place, uint32_t node)
{
    s->heap[place] = node;
    s->states[node].place = (uint32_t)place;
}

static void rise(spread_t *s, uint32_t node)
{
    size_t place = s->states[node].place;
    while (place && nearer(s, node, s->heap[(place - 1) / 2])) {
        put(s, place, s->heap[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    put(s, place, node);
}

static uint32_t take_nearest(spread_t *s)
{
    uint32_t nearest = s->heap[0], node = s->heap[--s->heap_count];
    size_t place = 0;
    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= s->heap_count) {
            break;
        }
        if (child + 1 < s->heap_count && nearer(s, s->heap[child + 1], s->heap[child])) {
            child++;
        }
        if (!nearer(s, s->heap[child], node)) {
            break;
        }
        put(s, place, s->heap[child]);
        place = child;
    }
    if (s->heap_count) {
        put(s, place, node);
    }
    return nearest;
}

/* ---- one source ---- */

/* One of equal metric and length is better when its last link has the first name. */
static void offer(spread_t *s, uint32_t from, uint32_t arc, uint32_t *last)
{
    uint32_t to = topology_arc_to(s->topology, arc);
    spread_state_t *there = &s->states[to];
    uint64_t metric = s->states[from].metric + topology_arc_link(s->topology, arc)->metric;
    uint32_t hops = s->states[from].hops + 1;
    if (metric == there->metric && hops == there->hops) {
        last[to] = arc < last[to] ? arc : last[to];
        return;
    }
    if (metric > there->metric || (metric == there->metric && hops > there->hops)) {
        return;
    }
    if (there->metric == UINT64_MAX) {
        there->place = (uint32_t)s->heap_count++;
    }
    there->metric = metric;
    there->hops = hops;
    last[to] = arc;
    rise(s, to);
}

void spread_from(spread_t *s, uint32_t source, uint32_t *last)
{
    for (size_t i = 0; i < s->topology->node_count; i++) {
        s->states[i] = (spread_state_t){.metric = UINT64_MAX};
        last[i] = TOPOLOGY_NONE;
    }
    s->states[source].metric = 0;
    s->heap_count = 1;
    put(s, 0, source);
    while (s->heap_count) {
        uint32_t node = take_nearest(s);
        for (uint32_t i = s->first[node]; i < s->first[node + 1]; i++) {
            offer(s, node, s->arcs[i], last);
        }
    }
}
