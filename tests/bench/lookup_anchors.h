/*
 * What look-ups are compared with: libmaxminddb, and longest-prefix matches over the prefixes of
 * footprints in the two structures that everybody knows.
 */
#ifndef FPD_BENCH_LOOKUP_ANCHORS_H
#define FPD_BENCH_LOOKUP_ANCHORS_H

#include "footprintd/join/index.h"

#include <maxminddb.h>
#include <netinet/in.h>

/* One bit a level, two children a node, as the geo module of nginx has it. */
typedef struct radix_node {
    uint32_t child[2]; /* 0: none */
    uint32_t value;    /* of a prefix that ends here, plus 1; 0: none */
} radix_node_t;

typedef struct radix {
    radix_node_t *nodes; /* 0 is the root */
    size_t count, cap;
} radix_t;

/* A hash table for each length, asked from the longest on, as NetBSD's liblpm has it. */
typedef struct by_length {
    struct by_length_entry {
        u128_t prefix; /* aligned to the left */
        uint32_t value;
    } * entries[129];
    size_t mask[129];
    size_t used[129];
    uint8_t lengths[129]; /* that occur, longest first */
    unsigned length_count;
} by_length_t;

/* The prefixes of all footprint sets that are a cidr and nothing else; values are ids of sets. */
typedef struct anchors {
    MMDB_s country, asn;
    radix_t radix[FAMILY_COUNT];
    by_length_t by_length[FAMILY_COUNT];
    size_t prefixes;
} anchors_t;

void anchors_open(const char *country, const char *asn, const model_t *model,
                  const join_index_t *join, anchors_t *out);
void anchors_close(anchors_t *a);

/* The value of the longest prefix around an address (aligned to the left) plus 1; 0: none. */
uint32_t radix_get(const radix_t *r, u128_t key, unsigned bits);
uint32_t by_length_get(const by_length_t *t, u128_t key);

typedef struct mmdb_answer {
    char country[2]; /* as the file spells it; zeros: none */
    uint32_t asn;    /* 0: none */
} mmdb_answer_t;

/* Look-ups alone; what they found, so that nobody leaves them out. */
uint32_t mmdb_find(const MMDB_s *db, const struct sockaddr *addr);
/* Both databases, with the values. */
mmdb_answer_t mmdb_values(const anchors_t *a, const struct sockaddr *addr);

#endif
