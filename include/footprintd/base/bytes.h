/*
 * Bytes: borrowed slices, and a growing buffer.
 *
 * A slice_t is a pointer and a length and owns nothing; it may hold any bytes and need not end in a
 * NUL. A buf_t owns its memory. Growth failures stick: after one failed append every further append
 * is a no-op and buf_failed() is true, so that a writer is checked once, at its end.
 */
#ifndef FOOTPRINTD_BASE_BYTES_H
#define FOOTPRINTD_BASE_BYTES_H

#include "footprintd/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct slice {
    const char *ptr; /* may be NULL when len is 0 */
    size_t len;
} slice_t;

#define SLICE_LIT(literal) ((slice_t){(literal), sizeof(literal) - 1})
/* For printf's "%.*s". */
#define SLICE_ARG(s) (int)(s).len, ((s).ptr ? (s).ptr : "")

static inline slice_t slice_of(const char *ptr, size_t len)
{
    return (slice_t){ptr, len};
}

static inline slice_t slice_str(const char *cstr)
{
    return (slice_t){cstr, strlen(cstr)};
}

static inline bool slice_eq(slice_t a, slice_t b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool slice_is(slice_t a, const char *cstr)
{
    return slice_eq(a, slice_str(cstr));
}

/* Order by bytes, the shorter first when one is the start of the other: <0, 0, >0. */
int slice_cmp(slice_t a, slice_t b);
/* ASCII letters compare without case. */
bool slice_eq_nocase(slice_t a, slice_t b);
/* The text with ASCII letters in lower case, in out; "" when it has more than 15 bytes. */
slice_t slice_lower_short(slice_t text, char out[16]);

typedef struct buf {
    char *ptr; /* NULL until the first append */
    size_t len;
    size_t cap;
    bool failed;
} buf_t;

#define BUF_INIT                                                                                   \
    {                                                                                              \
        NULL, 0, 0, false                                                                          \
    }

void buf_release(buf_t *buf);
/* Empties, keeps the memory, forgets a failure. */
void buf_clear(buf_t *buf);
/* Makes room for `more` bytes after len, false when that fails; len is unchanged. */
bool buf_reserve(buf_t *buf, size_t more);
/* What is appended may not lie in the buffer itself, which moves when it grows. */
void buf_append(buf_t *buf, const void *bytes, size_t len);
void buf_append_slice(buf_t *buf, slice_t s);
void buf_append_str(buf_t *buf, const char *cstr);
void buf_append_char(buf_t *buf, char c);
void buf_append_u64(buf_t *buf, uint64_t value);
/* Bytes that could steer a terminal as \xNN, and so those of `also`. */
void buf_append_printable(buf_t *buf, slice_t s, const char *also);
void buf_printf(buf_t *buf, const char *fmt, ...) FPD_PRINTF(2, 3);

static inline bool buf_failed(const buf_t *buf)
{
    return buf->failed;
}

static inline slice_t buf_slice(const buf_t *buf)
{
    return (slice_t){buf->ptr, buf->len};
}

#endif
