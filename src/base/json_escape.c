#include "base/json_escape.h"

/* Four hexadecimal digits, -1 when there are none. */
static int32_t hex4(const char *p)
{
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0) {
            return -1;
        }
        value = value << 4 | digit;
    }
    return value;
}

static void append_char32(buf_t *out, uint32_t c)
{
    char utf8[4];
    size_t n = 0;
    if (c < 0x80) {
        utf8[n++] = (char)c;
    } else if (c < 0x800) {
        utf8[n++] = (char)(0xc0 | c >> 6);
        utf8[n++] = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        utf8[n++] = (char)(0xe0 | c >> 12);
        utf8[n++] = (char)(0x80 | (c >> 6 & 0x3f));
        utf8[n++] = (char)(0x80 | (c & 0x3f));
    } else {
        utf8[n++] = (char)(0xf0 | c >> 18);
        utf8[n++] = (char)(0x80 | (c >> 12 & 0x3f));
        utf8[n++] = (char)(0x80 | (c >> 6 & 0x3f));
        utf8[n++] = (char)(0x80 | (c & 0x3f));
    }
    buf_append(out, utf8, n);
}

/* Decodes the \uXXXX at p; its length, or 0 with *error. */
static size_t unicode_escape(buf_t *out, const char *p, size_t len, const char **error)
{
    int32_t c = len >= 6 ? hex4(p + 2) : -1;
    if (c < 0) {
        *error = "\\u takes four hexadecimal digits";
        return 0;
    }
    if (c < 0xd800 || c > 0xdfff) {
        append_char32(out, (uint32_t)c);
        return 6;
    }
    int32_t low = c < 0xdc00 && len >= 12 && p[6] == '\\' && p[7] == 'u' ? hex4(p + 8) : -1;
    if (low < 0xdc00 || low > 0xdfff) {
        *error = "half of a surrogate pair";
        return 0;
    }
    append_char32(out, 0x10000 + ((uint32_t)(c - 0xd800) << 10) + (uint32_t)(low - 0xdc00));
    return 12;
}

size_t json_escape_decode(buf_t *out, const char *p, size_t len, const char **error)
{
    static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    if (len >= 2 && p[1] == 'u') {
        return unicode_escape(out, p, len, error);
    }
    const char *name = len >= 2 ? memchr(names, p[1], sizeof names - 1) : NULL;
    if (!name) {
        *error = "unknown escape";
        return 0;
    }
    buf_append_char(out, bytes[name - names]);
    return 2;
}
