#include "path_vector.h"

#include "cost_request.h"

#include "footprintd/alto/property_map.h"

/* Path vectors by POST (RFC 9275 7.2, 7.3): what is asked for, and the two parts of the answer. */

/*
 * Between parts. It stands nowhere in them: no JSON of ours has a '+' behind a letter other than
 * the one of an exponent, and none has line ends.
 */
#define BOUNDARY "part+part"
#define NEXT     "\r\n--" BOUNDARY "\r\n"
#define END      "\r\n--" BOUNDARY "--\r\n"

/* The two resources of a topology. */
typedef struct shape {
    const char *part;  /* of the costs, in Content-ID and vtag */
    const char *media; /* of it */
    const char *answer;
    const char *data;
    bool depends; /* on the network map, and says so */
} shape_t;

#define MESSAGE(media) "multipart/related; boundary=" BOUNDARY "; type=\"" media "\""

#define SHAPE(part, media, data, depends)                                                          \
    {                                                                                              \
        part, media, MESSAGE(media), data, depends                                                 \
    }

static const shape_t costs = SHAPE("costmap", ALTO_MEDIA_COST_MAP, "cost-map", true);
static const shape_t endpoints = SHAPE("ecs", ALTO_MEDIA_ENDPOINT_COST, "endpoint-cost-map", false);

/* ---- the request ---- */

#define FIELD "ane-property-names"

static bool take_property(const path_vector_content_t *c, slice_t name, ane_properties_t *out)
{
    if (c->topology->shows_bandwidth && slice_is(name, ANE_BANDWIDTH)) {
        out->bandwidth = true;
        return true;
    }
    if (c->elements_id.len && slice_is(name, ANE_ENTITY)) {
        out->entity = true;
        return true;
    }
    return false;
}

/* The wrong one, or NULL. */
static const json_value_t *read_properties(const path_vector_content_t *c, const json_value_t *list,
                                           ane_properties_t *out)
{
    *out = (ane_properties_t){false, false};
    for (size_t i = 0; list && i < list->u.array.count; i++) {
        const json_value_t *v = &list->u.array.items[i];
        if (v->kind != JSON_STRING || !take_property(c, v->u.text, out)) {
            return v;
        }
    }
    return NULL;
}

static bool check_properties(request_t *r, const cost_lists_t *form, bool values)
{
    const json_value_t *list = json_get(r->root, FIELD);
    ane_properties_t properties;
    if (!values) {
        return !list || list->kind == JSON_ARRAY || request_wrong_type(r, FIELD);
    }
    const json_value_t *wrong = read_properties(form->content, list, &properties);
    return !wrong || request_wrong_value(r, FIELD, wrong);
}

static cost_lists_t form_of(const path_vector_content_t *c, const shape_t *shape)
{
    cost_lists_t form = shape->depends ? cost_pids_form : cost_endpoints_form;
    form.more = check_properties;
    form.content = c;
    return form;
}

/* From the numbers of PIDs to those of nodes, or from what may be no node. */
static bool to_nodes(request_t *r, const path_vector_content_t *c, const shape_t *shape,
                     cost_side_t *side)
{
    uint32_t *nodes = arena_array(r->arena, side->count + 1, sizeof *nodes);
    for (size_t i = 0; nodes && i < side->count; i++) {
        uint32_t number = side->pids[i];
        nodes[i] = shape->depends                     ? c->index->pid_nodes[number]
                   : number < c->topology->node_count ? number
                                                      : TOPOLOGY_NONE;
    }
    side->pids = nodes;
    return nodes != NULL;
}

static bool read_request(request_t *r, const path_vector_content_t *c, const shape_t *shape,
                         slice_t body, const alto_limits_t *limits, cost_side_t *from,
                         cost_side_t *to)
{
    const cost_lists_t form = form_of(c, shape);
    const cost_terms_t terms = {c->offer, 1, 0};
    cost_request_t q;
    bool read = shape->depends ? cost_request_read(r, body, limits, &form, &terms, &q) &&
                                     cost_request_pids(r, c->pids, &q, from, to)
                               : cost_request_read_endpoints(r, body, limits, &form, &terms, &q) &&
                                     cost_request_endpoints(r, c->endpoints, &q, limits, from, to);
    return read && cost_request_fits(r, limits, &q, from->count, to->count) &&
           to_nodes(r, c, shape, from) && to_nodes(r, c, shape, to);
}

/* ---- the answer ---- */

typedef struct writer {
    const path_vector_content_t *c;
    const shape_t *shape;
    const path_table_t *table;
    ane_properties_t properties;
    buf_t data; /* the costs */
    buf_t text; /* what goes before them, and what goes behind */
    char tag[TAG_LEN + 1];
} writer_t;

static void write_path(const path_table_t *t, const uint32_t *path, uint32_t length, buf_t *out)
{
    /* Quotes, and a comma or bracket in front. */
    if (!buf_reserve(out, 2 + (size_t)length * (ANE_NAME_LEN + 3))) {
        buf_append_char(out, '['); /* fails, and says so */
        return;
    }
    char *at = out->ptr + out->len;
    *at++ = '[';
    for (uint32_t i = 0; i < length; i++) {
        if (i) {
            *at++ = ',';
        }
        *at++ = '"';
        memcpy(at, t->anes[path[i]].name, ANE_NAME_LEN);
        at += ANE_NAME_LEN;
        *at++ = '"';
    }
    *at++ = ']';
    out->len = (size_t)(at - out->ptr);
}

/* {"source":{"destination":["name",...],...},...} without pairs that have no path. */
static void write_costs(const path_table_t *t, buf_t *out)
{
    const uint32_t *path = t->elements, *length = t->lengths;
    bool any_row = false;
    buf_append_char(out, '{');
    for (size_t i = 0; i < t->from.count; i++) {
        bool any = false;
        for (size_t k = 0; k < t->to.count; k++, length++) {
            if (*length == PATH_VECTOR_NONE) {
                continue;
            }
            if (!any) {
                buf_append_str(out, any_row ? "," : "");
                buf_append_slice(out, t->from.keys[i]);
            }
            buf_append_char(out, any ? ',' : '{');
            buf_append_slice(out, t->to.keys[k]);
            write_path(t, path, *length, out);
            path += *length;
            any = any_row = true;
        }
        if (any) {
            buf_append_char(out, '}');
        }
    }
    buf_append_char(out, '}');
}

/* Of these costs, whatever they are asked with: equal ones have equal tags. */
static err_t make_tag(writer_t *w)
{
    digest_t digest;
    hasher_t h;
    err_t err = hasher_init(&h);
    if (err) {
        return err;
    }
    hasher_begin(&h);
    hasher_update_slice(&h, SLICE_LIT("path-vector\n"));
    if (w->shape->depends) {
        hasher_update(&h, w->c->pids->map->tag, TAG_LEN);
    }
    hasher_update_slice(&h, SLICE_LIT("\n"));
    hasher_update_slice(&h, buf_slice(&w->data));
    err = hasher_finish(&h, &digest);
    hasher_release(&h);
    if (!err) {
        tag_format(&digest, w->tag);
    }
    return err;
}

static slice_t id_of(const writer_t *w)
{
    return w->shape->depends ? w->c->costs_id : w->c->endpoints_id;
}

static void write_part_head(const writer_t *w, const char *part, const char *media, buf_t *out)
{
    buf_printf(out, "Content-ID: <%s@%.*s>\r\nContent-Type: %s\r\n\r\n", part,
               SLICE_ARG(w->c->domain), media);
}

static void write_head(const writer_t *w, buf_t *out)
{
    buf_append_str(out, "--" BOUNDARY "\r\n");
    write_part_head(w, w->shape->part, w->shape->media, out);
    buf_printf(out, "{\"meta\":{\"vtag\":{\"resource-id\":\"%.*s.%s\",\"tag\":\"%s\"}",
               SLICE_ARG(id_of(w)), w->shape->part, w->tag);
    if (w->shape->depends) {
        buf_printf(out, ",\"dependent-vtags\":[{\"resource-id\":\"%.*s\",\"tag\":\"%s\"}]",
                   SLICE_ARG(w->c->pids->map->id), w->c->pids->map->tag);
    }
    buf_printf(out, ",\"cost-type\":" ALTO_PATH_VECTOR_TYPE "},\"%s\":", w->shape->data);
}

static void write_ane(const writer_t *w, const ane_t *ane, buf_t *out)
{
    bool any = false;
    buf_append_str(out, "\".ane:");
    buf_append(out, ane->name, ANE_NAME_LEN);
    buf_append_str(out, "\":{");
    if (w->properties.bandwidth && ane->capacity.known) {
        buf_append_str(out, "\"" ANE_BANDWIDTH "\":");
        buf_append_u64(out, ane->capacity.value);
        any = true;
    }
    if (w->properties.entity && ane->element != TOPOLOGY_NONE) {
        buf_append_str(out, any ? ",\"" ANE_ENTITY "\":" : "\"" ANE_ENTITY "\":");
        element_entity_write(w->c, ane->element, out);
    }
    buf_append_char(out, '}');
}

static void write_tail(const writer_t *w, buf_t *out)
{
    buf_append_str(out, "}" NEXT);
    write_part_head(w, "propmap", ALTO_MEDIA_PROPERTY_MAP, out);
    buf_printf(out, "{\"meta\":{\"dependent-vtags\":[{\"resource-id\":\"%.*s.%s\",\"tag\":\"%s\"}",
               SLICE_ARG(id_of(w)), w->shape->part, w->tag);
    if (w->properties.entity) {
        buf_printf(out, ",{\"resource-id\":\"%.*s\",\"tag\":\"%s\"}", SLICE_ARG(w->c->elements_id),
                   w->c->elements_tag);
    }
    buf_append_str(out, "]},\"property-map\":{");
    for (size_t i = 0; i < w->table->ane_count; i++) {
        buf_append_str(out, i ? "," : "");
        write_ane(w, &w->table->anes[i], out);
    }
    buf_append_str(out, "}}" END);
}

static void keep(request_t *r, const buf_t *text, slice_t *out)
{
    *out = buf_failed(text) ? slice_of(NULL, 0) : arena_copy(r->arena, buf_slice(text));
    r->arena->failed |= !out->ptr;
}

static void write_answer(request_t *r, writer_t *w)
{
    slice_t *segments = arena_array(r->arena, 3, sizeof *segments);
    write_costs(w->table, &w->data);
    if (!segments || buf_failed(&w->data) || make_tag(w)) {
        r->arena->failed = true;
        return;
    }
    write_head(w, &w->text);
    keep(r, &w->text, &segments[0]);
    keep(r, &w->data, &segments[1]);
    buf_clear(&w->text);
    write_tail(w, &w->text);
    keep(r, &w->text, &segments[2]);
    if (!arena_failed(r->arena)) {
        request_answer(r, w->shape->answer, segments, 3);
        r->answer->entities = w->shape->depends ? 0 : w->table->from.count * w->table->to.count;
    }
}

static err_t answer(const path_vector_content_t *c, const shape_t *shape, slice_t body,
                    const alto_limits_t *limits, arena_t *arena, alto_answer_t *out)
{
    request_t r = {arena, out, NULL};
    cost_side_t from, to;
    path_table_t table = {.content = c};
    writer_t w = {.c = c, .shape = shape, .table = &table, .data = BUF_INIT, .text = BUF_INIT};
    if (!read_request(&r, c, shape, body, limits, &from, &to)) {
        return request_end(&r);
    }
    (void)read_properties(c, json_get(r.root, FIELD), &w.properties);
    err_t err = path_table_fill(&table, c, &from, &to, limits ? limits->ane_key : NULL);
    if (!err) {
        write_answer(&r, &w);
    } else if (err == ERR_LIMIT) {
        (void)request_too_big(&r);
        err = ERR_OK;
    }
    buf_release(&w.data);
    buf_release(&w.text);
    path_table_release(&table);
    return err ? err : request_end(&r);
}

static err_t answer_costs(const resource_t *resource, slice_t body, const alto_limits_t *limits,
                          arena_t *arena, alto_answer_t *out)
{
    return answer(resource->content, &costs, body, limits, arena, out);
}

static err_t answer_endpoints(const resource_t *resource, slice_t body, const alto_limits_t *limits,
                              arena_t *arena, alto_answer_t *out)
{
    return answer(resource->content, &endpoints, body, limits, arena, out);
}

/* What is answered, as a message that is followed whole. */
static err_t tree(const resource_t *resource, slice_t input, const alto_limits_t *limits,
                  arena_t *arena, alto_answer_t *refused, nodes_t *nodes, node_t **out)
{
    buf_t text = BUF_INIT;
    *out = NULL;
    err_t err = resource->kind->answer(resource, input, limits, arena, refused);
    if (err || refused->status != 200) {
        return err;
    }
    for (size_t i = 0; i < refused->count; i++) {
        buf_append_slice(&text, refused->segments[i]);
    }
    *out = buf_failed(&text) ? NULL : nodes_text(nodes, NULL, buf_slice(&text));
    buf_release(&text);
    return *out ? ERR_OK : ERR_NOMEM;
}

/* A path has some dozen elements, each of which is found, counted and written. */
static uint64_t estimate(slice_t body, size_t srcs, size_t dsts)
{
    return body.len / 50 + srcs * dsts;
}

static uint64_t cost_of_costs(const resource_t *resource, slice_t body)
{
    const path_vector_content_t *c = resource->content;
    size_t all = c->pids->map->count;
    cost_scale_t scale = cost_request_scale(body, slice_str(cost_pids_form.name), all);
    return estimate(body, scale.srcs < all ? scale.srcs : all, scale.dsts < all ? scale.dsts : all);
}

static uint64_t cost_of_endpoints(const resource_t *resource, slice_t body)
{
    (void)resource;
    cost_scale_t scale = cost_request_scale(body, slice_str(cost_endpoints_form.name), 1);
    return estimate(body, scale.srcs, scale.dsts);
}

const resource_kind_t resource_kind_path_vector = {
    .name = "path-vector",
    .media_type = "multipart/related;type=" ALTO_MEDIA_COST_MAP,
    .accepts = ALTO_MEDIA_COST_MAP_FILTER,
    .answer = answer_costs,
    .cost = cost_of_costs,
    .tree = tree,
    .message = MESSAGE(ALTO_MEDIA_COST_MAP),
    .hides_names = true,
    .rank = 2,
};

const resource_kind_t resource_kind_endpoint_path_vector = {
    .name = "endpoint-path-vector",
    .media_type = "multipart/related;type=" ALTO_MEDIA_ENDPOINT_COST,
    .accepts = ALTO_MEDIA_ENDPOINT_COST_PARAMS,
    .answer = answer_endpoints,
    .cost = cost_of_endpoints,
    .tree = tree,
    .message = MESSAGE(ALTO_MEDIA_ENDPOINT_COST),
    .hides_names = true,
    .rank = 2,
};
