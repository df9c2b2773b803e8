#include "footprintd/alto/tree.h"

#include "footprintd/base/hash.h"
#include "nodes.h"

#include <stdlib.h>

/* Trees of any JSON value: for what no model knows better. */

/* The fragment of a chunk's text, the same for the same text. */
static fragment_t *piece(nodes_t *s, slice_t text)
{
    uint64_t hash = hash_slice(text);
    fragment_t *f = table_get_hashed(&s->pieces, text, hash);
    if (f) {
        return f;
    }
    f = nodes_inherited(s, &s->pieces, text, hash);
    if (f) {
        (void)fragment_ref(f);
    } else {
        digest_t none = {{0}};
        if (fragment_new(text, &none, &f)) {
            s->failed = true;
            return NULL;
        }
    }
    if (table_put_hashed(&s->pieces, fragment_slice(f), hash, f, NULL)) {
        fragment_unref(f);
        s->failed = true;
        return NULL;
    }
    return f;
}

static node_t *make_list(nodes_t *s, const json_value_t *list)
{
    size_t count = list->u.array.count, n = 0, scalars = 0;
    node_chunk_t *chunks = calloc(count + 1, sizeof *chunks);
    buf_t text = BUF_INIT;
    s->failed |= !chunks;
    for (size_t i = 0; i < count && !s->failed; i++) {
        if (text.len) {
            buf_append_char(&text, ',');
        }
        size_t start = text.len;
        json_write_value(&text, &list->u.array.items[i]);
        s->failed |= buf_failed(&text);
        scalars++;
        if (!s->failed &&
            (i + 1 == count ||
             node_chunk_ends(scalars, slice_of(text.ptr + start, text.len - start)))) {
            fragment_t *f = piece(s, buf_slice(&text));
            chunks[n++] = (node_chunk_t){f, f ? f->bytes : NULL, text.len, scalars};
            scalars = 0;
            buf_clear(&text);
        }
    }
    node_t *made = s->failed ? NULL : nodes_list(s, chunks, n);
    buf_release(&text);
    free(chunks);
    return made;
}

static bool only_scalars(const json_value_t *list)
{
    for (size_t i = 0; i < list->u.array.count; i++) {
        if (list->u.array.items[i].kind >= JSON_ARRAY) {
            return false;
        }
    }
    return true;
}

static node_t *make_children(nodes_t *s, const json_value_t *v)
{
    bool object = v->kind == JSON_OBJECT;
    size_t count = object ? v->u.object.count : v->u.array.count;
    slice_t *names = calloc(count + 1, sizeof *names);
    node_t **nodes = calloc(count + 1, sizeof(node_t *));
    s->failed |= !names || !nodes;
    for (size_t i = 0; i < count && !s->failed; i++) {
        if (object) {
            names[i] = v->u.object.members[i].name;
        }
        nodes[i] = nodes_json(s, object ? &v->u.object.members[i].value : &v->u.array.items[i]);
    }
    node_t *made = NULL;
    if (!s->failed) {
        made = object ? nodes_object(s, names, nodes, count) : nodes_array(s, nodes, count);
    }
    free(names);
    free(nodes);
    return made;
}

node_t *nodes_json(nodes_t *s, const json_value_t *value)
{
    if (value->kind == JSON_OBJECT || (value->kind == JSON_ARRAY && !only_scalars(value))) {
        return make_children(s, value);
    }
    if (value->kind == JSON_ARRAY) {
        return make_list(s, value);
    }
    buf_t text = BUF_INIT;
    json_write_value(&text, value);
    node_t *n = NULL;
    if (buf_failed(&text)) {
        s->failed = true;
    } else {
        n = nodes_text(s, NULL, buf_slice(&text));
    }
    buf_release(&text);
    return n;
}

/* As deep as any document is nested. */
#define EXPAND_DEPTH 128

const node_t *node_expand(nodes_t *s, const node_t *n)
{
    if (n->kind != NODE_TEXT || !n->text.len || (n->text.ptr[0] != '{' && n->text.ptr[0] != '[')) {
        return n;
    }
    arena_t arena;
    json_value_t *value = NULL;
    arena_init(&arena, 0);
    const node_t *made = NULL;
    if (json_parse(n->text, EXPAND_DEPTH, &arena, &value, NULL)) {
        s->failed = true; /* it is text that we wrote */
    } else {
        made = nodes_json(s, value);
    }
    arena_release(&arena);
    return made;
}
