#include "footprintd/net/addr.h"

#include "net/text.h"

#define ONES  UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

/* Bit i of the result says whether byte i of the word is a dot. */
static unsigned dots(uint64_t word)
{
    uint64_t x = word ^ ONES * '.';
    uint64_t zeros = ~(((x & ~HIGHS) + ~HIGHS) | x) & HIGHS;
    return (unsigned)((zeros >> 7) * UINT64_C(0x0102040810204080) >> 56);
}

/* The value of `len` digits, the first in the lowest byte of text; 256 or more when it is none. */
static unsigned octet(uint32_t text, unsigned len)
{
    /* Right-aligned in three bytes, with zeros before; a shift stays a shift if len is wrong. */
    unsigned shift = 8 * (3 - len) & 31;
    uint32_t digits = ((text << shift & 0xffffff) | (0x303030 & ((1u << shift) - 1))) ^ 0x303030;
    uint32_t not_digits = ((digits + 0x767676) | digits) & 0x808080;
    bool leading_zero = len > 1 && (digits >> shift & 0xff) == 0;
    unsigned value = (digits & 15) * 100 + (digits >> 8 & 15) * 10 + (digits >> 16 & 15);
    bool wrong = (not_digits != 0) | leading_zero | (len - 1 > 2);
    return wrong ? 256 : value;
}

/*
 * The lengths of octets in a list of addresses are anything but regular: so there is no branch that
 * depends on them, only arithmetic on the whole text as 16 bytes.
 */
err_t addr_parse_v4(slice_t text, uint32_t *out)
{
    if (text.len < 7 || text.len > 15) {
        return ERR_SYNTAX;
    }
    uint64_t low, high;
    if (text.len > 8) {
        low = net_load(text.ptr);
        high = net_load(text.ptr + text.len - 8) >> 8 * (16 - text.len);
    } else {
        char padded[8] = {0};
        memcpy(padded, text.ptr, text.len);
        low = net_load(padded);
        high = 0;
    }
    unsigned mask = dots(low) | dots(high) << 8;
    unsigned second = mask & (mask - 1), third = second & (second - 1);
    if (third == 0 || (third & (third - 1)) != 0) {
        return ERR_SYNTAX; /* not three dots */
    }
    unsigned __int128 whole = (unsigned __int128)high << 64 | low;
    unsigned begin = 0, bad = 0;
    uint32_t addr = 0;
    mask |= 1u << text.len;
    for (unsigned i = 0; i < 4; i++) {
        unsigned end = (unsigned)__builtin_ctz(mask);
        mask &= mask - 1;
        unsigned value = octet((uint32_t)(whole >> 8 * begin), end - begin);
        bad |= value >> 8;
        addr = addr << 8 | (value & 255);
        begin = end + 1;
    }
    if (bad) {
        return ERR_SYNTAX;
    }
    *out = addr;
    return ERR_OK;
}

/* The value of a hexadecimal digit plus one, 0 for every other byte. */
static const uint8_t hex_digits[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

static u128_t pack_groups(const uint16_t g[8])
{
    return (u128_t){(uint64_t)g[0] << 48 | (uint64_t)g[1] << 32 | (uint64_t)g[2] << 16 | g[3],
                    (uint64_t)g[4] << 48 | (uint64_t)g[5] << 32 | (uint64_t)g[6] << 16 | g[7]};
}

/*
 * RFC 4291 2.2: eight groups of one to four hexadecimal digits; "::" once, for one or more groups
 * of zeros; the last two groups may be written as an IPv4 address.
 */
err_t addr_parse_v6(slice_t text, u128_t *out)
{
    if (text.len < 2) {
        return ERR_SYNTAX;
    }
    const char *p = text.ptr, *end = text.ptr + text.len;
    uint16_t groups[8] = {0};
    unsigned count = 0;
    int gap = -1; /* how many groups stand before "::" */
    if (p[0] == ':') {
        if (p[1] != ':') {
            return ERR_SYNTAX;
        }
        gap = 0;
        p += 2;
    }
    while (p < end) {
        if (count == 8) {
            return ERR_SYNTAX;
        }
        const char *begin = p;
        unsigned value = 0, digit;
        while (p < end && p - begin < 4 && (digit = hex_digits[(unsigned char)*p]) != 0) {
            value = value << 4 | (digit - 1);
            p++;
        }
        if (p == begin) {
            return ERR_SYNTAX;
        }
        if (p < end && *p == '.') {
            uint32_t v4;
            if (count > 6 || addr_parse_v4(slice_of(begin, (size_t)(end - begin)), &v4)) {
                return ERR_SYNTAX;
            }
            groups[count++] = (uint16_t)(v4 >> 16);
            groups[count++] = (uint16_t)v4;
            break;
        }
        groups[count++] = (uint16_t)value;
        if (p == end) {
            break;
        }
        if (*p++ != ':' || p == end) {
            return ERR_SYNTAX;
        }
        if (*p == ':') {
            if (gap >= 0) {
                return ERR_SYNTAX;
            }
            gap = (int)count;
            p++;
        }
    }
    if (gap < 0 ? count != 8 : count == 8) {
        return ERR_SYNTAX;
    }
    if (gap >= 0) {
        unsigned behind = count - (unsigned)gap;
        for (unsigned i = 1; i <= behind; i++) {
            groups[8 - i] = groups[count - i];
            groups[count - i] = 0;
        }
    }
    *out = pack_groups(groups);
    return ERR_OK;
}

err_t addr_parse(slice_t text, addr_t *out)
{
    addr_t addr;
    err_t err;
    if (net_is_v6_text(text)) {
        addr.family = FAMILY_IPV6;
        err = addr_parse_v6(text, &addr.u.v6);
    } else {
        addr.family = FAMILY_IPV4;
        err = addr_parse_v4(text, &addr.u.v4);
    }
    if (!err) {
        *out = addr;
    }
    return err;
}

size_t addr_format(const addr_t *addr, char out[ADDR_TEXT_MAX])
{
    char *end = addr->family == FAMILY_IPV4 ? net_put_v4(out, addr->u.v4)
                                            : net_put_v6(out, addr->u.v6);
    *end = '\0';
    return (size_t)(end - out);
}

bool port_parse(slice_t text, uint16_t *out)
{
    uint32_t value = 0;
    if (text.len == 0 || text.len > 5 || (text.len > 1 && text.ptr[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
        value = value * 10 + (uint32_t)(text.ptr[i] - '0');
    }
    if (value > UINT16_MAX) {
        return false;
    }
    *out = (uint16_t)value;
    return true;
}
