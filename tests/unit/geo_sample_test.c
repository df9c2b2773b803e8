/*
 * The sample database of conf/sample is what this makes: documentation prefixes with the countries,
 * subdivisions and AS numbers that the example documents name. FPD_UPDATE=1 writes it anew.
 */
#include "fpd_cmocka.h"
#include "mmdb_writer.h"

#include "footprintd/geo/table.h"

#include <stdio.h>
#include <stdlib.h>

#define SAMPLE FPD_SOURCE_DIR "/conf/sample/documentation.mmdb"

static void insert(mmdb_writer_t *w, const char *text, uint32_t place)
{
    prefix_t p;
    assert_int_equal(prefix_parse(slice_str(text), &p, NULL), ERR_OK);
    if (p.family == FAMILY_IPV4) {
        mmdb_writer_insert(w, (u128_t){0, p.u.v4.addr}, 96u + p.u.v4.len, mmdb_data(place));
    } else {
        mmdb_writer_insert(w, p.u.v6.addr, p.u.v6.len, mmdb_data(place));
    }
}

static void make_sample(buf_t *out)
{
    mmdb_writer_t w;
    mmdb_writer_init(&w, 6, 24);
    uint32_t frankfurt = put_place(&w.data, "DE", "HE", 64496);
    uint32_t vienna = put_place(&w.data, "AT", "9", 64497);
    uint32_t new_york = put_place(&w.data, "US", "NY", 64500);
    uint32_t mexico = put_place(&w.data, "MX", "CMX", 64501);
    insert(&w, "192.0.2.0/24", frankfurt);
    insert(&w, "198.51.100.0/24", vienna);
    insert(&w, "203.0.113.0/24", new_york);
    insert(&w, "203.0.113.128/25", mexico);
    insert(&w, "2001:db8:100::/41", frankfurt);
    insert(&w, "2001:db8:180::/41", vienna);
    insert(&w, "2001:db8:200::/40", new_york);
    mmdb_writer_aliases(&w);
    mmdb_writer_finish(&w, out);
    mmdb_writer_release(&w);
}

static void read_sample(buf_t *out)
{
    FILE *f = fopen(SAMPLE, "rb");
    assert_non_null(f);
    char block[4096];
    for (size_t n; (n = fread(block, 1, sizeof block, f)) > 0;) {
        buf_append(out, block, n);
    }
    assert_int_equal(fclose(f), 0);
}

static void test_sample_is_what_is_made(void **unused)
{
    (void)unused;
    buf_t made = BUF_INIT, kept = BUF_INIT, why = BUF_INIT;
    make_sample(&made);
    if (getenv("FPD_UPDATE")) {
        FILE *f = fopen(SAMPLE, "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(made.ptr, 1, made.len, f), made.len);
        assert_int_equal(fclose(f), 0);
    }
    read_sample(&kept);
    assert_true(slice_eq(buf_slice(&made), buf_slice(&kept)));
    mmdb_t *db = NULL;
    geo_table_t table;
    assert_int_equal(mmdb_open(SAMPLE, NULL, &db, &why), ERR_OK);
    assert_int_equal(geo_table_build(db, GEO_COUNTRY | GEO_SUBDIVISION | GEO_ASN, &table), ERR_OK);
    assert_int_equal(table.has, GEO_COUNTRY | GEO_SUBDIVISION | GEO_ASN);
    assert_int_equal(table.record_count, 5);
    geo_table_release(&table);
    mmdb_free(db);
    buf_release(&made);
    buf_release(&kept);
    buf_release(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sample_is_what_is_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
