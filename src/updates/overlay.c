#include "updates/overlay.h"

void overlay_init(overlay_t *o, const node_t *from)
{
    *o = (overlay_t){.root = item_of_node(from)};
    arena_init(&o->arena, 0);
}

void overlay_release(overlay_t *o)
{
    for (overlay_object_t *object = o->objects; object; object = object->next) {
        overlay_object_release(object);
    }
    buf_release(&o->left);
    buf_release(&o->right);
    arena_release(&o->arena);
}

err_t overlay_settle(overlay_t *o, item_t *item)
{
    if (item->kind != ITEM_NODE || item->u.node->kind != NODE_TEXT) {
        return ERR_OK;
    }
    slice_t text = item->u.node->text;
    if (text.ptr[0] != '{' && text.ptr[0] != '[') {
        return ERR_OK;
    }
    json_value_t *value = NULL;
    err_t err = json_parse(text, OVERLAY_DEPTH, &o->arena, &value, NULL);
    if (err) {
        return err == ERR_NOMEM ? err : ERR_DATA;
    }
    *item = item_of_json(value);
    return ERR_OK;
}

overlay_shape_t overlay_shape(const item_t *item)
{
    switch (item->kind) {
    case ITEM_NODE:
        if (item->u.node->kind == NODE_OBJECT) {
            return SHAPE_OBJECT;
        }
        return item->u.node->kind == NODE_TEXT ? SHAPE_SCALAR : SHAPE_ARRAY;
    case ITEM_JSON:
        if (item->u.json->kind == JSON_OBJECT) {
            return SHAPE_OBJECT;
        }
        return item->u.json->kind == JSON_ARRAY ? SHAPE_ARRAY : SHAPE_SCALAR;
    case ITEM_OBJECT:
    case ITEM_NOTHING:
        return SHAPE_OBJECT;
    case ITEM_ARRAY:
        return SHAPE_ARRAY;
    case ITEM_TEXT:
        break;
    }
    return SHAPE_SCALAR;
}

void overlay_freeze(const item_t *item)
{
    if (item->kind == ITEM_OBJECT) {
        item->u.object->frozen = true;
    } else if (item->kind == ITEM_ARRAY) {
        item->u.array->frozen = true;
    }
}

static err_t open_object(overlay_t *o, item_t *cell, const node_t *aim)
{
    overlay_object_t *object = arena_alloc(&o->arena, sizeof *object);
    if (!object) {
        return ERR_NOMEM;
    }
    err_t err = cell->kind == ITEM_OBJECT ? overlay_object_copy(o, cell->u.object, object)
                                          : overlay_object_init(o, object, cell);
    object->next = o->objects;
    o->objects = object;
    err = err ? err : overlay_object_aim(object, aim);
    if (!err) {
        *cell = (item_t){.kind = ITEM_OBJECT, .u = {.object = object}};
    }
    return err;
}

static err_t open_array(overlay_t *o, item_t *cell)
{
    overlay_array_t *array = arena_alloc(&o->arena, sizeof *array);
    if (!array) {
        return ERR_NOMEM;
    }
    err_t err = cell->kind == ITEM_ARRAY ? overlay_array_copy(o, cell->u.array, array)
                                         : overlay_array_init(o, array, cell);
    if (!err) {
        *cell = (item_t){.kind = ITEM_ARRAY, .u = {.array = array}};
    }
    return err;
}

err_t overlay_open(overlay_t *o, item_t *cell, const node_t *aim)
{
    err_t err = overlay_settle(o, cell);
    if (err) {
        return err;
    }
    switch (overlay_shape(cell)) {
    case SHAPE_OBJECT: {
        bool opened = cell->kind == ITEM_OBJECT && !cell->u.object->frozen;
        return opened ? ERR_OK : open_object(o, cell, aim);
    }
    case SHAPE_ARRAY: {
        bool opened = cell->kind == ITEM_ARRAY && !cell->u.array->frozen;
        return opened ? ERR_OK : open_array(o, cell);
    }
    case SHAPE_SCALAR:
        break;
    }
    return ERR_DATA;
}
