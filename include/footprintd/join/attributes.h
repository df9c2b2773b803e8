/*
 * Attributes: what the GeoIP and ASN databases together say of an address.
 *
 * Up to three databases have a part in it: the country is taken from the country database, or from
 * the city database when there is none; subdivisions from the city database; the AS number from the
 * ASN database. One file may have several parts. Attributes depend on the databases alone: they are
 * built when a database changes and shared by all snapshots until then (reference-counted).
 */
#ifndef FOOTPRINTD_JOIN_ATTRIBUTES_H
#define FOOTPRINTD_JOIN_ATTRIBUTES_H

#include "footprintd/base/hash.h"
#include "footprintd/geo/table.h"
#include "footprintd/join/ranges.h"
#include "footprintd/join/trie.h"

typedef enum attribute_source {
    ATTRIBUTE_COUNTRY,
    ATTRIBUTE_CITY,
    ATTRIBUTE_ASN,
} attribute_source_t;
#define ATTRIBUTE_SOURCE_COUNT 3

/* Where the attributes came from, for people. */
typedef struct attribute_info {
    slice_t file;
    slice_t database_type;
    uint64_t build_epoch;
} attribute_info_t;

typedef struct attributes attributes_t;

typedef struct attribute_input {
    const mmdb_t *db; /* NULL: none; borrowed, only while building */
    slice_t file;
} attribute_input_t;

err_t attributes_build(const attribute_input_t input[ATTRIBUTE_SOURCE_COUNT],
                       attributes_t **out) FPD_MUST_CHECK;
/* The same from tables: takes those of the sources that are present, also on failure. */
err_t attributes_from_tables_take(geo_table_t tables[ATTRIBUTE_SOURCE_COUNT],
                                  const bool present[ATTRIBUTE_SOURCE_COUNT],
                                  attributes_t **out) FPD_MUST_CHECK;
attributes_t *attributes_ref(attributes_t *a);
void attributes_unref(attributes_t *a);

/* The table of one source; NULL when there is no such database. */
const geo_table_t *attributes_table(const attributes_t *a, attribute_source_t source);
/* NULL when there is no such database. */
const attribute_info_t *attributes_info(const attributes_t *a, attribute_source_t source);

/* One combination of attributes; what is not known is 0. Pointers live as long as the attributes.
 */
typedef struct attribute_set {
    geo_code_t country;
    const geo_code_t *subdivisions; /* widest first */
    size_t subdivision_count;
    bool has_asn;
    uint32_t asn;
} attribute_set_t;

/* The id of the attributes of one address; 0: nothing is known. */
uint32_t attributes_id_v4(const attributes_t *a, uint32_t addr);
uint32_t attributes_id_v6(const attributes_t *a, u128_t addr);
attribute_set_t attributes_at(const attributes_t *a, uint32_t id);

static inline uint32_t attributes_id(const attributes_t *a, const addr_t *addr)
{
    return addr->family == FAMILY_IPV4 ? attributes_id_v4(a, addr->u.v4)
                                       : attributes_id_v6(a, addr->u.v6);
}

/* Of the content: equal for databases that say the same, whatever their files. */
const digest_t *attributes_digest(const attributes_t *a);
/* The ranges of equal attributes, for scopes. */
const join_ranges_t *attributes_ranges(const attributes_t *a, family_t family);
/* Memory of the two tables. */
size_t attributes_table_bytes(const attributes_t *a);

#endif
