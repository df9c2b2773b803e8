#include "footprintd/alto/cdni.h"

#include "value_list.h"

#include <stdio.h>
#include <stdlib.h>

/* The shape of a wire object, between fragments. */
#define OPEN_FOOTPRINTS SLICE_LIT(",\"footprints\":[")
#define OPEN_UNION      SLICE_LIT("{\"footprint-type\":\"footprintunion\",\"footprint-value\":[")
#define CLOSE_UNION     SLICE_LIT("]}")
#define CLOSE_VALUES    SLICE_LIT("]}")
#define CLOSE_OBJECT    SLICE_LIT("]}")
#define CLOSE_GLOBAL    SLICE_LIT("}")
#define COMMA           SLICE_LIT(",")

/* A capability and its fragment, or a value list: encoded once a build. */
typedef struct encoded {
    const void *key;
    fragment_t *fragment;
    value_list_t list;
} encoded_t;

typedef struct maker {
    const cdni_input_t *in;
    table_t encoded; /* address -> encoded_t */
    buf_t text;
    slice_t *segments;
    size_t segment_count, segment_cap;
    fragment_t **fragments; /* distinct, in order of first use */
    size_t fragment_count, fragment_cap;
    cdni_content_t *content;
    bool failed;
} maker_t;

static void push_segment(maker_t *m, slice_t s)
{
    if (m->segment_count == m->segment_cap) {
        size_t cap = m->segment_cap ? m->segment_cap * 2 : 256;
        slice_t *grown = realloc(m->segments, cap * sizeof *grown);
        if (!grown) {
            m->failed = true;
            return;
        }
        m->segments = grown;
        m->segment_cap = cap;
    }
    m->segments[m->segment_count++] = s;
}

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

static encoded_t *recall(const maker_t *m, const void *key)
{
    return table_get(&m->encoded, slice_of((const char *)&key, sizeof key));
}

static encoded_t *remember(maker_t *m, const void *key)
{
    encoded_t *e = arena_alloc(m->in->arena, sizeof *e);
    if (e) {
        e->key = key;
    }
    m->failed |= !e || table_put(&m->encoded, slice_of((const char *)&e->key, sizeof e->key), e,
                                 NULL) != ERR_OK;
    return m->failed ? NULL : e;
}

/* {"footprint-type":"asn","footprint-value":["as64496"]} */
static const value_list_t *encode_values(maker_t *m, const fp_values_t *v)
{
    encoded_t *e = recall(m, v);
    if (e) {
        return &e->list;
    }
    char open[64];
    int len = snprintf(open, sizeof open, "{\"footprint-type\":\"%s\",\"footprint-value\":[",
                       fp_type_infos[v->type].name);
    e = remember(m, v);
    if (!e || value_list_make(m->in->fragments, m->in->arena, &m->text, slice_of(open, (size_t)len),
                              v, CLOSE_VALUES, &e->list)) {
        m->failed = true;
        return NULL;
    }
    for (size_t i = 0; i < e->list.fragment_count && !m->failed; i++) {
        m->failed |= !push_fragment(m, e->list.fragments[i]);
    }
    return &e->list;
}

/* {"capability-type":"FCI.X","capability-value":{...} */
static fragment_t *encode_capability(maker_t *m, const capability_t *c)
{
    encoded_t *e = recall(m, c);
    if (e) {
        return e->fragment;
    }
    buf_clear(&m->text);
    buf_append_str(&m->text, "{\"capability-type\":");
    json_write_string(&m->text, c->name);
    buf_append_str(&m->text, ",\"capability-value\":");
    buf_append_slice(&m->text, c->text);
    m->content->value_bytes += c->text.len;
    e = remember(m, c);
    if (!e || buf_failed(&m->text) ||
        fragments_intern(m->in->fragments, buf_slice(&m->text), &e->fragment) ||
        !push_fragment(m, e->fragment)) {
        m->failed = true;
        return NULL;
    }
    return e->fragment;
}

static void hash_digest(hasher_t *h, const digest_t *digest)
{
    hasher_update(h, digest->bytes, DIGEST_SIZE);
}

static void push_list(maker_t *m, const value_list_t *list)
{
    for (size_t i = 0; i < list->segment_count; i++) {
        push_segment(m, list->segments[i]);
    }
}

static size_t count_lists(const fp_set_t *set)
{
    size_t n = 0;
    for (size_t i = 0; i < set->count; i++) {
        n += set->constraints[i].type == FP_UNION ? set->constraints[i].member_count : 1;
    }
    return n;
}

/*
 * Segments and digest of one object. The digest is over the digests of its parts, each with a byte
 * that says what it is, so that no two different objects have the same input. The hasher of the
 * store is used by encode_*: parts are encoded before the object is hashed.
 */
static void make_object(maker_t *m, const model_object_t *o, hasher_t *h, cdni_object_t *out)
{
    const fp_set_t *set = &o->footprints;
    fragment_t *head = encode_capability(m, o->capability);
    if (!head) {
        return;
    }
    *out = (cdni_object_t){.object = o, .first = m->segment_count};
    out->lists = arena_array(m->in->arena, count_lists(set), sizeof *out->lists);
    size_t lists = 0;
    if (!out->lists) {
        m->failed = true;
        return;
    }
    hasher_begin(h);
    hasher_update(h, "c", 1);
    hash_digest(h, &head->digest);
    push_segment(m, fragment_slice(head));
    if (set->count) {
        push_segment(m, OPEN_FOOTPRINTS);
    }
    for (size_t i = 0; i < set->count && !m->failed; i++) {
        const fp_constraint_t *c = &set->constraints[i];
        bool is_union = c->type == FP_UNION;
        size_t parts = is_union ? c->member_count : 1;
        if (i) {
            push_segment(m, COMMA);
        }
        if (is_union) {
            push_segment(m, OPEN_UNION);
        }
        hasher_update(h, is_union ? "(" : "f", 1);
        for (size_t k = 0; k < parts && !m->failed; k++) {
            const value_list_t *list = encode_values(m, is_union ? c->members[k] : c->values);
            if (!list) {
                return;
            }
            if (k) {
                push_segment(m, COMMA);
            }
            out->lists[lists++] = list;
            push_list(m, list);
            hash_digest(h, &list->digest);
        }
        if (is_union) {
            push_segment(m, CLOSE_UNION);
            hasher_update(h, ")", 1);
        }
    }
    push_segment(m, set->count ? CLOSE_OBJECT : CLOSE_GLOBAL);
    out->count = m->segment_count - out->first;
    m->failed |= hasher_finish(h, &out->digest) != ERR_OK;
}

static bool same_wire(const model_object_t *a, const model_object_t *b)
{
    return a->capability == b->capability && !fp_set_cmp(&a->footprints, &b->footprints);
}

/* The visible objects in canonical order; what two documents say alike is shown once. */
static void make_objects(maker_t *m, hasher_t *h)
{
    const model_advertisement_t *ad = m->in->advertisement;
    cdni_object_t *objects = arena_array(m->in->arena, ad->count, sizeof *objects);
    size_t n = 0;
    bool *chosen = NULL;
    m->failed |= !objects || scope_choose(m->in->scope, ad, m->in->arena, &chosen,
                                          &m->content->withheld) != ERR_OK;
    for (size_t i = 0; i < ad->count && !m->failed; i++) {
        const model_object_t *o = &ad->objects[i];
        if (!chosen[i] || (n && same_wire(objects[n - 1].object, o))) {
            continue;
        }
        make_object(m, o, h, &objects[n++]);
        m->content->uses_map |= fp_set_has(&o->footprints, FP_ALTOPID);
    }
    m->content->objects = objects;
    m->content->count = n;
}

/* The tag covers the objects in their order, and the network map when it is used. */
static void make_tag(maker_t *m, hasher_t *h)
{
    cdni_content_t *c = m->content;
    digest_t digest;
    hasher_begin(h);
    hasher_update_slice(h, SLICE_LIT("cdni-advertisement\n"));
    if (c->uses_map) {
        hasher_update_slice(h, c->map_id);
        hasher_update(h, "\n", 1);
        hasher_update(h, c->map_tag, TAG_LEN);
    }
    hasher_update(h, "\n", 1);
    for (size_t i = 0; i < c->count; i++) {
        hasher_update(h, c->objects[i].digest.bytes, DIGEST_SIZE);
    }
    m->failed |= hasher_finish(h, &digest) != ERR_OK;
    tag_format(&digest, c->tag);
}

static void make_frame(maker_t *m)
{
    cdni_content_t *c = m->content;
    buf_clear(&m->text);
    buf_printf(&m->text, "{\"meta\":{\"vtag\":{\"resource-id\":\"%.*s\",\"tag\":\"%s\"}",
               SLICE_ARG(c->id), c->tag);
    if (c->uses_map) {
        buf_printf(&m->text, ",\"dependent-vtags\":[{\"resource-id\":\"%.*s\",\"tag\":\"%s\"}]",
                   SLICE_ARG(c->map_id), c->map_tag);
    }
    buf_append_str(&m->text, "},\"cdni-advertisement\":{\"capabilities-with-footprints\":[");
    c->head = arena_copy(m->in->arena, buf_slice(&m->text));
    c->tail = SLICE_LIT("]}}");
    m->failed |= buf_failed(&m->text) || !c->head.ptr;
}

static void keep_lists(maker_t *m)
{
    cdni_content_t *c = m->content;
    slice_t *segments = arena_array(m->in->arena, m->segment_count, sizeof *segments);
    fragment_t **fragments = arena_array(m->in->arena, m->fragment_count, sizeof(fragment_t *));
    if (!segments || !fragments) {
        m->failed = true;
        return;
    }
    if (m->segment_count) {
        memcpy(segments, m->segments, m->segment_count * sizeof *segments);
        memcpy(fragments, m->fragments, m->fragment_count * sizeof(fragment_t *));
    }
    c->segments = segments;
    c->segment_count = m->segment_count;
    c->fragments = fragments;
    c->fragment_count = m->fragment_count;
}

err_t cdni_build(const cdni_input_t *input, cdni_content_t **out)
{
    maker_t m = {.in = input, .text = BUF_INIT};
    hasher_t h;
    m.content = arena_alloc(input->arena, sizeof *m.content);
    if (!m.content || hasher_init(&h)) {
        return ERR_NOMEM;
    }
    m.content->id = input->advertisement->id;
    m.content->map_id = input->map_id;
    memcpy(m.content->map_tag, input->map_tag, TAG_LEN);
    make_objects(&m, &h);
    make_tag(&m, &h);
    make_frame(&m);
    keep_lists(&m);
    hasher_release(&h);
    table_release(&m.encoded);
    buf_release(&m.text);
    free(m.segments);
    free(m.fragments);
    *out = m.content;
    return m.failed ? ERR_NOMEM : ERR_OK;
}

err_t cdni_body(const cdni_content_t *c, body_t **out)
{
    slice_t *all = calloc(c->segment_count + c->count + 2, sizeof *all);
    if (!all) {
        return ERR_NOMEM;
    }
    size_t n = 0;
    fragment_t *head = NULL;
    digest_t none = {{0}};
    /* Head and tail die with the view; the body may live longer. */
    err_t err = fragment_new(c->head, &none, &head);
    if (!err) {
        all[n++] = fragment_slice(head);
        for (size_t i = 0; i < c->count; i++) {
            if (i) {
                all[n++] = COMMA;
            }
            memcpy(all + n, c->segments + c->objects[i].first, c->objects[i].count * sizeof *all);
            n += c->objects[i].count;
        }
        all[n++] = SLICE_LIT("]}}");
        err = body_new_shared(all, n, head, c->fragments, c->fragment_count, out);
    }
    free(all);
    return err;
}

static err_t tree(const resource_t *resource, slice_t input, const alto_limits_t *limits,
                  arena_t *arena, alto_answer_t *refused, nodes_t *nodes, node_t **out)
{
    (void)input, (void)limits, (void)arena, (void)refused;
    return cdni_tree(resource->content, NULL, nodes, out);
}

const resource_kind_t resource_kind_cdni = {
    .name = "cdni", .media_type = ALTO_MEDIA_CDNI, .tree = tree, .rank = 1};
