/*
 * Covers: a function on the addresses of one prefix said by the fewest entities (RFC 9240 7, 8.6).
 *
 * In a property map a prefix inherits from the longest prefix around it, so that a function that is
 * constant but for a few blocks is one entity and its exceptions. cover_build finds a smallest set
 * of prefixes from which every address of the prefix gets its value by longest match.
 */
#ifndef FOOTPRINTD_JOIN_COVER_H
#define FOOTPRINTD_JOIN_COVER_H

#include "footprintd/net/addr.h"

/* A range of the prefix with its value; ranges are in order and together are the whole prefix. */
typedef struct cover_range {
    u128_t first;
    u128_t last;
    uint32_t value; /* 0: no value; among equally small sets, least values are inherited */
} cover_range_t;

typedef struct cover_entry {
    prefix_t prefix;
    uint32_t value;
    uint32_t parent; /* index of the nearest entry around it, UINT32_MAX: none */
} cover_entry_t;

typedef struct cover {
    cover_entry_t *entries; /* outer before inner, in address order */
    size_t count;
} cover_t;

/*
 * Entries of value 0 are left out where nothing would be inherited. disjoint: when a set of
 * disjoint prefixes is as small, it is taken instead, so that no entry has exceptions. ERR_LIMIT
 * when there would be more than `most` entries.
 */
err_t cover_build(const prefix_t *prefix, const cover_range_t *ranges, size_t count, bool disjoint,
                  size_t most, cover_t *out) FPD_MUST_CHECK;
void cover_release(cover_t *cover);

#endif
