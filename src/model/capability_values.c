#include "capability_types.h"

#include "capability_schema.h"

#include <stdlib.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static bool object_of(const capability_check_t *c, const json_value_t *v,
                      const schema_member_t *members, size_t count, json_value_t *out)
{
    schema_t s = {c, NULL};
    return schema_object(&s, v, members, count, false, out);
}

/* Order of items by one of their string members, then by text: content, never position. */
static int cmp_member(const json_value_t *a, const json_value_t *b, const char *name)
{
    const json_value_t *x = json_get(a, name), *y = json_get(b, name);
    if (!x || !y) {
        return (x != NULL) - (y != NULL);
    }
    return schema_value_cmp(x, y);
}

/* ---- RFC 8008 ---- */

static bool protocols(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    return schema_set(s, in, &registry_protocols, out);
}

static bool modes(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    return schema_set(s, in, &registry_redirection, out);
}

bool delivery_canonical(const capability_check_t *c, const json_value_t *v, json_value_t *out)
{
    static const schema_member_t members[] = {{"delivery-protocols", true, protocols}};
    return object_of(c, v, members, COUNT(members), out);
}

bool acquisition_canonical(const capability_check_t *c, const json_value_t *v, json_value_t *out)
{
    static const schema_member_t members[] = {{"acquisition-protocols", true, protocols}};
    return object_of(c, v, members, COUNT(members), out);
}

bool redirection_canonical(const capability_check_t *c, const json_value_t *v, json_value_t *out)
{
    static const schema_member_t members[] = {{"redirection-modes", true, modes}};
    return object_of(c, v, members, COUNT(members), out);
}

static bool registered(const schema_t *s, const json_value_t *in, const registry_t *registry,
                       json_value_t *out)
{
    if (!schema_string(s, in, out)) {
        return false;
    }
    if (!registry_find(registry, in->u.text)) {
        suggest_t near;
        suggest_init(&near, in->u.text);
        registry_suggest(registry, &near);
        schema_find(s, FINDING_UNREGISTERED, in, near.best, "'%.*s' is not in the registry %s",
                    SLICE_ARG(in->u.text), registry->name);
    }
    return true;
}

static bool record_type(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    return registered(s, in, &registry_record_types, out);
}

/* cs(User-Agent) and sc(...) name header fields (RFC 7937 3.4.1). */
static bool is_header_field(slice_t f)
{
    return f.len > 4 && f.ptr[f.len - 1] == ')' &&
           (slice_eq_nocase(slice_of(f.ptr, 3), SLICE_LIT("cs(")) ||
            slice_eq_nocase(slice_of(f.ptr, 3), SLICE_LIT("sc(")));
}

static bool logging_field(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    if (!schema_string(s, in, out)) {
        return false;
    }
    char *lower = arena_alloc(s->check->arena, in->u.text.len + 1);
    if (!lower) {
        return false;
    }
    for (size_t i = 0; i < in->u.text.len; i++) {
        char ch = in->u.text.ptr[i];
        lower[i] = (char)(ch >= 'A' && ch <= 'Z' ? ch + ('a' - 'A') : ch);
    }
    out->u.text = slice_of(lower, in->u.text.len);
    if (registry_find(&registry_optional_fields, out->u.text)) {
        return true;
    }
    if (registry_find(&registry_logging_fields, out->u.text)) {
        schema_find(
            s, FINDING_NOT_RECOMMENDED, in, (slice_t){0},
            "'%.*s' is a mandatory field, and only optional ones are advertised (RFC 8008 4)",
            SLICE_ARG(in->u.text));
    } else if (!is_header_field(out->u.text)) {
        suggest_t near;
        suggest_init(&near, out->u.text);
        registry_suggest(&registry_optional_fields, &near);
        schema_find(s, FINDING_UNREGISTERED, in, near.best, "'%.*s' is not in the registry %s",
                    SLICE_ARG(in->u.text), registry_logging_fields.name);
    }
    return true;
}

static int cmp_text(const void *a, const void *b)
{
    return slice_cmp(((const json_value_t *)a)->u.text, ((const json_value_t *)b)->u.text);
}

static void drop_equal(json_value_t *list, int (*cmp)(const void *, const void *))
{
    size_t kept = list->u.array.count ? 1 : 0;
    for (size_t i = 1; i < list->u.array.count; i++) {
        if (cmp(&list->u.array.items[kept - 1], &list->u.array.items[i])) {
            list->u.array.items[kept++] = list->u.array.items[i];
        }
    }
    list->u.array.count = kept;
}

/* Absent: all optional fields; []: none (RFC 8008 5.6). Both are kept as they are. */
static bool logging_fields(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    if (!schema_list(s, in, logging_field, cmp_text, out)) {
        return false;
    }
    drop_equal(out, cmp_text);
    return true;
}

bool logging_canonical(const capability_check_t *c, const json_value_t *v, json_value_t *out)
{
    static const schema_member_t members[] = {{"record-type", true, record_type},
                                              {"fields", false, logging_fields}};
    return object_of(c, v, members, COUNT(members), out);
}

/* RFC 9538 prints its type without the prefix that it registers. */
static bool metadata_type(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    if (!schema_string(s, in, out) || registry_find(&registry_metadata, in->u.text)) {
        return out->kind == JSON_STRING;
    }
    slice_t full = arena_printf(s->check->arena, "MI.%.*s", SLICE_ARG(in->u.text));
    if (registry_find(&registry_metadata, full)) {
        schema_find(s, FINDING_REWRITTEN, in, full, "'%.*s' is registered with the prefix MI.",
                    SLICE_ARG(in->u.text));
        out->u.text = full;
        return true;
    }
    suggest_t near;
    suggest_init(&near, in->u.text);
    registry_suggest(&registry_metadata, &near);
    schema_find(s, FINDING_UNREGISTERED, in, near.best, "'%.*s' is not in the registry %s",
                SLICE_ARG(in->u.text), registry_metadata.name);
    return true;
}

static bool metadata_types(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    if (!schema_list(s, in, metadata_type, cmp_text, out)) {
        return false;
    }
    drop_equal(out, cmp_text);
    return true;
}

bool metadata_canonical(const capability_check_t *c, const json_value_t *v, json_value_t *out)
{
    static const schema_member_t members[] = {{"metadata", true, metadata_types}};
    return object_of(c, v, members, COUNT(members), out);
}

/* ---- RFC 8804 ---- */

static bool hosts(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    if (!schema_list(s, in, schema_endpoint, cmp_text, out)) {
        return false;
    }
    drop_equal(out, cmp_text);
    return true;
}

static bool dns_host(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    if (!schema_endpoint(s, in, out)) {
        return false;
    }
    slice_t host = in->u.text;
    const char *close = memchr(host.ptr, ']', host.len);
    size_t from = close ? (size_t)(close - host.ptr) : 0;
    if (memchr(host.ptr + from, ':', host.len - from)) {
        schema_find(s, FINDING_NOT_RECOMMENDED, in, (slice_t){0},
                    "a port in the host of a dns-target is ignored by the uCDN (RFC 8804 2.4)");
    }
    return true;
}

/*
 * An empty target is no target (RFC 8804 2.3): it is left out. One that says something, and not
 * which host, is a mistake: uCDNs would read it as no target.
 */
static bool target(const schema_t *s, const json_value_t *in, const schema_member_t *members,
                   size_t count, json_value_t *out)
{
    if (!schema_object(s, in, members, count, true, out)) {
        return false;
    }
    if (!out->u.object.count) {
        *out = (json_value_t){.kind = JSON_NULL};
    } else if (!json_get(out, "host")) {
        schema_find(s, FINDING_MISSING_KEY, in, (slice_t){0},
                    "host is missing; a target without a host is no target (RFC 8804 2.3)");
        return false;
    }
    return true;
}

static bool dns_target(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    static const schema_member_t members[] = {{"host", false, dns_host}};
    return target(s, in, members, COUNT(members), out);
}

static bool scheme(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    if (!schema_string(s, in, out)) {
        return false;
    }
    if (slice_is(in->u.text, "http") || slice_is(in->u.text, "https")) {
        return true;
    }
    schema_find(s, FINDING_BAD_VALUE, in, (slice_t){0}, "scheme is http or https, not '%.*s'",
                SLICE_ARG(in->u.text));
    return false;
}

static bool path_prefix(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    if (!schema_string(s, in, out)) {
        return false;
    }
    if (in->u.text.ptr[in->u.text.len - 1] == '/') {
        return true;
    }
    schema_find(s, FINDING_BAD_VALUE, in,
                arena_printf(s->check->arena, "%.*s/", SLICE_ARG(in->u.text)),
                "path-prefix must end in '/' (RFC 8804 2.5)");
    return false;
}

static bool http_target(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    static const schema_member_t members[] = {{"host", false, schema_endpoint},
                                              {"scheme", false, scheme},
                                              {"path-prefix", false, path_prefix},
                                              {"include-redirecting-host", false, schema_bool}};
    return target(s, in, members, COUNT(members), out);
}

bool target_canonical(const capability_check_t *c, const json_value_t *v, json_value_t *out)
{
    static const schema_member_t members[] = {{"redirecting-hosts", false, hosts},
                                              {"dns-target", false, dns_target},
                                              {"http-target", false, http_target}};
    schema_t s = {c, NULL};
    return schema_object(&s, v, members, COUNT(members), true, out);
}

/* ---- RFC 9808 ---- */

static bool percentile(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    uint64_t value = 0;
    if (!schema_u64(s, in, out)) {
        return false;
    }
    if (json_number_u64(in->u.text, &value) && value > 100) {
        schema_find(s, FINDING_BAD_VALUE, in, (slice_t){0}, "data-percentile is at most 100");
        return false;
    }
    return true;
}

static bool metric(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    static const schema_member_t members[] = {{"name", true, schema_string},
                                              {"time-granularity", false, schema_u64},
                                              {"data-percentile", false, percentile},
                                              {"latency", false, schema_u64}};
    return schema_object(s, in, members, COUNT(members), false, out);
}

static int cmp_metric(const void *a, const void *b)
{
    int cmp = cmp_member(a, b, "name");
    return cmp ? cmp : schema_value_cmp(a, b);
}

static bool metrics(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    return schema_list(s, in, metric, cmp_metric, out);
}

static bool source_type(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    return registered(s, in, &registry_telemetry, out);
}

static bool source(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    static const schema_member_t members[] = {{"id", true, schema_string},
                                              {"type", true, source_type},
                                              {"metrics", true, metrics},
                                              {"configuration", false, schema_any}};
    return schema_object(s, in, members, COUNT(members), false, out);
}

static int cmp_source(const void *a, const void *b)
{
    int cmp = cmp_member(a, b, "id");
    return cmp ? cmp : schema_value_cmp(a, b);
}

static bool sources(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    return schema_list(s, in, source, cmp_source, out);
}

bool telemetry_canonical(const capability_check_t *c, const json_value_t *v, json_value_t *out)
{
    static const schema_member_t members[] = {{"sources", true, sources}};
    return object_of(c, v, members, COUNT(members), out);
}

static bool limit_type(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    return registered(s, in, &registry_capacity_limits, out);
}

/* Hurts caching; telemetry is its place (RFC 9808 2.2.1). Never published. */
static bool current(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    bool ok = schema_u64(s, in, out);
    schema_find(s, FINDING_NOT_RECOMMENDED, in, (slice_t){0},
                "'current' is not published: it changes too fast for an advertisement (RFC 9808 "
                "2.2.1)");
    *out = (json_value_t){.kind = JSON_NULL};
    return ok;
}

static bool telemetry_source(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    static const schema_member_t members[] = {{"id", true, schema_string},
                                              {"metric", true, schema_string}};
    return schema_object(s, in, members, COUNT(members), false, out);
}

static bool limit(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    static const schema_member_t members[] = {
        {"id", false, schema_string},       {"limit-type", true, limit_type},
        {"maximum-hard", true, schema_u64}, {"maximum-soft", false, schema_u64},
        {"current", false, current},        {"telemetry-source", false, telemetry_source}};
    if (!schema_object(s, in, members, COUNT(members), false, out)) {
        return false;
    }
    const json_value_t *hard = json_get(out, "maximum-hard");
    const json_value_t *soft = json_get(out, "maximum-soft");
    uint64_t h = 0, f = 0;
    if (soft && json_number_u64(hard->u.text, &h) && json_number_u64(soft->u.text, &f) && f >= h) {
        schema_path_t path = {s->path, SLICE_LIT("maximum-soft"), 0};
        schema_t inner = {s->check, &path};
        schema_find(&inner, FINDING_SOFT_LIMIT, soft, (slice_t){0},
                    "maximum-soft (%.*s) must be below maximum-hard (%.*s); without it, it is the "
                    "same (RFC 9808 2.2.1)",
                    SLICE_ARG(soft->u.text), SLICE_ARG(hard->u.text));
        return false;
    }
    return true;
}

static int cmp_number(const json_value_t *a, const json_value_t *b, const char *name)
{
    uint64_t x = 0, y = 0;
    const json_value_t *p = json_get(a, name), *q = json_get(b, name);
    bool have = p && q && json_number_u64(p->u.text, &x) && json_number_u64(q->u.text, &y);
    return !have ? (p != NULL) - (q != NULL) : x < y ? -1 : x > y;
}

static int cmp_limit(const void *a, const void *b)
{
    int cmp = cmp_member(a, b, "limit-type");
    cmp = cmp ? cmp : cmp_member(a, b, "id");
    cmp = cmp ? cmp : cmp_number(a, b, "maximum-hard");
    cmp = cmp ? cmp : cmp_number(a, b, "maximum-soft");
    return cmp ? cmp : schema_value_cmp(a, b);
}

static bool limits(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    return schema_list(s, in, limit, cmp_limit, out);
}

bool limits_canonical(const capability_check_t *c, const json_value_t *v, json_value_t *out)
{
    static const schema_member_t members[] = {{"limits", true, limits}};
    return object_of(c, v, members, COUNT(members), out);
}

/* ---- RFC 9677 ---- */

/* A JWK as an object is what people have at hand; the member is a string. */
static bool encryption_key(const schema_t *s, const json_value_t *in, json_value_t *out)
{
    if (in->kind != JSON_OBJECT) {
        return schema_string(s, in, out);
    }
    buf_t text = BUF_INIT;
    json_value_t sorted;
    if (!schema_sorted(s, in, &sorted)) {
        return false;
    }
    json_write_value(&text, &sorted);
    *out = (json_value_t){.kind = JSON_STRING, .line = in->line, .column = in->column};
    out->u.text = arena_copy(s->check->arena, buf_slice(&text));
    bool ok = !buf_failed(&text) && out->u.text.ptr;
    buf_release(&text);
    schema_find(
        s, FINDING_REWRITTEN, in, (slice_t){0},
        "PrivateKeyEncryptionKey is a string that holds a JWK; the object is written as one");
    return ok;
}

bool credentials_canonical(const capability_check_t *c, const json_value_t *v, json_value_t *out)
{
    static const schema_member_t members[] = {
        {"number-delegated-certs-supported", true, schema_u64},
        {"PrivateKeyEncryptionKey", false, encryption_key}};
    return object_of(c, v, members, COUNT(members), out);
}

/* ---- others ---- */

bool opaque_canonical(const capability_check_t *c, const json_value_t *v, json_value_t *out)
{
    schema_t s = {c, NULL};
    return schema_any(&s, v, out);
}
