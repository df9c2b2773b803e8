/* JSON merge patch, RFC 7396, on an overlay. */
#include "updates/overlay.h"

static err_t merge(overlay_t *o, item_t *cell, const json_value_t *patch, const node_t *hint);

static err_t merge_member(overlay_t *o, overlay_object_t *object, const json_member_t *m)
{
    overlay_slot_t *slot;
    err_t err = overlay_object_slot(o, object, m->name, &slot);
    if (err) {
        return err;
    }
    item_t value = slot->value;
    if (m->value.kind == JSON_NULL) {
        value.kind = ITEM_NOTHING;
    } else {
        err = merge(o, &value, &m->value, overlay_object_hint(object, slot));
    }
    if (!err) {
        overlay_object_set(object, slot, value);
    }
    return err;
}

/* As deep as the patch is nested, which its reader limits. */
static err_t merge(overlay_t *o, item_t *cell, const json_value_t *patch, const node_t *hint)
{
    if (patch->kind != JSON_OBJECT) {
        *cell = item_of_json(patch);
        return ERR_OK;
    }
    bool proven = false;
    err_t err = cell->kind == ITEM_NODE ? overlay_merge_text(cell->u.node, patch, hint, &proven)
                                        : ERR_OK;
    if (err || proven) {
        *cell = err ? *cell : item_of_node(hint);
        return err;
    }
    err = overlay_settle(o, cell);
    if (!err && overlay_shape(cell) != SHAPE_OBJECT) {
        cell->kind = ITEM_NOTHING;
    }
    err = err ? err : overlay_open(o, cell, hint);
    for (size_t i = 0; !err && i < patch->u.object.count; i++) {
        err = merge_member(o, cell->u.object, &patch->u.object.members[i]);
    }
    return err;
}

err_t overlay_apply_merge(overlay_t *o, const json_value_t *patch, const node_t *to)
{
    return merge(o, &o->root, patch, to);
}
