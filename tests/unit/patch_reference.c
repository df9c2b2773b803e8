#include "patch_reference.h"

#include <jansson.h>
#include <string.h>

#define MOST_TOKENS 200

typedef struct pointer {
    char text[8192]; /* the tokens, decoded, each with a NUL behind it */
    const char *tokens[MOST_TOKENS];
    size_t count;
} pointer_t;

static bool pointer_read(pointer_t *p, json_t *v)
{
    const char *s = json_string_value(v);
    size_t n = 0;
    p->count = 0;
    if (!s || strlen(s) >= sizeof p->text || strlen(s) != json_string_length(v)) {
        return false;
    }
    if (*s && *s != '/') {
        return false;
    }
    for (; *s; s++) {
        if (*s == '/') {
            if (p->count == MOST_TOKENS) {
                return false;
            }
            if (p->count) {
                p->text[n++] = '\0';
            }
            p->tokens[p->count++] = p->text + n;
            continue;
        }
        if (*s == '~') {
            s++;
            if (*s != '0' && *s != '1') {
                return false;
            }
            p->text[n++] = *s == '0' ? '~' : '/';
            continue;
        }
        p->text[n++] = *s;
    }
    p->text[n] = '\0';
    return true;
}

static bool index_read(const char *token, size_t *out)
{
    size_t len = strlen(token);
    if (!len || len > 9 || strspn(token, "0123456789") != len || (len > 1 && *token == '0')) {
        return false;
    }
    *out = 0;
    for (; *token; token++) {
        *out = *out * 10 + (size_t)(*token - '0');
    }
    return true;
}

/* Borrowed; the first `count` tokens are followed. */
static json_t *lookup(json_t *v, const pointer_t *p, size_t count)
{
    size_t index;
    for (size_t i = 0; v && i < count; i++) {
        if (json_is_object(v)) {
            v = json_object_get(v, p->tokens[i]);
        } else if (json_is_array(v) && index_read(p->tokens[i], &index)) {
            v = json_array_get(v, index);
        } else {
            v = NULL;
        }
    }
    return v;
}

/* Takes the value. */
static bool put(json_t **root, const pointer_t *p, json_t *value)
{
    size_t index;
    if (p->count == 0) {
        json_decref(*root);
        *root = value;
        return true;
    }
    json_t *parent = lookup(*root, p, p->count - 1);
    const char *token = p->tokens[p->count - 1];
    if (json_is_object(parent)) {
        return json_object_set_new(parent, token, value) == 0;
    }
    if (json_is_array(parent) && strcmp(token, "-") == 0) {
        return json_array_append_new(parent, value) == 0;
    }
    if (json_is_array(parent) && index_read(token, &index) && index <= json_array_size(parent)) {
        return json_array_insert_new(parent, index, value) == 0;
    }
    json_decref(value);
    return false;
}

static bool drop(json_t *root, const pointer_t *p)
{
    size_t index;
    if (p->count == 0 || !lookup(root, p, p->count)) {
        return false;
    }
    json_t *parent = lookup(root, p, p->count - 1);
    const char *token = p->tokens[p->count - 1];
    if (json_is_object(parent)) {
        return json_object_del(parent, token) == 0;
    }
    return index_read(token, &index) && json_array_remove(parent, index) == 0;
}

static bool replace(json_t **root, const pointer_t *p, json_t *value)
{
    size_t index;
    if (p->count == 0 || !lookup(*root, p, p->count)) {
        return p->count ? (json_decref(value), false) : put(root, p, value);
    }
    json_t *parent = lookup(*root, p, p->count - 1);
    const char *token = p->tokens[p->count - 1];
    if (json_is_object(parent)) {
        return json_object_set_new(parent, token, value) == 0;
    }
    return index_read(token, &index) && json_array_set_new(parent, index, value) == 0;
}

static bool move_or_copy(json_t **root, const pointer_t *from, const pointer_t *path, bool move)
{
    json_t *value = lookup(*root, from, from->count);
    size_t same = 0;
    while (same < from->count && same < path->count &&
           strcmp(from->tokens[same], path->tokens[same]) == 0) {
        same++;
    }
    if (!value || (move && same == from->count && path->count > from->count)) {
        return false;
    }
    if (move && same == from->count && same == path->count) {
        return true;
    }
    value = json_deep_copy(value);
    if (move && !drop(*root, from)) {
        json_decref(value);
        return false;
    }
    return put(root, path, value);
}

static bool apply_operation(json_t **root, json_t *op)
{
    static _Thread_local pointer_t path, from;
    const char *name = json_string_value(json_object_get(op, "op"));
    json_t *value = json_object_get(op, "value");
    if (!name || !pointer_read(&path, json_object_get(op, "path"))) {
        return false;
    }
    if (strlen(name) != json_string_length(json_object_get(op, "op"))) {
        return false;
    }
    if (strcmp(name, "remove") == 0) {
        return drop(*root, &path);
    }
    if (strcmp(name, "move") == 0 || strcmp(name, "copy") == 0) {
        return pointer_read(&from, json_object_get(op, "from")) &&
               move_or_copy(root, &from, &path, *name == 'm');
    }
    if (!value) {
        return false;
    }
    if (strcmp(name, "test") == 0) {
        json_t *found = lookup(*root, &path, path.count);
        return found && json_equal(found, value);
    }
    if (strcmp(name, "add") == 0) {
        return put(root, &path, json_deep_copy(value));
    }
    return strcmp(name, "replace") == 0 && replace(root, &path, json_deep_copy(value));
}

/* RFC 7396 section 2, MergePatch; takes the target, which may be NULL. */
static json_t *merge(json_t *target, json_t *patch)
{
    const char *name;
    json_t *value;
    if (!json_is_object(patch)) {
        json_decref(target);
        return json_deep_copy(patch);
    }
    if (!json_is_object(target)) {
        json_decref(target);
        target = json_object();
    }
    json_object_foreach(patch, name, value)
    {
        if (json_is_null(value)) {
            (void)json_object_del(target, name);
        } else {
            json_t *old = json_object_get(target, name);
            (void)json_object_set_new(target, name, merge(json_incref(old), value));
        }
    }
    return target;
}

static json_t *load(const char *text, size_t len)
{
    return json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
}

char *reference_apply(bool is_merge, const char *patch, size_t patch_len, const char *document,
                      size_t document_len)
{
    json_t *p = load(patch, patch_len), *root = load(document, document_len);
    bool applies = p && root;
    char *text = NULL;
    if (applies && is_merge) {
        root = merge(root, p);
    } else if (applies) {
        applies = json_is_array(p);
        for (size_t i = 0; applies && i < json_array_size(p); i++) {
            applies = apply_operation(&root, json_array_get(p, i));
        }
    }
    if (applies) {
        text = json_dumps(root, JSON_COMPACT | JSON_ENCODE_ANY);
    }
    json_decref(p);
    json_decref(root);
    return text;
}

bool reference_equal(const char *a, size_t a_len, const char *b, size_t b_len)
{
    json_t *x = load(a, a_len), *y = load(b, b_len);
    bool equal = x && y && json_equal(x, y);
    json_decref(x);
    json_decref(y);
    return equal;
}

char *reference_tidy(const char *text, size_t len)
{
    json_t *v = json_loadb(text, len, JSON_ALLOW_NUL, NULL);
    char *tidy = v ? json_dumps(v, JSON_COMPACT) : NULL;
    json_decref(v);
    return tidy;
}
