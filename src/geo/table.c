#include "footprintd/geo/table.h"

#include "geo/attributes.h"
#include "geo/database.h"

#include <stdlib.h>

#define IPV4_END (UINT64_C(1) << 32)

/* Ranges of one family under construction; a NULL start is that of the other family. */
typedef struct ranges {
    uint32_t *start4;
    u128_t *start6;
    uint32_t *record;
    size_t count;
    size_t cap;
    family_t family;
} ranges_t;

static void ranges_release(ranges_t *r)
{
    free(r->start4);
    free(r->start6);
    free(r->record);
}

static err_t ranges_resize(ranges_t *r, size_t cap)
{
    bool v4 = r->family == FAMILY_IPV4;
    void *start = v4 ? realloc(r->start4, cap * sizeof *r->start4)
                     : realloc(r->start6, cap * sizeof *r->start6);
    if (!start) {
        return ERR_NOMEM;
    }
    r->start4 = v4 ? start : NULL;
    r->start6 = v4 ? NULL : start;
    uint32_t *record = realloc(r->record, cap * sizeof *record);
    if (!record) {
        return ERR_NOMEM;
    }
    r->record = record;
    r->cap = cap;
    return ERR_OK;
}

/* What begins behind all that came before, with equal neighbours merged. */
static err_t ranges_append(ranges_t *r, u128_t start, uint32_t record)
{
    if (r->count > 0 && r->record[r->count - 1] == record) {
        return ERR_OK;
    }
    if (r->count == r->cap) {
        err_t err = ranges_resize(r, r->cap ? 2 * r->cap : 256);
        if (err) {
            return err;
        }
    }
    if (r->family == FAMILY_IPV4) {
        r->start4[r->count] = (uint32_t)start.lo;
    } else {
        r->start6[r->count] = start;
    }
    r->record[r->count++] = record;
    return ERR_OK;
}

static err_t append_leaf(const mmdb_t *db, attributes_t *a, const tree_leaf_t *leaf, ranges_t *r)
{
    uint32_t number = 0;
    if (tree_has_data(&db->tree, leaf->record)) {
        uint32_t offset = tree_data_offset(&db->tree, leaf->record);
        err_t err = attributes_number(a, offset, &number);
        if (err) {
            return err;
        }
    }
    /* What covers IPv4 and more around it says something of IPv6 behind ::/96 only. */
    bool has_ipv4 = r->family == FAMILY_IPV6 && leaf->start.hi == 0 && leaf->start.lo == 0;
    if (has_ipv4) {
        err_t err = ranges_append(r, leaf->start, 0);
        if (err || leaf->depth >= 96) {
            return err;
        }
        return ranges_append(r, (u128_t){0, IPV4_END}, number);
    }
    return ranges_append(r, leaf->start, number);
}

static err_t build_family(const mmdb_t *db, attributes_t *a, family_t family, ranges_t *r)
{
    *r = (ranges_t){.family = family};
    if (family == FAMILY_IPV6 && db->tree.family == FAMILY_IPV4) {
        return ranges_append(r, (u128_t){0, 0}, 0);
    }
    tree_walk_t walk;
    tree_leaf_t leaf;
    tree_step_t step;
    tree_walk_init(&walk, &db->tree, family);
    while ((step = tree_walk_next(&walk, &leaf)) == TREE_LEAF) {
        err_t err = append_leaf(db, a, &leaf, r);
        if (err) {
            return err;
        }
    }
    /* Opening the database walked the same way, to the end; there is a leaf in every tree. */
    return step == TREE_END && r->count > 0 ? ranges_resize(r, r->count) : ERR_DATA;
}

static unsigned what_occurs(const geo_record_t *records, size_t count)
{
    unsigned has = 0;
    for (size_t i = 0; i < count; i++) {
        has |= records[i].country ? GEO_COUNTRY : 0;
        has |= records[i].subdivision_count ? GEO_SUBDIVISION : 0;
        has |= records[i].has_asn ? GEO_ASN : 0;
    }
    return has;
}

err_t geo_table_build(const mmdb_t *db, unsigned wanted, geo_table_t *out)
{
    attributes_t a;
    ranges_t v4 = {0}, v6 = {0};
    geo_record_t *records = NULL;
    err_t err = attributes_init(&a, db->data, wanted);
    if (!err) {
        err = build_family(db, &a, FAMILY_IPV4, &v4);
    }
    if (!err) {
        err = build_family(db, &a, FAMILY_IPV6, &v6);
    }
    if (!err) {
        records = attributes_all(&a);
        err = records ? ERR_OK : ERR_NOMEM;
    }
    if (err) {
        ranges_release(&v4);
        ranges_release(&v6);
    } else {
        *out = (geo_table_t){
            .records = records,
            .record_count = a.count,
            .v4 = {v4.start4, v4.record, v4.count},
            .v6 = {v6.start6, v6.record, v6.count},
            .has = what_occurs(records, a.count),
        };
    }
    attributes_release(&a);
    return err;
}

void geo_table_release(geo_table_t *t)
{
    free(t->records);
    free(t->v4.start);
    free(t->v4.record);
    free(t->v6.start);
    free(t->v6.record);
    *t = (geo_table_t){0};
}
