#include "geo/attributes.h"

#include "geo/schema.h"

#include <stdlib.h>

#define FIRST_SLOTS 1024

typedef struct entry {
    geo_record_t record; /* the key in the table: all of its bytes, which are zeros where unused */
    uint32_t number;
} entry_t;

static err_t intern(attributes_t *a, const geo_record_t *record, uint32_t *out)
{
    slice_t key = {(const char *)record, sizeof *record};
    entry_t *entry = table_get(&a->by_content, key);
    if (!entry) {
        entry = arena_alloc(&a->arena, sizeof *entry);
        if (!entry) {
            return ERR_NOMEM;
        }
        memcpy(&entry->record, record, sizeof *record);
        entry->number = a->count;
        key.ptr = (const char *)&entry->record;
        err_t err = table_put(&a->by_content, key, entry, NULL);
        if (err) {
            return err;
        }
        a->count++;
    }
    *out = entry->number;
    return ERR_OK;
}

err_t attributes_init(attributes_t *a, section_t data, unsigned wanted)
{
    *a = (attributes_t){.wanted = wanted, .slot_mask = FIRST_SLOTS - 1};
    arena_init(&a->arena, 0);
    a->decoder = (decoder_t){data, (uint64_t)data.size * ATTRIBUTES_STEPS + ATTRIBUTES_STEPS_MIN};
    a->slots = calloc(FIRST_SLOTS, sizeof *a->slots);
    geo_record_t empty;
    uint32_t number;
    memset(&empty, 0, sizeof empty);
    return a->slots ? intern(a, &empty, &number) : ERR_NOMEM;
}

void attributes_release(attributes_t *a)
{
    free(a->slots);
    a->slots = NULL;
    table_release(&a->by_content);
    arena_release(&a->arena);
}

/* The slot of a key, or the free one where it would go. */
static attributes_slot_t *find_slot(const attributes_t *a, uint32_t key)
{
    size_t i = (size_t)((uint64_t)key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & a->slot_mask;
    while (a->slots[i].key != 0 && a->slots[i].key != key) {
        i = (i + 1) & a->slot_mask;
    }
    return &a->slots[i];
}

static err_t grow(attributes_t *a)
{
    attributes_slot_t *old = a->slots;
    size_t old_count = a->slot_mask + 1;
    attributes_slot_t *slots = calloc(old_count * 2, sizeof *slots);
    if (!slots) {
        return ERR_NOMEM;
    }
    a->slots = slots;
    a->slot_mask = old_count * 2 - 1;
    for (size_t i = 0; i < old_count; i++) {
        if (old[i].key != 0) {
            *find_slot(a, old[i].key) = old[i];
        }
    }
    free(old);
    return ERR_OK;
}

err_t attributes_number(attributes_t *a, uint32_t offset, uint32_t *out)
{
    uint32_t key = offset + 1;
    attributes_slot_t *slot = find_slot(a, key);
    if (slot->key == 0) {
        geo_record_t content;
        memset(&content, 0, sizeof content);
        schema_read(&a->decoder, offset, a->wanted, &content);
        if (a->decoder.steps == 0) {
            return ERR_LIMIT;
        }
        uint32_t number;
        err_t err = intern(a, &content, &number);
        if (!err && a->slot_used > a->slot_mask / 2) {
            err = grow(a);
            slot = find_slot(a, key);
        }
        if (err) {
            return err;
        }
        *slot = (attributes_slot_t){key, number};
        a->slot_used++;
    }
    *out = slot->number;
    return ERR_OK;
}

geo_record_t *attributes_all(const attributes_t *a)
{
    geo_record_t *all = calloc(a->count, sizeof *all);
    for (size_t i = 0; all && i <= a->by_content.mask; i++) {
        const entry_t *entry = a->by_content.entries[i].value;
        if (entry) {
            all[entry->number] = entry->record;
        }
    }
    return all;
}
