#include "property_writer.h"

#include <stdlib.h>

/* ---- values ---- */

static err_t show(writer_t *w, uint32_t ad, uint32_t answer, uint64_t *out)
{
    const capabilities_t *cap = &w->c->capabilities[ad];
    size_t n = capabilities_of(cap, w->c->in.join, answer, w->scratch + 1);
    *out = 0;
    if (!n) {
        return ERR_OK;
    }
    w->scratch[0] = ad;
    slice_t key = slice_of((const char *)w->scratch, (n + 1) * sizeof *w->scratch);
    const shown_t *known = table_get(&w->shown_by_list, key);
    if (known) {
        *out = known->id;
        return ERR_OK;
    }
    if (w->shown_count + 1 >= w->shown_cap) {
        size_t wanted = w->shown_cap ? w->shown_cap * 2 : 64;
        shown_t **grown = realloc(w->shown, wanted * sizeof(shown_t *));
        if (!grown) {
            return ERR_NOMEM;
        }
        w->shown = grown;
        w->shown_cap = wanted;
    }
    shown_t *made = arena_alloc(w->arena, sizeof *made);
    uint32_t *kept = arena_array(w->arena, n + 1, sizeof *kept);
    if (!made || !kept) {
        return ERR_NOMEM;
    }
    memcpy(kept, w->scratch, (n + 1) * sizeof *kept);
    *made = (shown_t){(uint32_t)++w->shown_count, ad, kept + 1, n};
    w->shown[made->id] = made;
    *out = made->id;
    return table_put(&w->shown_by_list, slice_of((const char *)kept, (n + 1) * sizeof *kept), made,
                     NULL);
}

/* All properties of the query at one address. */
err_t writer_values_at(writer_t *w, const domain_t *d, const addr_t *addr, uint64_t *out)
{
    point_t at = point_at(w->c, addr);
    for (size_t i = 0; i < w->q->property_count; i++) {
        const property_t *p = w->q->properties[i];
        out[i] = 0;
        if (!property_applies(w->c, p, d)) {
            continue;
        }
        if (p->kind != PROPERTY_CAPABILITIES) {
            out[i] = property_number(w->c, p, &at, addr);
            continue;
        }
        err_t err = show(w, p->index, at.answer, &out[i]);
        if (err) {
            return err;
        }
    }
    return ERR_OK;
}

static void value_text(writer_t *w, const property_t *p, uint64_t value)
{
    if (!value) {
        buf_append_str(w->out, "null");
    } else if (p->kind == PROPERTY_CAPABILITIES) {
        const shown_t *s = w->shown[value];
        capabilities_text(&w->c->capabilities[s->ad], s->numbers, s->count, w->out);
    } else {
        property_number_text(w->c, p, value, w->out);
    }
}

/* ---- writing ---- */

err_t writer_begin_entity(writer_t *w, slice_t spelling, const prefix_t *prefix)
{
    if (w->written >= w->c->in.max_entities) {
        return ERR_LIMIT;
    }
    if (w->written++) {
        buf_append_char(w->out, ',');
    }
    if (spelling.ptr) {
        json_write_string(w->out, spelling);
    } else {
        buf_append_char(w->out, '"');
        entity_prefix_text(prefix, w->out);
        buf_append_char(w->out, '"');
    }
    buf_append_str(w->out, ":{");
    return ERR_OK;
}

err_t writer_line(writer_t *w, const line_t *line)
{
    err_t err = writer_begin_entity(w, line->spelling, &line->prefix);
    size_t n = 0;
    for (size_t i = 0; i < w->q->property_count && !err; i++) {
        if (line->listed ? !line->listed[i] : !line->values[i]) {
            continue;
        }
        if (w->q->existence) {
            break;
        }
        if (n++) {
            buf_append_char(w->out, ',');
        }
        buf_append_slice(w->out, w->q->properties[i]->quoted);
        value_text(w, w->q->properties[i], line->values[i]);
    }
    buf_append_char(w->out, '}');
    return err;
}

bool writer_any_value(const writer_t *w, const uint64_t *values)
{
    for (size_t i = 0; i < w->q->property_count; i++) {
        if (values[i]) {
            return true;
        }
    }
    return false;
}

addr_t writer_first_address(const prefix_t *p)
{
    addr_t a = {.family = p->family};
    if (p->family == FAMILY_IPV4) {
        a.u.v4 = p->u.v4.addr;
    } else {
        a.u.v6 = p->u.v6.addr;
    }
    return a;
}

static err_t write_address(writer_t *w, const entity_t *e, uint64_t *values)
{
    addr_t a = writer_first_address(&e->u.prefix);
    err_t err = writer_values_at(w, e->domain, &a, values);
    if (err || !writer_any_value(w, values)) {
        return err;
    }
    return writer_line(w, &(line_t){e->u.prefix, e->spelling, values, NULL});
}

/* ---- other domains ---- */

static bool named_answer(const property_map_content_t *c, const entity_t *e, uint32_t *out)
{
    const model_network_map_t *map;
    switch (e->domain->kind) {
    case DOMAIN_ASN:
        *out = join_answer_named(c->in.join, FP_ASN, e->u.value);
        return true;
    case DOMAIN_COUNTRYCODE:
        *out = join_answer_named(c->in.join, FP_COUNTRYCODE, e->u.value);
        return true;
    case DOMAIN_SUBDIVISIONCODE:
        *out = join_answer_named(c->in.join, FP_SUBDIVISIONCODE, e->u.value);
        return true;
    case DOMAIN_PID:
        map = c->in.maps[e->domain->map].map;
        for (size_t i = 0; i < map->pid_count; i++) {
            if (slice_eq(map->pids[i].name, e->u.pid)) {
                *out = join_answer_named(c->in.join, FP_ALTOPID, i);
                return true;
            }
        }
        return false;
    default:
        return false;
    }
}

static err_t write_named(writer_t *w, const entity_t *e, uint64_t *values)
{
    uint32_t answer = 0;
    err_t err = ERR_OK;
    if (!named_answer(w->c, e, &answer)) {
        return ERR_OK;
    }
    for (size_t i = 0; i < w->q->property_count && !err; i++) {
        const property_t *p = w->q->properties[i];
        values[i] = 0;
        if (p->kind == PROPERTY_CAPABILITIES && property_applies(w->c, p, e->domain)) {
            err = show(w, p->index, answer, &values[i]);
        }
    }
    if (err || !writer_any_value(w, values)) {
        return err;
    }
    return writer_line(w, &(line_t){{0}, e->spelling, values, NULL});
}

/* ---- the query ---- */

/* One name per entity, so that aliases are answered once, under the first spelling. */
static slice_t entity_key(const entity_t *e, arena_t *arena)
{
    if (e->domain->kind == DOMAIN_PID) {
        return e->spelling;
    }
    const prefix_t *p = &e->u.prefix;
    bool ip = entity_is_ip(e), v4 = ip && p->family == FAMILY_IPV4;
    uint64_t words[4] = {e->domain->kind, ip ? entity_prefix_len(p) : 0, 0, 0};
    words[2] = !ip ? e->u.value : v4 ? p->u.v4.addr : p->u.v6.addr.hi;
    words[3] = !ip || v4 ? 0 : p->u.v6.addr.lo;
    return arena_copy(arena, slice_of((const char *)words, sizeof words));
}

static bool has_prefixes(const property_query_t *q)
{
    for (size_t i = 0; i < q->entity_count; i++) {
        const entity_t *e = &q->entities[i];
        if (entity_is_ip(e) && entity_prefix_len(&e->u.prefix) < entity_prefix_full(&e->u.prefix)) {
            return true;
        }
    }
    return false;
}

static err_t write_ip(writer_t *w, const entity_t *e, bool prefixes, uint64_t *values)
{
    bool address = entity_prefix_len(&e->u.prefix) == entity_prefix_full(&e->u.prefix);
    if (w->q->existence) {
        return address ? write_address(w, e, values) : writer_existence(w, e, values);
    }
    if (!prefixes) {
        return write_address(w, e, values);
    }
    size_t before = w->line_count;
    err_t err = writer_expand(w, e, w->q->entity_count > 1, values);
    for (size_t i = before; i < w->line_count && !err; i++) {
        const line_t mine = {e->u.prefix, {NULL, 0}, NULL, NULL};
        if (!writer_line_cmp(&mine, &w->lines[i])) {
            w->lines[i].spelling = e->spelling;
        }
    }
    return err;
}

static err_t write_all(writer_t *w)
{
    const property_query_t *q = w->q;
    bool prefixes = has_prefixes(q);
    table_t seen = TABLE_INIT;
    uint64_t *values = arena_array(w->arena, q->property_count + 1, sizeof *values);
    err_t err = values ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < q->entity_count && !err; i++) {
        entity_t *e = &q->entities[i];
        void *old = NULL;
        slice_t key = entity_key(e, w->arena);
        err = key.ptr ? table_put(&seen, key, e, &old) : ERR_NOMEM;
        if (err || old) {
            continue;
        }
        err = entity_is_ip(e) ? write_ip(w, e, prefixes, values) : write_named(w, e, values);
    }
    table_release(&seen);
    return err ? err : writer_lines(w);
}

err_t property_query_write(const property_map_content_t *c, const property_query_t *q,
                           arena_t *arena, buf_t *out)
{
    writer_t w = {.c = c, .q = q, .arena = arena, .out = out};
    size_t most = 0;
    for (size_t i = 0; i < c->in.advertisement_count; i++) {
        most = c->capabilities[i].count > most ? c->capabilities[i].count : most;
    }
    w.scratch = arena_array(arena, most + 2, sizeof *w.scratch);
    err_t err = w.scratch ? write_all(&w) : ERR_NOMEM;
    table_release(&w.shown_by_list);
    free(w.shown);
    free(w.lines);
    return err;
}

/* ---- all ---- */

static void add_ip(const property_map_content_t *c, property_query_t *q, const prefix_t *p)
{
    for (size_t i = 0; i < c->domain_count; i++) {
        domain_kind_t kind = p->family == FAMILY_IPV4 ? DOMAIN_IPV4 : DOMAIN_IPV6;
        if (c->domains[i].kind == kind) {
            q->entities[q->entity_count++] = (entity_t){.domain = &c->domains[i], .u.prefix = *p};
        }
    }
}

static size_t count_all(const property_map_content_t *c)
{
    const join_index_t *join = c->in.join;
    size_t n = join->declared_count[0] + join->declared_count[1] + 2;
    for (unsigned t = 0; t < FP_TYPE_COUNT; t++) {
        n += join->named_count[t];
    }
    for (size_t m = 0; m < c->in.map_count; m++) {
        const model_network_map_t *map = c->in.maps[m].map;
        for (size_t i = 0; i < map->pid_count; i++) {
            n += map->pids[i].v4_count + map->pids[i].v6_count;
        }
    }
    return n;
}

static void add_named(const property_map_content_t *c, arena_t *arena, property_query_t *q)
{
    static const fp_type_t types[] = {[DOMAIN_ASN] = FP_ASN,
                                      [DOMAIN_COUNTRYCODE] = FP_COUNTRYCODE,
                                      [DOMAIN_SUBDIVISIONCODE] = FP_SUBDIVISIONCODE,
                                      [DOMAIN_PID] = FP_ALTOPID};
    const join_index_t *join = c->in.join;
    for (size_t d = 0; d < c->domain_count; d++) {
        const domain_t *domain = &c->domains[d];
        if (domain->kind == DOMAIN_IPV4 || domain->kind == DOMAIN_IPV6) {
            continue;
        }
        fp_type_t type = types[domain->kind];
        for (size_t i = 0; i < join->named_count[type]; i++) {
            uint64_t value = join->named[type][i].value;
            entity_t *e = &q->entities[q->entity_count++];
            char code[8];
            *e = (entity_t){.domain = domain};
            if (domain->kind == DOMAIN_PID) {
                e->u.pid = c->in.maps[domain->map].map->pids[value].name;
                e->spelling = arena_printf(arena, "%.*s:%.*s", SLICE_ARG(domain->name),
                                           SLICE_ARG(e->u.pid));
                continue;
            }
            e->u.value = value;
            e->spelling = domain->kind == DOMAIN_ASN
                              ? arena_printf(arena, "asn:as%u", (unsigned)value)
                              : arena_printf(arena, "%.*s:%.*s", SLICE_ARG(domain->name),
                                             (int)fp_code_format(value, code), code);
        }
    }
}

bool property_query_all(const property_map_content_t *c, arena_t *arena, property_query_t *q)
{
    const join_index_t *join = c->in.join;
    size_t count = count_all(c);
    if (count > c->in.max_entities * 4) {
        count = c->in.max_entities * 4; /* the answer will be too long in any case */
    }
    q->entities = arena_array(arena, count + c->domain_count, sizeof *q->entities);
    q->entity_count = 0;
    if (!q->entities) {
        return false;
    }
    if (count_all(c) > count) {
        q->too_many = true;
        return true;
    }
    const prefix_t all4 = {.family = FAMILY_IPV4}, all6 = {.family = FAMILY_IPV6};
    add_named(c, arena, q);
    add_ip(c, q, &all4);
    add_ip(c, q, &all6);
    for (unsigned f = 0; f < FAMILY_COUNT; f++) {
        for (size_t i = 0; i < join->declared_count[f] && join->declared[f]; i++) {
            add_ip(c, q, &join->declared[f][i].prefix);
        }
    }
    for (size_t m = 0; m < c->in.map_count; m++) {
        const model_network_map_t *map = c->in.maps[m].map;
        for (size_t i = 0; i < map->pid_count; i++) {
            for (size_t k = 0; k < map->pids[i].v4_count; k++) {
                add_ip(c, q, &(prefix_t){.family = FAMILY_IPV4, .u.v4 = map->pids[i].v4[k]});
            }
            for (size_t k = 0; k < map->pids[i].v6_count; k++) {
                add_ip(c, q, &(prefix_t){.family = FAMILY_IPV6, .u.v6 = map->pids[i].v6[k]});
            }
        }
    }
    return true;
}
