#include "json_patch.h"

#include "json_edit.h"

/* Of a path or a value, in an error. */
#define SHOWN_MAX 80

typedef struct patcher {
    json_value_t *doc;
    arena_t *arena;
    buf_t *why;
    size_t hint;
} patcher_t;

/* The container that a pointer's last token is looked up in, and that token. */
typedef struct place {
    json_value_t *parent; /* NULL: the whole document */
    slice_t token;        /* decoded */
    unsigned depth;       /* tokens of the pointer */
} place_t;

static err_t refuse(patcher_t *p, const char *text)
{
    buf_append_str(p->why, text);
    return ERR_DATA;
}

/* ---- pointers (RFC 6901) ---- */

static err_t decode_token(patcher_t *p, slice_t raw, slice_t *out)
{
    *out = raw;
    if (!raw.len || !memchr(raw.ptr, '~', raw.len)) {
        return ERR_OK;
    }
    char *text = arena_alloc(p->arena, raw.len);
    if (!text) {
        return ERR_NOMEM;
    }
    size_t len = 0;
    for (size_t i = 0; i < raw.len; i++) {
        text[len] = raw.ptr[i];
        if (raw.ptr[i] == '~') {
            i++;
            if (i == raw.len || (raw.ptr[i] != '0' && raw.ptr[i] != '1')) {
                return refuse(p, "a pointer has a '~' without 0 or 1 behind it");
            }
            text[len] = raw.ptr[i] == '0' ? '~' : '/';
        }
        len++;
    }
    *out = slice_of(text, len);
    return ERR_OK;
}

/* "0", or digits without a leading zero. */
static bool index_of(slice_t token, size_t *out)
{
    uint64_t value;
    if (!json_number_u64(token, &value) || value > SIZE_MAX / 2) {
        return false;
    }
    *out = (size_t)value;
    return true;
}

/* The item that is there, or NULL. */
static json_value_t *child(patcher_t *p, const json_value_t *parent, slice_t token, size_t *at)
{
    size_t i = 0;
    if (parent->kind == JSON_OBJECT) {
        i = json_edit_find(parent, token, &p->hint);
        *at = i;
        return i < parent->u.object.count ? &parent->u.object.members[i].value : NULL;
    }
    if (parent->kind == JSON_ARRAY && index_of(token, &i) && i < parent->u.array.count) {
        *at = i;
        return &parent->u.array.items[i];
    }
    return NULL;
}

static err_t find_place(patcher_t *p, slice_t pointer, place_t *out)
{
    *out = (place_t){.parent = NULL};
    if (pointer.len && pointer.ptr[0] != '/') {
        return refuse(p, "a pointer does not begin with '/'");
    }
    json_value_t *at = p->doc;
    while (pointer.len) {
        if (out->depth) { /* the token before, which must lead somewhere */
            size_t ignored;
            at = child(p, at, out->token, &ignored);
        }
        if (!at || (at->kind != JSON_OBJECT && at->kind != JSON_ARRAY)) {
            return refuse(p, "the path leads through something that is not there");
        }
        pointer = slice_of(pointer.ptr + 1, pointer.len - 1);
        const char *slash = pointer.len ? memchr(pointer.ptr, '/', pointer.len) : NULL;
        size_t len = slash ? (size_t)(slash - pointer.ptr) : pointer.len;
        err_t err = decode_token(p, slice_of(pointer.ptr, len), &out->token);
        if (err) {
            return err;
        }
        pointer = slice_of(pointer.ptr + len, pointer.len - len);
        out->parent = at;
        out->depth++;
    }
    return ERR_OK;
}

/* What a pointer points to, with its place. */
static err_t find_value(patcher_t *p, slice_t pointer, place_t *place, size_t *at,
                        json_value_t **out)
{
    err_t err = find_place(p, pointer, place);
    if (err) {
        return err;
    }
    *out = place->parent ? child(p, place->parent, place->token, at) : p->doc;
    return *out ? ERR_OK : refuse(p, "there is nothing at the path");
}

/* ---- operations ---- */

static err_t check_depth(patcher_t *p, const place_t *place, const json_value_t *value)
{
    unsigned room = place->depth < JSON_DEPTH_DEFAULT ? JSON_DEPTH_DEFAULT - place->depth : 0;
    return json_edit_depth(value, room) > room ? refuse(p, "the document would nest too deep")
                                               : ERR_OK;
}

/* `add`, with a value that is the document's own from now on. */
static err_t add(patcher_t *p, slice_t pointer, json_value_t value)
{
    place_t place;
    err_t err = find_place(p, pointer, &place);
    err = err ? err : check_depth(p, &place, &value);
    if (err) {
        return err;
    }
    if (!place.parent) {
        *p->doc = value;
        return ERR_OK;
    }
    if (place.parent->kind == JSON_OBJECT) {
        size_t at = json_edit_find(place.parent, place.token, &p->hint);
        if (at < place.parent->u.object.count) {
            place.parent->u.object.members[at].value = value;
            return ERR_OK;
        }
        return json_edit_append(place.parent, place.token, value, p->arena) ? ERR_OK : ERR_NOMEM;
    }
    size_t at = place.parent->u.array.count;
    if (!slice_is(place.token, "-") &&
        (!index_of(place.token, &at) || at > place.parent->u.array.count)) {
        return refuse(p, "the path is no place in the list");
    }
    return json_edit_insert(place.parent, at, value, p->arena) ? ERR_OK : ERR_NOMEM;
}

/* Takes the value out of the document. */
static err_t take_out(patcher_t *p, slice_t pointer, json_value_t *out)
{
    place_t place;
    size_t at = 0;
    json_value_t *value;
    err_t err = find_value(p, pointer, &place, &at, &value);
    if (err) {
        return err;
    }
    if (!place.parent) {
        return refuse(p, "the whole document cannot be taken away");
    }
    *out = *value;
    json_edit_remove(place.parent, at);
    return ERR_OK;
}

static err_t op_remove(patcher_t *p, slice_t path)
{
    json_value_t gone;
    return take_out(p, path, &gone);
}

static err_t op_replace(patcher_t *p, slice_t path, const json_value_t *value)
{
    place_t place;
    size_t at;
    json_value_t *old;
    err_t err = find_value(p, path, &place, &at, &old);
    err = err ? err : check_depth(p, &place, value);
    if (!err) {
        *old = *value;
    }
    return err;
}

static void show(patcher_t *p, const json_value_t *value)
{
    buf_t text = BUF_INIT;
    json_write_value(&text, value);
    slice_t shown = utf8_truncate(buf_slice(&text), SHOWN_MAX);
    buf_append_slice(p->why, shown);
    buf_append_str(p->why, shown.len < text.len ? "..." : "");
    buf_release(&text);
}

static err_t op_test(patcher_t *p, slice_t path, const json_value_t *value)
{
    place_t place;
    size_t at;
    json_value_t *found;
    err_t err = find_value(p, path, &place, &at, &found);
    if (err || json_value_same(found, value)) {
        return err;
    }
    buf_append_str(p->why, "the document has ");
    show(p, found);
    buf_append_str(p->why, ", the patch is for ");
    show(p, value);
    return ERR_DATA;
}

static err_t op_move(patcher_t *p, slice_t from, slice_t path)
{
    if (path.len > from.len && memcmp(from.ptr, path.ptr, from.len) == 0 &&
        path.ptr[from.len] == '/') {
        return refuse(p, "a value cannot be moved into itself");
    }
    if (slice_eq(from, path)) { /* nothing moves, but it has to be there */
        place_t place;
        size_t at;
        json_value_t *value;
        return find_value(p, from, &place, &at, &value);
    }
    json_value_t value;
    err_t err = take_out(p, from, &value);
    return err ? err : add(p, path, value);
}

static err_t op_copy(patcher_t *p, slice_t from, slice_t path)
{
    place_t place;
    size_t at;
    json_value_t *value, copy;
    err_t err = find_value(p, from, &place, &at, &value);
    if (err) {
        return err;
    }
    return json_edit_copy(value, &copy, p->arena) ? add(p, path, copy) : ERR_NOMEM;
}

static err_t operate(patcher_t *p, const json_value_t *op)
{
    const json_value_t *name = json_get(op, "op"), *path = json_get(op, "path"),
                       *from = json_get(op, "from"), *value = json_get(op, "value");
    if (!json_is_string(name) || !json_is_string(path)) {
        return refuse(p, "an operation is an object with an op and a path");
    }
    slice_t kind = name->u.text, to = path->u.text;
    bool moves = slice_is(kind, "move") || slice_is(kind, "copy");
    bool sets = slice_is(kind, "add") || slice_is(kind, "replace") || slice_is(kind, "test");
    if (moves && !json_is_string(from)) {
        return refuse(p, "it has no from");
    }
    if (sets && !value) {
        return refuse(p, "it has no value");
    }
    if (moves) {
        return slice_is(kind, "move") ? op_move(p, from->u.text, to) : op_copy(p, from->u.text, to);
    }
    if (sets) {
        return slice_is(kind, "add")       ? add(p, to, *value)
               : slice_is(kind, "replace") ? op_replace(p, to, value)
                                           : op_test(p, to, value);
    }
    return slice_is(kind, "remove") ? op_remove(p, to) : refuse(p, "there is no such operation");
}

/* "operation 2 of 3 (replace /a/b): ", before the reason. */
static void tell_where(const json_value_t *patch, size_t i, const buf_t *reason, buf_t *why)
{
    const json_value_t *op = &patch->u.array.items[i];
    const json_value_t *name = json_get(op, "op"), *path = json_get(op, "path");
    buf_printf(why, "operation %zu of %zu", i + 1, patch->u.array.count);
    if (json_is_string(name) && json_is_string(path)) {
        slice_t shown = utf8_truncate(path->u.text, SHOWN_MAX);
        buf_printf(why, " (%.*s ", SLICE_ARG(utf8_truncate(name->u.text, SHOWN_MAX)));
        json_write_string(why, shown);
        buf_append_str(why, shown.len < path->u.text.len ? "...)" : ")");
    }
    buf_append_str(why, ": ");
    buf_append_slice(why, buf_slice(reason));
}

err_t ctl_json_patch_apply(json_value_t *doc, const json_value_t *patch, arena_t *arena, buf_t *why)
{
    if (patch->kind != JSON_ARRAY) {
        buf_append_str(why, "a JSON Patch is a list of operations");
        return ERR_DATA;
    }
    buf_t reason = BUF_INIT;
    patcher_t p = {.doc = doc, .arena = arena, .why = &reason};
    err_t err = ERR_OK;
    for (size_t i = 0; !err && i < patch->u.array.count; i++) {
        err = operate(&p, &patch->u.array.items[i]);
        if (err == ERR_DATA) {
            tell_where(patch, i, &reason, why);
        }
    }
    buf_release(&reason);
    return err;
}
