#include "builder.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Where a value stands: the reader's last event, or a place in a tree. */
typedef struct site {
    builder_t *b;
    bool in_tree;
    place_t place;
    slice_t base; /* pointer of the list */
    size_t index; /* in it */
    bool in_map;  /* a network map's: there 0.0.0.0/0 and empty lists have their meaning */
} site_t;

/* Values of one list while they are read. */
typedef struct gathered {
    prefix4_t *v4;
    prefix6_t *v6;
    uint32_t *asn;
    fp_code_t *code;
    name_ref_t *pid;
    size_t v4_count, v4_cap, v6_count, v6_cap, asn_count, asn_cap, code_count, code_cap, pid_count,
        pid_cap;
    size_t seen;
    bool bad;
} gathered_t;

static void site_find(const site_t *site, finding_code_t code, slice_t suggestion, const char *fmt,
                      ...) FPD_PRINTF(4, 5);

static void site_find(const site_t *site, finding_code_t code, slice_t suggestion, const char *fmt,
                      ...)
{
    buf_t pointer = BUF_INIT;
    if (site->in_tree) {
        buf_printf(&pointer, "%.*s/%zu", SLICE_ARG(site->base), site->index);
    } else {
        doc_reader_pointer(site->b->reader, &pointer);
    }
    va_list args;
    va_start(args, fmt);
    findings_addv(site->b->findings, code, site->place, buf_slice(&pointer), suggestion, fmt, args);
    va_end(args);
    site->b->failed |= buf_failed(&pointer);
    buf_release(&pointer);
}

static void *grow(builder_t *b, void *items, size_t count, size_t *cap, size_t size)
{
    if (count < *cap) {
        return items;
    }
    size_t wanted = *cap ? *cap * 2 : 16;
    void *grown = realloc(items, wanted * size);
    if (!grown) {
        b->failed = true;
        return NULL;
    }
    *cap = wanted;
    return grown;
}

/* Adds one value to an array of the gathered list; evaluates to nothing when memory is out. */
#define GATHER(g, b, array, value)                                                                 \
    do {                                                                                           \
        void *grown_ = grow((b), (g)->array, (g)->array##_count, &(g)->array##_cap,                \
                            sizeof *(g)->array);                                                   \
        if (grown_) {                                                                              \
            (g)->array = grown_;                                                                   \
            (g)->array[(g)->array##_count++] = (value);                                            \
        }                                                                                          \
    } while (0)

static void gathered_release(gathered_t *g)
{
    free(g->v4);
    free(g->v6);
    free(g->asn);
    free(g->code);
    free(g->pid);
}

static void warn_prefix(const site_t *site, const prefix_t *p, bool host_bits, slice_t text)
{
    unsigned len = p->family == FAMILY_IPV4 ? p->u.v4.len : p->u.v6.len;
    char canonical[PREFIX_TEXT_MAX];
    if (host_bits) {
        size_t n = prefix_format(p, canonical);
        site_find(site, FINDING_HOST_BITS, slice_of(canonical, n),
                  "'%.*s' has host bits set; it is taken as %s", SLICE_ARG(text), canonical);
    }
    if (len == 0 && !site->in_map) {
        site_find(
            site, FINDING_COVERS_ALL, (slice_t){0},
            "'%.*s' covers every address of its family; the footprint '%s' says that for both",
            SLICE_ARG(text), MODEL_EVERYWHERE);
    }
}

static void bad_prefix(const site_t *site, unsigned kind, slice_t text)
{
    prefix_t p;
    addr_t a;
    bool bits = false;
    if (!prefix_parse(text, &p, &bits)) {
        site_find(site, FINDING_BAD_VALUE, (slice_t){0},
                  "'%.*s' is an IPv%d prefix under %s; 'cidr' takes both families", SLICE_ARG(text),
                  p.family == FAMILY_IPV4 ? 4 : 6, fp_type_infos[kind].name);
        return;
    }
    if (!addr_parse(text, &a)) {
        char with[ADDR_TEXT_MAX + 4];
        int n = snprintf(with, sizeof with, "%.*s/%d", SLICE_ARG(text),
                         a.family == FAMILY_IPV4 ? 32 : 128);
        site_find(site, FINDING_BAD_VALUE, slice_of(with, n < 0 ? 0 : (size_t)n),
                  "'%.*s' has no prefix length", SLICE_ARG(text));
        return;
    }
    const char *wants = kind == VALUE_CIDR ? "a prefix such as 192.0.2.0/24 or 2001:db8::/32"
                                           : fp_type_infos[kind].wants;
    site_find(site, FINDING_BAD_VALUE, (slice_t){0}, "'%.*s' is not %s", SLICE_ARG(text), wants);
}

static bool take_prefix(builder_t *b, unsigned kind, slice_t text, gathered_t *g,
                        const site_t *site)
{
    prefix_t p;
    bool host_bits = false;
    if (prefix_parse(text, &p, &host_bits) || (kind == FP_IPV4CIDR && p.family != FAMILY_IPV4) ||
        (kind == FP_IPV6CIDR && p.family != FAMILY_IPV6)) {
        bad_prefix(site, kind, text);
        return false;
    }
    unsigned len = p.family == FAMILY_IPV4 ? p.u.v4.len : p.u.v6.len;
    if (host_bits || len == 0) {
        warn_prefix(site, &p, host_bits, text);
    }
    if (p.family == FAMILY_IPV4) {
        GATHER(g, b, v4, p.u.v4);
    } else {
        GATHER(g, b, v6, p.u.v6);
    }
    return true;
}

static bool code_parse(unsigned kind, slice_t text, uint32_t *asn, fp_code_t *code)
{
    switch (kind) {
    case FP_ASN:
        return fp_asn_parse(text, asn);
    case FP_COUNTRYCODE:
        return fp_country_parse(text, code);
    default:
        return fp_subdivision_parse(text, code);
    }
}

static void bad_code(const site_t *site, unsigned kind, slice_t text)
{
    char buffer[24];
    slice_t suggestion = {0};
    uint32_t asn;
    int n = snprintf(buffer, sizeof buffer, "as%.*s", SLICE_ARG(text));
    if (kind == FP_ASN && text.len <= 10 && n > 0 &&
        fp_asn_parse(slice_of(buffer, (size_t)n), &asn)) {
        suggestion = slice_of(buffer, (size_t)n);
    }
    site_find(site, FINDING_BAD_VALUE, suggestion, "'%.*s' is not %s", SLICE_ARG(text),
              fp_type_infos[kind].wants);
}

static bool take_code(builder_t *b, unsigned kind, slice_t text, gathered_t *g, const site_t *site)
{
    uint32_t asn = 0;
    fp_code_t code = 0;
    if (!code_parse(kind, text, &asn, &code)) {
        char lower[16];
        slice_t folded = slice_lower_short(text, lower);
        if (!code_parse(kind, folded, &asn, &code)) {
            bad_code(site, kind, text);
            return false;
        }
        site_find(site, FINDING_UPPER_CASE, folded, "'%.*s' is written in lower case",
                  SLICE_ARG(text));
    }
    if (kind != FP_ASN) {
        GATHER(g, b, code, code);
        return true;
    }
    if (asn == 0 || asn == 23456 || asn == 65535 || asn == UINT32_MAX) {
        site_find(site, FINDING_RESERVED_ASN, (slice_t){0},
                  "AS number %u is reserved: no address is ever announced from it", asn);
    }
    GATHER(g, b, asn, asn);
    return true;
}

static bool take_pid(builder_t *b, slice_t text, gathered_t *g, const site_t *site)
{
    if (!fp_pid_valid(text)) {
        site_find(site, FINDING_BAD_VALUE, (slice_t){0},
                  "'%.*s' is not a PID name: 1 to 64 of A-Z a-z 0-9 - _ : @", SLICE_ARG(text));
        return false;
    }
    name_ref_t ref = {builder_copy(b, text), site->place.line, site->place.column, site->base,
                      site->index};
    GATHER(g, b, pid, ref);
    return true;
}

static void take_value(builder_t *b, unsigned kind, slice_t text, gathered_t *g, const site_t *site)
{
    bool ok;
    g->seen++;
    switch (kind) {
    case VALUE_CIDR:
    case FP_IPV4CIDR:
    case FP_IPV6CIDR:
        ok = take_prefix(b, kind, text, g, site);
        break;
    case FP_ALTOPID:
        ok = take_pid(b, text, g, site);
        break;
    default:
        ok = take_code(b, kind, text, g, site);
        break;
    }
    g->bad |= !ok;
}

static int cmp_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static int cmp_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static int cmp_slice(const void *a, const void *b)
{
    return slice_cmp(*(const slice_t *)a, *(const slice_t *)b);
}

static size_t sort_unique(void *items, size_t count, size_t size,
                          int (*cmp)(const void *, const void *))
{
    char *p = items;
    size_t kept = count ? 1 : 0;
    sort_items(items, count, size, cmp);
    for (size_t i = 1; i < count; i++) {
        if (cmp(p + (kept - 1) * size, p + i * size)) {
            memmove(p + kept++ * size, p + i * size, size);
        }
    }
    return kept;
}

static size_t element_size(fp_type_t type)
{
    switch (type) {
    case FP_IPV4CIDR:
        return sizeof(prefix4_t);
    case FP_IPV6CIDR:
        return sizeof(prefix6_t);
    case FP_ASN:
        return sizeof(uint32_t);
    case FP_ALTOPID:
        return sizeof(slice_t);
    default:
        return sizeof(fp_code_t);
    }
}

static size_t canonicalise(fp_type_t type, void *items, size_t count)
{
    switch (type) {
    case FP_IPV4CIDR:
        return prefix_sort_unique_v4(items, count);
    case FP_IPV6CIDR:
        return prefix_sort_unique_v6(items, count);
    case FP_ASN:
        return sort_unique(items, count, sizeof(uint32_t), cmp_u32);
    case FP_ALTOPID:
        return sort_unique(items, count, sizeof(slice_t), cmp_slice);
    default:
        return sort_unique(items, count, sizeof(fp_code_t), cmp_u64);
    }
}

/* Adds values to the draft's list of the type: several lists of one type are OR'ed into one. */
static void add_values(builder_t *b, fp_draft_t *draft, fp_type_t type, const void *items,
                       size_t count)
{
    if (!count) {
        return;
    }
    size_t size = element_size(type);
    const fp_values_t *before = draft->values[type];
    size_t had = before ? before->count : 0;
    char *all = builder_alloc(b, had + count, size);
    fp_values_t *v = builder_alloc(b, 1, sizeof *v);
    if (!all || !v) {
        return;
    }
    if (had) {
        memcpy(all, before->u.asn, had * size);
    }
    memcpy(all + had * size, items, count * size);
    v->type = type;
    v->count = canonicalise(type, all, had + count);
    v->u.asn = (const uint32_t *)(const void *)all;
    draft->values[type] = v;
}

fp_values_t *merge_values(builder_t *b, fp_type_t type, const ptrs_t *lists)
{
    if (lists->count == 1) {
        return lists->items[0];
    }
    size_t size = element_size(type), total = 0, at = 0;
    for (size_t i = 0; i < lists->count; i++) {
        total += ((const fp_values_t *)lists->items[i])->count;
    }
    char *all = builder_alloc(b, total, size);
    fp_values_t *v = builder_alloc(b, 1, sizeof *v);
    if (!all || !v) {
        return NULL;
    }
    for (size_t i = 0; i < lists->count; i++) {
        const fp_values_t *list = lists->items[i];
        memcpy(all + at * size, list->u.asn, list->count * size);
        at += list->count;
    }
    v->type = type;
    v->count = canonicalise(type, all, total);
    v->u.asn = (const uint32_t *)(const void *)all;
    return v;
}

static void add_pids(builder_t *b, fp_draft_t *draft, const gathered_t *g)
{
    if (!g->pid_count) {
        return; /* reading ended in the list */
    }
    size_t total = draft->pid_count + g->pid_count;
    name_ref_t *refs = builder_alloc(b, total, sizeof *refs);
    slice_t *names = builder_alloc(b, g->pid_count, sizeof *names);
    if (!refs || !names) {
        return;
    }
    if (draft->pid_count) {
        memcpy(refs, draft->pids, draft->pid_count * sizeof *refs);
    }
    memcpy(refs + draft->pid_count, g->pid, g->pid_count * sizeof *refs);
    for (size_t i = 0; i < g->pid_count; i++) {
        names[i] = g->pid[i].name;
    }
    draft->pids = refs;
    draft->pid_count = total;
    add_values(b, draft, FP_ALTOPID, names, g->pid_count);
}

static void add_gathered(builder_t *b, unsigned kind, const gathered_t *g, fp_draft_t *draft)
{
    draft->bad |= g->bad;
    if (g->bad || b->failed) {
        return;
    }
    add_values(b, draft, FP_IPV4CIDR, g->v4, g->v4_count);
    add_values(b, draft, FP_IPV6CIDR, g->v6, g->v6_count);
    if (kind == FP_ASN) {
        add_values(b, draft, FP_ASN, g->asn, g->asn_count);
    } else if (kind == FP_ALTOPID) {
        add_pids(b, draft, g);
    } else if (kind == FP_COUNTRYCODE || kind == FP_SUBDIVISIONCODE) {
        add_values(b, draft, (fp_type_t)kind, g->code, g->code_count);
    }
    draft->from_cidr |= kind == VALUE_CIDR;
    draft->from_family |= kind == FP_IPV4CIDR || kind == FP_IPV6CIDR;
}

const char *kind_name(unsigned kind)
{
    return kind == VALUE_CIDR ? "cidr" : fp_type_infos[kind].name;
}

bool parse_value_list(builder_t *b, unsigned kind, bool in_map, fp_draft_t *draft)
{
    const doc_event_t *ev = doc_reader_last(b->reader);
    place_t place = builder_place(b, b->document, ev->line, ev->column);
    slice_t pointer = builder_pointer(b);
    if (!builder_expect_list(b, kind_name(kind))) {
        draft->bad = true;
        return doc_reader_last(b->reader)->kind != DOC_EV_ERROR;
    }
    gathered_t g = {0};
    bool going = true;
    for (;;) {
        ev = builder_next(b);
        site_t site = {b,       false,  builder_place(b, b->document, ev->line, ev->column),
                       pointer, g.seen, in_map};
        if (ev->kind == DOC_EV_SCALAR) {
            take_value(b, kind, ev->text, &g, &site);
            continue;
        }
        if (ev->kind == DOC_EV_SEQ_END || ev->kind == DOC_EV_ERROR) {
            going = ev->kind == DOC_EV_SEQ_END;
            break;
        }
        doc_reader_find(b->reader, FINDING_WRONG_TYPE, (slice_t){0},
                        "a value of %s is text, not a list or map", kind_name(kind));
        g.bad = true;
        g.seen++;
        if (!doc_reader_skip(b->reader)) {
            going = false;
            break;
        }
    }
    if (going && !g.seen && !in_map) {
        findings_add(b->findings, FINDING_EMPTY, place, pointer, (slice_t){0}, TEXT_NO_VALUES,
                     kind_name(kind));
        g.bad = true;
    }
    add_gathered(b, kind, &g, draft);
    gathered_release(&g);
    return going;
}

void take_value_tree(builder_t *b, unsigned kind, const json_value_t *list, slice_t pointer,
                     fp_draft_t *draft)
{
    gathered_t g = {0};
    for (size_t i = 0; i < list->u.array.count; i++) {
        const json_value_t *v = &list->u.array.items[i];
        site_t site = {b,       true, builder_place(b, b->document, v->line, v->column),
                       pointer, i,    false};
        if (v->kind == JSON_STRING || v->kind == JSON_NUMBER) {
            take_value(b, kind, v->u.text, &g, &site);
        } else if (v->kind == JSON_BOOL || v->kind == JSON_NULL) {
            bool yes = v->kind == JSON_BOOL && v->u.boolean;
            const char *word = yes ? "true" : v->kind == JSON_BOOL ? "false" : "null";
            take_value(b, kind, slice_str(word), &g, &site);
        } else {
            site_find(&site, FINDING_WRONG_TYPE, (slice_t){0},
                      "a value of %s is text, not a list or map", kind_name(kind));
            g.bad = true;
        }
    }
    add_gathered(b, kind, &g, draft);
    gathered_release(&g);
}
