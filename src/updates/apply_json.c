/* JSON Patch, RFC 6902, on an overlay; JSON Pointer, RFC 6901. */
#include "updates/overlay.h"

typedef struct operation {
    overlay_t *o;
    const node_t *to;
    slice_t path;
    slice_t from;
    const json_value_t *value;
} operation_t;

/* ---- pointers ---- */

/* Decoded; what needs no decoding stays where it is. */
static err_t decode_token(overlay_t *o, slice_t raw, slice_t *out)
{
    *out = raw;
    if (!raw.len || !memchr(raw.ptr, '~', raw.len)) {
        return ERR_OK;
    }
    char *text = arena_alloc(&o->arena, raw.len);
    size_t n = 0;
    if (!text) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.ptr[i];
        if (c == '~') {
            c = ++i < raw.len ? raw.ptr[i] : '\0';
            if (c != '0' && c != '1') {
                return ERR_DATA;
            }
            c = c == '0' ? '~' : '/';
        }
        text[n++] = c;
    }
    *out = slice_of(text, n);
    return ERR_OK;
}

/* Takes the next token off a pointer that is not empty. */
static err_t next_token(overlay_t *o, slice_t *pointer, slice_t *token)
{
    if (pointer->ptr[0] != '/') {
        return ERR_DATA;
    }
    slice_t rest = slice_of(pointer->ptr + 1, pointer->len - 1);
    const char *end = rest.len ? memchr(rest.ptr, '/', rest.len) : NULL;
    slice_t raw = slice_of(rest.ptr, end ? (size_t)(end - rest.ptr) : rest.len);
    *pointer = slice_of(rest.ptr + raw.len, rest.len - raw.len);
    return decode_token(o, raw, token);
}

static bool read_index(slice_t token, size_t count, size_t *out)
{
    uint64_t index;
    if (!json_number_u64(token, &index) || index >= count) {
        return false;
    }
    *out = (size_t)index;
    return true;
}

/* From an opened container to what it has there. */
static err_t step(overlay_t *o, item_t **cell, const node_t **hint, slice_t token)
{
    size_t index;
    if ((*cell)->kind == ITEM_OBJECT) {
        overlay_object_t *object = (*cell)->u.object;
        overlay_slot_t *slot;
        err_t err = overlay_object_slot(o, object, token, &slot);
        if (err || slot->value.kind == ITEM_NOTHING) {
            return err ? err : ERR_DATA;
        }
        *hint = overlay_object_hint(object, slot);
        *cell = &slot->value;
        return ERR_OK;
    }
    overlay_array_t *array = (*cell)->u.array;
    overlay_piece_t *piece;
    if (!read_index(token, array->count, &index)) {
        return ERR_DATA;
    }
    err_t err = overlay_array_at(o, array, index, &piece);
    if (!err) {
        *hint = NULL;
        *cell = &piece->u.one;
    }
    return err;
}

/* What a pointer points at, which must be there. */
static err_t find(const operation_t *op, slice_t pointer, item_t **out)
{
    const node_t *hint = op->to;
    err_t err = ERR_OK;
    *out = &op->o->root;
    while (pointer.len && !err) {
        slice_t token;
        err = next_token(op->o, &pointer, &token);
        err = err ? err : overlay_open(op->o, *out, hint);
        err = err ? err : step(op->o, out, &hint, token);
    }
    return err;
}

/* The opened container of what a pointer that is not empty points at, and the last token. */
static err_t find_parent(const operation_t *op, slice_t pointer, item_t **out, slice_t *token)
{
    const node_t *hint = op->to;
    *out = &op->o->root;
    err_t err = next_token(op->o, &pointer, token);
    err = err ? err : overlay_open(op->o, *out, hint);
    while (pointer.len && !err) {
        err = step(op->o, out, &hint, *token);
        err = err ? err : overlay_open(op->o, *out, hint);
        err = err ? err : next_token(op->o, &pointer, token);
    }
    return err;
}

/* ---- operations ---- */

static err_t add_at(const operation_t *op, slice_t pointer, item_t value)
{
    item_t *parent;
    slice_t token;
    size_t index;
    if (!pointer.len) {
        op->o->root = value;
        return ERR_OK;
    }
    err_t err = find_parent(op, pointer, &parent, &token);
    if (err) {
        return err;
    }
    if (parent->kind == ITEM_OBJECT) {
        overlay_slot_t *slot;
        err = overlay_object_slot(op->o, parent->u.object, token, &slot);
        if (!err) {
            overlay_object_set(parent->u.object, slot, value);
        }
        return err;
    }
    overlay_array_t *array = parent->u.array;
    if (slice_is(token, "-")) {
        index = array->count;
    } else if (!read_index(token, array->count + 1, &index)) {
        return ERR_DATA;
    }
    return overlay_array_insert(op->o, array, index, value);
}

/* There is no document without a root. */
static err_t take_from(const operation_t *op, slice_t pointer, item_t *out)
{
    item_t *parent, *cell;
    const node_t *hint;
    slice_t token;
    err_t err = pointer.len ? find_parent(op, pointer, &parent, &token) : ERR_DATA;
    if (err) {
        return err;
    }
    cell = parent;
    err = step(op->o, &cell, &hint, token);
    if (err) {
        return err;
    }
    *out = *cell;
    if (parent->kind == ITEM_OBJECT) {
        overlay_slot_t *slot;
        err = overlay_object_slot(op->o, parent->u.object, token, &slot);
        if (!err) {
            overlay_object_set(parent->u.object, slot, (item_t){.kind = ITEM_NOTHING});
        }
        return err;
    }
    overlay_array_remove(parent->u.array, parent->u.array->at);
    return ERR_OK;
}

static err_t apply_add(const operation_t *op)
{
    return add_at(op, op->path, item_of_json(op->value));
}

static err_t apply_remove(const operation_t *op)
{
    item_t removed;
    return take_from(op, op->path, &removed);
}

static err_t apply_replace(const operation_t *op)
{
    item_t *cell;
    err_t err = find(op, op->path, &cell);
    if (!err) {
        *cell = item_of_json(op->value);
    }
    return err;
}

static err_t apply_test(const operation_t *op)
{
    item_t *cell;
    err_t err = find(op, op->path, &cell);
    return err ? err : overlay_compare(op->o, *cell, item_of_json(op->value), false, 0);
}

/* A token is encoded in one way only, so that pointers compare as texts. */
static err_t apply_move(const operation_t *op)
{
    item_t *cell, moved;
    slice_t from = op->from, path = op->path;
    if (path.len > from.len && path.ptr[from.len] == '/' &&
        slice_eq(from, slice_of(path.ptr, from.len))) {
        return ERR_DATA;
    }
    if (slice_eq(from, path)) {
        return find(op, from, &cell);
    }
    err_t err = take_from(op, from, &moved);
    return err ? err : add_at(op, path, moved);
}

static err_t apply_copy(const operation_t *op)
{
    item_t *cell;
    err_t err = find(op, op->from, &cell);
    if (err) {
        return err;
    }
    overlay_freeze(cell);
    return add_at(op, op->path, *cell);
}

static const struct {
    const char *name;
    err_t (*apply)(const operation_t *op);
    bool has_value;
    bool has_from;
} kinds[] = {
    {"add", apply_add, true, false},         {"remove", apply_remove, false, false},
    {"replace", apply_replace, true, false}, {"test", apply_test, true, false},
    {"move", apply_move, false, true},       {"copy", apply_copy, false, true},
};

static err_t apply(overlay_t *o, const json_value_t *v, const node_t *to)
{
    const json_value_t *name = json_get(v, "op"), *path = json_get(v, "path");
    const json_value_t *from = json_get(v, "from");
    if (!json_is_string(name) || !json_is_string(path)) {
        return ERR_DATA;
    }
    operation_t op = {.o = o, .to = to, .path = path->u.text, .value = json_get(v, "value")};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!slice_is(name->u.text, kinds[i].name)) {
            continue;
        }
        if ((kinds[i].has_value && !op.value) || (kinds[i].has_from && !json_is_string(from))) {
            return ERR_DATA;
        }
        op.from = kinds[i].has_from ? from->u.text : op.from;
        return kinds[i].apply(&op);
    }
    return ERR_DATA;
}

err_t overlay_apply_json(overlay_t *o, const json_value_t *patch, const node_t *to)
{
    err_t err = patch->kind == JSON_ARRAY ? ERR_OK : ERR_DATA;
    for (size_t i = 0; !err && i < patch->u.array.count; i++) {
        err = apply(o, &patch->u.array.items[i], to);
    }
    return err;
}
