/* The verdict on a file: whether it opens, and that its table is sound when it does. */
#ifndef FPD_TESTS_GEO_VERDICT_H
#define FPD_TESTS_GEO_VERDICT_H

#include "fpd_cmocka.h"
#include "geo_table_check.h"

/* Opens, and builds the table of what opens; the verdict, with the reason in *why. */
static inline err_t verdict(slice_t bytes, buf_t *why)
{
    mmdb_t *db = NULL;
    buf_clear(why);
    err_t err = mmdb_open_bytes(bytes, NULL, &db, why);
    if (err) {
        assert_null(db);
        assert_true(why->len > 0 && !memchr(why->ptr, '\n', why->len));
        return err;
    }
    assert_int_equal(why->len, 0);
    geo_table_t table;
    err = geo_table_build(db, GEO_COUNTRY | GEO_SUBDIVISION | GEO_ASN, &table);
    if (err) {
        assert_int_equal(err, ERR_LIMIT);
    } else {
        const char *broken = geo_table_check(&table, GEO_COUNTRY | GEO_SUBDIVISION | GEO_ASN);
        assert_null(broken);
        geo_table_release(&table);
    }
    mmdb_free(db);
    return ERR_OK;
}

#endif
