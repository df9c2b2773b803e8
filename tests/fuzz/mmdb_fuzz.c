/*
 * MMDB files: whatever the bytes are, a file is refused with a line that says why, or its table is
 * sound; the same for any attributes that are wanted, and at every address that a lookup may ask.
 */
#include "../unit/geo_table_check.h"

#include "footprintd/base/json.h"

#include "fuzz.h"

#define ALL (GEO_COUNTRY | GEO_SUBDIVISION | GEO_ASN)

static void check_table(const mmdb_t *db, unsigned wanted)
{
    geo_table_t table;
    err_t err = geo_table_build(db, wanted, &table);
    if (err) {
        FUZZ_CHECK(err == ERR_LIMIT || err == ERR_NOMEM);
        return;
    }
    const char *broken = geo_table_check(&table, wanted);
    if (broken) {
        (void)fprintf(stderr, "%s\n", broken);
    }
    FUZZ_CHECK(!broken);
    FUZZ_CHECK(mmdb_info(db)->ip_version == 6 || table.v6.count == 1);
    FUZZ_CHECK(geo_record_eq(geo_find_v6(&table, (u128_t){0, UINT32_MAX}), &table.records[0]));
    geo_table_release(&table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mmdb_t *db = NULL;
    buf_t why = BUF_INIT;
    err_t err = mmdb_open_bytes(slice_of((const char *)data, size), NULL, &db, &why);
    if (err) {
        FUZZ_CHECK(!db && (err == ERR_NOMEM || why.len > 0));
        FUZZ_CHECK(utf8_valid(buf_slice(&why)) &&
                   (why.len == 0 || !memchr(why.ptr, '\n', why.len)));
    } else {
        const mmdb_info_t *info = mmdb_info(db);
        FUZZ_CHECK(why.len == 0 && utf8_valid(info->database_type));
        FUZZ_CHECK((uint64_t)info->node_count * info->record_size / 4 < size);
        check_table(db, ALL);
        check_table(db, GEO_ASN);
        mmdb_free(db);
    }
    buf_release(&why);
    return 0;
}
