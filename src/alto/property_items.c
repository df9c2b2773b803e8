#include "property_items.h"

#include <stdlib.h>

typedef struct gatherer {
    const property_map_content_t *c;
    items_t *out;
    size_t cap;
    size_t most;
    bool *mentioned[FP_TYPE_COUNT]; /* by place in the join's list: whether an object names it */
    err_t err;
} gatherer_t;

static void add(gatherer_t *g, item_t item)
{
    if (g->out->count == g->most && !g->err) {
        g->err = ERR_LIMIT;
    }
    if (g->out->count == g->cap && !g->err) {
        size_t cap = g->cap ? g->cap * 2 : 256;
        item_t *grown = realloc(g->out->list, cap * sizeof *grown);
        if (!grown) {
            g->err = ERR_NOMEM;
            return;
        }
        g->out->list = grown;
        g->cap = cap;
    }
    if (!g->err) {
        g->out->list[g->out->count++] = item;
    }
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

static const domain_t *domain_of_family(const property_map_content_t *c, family_t family)
{
    return domain_of(c, family == FAMILY_IPV4 ? DOMAIN_IPV4 : DOMAIN_IPV6, 0);
}

/* ---- what visible objects name ---- */

static uint64_t value_of(const gatherer_t *g, const fp_values_t *v, size_t i, size_t *pid)
{
    const model_network_map_t *map = g->c->in.model->default_map;
    switch (v->type) {
    case FP_ASN:
        return v->u.asn[i];
    case FP_ALTOPID:
        /* Both lists are ascending by bytes. */
        while (*pid < map->pid_count && slice_cmp(map->pids[*pid].name, v->u.pid[i]) < 0) {
            (*pid)++;
        }
        return *pid < map->pid_count && slice_eq(map->pids[*pid].name, v->u.pid[i]) ? *pid
                                                                                    : UINT64_MAX;
    default:
        return v->u.code[i];
    }
}

/* Both the values and the join's list are ascending, but one may be much the longer. */
static void mention(gatherer_t *g, const fp_values_t *v)
{
    const join_named_t *named = g->c->in.join->named[v->type];
    size_t count = g->c->in.join->named_count[v->type], from = 0, pid = 0;
    for (size_t i = 0; i < v->count; i++) {
        uint64_t value = value_of(g, v, i, &pid);
        size_t low = from, high = count;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (named[middle].value < value) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if (low < count && named[low].value == value) {
            g->mentioned[v->type][low] = true;
        }
        from = low;
    }
}

/* Lists are shared by address: each is walked once, however many objects have it. */
static void mention_once(gatherer_t *g, table_t *seen, const fp_values_t *const *list)
{
    void *old = NULL;
    fp_type_t type = (*list)->type;
    if (type == FP_IPV4CIDR || type == FP_IPV6CIDR || g->err) {
        return;
    }
    g->err = table_put(seen, slice_of((const char *)list, sizeof *list), g, &old);
    if (!g->err && !old) {
        mention(g, *list);
    }
}

static void mention_all(gatherer_t *g)
{
    table_t seen = TABLE_INIT;
    for (unsigned t = 0; t < FP_TYPE_COUNT && !g->err; t++) {
        g->mentioned[t] = calloc(g->c->in.join->named_count[t] + 1, sizeof *g->mentioned[t]);
        g->err = g->mentioned[t] ? ERR_OK : ERR_NOMEM;
    }
    for (size_t a = 0; a < g->c->in.advertisement_count; a++) {
        const cdni_content_t *ad = g->c->in.advertisements[a];
        for (size_t o = 0; o < ad->count; o++) {
            const fp_set_t *set = &ad->objects[o].object->footprints;
            for (size_t i = 0; i < set->count; i++) {
                const fp_constraint_t *constraint = &set->constraints[i];
                if (constraint->type != FP_UNION) {
                    mention_once(g, &seen, &constraint->values);
                }
                for (size_t m = 0; m < constraint->member_count; m++) {
                    mention_once(g, &seen, &constraint->members[m]);
                }
            }
        }
    }
    table_release(&seen);
}

static void named(gatherer_t *g, const domain_t *domain, fp_type_t type, uint32_t property)
{
    const join_index_t *join = g->c->in.join;
    const capabilities_t *cap = &g->c->capabilities[g->c->properties[property].index];
    for (size_t i = 0; domain && i < join->named_count[type] && !g->err; i++) {
        uint32_t list = cap->list_of[join->named[type][i].answer];
        if (list && g->mentioned[type][i]) {
            add(g, (item_t){domain, {0}, join->named[type][i].value, property, list});
        }
    }
}

/* ---- prefixes ---- */

/* What is inherited at a place: prefixes come outer before inner. */
typedef struct inherited {
    prefix_t prefix[130];
    uint32_t number[130];
    size_t depth;
} inherited_t;

static uint32_t inherit(inherited_t *s, const prefix_t *p, uint32_t outside)
{
    while (s->depth && !entity_prefix_contains(&s->prefix[s->depth - 1], p)) {
        s->depth--;
    }
    return s->depth ? s->number[s->depth - 1] : outside;
}

static void enter(inherited_t *s, const prefix_t *p, uint32_t number)
{
    s->prefix[s->depth] = *p;
    s->number[s->depth++] = number;
}

/* With a global object, the whole family is an entity (RFC 9241 6.2.2), declared or not. */
static void ip_capabilities(gatherer_t *g, family_t family, uint32_t property)
{
    const join_index_t *join = g->c->in.join;
    const capabilities_t *cap = &g->c->capabilities[g->c->properties[property].index];
    const domain_t *domain = domain_of_family(g->c, family);
    const join_declared_t *declared = join->declared[family];
    const prefix_t all = {.family = family};
    inherited_t stack = {.depth = 0};
    size_t count = join->declared_count[family];
    bool whole = count && !entity_prefix_len(&declared[0].prefix);
    uint32_t everywhere = cap->list_of[0];
    if (everywhere && !whole) {
        add(g, (item_t){domain, all, 0, property, everywhere});
    }
    for (size_t i = 0; i < count && !g->err; i++) {
        const join_declared_t *d = &declared[i];
        uint32_t before = inherit(&stack, &d->prefix, whole ? 0 : everywhere);
        uint32_t number = cap->list_of[d->answer];
        if (number != before) {
            add(g, (item_t){domain, d->prefix, 0, property, number});
        }
        enter(&stack, &d->prefix, number);
    }
}

/* A prefix of a map with its PID, for sorting. */
typedef struct owned {
    prefix_t prefix;
    uint32_t pid;
} owned_t;

static int cmp_owned(const void *px, const void *py)
{
    return entity_prefix_cmp(&((const owned_t *)px)->prefix, &((const owned_t *)py)->prefix);
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

static void ip_pids(gatherer_t *g, family_t family, uint32_t property)
{
    const property_t *p = &g->c->properties[property];
    const domain_t *domain = domain_of_family(g->c, family);
    size_t count = 0;
    owned_t *list = map_prefixes(g->c->in.maps[p->index].map, family, &count);
    inherited_t stack = {.depth = 0};
    g->err = list ? g->err : ERR_NOMEM;
    for (size_t i = 0; i < count && !g->err; i++) {
        uint32_t number = list[i].pid + 1;
        if (number != inherit(&stack, &list[i].prefix, 0)) {
            add(g, (item_t){domain, list[i].prefix, 0, property, number});
        }
        enter(&stack, &list[i].prefix, number);
    }
    free(list);
}

/* ---- all ---- */

static void gather(gatherer_t *g)
{
    static const struct {
        domain_kind_t domain;
        fp_type_t type;
    } agnostic[] = {{DOMAIN_ASN, FP_ASN},
                    {DOMAIN_COUNTRYCODE, FP_COUNTRYCODE},
                    {DOMAIN_SUBDIVISIONCODE, FP_SUBDIVISIONCODE}};
    const property_map_content_t *c = g->c;
    for (uint32_t i = 0; i < c->get_property_count && !g->err; i++) {
        const property_t *p = &c->properties[i];
        for (unsigned f = 0; f < FAMILY_COUNT && !g->err; f++) {
            if (p->kind == PROPERTY_CAPABILITIES) {
                ip_capabilities(g, (family_t)f, i);
            } else {
                ip_pids(g, (family_t)f, i);
            }
        }
        if (p->kind != PROPERTY_CAPABILITIES) {
            continue;
        }
        for (size_t d = 0; d < sizeof agnostic / sizeof *agnostic; d++) {
            named(g, domain_of(c, agnostic[d].domain, 0), agnostic[d].type, i);
        }
        for (size_t d = 0; d < c->domain_count; d++) {
            if (c->domains[d].kind == DOMAIN_PID && property_applies(c, p, &c->domains[d])) {
                named(g, &c->domains[d], FP_ALTOPID, i);
            }
        }
    }
}

static int cmp_entity(const item_t *x, const item_t *y)
{
    if (x->domain != y->domain) {
        return x->domain < y->domain ? -1 : 1;
    }
    if (x->domain->kind == DOMAIN_IPV4 || x->domain->kind == DOMAIN_IPV6) {
        return entity_prefix_cmp(&x->prefix, &y->prefix);
    }
    return x->value < y->value ? -1 : x->value > y->value;
}

static int cmp_item(const void *px, const void *py)
{
    const item_t *x = px, *y = py;
    int cmp = cmp_entity(x, y);
    return cmp ? cmp : x->property < y->property ? -1 : x->property > y->property;
}

err_t items_gather(const property_map_content_t *c, size_t most, items_t *out)
{
    gatherer_t g = {.c = c, .out = out, .most = most};
    *out = (items_t){0};
    for (unsigned f = 0; f < FAMILY_COUNT; f++) {
        if (c->in.join->declared_count[f] && !c->in.join->declared[f]) {
            return ERR_LIMIT;
        }
    }
    mention_all(&g);
    if (!g.err) {
        gather(&g);
    }
    for (unsigned t = 0; t < FP_TYPE_COUNT; t++) {
        free(g.mentioned[t]);
    }
    if (g.err) {
        items_release(out);
    } else if (out->count > 1) {
        qsort(out->list, out->count, sizeof *out->list, cmp_item);
    }
    return g.err;
}

void items_release(items_t *items)
{
    free(items->list);
    *items = (items_t){0};
}

bool items_same_entity(const item_t *x, const item_t *y)
{
    return cmp_entity(x, y) == 0;
}

entity_t item_entity(const property_map_content_t *c, const item_t *item)
{
    entity_t e = {.domain = item->domain};
    if (entity_is_ip(&e)) {
        e.u.prefix = item->prefix;
    } else if (item->domain->kind == DOMAIN_PID) {
        e.u.pid = c->in.maps[item->domain->map].map->pids[item->value].name;
    } else {
        e.u.value = item->value;
    }
    return e;
}
