#include "view.h"

#include "footprintd/alto/cdni.h"
#include "footprintd/alto/directory.h"
#include "footprintd/alto/endpoint_property.h"
#include "footprintd/alto/network_map.h"
#include "footprintd/alto/property_map.h"
#include "footprintd/alto/services.h"
#include "view_costs.h"
#include "view_paths.h"

#include <stdlib.h>

typedef struct maker {
    const view_input_t *in;
    view_t *view;
    directory_entry_t *entries; /* for the IRD */
    size_t entry_count;
    size_t cap; /* of resources and entries */
    bool failed;
    slice_t map_id;
    const char *map_tag; /* of the map that altopid footprints name */
    /* What the property maps are made of. */
    const cdni_content_t **advertisements;
    size_t advertisement_count;
    property_map_pids_t *maps;
    size_t map_count;
    slice_t cost_types;          /* for the IRD */
    cost_space_t *const *spaces; /* of the costs of each map */
} maker_t;

/* ---- resources ---- */

static resource_t *add(maker_t *m, const resource_kind_t *kind, slice_t id, slice_t path,
                       document_t *document, const void *content)
{
    resource_t *r = &m->view->resources[m->view->count++];
    *r = (resource_t){kind, id, path, document, content};
    if (document && view_document_share(m->in, path, document)) {
        m->failed = true; /* it would only be made again */
    }
    return r;
}

static void list(maker_t *m, const resource_t *r, const slice_t *uses, size_t uses_count)
{
    m->entries[m->entry_count++] = (directory_entry_t){
        r->id, r->path, r->kind, uses, uses_count, SLICE_LIT(""), SLICE_LIT("")};
}

static slice_t path_of(maker_t *m, slice_t id, const char *suffix)
{
    return arena_printf(m->in->arena, "/%.*s%s", SLICE_ARG(id), suffix);
}

static const slice_t *one_id(maker_t *m, slice_t id)
{
    slice_t *uses = arena_alloc(m->in->arena, sizeof *uses);
    if (uses) {
        *uses = id;
    }
    return uses;
}

/* The filtered form of a resource: the same id and path with "-filtered" behind. */
static void add_filtered(maker_t *m, const resource_kind_t *kind, slice_t id, const void *content,
                         const slice_t *uses, size_t uses_count)
{
    slice_t path = path_of(m, id, "-filtered");
    slice_t filtered = slice_of(path.ptr + 1, path.len ? path.len - 1 : 0);
    if (path.ptr) {
        list(m, add(m, kind, filtered, path, NULL, content), uses, uses_count);
    }
}

/* ---- network maps ---- */

static err_t make_map_body(const void *content, body_t **out)
{
    return network_map_body(content, out);
}

static err_t take_index(maker_t *m, const model_network_map_t *map, const pid_index_t **out)
{
    const model_t *model = m->in->model;
    view_pids_t *pids =
        &m->in->pids[map == model->implicit_map ? model->network_map_count
                                                : (size_t)(map - model->network_maps)];
    err_t err = pids->built ? ERR_OK : pid_index_build(map, &pids->index);
    pids->built |= !err;
    *out = &pids->index;
    return err;
}

static err_t add_map(maker_t *m, const model_network_map_t *map)
{
    network_map_content_t *c = NULL;
    document_t *d = NULL;
    slice_t path = path_of(m, map->id, "");
    err_t err = network_map_build(map, m->in->fragments, m->in->arena, &c);
    err = err ? err : view_document_for(m->in, path, c->tag, make_map_body, c, &d);
    if (err) {
        return err;
    }
    c->document = d;
    const pid_index_t *index = NULL;
    err = take_index(m, map, &index);
    if (err) {
        document_unref(d);
        return err;
    }
    m->maps[m->map_count++] = (property_map_pids_t){map, c, index};
    list(m, add(m, &resource_kind_network_map, map->id, path, d, c), NULL, 0);
    add_filtered(m, &resource_kind_network_map_filtered, map->id, c, one_id(m, map->id), 1);
    if (!m->map_tag || map == m->in->model->default_map) {
        m->map_id = map->id;
        m->map_tag = c->tag;
    }
    return ERR_OK;
}

/* Every view has a network map, and a default one (RFC 7285 9.2.2, 11.2.1). */
static err_t add_maps(maker_t *m)
{
    const model_t *model = m->in->model;
    for (size_t i = 0; i < model->network_map_count; i++) {
        const model_network_map_t *map = &model->network_maps[i];
        err_t err = scope_sees(m->in->scope, map->document) ? add_map(m, map) : ERR_OK;
        if (err) {
            return err;
        }
    }
    return m->map_tag ? ERR_OK : add_map(m, model->implicit_map);
}

/* ---- cost maps ---- */

static err_t make_cost_body(const void *content, body_t **out)
{
    return cost_map_body(content, out);
}

static err_t add_cost_map(maker_t *m, const view_cost_map_t *map)
{
    cost_map_content_t *c = map->content;
    const slice_t *uses = one_id(m, map->space->map->id);
    document_t *d = NULL;
    slice_t path = path_of(m, c->id, "");
    err_t err = path.ptr ? view_document_for(m->in, path, c->tag, make_cost_body, c, &d)
                         : ERR_NOMEM;
    if (err) {
        return err;
    }
    c->document = d;
    list(m, add(m, &resource_kind_cost_map, c->id, path, d, c), uses, 1);
    m->entries[m->entry_count - 1].capabilities = cost_map_capabilities(c->offer, m->in->arena);
    add_filtered(m, &resource_kind_cost_map_filtered, c->id, map->space, uses, 1);
    const cost_terms_t terms = cost_space_terms(map->space);
    m->entries[m->entry_count - 1].capabilities = cost_capabilities(&terms, m->in->arena);
    return ERR_OK;
}

static err_t add_costs(maker_t *m)
{
    view_costs_t costs;
    err_t err = view_costs_make(m->in, m->maps, m->map_count, m->map_id, &costs);
    for (size_t i = 0; i < costs.count && !err; i++) {
        err = add_cost_map(m, &costs.maps[i]);
    }
    if (!err) {
        const endpoint_cost_content_t *c = costs.endpoints;
        m->cost_types = costs.types;
        m->spaces = costs.spaces;
        /* It names no map: costs between endpoints are its own (RFC 7285 11.5.1.5). */
        list(m,
             add(m, &resource_kind_endpoint_cost, SLICE_LIT(ALTO_ENDPOINT_COST_ID),
                 SLICE_LIT("/" ALTO_ENDPOINT_COST_ID), NULL, c),
             NULL, 0);
        m->entries[m->entry_count - 1].capabilities = cost_capabilities(&c->terms, m->in->arena);
    }
    return err;
}

/* ---- path vectors ---- */

static err_t make_elements_body(const void *content, body_t **out)
{
    return elements_body(content, out);
}

static err_t add_paths(maker_t *m)
{
    view_paths_t paths;
    err_t err = view_paths_make(m->in, m->maps, m->map_count, m->spaces, &m->cost_types, &paths);
    for (size_t i = 0; i < paths.count && !err; i++) {
        const view_path_t *p = &paths.items[i];
        document_t *d = NULL;
        slice_t path = path_of(m, p->id, "");
        err = p->tag ? view_document_for(m->in, path, p->tag, make_elements_body, p->content, &d)
                     : ERR_OK;
        if (!err) {
            list(m, add(m, p->kind, p->id, path, d, p->content), p->uses, p->uses_count);
            m->entries[m->entry_count - 1].capabilities = p->capabilities;
        }
    }
    return err;
}

/* ---- advertisements ---- */

static err_t make_cdni_body(const void *content, body_t **out)
{
    return cdni_body(content, out);
}

static err_t add_advertisement(maker_t *m, const model_advertisement_t *ad)
{
    cdni_input_t input = {m->in->model,     ad,          m->in->scope, m->map_id, m->map_tag,
                          m->in->fragments, m->in->arena};
    cdni_content_t *c = NULL;
    document_t *d = NULL;
    slice_t path = path_of(m, ad->id, "");
    err_t err = cdni_build(&input, &c);
    err = err ? err : view_document_for(m->in, path, c->tag, make_cdni_body, c, &d);
    if (err) {
        return err;
    }
    c->document = d;
    m->view->withheld += c->withheld;
    m->advertisements[m->advertisement_count++] = c;
    const slice_t *uses = c->uses_map ? one_id(m, m->map_id) : NULL;
    list(m, add(m, &resource_kind_cdni, ad->id, path, d, c), uses, uses != NULL);
    add_filtered(m, &resource_kind_cdni_filtered, ad->id, c, uses, uses != NULL);
    return ERR_OK;
}

/*
 * An advertisement that shows nothing is a statement ("none of these capabilities, anywhere"), so
 * it is made only by documents that this view sees, and by a directory without any.
 */
static bool shows(const maker_t *m, const model_advertisement_t *ad)
{
    for (size_t i = 0; i < ad->document_count; i++) {
        if (scope_sees(m->in->scope, ad->documents[i])) {
            return true;
        }
    }
    return false;
}

static err_t add_advertisements(maker_t *m)
{
    static const model_advertisement_t nothing = {
        .id = {MODEL_ADVERTISEMENT, sizeof MODEL_ADVERTISEMENT - 1}};
    const model_t *model = m->in->model;
    size_t shown = 0;
    for (size_t i = 0; i < model->advertisement_count; i++) {
        const model_advertisement_t *ad = &model->advertisements[i];
        if (shows(m, ad)) {
            err_t err = add_advertisement(m, ad);
            if (err) {
                return err;
            }
            shown++;
        }
    }
    return shown ? ERR_OK : add_advertisement(m, &nothing);
}

/* ---- property maps ---- */

/* The GET map, unless it is too big to be offered. */
static err_t add_property_map(maker_t *m, const property_map_content_t *c, const slice_t *uses,
                              size_t uses_count)
{
    const slice_t id = SLICE_LIT("propmap"), path = SLICE_LIT("/propmap");
    document_t *d = view_document_find(m->in, path, property_map_tag(c));
    err_t err = ERR_OK;
    if (d) {
        (void)document_ref(d);
    } else {
        body_t *body = NULL;
        size_t size = 0;
        err = property_map_body(c, &size, &body);
        if (!err && !body) {
            m->view->propmap_bytes = size;
            return ERR_OK;
        }
        err = err ? err : document_new_take(property_map_tag(c), body, &d);
    }
    if (!err) {
        list(m, add(m, &resource_kind_property_map, id, path, d, c), uses, uses_count);
        m->entries[m->entry_count - 1].capabilities = property_map_capabilities(c, false);
    }
    return err;
}

/* The same for endpoints alone; it uses nothing (RFC 7285 11.4.1.5). */
static err_t add_endpoint_properties(maker_t *m, const property_map_content_t *maps)
{
    endpoint_property_content_t *c = NULL;
    err_t err = endpoint_property_build(maps, m->in->arena, &c);
    if (!err) {
        list(m,
             add(m, &resource_kind_endpoint_property, SLICE_LIT(ALTO_ENDPOINT_PROPERTY_ID),
                 SLICE_LIT("/" ALTO_ENDPOINT_PROPERTY_ID), NULL, c),
             NULL, 0);
        m->entries[m->entry_count - 1].capabilities = endpoint_property_capabilities(c,
                                                                                     m->in->arena);
    }
    return err;
}

static err_t add_property_maps(maker_t *m)
{
    const view_input_t *in = m->in;
    const property_map_input_t input = {
        .model = in->model,
        .join = in->join,
        .attributes = in->attributes,
        .geo_properties = in->scope->geo_properties,
        .advertisements = m->advertisements,
        .advertisement_count = m->advertisement_count,
        .maps = m->maps,
        .map_count = m->map_count,
        .max_get_bytes = in->propmap_max_get_bytes,
        .max_entities = in->propmap_max_entities,
        .fragments = in->fragments,
        .arena = in->arena,
    };
    property_map_content_t *c = NULL;
    err_t err = property_map_build(&input, &c);
    if (err) {
        return err;
    }
    size_t uses_count = 0;
    const slice_t *uses = property_map_uses(c, &uses_count);
    err = add_property_map(m, c, uses, uses_count);
    if (!err) {
        list(m,
             add(m, &resource_kind_property_map_filtered, SLICE_LIT("propmap-filtered"),
                 SLICE_LIT("/propmap-filtered"), NULL, c),
             uses, uses_count);
        m->entries[m->entry_count - 1].capabilities = property_map_capabilities(c, true);
    }
    return err ? err : add_endpoint_properties(m, c);
}

/* ---- services ---- */

/* Changes of what there is so far may be followed, unless its kind says otherwise. */
static void add_service(maker_t *m, const resource_kind_t *kind, slice_t id, slice_t path,
                        const slice_t *uses, size_t count)
{
    list(m, add(m, kind, id, path, NULL, NULL), uses, count);
    m->entries[m->entry_count - 1].capabilities = service_capabilities(kind, uses, count,
                                                                       m->in->arena);
}

static int cmp_entry(const void *x, const void *y)
{
    return slice_cmp(((const directory_entry_t *)x)->id, ((const directory_entry_t *)y)->id);
}

static err_t add_services(maker_t *m)
{
    slice_t *uses = arena_array(m->in->arena, 2 * m->entry_count, sizeof *uses);
    slice_t *single = uses + m->entry_count; /* what is one document */
    size_t count = 0, single_count = 0;
    if (!uses) {
        return ERR_NOMEM;
    }
    qsort(m->entries, m->entry_count, sizeof *m->entries, cmp_entry);
    for (size_t i = 0; i < m->entry_count; i++) {
        const directory_entry_t *e = &m->entries[i];
        if (e->kind->tree) {
            uses[count++] = e->id;
            single[single_count] = e->id;
            single_count += !e->kind->message;
        }
    }
    add_service(m, &resource_kind_updates, SLICE_LIT(ALTO_UPDATES_ID),
                SLICE_LIT("/" ALTO_UPDATES_ID), uses, count);
    /* An edge of a TIPS view is one patch of one document (RFC 9569 3.1, 5.2). */
    add_service(m, &resource_kind_tips, SLICE_LIT(ALTO_TIPS_ID), SLICE_LIT("/" ALTO_TIPS_ID),
                single, single_count);
    return ERR_OK;
}

/* ---- directory ---- */

static err_t make_flat(const void *content, body_t **out)
{
    const buf_t *text = content;
    char *copy = malloc(text->len);
    if (copy) {
        memcpy(copy, text->ptr, text->len);
    }
    return body_new_flat_take(copy, text->len, out);
}

/* Those of others: nothing is at a path of ours. */
static void list_directories(maker_t *m)
{
    const model_t *model = m->in->model;
    for (size_t i = 0; i < model->directory_count; i++) {
        const model_directory_t *d = &model->directories[i];
        if (scope_sees(m->in->scope, d->document)) {
            m->entries[m->entry_count++] = (directory_entry_t){.id = d->id,
                                                               .path = SLICE_LIT(""),
                                                               .kind = &resource_kind_directory,
                                                               .capabilities = SLICE_LIT(""),
                                                               .uri = d->uri};
        }
    }
}

static err_t add_directory(maker_t *m)
{
    buf_t text = BUF_INIT;
    digest_t digest;
    char tag[TAG_LEN + 1];
    document_t *d = NULL;
    list_directories(m);
    qsort(m->entries, m->entry_count, sizeof *m->entries, cmp_entry);
    err_t err = directory_write(m->entries, m->entry_count, m->map_id, m->cost_types,
                                m->in->base_uri, &text);
    if (!err) {
        hasher_t *h = &m->in->fragments->hasher;
        hasher_begin(h);
        hasher_update_slice(h, buf_slice(&text));
        err = hasher_finish(h, &digest);
    }
    if (!err) {
        tag_format(&digest, tag);
        err = view_document_for(m->in, SLICE_LIT("/"), tag, make_flat, &text, &d);
    }
    if (!err) {
        (void)add(m, &resource_kind_directory, SLICE_LIT("directory"), SLICE_LIT("/"), d, NULL);
        (void)add(m, &resource_kind_directory, SLICE_LIT("directory"), SLICE_LIT("/directory"),
                  document_ref(d), NULL);
    }
    buf_release(&text);
    return err;
}

/* ---- the view ---- */

static int cmp_resource(const void *x, const void *y)
{
    return slice_cmp(((const resource_t *)x)->path, ((const resource_t *)y)->path);
}

err_t view_build(const view_input_t *input, view_t *out)
{
    const model_t *model = input->model;
    maker_t m = {.in = input, .view = out};
    *out = (view_t){0};
    /*
     * A map and an advertisement that only this view has, two of each, property maps, endpoint
     * properties, two services, the IRD twice; costs, path vectors; directories of others.
     */
    size_t maps = model->network_map_count + 1, ads = model->advertisement_count + 1;
    m.cap = 2 * (maps + ads + 1) + 5 + VIEW_COSTS_RESOURCES(model) + VIEW_PATHS_RESOURCES(model) +
            model->directory_count;
    m.maps = arena_array(input->arena, maps, sizeof *m.maps);
    m.advertisements = arena_array(input->arena, ads, sizeof(const cdni_content_t *));
    out->resources = calloc(m.cap, sizeof *out->resources);
    m.entries = calloc(m.cap, sizeof *m.entries);
    bool room = out->resources && m.entries && m.maps && m.advertisements;
    err_t err = room ? ERR_OK : ERR_NOMEM;
    err = err ? err : add_maps(&m);
    err = err ? err : add_costs(&m);
    err = err ? err : add_paths(&m);
    err = err ? err : add_advertisements(&m);
    err = err ? err : add_property_maps(&m);
    err = err ? err : add_services(&m);
    err = err ? err : add_directory(&m);
    free(m.entries);
    if (!err && (m.failed || arena_failed(input->arena))) {
        err = ERR_NOMEM;
    }
    if (!err) {
        qsort(out->resources, out->count, sizeof *out->resources, cmp_resource);
    }
    for (size_t i = 0; !err && i < out->count; i++) {
        err = table_put(&out->by_path, out->resources[i].path, &out->resources[i], NULL);
    }
    return err;
}
