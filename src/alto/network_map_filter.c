#include "footprintd/alto/network_map.h"

#include "request.h"

#define ENTRIES_DEFAULT 65536
#define ALL_FAMILIES    3u

/* ---- names in requests: well-formed but unknown ones are ignored ---- */

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* PIDName (RFC 7285 10.1): the reserved '.' makes an unknown name, not a malformed one. */
static bool pid_name(const json_value_t *v)
{
    if (v->kind != JSON_STRING || v->u.text.len < 1 || v->u.text.len > 64) {
        return false;
    }
    for (size_t i = 0; i < v->u.text.len; i++) {
        char c = v->u.text.ptr[i];
        if (!is_alnum(c) && !memchr("-:@_.", c, 5)) {
            return false;
        }
    }
    return true;
}

/* AddressType (RFC 7285 10.4.2). */
static bool address_type(const json_value_t *v)
{
    if (v->kind != JSON_STRING || !v->u.text.len) {
        return false;
    }
    for (size_t i = 0; i < v->u.text.len; i++) {
        if (!is_alnum(v->u.text.ptr[i])) {
            return false;
        }
    }
    return true;
}

static bool check_list(request_t *r, const char *field, const json_value_t *list,
                       bool (*valid)(const json_value_t *v))
{
    for (size_t i = 0; i < list->u.array.count; i++) {
        if (!valid(&list->u.array.items[i])) {
            return request_wrong_value(r, field, &list->u.array.items[i]);
        }
    }
    return true;
}

static bool validate(request_t *r, const alto_limits_t *limits, const json_value_t **pids,
                     const json_value_t **types)
{
    size_t most = limits && limits->filter_entries ? limits->filter_entries : ENTRIES_DEFAULT;
    *pids = json_get(r->root, "pids");
    *types = json_get(r->root, "address-types");
    if (!*pids) {
        return request_missing(r, "pids");
    }
    if ((*pids)->kind != JSON_ARRAY) {
        return request_wrong_type(r, "pids");
    }
    if (*types && (*types)->kind != JSON_ARRAY) {
        return request_wrong_type(r, "address-types");
    }
    if ((*pids)->u.array.count > most || (*types && (*types)->u.array.count > most)) {
        return request_too_big(r);
    }
    return check_list(r, "pids", *pids, pid_name) &&
           (!*types || check_list(r, "address-types", *types, address_type));
}

/* ---- selection ---- */

/* "Empty means all" is said of the list as received: one with unknown types only selects none. */
static unsigned families(const json_value_t *types)
{
    if (!types || !types->u.array.count) {
        return ALL_FAMILIES;
    }
    unsigned chosen = 0;
    for (size_t i = 0; i < types->u.array.count; i++) {
        slice_t name = types->u.array.items[i].u.text;
        chosen |= slice_is(name, "ipv4") ? 1u << FAMILY_IPV4 : 0;
        chosen |= slice_is(name, "ipv6") ? 1u << FAMILY_IPV6 : 0;
    }
    return chosen;
}

static bool find_pid(const network_map_content_t *c, slice_t name, size_t *index)
{
    size_t low = 0, high = c->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int cmp = slice_cmp(c->pids[middle].name, name);
        if (!cmp) {
            *index = middle;
            return true;
        }
        if (cmp < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return false;
}

static err_t answer(const resource_t *resource, slice_t body, const alto_limits_t *limits,
                    arena_t *arena, alto_answer_t *out)
{
    const network_map_content_t *c = resource->content;
    request_t r = {arena, out, NULL};
    const json_value_t *pids = NULL, *types = NULL;
    if (!request_parse(&r, body) || !validate(&r, limits, &pids, &types)) {
        return request_end(&r);
    }
    bool all = pids->u.array.count == 0;
    unsigned chosen = families(types);
    if (all && chosen == ALL_FAMILIES) {
        request_answer_document(&r, ALTO_MEDIA_NETWORK_MAP, c->document);
        return request_end(&r);
    }
    uint8_t *wanted = arena_array(arena, c->count, 1);
    slice_t *segments = arena_array(arena, c->count * 6 + 2, sizeof *segments);
    if (!wanted || !segments) {
        return request_end(&r);
    }
    for (size_t i = 0; i < pids->u.array.count; i++) {
        size_t index;
        if (find_pid(c, pids->u.array.items[i].u.text, &index)) {
            wanted[index] = 1;
        }
    }
    size_t n = 0;
    segments[n++] = c->head;
    for (size_t i = 0; i < c->count; i++) {
        if (all || wanted[i]) {
            n += network_map_pid_segments(&c->pids[i], chosen, n > 1, segments + n);
        }
    }
    segments[n++] = c->tail;
    request_answer(&r, ALTO_MEDIA_NETWORK_MAP, segments, n);
    return request_end(&r);
}

static uint64_t cost(const resource_t *resource, slice_t body)
{
    const network_map_content_t *c = resource->content;
    return body.len / 50 + c->count / 20;
}

const resource_kind_t resource_kind_network_map_filtered = {
    "network-map-filtered",
    ALTO_MEDIA_NETWORK_MAP,
    ALTO_MEDIA_NETWORK_MAP_FILTER,
    NULL,
    answer,
    cost,
};
