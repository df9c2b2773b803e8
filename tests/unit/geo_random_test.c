/* Random prefixes against a scan of all of them for the longest that has the address. */
#include "footprintd/geo/table.h"

#include "geo_make.h"
#include "prng.h"

#define ALL (GEO_COUNTRY | GEO_SUBDIVISION | GEO_ASN)

enum { PREFIXES = 60, PLACES = 9 };

typedef struct model {
    u128_t addr[PREFIXES];
    unsigned len[PREFIXES]; /* of 128 bits, or of 32 in a database of IPv4 */
    int place[PREFIXES];    /* -1: no data */
    size_t count;
    unsigned bits;
    bool aliases;
} model_t;

static u128_t mask(u128_t addr, unsigned bits, unsigned len)
{
    unsigned host = bits - len; /* bits to be cleared */
    addr.hi = host >= 128 ? 0 : host > 64 ? addr.hi >> (host - 64) << (host - 64) : addr.hi;
    addr.lo = host >= 64 ? 0 : addr.lo >> host << host;
    return addr;
}

static bool covers(u128_t addr, unsigned bits, unsigned len, u128_t x)
{
    return u128_cmp(mask(x, bits, len), addr) == 0;
}

static int longest(const model_t *m, u128_t x)
{
    int found = -1;
    unsigned best = 0;
    for (size_t i = 0; i < m->count; i++) {
        /* Of equal prefixes the last one counts. */
        if (m->len[i] >= best && covers(m->addr[i], m->bits, m->len[i], x)) {
            best = m->len[i];
            found = m->place[i];
        }
    }
    return found;
}

static bool in_alias(u128_t x)
{
    return (x.hi == 0 && x.lo >> 32 == 0xffff) || x.hi >> 48 == 0x2002 || x.hi >> 32 == 0x20010000;
}

static u128_t random_addr(prng_t *rng, bool v4)
{
    static const u128_t near[] = {
        {UINT64_C(0x20010db800000000), 0}, {UINT64_MAX, UINT64_MAX},
        {0, UINT64_C(0xffff00000000)},     {UINT64_C(0x2002000000000000), 0},
        {UINT64_C(0x2001000000000000), 0}, {0, UINT64_C(0x100000000)},
    };
    if (v4) {
        static const uint32_t near4[] = {0xc0000200, 0xc6336400, 0, UINT32_MAX};
        uint64_t noise = prng_next(rng) >> (32 + prng_below(rng, 32));
        return (u128_t){0, (near4[prng_below(rng, 4)] ^ noise) & UINT32_MAX};
    }
    u128_t a = near[prng_below(rng, 6)];
    unsigned shift = (unsigned)prng_below(rng, 128);
    uint64_t noise = prng_next(rng);
    a.hi ^= shift < 64 ? noise >> shift : 0;
    a.lo ^= shift < 64 ? prng_next(rng) : noise >> (shift - 64);
    return a;
}

static void random_model(prng_t *rng, unsigned ip_version, model_t *m)
{
    *m = (model_t){.count = 1 + prng_below(rng, PREFIXES), .bits = ip_version == 6 ? 128 : 32};
    m->aliases = ip_version == 6 && prng_below(rng, 2);
    for (size_t i = 0; i < m->count; i++) {
        bool v4 = ip_version == 4 || prng_below(rng, 2);
        unsigned outer = ip_version == 6 && v4 ? 96 : 0;
        u128_t addr = random_addr(rng, v4);
        m->len[i] = outer + (unsigned)prng_below(rng, (v4 ? 32 : 128) + 1);
        if (i > 0 && prng_below(rng, 3) == 0) { /* inside of another, or the same */
            addr = m->addr[prng_below(rng, i)];
        }
        m->addr[i] = mask(addr, m->bits, m->len[i]);
        m->place[i] = (int)prng_below(rng, PLACES + 1) - 1;
    }
    /* By length: what is written later wins. */
    for (size_t i = 1; i < m->count; i++) {
        for (size_t j = i; j > 0 && m->len[j] < m->len[j - 1]; j--) {
            u128_t addr = m->addr[j];
            unsigned len = m->len[j];
            int where = m->place[j];
            m->addr[j] = m->addr[j - 1];
            m->len[j] = m->len[j - 1];
            m->place[j] = m->place[j - 1];
            m->addr[j - 1] = addr;
            m->len[j - 1] = len;
            m->place[j - 1] = where;
        }
    }
}

/* Two of them are equal, so that ranges merge across offsets. */
static const struct {
    const char *country, *subdivisions;
    uint32_t asn;
    const char *codes[2];
} places[PLACES] = {
    {"US", NULL, 0, {NULL}},          {"US", "NY", 0, {"us-ny"}},
    {"US", "NY", 64496, {"us-ny"}},   {"GB", "ENG WBK", 64497, {"gb-eng", "gb-wbk"}},
    {"GB", "ENG", 64497, {"gb-eng"}}, {"DE", NULL, 65536, {NULL}},
    {NULL, NULL, 65551, {NULL}},      {"US", "NY", 0, {"us-ny"}},
    {"FR", "IDF", 64511, {"fr-idf"}},
};

static void assert_place(const geo_record_t *r, int at)
{
    geo_record_t expected = {0};
    if (at >= 0) {
        const char *country = places[at].country;
        expected.country = country ? geo_code(country) | UINT64_C(0x2020) << 48 : 0;
        for (unsigned i = 0; i < 2 && places[at].codes[i]; i++) {
            expected.subdivisions[expected.subdivision_count++] = geo_code(places[at].codes[i]);
        }
        expected.has_asn = places[at].asn != 0;
        expected.asn = places[at].asn;
    }
    assert_true(geo_record_eq(r, &expected));
}

static void probe(const geo_table_t *t, const model_t *m, u128_t x)
{
    if (m->bits == 32) {
        x = (u128_t){0, x.lo & UINT32_MAX};
        assert_place(geo_find_v4(t, (uint32_t)x.lo), longest(m, x));
        return;
    }
    if (x.hi == 0 && x.lo <= UINT32_MAX) {
        assert_place(geo_find_v4(t, (uint32_t)x.lo), longest(m, x));
        assert_place(geo_find_v6(t, x), -1);
        return;
    }
    assert_place(geo_find_v6(t, x), m->aliases && in_alias(x) ? -1 : longest(m, x));
}

static u128_t plus(u128_t a, uint64_t n)
{
    u128_t sum = {a.hi, a.lo + n};
    sum.hi += sum.lo < n;
    return sum;
}

static u128_t minus_one(u128_t a)
{
    return (u128_t){a.hi - (a.lo == 0), a.lo - 1};
}

/* The last address of the prefix. */
static u128_t last_of(u128_t addr, unsigned bits, unsigned len)
{
    unsigned host = bits - len;
    addr.lo |= host >= 64 ? UINT64_MAX : (UINT64_C(1) << host) - 1;
    addr.hi |= host >= 128 ? UINT64_MAX : host > 64 ? (UINT64_C(1) << (host - 64)) - 1 : 0;
    return addr;
}

static void check_model(prng_t *rng, const model_t *m, unsigned record_size)
{
    mmdb_writer_t w;
    uint32_t offsets[PLACES];
    mmdb_writer_init(&w, m->bits == 32 ? 4 : 6, record_size);
    for (size_t i = 0; i < PLACES; i++) {
        offsets[i] = put_place(&w.data, places[i].country, places[i].subdivisions, places[i].asn);
    }
    for (size_t i = 0; i < m->count; i++) {
        mmdb_side_t side = {MMDB_SIDE_NONE, 0};
        if (m->place[i] >= 0) {
            side = mmdb_data(offsets[m->place[i]]);
        }
        mmdb_writer_insert(&w, m->addr[i], m->len[i], side);
    }
    if (m->aliases) {
        mmdb_writer_aliases(&w);
    }
    geo_table_t t = table_of(&w, ALL);
    for (size_t i = 0; i < m->count; i++) {
        u128_t last = last_of(m->addr[i], m->bits, m->len[i]);
        probe(&t, m, m->addr[i]);
        probe(&t, m, minus_one(m->addr[i]));
        probe(&t, m, last);
        probe(&t, m, plus(last, 1));
        probe(&t, m, random_addr(rng, m->bits == 32 || prng_below(rng, 2)));
    }
    for (size_t i = 0; i < t.v4.count; i++) {
        probe(&t, m, (u128_t){0, t.v4.start[i]});
        probe(&t, m, (u128_t){0, t.v4.start[i] - 1});
    }
    for (size_t i = 0; i < t.v6.count && m->bits == 128; i++) {
        probe(&t, m, t.v6.start[i]);
        probe(&t, m, minus_one(t.v6.start[i]));
    }
    geo_table_release(&t);
}

static void test_random_prefixes(void **state)
{
    (void)state;
    prng_t rng = prng_start();
    static const unsigned sizes[] = {24, 28, 32};
    for (unsigned round = 0; round < 60; round++) {
        model_t m;
        random_model(&rng, round % 2 ? 6 : 4, &m);
        check_model(&rng, &m, sizes[round / 2 % 3]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_prefixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
