#include "footprintd/alto/network_map.h"

#include "values_text.h"

#include <stdlib.h>

typedef struct maker {
    const model_network_map_t *map;
    fragments_t *store;
    arena_t *arena;
    network_map_content_t *content;
    fragment_t **fragments;
    size_t fragment_count;
    buf_t text;
    hasher_t hasher;
    bool failed;
} maker_t;

/* "ipv4":["192.0.2.0/24"] as a fragment; its digest goes into the tag. */
static slice_t encode(maker_t *m, const char *family, const fp_values_t *values)
{
    fragment_t *f = NULL;
    buf_clear(&m->text);
    buf_printf(&m->text, "\"%s\":[", family);
    values_text(&m->text, values);
    buf_append_char(&m->text, ']');
    if (buf_failed(&m->text) || fragments_intern(m->store, buf_slice(&m->text), &f)) {
        m->failed = true;
        return SLICE_LIT("");
    }
    m->fragments[m->fragment_count++] = f;
    hasher_update(&m->hasher, f->digest.bytes, DIGEST_SIZE);
    return fragment_slice(f);
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
    m->fragments[m->fragment_count++] = f;
    out->open = fragment_slice(f);
    hasher_update(&m->hasher, "p", 1);
    hasher_update(&m->hasher, f->digest.bytes, DIGEST_SIZE);
    if (pid->v4_count) {
        fp_values_t v = {FP_IPV4CIDR, pid->v4_count, {.v4 = pid->v4}};
        out->addresses[FAMILY_IPV4] = encode(m, "ipv4", &v);
    }
    if (pid->v6_count) {
        fp_values_t v = {FP_IPV6CIDR, pid->v6_count, {.v6 = pid->v6}};
        out->addresses[FAMILY_IPV6] = encode(m, "ipv6", &v);
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
    m->fragments = arena_array(m->arena, map->pid_count * 3, sizeof(fragment_t *));
    if (!pids || !m->fragments) {
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
    m->content->fragments = m->fragments;
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
    *out = m.content;
    return m.failed ? ERR_NOMEM : ERR_OK;
}

err_t network_map_body(const network_map_content_t *c, body_t **out)
{
    slice_t *all = calloc(c->count * 6 + 2, sizeof *all);
    fragment_t *head = NULL;
    digest_t none = {{0}};
    size_t n = 0;
    err_t err = all ? fragment_new(c->head, &none, &head) : ERR_NOMEM;
    if (!err) {
        all[n++] = fragment_slice(head);
        for (size_t i = 0; i < c->count; i++) {
            n += network_map_pid_segments(&c->pids[i], 3, i > 0, all + n);
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
        if (!(families & 1u << f) || !pid->addresses[f].len) {
            continue;
        }
        if (before) {
            out[n++] = SLICE_LIT(",");
        }
        out[n++] = pid->addresses[f];
        before = true;
    }
    out[n++] = SLICE_LIT("}");
    return n;
}

const resource_kind_t resource_kind_network_map = {
    "network-map", ALTO_MEDIA_NETWORK_MAP, NULL, NULL, NULL, NULL};
