/*
 * Attributes of a data record, and the set of distinct ones.
 *
 * A record is decoded once, whatever number of leaves lead to it; records with equal attributes
 * become one. The work is bounded by ATTRIBUTES_STEPS heads for each byte of the data section:
 * records may share one huge map, which would be searched for each of them.
 */
#ifndef FPD_GEO_ATTRIBUTES_H
#define FPD_GEO_ATTRIBUTES_H

#include "footprintd/base/arena.h"
#include "footprintd/base/table.h"
#include "footprintd/geo/table.h"

#include "geo/decode.h"

#define ATTRIBUTES_STEPS     16
#define ATTRIBUTES_STEPS_MIN 65536

typedef struct attributes_slot {
    uint32_t key; /* offset + 1; 0: free */
    uint32_t number;
} attributes_slot_t;

typedef struct attributes {
    decoder_t decoder;
    unsigned wanted;
    arena_t arena; /* of the distinct records */
    table_t by_content;
    uint32_t count;           /* of distinct records; number 0 is the empty one */
    attributes_slot_t *slots; /* owned: what is known of offsets */
    size_t slot_mask;
    size_t slot_used;
} attributes_t;

err_t attributes_init(attributes_t *a, section_t data, unsigned wanted) FPD_MUST_CHECK;
void attributes_release(attributes_t *a);
/* The number of the attributes at an offset in the data, which is below UINT32_MAX. */
err_t attributes_number(attributes_t *a, uint32_t offset, uint32_t *out) FPD_MUST_CHECK;
/* All by number: an array of a->count, which the caller frees; NULL without memory. */
geo_record_t *attributes_all(const attributes_t *a);

#endif
