/*
 * Projection: attributes and PIDs to the lists that name them. Done before the join: what no
 * footprint names becomes the empty set, so that neighbours merge and few combinations are left.
 * Private to src/join.
 */
#ifndef FPD_JOIN_PROJECT_H
#define FPD_JOIN_PROJECT_H

#include "compile.h"
#include "footprintd/join/attributes.h"

/* Every address to the set of lists that its record in one database matches. */
err_t project_geo(const compiled_t *c, const geo_table_t *table, family_t family, sets_t *sets,
                  join_ranges_t *out) FPD_MUST_CHECK;

/* Every address to the set of altopid lists that name its PID. */
err_t project_pids(const compiled_t *c, const model_network_map_t *map, family_t family,
                   sets_t *sets, join_ranges_t *out) FPD_MUST_CHECK;

/* One value of a type, and the lists that have it. */
typedef struct mentioned {
    uint64_t value;
    uint32_t set; /* interned set of lists */
} mentioned_t;

/*
 * Every value of the type that some list has, ascending, with the set of those lists. PIDs are
 * numbers in the map. Owned by the caller.
 */
err_t project_mentioned(const compiled_t *c, fp_type_t type, const model_network_map_t *map,
                        sets_t *sets, mentioned_t **out, size_t *count) FPD_MUST_CHECK;

/* One range: nothing is known of any address. */
err_t project_nothing(family_t family, join_ranges_t *out) FPD_MUST_CHECK;

#endif
