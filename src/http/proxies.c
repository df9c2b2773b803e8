#include "http/proxies.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

/* ---- who is trusted ---- */

err_t proxies_new(const slice_t *texts, size_t count, proxies_t *out)
{
    *out = (proxies_t){0};
    if (!count) {
        return ERR_OK;
    }
    out->items = calloc(count, sizeof *out->items);
    if (!out->items) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        prefix_t *p = &out->items[i];
        addr_t address;
        if (!addr_parse(texts[i], &address)) {
            p->family = address.family;
            if (address.family == FAMILY_IPV4) {
                p->u.v4 = (prefix4_t){address.u.v4, 32};
            } else {
                p->u.v6 = (prefix6_t){address.u.v6, 128};
            }
        } else if (prefix_parse(texts[i], p, NULL)) {
            proxies_release(out);
            return ERR_SYNTAX;
        }
        out->count++;
    }
    return ERR_OK;
}

void proxies_release(proxies_t *proxies)
{
    free(proxies->items);
    *proxies = (proxies_t){0};
}

static bool covers_v6(prefix6_t p, u128_t a)
{
    uint64_t hi = p.len >= 64 ? UINT64_MAX : p.len ? UINT64_MAX << (64 - p.len) : 0;
    uint64_t lo = p.len >= 128 ? UINT64_MAX : p.len > 64 ? UINT64_MAX << (128 - p.len) : 0;
    return ((a.hi ^ p.addr.hi) & hi) == 0 && ((a.lo ^ p.addr.lo) & lo) == 0;
}

static bool covers_v4(prefix4_t p, uint32_t a)
{
    return p.len == 0 || (a ^ p.addr) >> (32 - p.len) == 0;
}

bool proxies_trust(const proxies_t *proxies, const addr_t *address)
{
    for (size_t i = 0; i < proxies->count; i++) {
        const prefix_t *p = &proxies->items[i];
        if (p->family == address->family &&
            (p->family == FAMILY_IPV4 ? covers_v4(p->u.v4, address->u.v4)
                                      : covers_v6(p->u.v6, address->u.v6))) {
            return true;
        }
    }
    return false;
}

static uint64_t get_u64(const uint8_t *at)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

static addr_t address_v6(const uint8_t bytes[16])
{
    uint64_t hi = get_u64(bytes), lo = get_u64(bytes + 8);
    if (hi == 0 && lo >> 32 == 0xffff) {
        return (addr_t){.family = FAMILY_IPV4, .u.v4 = (uint32_t)lo};
    }
    return (addr_t){.family = FAMILY_IPV6, .u.v6 = {hi, lo}};
}

bool proxies_address(const struct sockaddr *from, addr_t *out)
{
    if (from->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)from;
        *out = (addr_t){.family = FAMILY_IPV4, .u.v4 = ntohl(in->sin_addr.s_addr)};
        return true;
    }
    if (from->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)from;
        *out = address_v6(in6->sin6_addr.s6_addr);
        return true;
    }
    return false;
}

/* ---- the PROXY protocol ---- */

#define V1_MAX   107 /* with CR LF */
#define V2_START 16

static const char v2_signature[12] = "\r\n\r\n\0\r\nQUIT\n";

/* Up to the next blank, which *rest begins behind; the last has none. */
static slice_t word(slice_t *rest)
{
    const char *blank = rest->len ? memchr(rest->ptr, ' ', rest->len) : NULL;
    slice_t w = slice_of(rest->ptr, blank ? (size_t)(blank - rest->ptr) : rest->len);
    size_t step = w.len + (blank ? 1 : 0);
    *rest = slice_of(rest->ptr + step, rest->len - step);
    return w;
}

static proxy_verdict_t parse_v1_line(slice_t line, addr_t *address, uint16_t *port)
{
    (void)word(&line); /* "PROXY" */
    slice_t family = word(&line);
    if (slice_is(family, "UNKNOWN")) {
        return PROXY_LOCAL;
    }
    bool v4 = slice_is(family, "TCP4");
    addr_t to;
    uint16_t to_port;
    slice_t source = word(&line), target = word(&line), source_port = word(&line);
    bool fine = (v4 || slice_is(family, "TCP6")) && !addr_parse(source, address) &&
                !addr_parse(target, &to) && (address->family == FAMILY_IPV4) == v4 &&
                (to.family == FAMILY_IPV4) == v4 && port_parse(source_port, port) &&
                port_parse(line, &to_port);
    return fine ? PROXY_KNOWN : PROXY_BAD;
}

static proxy_verdict_t parse_v1(slice_t bytes, size_t *used, addr_t *address, uint16_t *port)
{
    size_t len = bytes.len < V1_MAX ? bytes.len : V1_MAX;
    const char *end = memchr(bytes.ptr, '\n', len);
    if (!end) {
        return bytes.len < V1_MAX ? PROXY_MORE : PROXY_BAD;
    }
    *used = (size_t)(end - bytes.ptr) + 1;
    return end[-1] == '\r' ? parse_v1_line(slice_of(bytes.ptr, *used - 2), address, port)
                           : PROXY_BAD;
}

static proxy_verdict_t parse_v2(slice_t bytes, size_t *used, addr_t *address, uint16_t *port)
{
    if (bytes.len < V2_START) {
        return PROXY_MORE;
    }
    const uint8_t *b = (const uint8_t *)bytes.ptr;
    size_t len = (size_t)b[14] << 8 | b[15];
    *used = V2_START + len;
    if (b[12] >> 4 != 2 || (b[12] & 15) > 1 || *used > PROXY_HEADER_MAX) {
        return PROXY_BAD;
    }
    if (bytes.len < *used) {
        return PROXY_MORE;
    }
    if ((b[12] & 15) == 0) {
        return PROXY_LOCAL;
    }
    const uint8_t *a = b + V2_START;
    if (b[13] == 0x11 && len >= 12) {
        *address = (addr_t){.family = FAMILY_IPV4,
                            .u.v4 = (uint32_t)a[0] << 24 | (uint32_t)a[1] << 16 |
                                    (uint32_t)a[2] << 8 | a[3]};
        *port = (uint16_t)(a[8] << 8 | a[9]);
        return PROXY_KNOWN;
    }
    if (b[13] == 0x21 && len >= 36) {
        *address = address_v6(a);
        *port = (uint16_t)(a[32] << 8 | a[33]);
        return PROXY_KNOWN;
    }
    /* Of UNIX sockets and what is unspecified; datagrams are not what this is. */
    return b[13] == 0 || b[13] >> 4 == 3 ? PROXY_LOCAL : PROXY_BAD;
}

proxy_verdict_t proxy_header_parse(slice_t bytes, size_t *used, addr_t *address, uint16_t *port)
{
    static const char v1_start[] = "PROXY ";
    const size_t v1_len = sizeof v1_start - 1, v2_len = sizeof v2_signature;
    if (memcmp(bytes.ptr, v1_start, bytes.len < v1_len ? bytes.len : v1_len) == 0) {
        return bytes.len < v1_len ? PROXY_MORE : parse_v1(bytes, used, address, port);
    }
    if (memcmp(bytes.ptr, v2_signature, bytes.len < v2_len ? bytes.len : v2_len) == 0) {
        return bytes.len < v2_len ? PROXY_MORE : parse_v2(bytes, used, address, port);
    }
    return PROXY_BAD;
}
