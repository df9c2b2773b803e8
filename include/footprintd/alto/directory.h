/*
 * The Information Resource Directory (RFC 7285 9).
 */
#ifndef FOOTPRINTD_ALTO_DIRECTORY_H
#define FOOTPRINTD_ALTO_DIRECTORY_H

#include "footprintd/alto/resource.h"

#define ALTO_MEDIA_DIRECTORY "application/alto-directory+json"

extern const resource_kind_t resource_kind_directory;

/* One entry; strings are borrowed. */
typedef struct directory_entry {
    slice_t id;
    slice_t path;
    const resource_kind_t *kind;
    const slice_t *uses;
    size_t uses_count;
    slice_t capabilities; /* a JSON object; "" when there are none */
    slice_t uri;          /* absolute, instead of base and path; "" for resources of ours */
} directory_entry_t;

/*
 * Entries must be sorted by id. cost_types is the JSON object of all cost types, or "". base_uri is
 * "" for relative references.
 */
err_t directory_write(const directory_entry_t *entries, size_t count, slice_t default_map,
                      slice_t cost_types, slice_t base_uri, buf_t *out) FPD_MUST_CHECK;

#endif
