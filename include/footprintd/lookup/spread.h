/*
 * Spreads: what documents and databases say of the addresses of a prefix, all of them.
 *
 * A part is all addresses of the prefix that have the same answer of the join: the same footprints
 * and capabilities. What the databases and the network maps say of a part may differ from address
 * to address, and then the part says that it does. Found by one walk over the ranges of the prefix;
 * memory is that of the answers and footprints that occur, not of the ranges.
 */
#ifndef FOOTPRINTD_LOOKUP_SPREAD_H
#define FOOTPRINTD_LOOKUP_SPREAD_H

#include "footprintd/lookup/difference.h"
#include "footprintd/lookup/engine.h"
#include "footprintd/net/range.h"

/* What may differ in a part, as bits. */
typedef enum lookup_varies {
    LOOKUP_VARIES_COUNTRY = 1,
    LOOKUP_VARIES_SUBDIVISIONS = 2,
    LOOKUP_VARIES_ASN = 4,
    LOOKUP_VARIES_PIDS = 8,
} lookup_varies_t;

typedef struct lookup_part {
    uint32_t answer;
    addr_t first; /* its lowest address */
    difference_count_t count;
    size_t ranges;        /* of addresses that it is made of */
    const range_t *runs;  /* the first of them, */
    size_t run_count;     /* so many */
    attribute_set_t said; /* of its lowest address; what varies is not to be used */
    const uint32_t *pids; /* by network map: number of the PID plus 1, 0 for none, UINT32_MAX when
                             it is not the same for all */
    unsigned varies;
} lookup_part_t;

/* A footprint that covers some of the prefix. */
typedef struct lookup_extent {
    uint32_t footprint; /* index into model->footprints */
    difference_count_t count;
} lookup_extent_t;

typedef struct lookup_spread {
    prefix_t prefix;
    difference_count_t count; /* all addresses of the prefix */
    size_t ranges;            /* of the same answer each */
    lookup_part_t *parts;     /* the largest first */
    size_t part_count;
    lookup_extent_t *extents; /* the largest first, then by name */
    size_t extent_count;
    size_t whole_count; /* of those, so many cover all of the prefix */
    range_t *runs;
    uint32_t *pids;
} lookup_spread_t;

/*
 * The first `parts` parts get their first `runs` ranges, others none. Release it with
 * lookup_spread_release, on failure too. ERR_NOMEM.
 */
err_t lookup_spread_find(const lookup_engine_t *e, const prefix_t *prefix, size_t parts,
                         size_t runs, lookup_spread_t *out) FPD_MUST_CHECK;
void lookup_spread_release(lookup_spread_t *spread);

/* Whether all of its addresses have the same answer, attributes and PIDs. */
static inline bool lookup_spread_is_one(const lookup_spread_t *s)
{
    return s->part_count == 1 && !s->parts[0].varies;
}

/* The widest prefix around one that is known to have the same for all; never less than that. */
prefix_t lookup_spread_scope(const lookup_engine_t *e, const lookup_spread_t *spread);

#endif
