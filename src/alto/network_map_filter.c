#include "footprintd/alto/network_map.h"

#include "request.h"

#define ENTRIES_DEFAULT 65536

/* ---- names in requests: well-formed but unknown ones are ignored ---- */

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
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
    return check_list(r, "pids", *pids, request_is_pid_name) &&
           (!*types || check_list(r, "address-types", *types, address_type));
}

/* ---- selection ---- */

/* "Empty means all" is said of the list as received: one with unknown types only selects none. */
static unsigned families(const json_value_t *types)
{
    if (!types || !types->u.array.count) {
        return NETWORK_MAP_ALL_FAMILIES;
    }
    unsigned chosen = 0;
    for (size_t i = 0; i < types->u.array.count; i++) {
        slice_t name = types->u.array.items[i].u.text;
        chosen |= slice_is(name, "ipv4") ? 1u << FAMILY_IPV4 : 0;
        chosen |= slice_is(name, "ipv6") ? 1u << FAMILY_IPV6 : 0;
    }
    return chosen;
}

/* False: the answer is made, or memory is out. *wanted is NULL when all PIDs are. */
static bool choose(request_t *r, const network_map_content_t *c, slice_t body,
                   const alto_limits_t *limits, uint8_t **wanted, unsigned *chosen)
{
    const json_value_t *pids = NULL, *types = NULL;
    *wanted = NULL;
    if (!request_parse(r, body) || !validate(r, limits, &pids, &types)) {
        return false;
    }
    *chosen = families(types);
    if (!pids->u.array.count) {
        return true;
    }
    *wanted = arena_array(r->arena, c->count, 1);
    for (size_t i = 0; *wanted && i < pids->u.array.count; i++) {
        size_t index;
        if (network_map_find_pid(c, pids->u.array.items[i].u.text, &index)) {
            (*wanted)[index] = 1;
        }
    }
    return *wanted != NULL;
}

static err_t answer(const resource_t *resource, slice_t body, const alto_limits_t *limits,
                    arena_t *arena, alto_answer_t *out)
{
    const network_map_content_t *c = resource->content;
    request_t r = {arena, out, NULL};
    uint8_t *wanted = NULL;
    unsigned chosen = 0;
    if (!choose(&r, c, body, limits, &wanted, &chosen)) {
        return request_end(&r);
    }
    if (!wanted && chosen == NETWORK_MAP_ALL_FAMILIES) {
        request_answer_document(&r, ALTO_MEDIA_NETWORK_MAP, c->document);
        return request_end(&r);
    }
    slice_t *segments = arena_array(arena, c->segment_count + 2, sizeof *segments);
    if (!segments) {
        return request_end(&r);
    }
    size_t n = 0;
    segments[n++] = c->head;
    for (size_t i = 0; i < c->count; i++) {
        if (!wanted || wanted[i]) {
            n += network_map_pid_segments(&c->pids[i], chosen, n > 1, segments + n);
        }
    }
    segments[n++] = c->tail;
    request_answer(&r, ALTO_MEDIA_NETWORK_MAP, segments, n);
    return request_end(&r);
}

static err_t tree(const resource_t *resource, slice_t input, const alto_limits_t *limits,
                  arena_t *arena, alto_answer_t *refused, nodes_t *nodes, node_t **out)
{
    request_t r = {arena, refused, NULL};
    uint8_t *wanted = NULL;
    unsigned chosen = 0;
    *out = NULL;
    return choose(&r, resource->content, input, limits, &wanted, &chosen)
               ? network_map_tree(resource->content, wanted, chosen, nodes, out)
               : request_end(&r);
}

static uint64_t cost(const resource_t *resource, slice_t body)
{
    const network_map_content_t *c = resource->content;
    return body.len / 50 + c->count / 20;
}

const resource_kind_t resource_kind_network_map_filtered = {
    .name = "network-map-filtered",
    .media_type = ALTO_MEDIA_NETWORK_MAP,
    .accepts = ALTO_MEDIA_NETWORK_MAP_FILTER,
    .answer = answer,
    .cost = cost,
    .tree = tree,
};
