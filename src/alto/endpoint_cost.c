#include "cost_map.h"

#include "footprintd/base/table.h"

/* The endpoint cost service (RFC 7285 11.5): costs between the PIDs that hold the endpoints. */

/* ---- endpoints ---- */

static bool is_endpoint(const json_value_t *v)
{
    addr_t address;
    return v->kind == JSON_STRING && request_endpoint(v->u.text, &address);
}

const cost_lists_t cost_endpoints_form = {.name = "endpoints",
                                          .srcs = "endpoints/srcs",
                                          .dsts = "endpoints/dsts",
                                          .lists_needed = true,
                                          .valid = is_endpoint};

static bool is_empty(const json_value_t *list)
{
    return !list || !list->u.array.count;
}

/* One of the two lists, whatever network map is asked. */
typedef struct endpoints {
    slice_t *keys;
    addr_t *addresses;
    size_t count;
} endpoints_t;

/* The client itself, as an endpoint of its own. */
static bool choose_client(request_t *r, const addr_t *client, endpoints_t *out)
{
    char text[ADDR_TEXT_MAX];
    out->keys = arena_alloc(r->arena, sizeof *out->keys);
    out->addresses = arena_alloc(r->arena, sizeof *out->addresses);
    out->count = 1;
    if (!out->keys || !out->addresses) {
        return false;
    }
    size_t n = addr_format(client, text);
    *out->keys = arena_printf(
        r->arena, "\"%s:%.*s\":", client->family == FAMILY_IPV4 ? "ipv4" : "ipv6", (int)n, text);
    *out->addresses = *client;
    return out->keys->ptr != NULL;
}

/*
 * The endpoints of a list in their order. Keys are the client's own spellings: two of one address
 * are two endpoints, the same one twice is one.
 */
static bool choose_listed(request_t *r, const json_value_t *list, endpoints_t *out)
{
    size_t count = list->u.array.count, bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += list->u.array.items[i].u.text.len + 3;
    }
    slice_t *keys = arena_array(r->arena, count, sizeof *keys);
    addr_t *addresses = arena_array(r->arena, count, sizeof *addresses);
    char *at = arena_alloc(r->arena, bytes);
    table_t seen = TABLE_INIT;
    bool good = keys && addresses && at;
    *out = (endpoints_t){keys, addresses, 0};
    for (size_t i = 0; i < count && good; i++) {
        slice_t text = list->u.array.items[i].u.text;
        void *before = NULL;
        if (!request_endpoint(text, &addresses[out->count])) {
            continue; /* they were all looked at */
        }
        if (table_put(&seen, text, keys, &before)) {
            r->arena->failed = true;
            good = false;
        } else if (!before) {
            keys[out->count++] = slice_of(at, text.len + 3);
            *at++ = '"';
            memcpy(at, text.ptr, text.len);
            at += text.len;
            *at++ = '"';
            *at++ = ':';
        }
    }
    table_release(&seen);
    return good;
}

static bool choose(request_t *r, const json_value_t *list, const addr_t *client, endpoints_t *out)
{
    return is_empty(list) ? choose_client(r, client, out) : choose_listed(r, list, out);
}

/* Where the endpoints lie in the network map of a space. */
static bool place(request_t *r, const cost_space_t *space, const endpoints_t *ends,
                  cost_side_t *out)
{
    uint32_t *pids = arena_array(r->arena, ends->count + 1, sizeof *pids);
    for (size_t i = 0; pids && i < ends->count; i++) {
        uint32_t id = pid_index_get(space->index, &ends->addresses[i]);
        pids[i] = id ? id - 1 : COST_NO_PID;
    }
    *out = (cost_side_t){ends->keys, pids, ends->count};
    return pids != NULL;
}

/* ---- the request ---- */

/*
 * One of the two lists may be left out: the client is meant. Where nobody knows who that is, as in
 * an update stream, both are needed.
 */
bool cost_request_read_endpoints(request_t *r, slice_t body, const alto_limits_t *limits,
                                 const cost_lists_t *form, const cost_terms_t *terms,
                                 cost_request_t *q)
{
    if (!cost_request_read(r, body, limits, form, terms, q)) {
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
    endpoints_t srcs, dsts;
    return choose(r, q->srcs, client, &srcs) && choose(r, q->dsts, client, &dsts) &&
           place(r, space, &srcs, from) && place(r, space, &dsts, to);
}

/* Cost types may be of several network maps: an endpoint has the PID of each one's. */
static bool fill(request_t *r, const endpoints_t *from, const endpoints_t *to,
                 const cost_test_t *test, cost_table_t *table)
{
    const cost_space_t *placed = NULL;
    cost_side_t srcs = {0}, dsts = {0};
    for (size_t i = 0; i < table->column_count; i++) {
        const cost_space_t *space = table->columns[i].offer->space;
        if (space != placed && (!place(r, space, from, &srcs) || !place(r, space, to, &dsts))) {
            return false;
        }
        placed = space;
        if (cost_table_fill(table, i, &srcs, &dsts, test, r->arena)) {
            r->arena->failed = true;
            return false;
        }
    }
    if (cost_table_finish(table, test, r->arena)) {
        r->arena->failed = true;
        return false;
    }
    return true;
}

static bool make_table(request_t *r, const endpoint_cost_content_t *c, slice_t body,
                       const alto_limits_t *limits, cost_request_t *q, cost_table_t *out)
{
    const addr_t *client = limits ? limits->client : NULL;
    endpoints_t from, to;
    if (!cost_request_read_endpoints(r, body, limits, &cost_endpoints_form, &c->terms, q) ||
        !choose(r, q->srcs, client, &from) || !choose(r, q->dsts, client, &to) ||
        !cost_request_fits(r, limits, q, from.count, to.count)) {
        return false;
    }
    *out = (cost_table_t){.from = {from.keys, NULL, from.count},
                          .to = {to.keys, NULL, to.count},
                          .columns = q->columns,
                          .shown = q->shown,
                          .column_count = q->column_count,
                          .multi = q->multi};
    return fill(r, &from, &to, &q->test, out);
}

/* ---- the resource ---- */

static const char key[] = "endpoint-cost-map";

static err_t answer(const resource_t *resource, slice_t body, const alto_limits_t *limits,
                    arena_t *arena, alto_answer_t *out)
{
    request_t r = {arena, out, NULL};
    cost_request_t q;
    cost_table_t table;
    if (make_table(&r, resource->content, body, limits, &q, &table)) {
        slice_t meta = cost_meta(NULL, &q, arena);
        if (meta.len) {
            cost_request_answer(&r, ALTO_MEDIA_ENDPOINT_COST, meta, key, &table);
            out->entities = table.from.count * table.to.count;
        }
    }
    return request_end(&r);
}

static err_t tree(const resource_t *resource, slice_t input, const alto_limits_t *limits,
                  arena_t *arena, alto_answer_t *refused, nodes_t *nodes, node_t **out)
{
    request_t r = {arena, refused, NULL};
    cost_request_t q;
    cost_table_t table;
    *out = NULL;
    if (!make_table(&r, resource->content, input, limits, &q, &table)) {
        return request_end(&r);
    }
    slice_t meta = cost_meta(NULL, &q, arena);
    *out = meta.len ? cost_request_tree(meta, key, &table, nodes) : NULL;
    return *out ? ERR_OK : ERR_NOMEM;
}

static uint64_t cost(const resource_t *resource, slice_t body)
{
    const cost_scale_t scale = cost_request_scale(body, slice_str(cost_endpoints_form.name), 1);
    const endpoint_cost_content_t *c = resource->content;
    return cost_request_estimate(body, &c->terms, &scale);
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
