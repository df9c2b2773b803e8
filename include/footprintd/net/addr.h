/*
 * Addresses and prefixes: strict parsers, canonical text, order.
 *
 * Text forms: IPv4 as RFC 3986 IPv4address (four decimal octets, no leading zeros); IPv6 in any
 * form of RFC 4291 2.2 on input and RFC 5952 on output, without zone identifiers or brackets;
 * prefixes with a length in decimal without leading zeros. On output the last 32 bits are dotted
 * decimal in
 * ::ffff:0:0/96 (IPv4-mapped, RFC 5952 5) and nowhere else: "::ffff:192.0.2.1",
 * "64:ff9b::c000:201".
 *
 * Parsers and formatters do not allocate, and leave *out untouched on error.
 */
#ifndef FOOTPRINTD_NET_ADDR_H
#define FOOTPRINTD_NET_ADDR_H

#include "footprintd/base/bytes.h"

/* 128 bits in host order: hi is the first 64 bits of the address. */
typedef struct u128 {
    uint64_t hi;
    uint64_t lo;
} u128_t;

typedef enum family {
    FAMILY_IPV4 = 0,
    FAMILY_IPV6 = 1,
} family_t;
#define FAMILY_COUNT 2

typedef struct addr {
    family_t family;
    union {
        uint32_t v4; /* host order: 192.0.2.1 is 0xc0000201 */
        u128_t v6;
    } u;
} addr_t;

/* Host bits are zero in every prefix4_t and prefix6_t. */
typedef struct prefix4 {
    uint32_t addr;
    uint8_t len; /* 0..32 */
} prefix4_t;

typedef struct prefix6 {
    u128_t addr;
    uint8_t len; /* 0..128 */
} prefix6_t;

typedef struct prefix {
    family_t family;
    union {
        prefix4_t v4;
        prefix6_t v6;
    } u;
} prefix_t;

#define ADDR_TEXT_MAX   46 /* with the NUL */
#define PREFIX_TEXT_MAX 50

/* 0 to 65535, in decimal without leading zeros. */
bool port_parse(slice_t text, uint16_t *out);

/* ERR_SYNTAX, or ERR_RANGE for a well-formed prefix length that is too great. */
err_t addr_parse(slice_t text, addr_t *out) FPD_MUST_CHECK;
err_t addr_parse_v4(slice_t text, uint32_t *out) FPD_MUST_CHECK;
err_t addr_parse_v6(slice_t text, u128_t *out) FPD_MUST_CHECK;
/*
 * The length is mandatory. Host bits are masked; *host_bits (may be NULL) says whether any was set.
 */
err_t prefix_parse(slice_t text, prefix_t *out, bool *host_bits) FPD_MUST_CHECK;
err_t prefix_parse_v4(slice_t text, prefix4_t *out, bool *host_bits) FPD_MUST_CHECK;
err_t prefix_parse_v6(slice_t text, prefix6_t *out, bool *host_bits) FPD_MUST_CHECK;

/* Canonical text with a NUL; returns its length without the NUL. */
size_t addr_format(const addr_t *addr, char out[ADDR_TEXT_MAX]);
size_t prefix_format_v4(prefix4_t p, char out[PREFIX_TEXT_MAX]);
size_t prefix_format_v6(prefix6_t p, char out[PREFIX_TEXT_MAX]);
size_t prefix_format(const prefix_t *p, char out[PREFIX_TEXT_MAX]);

/* By address, then the shorter length first: <0, 0, >0. */
int prefix_cmp_v4(prefix4_t a, prefix4_t b);
int prefix_cmp_v6(prefix6_t a, prefix6_t b);

/*
 * Sort ascending and drop duplicates in place; return the new count. Sorted input costs one pass,
 * any other input time in proportion to count and a scratch array of the same size; when there is
 * no memory for it, count * log(count) in place. So they cannot fail.
 */
size_t prefix_sort_unique_v4(prefix4_t *p, size_t count);
size_t prefix_sort_unique_v6(prefix6_t *p, size_t count);

static inline int u128_cmp(u128_t a, u128_t b)
{
    if (a.hi != b.hi) {
        return a.hi < b.hi ? -1 : 1;
    }
    return a.lo < b.lo ? -1 : a.lo > b.lo;
}

#endif
