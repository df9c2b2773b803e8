#include "builder.h"

#include <stdlib.h>

/*
 * Objects of some types contradict one another where their footprints overlap: a list of metadata
 * types or logging fields is "the only" one supported (RFC 8008 5.6, 5.7), and of two redirect
 * targets a uCDN cannot know which one to use (RFC 8804). The join of all data alone knows exactly
 * where two footprints meet; this lint finds what the documents by themselves show: a common value,
 * nested prefixes, or an object for every address. Every object is reported at most once.
 */

typedef struct span {
    family_t family;
    u128_t first, last;
    size_t object;
} span_t;

typedef struct lint {
    builder_t *b;
    const model_object_t *objects; /* of one type */
    size_t count;
    bool (*contradict)(const json_value_t *a, const json_value_t *b);
    const char *why;
    uint8_t *reported;
    table_t values; /* (type, value) -> first object + 1, as a pointer-sized number */
    span_t *spans;
    size_t span_count, span_cap;
} lint_t;

static void report(lint_t *l, size_t x, size_t y)
{
    const model_object_t *a = &l->objects[x], *c = &l->objects[y];
    if (a->capability == c->capability || l->reported[x] || l->reported[y] ||
        !audiences_meet(l->b, a->document, c->document) ||
        !l->contradict(&a->capability->value, &c->capability->value)) {
        return;
    }
    bool swap = a->document > c->document || (a->document == c->document && a->line > c->line);
    const model_object_t *later = swap ? a : c, *earlier = swap ? c : a;
    l->reported[swap ? x : y] = 1;
    slice_t file = l->b->documents[earlier->document].made.file;
    findings_add(l->b->findings, FINDING_OVERLAP,
                 builder_place(l->b, later->document, later->line, later->column), SLICE_LIT(""),
                 (slice_t){0}, "%.*s overlaps with the one at %.*s:%u: %s",
                 SLICE_ARG(later->capability->name), SLICE_ARG(file), earlier->line, l->why);
}

static void share_value(lint_t *l, const fp_values_t *v, size_t i, size_t object)
{
    char text[FP_VALUE_TEXT_MAX];
    slice_t value = fp_value_text(v, i, text);
    slice_t key = arena_printf(l->b->arena, "%u %.*s", (unsigned)v->type, SLICE_ARG(value));
    const char *first = table_get(&l->values, key);
    const char *base = (const char *)l->objects;
    if (first) {
        report(l, (size_t)(first - base) / sizeof *l->objects, object);
    } else {
        l->b->failed |= table_put(&l->values, key, (void *)(uintptr_t)&l->objects[object], NULL) !=
                        ERR_OK;
    }
}

static void add_span(lint_t *l, const fp_values_t *v, size_t i, size_t object)
{
    if (l->span_count == l->span_cap) {
        size_t cap = l->span_cap ? l->span_cap * 2 : 64;
        span_t *grown = realloc(l->spans, cap * sizeof *grown);
        if (!grown) {
            l->b->failed = true;
            return;
        }
        l->spans = grown;
        l->span_cap = cap;
    }
    span_t *s = &l->spans[l->span_count++];
    s->object = object;
    if (v->type == FP_IPV4CIDR) {
        prefix4_t p = v->u.v4[i];
        uint32_t mask = p.len ? UINT32_MAX << (32 - p.len) : 0;
        s->family = FAMILY_IPV4;
        s->first = (u128_t){0, p.addr};
        s->last = (u128_t){0, p.addr | ~mask};
    } else {
        prefix6_t p = v->u.v6[i];
        uint64_t hi = p.len >= 64 ? 0 : UINT64_MAX >> p.len;
        uint64_t lo = p.len <= 64 ? UINT64_MAX : p.len == 128 ? 0 : UINT64_MAX >> (p.len - 64);
        s->family = FAMILY_IPV6;
        s->first = p.addr;
        s->last = (u128_t){p.addr.hi | hi, p.addr.lo | lo};
    }
}

static void take_values(lint_t *l, const fp_values_t *v, size_t object)
{
    bool ip = v->type == FP_IPV4CIDR || v->type == FP_IPV6CIDR;
    for (size_t i = 0; i < v->count && !l->b->failed; i++) {
        if (ip) {
            add_span(l, v, i, object);
        } else {
            share_value(l, v, i, object);
        }
    }
}

/* One constraint speaks for an object that combines several: they only narrow it. */
static void take_object(lint_t *l, size_t object)
{
    const fp_set_t *set = &l->objects[object].footprints;
    const fp_constraint_t *chosen = &set->constraints[0];
    for (size_t i = 0; i < set->count; i++) {
        fp_type_t type = set->constraints[i].type;
        if (type == FP_IPV4CIDR || type == FP_IPV6CIDR) {
            chosen = &set->constraints[i];
        }
    }
    if (chosen->type != FP_UNION) {
        take_values(l, chosen->values, object);
        return;
    }
    for (size_t m = 0; m < chosen->member_count; m++) {
        take_values(l, chosen->members[m], object);
    }
}

static int cmp_span(const void *px, const void *py)
{
    const span_t *x = px, *y = py;
    if (x->family != y->family) {
        return x->family < y->family ? -1 : 1;
    }
    int cmp = u128_cmp(x->first, y->first);
    return cmp ? cmp : -u128_cmp(x->last, y->last);
}

/* Prefixes are nested or disjoint: what encloses a prefix is on the stack when it comes. */
static void sweep(lint_t *l)
{
    if (!l->span_count) {
        return;
    }
    sort_items(l->spans, l->span_count, sizeof *l->spans, cmp_span);
    size_t *stack = calloc(l->span_count, sizeof *stack);
    size_t depth = 0;
    l->b->failed |= !stack;
    for (size_t i = 0; stack && i < l->span_count; i++) {
        const span_t *s = &l->spans[i];
        while (depth && (l->spans[stack[depth - 1]].family != s->family ||
                         u128_cmp(l->spans[stack[depth - 1]].last, s->first) < 0)) {
            depth--;
        }
        for (size_t k = depth; k-- > 0 && !l->reported[s->object];) {
            report(l, l->spans[stack[k]].object, s->object);
        }
        stack[depth++] = i;
    }
    free(stack);
}

static void run(lint_t *l)
{
    l->reported = calloc(l->count, 1);
    l->b->failed |= !l->reported;
    for (size_t i = 0; !l->b->failed && i < l->count; i++) {
        if (!l->objects[i].footprints.count) {
            for (size_t k = 0; k < l->count; k++) {
                if (k != i) {
                    report(l, i, k);
                }
            }
        } else {
            take_object(l, i);
        }
    }
    if (!l->b->failed) {
        sweep(l);
    }
    free(l->reported);
    free(l->spans);
    table_release(&l->values);
}

static bool always(const json_value_t *a, const json_value_t *b)
{
    (void)a;
    (void)b;
    return true;
}

static bool same_record_type(const json_value_t *a, const json_value_t *b)
{
    return slice_eq(json_get(a, "record-type")->u.text, json_get(b, "record-type")->u.text);
}

/* No list of hosts means all of them. */
static bool share_hosts(const json_value_t *a, const json_value_t *b)
{
    const json_value_t *x = json_get(a, "redirecting-hosts");
    const json_value_t *y = json_get(b, "redirecting-hosts");
    if (!x || !y) {
        return true;
    }
    for (size_t i = 0; i < x->u.array.count; i++) {
        for (size_t k = 0; k < y->u.array.count; k++) {
            if (slice_eq_nocase(x->u.array.items[i].u.text, y->u.array.items[k].u.text)) {
                return true;
            }
        }
    }
    return false;
}

void lint_overlaps(builder_t *b, const model_advertisement_t *a)
{
    static const struct {
        const char *type;
        bool (*contradict)(const json_value_t *, const json_value_t *);
        const char *why;
    } rules[] = {
        {"FCI.Metadata", always, "each says that its list of types is the whole list"},
        {"FCI.Logging", same_record_type, "each says that its list of fields is the whole list"},
        {"FCI.RedirectTarget", share_hosts, "a uCDN cannot know which target to use"},
    };
    for (size_t r = 0; r < sizeof rules / sizeof *rules && !b->failed; r++) {
        size_t first = 0;
        while (first < a->count && !slice_is(a->objects[first].capability->name, rules[r].type)) {
            first++;
        }
        size_t end = first;
        while (end < a->count && slice_is(a->objects[end].capability->name, rules[r].type)) {
            end++;
        }
        if (end - first > 1) {
            lint_t l = {.b = b,
                        .objects = a->objects + first,
                        .count = end - first,
                        .contradict = rules[r].contradict,
                        .why = rules[r].why};
            run(&l);
        }
    }
}
