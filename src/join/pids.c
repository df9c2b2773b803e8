#include "footprintd/join/pids.h"

#include "sweep.h"

#include <stdlib.h>

err_t pid_index_build(const model_network_map_t *map, pid_index_t *out)
{
    *out = (pid_index_t){0};
    join_ranges_init(&out->ranges[FAMILY_IPV4], FAMILY_IPV4);
    join_ranges_init(&out->ranges[FAMILY_IPV6], FAMILY_IPV6);
    uint32_t *numbers = malloc((map->pid_count + 1) * sizeof *numbers);
    err_t err = numbers ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; !err && i < map->pid_count; i++) {
        numbers[i] = (uint32_t)i + 1;
    }
    for (unsigned f = 0; f < FAMILY_COUNT && !err; f++) {
        err = sweep_pids(map, (family_t)f, numbers, 0, &out->ranges[f]);
        join_ranges_fit(&out->ranges[f]);
    }
    err = err ? err : trie4_build(&out->ranges[FAMILY_IPV4], &out->table4);
    err = err ? err : trie6_build(&out->ranges[FAMILY_IPV6], &out->table6);
    free(numbers);
    if (err) {
        pid_index_release(out);
    }
    return err;
}

void pid_index_release(pid_index_t *index)
{
    join_ranges_release(&index->ranges[FAMILY_IPV4]);
    join_ranges_release(&index->ranges[FAMILY_IPV6]);
    trie_release(&index->table4.t);
    trie_release(&index->table6.t);
}
