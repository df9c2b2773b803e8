/*
 * Writes MMDB files for tests: what the format allows, and on request what it does not.
 *
 * Values are appended to `data` with the put functions; a prefix gets the offset at which its value
 * begins. Memory that runs out ends the program.
 */
#ifndef FPD_TESTS_MMDB_WRITER_H
#define FPD_TESTS_MMDB_WRITER_H

#include "footprintd/net/addr.h"

#define MMDB_MARKER     "\xab\xcd\xefMaxMind.com"
#define MMDB_MARKER_LEN (sizeof MMDB_MARKER - 1)

typedef enum mmdb_side_kind {
    MMDB_SIDE_NONE, /* no data */
    MMDB_SIDE_NODE, /* value: its number */
    MMDB_SIDE_DATA, /* value: the offset */
    MMDB_SIDE_RAW,  /* value: the record as it is to be written */
} mmdb_side_kind_t;

typedef struct mmdb_side {
    mmdb_side_kind_t kind;
    uint32_t value;
} mmdb_side_t;

typedef struct mmdb_writer_node {
    mmdb_side_t side[2];
} mmdb_writer_node_t;

typedef struct mmdb_writer {
    unsigned ip_version;
    unsigned record_size;
    mmdb_writer_node_t *nodes; /* owned; tests may change them */
    size_t node_count;
    size_t node_cap;
    buf_t data;
    buf_t metadata; /* without the marker; written by mmdb_writer_finish when it is empty */
} mmdb_writer_t;

void mmdb_writer_init(mmdb_writer_t *w, unsigned ip_version, unsigned record_size);
void mmdb_writer_release(mmdb_writer_t *w);
/*
 * All addresses of a prefix, whatever they had before: so the shorter prefix first. In a tree of
 * IPv6 an IPv4 prefix has a length from 96 up.
 */
void mmdb_writer_insert(mmdb_writer_t *w, u128_t addr, unsigned len, mmdb_side_t side);
/* Lets the prefix lead to the node of ::/96, which is made if need be. */
void mmdb_writer_alias(mmdb_writer_t *w, u128_t addr, unsigned len);
/* ::ffff:0:0/96, 2002::/16 and 2001::/32. */
void mmdb_writer_aliases(mmdb_writer_t *w);
/* One more node, with two sides of no data. */
uint32_t mmdb_writer_node(mmdb_writer_t *w);
void mmdb_writer_finish(mmdb_writer_t *w, buf_t *out);

static inline mmdb_side_t mmdb_data(uint32_t offset)
{
    return (mmdb_side_t){MMDB_SIDE_DATA, offset};
}

/* The head of a value of any type number and size; nothing is checked. */
void put_head(buf_t *b, unsigned type, uint32_t size);
void put_map(buf_t *b, uint32_t entries);
void put_array(buf_t *b, uint32_t elements);
void put_string(buf_t *b, const char *text);
void put_uint(buf_t *b, unsigned type, uint64_t value);
/* In the shortest form that can hold the offset, or in one of `bytes` behind the first. */
void put_pointer(buf_t *b, uint32_t target);
void put_pointer_of(buf_t *b, uint32_t target, unsigned bytes);
/*
 * {country: {iso_code}, subdivisions: [{iso_code}...], autonomous_system_number}, each left out
 * when it is NULL, or 0; returns the offset of the map. Subdivisions are separated by spaces.
 */
uint32_t put_place(buf_t *b, const char *country, const char *subdivisions, uint32_t asn);

#endif
