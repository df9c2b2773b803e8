/*
 * PIDs of addresses: the longest-prefix match of one network map (RFC 7285 11.2.2) as a table.
 */
#ifndef FOOTPRINTD_JOIN_PIDS_H
#define FOOTPRINTD_JOIN_PIDS_H

#include "footprintd/join/ranges.h"
#include "footprintd/join/trie.h"
#include "footprintd/model/model.h"

/* Ids are the number of the PID in the map plus 1; 0: no PID holds the address. */
typedef struct pid_index {
    join_ranges_t ranges[FAMILY_COUNT];
    trie4_t table4;
    trie6_t table6;
} pid_index_t;

err_t pid_index_build(const model_network_map_t *map, pid_index_t *out) FPD_MUST_CHECK;
void pid_index_release(pid_index_t *index);

static inline uint32_t pid_index_get(const pid_index_t *index, const addr_t *addr)
{
    return addr->family == FAMILY_IPV4 ? trie4_get(&index->table4, addr->u.v4)
                                       : trie6_get(&index->table6, addr->u.v6);
}

#endif
