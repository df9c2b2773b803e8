#include "properties.h"

#include "property_query.h"
#include "request.h"
#include "trees.h"

/* ---- validation (RFC 9240 8.6) ---- */

/* An endless list is no question. Aliases are one entity, so that more may be named than answered.
 */
#define ENTRIES_FACTOR 2

static bool parse_properties(request_t *r, const property_map_content_t *c,
                             const json_value_t *list, property_query_t *q)
{
    bool *chosen = arena_array(r->arena, c->property_count, sizeof *chosen);
    q->properties = arena_array(r->arena, c->property_count, sizeof *q->properties);
    if (!chosen || !q->properties) {
        return false;
    }
    for (size_t i = 0; list && i < list->u.array.count; i++) {
        const json_value_t *v = &list->u.array.items[i];
        const property_t *p = v->kind == JSON_STRING ? property_find(c, v->u.text) : NULL;
        if (!p) {
            return request_wrong_value(r, "properties", v);
        }
        chosen[p - c->properties] = true;
    }
    bool all = !list || !list->u.array.count;
    for (size_t i = 0; i < c->property_count; i++) {
        if (all || chosen[i]) {
            q->properties[q->property_count++] = &c->properties[i];
        }
    }
    q->existence = !list;
    q->listed = !all;
    return true;
}

static bool parse_entities(request_t *r, const property_map_content_t *c, const json_value_t *list,
                           property_query_t *q)
{
    q->entities = arena_array(r->arena, list->u.array.count, sizeof *q->entities);
    if (!q->entities) {
        return false;
    }
    for (size_t i = 0; i < list->u.array.count; i++) {
        const json_value_t *v = &list->u.array.items[i];
        if (v->kind != JSON_STRING || !entity_parse(c, v->u.text, &q->entities[q->entity_count])) {
            return request_wrong_value(r, "entities", v);
        }
        q->entity_count++;
    }
    return true;
}

static bool validate(request_t *r, const property_map_content_t *c, const alto_limits_t *limits,
                     property_query_t *q)
{
    size_t own = limits ? limits->filter_entries : 0;
    size_t most = own ? own : c->in.max_entities * ENTRIES_FACTOR;
    const json_value_t *entities = json_get(r->root, "entities");
    const json_value_t *properties = json_get(r->root, "properties");
    if (!entities) {
        return request_missing(r, "entities");
    }
    if (entities->kind != JSON_ARRAY) {
        return request_wrong_type(r, "entities");
    }
    if (properties && properties->kind != JSON_ARRAY) {
        return request_wrong_type(r, "properties");
    }
    if (entities->u.array.count > most) {
        return request_too_big(r);
    }
    q->all = !entities->u.array.count;
    return parse_entities(r, c, entities, q) && parse_properties(r, c, properties, q);
}

/* ---- the answer ---- */

static size_t use_index(const property_map_content_t *c, slice_t id)
{
    size_t i = 0;
    while (i < c->uses_count && !slice_eq(c->uses[i], id)) {
        i++;
    }
    return i;
}

static bool of_maps_alone(const property_query_t *q)
{
    for (size_t i = 0; i < q->entity_count; i++) {
        if (q->entities[i].domain->kind != DOMAIN_PID) {
            return false;
        }
    }
    return !q->all;
}

/*
 * All resources (N20), unless only entities of single resources are asked for (N21): then those of
 * their domains, and of the properties that are asked for, or that the domains have.
 */
static void write_vtags(const property_map_content_t *c, const property_query_t *q, arena_t *arena,
                        buf_t *out)
{
    bool *chosen = arena_array(arena, c->uses_count, sizeof *chosen);
    if (!chosen || !of_maps_alone(q)) {
        buf_append_slice(out, c->all_vtags);
        return;
    }
    for (size_t i = 0; i < q->entity_count; i++) {
        const domain_t *d = q->entities[i].domain;
        if (i && d == q->entities[i - 1].domain) {
            continue;
        }
        chosen[use_index(c, c->in.maps[d->map].content->id)] = true;
        for (size_t p = 0; p < q->property_count; p++) {
            const property_t *property = q->properties[p];
            if (property->kind == PROPERTY_CAPABILITIES &&
                (q->listed || property_applies(c, property, d))) {
                chosen[use_index(c, c->in.advertisements[property->index]->id)] = true;
            } else if (property->kind == PROPERTY_PID && q->listed) {
                chosen[use_index(c, c->in.maps[property->index].content->id)] = true;
            }
        }
    }
    vtags_text(c, chosen, out);
}

/* Enough for most answers about one address. */
#define FIRST_ROOM 1000

static err_t answer(const resource_t *resource, slice_t body, const alto_limits_t *limits,
                    arena_t *arena, alto_answer_t *out)
{
    const property_map_content_t *c = resource->content;
    request_t r = {arena, out, NULL};
    property_query_t q = {0};
    if (!request_parse(&r, body) || !validate(&r, c, limits, &q)) {
        return request_end(&r);
    }
    property_text_t text = {.arena = arena, .buf = BUF_INIT};
    (void)buf_reserve(&text.buf, FIRST_ROOM);
    buf_append_str(&text.buf, "{\"meta\":{");
    write_vtags(c, &q, arena, &text.buf);
    buf_append_str(&text.buf, "},\"property-map\":{");
    err_t err = q.all ? property_query_all(c, arena, &q) : ERR_OK;
    err = err ? err : property_query_write(c, &q, &text);
    buf_append_str(&text.buf, "}}");
    if (err == ERR_LIMIT) {
        *out = (alto_answer_t){.status = 503};
        err = ERR_OK;
    } else if (!err) {
        size_t count = 0;
        const slice_t *segments = property_text_end(&text, &count);
        if (segments) {
            request_answer(&r, ALTO_MEDIA_PROPERTY_MAP, segments, count);
            out->entities = q.entity_count;
        }
        err = segments ? ERR_OK : ERR_NOMEM;
    }
    property_text_release(&text);
    return err ? err : request_end(&r);
}

static size_t skip_space(slice_t body, size_t at)
{
    while (at < body.len && memchr(" \t\r\n", body.ptr[at], 4)) {
        at++;
    }
    return at;
}

static bool comes(slice_t body, size_t *at, char c)
{
    *at = skip_space(body, *at);
    return *at < body.len && body.ptr[(*at)++] == c;
}

/* Whether the text may say "entities":[]; there is no other way without an escape. */
static bool may_ask_all(slice_t body)
{
    static const slice_t name = {"\"entities\"", 10};
    const char *found = body.ptr;
    while (body.len && (found = memmem(found, body.len - (size_t)(found - body.ptr), name.ptr,
                                       name.len)) != NULL) {
        found += name.len;
        size_t at = (size_t)(found - body.ptr);
        if (comes(body, &at, ':') && comes(body, &at, '[') && comes(body, &at, ']')) {
            return true;
        }
    }
    return false;
}

/* More than any loop should spend. */
#define MUCH_US 100000

/*
 * Addresses cost less than a microsecond each; a prefix, and everything, may cost a walk over all
 * that there is, however short the answer. An escape may hide either.
 */
static uint64_t cost(const resource_t *resource, slice_t body)
{
    (void)resource;
    bool much = body.len && (memchr(body.ptr, '/', body.len) || memchr(body.ptr, '\\', body.len) ||
                             may_ask_all(body));
    return body.len / 12 + (much ? MUCH_US : 0);
}

const resource_kind_t resource_kind_property_map_filtered = {
    .name = "property-map-filtered",
    .media_type = ALTO_MEDIA_PROPERTY_MAP,
    .accepts = ALTO_MEDIA_PROPERTY_MAP_PARAMS,
    .answer = answer,
    .cost = cost,
    .tree = answer_tree,
    .rank = 2,
};
