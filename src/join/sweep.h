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

#endif
