#include "capability_types.h"

/* ---- sets of strings: RFC 8008 ---- */

static bool is_string_list(const json_value_t *v)
{
    if (!v || v->kind != JSON_ARRAY) {
        return false;
    }
    for (size_t i = 0; i < v->u.array.count; i++) {
        if (v->u.array.items[i].kind != JSON_STRING) {
            return false;
        }
    }
    return true;
}

static bool list_has(const json_value_t *list, slice_t text)
{
    for (size_t i = 0; list && list->kind == JSON_ARRAY && i < list->u.array.count; i++) {
        const json_value_t *item = &list->u.array.items[i];
        if (item->kind == JSON_STRING && slice_eq(item->u.text, text)) {
            return true;
        }
    }
    return false;
}

/* set(offered) includes set(wanted). An empty wanted list is included in every set. */
static bool set_covers(const json_value_t *offered, const json_value_t *wanted, const char *name)
{
    const json_value_t *have = json_get(offered, name), *want = json_get(wanted, name);
    for (size_t i = 0; i < want->u.array.count; i++) {
        if (!list_has(have, want->u.array.items[i].u.text)) {
            return false;
        }
    }
    return true;
}

#define SET_TYPE(prefix, member)                                                                   \
    bool prefix##_consistent(const json_value_t *wanted)                                           \
    {                                                                                              \
        return is_string_list(json_get(wanted, member));                                           \
    }                                                                                              \
    bool prefix##_covers(const json_value_t *offered, const json_value_t *wanted)                  \
    {                                                                                              \
        return set_covers(offered, wanted, member);                                                \
    }

SET_TYPE(delivery, "delivery-protocols")
SET_TYPE(acquisition, "acquisition-protocols")
SET_TYPE(redirection, "redirection-modes")
SET_TYPE(metadata, "metadata")

bool logging_consistent(const json_value_t *wanted)
{
    const json_value_t *fields = json_get(wanted, "fields");
    return json_is_string(json_get(wanted, "record-type")) && (!fields || is_string_list(fields));
}

/* `fields` is optional, and optional properties are no part of the test. */
bool logging_covers(const json_value_t *offered, const json_value_t *wanted)
{
    return slice_eq(json_get(offered, "record-type")->u.text,
                    json_get(wanted, "record-type")->u.text);
}

/* ---- RFC 8804: no mandatory property ---- */

static bool absent_or(const json_value_t *v, json_kind_t kind)
{
    return !v || v->kind == kind;
}

bool target_consistent(const json_value_t *wanted)
{
    if (wanted->kind != JSON_OBJECT) {
        return false;
    }
    const json_value_t *hosts = json_get(wanted, "redirecting-hosts");
    const json_value_t *dns = json_get(wanted, "dns-target");
    const json_value_t *http = json_get(wanted, "http-target");
    if ((hosts && !is_string_list(hosts)) || !absent_or(dns, JSON_OBJECT) ||
        !absent_or(http, JSON_OBJECT)) {
        return false;
    }
    return absent_or(json_get(dns, "host"), JSON_STRING) &&
           absent_or(json_get(http, "host"), JSON_STRING) &&
           absent_or(json_get(http, "scheme"), JSON_STRING) &&
           absent_or(json_get(http, "path-prefix"), JSON_STRING) &&
           absent_or(json_get(http, "include-redirecting-host"), JSON_BOOL);
}

bool target_covers(const json_value_t *offered, const json_value_t *wanted)
{
    (void)offered;
    (void)wanted;
    return true;
}

/* ---- RFC 9808 ---- */

static bool member_u64(const json_value_t *v, const char *name, uint64_t *out)
{
    const json_value_t *m = json_get(v, name);
    return m && m->kind == JSON_NUMBER && json_number_u64(m->u.text, out);
}

bool limits_consistent(const json_value_t *wanted)
{
    const json_value_t *limits = json_get(wanted, "limits");
    if (!limits || limits->kind != JSON_ARRAY) {
        return false;
    }
    for (size_t i = 0; i < limits->u.array.count; i++) {
        const json_value_t *limit = &limits->u.array.items[i];
        uint64_t hard;
        if (!json_is_string(json_get(limit, "limit-type")) ||
            !member_u64(limit, "maximum-hard", &hard)) {
            return false;
        }
    }
    return true;
}

/* R5: every wanted limit has an offered one of its type that allows at least as much. */
bool limits_covers(const json_value_t *offered, const json_value_t *wanted)
{
    const json_value_t *have = json_get(offered, "limits"), *want = json_get(wanted, "limits");
    for (size_t i = 0; i < want->u.array.count; i++) {
        const json_value_t *w = &want->u.array.items[i];
        uint64_t least = 0, hard = 0;
        (void)member_u64(w, "maximum-hard", &least);
        bool found = false;
        for (size_t k = 0; k < have->u.array.count && !found; k++) {
            const json_value_t *h = &have->u.array.items[k];
            found = slice_eq(json_get(h, "limit-type")->u.text,
                             json_get(w, "limit-type")->u.text) &&
                    member_u64(h, "maximum-hard", &hard) && hard >= least;
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

static bool metrics_consistent(const json_value_t *metrics)
{
    if (!metrics || metrics->kind != JSON_ARRAY) {
        return false;
    }
    for (size_t i = 0; i < metrics->u.array.count; i++) {
        if (!json_is_string(json_get(&metrics->u.array.items[i], "name"))) {
            return false;
        }
    }
    return true;
}

bool telemetry_consistent(const json_value_t *wanted)
{
    const json_value_t *sources = json_get(wanted, "sources");
    if (!sources || sources->kind != JSON_ARRAY) {
        return false;
    }
    for (size_t i = 0; i < sources->u.array.count; i++) {
        const json_value_t *source = &sources->u.array.items[i];
        if (!json_is_string(json_get(source, "id")) || !json_is_string(json_get(source, "type")) ||
            !metrics_consistent(json_get(source, "metrics"))) {
            return false;
        }
    }
    return true;
}

static bool metrics_cover(const json_value_t *have, const json_value_t *want)
{
    for (size_t i = 0; i < want->u.array.count; i++) {
        slice_t name = json_get(&want->u.array.items[i], "name")->u.text;
        bool found = false;
        for (size_t k = 0; k < have->u.array.count && !found; k++) {
            found = slice_eq(json_get(&have->u.array.items[k], "name")->u.text, name);
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

static bool source_covers(const json_value_t *have, const json_value_t *want)
{
    return slice_eq(json_get(have, "id")->u.text, json_get(want, "id")->u.text) &&
           slice_eq(json_get(have, "type")->u.text, json_get(want, "type")->u.text) &&
           metrics_cover(json_get(have, "metrics"), json_get(want, "metrics"));
}

bool telemetry_covers(const json_value_t *offered, const json_value_t *wanted)
{
    const json_value_t *have = json_get(offered, "sources"), *want = json_get(wanted, "sources");
    for (size_t i = 0; i < want->u.array.count; i++) {
        bool found = false;
        for (size_t k = 0; k < have->u.array.count && !found; k++) {
            found = source_covers(&have->u.array.items[k], &want->u.array.items[i]);
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

/* ---- RFC 9677 ---- */

bool credentials_consistent(const json_value_t *wanted)
{
    uint64_t n;
    return member_u64(wanted, "number-delegated-certs-supported", &n);
}

bool credentials_covers(const json_value_t *offered, const json_value_t *wanted)
{
    uint64_t have = 0, want = 0;
    (void)member_u64(offered, "number-delegated-certs-supported", &have);
    (void)member_u64(wanted, "number-delegated-certs-supported", &want);
    return have >= want;
}

/* ---- others: by structure ---- */

bool opaque_consistent(const json_value_t *wanted)
{
    return wanted->kind != JSON_NULL;
}

/* Recursion is bounded by the depth limit of the request. */
bool opaque_covers(const json_value_t *offered, const json_value_t *wanted)
{
    if (wanted->kind == JSON_OBJECT) {
        for (size_t i = 0; i < wanted->u.object.count; i++) {
            const json_member_t *m = &wanted->u.object.members[i];
            const json_value_t *have = json_get_slice(offered, m->name);
            if (!have || !opaque_covers(have, &m->value)) {
                return false;
            }
        }
        return offered->kind == JSON_OBJECT;
    }
    if (wanted->kind == JSON_ARRAY) {
        for (size_t i = 0; offered->kind == JSON_ARRAY && i < wanted->u.array.count; i++) {
            bool found = false;
            for (size_t k = 0; k < offered->u.array.count && !found; k++) {
                found = opaque_covers(&offered->u.array.items[k], &wanted->u.array.items[i]);
            }
            if (!found) {
                return false;
            }
        }
        return offered->kind == JSON_ARRAY;
    }
    return json_equal(offered, wanted);
}
