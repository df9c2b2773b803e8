#include "cost_map.h"
#include "cost_request.h"
#include "trees.h"

#include "footprintd/base/table.h"

/* The endpoint cost service (RFC 7285 11.5): costs between the PIDs that hold the endpoints. */

/* ---- endpoints ---- */

/* TypedEndpointAddr (RFC 7285 10.4.3): an address, not a prefix. */
static bool parse_endpoint(slice_t text, addr_t *out)
{
    static const struct {
        const char *prefix;
        family_t family;
    } types[] = {{"ipv4:", FAMILY_IPV4}, {"ipv6:", FAMILY_IPV6}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (text.len > 5 && !memcmp(text.ptr, types[i].prefix, 5)) {
            return !addr_parse(slice_of(text.ptr + 5, text.len - 5), out) &&
                   out->family == types[i].family;
        }
    }
    return false;
}

static bool is_endpoint(const json_value_t *v)
{
    addr_t address;
    return v->kind == JSON_STRING && parse_endpoint(v->u.text, &address);
}

const cost_lists_t cost_endpoints_form = {.name = "endpoints",
                                          .srcs = "endpoints/srcs",
                                          .dsts = "endpoints/dsts",
                                          .lists_needed = true,
                                          .valid = is_endpoint};

static uint32_t pid_of(const cost_space_t *space, const addr_t *address)
{
    uint32_t id = pid_index_get(space->index, address);
    return id ? id - 1 : COST_NO_PID;
}

static bool is_empty(const json_value_t *list)
{
    return !list || !list->u.array.count;
}

/* The client itself, as an endpoint of its own. */
static bool choose_client(request_t *r, const cost_space_t *space, const addr_t *client,
                          cost_side_t *out)
{
    slice_t *key = arena_alloc(r->arena, sizeof *key);
    uint32_t *pid = arena_alloc(r->arena, sizeof *pid);
    char text[ADDR_TEXT_MAX];
    if (!key || !pid) {
        return false;
    }
    size_t n = addr_format(client, text);
    *key = arena_printf(r->arena, "\"%s:%.*s\":", client->family == FAMILY_IPV4 ? "ipv4" : "ipv6",
                        (int)n, text);
    *pid = pid_of(space, client);
    *out = (cost_side_t){key, pid, 1};
    return key->ptr != NULL;
}

/*
 * The endpoints of a list in their order. Keys are the client's own spellings: two of one address
 * are two endpoints, the same one twice is one.
 */
static bool choose_listed(request_t *r, const cost_space_t *space, const json_value_t *list,
                          cost_side_t *out)
{
    size_t count = list->u.array.count, bytes = 0, n = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += list->u.array.items[i].u.text.len + 3;
    }
    slice_t *keys = arena_array(r->arena, count, sizeof *keys);
    uint32_t *pids = arena_array(r->arena, count, sizeof *pids);
    char *at = arena_alloc(r->arena, bytes);
    table_t seen = TABLE_INIT;
    bool good = keys && pids && at;
    for (size_t i = 0; i < count && good; i++) {
        slice_t text = list->u.array.items[i].u.text;
        addr_t address;
        void *before = NULL;
        if (!parse_endpoint(text, &address)) {
            continue; /* they were all looked at */
        }
        if (table_put(&seen, text, keys, &before)) {
            r->arena->failed = true;
            good = false;
        } else if (!before) {
            keys[n] = slice_of(at, text.len + 3);
            *at++ = '"';
            memcpy(at, text.ptr, text.len);
            at += text.len;
            *at++ = '"';
            *at++ = ':';
            pids[n++] = pid_of(space, &address);
        }
    }
    table_release(&seen);
    *out = (cost_side_t){keys, pids, n};
    return good;
}

static bool choose(request_t *r, const cost_space_t *space, const json_value_t *list,
                   const addr_t *client, cost_side_t *out)
{
    return is_empty(list) ? choose_client(r, space, client, out)
                          : choose_listed(r, space, list, out);
}

/* ---- the request ---- */

/*
 * One of the two lists may be left out: the client is meant. Where nobody knows who that is, as in
 * an update stream, both are needed.
 */
bool cost_request_read_endpoints(request_t *r, slice_t body, const alto_limits_t *limits,
                                 const cost_lists_t *form, cost_offer_t *offers, size_t count,
                                 cost_request_t *q)
{
    if (!cost_request_read(r, body, limits, form, offers, count, q)) {
        return false;
    }
    if (is_empty(q->srcs) && is_empty(q->dsts)) {
        return request_wrong_value(r, form->name, q->lists);
    }
    if (!limits || !limits->client) {
        return is_empty(q->srcs)   ? request_missing(r, form->srcs)
               : is_empty(q->dsts) ? request_missing(r, form->dsts)
                                   : true;
    }
    return true;
}

bool cost_request_endpoints(request_t *r, const cost_space_t *space, const cost_request_t *q,
                            const alto_limits_t *limits, cost_side_t *from, cost_side_t *to)
{
    const addr_t *client = limits ? limits->client : NULL;
    return choose(r, space, q->srcs, client, from) && choose(r, space, q->dsts, client, to);
}

static bool make_table(request_t *r, const endpoint_cost_content_t *c, slice_t body,
                       const alto_limits_t *limits, cost_request_t *q, cost_table_t *out)
{
    cost_side_t from, to;
    if (!cost_request_read_endpoints(r, body, limits, &cost_endpoints_form, c->offers, c->count,
                                     q)) {
        return false;
    }
    const cost_space_t *space = q->offer->space;
    if (!cost_request_endpoints(r, space, q, limits, &from, &to) ||
        !cost_request_pairs(r, limits, from.count, to.count)) {
        return false;
    }
    if (cost_table_fill(q->offer, &from, &to, r->arena, out)) {
        r->arena->failed = true;
        return false;
    }
    cost_table_constrain(out, &q->range);
    return true;
}

/* ---- the resource ---- */

static err_t answer(const resource_t *resource, slice_t body, const alto_limits_t *limits,
                    arena_t *arena, alto_answer_t *out)
{
    request_t r = {arena, out, NULL};
    cost_request_t q;
    cost_table_t table;
    if (make_table(&r, resource->content, body, limits, &q, &table)) {
        slice_t head = arena_printf(arena, "{\"meta\":{\"cost-type\":%.*s},\"endpoint-cost-map\":{",
                                    SLICE_ARG(q.offer->text));
        if (head.ptr) {
            cost_request_answer(&r, ALTO_MEDIA_ENDPOINT_COST, head, &table);
        }
    }
    return request_end(&r);
}

static err_t tree(const resource_t *resource, slice_t input, const alto_limits_t *limits,
                  arena_t *arena, alto_answer_t *refused, nodes_t *nodes, node_t **out)
{
    static const slice_t meta[] = {{"cost-type", 9}};
    static const slice_t top[] = {{"meta", 4}, {"endpoint-cost-map", 17}};
    request_t r = {arena, refused, NULL};
    cost_request_t q;
    cost_table_t table;
    *out = NULL;
    if (!make_table(&r, resource->content, input, limits, &q, &table)) {
        return request_end(&r);
    }
    *out = tree_members(nodes, top, 2, tree_members(nodes, meta, 1, cost_type_node(q.offer, nodes)),
                        cost_request_rows(&table, nodes));
    return nodes->failed ? ERR_NOMEM : ERR_OK;
}

static uint64_t cost(const resource_t *resource, slice_t body)
{
    size_t srcs, dsts;
    (void)resource;
    cost_request_count(body, slice_str(cost_endpoints_form.name), 1, &srcs, &dsts);
    return cost_request_estimate(body, srcs * dsts);
}

const resource_kind_t resource_kind_endpoint_cost = {
    .name = "endpoint-cost",
    .media_type = ALTO_MEDIA_ENDPOINT_COST,
    .accepts = ALTO_MEDIA_ENDPOINT_COST_PARAMS,
    .answer = answer,
    .cost = cost,
    .tree = tree,
    .rank = 1,
};
