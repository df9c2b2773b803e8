#include "path_vector.h"

#include "trees.h"

#include "footprintd/alto/property_map.h"

#include <stdlib.h>

/* What the resources of a topology are made of, and the property map of its public elements. */

/* ---- the domain of Content-IDs ---- */

static bool is_atom_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

/* RFC 5322 3.2.3: atoms with dots between them. */
static bool is_dot_atom(slice_t s)
{
    bool atom = false;
    for (size_t i = 0; i < s.len; i++) {
        bool is_char = is_atom_char(s.ptr[i]);
        if (!is_char && (s.ptr[i] != '.' || !atom)) {
            return false;
        }
        atom = is_char;
    }
    return atom;
}

slice_t path_vector_domain(slice_t base_uri)
{
    const char *at = base_uri.len ? memmem(base_uri.ptr, base_uri.len, "://", 3) : NULL;
    slice_t host = slice_of(NULL, 0);
    if (at) {
        const char *end = base_uri.ptr + base_uri.len;
        host.ptr = at + 3;
        while (host.ptr + host.len < end && !strchr(":/", host.ptr[host.len])) {
            host.len++;
        }
    }
    /* RFC 2606: a name that is nobody's. */
    return is_dot_atom(host) ? host : SLICE_LIT("alto.invalid");
}

/* ---- public elements ---- */

void element_entity_write(const path_vector_content_t *c, uint32_t element, buf_t *out)
{
    slice_t name = c->topology->elements[element].name;
    buf_printf(out, "\"%.*s.ane:%.*s\"", SLICE_ARG(c->elements_id), SLICE_ARG(name));
}

static void write_element(const path_vector_content_t *c, uint32_t i, buf_t *out)
{
    const topology_element_t *e = &c->topology->elements[i];
    buf_append_char(out, '{');
    if (c->topology->shows_bandwidth && e->capacity.known) {
        buf_append_str(out, "\"" ANE_BANDWIDTH "\":");
        buf_append_u64(out, e->capacity.value);
        buf_append_char(out, ',');
    }
    buf_append_str(out, "\"" ANE_ENTITY "\":");
    element_entity_write(c, i, out);
    buf_append_char(out, '}');
}

static void write_elements(const path_vector_content_t *c, buf_t *out)
{
    buf_append_char(out, '{');
    for (uint32_t i = 0; i < c->topology->element_count; i++) {
        buf_printf(out, "%s\".ane:%.*s\":", i ? "," : "", SLICE_ARG(c->topology->elements[i].name));
        write_element(c, i, out);
    }
    buf_append_char(out, '}');
}

static err_t make_elements_tag(path_vector_content_t *c)
{
    buf_t text = BUF_INIT;
    digest_t digest;
    hasher_t h;
    write_elements(c, &text);
    err_t err = buf_failed(&text) ? ERR_NOMEM : hasher_init(&h);
    if (!err) {
        hasher_begin(&h);
        hasher_update_slice(&h, SLICE_LIT("elements\n"));
        hasher_update_slice(&h, buf_slice(&text));
        err = hasher_finish(&h, &digest);
        hasher_release(&h);
    }
    if (!err) {
        tag_format(&digest, c->elements_tag);
    }
    buf_release(&text);
    return err;
}

err_t elements_body(const path_vector_content_t *c, body_t **out)
{
    buf_t text = BUF_INIT;
    buf_printf(&text, "{\"meta\":{\"vtag\":{\"resource-id\":\"%.*s\",\"tag\":\"%s\"}},",
               SLICE_ARG(c->elements_id), c->elements_tag);
    buf_append_str(&text, "\"property-map\":");
    write_elements(c, &text);
    buf_append_char(&text, '}');
    if (buf_failed(&text)) {
        buf_release(&text);
        return ERR_NOMEM;
    }
    return body_new_flat_take(text.ptr, text.len, out);
}

static node_t *element_node(const path_vector_content_t *c, uint32_t i, buf_t *text, nodes_t *nodes)
{
    buf_clear(text);
    write_element(c, i, text);
    if (buf_failed(text)) {
        nodes->failed = true;
        return NULL;
    }
    return nodes_text(nodes, NULL, buf_slice(text));
}

static err_t elements_tree(const resource_t *resource, slice_t input, const alto_limits_t *limits,
                           arena_t *arena, alto_answer_t *refused, nodes_t *nodes, node_t **out)
{
    const path_vector_content_t *c = resource->content;
    size_t count = c->topology->element_count;
    slice_t *names = calloc(count + 1, sizeof *names);
    node_t **items = calloc(count + 1, sizeof(node_t *));
    arena_t own = ARENA_INIT;
    buf_t text = BUF_INIT;
    (void)input, (void)limits, (void)arena, (void)refused;
    nodes->failed |= !names || !items;
    for (uint32_t i = 0; i < count && !nodes->failed; i++) {
        names[i] = arena_printf(&own, ".ane:%.*s", SLICE_ARG(c->topology->elements[i].name));
        nodes->failed |= !names[i].ptr;
        items[i] = element_node(c, i, &text, nodes);
    }
    node_t *map = nodes->failed ? NULL : nodes_object(nodes, names, items, count);
    *out = tree_resource(nodes, tree_vtag(nodes, c->elements_id, c->elements_tag), NULL,
                         SLICE_LIT("property-map"), map);
    arena_release(&own);
    buf_release(&text);
    free(names);
    free(items);
    return nodes->failed ? ERR_NOMEM : ERR_OK;
}

const resource_kind_t resource_kind_elements = {
    .name = "elements", .media_type = ALTO_MEDIA_PROPERTY_MAP, .tree = elements_tree, .rank = 1};

/* ---- the content ---- */

static void write_capabilities(path_vector_content_t *c, arena_t *arena)
{
    const char *bandwidth = c->topology->shows_bandwidth ? "\"" ANE_BANDWIDTH "\"" : "";
    const char *entity = c->elements_id.len ? "\"" ANE_ENTITY "\"" : "";
    const char *comma = *bandwidth && *entity ? "," : "";
    bool shown = false;
    for (size_t i = 0; i < c->topology->element_count; i++) {
        shown |= *bandwidth && c->topology->elements[i].capacity.known;
    }
    slice_t costs = cost_capabilities(&c->terms, arena);
    c->capabilities = costs.len
                          ? arena_printf(arena, "%.*s,\"ane-property-names\":[%s%s%s]}",
                                         (int)costs.len - 1, costs.ptr, bandwidth, comma, entity)
                          : costs;
    arena->failed |= !costs.len;
    c->elements_capabilities = arena_printf(arena,
                                            "{\"mappings\":{\".ane\":[%s\"" ANE_ENTITY "\"]}}",
                                            shown ? "\"" ANE_BANDWIDTH "\"," : "");
}

/* The type of path vectors is behind all others by its name, too. */
static err_t make_terms(path_vector_content_t *c, arena_t *arena)
{
    size_t count = c->pids->offer_count;
    cost_offer_t *offers = arena_array(arena, count + 1, sizeof *offers);
    if (!offers) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        offers[i] = c->pids->offers[i];
    }
    offers[count] = (cost_offer_t){
        .type = {SLICE_LIT(ALTO_PATH_VECTOR_METRIC), COST_ARRAY},
        .name = SLICE_LIT(ALTO_PATH_VECTOR_NAME),
        .text = SLICE_LIT(ALTO_PATH_VECTOR_TYPE),
    };
    c->offer = &offers[count];
    c->terms = (cost_terms_t){offers, count + 1, count + 1};
    return ERR_OK;
}

static err_t make_spaces(path_vector_content_t *c, const path_vector_input_t *in)
{
    cost_space_t *none = NULL;
    c->endpoints = arena_alloc(in->arena, sizeof *c->endpoints);
    if (!c->endpoints ||
        (!in->costs && cost_space_build(in->map, in->pids, NULL, 0, in->arena, &none))) {
        return ERR_NOMEM;
    }
    c->endpoints->index = &in->index->addresses;
    c->pids = in->costs ? in->costs : none;
    return make_terms(c, in->arena);
}

err_t path_vector_build(const path_vector_input_t *in, path_vector_content_t **out)
{
    path_vector_content_t *c = arena_alloc(in->arena, sizeof *c);
    slice_t id = in->topology->id;
    if (!c) {
        return ERR_NOMEM;
    }
    c->topology = in->topology;
    c->index = in->index;
    c->domain = in->domain;
    c->costs_id = arena_printf(in->arena, "%.*s" TOPOLOGY_COSTS, SLICE_ARG(id));
    c->endpoints_id = arena_printf(in->arena, "%.*s" TOPOLOGY_ENDPOINTS, SLICE_ARG(id));
    if (in->topology->element_count) {
        c->elements_id = arena_printf(in->arena, "%.*s" TOPOLOGY_ELEMENTS, SLICE_ARG(id));
    }
    err_t err = make_spaces(c, in);
    err = err ? err : make_elements_tag(c);
    if (!err) {
        write_capabilities(c, in->arena);
    }
    *out = c;
    return err ? err : arena_failed(in->arena) ? ERR_NOMEM : ERR_OK;
}
