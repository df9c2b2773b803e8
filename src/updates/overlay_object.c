#include "updates/overlay.h"

/* A base with fewer members is searched; one with more has tables of its names. */
#define SEARCH_MAX 16

static bool is_searched(const overlay_object_t *object)
{
    return !object->base || object->base->count <= SEARCH_MAX;
}

static void forget_names(overlay_object_t *object)
{
    table_release(&object->runs);
    table_release(&object->own);
    table_release(&object->other);
    table_release(&object->rest);
    object->aimed = object->rest_known = false;
}

void overlay_object_release(overlay_object_t *object)
{
    forget_names(object);
    table_release(&object->touched);
}

static err_t add_slot(overlay_t *o, overlay_object_t *object, slice_t name, item_t value,
                      const node_t *before, overlay_slot_t **out)
{
    overlay_slot_t *slot = arena_alloc(&o->arena, sizeof *slot);
    if (!slot || table_put(&object->touched, name, slot, NULL)) {
        return ERR_NOMEM;
    }
    *slot = (overlay_slot_t){
        .next = object->slots, .name = name, .value = value, .before = before, .seen = 0};
    object->slots = slot;
    *out = slot;
    return ERR_OK;
}

err_t overlay_object_init(overlay_t *o, overlay_object_t *object, const item_t *from)
{
    *object = (overlay_object_t){.count = 0};
    if (from->kind == ITEM_NODE) {
        object->base = from->u.node;
        object->count = from->u.node->count;
    }
    if (from->kind != ITEM_JSON) {
        return ERR_OK;
    }
    const json_value_t *v = from->u.json;
    object->count = v->u.object.count;
    for (size_t i = 0; i < v->u.object.count; i++) {
        const json_member_t *m = &v->u.object.members[i];
        overlay_slot_t *slot;
        err_t err = add_slot(o, object, m->name, item_of_json(&m->value), NULL, &slot);
        if (err) {
            return err;
        }
    }
    return ERR_OK;
}

err_t overlay_object_copy(overlay_t *o, const overlay_object_t *from, overlay_object_t *object)
{
    *object = (overlay_object_t){.base = from->base, .count = from->count};
    for (const overlay_slot_t *s = from->slots; s; s = s->next) {
        overlay_slot_t *slot;
        overlay_freeze(&s->value);
        err_t err = add_slot(o, object, s->name, s->value, s->before, &slot);
        if (err) {
            return err;
        }
    }
    return ERR_OK;
}

/* ---- names ---- */

static slice_t run_key(node_run_t *const *run)
{
    return slice_of((const char *)run, sizeof *run);
}

static bool is_shared(const overlay_object_t *object, node_run_t *const *run)
{
    return table_get(&object->runs, run_key(run)) == object->aim;
}

static err_t add_names(table_t *table, const node_run_t *run)
{
    for (size_t i = 0; i < run->count; i++) {
        if (table_put(table, node_run_name(run, i), run->nodes[i], NULL)) {
            return ERR_NOMEM;
        }
    }
    return ERR_OK;
}

/* Which runs of the base the aim has too. */
static err_t pair_runs(overlay_object_t *object)
{
    const node_t *base = object->base, *aim = object->aim;
    err_t err = ERR_OK;
    for (size_t i = 0; i < base->part_count && !err; i++) {
        err = table_put(&object->runs, run_key(&base->parts.runs[i]), base->parts.runs[i], NULL);
    }
    for (size_t i = 0; i < aim->part_count && !err; i++) {
        slice_t key = run_key(&aim->parts.runs[i]);
        if (table_get(&object->runs, key)) {
            err = table_put(&object->runs, key, (void *)(uintptr_t)aim, NULL);
        } else {
            err = add_names(&object->other, aim->parts.runs[i]);
        }
    }
    return err;
}

err_t overlay_object_aim(overlay_object_t *object, const node_t *aim)
{
    aim = aim && aim->kind == NODE_OBJECT ? aim : NULL;
    if (object->aimed && object->aim == aim) {
        return ERR_OK;
    }
    forget_names(object);
    object->aim = aim;
    err_t err = ERR_OK;
    if (!is_searched(object)) {
        const node_t *base = object->base;
        err = aim ? pair_runs(object) : ERR_OK;
        for (size_t i = 0; i < base->part_count && !err; i++) {
            if (!aim || !is_shared(object, &base->parts.runs[i])) {
                err = add_names(&object->own, base->parts.runs[i]);
            }
        }
    }
    object->aimed = !err;
    return err;
}

bool overlay_object_shares(const overlay_object_t *object, const node_run_t *run)
{
    node_run_t *key = (node_run_t *)(uintptr_t)run;
    return !is_searched(object) && object->aim && is_shared(object, &key);
}

bool overlay_object_shares_name(const overlay_object_t *object, slice_t name)
{
    return !is_searched(object) && !table_get(&object->own, name);
}

/* Names that no operation of a patch of ours has: a change has its name in own or other. */
static err_t learn_rest(overlay_object_t *object)
{
    const node_t *base = object->base;
    err_t err = ERR_OK;
    for (size_t i = 0; i < base->part_count && !err && object->aim; i++) {
        if (is_shared(object, &base->parts.runs[i])) {
            err = add_names(&object->rest, base->parts.runs[i]);
        }
    }
    object->rest_known = !err;
    return err;
}

err_t overlay_object_before(overlay_object_t *object, slice_t name, const node_t **out)
{
    if (is_searched(object)) {
        *out = object->base ? node_get(object->base, name) : NULL;
        return ERR_OK;
    }
    *out = table_get(&object->own, name);
    if (*out || table_get(&object->other, name)) {
        return ERR_OK;
    }
    err_t err = object->rest_known ? ERR_OK : learn_rest(object);
    *out = err ? NULL : table_get(&object->rest, name);
    return err;
}

const node_t *overlay_object_hint(const overlay_object_t *object, const overlay_slot_t *slot)
{
    if (!object->aim) {
        return NULL;
    }
    if (is_searched(object)) {
        return object->aim->count <= SEARCH_MAX * 4 ? node_get(object->aim, slot->name) : NULL;
    }
    const node_t *n = table_get(&object->other, slot->name);
    return n ? n : slot->before;
}

/* ---- members ---- */

err_t overlay_object_slot(overlay_t *o, overlay_object_t *object, slice_t name,
                          overlay_slot_t **out)
{
    *out = table_get(&object->touched, name);
    if (*out) {
        return ERR_OK;
    }
    const node_t *before;
    err_t err = overlay_object_before(object, name, &before);
    if (err) {
        return err;
    }
    item_t value = before ? item_of_node(before) : (item_t){.kind = ITEM_NOTHING};
    return add_slot(o, object, name, value, before, out);
}

void overlay_object_set(overlay_object_t *object, overlay_slot_t *slot, item_t value)
{
    object->count += value.kind != ITEM_NOTHING;
    object->count -= slot->value.kind != ITEM_NOTHING;
    slot->value = value;
}
