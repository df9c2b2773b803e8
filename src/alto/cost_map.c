#include "footprintd/alto/costs.h"

#include "cost_map.h"

#include <stdlib.h>

typedef struct maker {
    cost_map_content_t *content;
    fragments_t *store;
    arena_t *arena;
    buf_t text;
    cost_text_t *texts; /* of one row */
    hasher_t hasher;
    fragment_t **rows;
    uint32_t *sources;
} maker_t;

/* ---- content ---- */

static err_t make_row(maker_t *m, size_t from)
{
    const cost_space_t *space = m->content->space;
    const cost_matrix_t *costs = m->content->offer->costs;
    cost_map_content_t *c = m->content;
    fragment_t *f = NULL;
    /* Without cells all rows are one. */
    if (from && !costs->dense && !costs->starts) {
        f = c->count ? m->rows[0] : NULL;
    } else {
        buf_clear(&m->text);
        if (cost_row_write(space->keys, costs, from, m->texts, &m->text)) {
            err_t err = buf_failed(&m->text) ? ERR_NOMEM
                                             : fragments_intern(m->store, buf_slice(&m->text), &f);
            if (err) {
                return err;
            }
        }
    }
    if (buf_failed(&m->text)) {
        return ERR_NOMEM;
    }
    if (f) {
        m->rows[c->count] = f;
        m->sources[c->count++] = (uint32_t)from;
        hasher_update_slice(&m->hasher, space->keys[from]);
        hasher_update(&m->hasher, f->digest.bytes, DIGEST_SIZE);
    }
    return ERR_OK;
}

/* The frame, and behind it the keys of the rows, in one text: what a body has beside its rows. */
static err_t make_text(maker_t *m)
{
    cost_map_content_t *c = m->content;
    c->meta = cost_meta_one(c->offer, m->arena);
    slice_t head = arena_printf(m->arena, "{\"meta\":%.*s,\"cost-map\":{", SLICE_ARG(c->meta));
    slice_t *keys = arena_array(m->arena, c->count + 1, sizeof *keys);
    if (arena_failed(m->arena) || !keys) {
        return ERR_NOMEM;
    }
    buf_clear(&m->text);
    buf_append_slice(&m->text, head);
    for (size_t i = 0; i < c->count; i++) {
        buf_append_str(&m->text, i ? "," : "");
        buf_append_slice(&m->text, c->space->keys[c->sources[i]]);
        keys[i].len = (i > 0) + c->space->keys[c->sources[i]].len;
    }
    c->text = buf_failed(&m->text) ? slice_of(NULL, 0) : arena_copy(m->arena, buf_slice(&m->text));
    if (!c->text.ptr) {
        return ERR_NOMEM;
    }
    const char *at = c->text.ptr + head.len;
    for (size_t i = 0; i < c->count; at += keys[i++].len) {
        keys[i].ptr = at;
    }
    c->head = slice_of(c->text.ptr, head.len);
    c->keys = keys;
    return ERR_OK;
}

static err_t make(maker_t *m)
{
    cost_map_content_t *c = m->content;
    const network_map_content_t *map = c->space->map;
    digest_t digest;
    m->rows = arena_array(m->arena, map->count + 1, sizeof(fragment_t *));
    m->sources = arena_array(m->arena, map->count + 1, sizeof *m->sources);
    m->texts = malloc((map->count + 1) * sizeof *m->texts);
    if (!m->rows || !m->sources || !m->texts) {
        return ERR_NOMEM;
    }
    hasher_begin(&m->hasher);
    hasher_update_slice(&m->hasher, SLICE_LIT("cost-map\n"));
    hasher_update_slice(&m->hasher, c->offer->text);
    hasher_update_slice(&m->hasher, SLICE_LIT("\n"));
    hasher_update_slice(&m->hasher, map->id);
    hasher_update_slice(&m->hasher, SLICE_LIT("\n"));
    hasher_update(&m->hasher, map->tag, TAG_LEN);
    hasher_update_slice(&m->hasher, SLICE_LIT("\n"));
    err_t err = ERR_OK;
    for (size_t i = 0; i < map->count && !err; i++) {
        err = make_row(m, i);
    }
    err = err ? err : hasher_finish(&m->hasher, &digest);
    if (!err) {
        tag_format(&digest, c->tag);
        c->rows = m->rows;
        c->sources = m->sources;
        err = make_text(m);
    }
    return err;
}

err_t cost_map_build(slice_t id, cost_offer_t *offer, fragments_t *fragments, arena_t *arena,
                     cost_map_content_t **out)
{
    maker_t m = {.store = fragments, .arena = arena, .text = BUF_INIT};
    m.content = arena_alloc(arena, sizeof *m.content);
    if (!m.content || hasher_init(&m.hasher)) {
        return ERR_NOMEM;
    }
    m.content->id = id;
    m.content->space = offer->space;
    m.content->offer = offer;
    err_t err = make(&m);
    hasher_release(&m.hasher);
    buf_release(&m.text);
    free(m.texts);
    offer->whole = m.content;
    *out = m.content;
    return err;
}

err_t cost_map_body(const cost_map_content_t *c, body_t **out)
{
    slice_t *all = calloc(2 * c->count + 2, sizeof *all);
    fragment_t *head = NULL;
    digest_t none = {{0}};
    size_t n = 0;
    err_t err = all ? fragment_new(c->text, &none, &head) : ERR_NOMEM;
    if (!err) {
        const char *at = head->bytes + c->head.len;
        all[n++] = slice_of(head->bytes, c->head.len);
        for (size_t i = 0; i < c->count; i++) {
            all[n++] = slice_of(at, c->keys[i].len);
            all[n++] = fragment_slice(c->rows[i]);
            at += c->keys[i].len;
        }
        all[n++] = SLICE_LIT("}}");
        err = body_new_shared(all, n, head, c->rows, c->count, out);
    }
    free(all);
    return err;
}

/* ---- tree ---- */

/*
 * A row is one node, with the text that the body has: that a row is what it was is seen by its
 * fragment, and only rows that changed are looked into (node_expand).
 */
err_t cost_map_tree(const cost_map_content_t *c, nodes_t *nodes, node_t **out)
{
    slice_t *names = calloc(c->count + 1, sizeof *names);
    node_t **rows = calloc(c->count + 1, sizeof(node_t *));
    nodes->failed |= !names || !rows;
    for (size_t i = 0; i < c->count && !nodes->failed; i++) {
        names[i] = c->space->map->pids[c->sources[i]].name;
        rows[i] = nodes_text(nodes, c->rows[i], fragment_slice(c->rows[i]));
    }
    node_t *map = nodes->failed ? NULL : nodes_object(nodes, names, rows, c->count);
    *out = cost_root(c->meta, "cost-map", map, nodes);
    free(names);
    free(rows);
    return nodes->failed ? ERR_NOMEM : ERR_OK;
}

static err_t tree(const resource_t *resource, slice_t input, const alto_limits_t *limits,
                  arena_t *arena, alto_answer_t *refused, nodes_t *nodes, node_t **out)
{
    (void)input, (void)limits, (void)arena, (void)refused;
    return cost_map_tree(resource->content, nodes, out);
}

const resource_kind_t resource_kind_cost_map = {
    .name = "cost-map", .media_type = ALTO_MEDIA_COST_MAP, .tree = tree, .rank = 1};
