/*
 * Byte scans that JSON text and UTF-8 share: eight bytes at a time, on any byte order.
 */
#ifndef FPD_BASE_SCAN_H
#define FPD_BASE_SCAN_H

#include "footprintd/base/bytes.h"

#define SCAN_ONES  UINT64_C(0x0101010101010101)
#define SCAN_HIGHS UINT64_C(0x8080808080808080)

/* The byte at the lowest address becomes the lowest byte of the word. */
static inline uint64_t scan_load(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static inline bool scan_is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/*
 * The length of the run of ASCII at p that stands for itself in a JSON string: no control
 * character, no quote, no backslash. A borrow may flag bytes above a true hit, never below it, so
 * the lowest flag is exact.
 */
static inline size_t scan_plain(const char *p, size_t len)
{
    size_t i = 0;
    while (len - i >= 8) {
        uint64_t w = scan_load(p + i);
        uint64_t quote = w ^ SCAN_ONES * '"', backslash = w ^ SCAN_ONES * '\\';
        uint64_t hits = ((w - SCAN_ONES * 0x20) | (quote - SCAN_ONES) | (backslash - SCAN_ONES) |
                         w) &
                        SCAN_HIGHS;
        if (hits) {
            return i + (size_t)__builtin_ctzll(hits) / 8;
        }
        i += 8;
    }
    while (i < len && scan_is_plain((unsigned char)p[i])) {
        i++;
    }
    return i;
}

/* As scan_plain, but bytes from 0x80 up are part of the run: for text known to be UTF-8. */
static inline size_t scan_unescaped(const char *p, size_t len)
{
    size_t i = 0;
    while (len - i >= 8) {
        uint64_t w = scan_load(p + i);
        uint64_t quote = w ^ SCAN_ONES * '"', backslash = w ^ SCAN_ONES * '\\';
        uint64_t hits = (((w - SCAN_ONES * 0x20) & ~w) | ((quote - SCAN_ONES) & ~quote) |
                         ((backslash - SCAN_ONES) & ~backslash)) &
                        SCAN_HIGHS;
        if (hits) {
            return i + (size_t)__builtin_ctzll(hits) / 8;
        }
        i += 8;
    }
    while (i < len && (scan_is_plain((unsigned char)p[i]) || (unsigned char)p[i] >= 0x80)) {
        i++;
    }
    return i;
}

static inline bool utf8_is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* The length of the well-formed character (RFC 3629 4) at p, 0 when there is none; len > 0. */
static inline size_t utf8_step(const char *p, size_t len)
{
    unsigned c = (unsigned char)p[0];
    if (c < 0x80) {
        return 1;
    }
    if (c < 0xc2 || len < 2 || !utf8_is_continuation(p[1])) {
        return 0;
    }
    if (c < 0xe0) {
        return 2;
    }
    unsigned top = (c & 0x0f) << 6 | ((unsigned char)p[1] & 0x3f);
    if (len < 3 || !utf8_is_continuation(p[2])) {
        return 0;
    }
    if (c < 0xf0) {
        /* Neither overlong nor a surrogate. */
        return top >= 0x20 && (top < 0x360 || top > 0x37f) ? 3 : 0;
    }
    if (c > 0xf4 || len < 4 || !utf8_is_continuation(p[3])) {
        return 0;
    }
    return top >= 0x10 && top < 0x110 ? 4 : 0;
}

#endif
