#include "footprintd/alto/cdni.h"

#include "request.h"

#define ENTRIES_DEFAULT 1024

#define FIELD      "cdni-capabilities"
#define FIELD_TYPE "cdni-capabilities/capability-type"
#define FIELD_DATA "cdni-capabilities/capability-value"

/* One wanted capability; equal ones are kept once. */
typedef struct wanted {
    slice_t name;
    const capability_type_t *type;
    const json_value_t *value;
} wanted_t;

/* ---- validation: missing, then types, then values (RFC 7285 8.5.2; our order is fixed) ---- */

static bool check_missing(request_t *r, const json_value_t *list)
{
    for (size_t i = 0; i < list->u.array.count; i++) {
        const json_value_t *entry = &list->u.array.items[i];
        if (entry->kind != JSON_OBJECT) {
            continue;
        }
        if (!json_get(entry, "capability-type")) {
            return request_missing(r, FIELD_TYPE);
        }
        if (!json_get(entry, "capability-value")) {
            return request_missing(r, FIELD_DATA);
        }
    }
    return true;
}

static bool check_types(request_t *r, const json_value_t *list)
{
    for (size_t i = 0; i < list->u.array.count; i++) {
        const json_value_t *type = json_get(&list->u.array.items[i], "capability-type");
        /* null is a wrong value (RFC 9241 5.6), found later. */
        if (type && type->kind != JSON_STRING && type->kind != JSON_NULL) {
            return request_wrong_type(r, FIELD_TYPE);
        }
    }
    return true;
}

static bool check_values(request_t *r, const json_value_t *list)
{
    for (size_t i = 0; i < list->u.array.count; i++) {
        const json_value_t *entry = &list->u.array.items[i];
        const json_value_t *type = json_get(entry, "capability-type");
        const json_value_t *value = json_get(entry, "capability-value");
        if (entry->kind != JSON_OBJECT || type->kind != JSON_STRING || !type->u.text.len ||
            value->kind == JSON_NULL || !capability_type_find(type->u.text)->consistent(value)) {
            return request_wrong_value(r, FIELD, entry);
        }
    }
    return true;
}

static const json_value_t *validated(request_t *r, const alto_limits_t *limits)
{
    const json_value_t *list = json_get(r->root, FIELD);
    size_t most = limits && limits->filter_entries ? limits->filter_entries : ENTRIES_DEFAULT;
    bool ok;
    if (!list) {
        ok = request_missing(r, FIELD);
    } else if (list->kind != JSON_ARRAY) {
        ok = request_wrong_type(r, FIELD);
    } else if (list->u.array.count > most) {
        ok = request_too_big(r);
    } else {
        ok = check_missing(r, list) && check_types(r, list) && check_values(r, list);
    }
    return ok ? list : NULL;
}

/* ---- matching (RFC 9241 5.6) ---- */

static size_t take_wanted(request_t *r, const json_value_t *list, wanted_t *out)
{
    table_t seen = TABLE_INIT;
    size_t n = 0;
    for (size_t i = 0; i < list->u.array.count; i++) {
        const json_value_t *entry = &list->u.array.items[i];
        wanted_t w = {json_get(entry, "capability-type")->u.text, NULL,
                      json_get(entry, "capability-value")};
        buf_t key = BUF_INIT;
        buf_append_slice(&key, w.name);
        buf_append_char(&key, '\0');
        json_write_value(&key, w.value);
        slice_t kept = arena_copy(r->arena, buf_slice(&key));
        void *old = NULL;
        if (buf_failed(&key) || !kept.ptr || table_put(&seen, kept, out, &old)) {
            r->arena->failed = true;
        } else if (!old) {
            w.type = capability_type_find(w.name);
            out[n++] = w;
        }
        buf_release(&key);
    }
    table_release(&seen);
    return n;
}

static bool matches(const capability_t *offered, const wanted_t *wanted, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (wanted[i].type == offered->type && slice_eq(wanted[i].name, offered->name) &&
            wanted[i].type->covers(&offered->value, wanted[i].value)) {
            return true;
        }
    }
    return false;
}

/* Objects of one capability stand together: each distinct capability is matched once. */
static void choose_objects(const cdni_content_t *c, const wanted_t *wanted, size_t count,
                           bool *chosen)
{
    const capability_t *last = NULL;
    bool take = false;
    for (size_t i = 0; i < c->count; i++) {
        const cdni_object_t *o = &c->objects[i];
        if (o->object->capability != last) {
            last = o->object->capability;
            take = matches(last, wanted, count);
        }
        chosen[i] = take;
    }
}

/* False: the answer is made, or memory is out. *chosen is NULL when all objects are wanted. */
static bool choose(request_t *r, const cdni_content_t *c, slice_t body, const alto_limits_t *limits,
                   bool **chosen)
{
    const json_value_t *list = request_parse(r, body) ? validated(r, limits) : NULL;
    *chosen = NULL;
    if (!list || !list->u.array.count) {
        return list != NULL;
    }
    wanted_t *wanted = arena_array(r->arena, list->u.array.count, sizeof *wanted);
    *chosen = arena_array(r->arena, c->count + 1, sizeof **chosen);
    if (!wanted || !*chosen) {
        return false;
    }
    choose_objects(c, wanted, take_wanted(r, list, wanted), *chosen);
    return !arena_failed(r->arena);
}

static size_t chosen_segments(const cdni_content_t *c, const bool *chosen, slice_t *out)
{
    size_t n = 0;
    out[n++] = c->head;
    for (size_t i = 0; i < c->count; i++) {
        const cdni_object_t *o = &c->objects[i];
        if (chosen[i]) {
            if (n > 1) {
                out[n++] = SLICE_LIT(",");
            }
            memcpy(out + n, c->segments + o->first, o->count * sizeof *out);
            n += o->count;
        }
    }
    out[n++] = c->tail;
    return n;
}

static err_t answer(const resource_t *resource, slice_t body, const alto_limits_t *limits,
                    arena_t *arena, alto_answer_t *out)
{
    const cdni_content_t *c = resource->content;
    request_t r = {arena, out, NULL};
    bool *chosen;
    if (!choose(&r, c, body, limits, &chosen)) {
        return request_end(&r);
    }
    if (!chosen) {
        request_answer_document(&r, ALTO_MEDIA_CDNI, c->document);
        return request_end(&r);
    }
    slice_t *segments = arena_array(arena, c->segment_count + c->count + 2, sizeof *segments);
    if (segments) {
        request_answer(&r, ALTO_MEDIA_CDNI, segments, chosen_segments(c, chosen, segments));
    }
    return request_end(&r);
}

static err_t tree(const resource_t *resource, slice_t input, const alto_limits_t *limits,
                  arena_t *arena, alto_answer_t *refused, nodes_t *nodes, node_t **out)
{
    request_t r = {arena, refused, NULL};
    bool *chosen;
    *out = NULL;
    return choose(&r, resource->content, input, limits, &chosen)
               ? cdni_tree(resource->content, chosen, nodes, out)
               : request_end(&r);
}

/*
 * Matching costs at most about the product of the bytes on both sides; the divisors were measured
 * with the dearest values (long lists of limits, nested opaque values) and rounded to the safe
 * side.
 */
static uint64_t cost(const resource_t *resource, slice_t body)
{
    const cdni_content_t *c = resource->content;
    return body.len / 50 + (uint64_t)body.len * c->value_bytes / 20000 + c->segment_count / 100;
}

const resource_kind_t resource_kind_cdni_filtered = {
    .name = "cdni-filtered",
    .media_type = ALTO_MEDIA_CDNI,
    .accepts = ALTO_MEDIA_CDNI_FILTER,
    .accepts_compat = ALTO_MEDIA_CDNI_FILTER_COMPAT,
    .answer = answer,
    .cost = cost,
    .tree = tree,
    .rank = 1,
};
