#include "json_patch.h"

#include "footprintd/base/table.h"

#include <stdlib.h>

/* Patches of up to this many members search their target. */
#define SEARCH_MAX 16

static err_t merge(json_value_t *target, const json_value_t *patch, arena_t *arena);

static bool is_null(const json_member_t *m)
{
    return m->value.kind == JSON_NULL;
}

/* Where each member of the patch is in the target; SIZE_MAX: nowhere. NULL: no memory. */
static size_t *find_all(const json_value_t *target, const json_value_t *patch)
{
    size_t count = patch->u.object.count;
    size_t *places = malloc((count + 1) * sizeof *places);
    table_t names = TABLE_INIT;
    bool ok = places != NULL;
    for (size_t i = 0; ok && count > SEARCH_MAX && i < target->u.object.count; i++) {
        json_member_t *m = &target->u.object.members[i];
        ok = table_put(&names, m->name, m, NULL) == ERR_OK;
    }
    for (size_t i = 0; ok && i < count; i++) {
        slice_t name = patch->u.object.members[i].name;
        const json_member_t *found = count > SEARCH_MAX ? table_get(&names, name) : NULL;
        if (count <= SEARCH_MAX) {
            const json_value_t *value = json_get_slice(target, name);
            found = value ? (const json_member_t *)((const char *)value -
                                                    offsetof(json_member_t, value))
                          : NULL;
        }
        places[i] = found ? (size_t)(found - target->u.object.members) : SIZE_MAX;
    }
    table_release(&names);
    if (!ok) {
        free(places);
        places = NULL;
    }
    return places;
}

/* The members that stay, in their order, and the new ones behind them, into `members`. */
static err_t merge_members(json_value_t *target, const json_value_t *patch, const size_t *places,
                           json_member_t *members, arena_t *arena)
{
    size_t old = target->u.object.count, kept = 0;
    if (old) {
        memcpy(members, target->u.object.members, old * sizeof *members);
    }
    for (size_t i = 0; i < patch->u.object.count; i++) {
        const json_member_t *m = &patch->u.object.members[i];
        if (places[i] == SIZE_MAX) {
            continue;
        }
        if (is_null(m)) {
            members[places[i]].name.ptr = NULL; /* no member has such a name */
        } else {
            err_t err = merge(&members[places[i]].value, &m->value, arena);
            if (err) {
                return err;
            }
        }
    }
    for (size_t i = 0; i < old; i++) {
        if (members[i].name.ptr) {
            members[kept++] = members[i];
        }
    }
    for (size_t i = 0; i < patch->u.object.count; i++) {
        const json_member_t *m = &patch->u.object.members[i];
        if (places[i] == SIZE_MAX && !is_null(m)) {
            members[kept] = (json_member_t){.name = m->name};
            err_t err = merge(&members[kept].value, &m->value, arena);
            if (err) {
                return err;
            }
            kept++;
        }
    }
    target->line = 1; /* no room behind these: see json_edit.h */
    target->u.object.members = members;
    target->u.object.count = kept;
    return ERR_OK;
}

/* Recursion is as deep as the patch, which the reader bounds. */
static err_t merge(json_value_t *target, const json_value_t *patch, arena_t *arena)
{
    if (patch->kind != JSON_OBJECT) {
        *target = *patch;
        return ERR_OK;
    }
    if (target->kind != JSON_OBJECT) {
        *target = (json_value_t){.kind = JSON_OBJECT, .line = 1};
    }
    size_t room = target->u.object.count + patch->u.object.count;
    if (patch->u.object.count == 0) {
        return ERR_OK;
    }
    json_member_t *members = arena_array(arena, room, sizeof *members);
    size_t *places = members ? find_all(target, patch) : NULL;
    err_t err = places ? merge_members(target, patch, places, members, arena) : ERR_NOMEM;
    free(places);
    return err;
}

err_t ctl_merge_patch_apply(json_value_t *doc, const json_value_t *patch, arena_t *arena)
{
    return merge(doc, patch, arena);
}
