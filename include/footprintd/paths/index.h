/*
 * Paths of a topology: the shortest from every node that has something attached, and where an
 * address or a PID is attached.
 *
 * Made once, and shared by snapshots while the topology and its network map say the same. Which of
 * several shortest paths it is depends on names alone: the one with the fewest links; of those, the
 * one whose last link has the first name, and so on backwards (of two arcs of one link, the one
 * along it).
 */
#ifndef FOOTPRINTD_PATHS_INDEX_H
#define FOOTPRINTD_PATHS_INDEX_H

#include "footprintd/base/hash.h"
#include "footprintd/join/pids.h"

#include <stdatomic.h>

#define PATH_NONE SIZE_MAX

typedef struct path_index {
    atomic_uint refs;
    digest_t digest; /* of what it was made of */
    /* For each node: the row of it as a source, or TOPOLOGY_NONE. */
    uint32_t *rows;
    /* By row and node: the last arc on the way there, or TOPOLOGY_NONE. */
    uint32_t *last;
    size_t node_count;
    /* The node of each PID of the network map, or TOPOLOGY_NONE. */
    uint32_t *pid_nodes;
    /* What tells each arc and, behind all arcs, each node from all others: by names alone. */
    uint8_t (*identities)[BLOCK_SIZE];
    /* By longest match over prefixes of nodes and of PIDs; ids are node numbers plus 1. */
    pid_index_t addresses;
} path_index_t;

/*
 * The index of the topology: `previous` with one more reference when it is of the same content
 * (NULL: there is none), else a new one.
 */
err_t path_index_make(const model_topology_t *topology, path_index_t *previous,
                      path_index_t **out) FPD_MUST_CHECK;
path_index_t *path_index_ref(path_index_t *index);
/* NULL is fine. */
void path_index_unref(path_index_t *index);

/*
 * The arcs from one node to another, into `arcs`, which has room for as many as there are nodes:
 * their number, or PATH_NONE when there is no path. A path that documents give counts, whatever the
 * shortest is. From a node to itself it has no arcs.
 */
size_t path_index_get(const path_index_t *index, const model_topology_t *topology, uint32_t from,
                      uint32_t to, uint32_t *arcs);

/* TOPOLOGY_NONE: the address is at no node. */
static inline uint32_t path_index_node(const path_index_t *index, const addr_t *address)
{
    uint32_t id = pid_index_get(&index->addresses, address);
    return id && id <= index->node_count ? id - 1 : TOPOLOGY_NONE;
}

#endif
