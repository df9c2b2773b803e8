#include "footprintd/net/addr.h"

#include "net/text.h"

err_t addr_parse_v4(slice_t text, uint32_t *out)
{
    uint32_t addr;
    size_t used = net_scan_v4(text.ptr, text.len, &addr);
    if (!used || used != text.len) {
        return ERR_SYNTAX;
    }
    *out = addr;
    return ERR_OK;
}

/* The value of a hexadecimal digit, 0xff for every other byte. */
static unsigned hex_digit(unsigned char c)
{
    unsigned decimal = c - (unsigned)'0';
    if (decimal <= 9) {
        return decimal;
    }
    unsigned letter = (c | 0x20u) - (unsigned)'a';
    return letter <= 5 ? letter + 10 : 0xff;
}

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
    const char *p = text.ptr, *end = text.ptr + text.len;
    uint16_t groups[8] = {0};
    unsigned count = 0;
    int gap = -1; /* how many groups stand before "::" */
    if (text.len < 2) {
        return ERR_SYNTAX;
    }
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
        while (p < end && p - begin < 4 && (digit = hex_digit((unsigned char)*p)) != 0xff) {
            value = value << 4 | digit;
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
