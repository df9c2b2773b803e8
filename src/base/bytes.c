#include "footprintd/base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int slice_cmp(slice_t a, slice_t b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int cmp = n ? memcmp(a.ptr, b.ptr, n) : 0;
    if (cmp) {
        return cmp;
    }
    return a.len < b.len ? -1 : a.len > b.len;
}

static unsigned char ascii_lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool slice_eq_nocase(slice_t a, slice_t b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i])) {
            return false;
        }
    }
    return true;
}

slice_t slice_lower_short(slice_t text, char out[16])
{
    if (text.len > 15) {
        return SLICE_LIT("");
    }
    for (size_t i = 0; i < text.len; i++) {
        out[i] = (char)ascii_lower(text.ptr[i]);
    }
    return slice_of(out, text.len);
}

void buf_release(buf_t *buf)
{
    free(buf->ptr);
    *buf = (buf_t)BUF_INIT;
}

void buf_clear(buf_t *buf)
{
    buf->len = 0;
    buf->failed = false;
}

bool buf_reserve(buf_t *buf, size_t more)
{
    if (buf->failed) {
        return false;
    }
    if (more <= buf->cap - buf->len) {
        return true;
    }
    if (more > SIZE_MAX / 2 - buf->len) {
        buf->failed = true;
        return false;
    }
    size_t cap = buf->cap ? buf->cap : 128;
    while (cap - buf->len < more) {
        cap *= 2;
    }
    char *grown = realloc(buf->ptr, cap);
    if (!grown) {
        buf->failed = true;
        return false;
    }
    buf->ptr = grown;
    buf->cap = cap;
    return true;
}

void buf_append(buf_t *buf, const void *bytes, size_t len)
{
    if (len && buf_reserve(buf, len)) {
        memcpy(buf->ptr + buf->len, bytes, len);
        buf->len += len;
    }
}

void buf_append_slice(buf_t *buf, slice_t s)
{
    buf_append(buf, s.ptr, s.len);
}

void buf_append_str(buf_t *buf, const char *cstr)
{
    buf_append(buf, cstr, strlen(cstr));
}

void buf_append_char(buf_t *buf, char c)
{
    buf_append(buf, &c, 1);
}

void buf_append_u64(buf_t *buf, uint64_t value)
{
    char digits[20];
    size_t n = sizeof digits;
    do {
        digits[--n] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    buf_append(buf, digits + n, sizeof digits - n);
}

void buf_printf(buf_t *buf, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    /* vsnprintf wants room for its NUL, which is not counted in len. */
    if (n >= 0 && buf_reserve(buf, (size_t)n + 1)) {
        (void)vsnprintf(buf->ptr + buf->len, (size_t)n + 1, fmt, again);
        buf->len += (size_t)n;
    } else {
        buf->failed = true;
    }
    va_end(again);
}

void buf_append_printable(buf_t *buf, slice_t s, const char *also)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        unsigned char next = i + 1 < s.len ? (unsigned char)s.ptr[i + 1] : 0;
        if (c == 0xc2 && next >= 0x80 && next < 0xa0) {
            buf_printf(buf, "\\xc2\\x%02x", next); /* a C1 control in UTF-8 */
            i++;
        } else if (c < 0x20 || c == 0x7f || strchr(also, c)) {
            buf_printf(buf, "\\x%02x", c);
        } else {
            buf_append_char(buf, (char)c);
        }
    }
}
