/*
 * The request line (RFC 9110 9, RFC 9112 3): methods and request targets, as pure functions.
 */
#ifndef FOOTPRINTD_HTTP_TARGET_H
#define FOOTPRINTD_HTTP_TARGET_H

#include "footprintd/base/bytes.h"

typedef enum method {
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_OPTIONS,
    METHOD_OTHER,   /* HTTP defines it, nothing here allows it: 405 */
    METHOD_UNKNOWN, /* 501 */
} method_t;

/* Method names are case-sensitive. */
method_t method_parse(slice_t name);

/*
 * True when the target is in absolute form (RFC 9112 3.2.2); *path is then what follows the
 * authority, with the query: "" when there is nothing, and it may begin with '?'.
 */
bool target_is_absolute(slice_t target, slice_t *path);

#endif
