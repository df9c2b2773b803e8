#include "footprintd/alto/network_map.h"

#include "value_list.h"

#include <stdlib.h>

typedef struct maker {
    const model_network_map_t *map;
    fragments_t *store;
    arena_t *arena;
    network_map_content_t *content;
    fragment_t **fragments;
    size_t fragment_count, fragment_cap;
    buf_t text;
    hasher_t hasher;
    bool failed;
} maker_t;

static bool push_fragment(maker_t *m, fragment_t *f)
{
    if (m->fragment_count == m->fragment_cap) {
        size_t cap = m->fragment_cap ? m->fragment_cap * 2 : 64;
        fragment_t **grown = realloc(m->fragments, cap * sizeof(fragment_t *));
        if (!grown) {
            return false;
        }
        m->fragments = grown;
        m->fragment_cap = cap;
    }
    m->fragments[m->fragment_count++] = f;
    return true;
}

/* "ipv4":["192.0.2.0/24"]; its digest goes into the tag. */
static const value_list_t *encode(maker_t *m, slice_t open, const fp_values_t *values)
{
    value_list_t *list = arena_alloc(m->arena, sizeof *list);
    if (!list ||
        value_list_make(m->store, m->arena, &m->text, open, values, SLICE_LIT("]"), list)) {
        m->failed = true;
        return NULL;
    }
    for (size_t i = 0; i < list->fragment_count; i++) {
        m->failed |= !push_fragment(m, list->fragments[i]);
    }
    m->content->segment_count += list->segment_count + 1; /* and a comma */
    hasher_update(&m->hasher, list->digest.bytes, DIGEST_SIZE);
    return list;
}

static void make_pid(maker_t *m, const model_pid_t *pid, network_map_pid_t *out)
{
    fragment_t *f = NULL;
    out->name = pid->name;
    buf_clear(&m->text);
    json_write_string(&m->text, pid->name);
    buf_append_str(&m->text, ":{");
    if (buf_failed(&m->text) || fragments_intern(m->store, buf_slice(&m->text), &f)) {
        m->failed = true;
        return;
    }
    m->failed |= !push_fragment(m, f);
    out->open = fragment_slice(f);
    m->content->segment_count += 3; /* comma, opening and closing */
    hasher_update(&m->hasher, "p", 1);
    hasher_update(&m->hasher, f->digest.bytes, DIGEST_SIZE);
    if (pid->v4_count) {
        fp_values_t v = {FP_IPV4CIDR, pid->v4_count, {.v4 = pid->v4}};
        out->addresses[FAMILY_IPV4] = encode(m, SLICE_LIT("\"ipv4\":["), &v);
    }
    if (pid->v6_count) {
        fp_values_t v = {FP_IPV6CIDR, pid->v6_count, {.v6 = pid->v6}};
        out->addresses[FAMILY_IPV6] = encode(m, SLICE_LIT("\"ipv6\":["), &v);
    }
}

static void make_frame(maker_t *m)
{
    network_map_content_t *c = m->content;
    buf_clear(&m->text);
    buf_printf(&m->text,
               "{\"meta\":{\"vtag\":{\"resource-id\":\"%.*s\",\"tag\":\"%s\"}},\"network-map\":{",
               SLICE_ARG(c->id), c->tag);
    c->head = arena_copy(m->arena, buf_slice(&m->text));
    c->tail = SLICE_LIT("}}");
    m->failed |= buf_failed(&m->text) || !c->head.ptr;
}

static void make(maker_t *m)
{
    const model_network_map_t *map = m->map;
    network_map_pid_t *pids = arena_array(m->arena, map->pid_count, sizeof *pids);
    if (!pids) {
        m->failed = true;
        return;
    }
    digest_t digest;
    hasher_begin(&m->hasher);
    hasher_update_slice(&m->hasher, SLICE_LIT("network-map\n"));
    for (size_t i = 0; i < map->pid_count && !m->failed; i++) {
        make_pid(m, &map->pids[i], &pids[i]);
    }
    m->failed |= hasher_finish(&m->hasher, &digest) != ERR_OK;
    tag_format(&digest, m->content->tag);
    m->content->id = map->id;
    m->content->pids = pids;
    m->content->count = map->pid_count;
    fragment_t **kept = arena_array(m->arena, m->fragment_count + 1, sizeof(fragment_t *));
    if (!kept) {
        m->failed = true;
        return;
    }
    if (m->fragment_count) {
        memcpy(kept, m->fragments, m->fragment_count * sizeof(fragment_t *));
    }
    m->content->fragments = kept;
    m->content->fragment_count = m->fragment_count;
    make_frame(m);
}

err_t network_map_build(const model_network_map_t *map, fragments_t *fragments, arena_t *arena,
                        network_map_content_t **out)
{
    maker_t m = {.map = map, .store = fragments, .arena = arena, .text = BUF_INIT};
    m.content = arena_alloc(arena, sizeof *m.content);
    if (!m.content || hasher_init(&m.hasher)) {
        return ERR_NOMEM;
    }
    make(&m);
    hasher_release(&m.hasher);
    buf_release(&m.text);
    free(m.fragments);
    *out = m.content;
    return m.failed ? ERR_NOMEM : ERR_OK;
}

err_t network_map_body(const network_map_content_t *c, body_t **out)
{
    slice_t *all = calloc(c->segment_count + 2, sizeof *all);
    fragment_t *head = NULL;
    digest_t none = {{0}};
    size_t n = 0;
    err_t err = all ? fragment_new(c->head, &none, &head) : ERR_NOMEM;
    if (!err) {
        all[n++] = fragment_slice(head);
        for (size_t i = 0; i < c->count; i++) {
            n += network_map_pid_segments(&c->pids[i], NETWORK_MAP_ALL_FAMILIES, i > 0, all + n);
        }
        all[n++] = SLICE_LIT("}}");
        err = body_new_shared(all, n, head, c->fragments, c->fragment_count, out);
    }
    free(all);
    return err;
}

size_t network_map_pid_segments(const network_map_pid_t *pid, unsigned families, bool comma,
                                slice_t *out)
{
    size_t n = 0;
    bool before = false;
    if (comma) {
        out[n++] = SLICE_LIT(",");
    }
    out[n++] = pid->open;
    for (unsigned f = 0; f < FAMILY_COUNT; f++) {
        const value_list_t *list = pid->addresses[f];
        if (!(families & 1u << f) || !list) {
            continue;
        }
        if (before) {
            out[n++] = SLICE_LIT(",");
        }
        memcpy(out + n, list->segments, list->segment_count * sizeof *out);
        n += list->segment_count;
        before = true;
    }
    out[n++] = SLICE_LIT("}");
    return n;
}

bool network_map_find_pid(const network_map_content_t *c, slice_t name, size_t *index)
{
    size_t low = 0, high = c->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int cmp = slice_cmp(c->pids[middle].name, name);
        if (!cmp) {
            *index = middle;
            return true;
        }
        if (cmp < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return false;
}

static err_t tree(const resource_t *resource, slice_t input, const alto_limits_t *limits,
                  arena_t *arena, alto_answer_t *refused, nodes_t *nodes, node_t **out)
{
    (void)input, (void)limits, (void)arena, (void)refused;
    return network_map_tree(resource->content, NULL, NETWORK_MAP_ALL_FAMILIES, nodes, out);
}

const resource_kind_t resource_kind_network_map = {
    .name = "network-map", .media_type = ALTO_MEDIA_NETWORK_MAP, .tree = tree};
