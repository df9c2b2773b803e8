/*
 * Verification: a value and all that it contains or points to is decoded once, within bounds.
 *
 * What is refused: values past the end of their section, types and sizes that do not exist, strings
 * that are not UTF-8, keys that are not strings, pointers to pointers, values that contain
 * themselves, nesting beyond the depth limit.
 *
 * The work is bounded. What was verified is not decoded again when a pointer leads to it. Where
 * values overlap (a writer may point into the middle of a map that it wrote before) bytes are read
 * again: each byte of the section VERIFY_READS times on average, else ERR_LIMIT. Writers that exist
 * stay below two.
 */
#ifndef FPD_GEO_VERIFY_H
#define FPD_GEO_VERIFY_H

#include "geo/decode.h"

#define VERIFY_READS     16
#define VERIFY_DEPTH     64  /* when the caller has no other limit */
#define VERIFY_DEPTH_MAX 250 /* what `seen` can hold */

typedef struct verifier {
    section_t section;
    uint8_t *seen; /* for each byte, of the value that begins there: 0, height + 1, or UNDER_WAY */
    uint64_t budget;
    unsigned depth_limit;
    buf_t *why;
} verifier_t;

err_t verifier_init(verifier_t *v, section_t section, unsigned depth_limit,
                    buf_t *why) FPD_MUST_CHECK;
void verifier_release(verifier_t *v);
/* ERR_DATA or ERR_LIMIT, with a line in *why. */
err_t verifier_value(verifier_t *v, size_t at) FPD_MUST_CHECK;

#endif
