/*
 * Geo tables: what a database says of addresses, as ranges in order with attributes decoded once.
 *
 * Schemas: GeoLite2, GeoIP2 and DB-IP. Taken are country.iso_code (never registered_country or
 * represented_country), subdivisions[].iso_code, and autonomous_system_number; a database may have
 * any of them. Codes are folded to lower case; what is no well-formed code counts as absent:
 * unknown data fails closed.
 *
 * An IPv6 address has only what the database says of IPv6 itself. Where the tree of a database maps
 * IPv6 blocks onto its IPv4 tree (::/96, ::ffff:0:0/96, 2002::/16, 2001::/32), the IPv6 side of
 * these blocks has no attributes: the address of a tunnel's end says nothing about where its user
 * is.
 */
#ifndef FOOTPRINTD_GEO_TABLE_H
#define FOOTPRINTD_GEO_TABLE_H

#include "footprintd/geo/mmdb.h"

/* ASCII bytes from the most significant end, zeros behind: "us-ny" is 0x75732d6e79000000. */
typedef uint64_t geo_code_t;

#define GEO_SUBDIVISIONS_MAX 4

/* One distinct set of attributes. Record 0 is the empty one. */
typedef struct geo_record {
    geo_code_t country;                            /* "us"; 0: unknown */
    geo_code_t subdivisions[GEO_SUBDIVISIONS_MAX]; /* "gb-eng", "gb-wbk": widest first */
    uint8_t subdivision_count;
    bool has_asn;
    uint32_t asn;
} geo_record_t;

/*
 * Range i is from start[i] to start[i + 1] - 1, the last one to the end of the address space;
 * start[0] is 0, neighbours have different records.
 */
typedef struct geo_ranges4 {
    uint32_t *start;
    uint32_t *record;
    size_t count;
} geo_ranges4_t;

typedef struct geo_ranges6 {
    u128_t *start;
    uint32_t *record;
    size_t count;
} geo_ranges6_t;

#define GEO_COUNTRY     1u
#define GEO_SUBDIVISION 2u
#define GEO_ASN         4u

typedef struct geo_table {
    geo_record_t *records; /* distinct; [0] is empty */
    size_t record_count;
    geo_ranges4_t v4;
    geo_ranges6_t v6;
    unsigned has; /* GEO_* that occur in some record */
} geo_table_t;

/*
 * Walks the whole tree once in address order. Only the attributes of `wanted` are taken, so that
 * ranges which differ in others merge. Records are numbered in the order in which the walk, IPv4
 * first, meets them. ERR_NOMEM; ERR_LIMIT when attributes take more than 16 steps for each byte of
 * data to find. On failure *out is untouched.
 */
err_t geo_table_build(const mmdb_t *db, unsigned wanted, geo_table_t *out) FPD_MUST_CHECK;
void geo_table_release(geo_table_t *t);

#endif
