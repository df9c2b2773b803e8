#include "net/text.h"

char *net_put_decimal(char *out, unsigned value)
{
    if (value >= 100) {
        *out++ = (char)('0' + value / 100);
        value %= 100;
        *out++ = (char)('0' + value / 10);
        value %= 10;
    } else if (value >= 10) {
        *out++ = (char)('0' + value / 10);
        value %= 10;
    }
    *out++ = (char)('0' + value);
    return out;
}

char *net_put_v4(char *out, uint32_t addr)
{
    for (int shift = 24; shift > 0; shift -= 8) {
        out = net_put_decimal(out, addr >> shift & 255);
        *out++ = '.';
    }
    return net_put_decimal(out, addr & 255);
}

static unsigned group(u128_t addr, unsigned i)
{
    return (i < 4 ? addr.hi >> (48 - 16 * i) : addr.lo >> (48 - 16 * (i - 4))) & 0xffff;
}

static char *put_group(char *out, unsigned value)
{
    static const char hex[] = "0123456789abcdef";
    for (int shift = value > 0xfff  ? 12
                     : value > 0xff ? 8
                     : value > 0xf  ? 4
                                    : 0;
         shift >= 0; shift -= 4) {
        *out++ = hex[value >> shift & 15];
    }
    return out;
}

char *net_put_v6(char *out, u128_t addr)
{
    if (addr.hi == 0 && addr.lo >> 32 == 0xffff) {
        memcpy(out, "::ffff:", 7);
        return net_put_v4(out + 7, (uint32_t)addr.lo);
    }
    /* The longest run of at least two groups of zeros, the first of equals (RFC 5952 4.2). */
    unsigned best = 8, best_len = 1;
    for (unsigned i = 0; i < 8;) {
        unsigned begin = i;
        while (i < 8 && group(addr, i) == 0) {
            i++;
        }
        if (i - begin > best_len) {
            best = begin;
            best_len = i - begin;
        }
        i += i == begin;
    }
    for (unsigned i = 0; i < 8; i++) {
        if (i == best) {
            *out++ = ':';
            *out++ = ':';
            i += best_len - 1;
            continue;
        }
        if (i && i != best + best_len) {
            *out++ = ':';
        }
        out = put_group(out, group(addr, i));
    }
    return out;
}
