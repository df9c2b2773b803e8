/*
 * The join: which footprints cover an address, answered from one table.
 *
 * Documents say footprints as prefixes, AS numbers, countries, subdivisions and PIDs, combined by
 * AND and OR (model/footprint.h). GeoIP and ASN databases say which of the attributes an address
 * has. The join evaluates this once for every distinct combination that occurs, when a snapshot is
 * built, and leaves sorted, disjoint ranges of answer ids with a small trie over them: a look-up is
 * two or three memory accesses, whatever the number of footprints.
 *
 * An answer is the set of all covering footprint sets, not only the most specific one. Sets without
 * constraints ("everywhere") are part of every answer and are not listed.
 *
 * Everything here is immutable after join_build and may be read by any number of threads.
 */
#ifndef FOOTPRINTD_JOIN_INDEX_H
#define FOOTPRINTD_JOIN_INDEX_H

#include "footprintd/base/table.h"
#include "footprintd/join/attributes.h"
#include "footprintd/join/ranges.h"
#include "footprintd/join/trie.h"
#include "footprintd/model/model.h"

/* A sorted list of ids in a pool. */
typedef struct id_list {
    const uint32_t *ids;
    size_t count;
} id_list_t;

/* A value that some footprint names, and what covers the whole of it by itself. */
typedef struct join_named {
    uint64_t value; /* AS number, code, or number of the PID in the default network map */
    uint32_t answer;
} join_named_t;

/*
 * A prefix that some footprint, or some PID that a footprint names, is written with; the answer is
 * what documents alone say of its addresses that are in no longer such prefix.
 */
typedef struct join_declared {
    prefix_t prefix;
    uint32_t answer;
} join_declared_t;

typedef struct join_index {
    trie4_t table4;
    trie6_t table6;
    join_ranges_t ranges[FAMILY_COUNT]; /* what the tables index: the canonical form */

    /* Answers: id 0 is the empty one. */
    uint32_t *answer_offsets; /* answer_count + 1, into answer_sets */
    uint32_t *answer_sets;    /* ids of footprint sets, ascending in each answer */
    size_t answer_count;

    /* Footprint sets by id, as the model has them; set ids count the distinct ones. */
    const fp_set_t **sets;
    size_t set_count;
    table_t set_ids; /* for join_set_id */

    /* By value, for FP_ASN, FP_COUNTRYCODE, FP_SUBDIVISIONCODE and FP_ALTOPID; else empty. */
    join_named_t *named[FP_TYPE_COUNT];
    size_t named_count[FP_TYPE_COUNT];

    /* In address order, outer before inner; NULL when there are more than were asked for. */
    join_declared_t *declared[FAMILY_COUNT];
    size_t declared_count[FAMILY_COUNT]; /* also when there is no list */

    struct join_stats {
        size_t prefixes;      /* of all lists of prefixes, each list counted once */
        size_t classes;       /* distinct combinations that were evaluated */
        size_t ranges_joined; /* before equal neighbours collapse, both families */
    } stats;
} join_index_t;

/* Above so many prefixes in a family nobody wants them listed one by one. */
#define JOIN_DECLARED_MOST 2000000

/*
 * attributes may be NULL: then no country, subdivision or AS number is known of any address. The
 * model must outlive the index.
 */
err_t join_build(const model_t *model, const attributes_t *attributes,
                 join_index_t **out) FPD_MUST_CHECK;
void join_free(join_index_t *index);

/*
 * The answer for a value by itself: what covers every address of an AS, a country, a subdivision or
 * a PID whatever else is true of it. 0 (only what is everywhere) for one that no footprint names.
 */
uint32_t join_answer_named(const join_index_t *index, fp_type_t type, uint64_t value);

/* The id of a set of the model's, UINT32_MAX for one that the index does not have. */
uint32_t join_set_id(const join_index_t *index, const fp_set_t *set);

static inline uint32_t join_answer_v4(const join_index_t *index, uint32_t addr)
{
    return trie4_get(&index->table4, addr);
}

static inline uint32_t join_answer_v6(const join_index_t *index, u128_t addr)
{
    return trie6_get(&index->table6, addr);
}

static inline uint32_t join_answer(const join_index_t *index, const addr_t *addr)
{
    return addr->family == FAMILY_IPV4 ? join_answer_v4(index, addr->u.v4)
                                       : join_answer_v6(index, addr->u.v6);
}

static inline id_list_t join_answer_sets(const join_index_t *index, uint32_t answer)
{
    uint32_t first = index->answer_offsets[answer];
    size_t count = index->answer_offsets[answer + 1] - first;
    return (id_list_t){count ? index->answer_sets + first : NULL, count};
}

/* The widest prefix around the address all of whose addresses have its answer. */
prefix_t join_scope(const join_index_t *index, const addr_t *addr);

#endif
