/*
 * Pieces of address text that addresses and prefixes share.
 */
#ifndef FPD_NET_TEXT_H
#define FPD_NET_TEXT_H

#include "footprintd/net/addr.h"

/* Eight bytes; that at the lowest address becomes the lowest byte of the word. */
static inline uint64_t net_load(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* Each writes without a NUL and returns the end of what it wrote. value is below 1000. */
char *net_put_decimal(char *out, unsigned value);
char *net_put_v4(char *out, uint32_t addr);
char *net_put_v6(char *out, u128_t addr);

/* Every IPv6 text has a colon within its first five bytes, and no IPv4 text has one at all. */
static inline bool net_is_v6_text(slice_t text)
{
    size_t len = text.len < 5 ? text.len : 5;
    return len && memchr(text.ptr, ':', len) != NULL;
}

static inline uint32_t net_mask_v4(unsigned len)
{
    return len ? UINT32_MAX << (32 - len) : 0;
}

static inline u128_t net_mask_v6(unsigned len)
{
    if (len > 64) {
        return (u128_t){UINT64_MAX, UINT64_MAX << (128 - len)};
    }
    return (u128_t){len ? UINT64_MAX << (64 - len) : 0, 0};
}

#endif
