#include "footprintd/paths/index.h"

#include "spread.h"

#include <stdlib.h>

/* ---- what it is made of ---- */

static void hash_number(hasher_t *h, uint64_t number)
{
    hasher_update(h, &number, sizeof number);
}

static void hash_prefixes(hasher_t *h, const prefix4_t *v4, size_t v4_count, const prefix6_t *v6,
                          size_t v6_count)
{
    hash_number(h, v4_count);
    hash_number(h, v6_count);
    for (size_t i = 0; i < v4_count; i++) {
        hash_number(h, (uint64_t)v4[i].addr << 8 | v4[i].len);
    }
    for (size_t i = 0; i < v6_count; i++) {
        hash_number(h, v6[i].addr.hi);
        hash_number(h, v6[i].addr.lo);
        hash_number(h, v6[i].len);
    }
}

static void hash_topology(hasher_t *h, const model_topology_t *t)
{
    hasher_update_slice(h, t->id);
    hash_number(h, t->node_count);
    hash_number(h, t->link_count);
    for (size_t i = 0; i < t->node_count; i++) {
        const topology_node_t *node = &t->nodes[i];
        hasher_update_slice(h, node->name);
        hash_number(h, node->pid_count);
        hasher_update(h, node->pids, node->pid_count * sizeof *node->pids);
        hash_prefixes(h, node->v4, node->v4_count, node->v6, node->v6_count);
    }
    for (size_t i = 0; i < t->link_count; i++) {
        const topology_link_t *link = &t->links[i];
        const uint64_t numbers[] = {link->from, link->to, link->one_way, link->metric};
        hasher_update(h, numbers, sizeof numbers);
        hasher_update_slice(h, link->name);
    }
}

/* In memory only: the bytes of numbers may be in any order. Given paths are not in the index. */
static err_t make_digest(const model_topology_t *t, digest_t *out)
{
    const model_network_map_t *map = t->network_map;
    hasher_t h;
    err_t err = hasher_init(&h);
    if (err) {
        return err;
    }
    hasher_begin(&h);
    hash_topology(&h, t);
    hash_number(&h, map->pid_count);
    for (size_t i = 0; i < map->pid_count; i++) {
        const model_pid_t *pid = &map->pids[i];
        hash_prefixes(&h, pid->v4, pid->v4_count, pid->v6, pid->v6_count);
    }
    err = hasher_finish(&h, out);
    hasher_release(&h);
    return err;
}

/* ---- shortest paths ---- */

static bool is_attached(const topology_node_t *node)
{
    return node->pid_count || node->v4_count || node->v6_count;
}

static err_t find_paths(path_index_t *index, const model_topology_t *t)
{
    spread_t spread;
    uint32_t sources = 0;
    for (size_t i = 0; i < t->node_count; i++) {
        index->rows[i] = is_attached(&t->nodes[i]) ? sources++ : TOPOLOGY_NONE;
    }
    index->last = calloc((size_t)sources * t->node_count + 1, sizeof *index->last);
    err_t err = spread_init(&spread, t);
    err = err || index->last ? err : ERR_NOMEM;
    for (uint32_t i = 0; i < t->node_count && !err; i++) {
        if (index->rows[i] != TOPOLOGY_NONE) {
            spread_from(&spread, i, index->last + (size_t)index->rows[i] * t->node_count);
        }
    }
    spread_release(&spread);
    return err;
}

/* ---- addresses ---- */

typedef struct attacher {
    const model_topology_t *topology;
    const path_index_t *index;
    model_pid_t *pids; /* one for each node, and one for what is at none */
    prefix4_t *v4;
    prefix6_t *v6;
    size_t v4_used, v6_used;
    prefix4_t *v4_own; /* prefixes of nodes, in order */
    prefix6_t *v6_own;
    size_t v4_own_count, v6_own_count;
} attacher_t;

static int cmp_v4(const void *x, const void *y)
{
    return prefix_cmp_v4(*(const prefix4_t *)x, *(const prefix4_t *)y);
}

static int cmp_v6(const void *x, const void *y)
{
    return prefix_cmp_v6(*(const prefix6_t *)x, *(const prefix6_t *)y);
}

static bool attacher_init(attacher_t *a)
{
    const model_topology_t *t = a->topology;
    size_t v4 = 0, v6 = 0, own4 = 0, own6 = 0;
    for (size_t i = 0; i < t->network_map->pid_count; i++) {
        v4 += t->network_map->pids[i].v4_count;
        v6 += t->network_map->pids[i].v6_count;
    }
    for (size_t i = 0; i < t->node_count; i++) {
        own4 += t->nodes[i].v4_count;
        own6 += t->nodes[i].v6_count;
    }
    a->pids = calloc(t->node_count + 1, sizeof *a->pids);
    a->v4 = calloc(v4 + own4 + 1, sizeof *a->v4);
    a->v6 = calloc(v6 + own6 + 1, sizeof *a->v6);
    a->v4_own = calloc(own4 + 1, sizeof *a->v4_own);
    a->v6_own = calloc(own6 + 1, sizeof *a->v6_own);
    if (!a->pids || !a->v4 || !a->v6 || !a->v4_own || !a->v6_own) {
        return false;
    }
    for (size_t i = 0; i < t->node_count; i++) {
        const topology_node_t *node = &t->nodes[i];
        for (size_t k = 0; k < node->v4_count; k++) {
            a->v4_own[a->v4_own_count++] = node->v4[k];
        }
        for (size_t k = 0; k < node->v6_count; k++) {
            a->v6_own[a->v6_own_count++] = node->v6[k];
        }
    }
    qsort(a->v4_own, own4, sizeof *a->v4_own, cmp_v4);
    qsort(a->v6_own, own6, sizeof *a->v6_own, cmp_v6);
    return true;
}

static void attacher_release(attacher_t *a)
{
    free(a->pids);
    free(a->v4);
    free(a->v6);
    free(a->v4_own);
    free(a->v6_own);
}

/* The prefixes of a PID that no node has itself, behind those that are there. */
static void add_pid(const attacher_t *a, const model_pid_t *pid, model_pid_t *out)
{
    prefix4_t *v4 = a->v4 + a->v4_used + out->v4_count;
    prefix6_t *v6 = a->v6 + a->v6_used + out->v6_count;
    for (size_t k = 0; k < pid->v4_count; k++) {
        if (!bsearch(&pid->v4[k], a->v4_own, a->v4_own_count, sizeof *v4, cmp_v4)) {
            *v4++ = pid->v4[k];
            out->v4_count++;
        }
    }
    for (size_t k = 0; k < pid->v6_count; k++) {
        if (!bsearch(&pid->v6[k], a->v6_own, a->v6_own_count, sizeof *v6, cmp_v6)) {
            *v6++ = pid->v6[k];
            out->v6_count++;
        }
    }
}

/* What was added is complete: in order, as prefixes of a PID are. */
static void end_pid(attacher_t *a, model_pid_t *out)
{
    qsort(a->v4 + a->v4_used, out->v4_count, sizeof *a->v4, cmp_v4);
    qsort(a->v6 + a->v6_used, out->v6_count, sizeof *a->v6, cmp_v6);
    out->v4 = a->v4 + a->v4_used;
    out->v6 = a->v6 + a->v6_used;
    a->v4_used += out->v4_count;
    a->v6_used += out->v6_count;
}

/* Nodes, and behind them what is at none, as the PIDs of a map that is matched like any other. */
static void attach_all(attacher_t *a)
{
    const model_topology_t *t = a->topology;
    const model_network_map_t *map = t->network_map;
    for (size_t i = 0; i < t->node_count; i++) {
        const topology_node_t *node = &t->nodes[i];
        model_pid_t *out = &a->pids[i];
        for (; out->v4_count < node->v4_count; out->v4_count++) {
            a->v4[a->v4_used + out->v4_count] = node->v4[out->v4_count];
        }
        for (; out->v6_count < node->v6_count; out->v6_count++) {
            a->v6[a->v6_used + out->v6_count] = node->v6[out->v6_count];
        }
        for (size_t k = 0; k < node->pid_count; k++) {
            add_pid(a, &map->pids[node->pids[k]], out);
        }
        end_pid(a, out);
    }
    for (size_t i = 0; i < map->pid_count; i++) {
        if (a->index->pid_nodes[i] == TOPOLOGY_NONE) {
            add_pid(a, &map->pids[i], &a->pids[t->node_count]);
        }
    }
    end_pid(a, &a->pids[t->node_count]);
}

static err_t index_addresses(path_index_t *index, const model_topology_t *t)
{
    attacher_t a = {.topology = t, .index = index};
    err_t err = ERR_NOMEM;
    if (attacher_init(&a)) {
        attach_all(&a);
        const model_network_map_t map = {.pids = a.pids, .pid_count = t->node_count + 1};
        err = pid_index_build(&map, &index->addresses);
    }
    attacher_release(&a);
    return err;
}

/* ---- identities ---- */

static err_t identify(hasher_t *h, const model_topology_t *t, const char *what, slice_t name,
                      uint8_t out[BLOCK_SIZE])
{
    digest_t digest;
    hasher_begin(h);
    hasher_update_slice(h, t->id);
    hasher_update_slice(h, slice_str(what));
    hasher_update_slice(h, name);
    err_t err = hasher_finish(h, &digest);
    if (!err) {
        memcpy(out, digest.bytes, BLOCK_SIZE);
    }
    return err;
}

static err_t make_identities(path_index_t *index, const model_topology_t *t)
{
    size_t arcs = 2 * t->link_count;
    hasher_t h;
    index->identities = calloc(arcs + t->node_count + 1, sizeof *index->identities);
    err_t err = index->identities ? hasher_init(&h) : ERR_NOMEM;
    if (err) {
        return err;
    }
    for (uint32_t arc = 0; arc < arcs && !err; arc++) {
        err = identify(&h, t, arc % 2 ? "\nback\n" : "\nlink\n", topology_arc_link(t, arc)->name,
                       index->identities[arc]);
    }
    for (size_t i = 0; i < t->node_count && !err; i++) {
        err = identify(&h, t, "\nnode\n", t->nodes[i].name, index->identities[arcs + i]);
    }
    hasher_release(&h);
    return err;
}

/* ---- the index ---- */

static err_t build(path_index_t *index, const model_topology_t *t)
{
    size_t pids = t->network_map->pid_count;
    index->node_count = t->node_count;
    index->rows = calloc(t->node_count + 1, sizeof *index->rows);
    index->pid_nodes = calloc(pids + 1, sizeof *index->pid_nodes);
    if (!index->rows || !index->pid_nodes) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < pids; i++) {
        index->pid_nodes[i] = TOPOLOGY_NONE;
    }
    for (size_t i = 0; i < t->node_count; i++) {
        for (size_t k = 0; k < t->nodes[i].pid_count; k++) {
            index->pid_nodes[t->nodes[i].pids[k]] = (uint32_t)i;
        }
    }
    err_t err = find_paths(index, t);
    err = err ? err : make_identities(index, t);
    return err ? err : index_addresses(index, t);
}

err_t path_index_make(const model_topology_t *topology, path_index_t *previous, path_index_t **out)
{
    digest_t digest;
    err_t err = make_digest(topology, &digest);
    if (err) {
        return err;
    }
    if (previous && !memcmp(&previous->digest, &digest, sizeof digest)) {
        *out = path_index_ref(previous);
        return ERR_OK;
    }
    path_index_t *index = calloc(1, sizeof *index);
    if (!index) {
        return ERR_NOMEM;
    }
    atomic_init(&index->refs, 1);
    index->digest = digest;
    err = build(index, topology);
    if (err) {
        path_index_unref(index);
        return err;
    }
    *out = index;
    return ERR_OK;
}

path_index_t *path_index_ref(path_index_t *index)
{
    atomic_fetch_add_explicit(&index->refs, 1, memory_order_relaxed);
    return index;
}

void path_index_unref(path_index_t *index)
{
    if (index && atomic_fetch_sub_explicit(&index->refs, 1, memory_order_acq_rel) == 1) {
        pid_index_release(&index->addresses);
        free(index->rows);
        free(index->last);
        free(index->pid_nodes);
        free(index->identities);
        free(index);
    }
}

/* ---- looking up ---- */

static const topology_path_t *find_given(const model_topology_t *t, uint32_t from, uint32_t to)
{
    size_t low = 0, high = t->path_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const topology_path_t *path = &t->paths[middle];
        if (path->from == from && path->to == to) {
            return path;
        }
        if (path->from < from || (path->from == from && path->to < to)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

size_t path_index_get(const path_index_t *index, const model_topology_t *t, uint32_t from,
                      uint32_t to, uint32_t *arcs)
{
    if (from == to) {
        return 0;
    }
    const topology_path_t *given = find_given(t, from, to);
    if (given) {
        memcpy(arcs, given->arcs, given->arc_count * sizeof *arcs);
        return given->arc_count;
    }
    if (index->rows[from] == TOPOLOGY_NONE) {
        return PATH_NONE;
    }
    const uint32_t *last = index->last + (size_t)index->rows[from] * index->node_count;
    size_t count = 0;
    for (uint32_t at = to; at != from; at = topology_arc_from(t, arcs[count++])) {
        if (last[at] == TOPOLOGY_NONE) {
            return PATH_NONE;
        }
        arcs[count] = last[at];
    }
    for (size_t i = 0; i < count / 2; i++) {
        uint32_t arc = arcs[i];
        arcs[i] = arcs[count - 1 - i];
        arcs[count - 1 - i] = arc;
    }
    return count;
}
