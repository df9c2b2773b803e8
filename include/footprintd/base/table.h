/*
 * Table: an open-addressing hash table from byte strings to pointers.
 *
 * Keys are borrowed: they must outlive the table. Not thread-safe for writers; any number of
 * readers may look up in a table that nobody changes.
 */
#ifndef FOOTPRINTD_BASE_TABLE_H
#define FOOTPRINTD_BASE_TABLE_H

#include "footprintd/base/bytes.h"

typedef struct table_entry {
    slice_t key;
    uint64_t hash;
    void *value; /* NULL: free slot */
} table_entry_t;

typedef struct table {
    table_entry_t *entries;
    size_t mask; /* slots - 1; slots is a power of two or 0 */
    size_t count;
} table_t;

#define TABLE_INIT                                                                                 \
    {                                                                                              \
        NULL, 0, 0                                                                                 \
    }

void table_release(table_t *table);
/* NULL when absent. */
void *table_get(const table_t *table, slice_t key);
/*
 * Adds or replaces, key and value both; value is not NULL. *old, when asked for, is the previous
 * value or NULL. ERR_NOMEM: the table is as it was; replacing cannot fail.
 */
err_t table_put(table_t *table, slice_t key, void *value, void **old) FPD_MUST_CHECK;
/* So many new keys can be added, and cannot fail. ERR_NOMEM: the table holds what it held. */
err_t table_reserve(table_t *table, size_t more) FPD_MUST_CHECK;
/* The same with hash_slice(key), for those who ask several tables for one key. */
void *table_get_hashed(const table_t *table, slice_t key, uint64_t hash);
err_t table_put_hashed(table_t *table, slice_t key, uint64_t hash, void *value,
                       void **old) FPD_MUST_CHECK;
/* Returns what was there, or NULL. */
void *table_remove(table_t *table, slice_t key);

#endif
