#include "footprintd/net/addr.h"

#include "net/text.h"

/*
 * Splits at the slash and reads the length, at most max: ERR_SYNTAX, ERR_RANGE or ERR_OK. The
 * address is what the caller has to look at first: what is no prefix at all is not out of range.
 */
static err_t split(slice_t text, unsigned max, slice_t *addr, uint8_t *len)
{
    /* The length has few digits: the slash is near the end. */
    size_t slash = text.len;
    while (slash && text.ptr[slash - 1] != '/') {
        slash--;
    }
    if (slash == 0 || slash == text.len) {
        return ERR_SYNTAX;
    }
    *addr = slice_of(text.ptr, slash - 1);
    unsigned value = 0;
    for (size_t i = slash; i < text.len; i++) {
        unsigned digit = (unsigned char)text.ptr[i] - (unsigned)'0';
        if (digit > 9 || (i > slash && text.ptr[slash] == '0')) {
            return ERR_SYNTAX;
        }
        value = value > max ? value : value * 10 + digit;
    }
    *len = (uint8_t)value;
    return value > max ? ERR_RANGE : ERR_OK;
}

err_t prefix_parse_v4(slice_t text, prefix4_t *out, bool *host_bits)
{
    slice_t addr_text;
    uint32_t addr;
    uint8_t len;
    err_t err = split(text, 32, &addr_text, &len);
    if (err == ERR_SYNTAX || addr_parse_v4(addr_text, &addr)) {
        return ERR_SYNTAX;
    }
    if (err) {
        return err;
    }
    *out = (prefix4_t){addr & net_mask_v4(len), len};
    if (host_bits) {
        *host_bits = out->addr != addr;
    }
    return ERR_OK;
}

err_t prefix_parse_v6(slice_t text, prefix6_t *out, bool *host_bits)
{
    slice_t addr_text;
    u128_t addr;
    uint8_t len;
    err_t err = split(text, 128, &addr_text, &len);
    if (err == ERR_SYNTAX || addr_parse_v6(addr_text, &addr)) {
        return ERR_SYNTAX;
    }
    if (err) {
        return err;
    }
    u128_t mask = net_mask_v6(len);
    *out = (prefix6_t){{addr.hi & mask.hi, addr.lo & mask.lo}, len};
    if (host_bits) {
        *host_bits = u128_cmp(out->addr, addr) != 0;
    }
    return ERR_OK;
}

err_t prefix_parse(slice_t text, prefix_t *out, bool *host_bits)
{
    prefix_t p;
    err_t err;
    if (net_is_v6_text(text)) {
        p.family = FAMILY_IPV6;
        err = prefix_parse_v6(text, &p.u.v6, host_bits);
    } else {
        p.family = FAMILY_IPV4;
        err = prefix_parse_v4(text, &p.u.v4, host_bits);
    }
    if (!err) {
        *out = p;
    }
    return err;
}

static size_t put_len(const char *out, char *end, unsigned len)
{
    *end++ = '/';
    end = net_put_decimal(end, len);
    *end = '\0';
    return (size_t)(end - out);
}

size_t prefix_format_v4(prefix4_t p, char out[PREFIX_TEXT_MAX])
{
    return put_len(out, net_put_v4(out, p.addr), p.len);
}

size_t prefix_format_v6(prefix6_t p, char out[PREFIX_TEXT_MAX])
{
    return put_len(out, net_put_v6(out, p.addr), p.len);
}

size_t prefix_format(const prefix_t *p, char out[PREFIX_TEXT_MAX])
{
    return p->family == FAMILY_IPV4 ? prefix_format_v4(p->u.v4, out)
                                    : prefix_format_v6(p->u.v6, out);
}

int prefix_cmp_v4(prefix4_t a, prefix4_t b)
{
    if (a.addr != b.addr) {
        return a.addr < b.addr ? -1 : 1;
    }
    return a.len < b.len ? -1 : a.len > b.len;
}

int prefix_cmp_v6(prefix6_t a, prefix6_t b)
{
    int cmp = u128_cmp(a.addr, b.addr);
    if (cmp) {
        return cmp;
    }
    return a.len < b.len ? -1 : a.len > b.len;
}
