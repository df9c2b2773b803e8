/*
 * JSON Patch (RFC 6902, with the pointers of RFC 6901) and JSON merge patch (RFC 7396), applied to
 * the trees of base/json. No I/O. Private to src/ctl.
 *
 * Both change *doc in place, and after a failure it is of no more use: a caller keeps the text that
 * it was read from, so that a patch applies as a whole or not at all (RFC 6902 5). The order of
 * members is kept: a value that is replaced stays where it is, a new member goes behind the others.
 * The patch's own values become part of the document, so both trees lie in the same arena; its
 * limit is what bounds patches that copy a document into itself. Nesting stays within
 * JSON_DEPTH_DEFAULT.
 */
#ifndef FPD_CTL_JSON_PATCH_H
#define FPD_CTL_JSON_PATCH_H

#include "footprintd/base/json.h"

/* ERR_DATA with the reason appended to *why, ERR_NOMEM (also for the arena's limit), or ERR_OK. */
err_t ctl_json_patch_apply(json_value_t *doc, const json_value_t *patch, arena_t *arena,
                           buf_t *why) FPD_MUST_CHECK;
/* Every value is a merge patch: only memory can fail. */
err_t ctl_merge_patch_apply(json_value_t *doc, const json_value_t *patch,
                            arena_t *arena) FPD_MUST_CHECK;

#endif
