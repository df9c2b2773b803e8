/*
 * Near misses: what nearly covers an address, and why it does not.
 *
 * A footprint, or an object with footprints of its own, that does not cover an address is near when
 *   - exactly one of its two or more constraints fails, or
 *   - one of its lists of prefixes has a prefix that contains the address, though others fail, or
 *   - nothing but a list of prefixes fails, and one of its prefixes is at most 8 bits longer than
 *     what it has in common with the address, which is at least 8 bits (IPv4) or 16 bits (IPv6).
 * Where a cidr has both families, only the half of the address's family counts; objects with
 * prefixes of the other family are left out.
 *
 * Found by trying everything: for a person who asks about an address, not for many addresses.
 */
#ifndef FOOTPRINTD_LOOKUP_NEAR_H
#define FOOTPRINTD_LOOKUP_NEAR_H

#include "footprintd/lookup/engine.h"

#define LOOKUP_NEAR_BITS 8

/* What constraints are held against. */
typedef struct lookup_subject {
    addr_t addr;
    attribute_set_t attributes;
    slice_t pid; /* in the default network map; "" for none */
} lookup_subject_t;

lookup_subject_t lookup_subject(const lookup_engine_t *e, const addr_t *addr);

/* Of a constraint with prefixes of the address's family: the prefix that lacks the fewest bits. */
typedef struct lookup_nearest {
    bool known;
    prefix_t prefix;
    unsigned missing; /* bits behind the common part; 0: the prefix contains the address */
    unsigned common;
} lookup_nearest_t;

/* Whether the constraint holds; nearest may be NULL. */
bool lookup_constraint_holds(const lookup_subject_t *subject, const fp_constraint_t *constraint,
                             lookup_nearest_t *nearest);

typedef struct lookup_miss {
    uint32_t footprint;     /* index into model->footprints; UINT32_MAX: an object */
    lookup_object_t object; /* then */
    const fp_set_t *set;    /* the one that came nearest */
    size_t failed;          /* of its constraints */
    unsigned missing;       /* the fewest bits that a list of prefixes lacks; UINT_MAX: no list */
} lookup_miss_t;

typedef struct lookup_misses {
    lookup_miss_t *items; /* owned; the nearest first */
    size_t count;
    size_t cap;
} lookup_misses_t;

/* misses is zeroed before its first use, and reused from one call to the next. */
err_t lookup_near_find(const lookup_engine_t *e, const lookup_subject_t *subject,
                       lookup_misses_t *misses) FPD_MUST_CHECK;
/* The same for one footprint, near or not; none when it covers the address. */
err_t lookup_near_footprint(const lookup_engine_t *e, const lookup_subject_t *subject,
                            uint32_t footprint, lookup_misses_t *misses) FPD_MUST_CHECK;
void lookup_misses_release(lookup_misses_t *misses);

#endif
