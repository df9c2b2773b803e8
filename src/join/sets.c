#include "sets.h"

#include "footprintd/base/hash.h"

#include <stdlib.h>

err_t sets_init(sets_t *s)
{
    *s = (sets_t){0};
    s->offset_cap = 256;
    s->offsets = calloc(s->offset_cap, sizeof *s->offsets);
    s->mask = 511;
    s->slots = calloc(s->mask + 1, sizeof *s->slots);
    uint32_t empty;
    if (!s->offsets || !s->slots || sets_intern(s, NULL, 0, &empty)) {
        sets_release(s);
        return ERR_NOMEM;
    }
    return ERR_OK;
}

void sets_release(sets_t *s)
{
    free(s->offsets);
    free(s->members);
    free(s->slots);
    *s = (sets_t){0};
}

static uint64_t hash_set(const uint32_t *members, size_t count)
{
    return hash_bytes(members, count * sizeof *members);
}

static bool equal(const sets_t *s, uint32_t set, const uint32_t *members, size_t count)
{
    size_t have;
    const uint32_t *m = sets_members(s, set, &have);
    return have == count && (!count || !memcmp(m, members, count * sizeof *m));
}

static bool grow_table(sets_t *s)
{
    size_t mask = s->mask * 2 + 1;
    uint32_t *slots = calloc(mask + 1, sizeof *slots);
    if (!slots) {
        return false;
    }
    for (uint32_t set = 0; set < s->count; set++) {
        size_t count;
        const uint32_t *members = sets_members(s, set, &count);
        size_t i = hash_set(members, count) & mask;
        while (slots[i]) {
            i = (i + 1) & mask;
        }
        slots[i] = set + 1;
    }
    free(s->slots);
    s->slots = slots;
    s->mask = mask;
    return true;
}

static bool reserve(sets_t *s, size_t count)
{
    if (s->count + 2 > s->offset_cap) {
        uint32_t *grown = realloc(s->offsets, s->offset_cap * 2 * sizeof *grown);
        if (!grown) {
            return false;
        }
        s->offsets = grown;
        s->offset_cap *= 2;
    }
    size_t used = s->offsets[s->count];
    if (used + count > UINT32_MAX) {
        return false;
    }
    if (used + count > s->member_cap) {
        size_t cap = s->member_cap ? s->member_cap : 1024;
        while (cap < used + count) {
            cap *= 2;
        }
        uint32_t *grown = realloc(s->members, cap * sizeof *grown);
        if (!grown) {
            return false;
        }
        s->members = grown;
        s->member_cap = cap;
    }
    return true;
}

err_t sets_intern(sets_t *s, const uint32_t *members, size_t count, uint32_t *out)
{
    size_t i = hash_set(members, count) & s->mask;
    for (; s->slots[i]; i = (i + 1) & s->mask) {
        if (equal(s, s->slots[i] - 1, members, count)) {
            *out = s->slots[i] - 1;
            return ERR_OK;
        }
    }
    if (s->count >= UINT32_MAX / 4 || !reserve(s, count)) {
        return ERR_NOMEM;
    }
    uint32_t set = (uint32_t)s->count++;
    if (count) {
        memcpy(s->members + s->offsets[set], members, count * sizeof *members);
    }
    s->offsets[set + 1] = s->offsets[set] + (uint32_t)count;
    s->slots[i] = set + 1;
    *out = set;
    /* At most half full. */
    return s->count * 2 > s->mask && !grow_table(s) ? ERR_NOMEM : ERR_OK;
}
