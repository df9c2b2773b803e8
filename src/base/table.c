#include "footprintd/base/table.h"

#include "footprintd/base/hash.h"

#include <assert.h>
#include <stdlib.h>

void table_release(table_t *table)
{
    free(table->entries);
    *table = (table_t)TABLE_INIT;
}

/* The slot that holds the key, or the free one where it would go. */
static table_entry_t *slot(const table_t *table, slice_t key, uint64_t hash)
{
    for (size_t i = hash & table->mask;; i = (i + 1) & table->mask) {
        table_entry_t *entry = &table->entries[i];
        if (!entry->value || (entry->hash == hash && slice_eq(entry->key, key))) {
            return entry;
        }
    }
}

void *table_get_hashed(const table_t *table, slice_t key, uint64_t hash)
{
    return table->entries ? slot(table, key, hash)->value : NULL;
}

void *table_get(const table_t *table, slice_t key)
{
    return table->entries ? table_get_hashed(table, key, hash_slice(key)) : NULL;
}

/* A new key leaves the table at most two thirds full. */
static bool has_room(const table_t *table, size_t more)
{
    return table->entries && table->count + more <= (table->mask + 1) / 3 * 2;
}

static err_t grow(table_t *table)
{
    size_t slots = table->entries ? (table->mask + 1) * 2 : 16;
    table_t grown = {calloc(slots, sizeof *grown.entries), slots - 1, table->count};
    if (!grown.entries) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; table->entries && i <= table->mask; i++) {
        const table_entry_t *entry = &table->entries[i];
        if (entry->value) {
            *slot(&grown, entry->key, entry->hash) = *entry;
        }
    }
    free(table->entries);
    *table = grown;
    return ERR_OK;
}

err_t table_reserve(table_t *table, size_t more)
{
    err_t err = ERR_OK;
    while (!err && !has_room(table, more)) {
        err = grow(table);
    }
    return err;
}

err_t table_put_hashed(table_t *table, slice_t key, uint64_t hash, void *value, void **old)
{
    assert(value);
    table_entry_t *entry = table->entries ? slot(table, key, hash) : NULL;
    if (!entry || (!entry->value && !has_room(table, 1))) {
        err_t err = grow(table);
        if (err) {
            return err;
        }
        entry = slot(table, key, hash);
    }
    if (old) {
        *old = entry->value;
    }
    table->count += !entry->value;
    *entry = (table_entry_t){key, hash, value};
    return ERR_OK;
}

err_t table_put(table_t *table, slice_t key, void *value, void **old)
{
    return table_put_hashed(table, key, hash_slice(key), value, old);
}

/* Entries behind the gap move into it, as far as their own place permits: no gravestones are left.
 */
void *table_remove(table_t *table, slice_t key)
{
    table_entry_t *entry = table->entries ? slot(table, key, hash_slice(key)) : NULL;
    if (!entry || !entry->value) {
        return NULL;
    }
    void *value = entry->value;
    size_t gap = (size_t)(entry - table->entries);
    for (size_t i = (gap + 1) & table->mask; table->entries[i].value; i = (i + 1) & table->mask) {
        size_t home = table->entries[i].hash & table->mask;
        /* Whether the gap lies between its home and where it stands, around the end as it may. */
        if (((i - home) & table->mask) >= ((i - gap) & table->mask)) {
            table->entries[gap] = table->entries[i];
            gap = i;
        }
    }
    table->entries[gap] = (table_entry_t){{NULL, 0}, 0, NULL};
    table->count--;
    return value;
}
