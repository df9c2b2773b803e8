/* Databases and tables that have to open, from what the writer makes. */
#ifndef FPD_TESTS_GEO_MAKE_H
#define FPD_TESTS_GEO_MAKE_H

#include "fpd_cmocka.h"
#include "geo_table_check.h"
#include "mmdb_writer.h"

static inline mmdb_t *open_bytes(slice_t bytes)
{
    mmdb_t *db = NULL;
    buf_t why = BUF_INIT;
    if (mmdb_open_bytes(bytes, NULL, &db, &why)) {
        fail_msg("%.*s", SLICE_ARG(buf_slice(&why)));
    }
    buf_release(&why);
    return db;
}

/* Releases the writer. */
static inline geo_table_t table_of(mmdb_writer_t *w, unsigned wanted)
{
    buf_t file = BUF_INIT;
    mmdb_writer_finish(w, &file);
    mmdb_t *db = open_bytes(buf_slice(&file));
    geo_table_t t;
    assert_int_equal(geo_table_build(db, wanted, &t), ERR_OK);
    assert_null(geo_table_check(&t, wanted));
    mmdb_free(db);
    buf_release(&file);
    mmdb_writer_release(w);
    return t;
}

#endif
