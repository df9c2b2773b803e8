#include "import_table.h"

#include "footprintd/net/range.h"

#include <stdlib.h>

void import_table_init(import_table_t *t)
{
    *t = (import_table_t){.by_name = TABLE_INIT};
}

void import_table_release(import_table_t *t)
{
    free(t->groups);
    free(t->prefixes);
    free(t->values);
    table_release(&t->by_name);
}

/* The array, with room for one more item; NULL when memory failed. */
static void *grow(import_data_t *d, void *items, size_t count, size_t *cap, size_t size)
{
    if (count < *cap) {
        return items;
    }
    size_t wanted = *cap ? *cap * 2 : 64;
    void *grown = realloc(items, wanted * size);
    if (!grown) {
        d->failed = true;
        return NULL;
    }
    *cap = wanted;
    return grown;
}

/* The table's values are indexes, counted from 1. */
uint32_t import_table_group(import_data_t *d, import_table_t *t, slice_t name, uint32_t line)
{
    const void *found = table_get(&t->by_name, name);
    if (found) {
        return (uint32_t)((uintptr_t)found - 1);
    }
    import_group_t *g = arena_alloc(&d->arena, sizeof *g);
    void *groups = grow(d, t->groups, t->group_count, &t->group_cap, sizeof(import_group_t *));
    if (!g || !groups) {
        d->failed = true;
        return IMPORT_NO_GROUP;
    }
    t->groups = groups;
    *g = (import_group_t){.name = arena_copy(&d->arena, name), .line = line};
    void *index = (void *)(uintptr_t)(t->group_count + 1);
    if (!g->name.ptr || table_put(&t->by_name, g->name, index, NULL)) {
        d->failed = true;
        return IMPORT_NO_GROUP;
    }
    t->groups[t->group_count++] = g;
    return (uint32_t)(t->group_count - 1);
}

bool import_table_prefix(import_data_t *d, import_table_t *t, uint32_t group, uint32_t line,
                         const prefix_t *p)
{
    void *grown = grow(d, t->prefixes, t->prefix_count, &t->prefix_cap, sizeof *t->prefixes);
    if (!grown) {
        return false;
    }
    t->prefixes = grown;
    import_prefix_t *made = &t->prefixes[t->prefix_count++];
    *made = (import_prefix_t){.group = group, .line = line, .family = (uint8_t)p->family};
    if (p->family == FAMILY_IPV4) {
        made->addr = (u128_t){0, p->u.v4.addr};
        made->len = p->u.v4.len;
    } else {
        made->addr = p->u.v6.addr;
        made->len = p->u.v6.len;
    }
    if (group != IMPORT_NO_GROUP) {
        t->groups[group]->types |= 1;
    }
    return true;
}

bool import_table_value(import_data_t *d, import_table_t *t, uint32_t group, uint32_t line,
                        fp_type_t type, uint64_t value)
{
    void *grown = grow(d, t->values, t->value_count, &t->value_cap, sizeof *t->values);
    if (!grown) {
        return false;
    }
    t->values = grown;
    t->values[t->value_count++] = (import_value_t){value, group, line, type, false};
    t->groups[group]->types |= 1u << type;
    return true;
}

/* ---- order ---- */

static int by_name(const void *a, const void *b)
{
    return slice_cmp((*(import_group_t *const *)a)->name, (*(import_group_t *const *)b)->name);
}

bool import_table_by_name(import_data_t *d, import_table_t *t)
{
    uint32_t *moved = calloc(t->group_count + 1, sizeof *moved);
    if (!moved) {
        d->failed = true;
        return false;
    }
    if (t->group_count) {
        qsort(t->groups, t->group_count, sizeof(import_group_t *), by_name);
    }
    for (size_t i = 0; i < t->group_count; i++) {
        moved[(uintptr_t)table_get(&t->by_name, t->groups[i]->name) - 1] = (uint32_t)i;
    }
    for (size_t i = 0; i < t->prefix_count; i++) {
        import_prefix_t *p = &t->prefixes[i];
        p->group = p->group == IMPORT_NO_GROUP ? p->group : moved[p->group];
    }
    for (size_t i = 0; i < t->value_count; i++) {
        t->values[i].group = moved[t->values[i].group];
    }
    for (size_t i = 0; i < t->group_count; i++) {
        /* Replacing cannot fail. */
        d->failed |= table_put(&t->by_name, t->groups[i]->name, (void *)(uintptr_t)(i + 1), NULL);
    }
    free(moved);
    return !d->failed;
}

int import_prefix_cmp(const void *a, const void *b)
{
    const import_prefix_t *x = a, *y = b;
    if (x->family != y->family) {
        return x->family < y->family ? -1 : 1;
    }
    int cmp = u128_cmp(x->addr, y->addr);
    if (cmp) {
        return cmp;
    }
    if (x->len != y->len) {
        return x->len < y->len ? -1 : 1;
    }
    return x->line < y->line ? -1 : x->line > y->line;
}

static int by_group(const void *a, const void *b)
{
    const import_prefix_t *x = a, *y = b;
    if (x->group != y->group) {
        return x->group < y->group ? -1 : 1;
    }
    return import_prefix_cmp(a, b);
}

static int by_value(const void *a, const void *b)
{
    const import_value_t *x = a, *y = b;
    if (x->group != y->group) {
        return x->group < y->group ? -1 : 1;
    }
    if (x->type != y->type) {
        return x->type < y->type ? -1 : 1;
    }
    if (x->value != y->value) {
        return x->value < y->value ? -1 : 1;
    }
    return x->line < y->line ? -1 : x->line > y->line;
}

/* ---- prefixes ---- */

u128_t import_prefix_last(const import_prefix_t *p)
{
    unsigned host = (p->family == FAMILY_IPV4 ? 32u : 128u) - p->len;
    u128_t last = p->addr;
    if (host >= 64) {
        last.lo = UINT64_MAX;
        last.hi |= host == 64 ? 0 : UINT64_MAX >> (128 - host);
    } else if (host) {
        last.lo |= UINT64_MAX >> (64 - host);
    }
    return last;
}

prefix_t import_prefix_get(const import_prefix_t *p)
{
    prefix_t out = {.family = (family_t)p->family};
    if (p->family == FAMILY_IPV4) {
        out.u.v4 = (prefix4_t){(uint32_t)p->addr.lo, p->len};
    } else {
        out.u.v6 = (prefix6_t){p->addr, p->len};
    }
    return out;
}

static void format(const import_prefix_t *p, char out[PREFIX_TEXT_MAX])
{
    prefix_t prefix = import_prefix_get(p);
    (void)prefix_format(&prefix, out);
}

static void repeated(import_data_t *d, const import_table_t *t, const import_prefix_t *p,
                     const import_prefix_t *other)
{
    char text[PREFIX_TEXT_MAX];
    format(p, text);
    import_find(d, FINDING_REPEATED, p->line, 1, (slice_t){0},
                "%s is in footprint '%.*s' already, in line %u", text,
                SLICE_ARG(t->groups[p->group]->name), other->line);
}

static void nested(import_data_t *d, const import_table_t *t, const import_prefix_t *p,
                   const import_prefix_t *outer)
{
    char text[PREFIX_TEXT_MAX], wider[PREFIX_TEXT_MAX];
    format(p, text);
    format(outer, wider);
    import_find(d, FINDING_NESTED, p->line, 1, (slice_t){0},
                "%s lies in %s of line %u, in the same footprint '%.*s'", text, wider, outer->line,
                SLICE_ARG(t->groups[p->group]->name));
}

/* What is there already, by the order of the prefixes: the widest before those within it. */
static void find_prefixes(import_data_t *d, const import_table_t *t)
{
    const import_prefix_t *outer = NULL, *before = NULL;
    for (size_t i = 0; i < t->prefix_count; i++) {
        import_prefix_t *p = &t->prefixes[i];
        bool same_list = outer && outer->group == p->group && outer->family == p->family;
        if (p->group == IMPORT_NO_GROUP) {
            p->dropped = true;
            continue;
        }
        if (before && same_list && before->len == p->len && !u128_cmp(before->addr, p->addr)) {
            p->dropped = true;
            if (before->line != p->line) { /* else it is a piece of one */
                repeated(d, t, p, before);
            }
            continue;
        }
        before = p;
        u128_t last = import_prefix_last(p);
        if (same_list) {
            u128_t end = import_prefix_last(outer);
            if (u128_cmp(last, end) <= 0) {
                nested(d, t, p, outer);
                continue;
            }
        }
        outer = p;
    }
}

static void drop_prefixes(import_table_t *t)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->prefix_count; i++) {
        if (!t->prefixes[i].dropped) {
            t->prefixes[kept++] = t->prefixes[i];
        }
    }
    t->prefix_count = kept;
}

typedef struct emitter {
    import_data_t *d;
    import_table_t *t;
    uint32_t group, line;
} emitter_t;

static void emit(const prefix_t *p, void *arg)
{
    emitter_t *e = arg;
    (void)import_table_prefix(e->d, e->t, e->group, e->line, p);
}

static bool one_more(u128_t a, u128_t b)
{
    u128_t next = {a.hi + (a.lo == UINT64_MAX), a.lo + 1};
    return !u128_cmp(next, b);
}

/* The fewest prefixes that say the same. */
static bool aggregate(import_data_t *d, import_table_t *t)
{
    import_table_t merged;
    import_table_init(&merged);
    merged.groups = t->groups;
    for (size_t i = 0; i < t->prefix_count;) {
        const import_prefix_t *first = &t->prefixes[i];
        range_t range = {first->addr, import_prefix_last(first)};
        for (i++; i < t->prefix_count; i++) {
            const import_prefix_t *p = &t->prefixes[i];
            bool joins = p->group == first->group && p->family == first->family &&
                         (u128_cmp(p->addr, range.last) <= 0 || one_more(range.last, p->addr));
            if (!joins) {
                break;
            }
            u128_t last = import_prefix_last(p);
            range.last = u128_cmp(last, range.last) > 0 ? last : range.last;
        }
        emitter_t e = {d, &merged, first->group, first->line};
        range_to_prefixes((family_t)first->family, range, emit, &e);
    }
    free(t->prefixes);
    t->prefixes = merged.prefixes;
    t->prefix_count = merged.prefix_count;
    t->prefix_cap = merged.prefix_cap;
    return !d->failed;
}

/* ---- values ---- */

static void drop_values(import_data_t *d, import_table_t *t)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->value_count; i++) {
        import_value_t *v = &t->values[i];
        const import_value_t *before = kept ? &t->values[kept - 1] : NULL;
        if (before && before->group == v->group && before->type == v->type &&
            before->value == v->value) {
            char text[16];
            size_t n = v->type == FP_ASN ? 0 : fp_code_format(v->value, text);
            if (v->type == FP_ASN) {
                import_find(d, FINDING_REPEATED, v->line, 1, (slice_t){0},
                            "as%u is in footprint '%.*s' already, in line %u", (uint32_t)v->value,
                            SLICE_ARG(t->groups[v->group]->name), before->line);
            } else {
                import_find(d, FINDING_REPEATED, v->line, 1, (slice_t){0},
                            "%.*s is in footprint '%.*s' already, in line %u", (int)n, text,
                            SLICE_ARG(t->groups[v->group]->name), before->line);
            }
            continue;
        }
        t->values[kept++] = *v;
    }
    t->value_count = kept;
}

static void find_mixed(import_data_t *d, const import_table_t *t)
{
    for (size_t i = 0; i < t->group_count; i++) {
        const import_group_t *g = t->groups[i];
        if (g->types & (g->types - 1)) {
            import_find(d, FINDING_MIXED_TYPES, g->line, 1, (slice_t){0},
                        "footprint '%.*s' has values of several types: an address has to match "
                        "each of the types, not any",
                        SLICE_ARG(g->name));
        }
    }
}

bool import_table_finish(import_data_t *d, import_table_t *t)
{
    if (t->prefix_count) {
        qsort(t->prefixes, t->prefix_count, sizeof *t->prefixes, by_group);
    }
    if (t->value_count) {
        qsort(t->values, t->value_count, sizeof *t->values, by_value);
    }
    find_prefixes(d, t);
    drop_prefixes(t);
    drop_values(d, t);
    find_mixed(d, t);
    return !d->failed && (!d->aggregate || aggregate(d, t));
}
