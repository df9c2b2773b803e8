/*
 * Patches: from one version of a resource to another, as JSON Patch (RFC 6902) and as JSON merge
 * patch (RFC 7396), computed from trees, and applied to trees to see that they are right.
 *
 * What is encoded is deterministic: it depends on the two contents alone.
 */
#ifndef FOOTPRINTD_UPDATES_PATCH_H
#define FOOTPRINTD_UPDATES_PATCH_H

#include "footprintd/alto/tree.h"

typedef enum patch_type {
    PATCH_MERGE, /* application/merge-patch+json */
    PATCH_JSON,  /* application/json-patch+json */
} patch_type_t;

/*
 * Appends the array of operations. It begins with a test of /meta/vtag/tag, where there is one and
 * it differs, so that it fails as a whole on any other version. Bottom up, the smaller of changing
 * a value's parts and replacing it is taken. ERR_LIMIT (and nothing appended) as soon as it is
 * known to have more than `limit` bytes.
 */
err_t patch_json(const node_t *from, const node_t *to, size_t limit, buf_t *out) FPD_MUST_CHECK;
/*
 * Appends the merge patch. ERR_RANGE: there is none, since a value would be set that contains a
 * null; ERR_LIMIT as above.
 */
err_t patch_merge(const node_t *from, const node_t *to, size_t limit, buf_t *out) FPD_MUST_CHECK;

/*
 * Reads the patch's text as a client would, applies it to `from`, and compares the result with
 * `to`. It shares no code with what made the patch, and costs as much as the parts that differ.
 * ERR_DATA: the patch does not apply, or leads elsewhere.
 */
err_t patch_verify(patch_type_t type, slice_t patch, const node_t *from,
                   const node_t *to) FPD_MUST_CHECK;

#endif
