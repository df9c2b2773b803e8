#include "import_table.h"

#include "footprintd/net/range.h"

#include <stdlib.h>

/*
 * A geofeed says of an address what its most specific prefix says (RFC 8805 2.1.1), while the
 * footprints of a document are independent of each other: with 192.0.2.0/24 in one country and
 * 192.0.2.128/25 in another, the first footprint must not have the second prefix's addresses.
 */

/* A prefix that those to come may lie in. */
typedef struct open {
    const import_prefix_t *p;
    u128_t next; /* the first address that is neither given nor taken out; none: `over` */
    bool over;
} open_t;

typedef struct carver {
    import_data_t *d;
    import_table_t *out;
    open_t stack[130];
    unsigned depth;
    const import_prefix_t *giving; /* whose pieces are emitted */
} carver_t;

static void emit(const prefix_t *p, void *arg)
{
    carver_t *c = arg;
    (void)import_table_prefix(c->d, c->out, c->giving->group, c->giving->line, p);
}

static void give(carver_t *c, const open_t *o, u128_t last)
{
    if (o->p->group != IMPORT_NO_GROUP && u128_cmp(o->next, last) <= 0) {
        c->giving = o->p;
        range_to_prefixes((family_t)o->p->family, (range_t){o->next, last}, emit, c);
    }
}

static void close_one(carver_t *c)
{
    const open_t *o = &c->stack[--c->depth];
    if (!o->over) {
        give(c, o, import_prefix_last(o->p));
    }
}

static const char *group_name(const import_table_t *t, uint32_t group, size_t *len)
{
    slice_t name = group == IMPORT_NO_GROUP ? SLICE_LIT("no place") : t->groups[group]->name;
    *len = name.len;
    return name.ptr;
}

static void tell(carver_t *c, const import_table_t *t, const open_t *outer,
                 const import_prefix_t *p)
{
    char text[PREFIX_TEXT_MAX], wider[PREFIX_TEXT_MAX];
    prefix_t a = import_prefix_get(p), b = import_prefix_get(outer->p);
    size_t n, m;
    const char *here = group_name(t, p->group, &n), *there = group_name(t, outer->p->group, &m);
    (void)prefix_format(&a, text);
    (void)prefix_format(&b, wider);
    import_find(c->d, FINDING_MORE_SPECIFIC, p->line, 1, (slice_t){0},
                "%s (%.*s) is taken out of %s (%.*s) of line %u", text, (int)n, here, wider, (int)m,
                there, outer->p->line);
}

/* Takes the prefix out of all that it lies in and that say something else. */
static void take_out(carver_t *c, const import_table_t *t, const import_prefix_t *p)
{
    u128_t last = import_prefix_last(p);
    bool told = false;
    for (unsigned i = c->depth; i--;) {
        open_t *o = &c->stack[i];
        if (o->p->group == p->group || o->over || u128_cmp(o->next, p->addr) > 0) {
            continue;
        }
        if (!told) {
            tell(c, t, o, p);
            told = true;
        }
        if (u128_cmp(p->addr, o->next) > 0) {
            u128_t before = {p->addr.hi - (p->addr.lo == 0), p->addr.lo - 1};
            give(c, o, before);
        }
        o->over = u128_cmp(last, import_prefix_last(o->p)) == 0;
        o->next = (u128_t){last.hi + (last.lo == UINT64_MAX), last.lo + 1};
    }
}

static bool same(const import_prefix_t *a, const import_prefix_t *b)
{
    return a->family == b->family && a->len == b->len && !u128_cmp(a->addr, b->addr);
}

static void conflict(import_data_t *d, const import_table_t *t, const import_prefix_t *p,
                     const import_prefix_t *first)
{
    char text[PREFIX_TEXT_MAX];
    prefix_t prefix = import_prefix_get(p);
    size_t n, m;
    const char *here = group_name(t, p->group, &n), *there = group_name(t, first->group, &m);
    (void)prefix_format(&prefix, text);
    import_find(d, FINDING_DUPLICATE_PREFIX, p->line, 1, (slice_t){0},
                "%s is %.*s here, and %.*s in line %u", text, (int)n, here, (int)m, there,
                first->line);
}

static void walk(carver_t *c, const import_table_t *t)
{
    const import_prefix_t *first = NULL; /* of those that are the same */
    for (size_t i = 0; i < t->prefix_count && !c->d->failed; i++) {
        const import_prefix_t *p = &t->prefixes[i];
        if (first && same(first, p)) {
            prefix_t again = import_prefix_get(p);
            if (first->group != p->group) {
                conflict(c->d, t, p, first);
            } else if (p->group != IMPORT_NO_GROUP) {
                (void)import_table_prefix(c->d, c->out, p->group, p->line, &again);
            }
            continue;
        }
        first = p;
        while (c->depth) {
            const import_prefix_t *top = c->stack[c->depth - 1].p;
            if (top->family == p->family && u128_cmp(import_prefix_last(top), p->addr) >= 0) {
                break;
            }
            close_one(c);
        }
        take_out(c, t, p);
        c->stack[c->depth++] = (open_t){p, p->addr, false};
    }
    while (c->depth) {
        close_one(c);
    }
}

bool import_table_carve(import_data_t *d, import_table_t *t)
{
    import_table_t out;
    import_table_init(&out);
    out.groups = t->groups;
    carver_t c = {.d = d, .out = &out};
    if (t->prefix_count) {
        qsort(t->prefixes, t->prefix_count, sizeof *t->prefixes, import_prefix_cmp);
    }
    walk(&c, t);
    free(t->prefixes);
    t->prefixes = out.prefixes;
    t->prefix_count = out.prefix_count;
    t->prefix_cap = out.prefix_cap;
    return !d->failed;
}
