#include "footprintd/alto/tree.h"

#include "footprintd/base/hash.h"
#include "nodes.h"

#include <stdlib.h>

/*
 * Where runs and chunks are cut: on average some dozens of children and some hundred scalars. Below
 * the least number no cut is looked for, at the greatest one it is made in any case.
 */
#define RUN_MIN    16
#define RUN_MASK   63
#define RUN_MAX    512
#define CHUNK_MIN  64
#define CHUNK_MASK 255
#define CHUNK_MAX  2048

/* ---- hashes of content, which cut alike in every process ---- */

static uint64_t mix(uint64_t h, uint64_t word)
{
    __uint128_t product = (__uint128_t)(h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return ((uint64_t)product ^ (uint64_t)(product >> 64)) + UINT64_C(0xd6e8feb86659fd93);
}

static uint64_t content_hash(slice_t s)
{
    uint64_t h = s.len, word;
    size_t i = 0;
    for (; i + sizeof word <= s.len; i += sizeof word) {
        memcpy(&word, s.ptr + i, sizeof word);
        h = mix(h, word);
    }
    word = 0;
    if (i < s.len) {
        memcpy(&word, s.ptr + i, s.len - i);
    }
    return mix(h, word);
}

bool node_chunk_ends(size_t count, slice_t scalar)
{
    return count >= CHUNK_MAX || (count >= CHUNK_MIN && !(content_hash(scalar) & CHUNK_MASK));
}

static bool run_ends(size_t count, uint64_t hash)
{
    return count >= RUN_MAX || (count >= RUN_MIN && !(hash & RUN_MASK));
}

/* ---- life ---- */

void nodes_init(nodes_t *s, const nodes_t *previous, const nodes_t *base)
{
    *s = (nodes_t){.previous = previous, .base = base};
    arena_init(&s->keys, 0);
}

void nodes_seal(nodes_t *s)
{
    s->previous = NULL;
    s->base = NULL;
}

static void release_nodes(table_t *table)
{
    for (size_t i = 0; table->entries && i <= table->mask; i++) {
        node_unref(table->entries[i].value);
    }
    table_release(table);
}

void nodes_release(nodes_t *s)
{
    release_nodes(&s->texts);
    release_nodes(&s->shapes);
    for (size_t i = 0; s->runs.entries && i <= s->runs.mask; i++) {
        node_run_unref(s->runs.entries[i].value);
    }
    for (size_t i = 0; s->pieces.entries && i <= s->pieces.mask; i++) {
        fragment_unref(s->pieces.entries[i].value);
    }
    table_release(&s->runs);
    table_release(&s->pieces);
    table_release(&s->known);
    buf_release(&s->scratch);
    arena_release(&s->keys);
}

static node_t *keep(nodes_t *s, table_t *table, slice_t key, uint64_t hash, node_t *n)
{
    if (table_put_hashed(table, key, hash, n, NULL)) {
        node_unref(n);
        s->failed = true;
        return NULL;
    }
    return n;
}

/* The table of another store that is at the same place as `table` in this one. */
static const table_t *same_table(const nodes_t *s, const nodes_t *other, const table_t *table)
{
    return (const table_t *)(const void *)((const char *)other +
                                           ((const char *)table - (const char *)s));
}

void *nodes_inherited(const nodes_t *s, const table_t *table, slice_t key, uint64_t hash)
{
    void *found = s->previous ? table_get_hashed(same_table(s, s->previous, table), key, hash)
                              : NULL;
    return found || !s->base ? found : table_get_hashed(same_table(s, s->base, table), key, hash);
}

/* What there is already, here or in another store. */
static node_t *find(nodes_t *s, table_t *table, slice_t key, uint64_t hash,
                    slice_t (*own_key)(const node_t *n))
{
    node_t *n = table_get_hashed(table, key, hash);
    if (n) {
        return n;
    }
    n = nodes_inherited(s, table, key, hash);
    return n ? keep(s, table, own_key(n), hash, node_ref(n)) : NULL;
}

static slice_t key_text(const node_t *n)
{
    return n->text;
}

static slice_t key_shape(const node_t *n)
{
    return n->shape;
}

static void *failed(nodes_t *s)
{
    s->failed = true;
    return NULL;
}

/* A node with room for its shape behind it, which is copied there. */
static node_t *new_node(nodes_t *s, node_kind_t kind, slice_t shape)
{
    node_t *n = calloc(1, sizeof *n + shape.len);
    if (!n) {
        return failed(s);
    }
    atomic_init(&n->refs, 1);
    n->kind = (uint8_t)kind;
    char *copy = (char *)(n + 1);
    if (shape.len) {
        memcpy(copy, shape.ptr, shape.len);
    }
    n->shape = slice_of(copy, shape.len);
    return n;
}

/* ---- scalars ---- */

node_t *nodes_text(nodes_t *s, fragment_t *fragment, slice_t text)
{
    uint64_t hash = hash_slice(text);
    node_t *n = find(s, &s->texts, text, hash, key_text);
    if (n || s->failed || !text.ptr) {
        return n ? n : failed(s);
    }
    n = new_node(s, NODE_TEXT, fragment ? slice_of(NULL, 0) : text);
    if (!n) {
        return NULL;
    }
    n->fragment = fragment ? fragment_ref(fragment) : NULL;
    n->text = fragment ? text : n->shape;
    n->size = text.len;
    n->hash = content_hash(text);
    n->is_null = slice_is(text, "null");
    return keep(s, &s->texts, n->text, hash, n);
}

node_t *nodes_string(nodes_t *s, slice_t value)
{
    buf_t text = BUF_INIT;
    json_write_string(&text, value);
    node_t *n = buf_failed(&text) ? failed(s) : nodes_text(s, NULL, buf_slice(&text));
    buf_release(&text);
    return n;
}

/* ---- lists ---- */

node_t *nodes_list(nodes_t *s, const node_chunk_t *chunks, size_t count)
{
    const slice_t shape = slice_of((const char *)chunks, count * sizeof *chunks);
    static const node_chunk_t none;
    /* An empty list needs a shape of its own. */
    const slice_t key = count ? shape : slice_of((const char *)&none, sizeof none);
    uint64_t hash = hash_slice(key);
    node_t *n = find(s, &s->shapes, key, hash, key_shape);
    n = n || s->failed ? n : new_node(s, NODE_LIST, key);
    if (!n || n->size) {
        return n ? n : failed(s);
    }
    n->parts.chunks = (node_chunk_t *)(void *)(n + 1);
    n->part_count = count;
    n->size = 2;
    for (size_t i = 0; i < count; i++) {
        const node_chunk_t *c = &n->parts.chunks[i];
        (void)fragment_ref(c->fragment);
        n->count += c->count;
        n->size += c->len + (i > 0);
        n->hash = mix(n->hash, content_hash(slice_of(c->text, c->len)));
    }
    return keep(s, &s->shapes, n->shape, hash, n);
}

/* ---- runs ---- */

static size_t name_size(slice_t name)
{
    buf_t text = BUF_INIT;
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        if (c < 0x20 || c == '"' || c == '\\') {
            json_write_string(&text, name);
            size_t size = text.len;
            buf_release(&text);
            return size;
        }
    }
    return name.len + 2;
}

/* Children [0, count) as one run; names is NULL in arrays. */
static node_run_t *make_run(nodes_t *s, const slice_t *names, node_t *const *nodes, size_t count)
{
    buf_t *shape = &s->scratch;
    buf_clear(shape);
    buf_append(shape, nodes, count * sizeof(node_t *));
    uint32_t end = 0;
    for (size_t i = 0; names && i < count; i++) {
        end += (uint32_t)names[i].len;
        buf_append(shape, &end, sizeof end);
    }
    for (size_t i = 0; names && i < count; i++) {
        buf_append_slice(shape, names[i]);
    }
    if (buf_failed(shape)) {
        return failed(s);
    }
    uint64_t hash = hash_slice(buf_slice(shape));
    node_run_t *run = table_get_hashed(&s->runs, buf_slice(shape), hash);
    if (run) {
        return run;
    }
    run = nodes_inherited(s, &s->runs, buf_slice(shape), hash);
    if (run) {
        atomic_fetch_add_explicit(&run->refs, 1, memory_order_relaxed);
    } else {
        run = calloc(1, sizeof *run + shape->len);
        if (!run) {
            return failed(s);
        }
        atomic_init(&run->refs, 1);
        memcpy(run + 1, shape->ptr, shape->len);
        run->shape = slice_of((const char *)(run + 1), shape->len);
        run->count = count;
        run->nodes = (node_t **)(void *)(run + 1);
        run->ends = names ? (const uint32_t *)(const void *)(run->nodes + count) : NULL;
        run->names = names ? (const char *)(run->ends + count) : NULL;
        run->size = count - 1;
        for (size_t i = 0; i < count; i++) {
            const node_t *n = node_ref(run->nodes[i]);
            run->size += n->size + (names ? name_size(names[i]) + 1 : 0);
            run->hash = mix(run->hash, n->hash ^ (names ? content_hash(names[i]) : 0));
            run->has_null_member |= names && (n->is_null || n->has_null_member);
        }
    }
    if (table_put_hashed(&s->runs, run->shape, hash, run, NULL)) {
        node_run_unref(run);
        return failed(s);
    }
    return run;
}

/* An object or array of runs, which are borrowed. */
static node_t *make_parts(nodes_t *s, node_kind_t kind, node_run_t *const *runs, size_t count)
{
    buf_t *shape = &s->scratch;
    uintptr_t word = kind; /* no pointer is so small, so that no list has this shape */
    buf_clear(shape);
    buf_append(shape, &word, sizeof word);
    buf_append(shape, runs, count * sizeof(node_run_t *));
    if (buf_failed(shape)) {
        return failed(s);
    }
    uint64_t hash = hash_slice(buf_slice(shape));
    node_t *n = find(s, &s->shapes, buf_slice(shape), hash, key_shape);
    n = n || s->failed ? n : new_node(s, kind, buf_slice(shape));
    if (!n || n->size) {
        return n ? n : failed(s);
    }
    n->parts.runs = (node_run_t **)(void *)((char *)(n + 1) + sizeof word);
    n->part_count = count;
    n->size = 2 + (count ? count - 1 : 0);
    n->hash = kind;
    for (size_t i = 0; i < count; i++) {
        const node_run_t *run = n->parts.runs[i];
        atomic_fetch_add_explicit(&n->parts.runs[i]->refs, 1, memory_order_relaxed);
        n->count += run->count;
        n->size += run->size;
        n->hash = mix(n->hash, run->hash);
        n->has_null_member |= run->has_null_member;
    }
    return keep(s, &s->shapes, n->shape, hash, n);
}

static node_t *make_container(nodes_t *s, node_kind_t kind, const slice_t *names,
                              node_t *const *nodes, size_t count)
{
    size_t cap = count / RUN_MIN + 1, n = 0;
    node_run_t *few[8], **runs = cap <= 8 ? few : calloc(cap, sizeof(node_run_t *));
    node_t *made = NULL;
    bool whole = runs != NULL;
    for (size_t i = 0; i < count && whole; i++) {
        whole = nodes[i] != NULL;
    }
    for (size_t first = 0, i = 0; i < count && whole; i++) {
        uint64_t hash = nodes[i]->hash ^ (names ? content_hash(names[i]) : 0);
        if (i + 1 == count || run_ends(i + 1 - first, hash)) {
            runs[n] = make_run(s, names ? names + first : NULL, nodes + first, i + 1 - first);
            whole = runs[n++] != NULL;
            first = i + 1;
        }
    }
    made = whole ? make_parts(s, kind, runs, n) : failed(s);
    if (runs != few) {
        free(runs);
    }
    return made;
}

node_t *nodes_array(nodes_t *s, node_t *const *items, size_t count)
{
    return count ? make_container(s, NODE_ARRAY, NULL, items, count) : nodes_list(s, NULL, 0);
}

node_t *nodes_object(nodes_t *s, const slice_t *names, node_t *const *nodes, size_t count)
{
    return make_container(s, NODE_OBJECT, names, nodes, count);
}

/* ---- memory ---- */

node_t *nodes_recall(const nodes_t *s, slice_t key)
{
    return table_get(&s->known, key);
}

void nodes_remember(nodes_t *s, slice_t key, node_t *node)
{
    slice_t copy = node ? arena_copy(&s->keys, key) : slice_of(NULL, 0);
    s->failed |= !copy.ptr || table_put(&s->known, copy, node, NULL) != ERR_OK;
}
