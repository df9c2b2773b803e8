#include "properties.h"

#include "property_items.h"
#include "property_tree.h"

#include <assert.h>
#include <stdlib.h>

/* The GET map: items first and then text, so that the size is known before any of it exists. */
typedef struct getter {
    const property_map_content_t *c;
    items_t items;
    fragment_t ***by_number; /* of each property: the texts of its values; [0] is "null" */
    fragment_t **texts;      /* those that occur */
    size_t text_count, text_cap;
    buf_t buf;
} getter_t;

/* ---- values ---- */

static size_t number_count(const property_map_content_t *c, const property_t *p)
{
    return p->kind == PROPERTY_CAPABILITIES ? c->capabilities[p->index].list_count
                                            : c->in.maps[p->index].map->pid_count + 1;
}

static err_t keep_text(getter_t *g, fragment_t *f)
{
    if (g->text_count == g->text_cap) {
        size_t cap = g->text_cap ? g->text_cap * 2 : 256;
        fragment_t **grown = realloc(g->texts, cap * sizeof(fragment_t *));
        if (!grown) {
            return ERR_NOMEM;
        }
        g->texts = grown;
        g->text_cap = cap;
    }
    g->texts[g->text_count++] = f;
    return ERR_OK;
}

/* Every value that occurs is encoded once. */
static err_t make_text(getter_t *g, const item_t *item)
{
    const property_t *p = &g->c->properties[item->property];
    fragment_t **text = &g->by_number[item->property][item->number];
    if (*text) {
        return ERR_OK;
    }
    buf_clear(&g->buf);
    if (item->number) {
        property_number_text(g->c, p, item->number, &g->buf);
    } else {
        buf_append_str(&g->buf, "null");
    }
    err_t err = buf_failed(&g->buf) ? ERR_NOMEM : ERR_OK;
    err = err ? err : fragments_intern(g->c->in.fragments, buf_slice(&g->buf), text);
    return err ? err : keep_text(g, *text);
}

static err_t make_texts(getter_t *g)
{
    size_t properties = g->c->get_property_count;
    g->by_number = calloc(properties + 1, sizeof(fragment_t **));
    err_t err = g->by_number ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < properties && !err; i++) {
        g->by_number[i] = calloc(number_count(g->c, &g->c->properties[i]), sizeof(fragment_t *));
        err = g->by_number[i] ? ERR_OK : ERR_NOMEM;
    }
    for (size_t i = 0; i < g->items.count && !err; i++) {
        err = make_text(g, &g->items.list[i]);
    }
    return err;
}

static const fragment_t *text_of(const getter_t *g, const item_t *item)
{
    return g->by_number[item->property][item->number];
}

/* ---- text ---- */

/* The text in front of item i's value: what ends the last entity, the key, the property's name. */
static void lead_text(const getter_t *g, size_t i, buf_t *out)
{
    const item_t *item = &g->items.list[i];
    if (i && items_same_entity(item - 1, item)) {
        buf_append_char(out, ',');
    } else {
        const entity_t e = item_entity(g->c, item);
        buf_append_str(out, i ? "},\"" : "\"");
        entity_text(&e, out);
        buf_append_str(out, "\":{");
    }
    buf_append_slice(out, g->c->properties[item->property].quoted);
}

static void head_text(const property_map_content_t *c, buf_t *out)
{
    buf_printf(out, "{\"meta\":{\"vtag\":{\"resource-id\":\"propmap\",\"tag\":\"%s\"},", c->tag);
    buf_append_slice(out, c->all_vtags);
    buf_append_str(out, "},\"property-map\":{");
}

static size_t text_size(const getter_t *g, const item_t *item)
{
    const property_t *p = &g->c->properties[item->property];
    if (!item->number) {
        return strlen("null");
    }
    return p->kind == PROPERTY_CAPABILITIES
               ? g->c->capabilities[p->index].lists[item->number].size
               : g->c->in.maps[p->index].map->pids[item->number - 1].name.len + 2;
}

/* Nothing is encoded for it: what is too big may be much too big. */
static err_t total_size(getter_t *g, size_t *out)
{
    size_t size = 2;
    buf_clear(&g->buf);
    head_text(g->c, &g->buf);
    size += g->buf.len + (g->items.count ? 1 : 0);
    for (size_t i = 0; i < g->items.count && !buf_failed(&g->buf); i++) {
        buf_clear(&g->buf);
        lead_text(g, i, &g->buf);
        size += g->buf.len + text_size(g, &g->items.list[i]);
    }
    *out = size;
    return buf_failed(&g->buf) ? ERR_NOMEM : ERR_OK;
}

/* Leads in one block, values from fragments: equal values lie in memory once. */
static err_t make_body(getter_t *g, body_t **out)
{
    size_t count = g->items.count;
    slice_t *segments = calloc(2 * count + 2, sizeof *segments);
    size_t *ends = calloc(count + 1, sizeof *ends);
    fragment_t *head = NULL;
    digest_t none = {{0}};
    err_t err = segments && ends ? ERR_OK : ERR_NOMEM;
    buf_clear(&g->buf);
    head_text(g->c, &g->buf);
    for (size_t i = 0; i < count && !err; i++) {
        lead_text(g, i, &g->buf);
        ends[i] = g->buf.len;
    }
    err = err || !buf_failed(&g->buf) ? err : ERR_NOMEM;
    err = err ? err : fragment_new(buf_slice(&g->buf), &none, &head);
    if (!err) {
        size_t n = 0, at = 0;
        for (size_t i = 0; i < count; i++) {
            segments[n++] = slice_of(head->bytes + at, ends[i] - at);
            segments[n++] = fragment_slice(text_of(g, &g->items.list[i]));
            at = ends[i];
        }
        if (!count) {
            segments[n++] = fragment_slice(head);
        }
        segments[n++] = count ? SLICE_LIT("}}}") : SLICE_LIT("}}");
        err = body_new_shared(segments, n, head, g->texts, g->text_count, out);
    }
    free(segments);
    free(ends);
    return err;
}

/* No item is shorter: ,"n.pid":"p" */
#define SHORTEST_ITEM 12

err_t property_map_body(const property_map_content_t *c, size_t *size, body_t **out)
{
    getter_t g = {.c = c, .buf = BUF_INIT};
    size_t most = c->in.max_get_bytes / SHORTEST_ITEM;
    *out = NULL;
    err_t err = items_gather(c, most, &g.items);
    if (err == ERR_LIMIT) {
        *size = (most + 1) * SHORTEST_ITEM;
        return ERR_OK;
    }
    err = err ? err : total_size(&g, size);
    if (!err && *size <= c->in.max_get_bytes) {
        err = make_texts(&g);
        err = err ? err : make_body(&g, out);
        assert(err || (*out)->size == *size);
    }
    for (size_t i = 0; g.by_number && i < c->get_property_count; i++) {
        free(g.by_number[i]);
    }
    free(g.by_number);
    free(g.texts);
    items_release(&g.items);
    buf_release(&g.buf);
    return err;
}

const resource_kind_t resource_kind_property_map = {.name = "property-map",
                                                    .media_type = ALTO_MEDIA_PROPERTY_MAP,
                                                    .tree = property_map_tree,
                                                    .rank = 2};
