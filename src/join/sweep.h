/*
 * Sweeps: prefixes to ranges. Private to src/join.
 */
#ifndef FPD_JOIN_SWEEP_H
#define FPD_JOIN_SWEEP_H

#include "compile.h"
#include "footprintd/join/ranges.h"

/* Every address to the set of lists whose prefixes contain it: every enclosing prefix counts. */
err_t sweep_lists(const compiled_t *c, family_t family, sets_t *sets, join_ranges_t *out,
                  size_t *prefixes) FPD_MUST_CHECK;

/*
 * Every address to what `value` says of the PID of its longest prefix (RFC 7285 11.2.2), none for
 * an address that no PID holds.
 */
err_t sweep_pids(const model_network_map_t *map, family_t family, const uint32_t *value,
                 uint32_t none, join_ranges_t *out) FPD_MUST_CHECK;

/* A prefix with the lists around it and the lists that name its PID. */
typedef struct swept {
    prefix_t prefix;
    uint32_t lists;
    uint32_t pids;
} swept_t;

/*
 * Every distinct prefix of the lists, and, when `by_pid` is not NULL, of the PIDs of the map, in
 * address order, outer before inner, with what holds for its addresses that are in no longer one.
 * *out is NULL when there are more than `most`; *count is right either way. Owned by the caller.
 */
err_t sweep_declared(const compiled_t *c, const model_network_map_t *map, const uint32_t *by_pid,
                     family_t family, size_t most, sets_t *sets, swept_t **out,
                     size_t *count) FPD_MUST_CHECK;

#endif
