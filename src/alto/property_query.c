#include "property_writer.h"

#include "property_items.h"

#include <stdlib.h>

/* ---- writing ---- */

static bool is_listed(const line_t *line, size_t property)
{
    uint64_t value = line->values[property], above = line->above ? line->above[property] : 0;
    return value != above || (line->whole && value);
}

static err_t begin_entity(writer_t *w, slice_t spelling, const prefix_t *prefix)
{
    buf_t *out = &w->out->buf;
    if (w->written >= w->c->in.max_entities) {
        return ERR_LIMIT;
    }
    property_text_pause(w->out);
    if (w->written++) {
        buf_append_char(out, ',');
    }
    if (spelling.ptr) {
        json_write_string(out, spelling);
    } else {
        buf_append_char(out, '"');
        entity_prefix_text(prefix, out);
        buf_append_char(out, '"');
    }
    buf_append(out, ":{", 2);
    return ERR_OK;
}

static void write_value(writer_t *w, const property_t *p, uint64_t value)
{
    const property_map_content_t *c = w->c;
    if (!value) {
        buf_append(&w->out->buf, "null", 4);
    } else if (p->kind == PROPERTY_CAPABILITIES &&
               c->capabilities[p->index].lists[value].text.ptr) {
        property_text_share(w->out, c->capabilities[p->index].lists[value].text);
    } else {
        property_number_text(c, p, value, &w->out->buf);
    }
}

err_t writer_line(writer_t *w, const line_t *line)
{
    size_t n = 0;
    for (size_t i = 0; i < w->q->property_count; i++) {
        if (!is_listed(line, i)) {
            continue;
        }
        err_t err = n ? ERR_OK : begin_entity(w, line->spelling, &line->prefix);
        if (err) {
            return err;
        }
        if (w->q->existence) {
            n = 1;
            break;
        }
        if (n++) {
            buf_append_char(&w->out->buf, ',');
        }
        buf_append_slice(&w->out->buf, w->q->properties[i]->quoted);
        write_value(w, w->q->properties[i], line->values[i]);
    }
    if (n) {
        buf_append_char(&w->out->buf, '}');
    }
    return ERR_OK;
}

/* ---- addresses ---- */

bool writer_values_at(const writer_t *w, const addr_t *addr, uint64_t *out)
{
    point_t at = point_at(w->c, addr);
    uint64_t any = 0;
    for (size_t i = 0; i < w->q->property_count; i++) {
        out[i] = property_number(w->c, w->q->properties[i], &at, addr);
        any |= out[i];
    }
    return any != 0;
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

static bool is_address(const entity_t *e)
{
    return entity_prefix_len(&e->u.prefix) == entity_prefix_full(&e->u.prefix);
}

static err_t write_address(writer_t *w, const entity_t *e, uint64_t *values)
{
    addr_t a = writer_first_address(&e->u.prefix);
    (void)writer_values_at(w, &a, values);
    return writer_line(w, &(line_t){e->u.prefix, e->spelling, values, NULL, true});
}

/* ---- other domains ---- */

static int cmp_pid(const void *name, const void *pid)
{
    return slice_cmp(*(const slice_t *)name, ((const model_pid_t *)pid)->name);
}

/* False for what is nobody's: a PID that the map does not have. */
static bool named_answer(const property_map_content_t *c, const entity_t *e, uint32_t *out)
{
    const model_network_map_t *map;
    const model_pid_t *pid;
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
        pid = bsearch(&e->u.pid, map->pids, map->pid_count, sizeof *map->pids, cmp_pid);
        *out = pid ? join_answer_named(c->in.join, FP_ALTOPID, (uint64_t)(pid - map->pids)) : 0;
        return pid != NULL;
    default:
        return false;
    }
}

static err_t write_named(writer_t *w, const entity_t *e, uint64_t *values)
{
    uint32_t answer = 0;
    if (!named_answer(w->c, e, &answer)) {
        return ERR_OK;
    }
    for (size_t i = 0; i < w->q->property_count; i++) {
        const property_t *p = w->q->properties[i];
        bool has = p->kind == PROPERTY_CAPABILITIES && property_applies(w->c, p, e->domain);
        values[i] = has ? w->c->capabilities[p->index].list_of[answer] : 0;
    }
    return writer_line(w, &(line_t){{0}, e->spelling, values, NULL, true});
}

/* ---- the query ---- */

static uint64_t hash_entity(const entity_t *e)
{
    if (e->domain->kind == DOMAIN_PID) {
        return hash_slice(e->spelling);
    }
    const prefix_t *p = &e->u.prefix;
    bool ip = entity_is_ip(e), v4 = ip && p->family == FAMILY_IPV4;
    uint64_t words[3] = {e->domain->kind | (ip ? (uint64_t)entity_prefix_len(p) << 8 : 0), 0, 0};
    words[1] = !ip ? e->u.value : v4 ? p->u.v4.addr : p->u.v6.addr.hi;
    words[2] = !ip || v4 ? 0 : p->u.v6.addr.lo;
    return hash_bytes(words, sizeof words);
}

static bool same_entity(const entity_t *x, const entity_t *y)
{
    if (x->domain != y->domain) {
        return false;
    }
    if (entity_is_ip(x)) {
        return !entity_prefix_cmp(&x->u.prefix, &y->u.prefix);
    }
    return x->domain->kind == DOMAIN_PID ? slice_eq(x->u.pid, y->u.pid) : x->u.value == y->u.value;
}

/* Aliases are answered once, under the first spelling. */
static bool drop_aliases(property_query_t *q, arena_t *arena)
{
    size_t mask = 15, kept = 0;
    if (q->entity_count < 2) {
        return true;
    }
    while (mask < q->entity_count * 2) {
        mask = mask * 2 + 1;
    }
    uint32_t *slots = arena_array(arena, mask + 1, sizeof *slots);
    for (size_t i = 0; slots && i < q->entity_count; i++) {
        const entity_t *e = &q->entities[i];
        size_t at = hash_entity(e) & mask;
        while (slots[at] && !same_entity(&q->entities[slots[at] - 1], e)) {
            at = (at + 1) & mask;
        }
        if (!slots[at]) {
            q->entities[kept++] = *e;
            slots[at] = (uint32_t)kept;
        }
    }
    q->entity_count = kept;
    return slots != NULL;
}

static int cmp_address(const void *px, const void *py)
{
    const entity_t *x = *(entity_t *const *)px, *y = *(entity_t *const *)py;
    if (x->u.prefix.family != y->u.prefix.family) {
        return x->u.prefix.family < y->u.prefix.family ? -1 : 1;
    }
    return entity_prefix_cmp(&x->u.prefix, &y->u.prefix);
}

static bool has_prefixes(const property_query_t *q)
{
    for (size_t i = 0; i < q->entity_count; i++) {
        if (entity_is_ip(&q->entities[i]) && !is_address(&q->entities[i])) {
            return true;
        }
    }
    return false;
}

/* By address, outer before inner: what lies in a prefix that is asked for too comes behind it. */
static err_t write_blocks(writer_t *w, uint64_t *values)
{
    const property_query_t *q = w->q;
    const entity_t **list = arena_array(w->arena, q->entity_count, sizeof *list);
    size_t count = 0, inside = 0;
    err_t err = list ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < q->entity_count && !err; i++) {
        if (entity_is_ip(&q->entities[i])) {
            list[count++] = &q->entities[i];
        }
    }
    if (count > 1) {
        qsort(list, count, sizeof *list, cmp_address);
    }
    for (size_t i = 0; i < count && !err; i += inside) {
        const prefix_t *outer = &list[i]->u.prefix;
        inside = 1;
        while (i + inside < count && list[i + inside]->u.prefix.family == outer->family &&
               entity_prefix_contains(outer, &list[i + inside]->u.prefix)) {
            inside++;
        }
        err = is_address(list[i]) ? write_address(w, list[i], values)
                                  : writer_expand(w, list + i, inside, values);
    }
    return err;
}

/* `properties` absent: the entity itself, when anything in it has a value. */
static err_t write_existence(writer_t *w, const entity_t *e, uint64_t *values)
{
    bool any = false;
    if (is_address(e)) {
        return write_address(w, e, values);
    }
    err_t err = writer_any_in(w, e, values, &any);
    err = err || !any ? err : begin_entity(w, e->spelling, &e->u.prefix);
    if (!err && any) {
        buf_append_char(&w->out->buf, '}');
    }
    return err;
}

err_t property_query_write(const property_map_content_t *c, property_query_t *q,
                           property_text_t *out)
{
    arena_t *arena = out->arena;
    writer_t w = {.c = c, .q = q, .arena = arena, .out = out};
    uint64_t *values = arena_array(arena, q->property_count, sizeof *values);
    err_t err = values && drop_aliases(q, arena) ? ERR_OK : ERR_NOMEM;
    bool blocks = !q->existence && has_prefixes(q);
    for (size_t i = 0; i < q->entity_count && !err; i++) {
        const entity_t *e = &q->entities[i];
        if (!entity_is_ip(e)) {
            err = write_named(&w, e, values);
        } else if (!blocks) {
            err = write_existence(&w, e, values);
        }
    }
    return err || !blocks ? err : write_blocks(&w, values);
}

/* ---- all ---- */

/* More than this is too much to be looked at, let alone to be answered. */
#define ALL_FACTOR 4

static err_t add_item(const property_map_content_t *c, const item_t *item, arena_t *arena,
                      buf_t *text, property_query_t *q)
{
    entity_t *e = &q->entities[q->entity_count++];
    *e = item_entity(c, item);
    if (!entity_is_ip(e)) {
        buf_clear(text);
        entity_text(e, text);
        e->spelling = arena_copy(arena, buf_slice(text));
    }
    return buf_failed(text) || arena_failed(arena) ? ERR_NOMEM : ERR_OK;
}

err_t property_query_all(const property_map_content_t *c, arena_t *arena, property_query_t *q)
{
    items_t items;
    buf_t text = BUF_INIT;
    err_t err = items_gather(c, c->in.max_entities * ALL_FACTOR * c->get_property_count, &items);
    if (err) {
        return err;
    }
    q->entity_count = 0;
    q->entities = arena_array(arena, items.count, sizeof *q->entities);
    err = q->entities ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < items.count && !err; i++) {
        if (!i || !items_same_entity(&items.list[i - 1], &items.list[i])) {
            err = add_item(c, &items.list[i], arena, &text, q);
        }
    }
    buf_release(&text);
    items_release(&items);
    return err;
}
