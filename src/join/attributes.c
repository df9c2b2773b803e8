#include "footprintd/join/attributes.h"

#include "footprintd/base/arena.h"

#include "block.h"
#include "merge.h"

#include <stdatomic.h>
#include <stdlib.h>

/* Country and subdivisions together: few, so that they stay in the cache. */
typedef struct place {
    geo_code_t country;
    const geo_code_t *subdivisions;
    size_t subdivision_count;
} place_t;

/* The attributes of one id. */
typedef struct resolved {
    uint32_t place : 31;
    uint32_t has_asn : 1;
    uint32_t asn;
} resolved_t;

struct attributes {
    atomic_uint refs;
    arena_t arena;
    geo_table_t tables[ATTRIBUTE_SOURCE_COUNT];
    bool present[ATTRIBUTE_SOURCE_COUNT];
    attribute_info_t infos[ATTRIBUTE_SOURCE_COUNT];
    place_t *places;
    resolved_t *resolved; /* by id; 0: nothing is known */
    void *resolved_memory;
    join_ranges_t ranges[FAMILY_COUNT];
    trie4_t table4;
    trie6_t table6;
    attribute_source_t country_source;
    digest_t digest;
};

static void attributes_free(attributes_t *a)
{
    for (unsigned i = 0; i < ATTRIBUTE_SOURCE_COUNT; i++) {
        geo_table_release(&a->tables[i]);
    }
    free(a->places);
    free(a->resolved_memory);
    join_ranges_release(&a->ranges[FAMILY_IPV4]);
    join_ranges_release(&a->ranges[FAMILY_IPV6]);
    trie_release(&a->table4.t);
    trie_release(&a->table6.t);
    arena_release(&a->arena);
    free(a);
}

/* A table's ranges as the join's; borrowed: nothing is copied. */
static join_ranges_t borrow(const geo_table_t *t, family_t family)
{
    if (family == FAMILY_IPV4) {
        return (join_ranges_t){FAMILY_IPV4, t->v4.start, NULL, t->v4.record, t->v4.count, 0};
    }
    return (join_ranges_t){FAMILY_IPV6, NULL, t->v6.start, t->v6.record, t->v6.count, 0};
}

static err_t merge_family(attributes_t *a, tuples_t *tuples, family_t family)
{
    static uint32_t none4, none_id;
    static u128_t none6;
    join_ranges_t parts[ATTRIBUTE_SOURCE_COUNT];
    const join_ranges_t *list[ATTRIBUTE_SOURCE_COUNT];
    for (unsigned i = 0; i < ATTRIBUTE_SOURCE_COUNT; i++) {
        parts[i] = a->present[i] ? borrow(&a->tables[i], family)
                                 : (join_ranges_t){family, &none4, &none6, &none_id, 1, 0};
        list[i] = &parts[i];
    }
    join_ranges_init(&a->ranges[family], family);
    err_t err = merge_ranges(list, tuples, &a->ranges[family]);
    join_ranges_fit(&a->ranges[family]);
    return err;
}

/* What each database is asked for. */
static unsigned wanted(const attributes_t *a, unsigned source)
{
    switch (source) {
    case ATTRIBUTE_COUNTRY:
        return GEO_COUNTRY;
    case ATTRIBUTE_CITY:
        return a->present[ATTRIBUTE_COUNTRY] ? GEO_SUBDIVISION : GEO_SUBDIVISION | GEO_COUNTRY;
    default:
        return GEO_ASN;
    }
}

static err_t make_digest(attributes_t *a)
{
    hasher_t h;
    err_t err = hasher_init(&h);
    if (err) {
        return err;
    }
    hasher_begin(&h);
    for (unsigned i = 0; i < ATTRIBUTE_SOURCE_COUNT; i++) {
        const geo_table_t *t = &a->tables[i];
        const uint64_t sizes[] = {a->present[i], t->record_count, t->v4.count, t->v6.count};
        hasher_update(&h, sizes, sizeof sizes);
        /* Member by member: structures have padding. */
        for (size_t r = 0; r < t->record_count; r++) {
            const geo_record_t *g = &t->records[r];
            const uint64_t words[] = {g->country, g->subdivision_count, g->has_asn, g->asn};
            hasher_update(&h, words, sizeof words);
            hasher_update(&h, g->subdivisions, g->subdivision_count * sizeof *g->subdivisions);
        }
        hasher_update(&h, t->v4.start, t->v4.count * sizeof *t->v4.start);
        hasher_update(&h, t->v4.record, t->v4.count * sizeof *t->v4.record);
        hasher_update(&h, t->v6.start, t->v6.count * sizeof *t->v6.start);
        hasher_update(&h, t->v6.record, t->v6.count * sizeof *t->v6.record);
    }
    err = hasher_finish(&h, &a->digest);
    hasher_release(&h);
    return err;
}

static place_t make_place(const attributes_t *a, const uint32_t records[2])
{
    place_t place = {0};
    if (a->present[a->country_source]) {
        uint32_t record = records[a->country_source == ATTRIBUTE_CITY];
        place.country = a->tables[a->country_source].records[record].country;
    }
    if (a->present[ATTRIBUTE_CITY]) {
        const geo_record_t *r = &a->tables[ATTRIBUTE_CITY].records[records[1]];
        place.subdivisions = r->subdivisions;
        place.subdivision_count = r->subdivision_count;
    }
    return place;
}

/* What each tuple of records says, so that a look-up reads one small thing of its own. */
static err_t resolve(attributes_t *a, const tuples_t *tuples, tuples_t *places)
{
    a->resolved = block_new(tuples->count * sizeof *a->resolved, &a->resolved_memory);
    err_t err = a->resolved ? ERR_OK : ERR_NOMEM;
    for (uint32_t i = 0; i < tuples->count && !err; i++) {
        const uint32_t *records = tuples_at(tuples, i);
        const uint32_t where[2] = {records[ATTRIBUTE_COUNTRY], records[ATTRIBUTE_CITY]};
        uint32_t place = 0;
        err = tuples_intern(places, where, &place);
        a->resolved[i] = (resolved_t){.place = place & INT32_MAX};
        if (a->present[ATTRIBUTE_ASN]) {
            const geo_record_t *r = &a->tables[ATTRIBUTE_ASN].records[records[ATTRIBUTE_ASN]];
            a->resolved[i].has_asn = r->has_asn;
            a->resolved[i].asn = r->asn;
        }
    }
    a->places = err ? NULL : calloc(places->count, sizeof *a->places);
    for (uint32_t i = 0; a->places && i < places->count; i++) {
        a->places[i] = make_place(a, tuples_at(places, i));
    }
    return a->places ? ERR_OK : ERR_NOMEM;
}

/* Ranges of tuples of record numbers, by source; tuple 0 is the one of address 0 or unknown. */
static err_t merge_tables(attributes_t *a)
{
    static const uint32_t unknown[ATTRIBUTE_SOURCE_COUNT] = {0, 0, 0};
    uint32_t zero = 0;
    tuples_t tuples, places = {0};
    err_t err = tuples_init(&tuples, ATTRIBUTE_SOURCE_COUNT);
    err = err ? err : tuples_init(&places, 2);
    err = err ? err : tuples_intern(&tuples, unknown, &zero);
    err = err ? err : merge_family(a, &tuples, FAMILY_IPV4);
    err = err ? err : merge_family(a, &tuples, FAMILY_IPV6);
    err = err ? err : resolve(a, &tuples, &places);
    tuples_release(&tuples);
    tuples_release(&places);
    return err;
}

/* The tables are there: the rest. */
static err_t merge_all(attributes_t *a)
{
    a->country_source = a->present[ATTRIBUTE_COUNTRY] ? ATTRIBUTE_COUNTRY : ATTRIBUTE_CITY;
    err_t err = merge_tables(a);
    err = err ? err : trie4_build(&a->ranges[FAMILY_IPV4], &a->table4);
    err = err ? err : trie6_build(&a->ranges[FAMILY_IPV6], &a->table6);
    return err ? err : make_digest(a);
}

static err_t read_tables(attributes_t *a, const attribute_input_t *input)
{
    err_t err = ERR_OK;
    for (unsigned i = 0; i < ATTRIBUTE_SOURCE_COUNT; i++) {
        a->present[i] = input[i].db != NULL;
    }
    for (unsigned i = 0; !err && i < ATTRIBUTE_SOURCE_COUNT; i++) {
        if (!a->present[i]) {
            continue;
        }
        const mmdb_info_t *info = mmdb_info(input[i].db);
        a->infos[i].file = arena_copy(&a->arena, input[i].file);
        a->infos[i].database_type = arena_copy(&a->arena, info->database_type);
        a->infos[i].build_epoch = info->build_epoch;
        err = geo_table_build(input[i].db, wanted(a, i), &a->tables[i]);
    }
    return !err && arena_failed(&a->arena) ? ERR_NOMEM : err;
}

static attributes_t *attributes_new(void)
{
    attributes_t *a = calloc(1, sizeof *a);
    if (a) {
        atomic_init(&a->refs, 1);
        arena_init(&a->arena, 0);
    }
    return a;
}

err_t attributes_build(const attribute_input_t input[ATTRIBUTE_SOURCE_COUNT], attributes_t **out)
{
    attributes_t *a = attributes_new();
    err_t err = a ? read_tables(a, input) : ERR_NOMEM;
    err = err ? err : merge_all(a);
    if (err) {
        attributes_unref(a);
        return err;
    }
    *out = a;
    return ERR_OK;
}

err_t attributes_from_tables_take(geo_table_t tables[ATTRIBUTE_SOURCE_COUNT],
                                  const bool present[ATTRIBUTE_SOURCE_COUNT], attributes_t **out)
{
    attributes_t *a = attributes_new();
    for (unsigned i = 0; i < ATTRIBUTE_SOURCE_COUNT; i++) {
        if (a && present[i]) {
            a->tables[i] = tables[i];
            a->present[i] = true;
        } else if (present[i]) {
            geo_table_release(&tables[i]);
        }
    }
    err_t err = a ? merge_all(a) : ERR_NOMEM;
    if (err) {
        attributes_unref(a);
        return err;
    }
    *out = a;
    return ERR_OK;
}

attributes_t *attributes_ref(attributes_t *a)
{
    atomic_fetch_add_explicit(&a->refs, 1, memory_order_relaxed);
    return a;
}

void attributes_unref(attributes_t *a)
{
    if (a && atomic_fetch_sub_explicit(&a->refs, 1, memory_order_acq_rel) == 1) {
        attributes_free(a);
    }
}

const geo_table_t *attributes_table(const attributes_t *a, attribute_source_t source)
{
    return a->present[source] ? &a->tables[source] : NULL;
}

const attribute_info_t *attributes_info(const attributes_t *a, attribute_source_t source)
{
    return a->present[source] ? &a->infos[source] : NULL;
}

uint32_t attributes_id_v4(const attributes_t *a, uint32_t addr)
{
    return trie4_get(&a->table4, addr);
}

uint32_t attributes_id_v6(const attributes_t *a, u128_t addr)
{
    return trie6_get(&a->table6, addr);
}

attribute_set_t attributes_at(const attributes_t *a, uint32_t id)
{
    resolved_t r = a->resolved[id];
    const place_t *place = &a->places[r.place];
    return (attribute_set_t){
        .country = place->country,
        .subdivisions = place->subdivisions,
        .subdivision_count = place->subdivision_count,
        .has_asn = r.has_asn,
        .asn = r.asn,
    };
}

const digest_t *attributes_digest(const attributes_t *a)
{
    return &a->digest;
}

const join_ranges_t *attributes_ranges(const attributes_t *a, family_t family)
{
    return &a->ranges[family];
}

size_t attributes_table_bytes(const attributes_t *a)
{
    return trie_bytes(&a->table4.t) + trie_bytes(&a->table6.t);
}
