/*
 * Escapes in JSON strings (RFC 8259 7).
 */
#ifndef FPD_BASE_JSON_ESCAPE_H
#define FPD_BASE_JSON_ESCAPE_H

#include "footprintd/base/bytes.h"

/*
 * Appends the character that the escape at p stands for; p points at the backslash, and len bytes
 * are there. Returns the escape's length, or 0 with *error, a static text.
 */
size_t json_escape_decode(buf_t *out, const char *p, size_t len, const char **error);

#endif
