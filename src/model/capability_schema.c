#include "capability_schema.h"
#include "sort.h"

#include "footprintd/net/addr.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void print_path(const schema_path_t *path, buf_t *out)
{
    if (!path) {
        return;
    }
    print_path(path->parent, out);
    if (path->name.ptr) {
        buf_append_char(out, '/');
        for (size_t i = 0; i < path->name.len; i++) {
            char c = path->name.ptr[i];
            buf_append_slice(out, c == '~'   ? SLICE_LIT("~0")
                                  : c == '/' ? SLICE_LIT("~1")
                                             : slice_of(&c, 1));
        }
    } else {
        buf_printf(out, "/%zu", path->index);
    }
}

void schema_find(const schema_t *s, finding_code_t code, const json_value_t *at, slice_t suggestion,
                 const char *fmt, ...)
{
    buf_t pointer = BUF_INIT;
    buf_append_slice(&pointer, s->check->base);
    print_path(s->path, &pointer);
    va_list args;
    va_start(args, fmt);
    findings_addv(s->check->findings, code, (place_t){s->check->file, at->line, at->column},
                  buf_slice(&pointer), suggestion, fmt, args);
    va_end(args);
    s->check->findings->failed |= buf_failed(&pointer);
    buf_release(&pointer);
}

/* The member that the path ends in, for messages. */
static slice_t subject(const schema_t *s)
{
    for (const schema_path_t *p = s->path; p; p = p->parent) {
        if (p->name.ptr) {
            return p->name;
        }
    }
    return SLICE_LIT("capability-value");
}

/* Kinds in the words of a person who writes YAML. */
static const char *kind_name(json_kind_t kind)
{
    static const char *const names[] = {
        [JSON_NULL] = "nothing", [JSON_BOOL] = "true or false", [JSON_NUMBER] = "a number",
        [JSON_STRING] = "text",  [JSON_ARRAY] = "a list",       [JSON_OBJECT] = "an object",
    };
    return names[kind];
}

bool schema_kind(const schema_t *s, const json_value_t *in, json_kind_t kind, const char *wants)
{
    if (in->kind == kind) {
        return true;
    }
    slice_t what = subject(s);
    bool item = s->path && !s->path->name.ptr;
    schema_find(s, FINDING_WRONG_TYPE, in, (slice_t){0}, "%s%.*s must be %s, not %s",
                item ? "an item of " : "", SLICE_ARG(what), wants, kind_name(in->kind));
    return false;
}

static const schema_member_t *find_member(const schema_member_t *members, size_t count,
                                          slice_t name)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_is(name, members[i].name)) {
            return &members[i];
        }
    }
    return NULL;
}

static bool is_empty(const json_value_t *v)
{
    return v->kind == JSON_NULL || (v->kind == JSON_STRING && !v->u.text.len) ||
           (v->kind == JSON_ARRAY && !v->u.array.count) ||
           (v->kind == JSON_OBJECT && !v->u.object.count);
}

static int cmp_member_name(const void *a, const void *b)
{
    return slice_cmp(((const json_member_t *)a)->name, ((const json_member_t *)b)->name);
}

/* Recursion is bounded by the depth limit of documents. */
bool schema_sorted(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    bool ok = true;
    *out = *in;
    if (in->kind == JSON_ARRAY) {
        size_t n = in->u.array.count;
        json_value_t *items = arena_array(s->check->arena, n, sizeof *items);
        ok = items != NULL;
        for (size_t i = 0; ok && i < n; i++) {
            ok = schema_sorted(s, &in->u.array.items[i], &items[i]);
        }
        out->u.array.items = items;
    } else if (in->kind == JSON_OBJECT) {
        size_t n = in->u.object.count;
        json_member_t *members = arena_array(s->check->arena, n, sizeof *members);
        ok = members != NULL;
        for (size_t i = 0; ok && i < n; i++) {
            members[i] = in->u.object.members[i];
            ok = schema_sorted(s, &in->u.object.members[i].value, &members[i].value);
        }
        if (ok) {
            sort_items(members, n, sizeof *members, cmp_member_name);
        }
        out->u.object.members = members;
    }
    return ok;
}

static int cmp_size(size_t a, size_t b)
{
    return a < b ? -1 : a > b;
}

int schema_value_cmp(const json_value_t *a, const json_value_t *b)
{
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    int cmp = 0;
    switch (a->kind) {
    case JSON_NULL:
        return 0;
    case JSON_BOOL:
        return (int)a->u.boolean - (int)b->u.boolean;
    case JSON_NUMBER:
    case JSON_STRING:
        return slice_cmp(a->u.text, b->u.text);
    case JSON_ARRAY:
        for (size_t i = 0; !cmp && i < a->u.array.count && i < b->u.array.count; i++) {
            cmp = schema_value_cmp(&a->u.array.items[i], &b->u.array.items[i]);
        }
        return cmp ? cmp : cmp_size(a->u.array.count, b->u.array.count);
    case JSON_OBJECT:
        for (size_t i = 0; !cmp && i < a->u.object.count && i < b->u.object.count; i++) {
            const json_member_t *x = &a->u.object.members[i], *y = &b->u.object.members[i];
            cmp = cmp_member_name(x, y);
            cmp = cmp ? cmp : schema_value_cmp(&x->value, &y->value);
        }
        return cmp ? cmp : cmp_size(a->u.object.count, b->u.object.count);
    }
    return 0;
}

static void unknown_member(const schema_t *s, const json_member_t *m,
                           const schema_member_t *members, size_t count)
{
    suggest_t near;
    suggest_init(&near, m->name);
    for (size_t i = 0; i < count; i++) {
        suggest_offer(&near, slice_str(members[i].name));
    }
    json_value_t at = {.line = m->line, .column = m->column};
    schema_path_t path = {s->path, m->name, 0};
    schema_t inner = {s->check, &path};
    schema_find(&inner, FINDING_UNKNOWN_MEMBER, &at, near.best,
                "'%.*s' is no member that the type defines; it is passed through as it is",
                SLICE_ARG(m->name));
}

bool schema_object(const schema_t *s, const json_value_t *in, const schema_member_t *members,
                   size_t count, bool empty_is_absent, json_value_t *out)
{
    if (!schema_kind(s, in, JSON_OBJECT, "an object")) {
        return false;
    }
    json_member_t *made = arena_array(s->check->arena, count + in->u.object.count, sizeof *made);
    size_t n = 0;
    bool ok = made != NULL;
    for (size_t i = 0; made && i < count; i++) {
        const json_value_t *value = json_get(in, members[i].name);
        if (value && empty_is_absent && !members[i].required && is_empty(value)) {
            value = NULL;
        }
        if (!value) {
            if (members[i].required) {
                schema_find(s, FINDING_MISSING_KEY, in, (slice_t){0}, "%s is missing",
                            members[i].name);
                ok = false;
            }
            continue;
        }
        schema_path_t path = {s->path, slice_str(members[i].name), 0};
        schema_t inner = {s->check, &path};
        json_value_t result = {0};
        if (!members[i].fn(&inner, value, &result)) {
            ok = false;
        } else if (result.kind != JSON_NULL) {
            made[n].name = slice_str(members[i].name);
            made[n++].value = result;
        }
    }
    size_t known = n;
    for (size_t i = 0; made && i < in->u.object.count; i++) {
        const json_member_t *m = &in->u.object.members[i];
        if (!find_member(members, count, m->name)) {
            unknown_member(s, m, members, count);
            made[n].name = m->name;
            ok = schema_sorted(s, &m->value, &made[n++].value) && ok;
        }
    }
    if (made) {
        sort_items(made + known, n - known, sizeof *made, cmp_member_name);
    }
    *out = (json_value_t){.kind = JSON_OBJECT, .line = in->line, .column = in->column};
    out->u.object.members = made;
    out->u.object.count = n;
    return ok;
}

bool schema_list(const schema_t *s, const json_value_t *in, schema_fn fn,
                 int (*cmp)(const void *, const void *), json_value_t *out)
{
    if (!schema_kind(s, in, JSON_ARRAY, "a list")) {
        return false;
    }
    json_value_t *items = arena_array(s->check->arena, in->u.array.count, sizeof *items);
    bool ok = items != NULL;
    size_t n = 0;
    for (size_t i = 0; items && i < in->u.array.count; i++) {
        schema_path_t path = {s->path, {NULL, 0}, i};
        schema_t inner = {s->check, &path};
        if (fn(&inner, &in->u.array.items[i], &items[n])) {
            n++;
        } else {
            ok = false;
        }
    }
    if (cmp && n > 1) {
        sort_items(items, n, sizeof *items, cmp);
    }
    *out = (json_value_t){.kind = JSON_ARRAY, .line = in->line, .column = in->column};
    out->u.array.items = items;
    out->u.array.count = n;
    return ok;
}

static int cmp_string(const void *a, const void *b)
{
    return slice_cmp(((const json_value_t *)a)->u.text, ((const json_value_t *)b)->u.text);
}

bool schema_set(const schema_t *s, const json_value_t *in, const registry_t *registry,
                json_value_t *out)
{
    if (!schema_list(s, in, schema_string, cmp_string, out)) {
        return false;
    }
    for (size_t i = 0; registry && i < in->u.array.count; i++) {
        const json_value_t *item = &in->u.array.items[i];
        if (registry_find(registry, item->u.text)) {
            continue;
        }
        suggest_t near;
        suggest_init(&near, item->u.text);
        registry_suggest(registry, &near);
        schema_path_t path = {s->path, {NULL, 0}, i};
        schema_t inner = {s->check, &path};
        schema_find(&inner, FINDING_UNREGISTERED, item, near.best,
                    "'%.*s' is not in the registry %s", SLICE_ARG(item->u.text), registry->name);
    }
    json_value_t *items = out->u.array.items;
    size_t kept = out->u.array.count ? 1 : 0;
    for (size_t i = 1; i < out->u.array.count; i++) {
        if (cmp_string(&items[kept - 1], &items[i])) {
            items[kept++] = items[i];
        }
    }
    out->u.array.count = kept;
    return true;
}

bool schema_string(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    if (!schema_kind(s, in, JSON_STRING,
                     in->kind == JSON_NUMBER || in->kind == JSON_BOOL ? "text (quote it)"
                                                                      : "text")) {
        return false;
    }
    *out = *in;
    return true;
}

bool schema_bool(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    *out = *in;
    return schema_kind(s, in, JSON_BOOL, "true or false");
}

bool schema_u64(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    if (!schema_kind(s, in, JSON_NUMBER, "a whole number")) {
        return false;
    }
    uint64_t value = 0;
    slice_t what = subject(s);
    if (!json_number_u64(in->u.text, &value)) {
        schema_find(s, FINDING_BAD_VALUE, in, (slice_t){0},
                    "%.*s must be a whole number from 0 to 18446744073709551615, without fraction "
                    "or exponent, not %.*s",
                    SLICE_ARG(what), SLICE_ARG(in->u.text));
        return false;
    }
    if (value > ((uint64_t)1 << 53) - 1) {
        schema_find(s, FINDING_BIG_INTEGER, in, (slice_t){0},
                    "%.*s is above 9007199254740991: JSON readers that use doubles will round it",
                    SLICE_ARG(what));
    }
    *out = *in;
    return true;
}

bool schema_any(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    return schema_sorted(s, in, out);
}

static bool host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
}

static bool hostname(slice_t host)
{
    if (!host.len || host.len > 255) {
        return false;
    }
    size_t label = 0;
    for (size_t i = 0; i < host.len; i++) {
        if (!host_char(host.ptr[i])) {
            return false;
        }
        label = host.ptr[i] == '.' ? 0 : label + 1;
        if (label > 63 || (host.ptr[i] == '.' && (i == 0 || host.ptr[i - 1] == '.'))) {
            return false;
        }
    }
    return true;
}

static bool port(slice_t text)
{
    unsigned value = 0;
    if (!text.len || text.len > 5) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
        value = value * 10 + (unsigned)(text.ptr[i] - '0');
    }
    return value > 0 && value <= 65535;
}

/* Splits host[:port]; false when it is neither a name, an IPv4 address nor a bracketed IPv6 one. */
static bool endpoint(slice_t text, slice_t *port_text)
{
    *port_text = (slice_t){0};
    slice_t host = text, rest = {0};
    if (text.len && text.ptr[0] == '[') {
        const char *close = memchr(text.ptr, ']', text.len);
        u128_t address;
        if (!close) {
            return false;
        }
        host = slice_of(text.ptr + 1, (size_t)(close - text.ptr - 1));
        rest = slice_of(close + 1, text.len - host.len - 2);
        if (addr_parse_v6(host, &address) || (rest.len && rest.ptr[0] != ':')) {
            return false;
        }
    } else {
        const char *colon = text.len ? memchr(text.ptr, ':', text.len) : NULL;
        if (colon) {
            host = slice_of(text.ptr, (size_t)(colon - text.ptr));
            rest = slice_of(colon, text.len - host.len);
        }
        if (!hostname(host)) {
            return false;
        }
    }
    if (rest.len) {
        *port_text = slice_of(rest.ptr + 1, rest.len - 1);
        return port(*port_text);
    }
    return true;
}

bool schema_endpoint(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    slice_t port_text;
    if (!schema_string(s, in, out)) {
        return false;
    }
    if (!endpoint(in->u.text, &port_text)) {
        schema_find(s, FINDING_BAD_VALUE, in, (slice_t){0},
                    "'%.*s' is not host or host:port (a name in A-labels, IPv4, or [IPv6])",
                    SLICE_ARG(in->u.text));
        return false;
    }
    return true;
}
