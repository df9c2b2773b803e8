#include "footprintd/alto/endpoint_property.h"

#include "property_text.h"
#include "property_values.h"
#include "request.h"
#include "trees.h"

/* One of the property map's properties, under the name that endpoints have it by. */
typedef struct offered {
    const property_t *property;
    slice_t name;
} offered_t;

struct endpoint_property_content {
    const property_map_content_t *maps;
    offered_t *offered; /* in the order of the property map: PIDs by name, then the databases */
    size_t count;
};

/* ---- what is offered ---- */

err_t endpoint_property_build(const property_map_content_t *maps, arena_t *arena,
                              endpoint_property_content_t **out)
{
    endpoint_property_content_t *c = arena_alloc(arena, sizeof *c);
    offered_t *offered = arena_array(arena, maps->property_count, sizeof *offered);
    if (!c || !offered) {
        return ERR_NOMEM;
    }
    *c = (endpoint_property_content_t){maps, offered, 0};
    for (size_t i = 0; i < maps->property_count; i++) {
        const property_t *p = &maps->properties[i];
        if (p->kind != PROPERTY_CAPABILITIES) {
            size_t dot = p->kind == PROPERTY_PID ? 0 : 1;
            offered[c->count++] = (offered_t){p, slice_of(p->name.ptr + dot, p->name.len - dot)};
        }
    }
    *out = c;
    return ERR_OK;
}

slice_t endpoint_property_capabilities(const endpoint_property_content_t *c, arena_t *arena)
{
    buf_t text = BUF_INIT;
    buf_append_str(&text, "{\"prop-types\":[");
    for (size_t i = 0; i < c->count; i++) {
        buf_printf(&text, "%s\"%.*s\"", i ? "," : "", SLICE_ARG(c->offered[i].name));
    }
    buf_append_str(&text, "]}");
    slice_t copy = buf_failed(&text) ? (slice_t){0} : arena_copy(arena, buf_slice(&text));
    buf_release(&text);
    return copy;
}

/* ---- the question (RFC 7285 11.4.1.3) ---- */

/* An endpoint as it was asked for: the answer has it in the same spelling. */
typedef struct endpoint {
    slice_t spelling;
    addr_t addr;
} endpoint_t;

typedef struct question {
    endpoint_t *endpoints; /* each spelling once, in order */
    size_t endpoint_count;
    const offered_t **properties; /* each once, in the order in which they are offered */
    size_t property_count;
    bool databases; /* any of them is read from the databases */
} question_t;

static const offered_t *find_property(const endpoint_property_content_t *c, const json_value_t *v)
{
    for (size_t i = 0; v->kind == JSON_STRING && i < c->count; i++) {
        if (slice_eq(c->offered[i].name, v->u.text)) {
            return &c->offered[i];
        }
    }
    return NULL;
}

static bool parse_properties(request_t *r, const endpoint_property_content_t *c,
                             const json_value_t *list, question_t *q)
{
    bool *chosen = arena_array(r->arena, c->count, sizeof *chosen);
    q->properties = arena_array(r->arena, c->count, sizeof *q->properties);
    if (!chosen || !q->properties) {
        return false;
    }
    for (size_t i = 0; i < list->u.array.count; i++) {
        const offered_t *o = find_property(c, &list->u.array.items[i]);
        if (!o) {
            return request_wrong_value(r, "properties", &list->u.array.items[i]);
        }
        chosen[o - c->offered] = true;
    }
    for (size_t i = 0; i < c->count; i++) {
        if (chosen[i]) {
            q->properties[q->property_count++] = &c->offered[i];
            q->databases |= c->offered[i].property->kind != PROPERTY_PID;
        }
    }
    return true;
}

static bool parse_endpoint(const json_value_t *v, endpoint_t *out)
{
    out->spelling = v->kind == JSON_STRING ? v->u.text : SLICE_LIT("");
    return request_endpoint(out->spelling, &out->addr);
}

/* Two spellings of one address are two members of the answer; the same spelling twice is one. */
static bool parse_endpoints(request_t *r, const json_value_t *list, question_t *q)
{
    table_t known = TABLE_INIT;
    bool ok = true;
    q->endpoints = arena_array(r->arena, list->u.array.count, sizeof *q->endpoints);
    for (size_t i = 0; q->endpoints && ok && i < list->u.array.count; i++) {
        endpoint_t *e = &q->endpoints[q->endpoint_count];
        void *old = NULL;
        if (!parse_endpoint(&list->u.array.items[i], e)) {
            ok = request_wrong_value(r, "endpoints", &list->u.array.items[i]);
        } else if (table_put(&known, e->spelling, e, &old)) {
            r->arena->failed = true;
            ok = false;
        } else {
            q->endpoint_count += !old;
        }
    }
    table_release(&known);
    return ok && q->endpoints;
}

static bool validate(request_t *r, const endpoint_property_content_t *c,
                     const alto_limits_t *limits, question_t *q)
{
    /* One answer has no more entities than one of the property map, which says the same of them. */
    size_t most = c->maps->in.max_entities, own = limits ? limits->filter_entries : 0;
    most = own && own < most ? own : most;
    const json_value_t *properties = json_get(r->root, "properties");
    const json_value_t *endpoints = json_get(r->root, "endpoints");
    if (!properties) {
        return request_missing(r, "properties");
    }
    if (!endpoints) {
        return request_missing(r, "endpoints");
    }
    if (properties->kind != JSON_ARRAY) {
        return request_wrong_type(r, "properties");
    }
    if (endpoints->kind != JSON_ARRAY) {
        return request_wrong_type(r, "endpoints");
    }
    if (endpoints->u.array.count > most || properties->u.array.count > most) {
        return request_too_big(r);
    }
    if (!properties->u.array.count) {
        return request_wrong_value(r, "properties", properties);
    }
    if (!parse_properties(r, c, properties, q)) {
        return false;
    }
    return endpoints->u.array.count ? parse_endpoints(r, endpoints, q)
                                    : request_wrong_value(r, "endpoints", endpoints);
}

/* ---- the answer (RFC 7285 11.4.1.6) ---- */

/* Of the network maps whose PIDs are asked for; nothing when none are. */
static void write_vtags(const endpoint_property_content_t *c, const question_t *q, arena_t *arena,
                        buf_t *out)
{
    const property_map_content_t *maps = c->maps;
    bool *chosen = arena_array(arena, maps->uses_count, sizeof *chosen);
    for (size_t i = 0; chosen && i < q->property_count; i++) {
        const property_t *p = q->properties[i]->property;
        if (p->kind != PROPERTY_PID) {
            continue;
        }
        for (size_t u = 0; u < maps->uses_count; u++) {
            chosen[u] |= slice_eq(maps->uses[u], maps->in.maps[p->index].content->id);
        }
    }
    if (chosen) {
        vtags_text(maps, chosen, out);
    }
}

/* Every endpoint that is asked for has a member, which lacks the properties without a value. */
static void write_endpoint(const endpoint_property_content_t *c, const question_t *q,
                           const endpoint_t *e, buf_t *out)
{
    const property_map_content_t *maps = c->maps;
    point_t at = {0, q->databases ? attributes_id(maps->in.attributes, &e->addr) : 0};
    size_t n = 0;
    json_write_string(out, e->spelling);
    buf_append(out, ":{", 2);
    for (size_t i = 0; i < q->property_count; i++) {
        const property_t *p = q->properties[i]->property;
        uint64_t number = property_number(maps, p, &at, &e->addr);
        if (number) {
            buf_append_str(out, n++ ? ",\"" : "\"");
            buf_append_slice(out, q->properties[i]->name);
            buf_append(out, "\":", 2);
            property_number_text(maps, p, number, out);
        }
    }
    buf_append_char(out, '}');
}

static err_t answer(const resource_t *resource, slice_t body, const alto_limits_t *limits,
                    arena_t *arena, alto_answer_t *out)
{
    const endpoint_property_content_t *c = resource->content;
    request_t r = {arena, out, NULL};
    question_t q = {0};
    if (!request_parse(&r, body) || !validate(&r, c, limits, &q)) {
        return request_end(&r);
    }
    property_text_t text = {.arena = arena, .buf = BUF_INIT};
    buf_append_str(&text.buf, "{\"meta\":{");
    write_vtags(c, &q, arena, &text.buf);
    buf_append_str(&text.buf, "},\"endpoint-properties\":{");
    for (size_t i = 0; i < q.endpoint_count; i++) {
        property_text_pause(&text);
        if (i) {
            buf_append_char(&text.buf, ',');
        }
        write_endpoint(c, &q, &q.endpoints[i], &text.buf);
    }
    buf_append_str(&text.buf, "}}");
    size_t count = 0;
    const slice_t *segments = property_text_end(&text, &count);
    if (segments) {
        request_answer(&r, ALTO_MEDIA_ENDPOINT_PROPERTY, segments, count);
        out->entities = q.endpoint_count;
    }
    property_text_release(&text);
    return segments ? request_end(&r) : ERR_NOMEM;
}

/* An endpoint costs less than a microsecond, and about as much again for every few properties. */
static uint64_t cost(const resource_t *resource, slice_t body)
{
    const endpoint_property_content_t *c = resource->content;
    return body.len / 15 * (1 + c->count / 8);
}

const resource_kind_t resource_kind_endpoint_property = {
    .name = "endpoint-property",
    .media_type = ALTO_MEDIA_ENDPOINT_PROPERTY,
    .accepts = ALTO_MEDIA_ENDPOINT_PROPERTY_PARAMS,
    .answer = answer,
    .cost = cost,
    .tree = answer_tree,
    .rank = 1,
};
