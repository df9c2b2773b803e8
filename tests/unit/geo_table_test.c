#include "footprintd/geo/table.h"

#include "failmalloc.h"
#include "geo_make.h"
#include "mmdb_samples.h"

#define ALL (GEO_COUNTRY | GEO_SUBDIVISION | GEO_ASN)

static geo_table_t sample_table(const char *wanted_name, unsigned wanted)
{
    geo_table_t t = {0};
    const char *name;
    for (size_t i = 0;; i++) {
        buf_t file = BUF_INIT;
        if (!(name = mmdb_sample(i, &file))) {
            break;
        }
        if (strcmp(name, wanted_name) == 0) {
            mmdb_t *db = open_bytes(buf_slice(&file));
            assert_int_equal(geo_table_build(db, wanted, &t), ERR_OK);
            assert_null(geo_table_check(&t, wanted));
            mmdb_free(db);
        }
        buf_release(&file);
    }
    assert_true(t.record_count > 0);
    return t;
}

static void test_ranges_of_v4(void **state)
{
    (void)state;
    geo_table_t t = sample_table("country-v4-24", ALL);
    static const struct {
        uint32_t start;
        const char *country;
    } expected[] = {
        {0, ""},
        {0xc0000200, "us"},
        {0xc0000240, ""},
        {0xc0000280, "us"},
        {0xc0000281, "de"},
        {0xc0000282, "us"},
        {0xc0000300, ""},
    };
    assert_int_equal(t.v4.count, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < t.v4.count; i++) {
        assert_int_equal(t.v4.start[i], expected[i].start);
        assert_true(t.records[t.v4.record[i]].country == geo_code(expected[i].country));
    }
    assert_int_equal(t.record_count, 3);
    assert_int_equal(t.has, GEO_COUNTRY);
    /* By the order of the walk. */
    assert_true(t.records[1].country == UINT64_C(0x7573000000000000));
    assert_true(t.records[2].country == UINT64_C(0x6465000000000000));
    /* Nothing is known of IPv6. */
    assert_int_equal(t.v6.count, 1);
    assert_int_equal(t.v6.record[0], 0);
    geo_table_release(&t);
    assert_null(t.records);
}

static void test_ranges_of_v6(void **state)
{
    (void)state;
    geo_table_t t = sample_table("city-v6-28", ALL);
    assert_int_equal(t.v4.count, 7);
    assert_int_equal(t.has, GEO_COUNTRY | GEO_SUBDIVISION);
    assert_int_equal(t.v6.count, 5);
    static const struct {
        u128_t start;
        unsigned subdivisions;
    } expected[] = {
        {{0, 0}, 0},
        {{UINT64_C(0x20010db800000000), 0}, 2},
        {{UINT64_C(0x20010db800008000), 0}, 1},
        {{UINT64_C(0x20010db800010000), 0}, 2},
        {{UINT64_C(0x20010db900000000), 0}, 0},
    };
    for (size_t i = 0; i < 5; i++) {
        const geo_record_t *r = &t.records[t.v6.record[i]];
        assert_int_equal(u128_cmp(t.v6.start[i], expected[i].start), 0);
        assert_int_equal(r->subdivision_count, expected[i].subdivisions);
        assert_true(r->country == (expected[i].subdivisions ? geo_code("gb") : 0));
    }
    const geo_record_t *london = &t.records[t.v6.record[1]], *scotland = &t.records[t.v6.record[2]];
    assert_true(london->subdivisions[0] == geo_code("gb-eng"));
    assert_true(london->subdivisions[1] == geo_code("gb-wbk"));
    assert_true(scotland->subdivisions[0] == geo_code("gb-sct"));
    assert_ptr_equal(geo_find_v4(&t, 0xc0000281), scotland);
    /* The addresses of IPv4 in aliases say nothing of IPv6. */
    static const u128_t aliases[] = {
        {0, 0xc0000281},
        {0, UINT64_C(0xffffc0000281)},
        {UINT64_C(0x2002c00002810000), 1},
        {UINT64_C(0x20010000c0000281), 1},
    };
    for (size_t i = 0; i < 4; i++) {
        assert_ptr_equal(geo_find_v6(&t, aliases[i]), &t.records[0]);
    }
    geo_table_release(&t);
}

/* A record that leads to the IPv4 tree from a block that no standard names is an alias as well. */
static void test_any_alias_is_empty(void **state)
{
    (void)state;
    mmdb_writer_t w;
    mmdb_writer_init(&w, 6, 24);
    uint32_t us = put_place(&w.data, "US", NULL, 0);
    mmdb_writer_insert(&w, (u128_t){0, 0xc0000200}, 120, mmdb_data(us));
    mmdb_writer_insert(&w, (u128_t){UINT64_C(0x20010db8) << 32, 0}, 32, mmdb_data(us));
    mmdb_writer_alias(&w, (u128_t){UINT64_C(0x20010db800640000), 0}, 96);
    geo_table_t t = table_of(&w, ALL);
    assert_int_equal(t.v4.count, 3);
    assert_int_equal(t.v6.count, 5);
    assert_ptr_equal(geo_find_v6(&t, (u128_t){UINT64_C(0x20010db800640000), 0xc0000201}),
                     &t.records[0]);
    assert_ptr_equal(geo_find_v6(&t, (u128_t){UINT64_C(0x20010db800640000), UINT64_C(1) << 32}),
                     &t.records[1]);
    geo_table_release(&t);
}

/* Data in a block that could be an alias, but is not, counts. */
static void test_own_data_in_alias_blocks(void **state)
{
    (void)state;
    mmdb_writer_t w;
    mmdb_writer_init(&w, 6, 24);
    uint32_t us = put_place(&w.data, "US", NULL, 0);
    mmdb_writer_insert(&w, (u128_t){0, 0xc0000200}, 120, mmdb_data(us));
    mmdb_writer_insert(&w, (u128_t){UINT64_C(0x2002c00002000000), 0}, 40, mmdb_data(us));
    geo_table_t t = table_of(&w, ALL);
    assert_int_equal(t.v6.count, 3);
    assert_true(geo_find_v6(&t, (u128_t){UINT64_C(0x2002c00002010000), 0})->country ==
                geo_code("us"));
    geo_table_release(&t);
}

/* One record covers all of IPv4, and more of IPv6 than that. */
static void test_no_ipv4_tree(void **state)
{
    (void)state;
    geo_table_t t = sample_table("no-v4-tree", ALL);
    assert_int_equal(t.v4.count, 1);
    assert_true(t.records[t.v4.record[0]].subdivisions[0] == geo_code("fr-idf"));
    assert_int_equal(t.records[t.v4.record[0]].asn, 64511);
    assert_int_equal(t.v6.count, 3);
    assert_int_equal(t.v6.record[0], 0);
    assert_int_equal(u128_cmp(t.v6.start[1], (u128_t){0, UINT64_C(1) << 32}), 0);
    assert_int_equal(t.v6.record[1], t.v4.record[0]);
    assert_int_equal(u128_cmp(t.v6.start[2], (u128_t){1, 0}), 0);
    geo_table_release(&t);

    /* All of it in one record; and exactly ::/96. */
    for (unsigned len = 0; len <= 96; len += 96) {
        mmdb_writer_t w;
        mmdb_writer_init(&w, 6, 32);
        mmdb_writer_insert(&w, (u128_t){0, 0}, len, mmdb_data(put_place(&w.data, "FR", NULL, 0)));
        t = table_of(&w, ALL);
        assert_int_equal(t.v4.count, 1);
        assert_true(t.records[t.v4.record[0]].country == geo_code("fr"));
        assert_int_equal(t.v6.count, len == 0 ? 2 : 1);
        assert_int_equal(t.v6.record[0], 0);
        geo_table_release(&t);
    }
}

/* Ranges that differ only in what is not wanted are one; so are equal records at two offsets. */
static void test_wanted(void **state)
{
    (void)state;
    static const struct {
        unsigned wanted;
        size_t ranges; /* that have data */
    } expected[] = {
        {0, 0},       {GEO_COUNTRY, 2}, {GEO_SUBDIVISION, 2},
        {GEO_ASN, 4}, {ALL, 5},         {GEO_COUNTRY | GEO_SUBDIVISION, 4},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        mmdb_writer_t w;
        mmdb_writer_init(&w, 4, 24);
        const uint32_t records[] = {
            put_place(&w.data, "US", NULL, 64496), put_place(&w.data, "US", "NY", 64496),
            put_place(&w.data, "US", "NJ", 64497), put_place(&w.data, "US", "NJ", 64498),
            put_place(&w.data, "US", "NJ", 64498), put_place(&w.data, NULL, "NJ", 0),
            put_place(&w.data, "DE", NULL, 64499),
        };
        for (uint32_t n = 0; n < 7; n++) {
            mmdb_writer_insert(&w, (u128_t){0, 0xc0000200 + 32 * n}, 27, mmdb_data(records[n]));
        }
        geo_table_t t = table_of(&w, expected[i].wanted);
        size_t count = 0;
        for (size_t n = 0; n < t.v4.count; n++) {
            count += t.v4.record[n] != 0;
        }
        assert_int_equal(count, expected[i].ranges);
        geo_table_release(&t);
    }
}

/* The table's record for all of IPv4 out of one value, which `put` writes at offset 0. */
static geo_record_t record_of(void (*put)(buf_t *b))
{
    mmdb_writer_t w;
    mmdb_writer_init(&w, 4, 24);
    put(&w.data);
    mmdb_writer_insert(&w, (u128_t){0, 0}, 0, mmdb_data(0));
    geo_table_t t = table_of(&w, ALL);
    assert_int_equal(t.v4.count, 1);
    geo_record_t r = t.records[t.v4.record[0]];
    geo_table_release(&t);
    return r;
}

static geo_record_t place(const char *country, const char *subdivisions)
{
    mmdb_writer_t w;
    mmdb_writer_init(&w, 4, 24);
    mmdb_writer_insert(&w, (u128_t){0, 0}, 0,
                       mmdb_data(put_place(&w.data, country, subdivisions, 0)));
    geo_table_t t = table_of(&w, ALL);
    geo_record_t r = t.records[t.v4.record[0]];
    geo_table_release(&t);
    return r;
}

static void test_codes(void **state)
{
    (void)state;
    static const char *const bad_countries[] = {"",   "U",        "USA", "U1", "A1", "1A", "U-",
                                                "U ", "\xc3\x89", "@A",  "[A", "`a", "{a", "us-ny"};
    static const char *const bad_subdivisions[] = {"ABCD", "A-B", "A_", "\xc3\x89", "a.b", "@",
                                                   "[",    "`",   "{",  "/",        ":"};
    assert_true(place("US", NULL).country == geo_code("us"));
    assert_true(place("us", NULL).country == geo_code("us"));
    assert_true(place("aZ", NULL).country == geo_code("az"));
    assert_true(place("Za", NULL).country == geo_code("za"));
    for (size_t i = 0; i < sizeof bad_countries / sizeof *bad_countries; i++) {
        geo_record_t r = place(bad_countries[i], "NY");
        assert_true(r.country == 0 && r.subdivision_count == 0);
    }
    for (size_t i = 0; i < sizeof bad_subdivisions / sizeof *bad_subdivisions; i++) {
        geo_record_t r = place("US", bad_subdivisions[i]);
        assert_true(r.country == geo_code("us") && r.subdivision_count == 0);
        assert_true(r.subdivisions[0] == 0);
    }
    geo_record_t r = place("GB", "ENG too-long wbk 1 eng Z9z");
    assert_int_equal(r.subdivision_count, 4);
    assert_true(r.subdivisions[0] == geo_code("gb-eng"));
    assert_true(r.subdivisions[1] == geo_code("gb-wbk"));
    assert_true(r.subdivisions[2] == geo_code("gb-1"));
    assert_true(r.subdivisions[3] == geo_code("gb-z9z"));
    r = place("GB", "A B C D E");
    assert_int_equal(r.subdivision_count, GEO_SUBDIVISIONS_MAX);
    assert_true(r.subdivisions[3] == geo_code("gb-d"));
    assert_int_equal(place(NULL, "NY").subdivision_count, 0);
}

static void put_other_countries(buf_t *b)
{
    put_map(b, 4);
    put_string(b, "registered_country");
    (void)put_place(b, "US", NULL, 0);
    put_string(b, "represented_country");
    put_map(b, 1);
    put_string(b, "iso_code");
    put_string(b, "US");
    put_string(b, "iso_code");
    put_string(b, "US");
    put_string(b, "traits");
    put_map(b, 1);
    put_string(b, "autonomous_system_number");
    put_uint(b, 6, 64496);
}

static void put_wrong_types(buf_t *b)
{
    put_map(b, 3);
    put_string(b, "country");
    put_array(b, 1);
    put_string(b, "US");
    put_string(b, "subdivisions");
    put_map(b, 0);
    put_string(b, "autonomous_system_number");
    put_string(b, "64496");
}

static void put_wrong_codes(buf_t *b)
{
    put_map(b, 2);
    put_string(b, "country");
    put_map(b, 1);
    put_string(b, "iso_code");
    put_head(b, 4, 2);
    buf_append_str(b, "US");
    put_string(b, "subdivisions");
    put_array(b, 1);
    put_string(b, "NY");
}

static void put_mixed_subdivisions(buf_t *b)
{
    put_map(b, 2);
    put_string(b, "subdivisions");
    put_array(b, 4);
    put_string(b, "NY");
    put_map(b, 1);
    put_string(b, "names");
    put_map(b, 0);
    put_map(b, 2);
    put_string(b, "iso_code");
    put_uint(b, 5, 12);
    put_string(b, "iso_code");
    put_string(b, "NJ");
    put_map(b, 2);
    put_string(b, "geoname_id");
    put_uint(b, 6, 1);
    put_string(b, "iso_code");
    put_string(b, "CA");
    put_string(b, "country");
    put_map(b, 2);
    put_string(b, "names");
    put_array(b, 3);
    put_map(b, 0);
    put_array(b, 0);
    put_uint(b, 14, 1 - 1);
    put_string(b, "iso_code");
    put_string(b, "US");
}

static void put_not_a_map(buf_t *b)
{
    put_string(b, "country");
}

static void put_twice(buf_t *b)
{
    put_map(b, 2);
    put_string(b, "autonomous_system_number");
    put_uint(b, 6, 64497);
    put_string(b, "autonomous_system_number");
    put_uint(b, 6, 64498);
}

static void test_schema(void **state)
{
    (void)state;
    const geo_record_t empty = {0};
    void (*const nothing[])(buf_t *) = {put_other_countries, put_wrong_types, put_wrong_codes,
                                        put_not_a_map};
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        geo_record_t r = record_of(nothing[i]);
        assert_true(geo_record_eq(&r, &empty));
    }
    /* What is no subdivision is left out; the others stay. */
    geo_record_t r = record_of(put_mixed_subdivisions);
    assert_true(r.country == geo_code("us"));
    assert_int_equal(r.subdivision_count, 1);
    assert_true(r.subdivisions[0] == geo_code("us-ca"));
    assert_int_equal(record_of(put_twice).asn, 64497);
}

static uint64_t asn_value;
static unsigned asn_type;
static void put_asn(buf_t *b)
{
    put_map(b, 1);
    put_string(b, "autonomous_system_number");
    put_uint(b, asn_type, asn_value);
}

static void test_asn(void **state)
{
    (void)state;
    static const struct {
        unsigned type;
        uint64_t value;
        uint32_t asn;
    } cases[] = {
        {5, 64496, 64496},
        {6, 65551, 65551},
        {9, 65551, 65551},
        {6, UINT32_MAX, UINT32_MAX},
        {9, UINT32_MAX, UINT32_MAX},
        {9, UINT64_C(1) << 32, 0},
        {9, UINT64_MAX, 0},
        {5, 0, 0},
        {6, 0, 0},
        {9, 0, 0},
        {8, 64496, 0},
        {10, 64496, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        asn_type = cases[i].type;
        asn_value = cases[i].value;
        geo_record_t r = record_of(put_asn);
        assert_int_equal(r.has_asn, cases[i].asn != 0);
        assert_int_equal(r.asn, cases[i].asn);
    }
}

/* Records of more than 24 bits, on both sides of a node. */
static void test_far_offsets(void **state)
{
    (void)state;
    for (unsigned record_size = 28; record_size <= 32; record_size += 4) {
        mmdb_writer_t w;
        mmdb_writer_init(&w, 4, record_size);
        const size_t far = (size_t)1 << 24;
        assert_true(buf_reserve(&w.data, far));
        memset(w.data.ptr, 0, far);
        w.data.len = far;
        w.nodes[0].side[0] = mmdb_data(put_place(&w.data, "US", NULL, 0));
        w.nodes[0].side[1] = mmdb_data(put_place(&w.data, "DE", NULL, 0));
        geo_table_t t = table_of(&w, ALL);
        assert_int_equal(t.v4.count, 2);
        assert_int_equal(t.v4.start[1], UINT32_C(1) << 31);
        assert_true(t.records[t.v4.record[0]].country == geo_code("us"));
        assert_true(t.records[t.v4.record[1]].country == geo_code("de"));
        geo_table_release(&t);
    }
}

/* Every record has the same huge map: searched for each of them, it would cost their product. */
static void test_shared_maps_have_a_budget(void **state)
{
    (void)state;
    mmdb_writer_t w;
    mmdb_writer_init(&w, 4, 24);
    const uint32_t count = 10000;
    put_map(&w.data, count);
    for (uint32_t i = 0; i < count; i++) {
        put_string(&w.data, "x");
        put_uint(&w.data, 5, 0);
    }
    /* {country: the map}, as often as it has entries. */
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = (uint32_t)w.data.len;
        put_map(&w.data, 1);
        put_string(&w.data, "country");
        put_pointer(&w.data, 0);
        mmdb_writer_insert(&w, (u128_t){0, (uint64_t)i << 18}, 14, mmdb_data(at));
    }
    buf_t file = BUF_INIT;
    mmdb_writer_finish(&w, &file);
    mmdb_t *db = open_bytes(buf_slice(&file));
    geo_table_t t = {.record_count = 77};
    long live = failmalloc_live();
    assert_int_equal(geo_table_build(db, GEO_COUNTRY, &t), ERR_LIMIT);
    assert_int_equal(failmalloc_live(), live);
    assert_int_equal(t.record_count, 77);
    /* Who does not want countries does not look into the map. */
    assert_int_equal(geo_table_build(db, GEO_ASN, &t), ERR_OK);
    geo_table_release(&t);
    mmdb_free(db);
    buf_release(&file);
    mmdb_writer_release(&w);
}

static void test_shared_nodes(void **state)
{
    (void)state;
    geo_table_t t = sample_table("shared-node", ALL);
    /* 64.0.2.0/24 and 192.0.2.0/24, which lead to one node. */
    assert_int_equal(t.v4.count, 5);
    assert_int_equal(t.v4.start[1], 0x40000200);
    assert_int_equal(t.v4.start[3], 0xc0000200);
    assert_int_equal(t.v4.record[1], t.v4.record[3]);
    geo_table_release(&t);
}

static void test_without_memory(void **state)
{
    (void)state;
    mmdb_writer_t w;
    mmdb_writer_init(&w, 6, 28);
    /* Enough of everything that each array grows. */
    for (uint32_t i = 0; i < 700; i++) {
        uint32_t at = put_place(&w.data, "US", NULL, 64496 + i % 16 + (i / 16) * 0x10000);
        mmdb_writer_insert(&w, (u128_t){0, 0xc0000000 + 2 * i}, 128, mmdb_data(at));
        mmdb_writer_insert(&w, (u128_t){UINT64_C(0x20010db800000000) + 2 * i, 0}, 64,
                           mmdb_data(at));
    }
    buf_t file = BUF_INIT;
    mmdb_writer_finish(&w, &file);
    mmdb_t *db = open_bytes(buf_slice(&file));
    long live = failmalloc_live();
    for (size_t n = 1;; n++) {
        geo_table_t t = {.record_count = 77};
        failmalloc_arm(n);
        err_t err = geo_table_build(db, ALL, &t);
        bool refused = failmalloc_disarm();
        if (!refused) {
            assert_int_equal(err, ERR_OK);
            assert_int_equal(t.v4.count, 1401);
            geo_table_release(&t);
            assert_true(n > 15);
            break;
        }
        assert_int_equal(err, ERR_NOMEM);
        assert_int_equal(t.record_count, 77);
        assert_int_equal(failmalloc_live(), live);
    }
    mmdb_free(db);
    buf_release(&file);
    mmdb_writer_release(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges_of_v4),
        cmocka_unit_test(test_ranges_of_v6),
        cmocka_unit_test(test_any_alias_is_empty),
        cmocka_unit_test(test_own_data_in_alias_blocks),
        cmocka_unit_test(test_no_ipv4_tree),
        cmocka_unit_test(test_wanted),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_schema),
        cmocka_unit_test(test_asn),
        cmocka_unit_test(test_far_offsets),
        cmocka_unit_test(test_shared_maps_have_a_budget),
        cmocka_unit_test(test_shared_nodes),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
