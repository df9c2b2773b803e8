#include "cost_map.h"
#include "path_vector.h"

#include "footprintd/alto/property_map.h"

#include <stdlib.h>

/* The two parts of an answer with path vectors (RFC 9275 7.2.6, 7.3.6), as text and as a tree. */

#define PROPERTIES_PART "propmap"

typedef struct writer {
    request_t *r;
    const path_answer_t *a;
    slice_t meta; /* of the costs, without their vtag */
    char tag[TAG_LEN + 1];
} writer_t;

/* ---- the costs ---- */

/* Of these costs, whatever they are asked with: equal ones have equal tags. */
static err_t make_tag(writer_t *w, const slice_t *rows, size_t count)
{
    digest_t digest;
    hasher_t h;
    err_t err = hasher_init(&h);
    if (err) {
        return err;
    }
    hasher_begin(&h);
    hasher_update_slice(&h, SLICE_LIT("path-vector\n"));
    hasher_update_slice(&h, w->meta);
    hasher_update_slice(&h, SLICE_LIT("\n"));
    for (size_t i = 0; i < count; i++) {
        hasher_update_slice(&h, rows[i]);
    }
    err = hasher_finish(&h, &digest);
    hasher_release(&h);
    if (!err) {
        tag_format(&digest, w->tag);
    }
    return err;
}

/* The text of the costs, which has to be there before what stands in front of it. */
static bool begin(writer_t *w, slice_t **rows, size_t *count)
{
    const path_answer_t *a = w->a;
    const slice_t none = SLICE_LIT("");
    w->meta = cost_meta(a->shape->depends ? a->c->pids : NULL, &a->q, w->r->arena);
    if (!w->meta.len || !cost_request_rows(w->r, none, &a->costs, none, rows, count)) {
        return false;
    }
    w->r->arena->failed |= make_tag(w, *rows, *count) != ERR_OK;
    return !arena_failed(w->r->arena);
}

static slice_t id_of(const path_answer_t *a)
{
    return a->shape->depends ? a->c->costs_id : a->c->endpoints_id;
}

static slice_t content_id(const writer_t *w, const char *part)
{
    return arena_printf(w->r->arena, "%s@%.*s", part, SLICE_ARG(w->a->c->domain));
}

static void write_vtag(const writer_t *w, buf_t *out)
{
    buf_printf(out, "{\"resource-id\":\"%.*s.%s\",\"tag\":\"%s\"}", SLICE_ARG(id_of(w->a)),
               w->a->shape->part, w->tag);
}

static void write_costs_meta(const writer_t *w, buf_t *out)
{
    buf_append_str(out, "{\"vtag\":");
    write_vtag(w, out);
    buf_append_char(out, ',');
    buf_append_slice(out, slice_of(w->meta.ptr + 1, w->meta.len - 1));
}

/* ---- the properties ---- */

static void write_properties_meta(const writer_t *w, buf_t *out)
{
    buf_append_str(out, "{\"dependent-vtags\":[");
    write_vtag(w, out);
    if (w->a->properties.entity) {
        buf_printf(out, ",{\"resource-id\":\"%.*s\",\"tag\":\"%s\"}",
                   SLICE_ARG(w->a->c->elements_id), w->a->c->elements_tag);
    }
    buf_append_str(out, "]}");
}

static void write_ane(const path_answer_t *a, const ane_t *ane, buf_t *out)
{
    bool any = false;
    buf_append_char(out, '{');
    if (a->properties.bandwidth && ane->capacity.known) {
        buf_append_str(out, "\"" ANE_BANDWIDTH "\":");
        buf_append_u64(out, ane->capacity.value);
        any = true;
    }
    if (a->properties.entity && ane->element != TOPOLOGY_NONE) {
        buf_append_str(out, any ? ",\"" ANE_ENTITY "\":" : "\"" ANE_ENTITY "\":");
        element_entity_write(a->c, ane->element, out);
    }
    buf_append_char(out, '}');
}

/* ---- text ---- */

static void write_head(const writer_t *w, slice_t id, buf_t *out)
{
    message_begin_part(&w->a->shape->message, 0, id, out);
    buf_append_str(out, "{\"meta\":");
    write_costs_meta(w, out);
    buf_printf(out, ",\"%s\":", w->a->shape->data);
}

static void write_tail(const writer_t *w, slice_t id, buf_t *out)
{
    const path_table_t *paths = &w->a->paths;
    buf_append_char(out, '}');
    message_begin_part(&w->a->shape->message, 1, id, out);
    buf_append_str(out, "{\"meta\":");
    write_properties_meta(w, out);
    buf_append_str(out, ",\"property-map\":{");
    for (size_t i = 0; i < paths->ane_count; i++) {
        buf_append_str(out, i ? ",\".ane:" : "\".ane:");
        buf_append(out, paths->anes[i].name, ANE_NAME_LEN);
        buf_append_str(out, "\":");
        write_ane(w->a, &paths->anes[i], out);
    }
    buf_append_str(out, "}}");
    message_end(out);
}

static slice_t keep(request_t *r, const buf_t *text)
{
    slice_t copy = buf_failed(text) ? slice_of(NULL, 0) : arena_copy(r->arena, buf_slice(text));
    r->arena->failed |= !copy.ptr;
    return copy;
}

void path_answer_write(request_t *r, const path_answer_t *a)
{
    writer_t w = {.r = r, .a = a};
    buf_t text = BUF_INIT;
    slice_t *rows, *segments;
    size_t count;
    if (!begin(&w, &rows, &count)) {
        return;
    }
    segments = arena_array(r->arena, count + 2, sizeof *segments);
    slice_t first = content_id(&w, a->shape->part), second = content_id(&w, PROPERTIES_PART);
    if (segments && first.ptr && second.ptr) {
        write_head(&w, first, &text);
        segments[0] = keep(r, &text);
        memcpy(segments + 1, rows, count * sizeof *rows);
        buf_clear(&text);
        write_tail(&w, second, &text);
        segments[count + 1] = keep(r, &text);
    }
    buf_release(&text);
    if (!arena_failed(r->arena)) {
        request_answer(r, a->shape->message.media_type, segments, count + 2);
    }
}

/* ---- trees ---- */

static node_t *costs_tree(const writer_t *w, buf_t *text, nodes_t *nodes)
{
    buf_clear(text);
    write_costs_meta(w, text);
    nodes->failed |= buf_failed(text);
    return nodes->failed
               ? NULL
               : cost_request_tree(buf_slice(text), w->a->shape->data, &w->a->costs, nodes);
}

static node_t *make_anes(const writer_t *w, buf_t *text, nodes_t *nodes)
{
    const path_table_t *paths = &w->a->paths;
    slice_t *names = arena_array(w->r->arena, paths->ane_count + 1, sizeof *names);
    node_t **items = calloc(paths->ane_count + 1, sizeof(node_t *));
    nodes->failed |= !names || !items;
    for (size_t i = 0; i < paths->ane_count && !nodes->failed; i++) {
        names[i] = arena_printf(w->r->arena, ".ane:%.*s", ANE_NAME_LEN, paths->anes[i].name);
        buf_clear(text);
        write_ane(w->a, &paths->anes[i], text);
        nodes->failed |= !names[i].ptr || buf_failed(text);
        items[i] = nodes->failed ? NULL : nodes_text(nodes, NULL, buf_slice(text));
    }
    node_t *map = nodes->failed ? NULL : nodes_object(nodes, names, items, paths->ane_count);
    free(items);
    return map;
}

static node_t *properties_tree(const writer_t *w, buf_t *text, nodes_t *nodes)
{
    node_t *anes = make_anes(w, text, nodes);
    buf_clear(text);
    write_properties_meta(w, text);
    nodes->failed |= buf_failed(text);
    return nodes->failed ? NULL : cost_root(buf_slice(text), "property-map", anes, nodes);
}

node_t *path_answer_tree(request_t *r, const path_answer_t *a, nodes_t *nodes)
{
    writer_t w = {.r = r, .a = a};
    buf_t text = BUF_INIT;
    slice_t *rows;
    size_t count;
    node_t *root = NULL;
    if (begin(&w, &rows, &count)) {
        const slice_t names[MESSAGE_PARTS] = {content_id(&w, a->shape->part),
                                              content_id(&w, PROPERTIES_PART)};
        node_t *const parts[MESSAGE_PARTS] = {costs_tree(&w, &text, nodes),
                                              properties_tree(&w, &text, nodes)};
        root = names[0].ptr && names[1].ptr ? nodes_object(nodes, names, parts, MESSAGE_PARTS)
                                            : NULL;
    }
    nodes->failed |= !root;
    buf_release(&text);
    return root;
}
