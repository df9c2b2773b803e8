/*
 * What the JSON of an address and that of a prefix have in common. Private to src/lookup.
 */
#ifndef FPD_LOOKUP_REPORT_JSON_H
#define FPD_LOOKUP_REPORT_JSON_H

#include "footprintd/lookup/report.h"

/* Objects: of a footprint with its place, of a capability, of a PID in network map `map`. */
void report_json_footprint(const report_t *r, uint32_t index, buf_t *out);
void report_json_object(const report_t *r, lookup_object_t object, buf_t *out);
void report_json_pid(const report_t *r, size_t map, const model_pid_t *pid, buf_t *out);
/* The members country, subdivisions and asn; and databases: each begins with a comma. */
void report_json_attributes(const attribute_set_t *a, buf_t *out);
void report_json_databases(report_t *r, buf_t *out);

#endif
