/*
 * The functions that the table of capability types points to. Private to src/model.
 */
#ifndef FPD_MODEL_CAPABILITY_TYPES_H
#define FPD_MODEL_CAPABILITY_TYPES_H

#include "footprintd/model/capability.h"

/* Documents: canonical forms (capability_values.c). */
bool delivery_canonical(const capability_check_t *c, const json_value_t *v, json_value_t *out);
bool acquisition_canonical(const capability_check_t *c, const json_value_t *v, json_value_t *out);
bool redirection_canonical(const capability_check_t *c, const json_value_t *v, json_value_t *out);
bool logging_canonical(const capability_check_t *c, const json_value_t *v, json_value_t *out);
bool metadata_canonical(const capability_check_t *c, const json_value_t *v, json_value_t *out);
bool target_canonical(const capability_check_t *c, const json_value_t *v, json_value_t *out);
bool limits_canonical(const capability_check_t *c, const json_value_t *v, json_value_t *out);
bool telemetry_canonical(const capability_check_t *c, const json_value_t *v, json_value_t *out);
bool credentials_canonical(const capability_check_t *c, const json_value_t *v, json_value_t *out);
bool opaque_canonical(const capability_check_t *c, const json_value_t *v, json_value_t *out);

/* Filters (capability_filter.c): RFC 9241 5.6. */
bool delivery_consistent(const json_value_t *wanted);
bool acquisition_consistent(const json_value_t *wanted);
bool redirection_consistent(const json_value_t *wanted);
bool logging_consistent(const json_value_t *wanted);
bool metadata_consistent(const json_value_t *wanted);
bool target_consistent(const json_value_t *wanted);
bool limits_consistent(const json_value_t *wanted);
bool telemetry_consistent(const json_value_t *wanted);
bool credentials_consistent(const json_value_t *wanted);
bool opaque_consistent(const json_value_t *wanted);

bool delivery_covers(const json_value_t *offered, const json_value_t *wanted);
bool acquisition_covers(const json_value_t *offered, const json_value_t *wanted);
bool redirection_covers(const json_value_t *offered, const json_value_t *wanted);
bool logging_covers(const json_value_t *offered, const json_value_t *wanted);
bool metadata_covers(const json_value_t *offered, const json_value_t *wanted);
bool target_covers(const json_value_t *offered, const json_value_t *wanted);
bool limits_covers(const json_value_t *offered, const json_value_t *wanted);
bool telemetry_covers(const json_value_t *offered, const json_value_t *wanted);
bool credentials_covers(const json_value_t *offered, const json_value_t *wanted);
bool opaque_covers(const json_value_t *offered, const json_value_t *wanted);

#endif
