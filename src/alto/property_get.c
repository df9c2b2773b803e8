#include "properties.h"

#include "entity.h"

#include <stdlib.h>

/*
 * The GET map: for every property, the entities that documents name where its value is another than
 * the one that is inherited there. Made in two steps, items first and then text, so that the size
 * is known before any of the text exists.
 */

/* One property of one entity. */
typedef struct item {
    const domain_t *domain;
    prefix_t prefix; /* IP domains */
    uint64_t value;  /* others: number, code, or number of the PID */
    uint32_t property;
    uint32_t text; /* number of the value's text; 0: null */
} item_t;

typedef struct getter {
    const property_map_content_t *c;
    item_t *items;
    size_t count, cap;
    fragment_t **texts; /* distinct values; [0] is "null" */
    size_t text_count, text_cap;
    table_t by_list; /* (advertisement, numbers) -> its text's place in the pool below */
    uint32_t *scratch;
    buf_t buf;
    size_t least; /* bytes that the map will have at the least */
    err_t err;    /* ERR_LIMIT: too big to be offered */
} getter_t;

/* ---- items ---- */

static void add(getter_t *g, item_t item)
{
    if (g->count == g->cap && !g->err) {
        size_t cap = g->cap ? g->cap * 2 : 1024;
        item_t *grown = realloc(g->items, cap * sizeof *grown);
        if (!grown) {
            g->err = ERR_NOMEM;
            return;
        }
        g->items = grown;
        g->cap = cap;
    }
    if (!g->err) {
        g->items[g->count++] = item;
        /* Not counting keys: as soon as even this is too much, the rest need not be known. */
        g->least += g->c->properties[item.property].quoted.len + g->texts[item.text]->len;
        g->err = g->least > g->c->in.max_get_bytes ? ERR_LIMIT : ERR_OK;
    }
}

static uint32_t add_text(getter_t *g, slice_t text)
{
    fragment_t *f = NULL;
    if (g->text_count == g->text_cap) {
        size_t cap = g->text_cap ? g->text_cap * 2 : 256;
        fragment_t **grown = realloc(g->texts, cap * sizeof(fragment_t *));
        if (!grown) {
            g->err = ERR_NOMEM;
            return 0;
        }
        g->texts = grown;
        g->text_cap = cap;
    }
    g->err = g->err ? g->err : fragments_intern(g->c->in.fragments, text, &f);
    if (g->err) {
        return 0;
    }
    g->texts[g->text_count] = f;
    return (uint32_t)g->text_count++;
}

/* A value list that has a text already, by its numbers. */
typedef struct known {
    uint32_t text;
} known_t;

/* The text of the capabilities of an answer; 0 when there are none. */
static uint32_t capabilities_value(getter_t *g, uint32_t ad, uint32_t answer)
{
    const capabilities_t *cap = &g->c->capabilities[ad];
    size_t n = capabilities_of(cap, g->c->in.join, answer, g->scratch + 1);
    if (!n) {
        return 0;
    }
    g->scratch[0] = ad;
    slice_t key = slice_of((const char *)g->scratch, (n + 1) * sizeof *g->scratch);
    const known_t *known = table_get(&g->by_list, key);
    if (known) {
        return known->text;
    }
    buf_clear(&g->buf);
    capabilities_text(cap, g->scratch + 1, n, &g->buf);
    known_t *made = arena_alloc(g->c->in.arena, sizeof *made);
    slice_t kept = arena_copy(g->c->in.arena, key);
    if (buf_failed(&g->buf) || !made || !kept.ptr) {
        g->err = ERR_NOMEM;
        return 0;
    }
    made->text = add_text(g, buf_slice(&g->buf));
    if (table_put(&g->by_list, kept, made, NULL)) {
        g->err = ERR_NOMEM;
    }
    return made->text;
}

static const domain_t *domain_of(const property_map_content_t *c, domain_kind_t kind, uint32_t map)
{
    for (size_t i = 0; i < c->domain_count; i++) {
        if (c->domains[i].kind == kind && c->domains[i].map == map) {
            return &c->domains[i];
        }
    }
    return NULL;
}

static bool contains(const prefix_t *outer, const prefix_t *inner)
{
    if (outer->family == FAMILY_IPV4) {
        unsigned len = outer->u.v4.len;
        return len <= inner->u.v4.len &&
               (len == 0 || (outer->u.v4.addr ^ inner->u.v4.addr) >> (32 - len) == 0);
    }
    unsigned len = outer->u.v6.len;
    uint64_t hi = outer->u.v6.addr.hi ^ inner->u.v6.addr.hi;
    uint64_t lo = outer->u.v6.addr.lo ^ inner->u.v6.addr.lo;
    if (len > inner->u.v6.len) {
        return false;
    }
    if (len <= 64) {
        return len == 0 || hi >> (64 - len) == 0;
    }
    return hi == 0 && lo >> (128 - len) == 0;
}

/* What is inherited at a place: prefixes come outer before inner. */
typedef struct inherited {
    prefix_t prefix[130];
    uint32_t text[130];
    size_t depth;
} inherited_t;

static uint32_t inherit(inherited_t *s, const prefix_t *p, uint32_t outside)
{
    while (s->depth && !contains(&s->prefix[s->depth - 1], p)) {
        s->depth--;
    }
    return s->depth ? s->text[s->depth - 1] : outside;
}

static void enter(inherited_t *s, const prefix_t *p, uint32_t text)
{
    s->prefix[s->depth] = *p;
    s->text[s->depth++] = text;
}

static void ip_capabilities(getter_t *g, family_t family, uint32_t property, uint32_t ad)
{
    const join_index_t *join = g->c->in.join;
    const domain_t *domain = domain_of(g->c, family == FAMILY_IPV4 ? DOMAIN_IPV4 : DOMAIN_IPV6, 0);
    inherited_t stack = {.depth = 0};
    prefix_t all = {.family = family};
    uint32_t everywhere = capabilities_value(g, ad, 0);
    size_t root = g->count;
    if (everywhere) {
        add(g, (item_t){domain, all, 0, property, everywhere});
    }
    for (size_t i = 0; i < join->declared_count[family] && !g->err; i++) {
        const join_declared_t *d = &join->declared[family][i];
        uint32_t before = inherit(&stack, &d->prefix, everywhere);
        uint32_t text = capabilities_value(g, ad, d->answer);
        if (everywhere && !entity_prefix_len(&d->prefix)) {
            g->items[root].text = text; /* the same entity */
        } else if (text != before) {
            add(g, (item_t){domain, d->prefix, 0, property, text});
        }
        enter(&stack, &d->prefix, text);
    }
}

/* A prefix of a map with its PID, for sorting. */
typedef struct owned {
    prefix_t prefix;
    uint32_t pid;
} owned_t;

static int cmp_prefix(const prefix_t *x, const prefix_t *y)
{
    return x->family == FAMILY_IPV4 ? prefix_cmp_v4(x->u.v4, y->u.v4)
                                    : prefix_cmp_v6(x->u.v6, y->u.v6);
}

static int cmp_owned(const void *px, const void *py)
{
    return cmp_prefix(&((const owned_t *)px)->prefix, &((const owned_t *)py)->prefix);
}

static owned_t *map_prefixes(const model_network_map_t *map, family_t family, size_t *count)
{
    size_t total = 0;
    for (size_t i = 0; i < map->pid_count; i++) {
        total += family == FAMILY_IPV4 ? map->pids[i].v4_count : map->pids[i].v6_count;
    }
    owned_t *list = calloc(total + 1, sizeof *list);
    *count = 0;
    for (size_t i = 0; list && i < map->pid_count; i++) {
        const model_pid_t *pid = &map->pids[i];
        size_t n = family == FAMILY_IPV4 ? pid->v4_count : pid->v6_count;
        for (size_t k = 0; k < n; k++) {
            owned_t *o = &list[(*count)++];
            *o = (owned_t){{.family = family}, (uint32_t)i};
            if (family == FAMILY_IPV4) {
                o->prefix.u.v4 = pid->v4[k];
            } else {
                o->prefix.u.v6 = pid->v6[k];
            }
        }
    }
    if (list && *count > 1) {
        qsort(list, *count, sizeof *list, cmp_owned);
    }
    return list;
}

static void ip_pids(getter_t *g, family_t family, uint32_t property, uint32_t map_index)
{
    const model_network_map_t *map = g->c->in.maps[map_index].map;
    const domain_t *domain = domain_of(g->c, family == FAMILY_IPV4 ? DOMAIN_IPV4 : DOMAIN_IPV6, 0);
    size_t count = 0;
    owned_t *list = map_prefixes(map, family, &count);
    uint32_t *texts = calloc(map->pid_count + 1, sizeof *texts);
    g->err = list && texts ? g->err : ERR_NOMEM;
    for (size_t i = 0; i < map->pid_count && !g->err; i++) {
        buf_clear(&g->buf);
        json_write_string(&g->buf, map->pids[i].name);
        texts[i] = add_text(g, buf_slice(&g->buf));
    }
    inherited_t stack = {.depth = 0};
    for (size_t i = 0; i < count && !g->err; i++) {
        uint32_t before = inherit(&stack, &list[i].prefix, 0);
        if (texts[list[i].pid] != before) {
            add(g, (item_t){domain, list[i].prefix, 0, property, texts[list[i].pid]});
        }
        enter(&stack, &list[i].prefix, texts[list[i].pid]);
    }
    free(list);
    free(texts);
}

static void named(getter_t *g, domain_kind_t kind, fp_type_t type, uint32_t map, uint32_t property,
                  uint32_t ad)
{
    const join_index_t *join = g->c->in.join;
    const domain_t *domain = domain_of(g->c, kind, map);
    for (size_t i = 0; domain && i < join->named_count[type] && !g->err; i++) {
        uint32_t text = capabilities_value(g, ad, join->named[type][i].answer);
        if (text) {
            add(g, (item_t){domain, {0}, join->named[type][i].value, property, text});
        }
    }
}

static void gather(getter_t *g)
{
    const property_map_content_t *c = g->c;
    for (uint32_t i = 0; i < c->get_property_count && !g->err; i++) {
        const property_t *p = &c->properties[i];
        for (unsigned f = 0; f < FAMILY_COUNT; f++) {
            if (p->kind == PROPERTY_CAPABILITIES) {
                ip_capabilities(g, (family_t)f, i, p->index);
            } else {
                ip_pids(g, (family_t)f, i, p->index);
            }
        }
        if (p->kind != PROPERTY_CAPABILITIES) {
            continue;
        }
        named(g, DOMAIN_ASN, FP_ASN, 0, i, p->index);
        named(g, DOMAIN_COUNTRYCODE, FP_COUNTRYCODE, 0, i, p->index);
        named(g, DOMAIN_SUBDIVISIONCODE, FP_SUBDIVISIONCODE, 0, i, p->index);
        for (uint32_t m = 0; m < c->in.map_count; m++) {
            const cdni_content_t *ad = c->in.advertisements[p->index];
            if (ad->uses_map && slice_eq(ad->map_id, c->in.maps[m].content->id)) {
                named(g, DOMAIN_PID, FP_ALTOPID, m, i, p->index);
            }
        }
    }
}

static int cmp_item(const void *px, const void *py)
{
    const item_t *x = px, *y = py;
    if (x->domain != y->domain) {
        return x->domain < y->domain ? -1 : 1;
    }
    bool ip = x->domain->kind == DOMAIN_IPV4 || x->domain->kind == DOMAIN_IPV6;
    int cmp = ip                    ? cmp_prefix(&x->prefix, &y->prefix)
              : x->value < y->value ? -1
                                    : x->value > y->value;
    return cmp ? cmp : x->property < y->property ? -1 : x->property > y->property;
}

/* ---- text ---- */

static void key_text(const getter_t *g, const item_t *item, buf_t *out)
{
    char code[8];
    switch (item->domain->kind) {
    case DOMAIN_IPV4:
    case DOMAIN_IPV6:
        entity_prefix_text(&item->prefix, out);
        break;
    case DOMAIN_ASN:
        buf_printf(out, "asn:as%u", (unsigned)item->value);
        break;
    case DOMAIN_PID:
        buf_printf(out, "%.*s:%.*s", SLICE_ARG(item->domain->name),
                   SLICE_ARG(g->c->in.model->default_map->pids[item->value].name));
        break;
    default:
        buf_printf(out, "%.*s:", SLICE_ARG(item->domain->name));
        buf_append(out, code, fp_code_format(item->value, code));
        break;
    }
}

static bool same_entity(const item_t *x, const item_t *y)
{
    item_t z = *y;
    z.property = x->property;
    return cmp_item(x, &z) == 0;
}

/* The text in front of item i's value: what ends the last entity, the key, the property's name. */
static void lead_text(const getter_t *g, size_t i, buf_t *out)
{
    const item_t *item = &g->items[i];
    if (i && same_entity(&g->items[i - 1], item)) {
        buf_append_char(out, ',');
    } else {
        buf_append_str(out, i ? "},\"" : "\"");
        key_text(g, item, out);
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

static size_t total_size(getter_t *g)
{
    size_t size = 2;
    buf_clear(&g->buf);
    head_text(g->c, &g->buf);
    size += g->buf.len + (g->count ? 1 : 0);
    for (size_t i = 0; i < g->count; i++) {
        buf_clear(&g->buf);
        lead_text(g, i, &g->buf);
        size += g->buf.len + g->texts[g->items[i].text]->len;
    }
    return size;
}

/* Leads in one block, values from fragments: equal values lie in memory once. */
static err_t make_body(getter_t *g, body_t **out)
{
    slice_t *segments = calloc(2 * g->count + 2, sizeof *segments);
    size_t *ends = calloc(g->count + 1, sizeof *ends);
    fragment_t *head = NULL;
    digest_t none = {{0}};
    err_t err = segments && ends ? ERR_OK : ERR_NOMEM;
    buf_clear(&g->buf);
    head_text(g->c, &g->buf);
    for (size_t i = 0; i < g->count && !err; i++) {
        lead_text(g, i, &g->buf);
        ends[i] = g->buf.len;
    }
    if (!g->count) {
        ends[0] = g->buf.len;
    }
    err = err || !buf_failed(&g->buf) ? err : ERR_NOMEM;
    err = err ? err : fragment_new(buf_slice(&g->buf), &none, &head);
    if (!err) {
        size_t n = 0, at = 0;
        for (size_t i = 0; i < g->count; i++) {
            segments[n++] = slice_of(head->bytes + at, ends[i] - at);
            segments[n++] = fragment_slice(g->texts[g->items[i].text]);
            at = ends[i];
        }
        if (!g->count) {
            segments[n++] = fragment_slice(head);
        }
        segments[n++] = g->count ? SLICE_LIT("}}}") : SLICE_LIT("}}");
        err = body_new_shared(segments, n, head, g->texts, g->text_count, out);
    }
    free(segments);
    free(ends);
    return err;
}

/* No entity is shorter than this; what is surely too big is not even gathered. */
#define SHORTEST_ENTITY 40

err_t property_map_body(const property_map_content_t *c, size_t *size, body_t **out)
{
    const join_index_t *join = c->in.join;
    size_t most = 0;
    *out = NULL;
    *size = (join->declared_count[FAMILY_IPV4] + join->declared_count[FAMILY_IPV6]) *
            SHORTEST_ENTITY;
    if (*size > c->in.max_get_bytes) {
        return ERR_OK;
    }
    for (size_t i = 0; i < c->in.advertisement_count; i++) {
        most = c->capabilities[i].count > most ? c->capabilities[i].count : most;
    }
    getter_t g = {.c = c, .buf = BUF_INIT};
    g.scratch = calloc(most + 2, sizeof *g.scratch);
    g.err = g.scratch ? ERR_OK : ERR_NOMEM;
    (void)add_text(&g, SLICE_LIT("null"));
    gather(&g);
    if (!g.err && g.count > 1) {
        qsort(g.items, g.count, sizeof *g.items, cmp_item);
    }
    if (!g.err) {
        *size = total_size(&g);
        if (*size <= c->in.max_get_bytes) {
            g.err = make_body(&g, out);
        }
    }
    if (g.err == ERR_LIMIT) {
        *size = g.least;
        g.err = ERR_OK;
    }
    free(g.items);
    free(g.texts);
    free(g.scratch);
    table_release(&g.by_list);
    buf_release(&g.buf);
    return g.err;
}

const resource_kind_t resource_kind_property_map = {
    "property-map", ALTO_MEDIA_PROPERTY_MAP, NULL, NULL, NULL, NULL};
