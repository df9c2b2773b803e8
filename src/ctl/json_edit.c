#include "json_edit.h"

/* More room than a list can have in memory. */
#define LOG_MAX 40u

size_t json_edit_find(const json_value_t *object, slice_t name, size_t *hint)
{
    const json_member_t *members = object->u.object.members;
    size_t count = object->u.object.count, start = *hint < count ? *hint : 0;
    for (size_t i = 0, at = start; i < count; i++, at = at + 1 < count ? at + 1 : 0) {
        if (slice_eq(members[at].name, name)) {
            *hint = at;
            return at;
        }
    }
    return count;
}

/* Makes room for one more; the items, which may have moved, or NULL. */
static void *grow(json_value_t *v, void *items, size_t count, size_t size, arena_t *arena)
{
    if (v->line == 0 && v->column <= LOG_MAX && count < (size_t)1 << v->column && items) {
        return items;
    }
    uint32_t log = 2;
    while (log <= LOG_MAX && (size_t)1 << log <= count) {
        log++;
    }
    char *room = log > LOG_MAX ? NULL : arena_array(arena, (size_t)1 << log, size);
    if (room) {
        if (count) {
            memcpy(room, items, count * size);
        }
        v->line = 0;
        v->column = log;
    }
    return room;
}

bool json_edit_append(json_value_t *object, slice_t name, json_value_t value, arena_t *arena)
{
    size_t count = object->u.object.count;
    json_member_t *members = grow(object, object->u.object.members, count, sizeof *members, arena);
    if (!members) {
        return false;
    }
    members[count] = (json_member_t){.name = name, .value = value};
    object->u.object.members = members;
    object->u.object.count = count + 1;
    return true;
}

bool json_edit_insert(json_value_t *array, size_t at, json_value_t value, arena_t *arena)
{
    size_t count = array->u.array.count;
    json_value_t *items = grow(array, array->u.array.items, count, sizeof *items, arena);
    if (!items) {
        return false;
    }
    memmove(items + at + 1, items + at, (count - at) * sizeof *items);
    items[at] = value;
    array->u.array.items = items;
    array->u.array.count = count + 1;
    return true;
}

void json_edit_remove(json_value_t *container, size_t at)
{
    if (container->kind == JSON_OBJECT) {
        json_member_t *members = container->u.object.members;
        size_t count = --container->u.object.count;
        memmove(members + at, members + at + 1, (count - at) * sizeof *members);
    } else {
        json_value_t *items = container->u.array.items;
        size_t count = --container->u.array.count;
        memmove(items + at, items + at + 1, (count - at) * sizeof *items);
    }
}

static bool copy_items(const json_value_t *from, json_value_t *to, arena_t *arena)
{
    size_t count = from->u.array.count;
    json_value_t *items = count ? arena_array(arena, count, sizeof *items) : NULL;
    if (count && !items) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!json_edit_copy(&from->u.array.items[i], &items[i], arena)) {
            return false;
        }
    }
    to->u.array.items = items;
    return true;
}

static bool copy_members(const json_value_t *from, json_value_t *to, arena_t *arena)
{
    size_t count = from->u.object.count;
    json_member_t *members = count ? arena_array(arena, count, sizeof *members) : NULL;
    if (count && !members) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        members[i].name = from->u.object.members[i].name; /* names are never changed */
        if (!json_edit_copy(&from->u.object.members[i].value, &members[i].value, arena)) {
            return false;
        }
    }
    to->u.object.members = members;
    return true;
}

/* Recursion is as deep as the tree, which the reader and the patches keep within the limit. */
bool json_edit_copy(const json_value_t *from, json_value_t *to, arena_t *arena)
{
    *to = *from;
    to->line = 1; /* there is no room behind the copied items */
    switch (from->kind) {
    case JSON_ARRAY:
        return copy_items(from, to, arena);
    case JSON_OBJECT:
        return copy_members(from, to, arena);
    default:
        return true;
    }
}

unsigned json_edit_depth(const json_value_t *v, unsigned limit)
{
    if ((v->kind != JSON_ARRAY && v->kind != JSON_OBJECT) || limit == 0) {
        return v->kind == JSON_ARRAY || v->kind == JSON_OBJECT;
    }
    unsigned deepest = 0;
    size_t count = v->kind == JSON_ARRAY ? v->u.array.count : v->u.object.count;
    for (size_t i = 0; i < count; i++) {
        const json_value_t *child = v->kind == JSON_ARRAY ? &v->u.array.items[i]
                                                          : &v->u.object.members[i].value;
        unsigned depth = json_edit_depth(child, limit - 1);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}
