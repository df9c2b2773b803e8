#include "sets.h"

#include "footprintd/base/hash.h"

#include <stdlib.h>

err_t sets_init(sets_t *s)
{
    *s = (sets_t){0};
    s->offset_cap = 256;
    s->offsets = calloc(s->offset_cap, sizeof *s->offsets);
    uint32_t empty;
    if (!s->offsets || slots_init(&s->slots, 512) || sets_intern(s, NULL, 0, &empty)) {
        sets_release(s);
        return ERR_NOMEM;
    }
    return ERR_OK;
}

void sets_release(sets_t *s)
{
    free(s->offsets);
    free(s->members);
    slots_release(&s->slots);
    *s = (sets_t){0};
}

static bool equal(const sets_t *s, uint32_t set, const uint32_t *members, size_t count)
{
    size_t have;
    const uint32_t *m = sets_members(s, set, &have);
    return have == count && (!count || !memcmp(m, members, count * sizeof *m));
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
    uint32_t hash = (uint32_t)hash_bytes(members, count * sizeof *members);
    slot_t *slot = slots_first(&s->slots, hash);
    for (; slot->number; slot = slots_next(&s->slots, slot)) {
        if (slot->hash == hash && equal(s, slot->number - 1, members, count)) {
            *out = slot->number - 1;
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
    *out = set;
    return slots_fill(&s->slots, slot, hash, set);
}
