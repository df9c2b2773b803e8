/* What holds for every table of the geo area, and look-ups in one. */
#ifndef FPD_TESTS_GEO_TABLE_CHECK_H
#define FPD_TESTS_GEO_TABLE_CHECK_H

#include "footprintd/geo/table.h"

/* From text, as "us-ny"; 0 for "". */
static inline geo_code_t geo_code(const char *text)
{
    geo_code_t code = 0;
    for (unsigned i = 0; text[i]; i++) {
        code |= (geo_code_t)(unsigned char)text[i] << (56 - 8 * i);
    }
    return code;
}

static inline bool geo_record_eq(const geo_record_t *a, const geo_record_t *b)
{
    return a->country == b->country && a->subdivision_count == b->subdivision_count &&
           memcmp(a->subdivisions, b->subdivisions, sizeof a->subdivisions) == 0 &&
           a->has_asn == b->has_asn && a->asn == b->asn;
}

static inline bool geo_code_is(geo_code_t code, unsigned letters, geo_code_t before)
{
    unsigned len = 0;
    for (; len < 8 && (code >> (56 - 8 * len) & 255) != 0; len++) {
        unsigned c = code >> (56 - 8 * len) & 255;
        bool letter = c >= 'a' && c <= 'z';
        bool ok = len < 2 ? letter : letters || (len == 2 ? c == '-' : letter || (c - '0') < 10);
        if (!ok || (letters && len >= letters)) {
            return false;
        }
    }
    bool whole = len == 8 || code << 8 * len == 0;
    if (letters) {
        return whole && len == letters;
    }
    return whole && len >= 4 && len <= 6 && (before == 0 || code >> 48 == before >> 48);
}

static inline bool geo_record_is_sound(const geo_record_t *r)
{
    if (r->country && !geo_code_is(r->country, 2, 0)) {
        return false;
    }
    for (unsigned i = 0; i < GEO_SUBDIVISIONS_MAX; i++) {
        bool used = i < r->subdivision_count;
        if (used ? !geo_code_is(r->subdivisions[i], 0, r->country) : r->subdivisions[i] != 0) {
            return false;
        }
    }
    return r->subdivision_count <= GEO_SUBDIVISIONS_MAX && r->has_asn == (r->asn != 0);
}

/* NULL, or what does not hold. */
static inline const char *geo_table_check(const geo_table_t *t, unsigned wanted)
{
    const geo_record_t empty = {0};
    if (t->record_count == 0 || !geo_record_eq(&t->records[0], &empty)) {
        return "record 0 is not the empty one";
    }
    unsigned has = 0;
    for (size_t i = 0; i < t->record_count; i++) {
        const geo_record_t *r = &t->records[i];
        has |= (r->country ? GEO_COUNTRY : 0) | (r->subdivision_count ? GEO_SUBDIVISION : 0) |
               (r->has_asn ? GEO_ASN : 0);
        if (!geo_record_is_sound(r)) {
            return "a record is not well-formed";
        }
        if (i > 0 && i < 1000 && geo_record_eq(r, &t->records[i - 1])) {
            return "two records are equal";
        }
    }
    if (has != t->has || (has & ~wanted) != 0) {
        return "`has` is not what the records have";
    }
    if (t->v4.count == 0 || t->v4.start[0] != 0 || t->v6.count == 0 || t->v6.start[0].hi != 0 ||
        t->v6.start[0].lo != 0) {
        return "the first range does not begin at 0";
    }
    for (size_t i = 0; i < t->v4.count; i++) {
        if (t->v4.record[i] >= t->record_count ||
            (i > 0 &&
             (t->v4.start[i] <= t->v4.start[i - 1] || t->v4.record[i] == t->v4.record[i - 1]))) {
            return "a range of IPv4 is out of order, or like its neighbour";
        }
    }
    for (size_t i = 0; i < t->v6.count; i++) {
        if (t->v6.record[i] >= t->record_count ||
            (i > 0 && (u128_cmp(t->v6.start[i], t->v6.start[i - 1]) <= 0 ||
                       t->v6.record[i] == t->v6.record[i - 1]))) {
            return "a range of IPv6 is out of order, or like its neighbour";
        }
    }
    return NULL;
}

static inline const geo_record_t *geo_find_v4(const geo_table_t *t, uint32_t addr)
{
    size_t low = 0, high = t->v4.count;
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (t->v4.start[mid] <= addr) {
            low = mid;
        } else {
            high = mid;
        }
    }
    return &t->records[t->v4.record[low]];
}

static inline const geo_record_t *geo_find_v6(const geo_table_t *t, u128_t addr)
{
    size_t low = 0, high = t->v6.count;
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (u128_cmp(t->v6.start[mid], addr) <= 0) {
            low = mid;
        } else {
            high = mid;
        }
    }
    return &t->records[t->v6.record[low]];
}

#endif
