#include "footprintd/updates/tips.h"

#include "params.h"

#include <stdlib.h>

/* Trees of parameters. */
#define ARENA_MAX ((size_t)64 << 20)
/* What a request costs beside its bytes, when paths are compared. */
#define EDGE_COST 200

typedef struct tips_view {
    char token[TOKEN_LEN + 1];
    feed_t *feed; /* with a reader's hold */
    uint64_t used_ms;
    size_t polls;
} tips_view_t;

/* ---- views. All under `lock` ---- */

static void close_view(hub_t *hub, tips_view_t *v)
{
    (void)table_remove(&hub->views, slice_str(v->token));
    v->feed->view = NULL;
    hub_feed_drop(hub, v->feed);
    hub->counters.views_closed++;
    hub_count(hub, TOTAL_VIEWS, -1);
    free(v);
}

/* Also closes it when its resource is gone. */
static tips_view_t *find_view(hub_t *hub, slice_t token)
{
    tips_view_t *v = table_get(&hub->views, token);
    if (v && v->feed->gone && !v->polls) {
        close_view(hub, v);
        return NULL;
    }
    if (v && v->feed->gone) {
        return NULL; /* those who wait are told, and the last of them closes it */
    }
    if (v) {
        v->used_ms = hub_now_ms(hub);
    }
    return v;
}

/* The feed's view, made when there is none yet. NULL: there are too many (*full), or no memory. */
static tips_view_t *view_of(hub_t *hub, feed_t *f, bool *full)
{
    *full = false;
    if (f->view) {
        return f->view;
    }
    if (!totals_has_room(hub->totals, TOTAL_VIEWS, hub->used[TOTAL_VIEWS])) {
        *full = true;
        return NULL;
    }
    tips_view_t *v = calloc(1, sizeof *v);
    if (!v || token_make(v->token) || table_put(&hub->views, slice_str(v->token), v, NULL)) {
        free(v);
        return NULL;
    }
    v->feed = f;
    f->view = v;
    hub_feed_hold(f);
    hub->counters.views_opened++;
    hub_count(hub, TOTAL_VIEWS, 1);
    return v;
}

void hub_tick_views(hub_t *hub, uint64_t now_ms)
{
    uint64_t idle_ms = (uint64_t)hub->options.view_idle_s * 1000;
    (void)pthread_mutex_lock(&hub->lock);
    for (feed_t *f = hub->list, *next; f; f = next) {
        next = f->next;
        tips_view_t *v = f->view;
        if (v && !v->polls && now_ms > v->used_ms && now_ms - v->used_ms > idle_ms) {
            close_view(hub, v);
        }
    }
    (void)pthread_mutex_unlock(&hub->lock);
}

void hub_close_views(hub_t *hub)
{
    for (feed_t *f = hub->list, *next; f; f = next) {
        next = f->next;
        if (f->view) {
            close_view(hub, f->view);
        }
    }
}

/*
 * What only the owner's URI has behind the token: 132 bits of a hash over a secret and both, so
 * that views can be shared and their URIs cannot.
 */
static err_t seal(const hub_t *hub, slice_t token, slice_t owner, char out[TOKEN_LEN])
{
    hasher_t h;
    digest_t digest;
    char text[TAG_LEN + 1];
    err_t err = hasher_init(&h);
    if (!err) {
        hasher_begin(&h);
        hasher_update(&h, hub->view_key, sizeof hub->view_key);
        hasher_update_slice(&h, token);
        hasher_update_slice(&h, owner);
        err = hasher_finish(&h, &digest);
    }
    hasher_release(&h);
    if (!err) {
        tag_format(&digest, text);
        memcpy(out, text, TOKEN_LEN);
    }
    return err;
}

bool tips_exists(hub_t *hub, slice_t text, slice_t owner, slice_t *token)
{
    char sealed[TOKEN_LEN];
    unsigned differ = 0;
    if (text.len != 2 * TOKEN_LEN) {
        return false;
    }
    *token = slice_of(text.ptr, TOKEN_LEN);
    if (seal(hub, *token, owner, sealed)) {
        return false;
    }
    for (size_t i = 0; i < TOKEN_LEN; i++) { /* in a time that does not depend on where */
        differ |= (unsigned char)(sealed[i] ^ text.ptr[TOKEN_LEN + i]);
    }
    if (differ) {
        return false;
    }
    (void)pthread_mutex_lock(&hub->lock);
    bool exists = find_view(hub, *token) != NULL;
    (void)pthread_mutex_unlock(&hub->lock);
    return exists;
}

bool tips_hold(hub_t *hub, slice_t token, bool hold)
{
    (void)pthread_mutex_lock(&hub->lock);
    tips_view_t *v = table_get(&hub->views, token);
    if (v) {
        v->polls += hold ? 1 : (size_t)-1;
        v->used_ms = hub_now_ms(hub);
    }
    (void)pthread_mutex_unlock(&hub->lock);
    return v != NULL;
}

void tips_describe(hub_t *hub, buf_t *lines)
{
    (void)pthread_mutex_lock(&hub->lock);
    uint64_t now = hub_now_ms(hub);
    for (const feed_t *f = hub->list; f; f = f->next) {
        const tips_view_t *v = f->view;
        if (v) {
            buf_printf(lines,
                       "resource=%.*s start-seq=%llu end-seq=%llu step-bytes=%zu held-polls=%zu "
                       "idle-s=%llu\n",
                       SLICE_ARG(f->id), (unsigned long long)feed_oldest(f)->seq,
                       (unsigned long long)feed_newest(f)->seq, f->step_bytes, v->polls,
                       (unsigned long long)(now - v->used_ms) / 1000);
        }
    }
    (void)pthread_mutex_unlock(&hub->lock);
}

/* ---- the graph ---- */

/*
 * The edge to fetch first (RFC 9569 6.2, 7.4): from the version that the client has, when the way
 * from there costs less than the newest version whole; where there is nothing to be fetched, the
 * edge to wait for.
 */
static void recommend(const feed_t *f, slice_t tag, uint64_t *from, uint64_t *to)
{
    const feed_version_t *newest = feed_newest(f), *have = feed_of_tag(f, tag);
    uint64_t cost = 0;
    for (uint64_t seq = have ? have->seq : newest->seq; seq < newest->seq; seq++) {
        cost += feed_at(f, seq + 1)->step->size + EDGE_COST;
    }
    bool along = have && (have == newest || cost < newest->root->size + EDGE_COST);
    *from = along ? have->seq : 0;
    *to = along ? have->seq + 1 : newest->seq;
}

static void write_summary(const feed_t *f, slice_t tag, buf_t *out)
{
    uint64_t from, to;
    recommend(f, tag, &from, &to);
    buf_printf(out,
               "\"tips-view-summary\":{\"updates-graph-summary\":{\"start-seq\":%llu,"
               "\"end-seq\":%llu,\"start-edge-rec\":{\"seq-i\":%llu,\"seq-j\":%llu}}}",
               (unsigned long long)feed_oldest(f)->seq, (unsigned long long)feed_newest(f)->seq,
               (unsigned long long)from, (unsigned long long)to);
}

/* ---- parameters: missing, types, values ---- */

typedef struct tips_params {
    slice_t resource;
    slice_t tag;
    const json_value_t *input;
} tips_params_t;

static bool read_params(params_t *p, slice_t body, tips_params_t *out)
{
    if (!params_parse(p, body)) {
        return false;
    }
    const json_value_t *id = json_get(p->root, "resource-id"), *tag = json_get(p->root, "tag");
    out->input = json_get(p->root, "input");
    if (!id) {
        return params_missing(p, SLICE_LIT("resource-id"));
    }
    if (id->kind != JSON_STRING) {
        return params_wrong_type(p, SLICE_LIT("resource-id"));
    }
    if (tag && tag->kind != JSON_STRING) {
        return params_wrong_type(p, SLICE_LIT("tag"));
    }
    if (out->input && out->input->kind != JSON_OBJECT) {
        return params_wrong_type(p, SLICE_LIT("input"));
    }
    out->resource = id->u.text;
    out->tag = tag ? tag->u.text : SLICE_LIT("");
    return true;
}

/* Told behind what is wrong with the resource. */
static bool check_tag(params_t *p, const tips_params_t *params)
{
    return json_get(p->root, "tag") && !params_tag_valid(params->tag)
               ? params_wrong_value(p, SLICE_LIT("tag"), params->tag)
               : true;
}

/* ---- opening ---- */

static const json_value_t empty_object = {.kind = JSON_OBJECT};

static bool check_open(hub_t *hub, params_t *p, tips_params_t *params)
{
    (void)pthread_mutex_lock(&hub->lock);
    const resource_kind_t *kind = hub_offer(hub, params->resource);
    (void)pthread_mutex_unlock(&hub->lock);
    if (!kind || kind->message) {
        return params_wrong_value(p, SLICE_LIT("resource-id"), params->resource);
    }
    if (params->input && !kind->accepts) {
        return params_wrong_json(p, SLICE_LIT("input"), params->input);
    }
    if (kind->accepts && !params->input) {
        params->input = &empty_object;
    }
    return check_tag(p, params);
}

static err_t answer_open(hub_t *hub, feed_t *f, const tips_params_t *params,
                         const tips_client_t *client, hub_refusal_t *refusal, buf_t *text)
{
    bool full, failed = false;
    char sealed[TOKEN_LEN];
    (void)pthread_mutex_lock(&hub->lock);
    tips_view_t *v = view_of(hub, f, &full);
    if (v) {
        v->used_ms = hub_now_ms(hub);
        buf_t uri = BUF_INIT;
        failed = seal(hub, slice_str(v->token), client->owner, sealed) != ERR_OK;
        buf_append_slice(&uri, client->base); /* as a client has written it */
        buf_append_str(&uri, TIPS_PATH);
        buf_append_str(&uri, v->token);
        buf_append(&uri, sealed, failed ? 0 : TOKEN_LEN);
        buf_append_str(text, "{\"tips-view-uri\":");
        json_write_string(text, buf_slice(&uri));
        buf_append_char(text, ',');
        failed |= buf_failed(&uri);
        buf_release(&uri);
        write_summary(f, params->tag, text);
        buf_append_char(text, '}');
    } else if (full) {
        hub->counters.views_refused++;
        hub_refuse(refusal, 429);
    }
    (void)pthread_mutex_unlock(&hub->lock);
    return failed || (!v && !full) || buf_failed(text) ? ERR_NOMEM : ERR_OK;
}

static err_t open_view(hub_t *hub, const tips_params_t *params, const tips_client_t *client,
                       hub_refusal_t *refusal, buf_t *text)
{
    feed_t *f = NULL;
    err_t err = ERR_OK;
    if (params->input) {
        err = hub_open_input(hub, params->resource, params->input, client->account, NULL, refusal,
                             &f);
        if (!err && !f && refusal->status == 503) {
            hub_refuse(refusal, 429); /* RFC 9569 6.2 */
        }
    } else {
        (void)pthread_mutex_lock(&hub->lock);
        f = hub_get_feed(hub, params->resource);
        if (f) {
            hub_feed_hold(f);
        } else {
            hub_refuse(refusal, 503);
        }
        (void)pthread_mutex_unlock(&hub->lock);
    }
    if (err || !f) {
        return err;
    }
    err = answer_open(hub, f, params, client, refusal, text);
    (void)pthread_mutex_lock(&hub->lock);
    hub_feed_drop(hub, f);
    (void)pthread_mutex_unlock(&hub->lock);
    return err;
}

err_t tips_open(hub_t *hub, slice_t body, const tips_client_t *client, hub_refusal_t *refusal,
                buf_t *text)
{
    arena_t arena;
    arena_init(&arena, ARENA_MAX);
    params_t p = {&arena, refusal, NULL};
    tips_params_t params = {0};
    err_t err = ERR_OK;
    if (read_params(&p, body, &params) && check_open(hub, &p, &params)) {
        err = open_view(hub, &params, client, refusal, text);
    } else if (arena_failed(&arena)) {
        err = ERR_NOMEM;
    }
    arena_release(&arena);
    return err;
}

/* ---- the next edge ---- */

static bool check_next(params_t *p, const feed_t *f, const tips_params_t *params)
{
    if (!slice_eq(params->resource, f->id)) {
        return params_wrong_value(p, SLICE_LIT("resource-id"), params->resource);
    }
    if (params->input) {
        return params_wrong_json(p, SLICE_LIT("input"), params->input);
    }
    return check_tag(p, params);
}

err_t tips_next_edge(hub_t *hub, slice_t token, slice_t body, hub_refusal_t *refusal, buf_t *text)
{
    arena_t arena;
    arena_init(&arena, ARENA_MAX);
    params_t p = {&arena, refusal, NULL};
    tips_params_t params = {0};
    bool read = read_params(&p, body, &params);
    (void)pthread_mutex_lock(&hub->lock);
    tips_view_t *v = find_view(hub, token);
    if (!v) {
        hub_refuse(refusal, 404);
    } else if (read && check_next(&p, v->feed, &params)) {
        buf_append_char(text, '{');
        write_summary(v->feed, params.tag, text);
        buf_append_char(text, '}');
    }
    (void)pthread_mutex_unlock(&hub->lock);
    err_t err = arena_failed(&arena) || buf_failed(text) ? ERR_NOMEM : ERR_OK;
    arena_release(&arena);
    return err;
}

/* ---- edges ---- */

/* A step is there as it was made; a version is made whole when it is asked for. */
static err_t take_edge(feed_t *f, uint64_t from, uint64_t to, tips_edge_t *edge)
{
    if (!from) {
        edge->media_type = f->kind->media_type;
        return feed_frame(f, 0, to, &edge->frame);
    }
    edge->media_type = feed_at(f, to)->step->media_type;
    return feed_step_frame(f, to, &edge->frame);
}

static tips_verdict_t judge(const feed_t *f, uint64_t from, uint64_t to)
{
    uint64_t start = feed_oldest(f)->seq, end = feed_newest(f)->seq;
    if (from >= to) {
        return TIPS_NOT_FOUND;
    }
    if ((from && from < start) || to < start) {
        return TIPS_GONE;
    }
    if (to <= end && (!from || to == from + 1)) {
        return TIPS_FOUND;
    }
    if (from && to == from + 1 && from >= end && from < end + TIPS_WINDOW) {
        return TIPS_HOLD;
    }
    return to > end + TIPS_WINDOW ? TIPS_EARLY : TIPS_NOT_FOUND;
}

err_t tips_find(hub_t *hub, slice_t token, uint64_t from, uint64_t to, tips_verdict_t *verdict,
                tips_edge_t *edge)
{
    err_t err = ERR_OK;
    *edge = (tips_edge_t){NULL, NULL};
    (void)pthread_mutex_lock(&hub->lock);
    const tips_view_t *v = find_view(hub, token);
    *verdict = v ? judge(v->feed, from, to) : TIPS_NO_VIEW;
    if (*verdict == TIPS_FOUND) {
        err = take_edge(v->feed, from, to, edge);
        hub->counters.edges++;
    }
    hub->counters.edges_gone += *verdict == TIPS_GONE;
    hub->counters.edges_early += *verdict == TIPS_EARLY;
    (void)pthread_mutex_unlock(&hub->lock);
    return err;
}
