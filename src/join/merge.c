#include "merge.h"

#include "footprintd/base/hash.h"

#include <assert.h>
#include <stdlib.h>

err_t tuples_init(tuples_t *t, unsigned width)
{
    *t = (tuples_t){.width = width};
    return slots_init(&t->slots, 1024);
}

void tuples_release(tuples_t *t)
{
    free(t->ids);
    slots_release(&t->slots);
    *t = (tuples_t){0};
}

err_t tuples_intern(tuples_t *t, const uint32_t *ids, uint32_t *out)
{
    size_t size = t->width * sizeof *ids;
    assert(size > 0);
    uint32_t hash = (uint32_t)hash_bytes(ids, size);
    slot_t *slot = slots_first(&t->slots, hash);
    for (; slot->number; slot = slots_next(&t->slots, slot)) {
        if (slot->hash == hash && !memcmp(tuples_at(t, slot->number - 1), ids, size)) {
            *out = slot->number - 1;
            return ERR_OK;
        }
    }
    if (t->count == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 256;
        uint32_t *grown = t->count < UINT32_MAX / 4 ? realloc(t->ids, cap * size) : NULL;
        if (!grown) {
            return ERR_NOMEM;
        }
        t->ids = grown;
        t->cap = cap;
    }
    memcpy(t->ids + t->count * t->width, ids, size);
    *out = (uint32_t)t->count++;
    return slots_fill(&t->slots, slot, hash, *out);
}

err_t merge_ranges(const join_ranges_t *const *parts, tuples_t *tuples, join_ranges_t *out)
{
    size_t at[MERGE_MAX] = {0};
    uint32_t ids[MERGE_MAX];
    u128_t start = {0, 0};
    for (;;) {
        uint32_t id = 0;
        u128_t next = {0, 0};
        bool more = false;
        for (unsigned p = 0; p < tuples->width; p++) {
            ids[p] = parts[p]->id[at[p]];
        }
        err_t err = tuples_intern(tuples, ids, &id);
        err = err ? err : join_ranges_append(out, start, id);
        if (err) {
            return err;
        }
        for (unsigned p = 0; p < tuples->width; p++) {
            if (at[p] + 1 < parts[p]->count) {
                u128_t candidate = join_ranges_start(parts[p], at[p] + 1);
                if (!more || u128_cmp(candidate, next) < 0) {
                    next = candidate;
                }
                more = true;
            }
        }
        if (!more) {
            return ERR_OK;
        }
        for (unsigned p = 0; p < tuples->width; p++) {
            if (at[p] + 1 < parts[p]->count &&
                !u128_cmp(join_ranges_start(parts[p], at[p] + 1), next)) {
                at[p]++;
            }
        }
        start = next;
    }
}
