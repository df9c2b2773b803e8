/*
 * Random documents and databases, and a naive matcher that knows nothing of the join: what its
 * answers, and the answers of what stands on it, are compared with.
 */
#ifndef FPD_TESTS_NAIVE_JOIN_H
#define FPD_TESTS_NAIVE_JOIN_H

#include "fpd_cmocka.h"

#include "footprintd/join/index.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* ---- randomness with a seed that a failure can be repeated with ---- */

static uint64_t state;

static inline void seed_random(void)
{
    const char *given = getenv("FPD_SEED");
    state = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    print_message("FPD_SEED=%llu\n", (unsigned long long)state);
}

static inline uint32_t rnd(uint32_t below)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33) % below;
}

/* ---- naive matcher ---- */

typedef struct context {
    addr_t addr;
    const geo_record_t *country, *city, *asn; /* NULL: unknown */
    const model_network_map_t *map;
} context_t;

static inline bool in_v4(prefix4_t p, uint32_t a)
{
    return p.len == 0 || (a ^ p.addr) >> (32 - p.len) == 0;
}

static inline bool in_v6(prefix6_t p, u128_t a)
{
    for (unsigned bit = 0; bit < p.len; bit++) {
        uint64_t x = bit < 64 ? a.hi >> (63 - bit) : a.lo >> (127 - bit);
        uint64_t y = bit < 64 ? p.addr.hi >> (63 - bit) : p.addr.lo >> (127 - bit);
        if ((x ^ y) & 1) {
            return false;
        }
    }
    return true;
}

/* The PID of the longest prefix that holds the address. */
static inline const model_pid_t *naive_pid(const context_t *c)
{
    const model_pid_t *best = NULL;
    int longest = -1;
    for (size_t i = 0; i < c->map->pid_count; i++) {
        const model_pid_t *pid = &c->map->pids[i];
        if (c->addr.family == FAMILY_IPV4) {
            for (size_t k = 0; k < pid->v4_count; k++) {
                if (in_v4(pid->v4[k], c->addr.u.v4) && pid->v4[k].len > longest) {
                    longest = pid->v4[k].len;
                    best = pid;
                }
            }
        } else {
            for (size_t k = 0; k < pid->v6_count; k++) {
                if (in_v6(pid->v6[k], c->addr.u.v6) && pid->v6[k].len > longest) {
                    longest = pid->v6[k].len;
                    best = pid;
                }
            }
        }
    }
    return best;
}

static inline bool naive_value(const fp_values_t *v, size_t i, const context_t *c)
{
    switch (v->type) {
    case FP_IPV4CIDR:
        return c->addr.family == FAMILY_IPV4 && in_v4(v->u.v4[i], c->addr.u.v4);
    case FP_IPV6CIDR:
        return c->addr.family == FAMILY_IPV6 && in_v6(v->u.v6[i], c->addr.u.v6);
    case FP_ASN:
        return c->asn && c->asn->has_asn && c->asn->asn == v->u.asn[i];
    case FP_COUNTRYCODE:
        return c->country && c->country->country && c->country->country == v->u.code[i];
    case FP_SUBDIVISIONCODE:
        for (size_t s = 0; c->city && s < c->city->subdivision_count; s++) {
            if (c->city->subdivisions[s] == v->u.code[i]) {
                return true;
            }
        }
        return false;
    case FP_ALTOPID: {
        const model_pid_t *pid = naive_pid(c);
        return pid && slice_eq(pid->name, v->u.pid[i]);
    }
    default:
        return false;
    }
}

static inline bool naive_list(const fp_values_t *v, const context_t *c)
{
    for (size_t i = 0; i < v->count; i++) {
        if (naive_value(v, i, c)) {
            return true;
        }
    }
    return false;
}

static inline bool naive_covers(const fp_set_t *set, const context_t *c)
{
    for (size_t i = 0; i < set->count; i++) {
        const fp_constraint_t *constraint = &set->constraints[i];
        bool any = false;
        if (constraint->type != FP_UNION) {
            any = naive_list(constraint->values, c);
        }
        for (size_t m = 0; m < constraint->member_count && !any; m++) {
            any = naive_list(constraint->members[m], c);
        }
        if (!any) {
            return false;
        }
    }
    return true;
}

/* ---- random input ---- */

/* Few distinct bits, so that prefixes nest, touch and repeat. */
static inline uint32_t random_v4(void)
{
    uint32_t a = rnd(4) == 0 ? rnd(4) << 30 : 0xc0000000u;
    return a | rnd(8) << 21 | rnd(4) << 12 | rnd(4) << 6 | rnd(4);
}

static inline u128_t random_v6(void)
{
    u128_t a = {UINT64_C(0x20010db8) << 32 | (uint64_t)rnd(4) << 30 | rnd(4) << 15, rnd(8)};
    a.lo |= (uint64_t)rnd(3) << 62;
    if (rnd(6) == 0) {
        a.hi = (uint64_t)rnd(4) << 62;
    }
    return a;
}

static inline void append_prefix(buf_t *out, bool v6)
{
    char text[PREFIX_TEXT_MAX];
    if (v6) {
        unsigned len = rnd(5) == 0 ? rnd(129) : 30 + rnd(99);
        u128_t a = random_v6();
        if (len < 64) {
            a = (u128_t){len ? a.hi >> (64 - len) << (64 - len) : 0, 0};
        } else if (len < 128) {
            a.lo = len == 64 ? 0 : a.lo >> (128 - len) << (128 - len);
        }
        (void)prefix_format_v6((prefix6_t){a, (uint8_t)len}, text);
    } else {
        unsigned len = rnd(5) == 0 ? rnd(33) : 8 + rnd(25);
        uint32_t a = random_v4();
        a = len ? a >> (32 - len) << (32 - len) : 0;
        (void)prefix_format_v4((prefix4_t){a, (uint8_t)len}, text);
    }
    buf_printf(out, "\"%s\"", text);
}

static const char *const countries[] = {"de", "at", "us", "mx", "gb"};
static const char *const subdivisions[] = {"us-ny", "us-nj", "gb-eng", "gb-wbk", "de-by"};
static const char *const pids[] = {"p0", "p1", "p2", "p3", "pid-default"};

static inline void append_list(buf_t *out, unsigned kind)
{
    buf_append_char(out, '[');
    for (uint32_t i = 0, n = 1 + rnd(4); i < n; i++) {
        buf_append_str(out, i ? ", " : "");
        switch (kind) {
        case 0:
            append_prefix(out, rnd(2));
            break;
        case 1:
            buf_printf(out, "as%u", 64496 + rnd(6));
            break;
        case 2:
            buf_append_str(out, countries[rnd(5)]);
            break;
        case 3:
            buf_append_str(out, subdivisions[rnd(5)]);
            break;
        default:
            buf_append_str(out, pids[rnd(5)]);
            break;
        }
    }
    buf_append_char(out, ']');
}

static const char *const keys[] = {"cidr", "asn", "countrycode", "subdivisioncode", "altopid"};

static inline void append_footprint(buf_t *out, unsigned n)
{
    buf_printf(out, "  f%u:\n", n);
    bool any = false;
    unsigned one = rnd(5);
    for (unsigned kind = 0; kind < 5; kind++) {
        if (kind == one || rnd(6) == 0) {
            buf_printf(out, "    %s: ", keys[kind]);
            append_list(out, kind);
            buf_append_char(out, '\n');
            any = true;
        }
    }
    if (!any || rnd(3) == 0) {
        buf_append_str(out, "    footprintunion:\n");
        for (uint32_t i = 0, k = 1 + rnd(3); i < k; i++) {
            unsigned kind = rnd(5);
            buf_printf(out, "      - {%s: ", keys[kind]);
            append_list(out, kind);
            buf_append_str(out, "}\n");
        }
    }
}

static inline geo_code_t code(const char *text)
{
    geo_code_t c = 0;
    for (size_t i = 0; text[i]; i++) {
        c |= (geo_code_t)(unsigned char)text[i] << (56 - 8 * i);
    }
    return c;
}

/* Random ranges over a few records. */
static inline geo_table_t random_table(attribute_source_t source)
{
    geo_table_t t = {0};
    t.record_count = 7;
    t.records = calloc(t.record_count, sizeof *t.records);
    assert_non_null(t.records);
    for (size_t i = 1; i < t.record_count; i++) {
        geo_record_t *r = &t.records[i];
        if (source == ATTRIBUTE_COUNTRY) {
            r->country = i < 6 ? code(countries[i - 1]) : code("fr");
        } else if (source == ATTRIBUTE_CITY) {
            r->subdivisions[0] = code(subdivisions[rnd(5)]);
            r->subdivision_count = 1;
            if (rnd(2)) {
                r->subdivisions[r->subdivision_count++] = code(subdivisions[rnd(5)]);
            }
        } else {
            r->has_asn = true;
            r->asn = 64495 + (uint32_t)i;
        }
    }
    join_ranges_t r4, r6;
    join_ranges_init(&r4, FAMILY_IPV4);
    join_ranges_init(&r6, FAMILY_IPV6);
    u128_t at4 = {0, 0}, at6 = {0, 0};
    for (int i = 0; i < 40; i++) {
        assert_int_equal(join_ranges_append(&r4, at4, rnd(7)), ERR_OK);
        assert_int_equal(join_ranges_append(&r6, at6, rnd(7)), ERR_OK);
        u128_t next4 = {0, random_v4()}, next6 = random_v6();
        if (u128_cmp(next4, at4) > 0) {
            at4 = next4;
        }
        if (u128_cmp(next6, at6) > 0) {
            at6 = next6;
        }
    }
    t.v4 = (geo_ranges4_t){r4.start4, r4.id, r4.count};
    t.v6 = (geo_ranges6_t){r6.start6, r6.id, r6.count};
    return t;
}

static inline const geo_record_t *naive_record(const geo_table_t *t, const addr_t *a)
{
    uint32_t record = 0;
    if (a->family == FAMILY_IPV4) {
        for (size_t i = 0; i < t->v4.count && t->v4.start[i] <= a->u.v4; i++) {
            record = t->v4.record[i];
        }
    } else {
        for (size_t i = 0; i < t->v6.count && u128_cmp(t->v6.start[i], a->u.v6) <= 0; i++) {
            record = t->v6.record[i];
        }
    }
    return &t->records[record];
}

static inline u128_t plus(u128_t a, int64_t n)
{
    uint64_t lo = a.lo + (uint64_t)n;
    a.hi += n > 0 ? lo < a.lo : -(uint64_t)(lo > a.lo);
    a.lo = lo;
    return a;
}

/* The same, within so many addresses from `from` on of each family; what is outside is not known.
 */
static inline geo_table_t random_table_within(const u128_t from[FAMILY_COUNT], uint32_t count,
                                              attribute_source_t source)
{
    geo_table_t t = random_table(source);
    join_ranges_t r[FAMILY_COUNT];
    for (unsigned f = 0; f < FAMILY_COUNT; f++) {
        join_ranges_init(&r[f], (family_t)f);
        assert_int_equal(join_ranges_append(&r[f], (u128_t){0, 0}, 0), ERR_OK);
        for (uint32_t at = rnd(40); at < count; at += 1 + rnd(60)) {
            assert_int_equal(join_ranges_append(&r[f], plus(from[f], at), rnd(7)), ERR_OK);
        }
        assert_int_equal(join_ranges_append(&r[f], plus(from[f], count), 0), ERR_OK);
    }
    free(t.v4.start);
    free(t.v4.record);
    free(t.v6.start);
    free(t.v6.record);
    t.v4 = (geo_ranges4_t){r[0].start4, r[0].id, r[0].count};
    t.v6 = (geo_ranges6_t){r[1].start6, r[1].id, r[1].count};
    return t;
}

#endif
