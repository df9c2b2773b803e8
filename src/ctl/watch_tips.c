/*
 * TIPS (RFC 9569): a view for one resource. Open it, get the edge that it recommends, then one edge
 * after the other; the one behind the newest is held by the server until it exists.
 *
 * A held request says nothing for as long as nothing changes. So that a feed that is dead is seen,
 * the view is asked for its next edge from time to time beside it: the answer is a sign of life,
 * and tells when the held request was lost.
 */
#include "watch.h"

#include "watch_problem.h"
#include "watch_view.h"

#include <stdlib.h>

#define TYPE_PARAMS "application/alto-tipsparams+json"
#define TYPE_ERROR  "application/alto-error+json"
#define TYPE_MERGE  "application/merge-patch+json"
/* Between signs of life, at most. */
#define PROBE_MS 300000

typedef enum phase {
    OPEN, /* POST to the service */
    EDGE, /* GET from/to */
    ASK,  /* POST for the next edge, to a view that is there */
} phase_t;

typedef struct tips {
    watch_channel_t base;
    watch_follow_t *follow;
    char *url;
    char *view_url;
    watch_view_t view;
    phase_t phase;
    uint64_t version; /* of the document; 0: none */
    uint64_t from, to;
    bool tagged; /* the last request named the document's tag */
    buf_t patch_types;
    bool any_type; /* the server was not content with those */
    watch_request_t *probe;
    int64_t start_ms; /* of the next request; WATCH_NEVER: it runs */
    int64_t probe_ms;
} tips_t;

static int64_t probe_interval(const tips_t *t)
{
    int64_t third = t->base.watch->options.max_age_ms / 3;
    return third && third < PROBE_MS ? third : PROBE_MS;
}

static void plan(tips_t *t)
{
    bool held = t->base.request && t->phase == EDGE && !t->probe;
    int64_t probe = held ? t->probe_ms : WATCH_NEVER;
    t->base.due_ms = t->start_ms < probe ? t->start_ms : probe;
}

static void go(tips_t *t, phase_t phase)
{
    t->phase = phase;
    t->start_ms = watch_clock();
}

static void go_later(tips_t *t, phase_t phase, int64_t retry_after_s, slice_t reason)
{
    watch_channel_retry(&t->base, retry_after_s, reason);
    t->phase = phase;
    t->start_ms = t->base.due_ms;
}

static void heard(tips_t *t)
{
    watch_channel_alive(&t->base);
    t->base.worked = true;
    t->base.lost = 0;
    t->probe_ms = watch_clock() + probe_interval(t);
}

/* The answer is no success, and the phase has no rule of its own for it. */
static void problem(tips_t *t, const watch_answer_t *answer)
{
    watch_channel_problem(&t->base, answer);
    t->start_ms = t->base.due_ms;
}

/* ---- the view ---- */

/* Goes on along the edge that the view recommends. */
static void follow_view(tips_t *t)
{
    if (t->view.from && !(t->tagged && watch_doc_held(&t->follow->doc))) {
        go_later(t, OPEN, 0, SLICE_LIT("the view recommends a patch to a client without document"));
        return;
    }
    t->version = t->view.from; /* of this view: our tag is that of its version */
    t->from = t->view.from;
    t->to = t->view.to;
    go(t, EDGE);
}

static void on_open(void *arg, const watch_answer_t *answer)
{
    tips_t *t = arg;
    buf_t why = BUF_INIT;
    t->base.request = NULL;
    if (answer->status != 200) {
        problem(t, answer);
    } else if (!slice_eq_nocase(answer->media_type, SLICE_LIT(WATCH_TYPE_TIPS))) {
        watch_channel_fail(&t->base, SLICE_LIT("the answer is no TIPS view"));
    } else if (watch_view_read(&t->view, answer->body, &why)) {
        go_later(t, OPEN, 0, buf_slice(&why));
    } else {
        heard(t);
        free(t->view_url);
        t->view_url = watch_url_resolve(answer->url, slice_str(t->view.uri.ptr));
        if (t->view_url) {
            follow_view(t);
        } else {
            watch_channel_fail(&t->base, SLICE_LIT("the view's URI is none"));
        }
    }
    buf_release(&why);
    plan(t);
}

static void on_next(void *arg, const watch_answer_t *answer)
{
    tips_t *t = arg;
    buf_t why = BUF_INIT;
    t->base.request = NULL;
    if (answer->status == 404 || answer->status == 410) {
        go_later(t, OPEN, 0, SLICE_LIT("the view is gone"));
    } else if (answer->status != 200) {
        problem(t, answer);
    } else if (watch_view_update(&t->view, answer->body, &why)) {
        go_later(t, OPEN, 0, buf_slice(&why));
    } else {
        heard(t);
        follow_view(t);
    }
    buf_release(&why);
    plan(t);
}

/* ---- edges ---- */

static void take_edge(tips_t *t, const watch_answer_t *answer)
{
    watch_follow_t *f = t->follow;
    watch_kind_t kind = watch_kind_of(answer->media_type);
    const watch_update_t update = {
        .kind = kind, .media_type = answer->whole_type, .bytes = answer->body};
    buf_t why = BUF_INIT;
    heard(t);
    bool typed = t->from ? kind != WATCH_FULL
                         : watch_media_same(buf_slice(&f->media_type), answer->whole_type);
    if (!typed) {
        buf_printf(&why, "edge %llu/%llu has the media type '", (unsigned long long)t->from,
                   (unsigned long long)t->to);
        watch_problem_quote(answer->media_type, &why);
        buf_append_char(&why, '\'');
        watch_channel_fail(&t->base, buf_slice(&why));
    } else if (watch_feed_take(f, &update, &why)) {
        if (!f->bad_patches) { /* else the full copies between bad patches would be in a hurry */
            watch_backoff_reset(&t->base.backoff);
        }
        t->version = t->to;
        t->from = t->to;
        t->to++;
        go(t, EDGE);
    } else if (watch_feed_hopeless(f)) {
        watch_channel_fail(&t->base, SLICE_LIT("patches in a row failed: it leaves TIPS"));
        f->bad_patches = 0;
    } else {
        buf_t reason = BUF_INIT;
        buf_printf(&reason, "edge %llu/%llu was refused, a full copy is wanted: ",
                   (unsigned long long)t->from, (unsigned long long)t->to);
        buf_append_slice(&reason, buf_slice(&why));
        t->version = 0;
        go_later(t, ASK, 0, buf_slice(&reason));
        buf_release(&reason);
    }
    buf_release(&why);
}

static void on_edge(void *arg, const watch_answer_t *answer)
{
    tips_t *t = arg;
    t->base.request = NULL;
    watch_http_cancel(t->base.watch->http, t->probe);
    t->probe = NULL;
    switch (answer->status) {
    case 200:
        take_edge(t, answer);
        break;
    case 404:
        go_later(t, ASK, 0, SLICE_LIT("the edge or its view is gone"));
        break;
    case 410:
        go_later(t, ASK, 0, SLICE_LIT("the edge is older than what the view still has"));
        break;
    case 415:
        if (t->any_type) {
            watch_channel_fail(&t->base,
                               SLICE_LIT("the server has no type that this client takes"));
        } else {
            t->any_type = true;
            go(t, EDGE);
        }
        break;
    case 425:
        go_later(t, ASK, 0, SLICE_LIT("the edge is too far ahead"));
        break;
    default:
        problem(t, answer);
    }
    plan(t);
}

/* ---- signs of life ---- */

static void on_probe(void *arg, const watch_answer_t *answer)
{
    tips_t *t = arg;
    buf_t why = BUF_INIT;
    t->probe = NULL;
    t->probe_ms = watch_clock() + probe_interval(t);
    if (answer->status == 200 && watch_view_update(&t->view, answer->body, &why) == ERR_OK) {
        heard(t);
        if (t->view.end >= t->to) { /* it exists: the held request does not know */
            watch_http_cancel(t->base.watch->http, t->base.request);
            t->base.request = NULL;
            go(t, EDGE);
        }
    } else if (answer->status == 404) {
        watch_http_cancel(t->base.watch->http, t->base.request);
        t->base.request = NULL;
        go_later(t, OPEN, 0, SLICE_LIT("the view is gone"));
    }
    buf_release(&why);
    plan(t);
}

/* ---- requests ---- */

/* TIPSReq; only what opens a view has input. */
static void write_request(tips_t *t, bool opens, buf_t *out)
{
    const watch_follow_t *f = t->follow;
    t->tagged = watch_doc_held(&f->doc) && f->doc.vtag.tag.ptr;
    buf_append_str(out, "{\"resource-id\":");
    json_write_string(out, slice_str(f->id));
    if (t->tagged) {
        buf_append_str(out, ",\"tag\":");
        json_write_string(out, f->doc.vtag.tag);
    }
    if (opens && f->input.len) {
        buf_append_str(out, ",\"input\":");
        buf_append_slice(out, buf_slice(&f->input));
    }
    buf_append_char(out, '}');
}

static watch_request_t *post(tips_t *t, phase_t phase,
                             void (*on_done)(void *arg, const watch_answer_t *answer))
{
    watch_t *w = t->base.watch;
    buf_t body = BUF_INIT, url = BUF_INIT;
    write_request(t, phase == OPEN, &body);
    buf_printf(&url, phase == OPEN ? "%s" : "%s/ug", phase == OPEN ? t->url : t->view_url);
    buf_append_char(&url, '\0');
    watch_call_t call = {.url = url.ptr,
                         .accept = phase == OPEN ? WATCH_TYPE_TIPS "," TYPE_ERROR
                                                 : TYPE_MERGE "," TYPE_ERROR,
                         .content_type = TYPE_PARAMS,
                         .body = buf_slice(&body),
                         .quiet_ms = w->options.idle_ms,
                         .on_done = on_done,
                         .arg = t};
    bool ready = !buf_failed(&body) && !buf_failed(&url);
    watch_request_t *request = ready ? watch_http_start(w->http, &call) : NULL;
    buf_release(&body);
    buf_release(&url);
    return request;
}

static watch_request_t *get_edge(tips_t *t)
{
    watch_t *w = t->base.watch;
    buf_t url = BUF_INIT, accept = BUF_INIT;
    buf_printf(&url, "%s/ug/%llu/%llu", t->view_url, (unsigned long long)t->from,
               (unsigned long long)t->to);
    buf_append_char(&url, '\0');
    buf_printf(&accept, "%.*s,%.*s," TYPE_ERROR "%s", SLICE_ARG(buf_slice(&t->patch_types)),
               SLICE_ARG(buf_slice(&t->follow->media_type)), t->any_type ? ",*/*" : "");
    buf_append_char(&accept, '\0');
    watch_call_t call = {.url = url.ptr,
                         .accept = accept.ptr,
                         /* What exists comes; what does not is held for as long as it takes. */
                         .quiet_ms = t->to <= t->view.end ? w->options.idle_ms : 0,
                         .on_done = on_edge,
                         .arg = t};
    bool ready = !buf_failed(&url) && !buf_failed(&accept);
    watch_request_t *request = ready ? watch_http_start(w->http, &call) : NULL;
    buf_release(&url);
    buf_release(&accept);
    t->probe_ms = watch_clock() + probe_interval(t);
    return request;
}

static void tick(watch_channel_t *c)
{
    tips_t *t = (tips_t *)c;
    int64_t now = watch_clock();
    if (!c->request && t->start_ms <= now) {
        t->start_ms = WATCH_NEVER;
        c->request = t->phase == EDGE   ? get_edge(t)
                     : t->phase == OPEN ? post(t, OPEN, on_open)
                                        : post(t, ASK, on_next);
        if (!c->request) {
            go_later(t, t->phase, 0, slice_str(err_text(ERR_NOMEM)));
        }
    } else if (c->request && t->phase == EDGE && !t->probe && t->probe_ms <= now) {
        t->probe = post(t, ASK, on_probe);
        t->probe_ms = now + probe_interval(t);
    }
    plan(t);
}

/* Nobody has to be told (RFC 9569 has no request for it). */
static void close_tips(watch_channel_t *c)
{
    tips_t *t = (tips_t *)c;
    watch_http_cancel(c->watch->http, c->request);
    watch_http_cancel(c->watch->http, t->probe);
    c->request = t->probe = NULL;
    c->open = false;
}

static void free_tips(watch_channel_t *c)
{
    tips_t *t = (tips_t *)c;
    watch_http_cancel(c->watch->http, t->probe);
    watch_view_release(&t->view);
    buf_release(&t->patch_types);
    free(t->view_url);
    free(t->url);
}

const watch_way_t watch_way_tips = {WATCH_TIPS, "tips", tick, close_tips, free_tips};

watch_channel_t *watch_tips_new(watch_follow_t *f, const watch_ird_entry_t *service)
{
    watch_t *w = f->watch;
    tips_t *t = calloc(1, sizeof *t);
    if (!t) {
        return NULL;
    }
    t->follow = f;
    t->url = watch_url_resolve(w->ird_url, service->uri);
    buf_append_slice(&t->patch_types,
                     watch_ird_patch_types(&w->ird, service->id, slice_str(f->id)));
    if (!t->url || buf_failed(&t->patch_types)) {
        buf_release(&t->patch_types);
        free(t->url);
        free(t);
        return NULL;
    }
    t->start_ms = watch_clock();
    watch_channel_add(w, &t->base, &watch_way_tips, f->id);
    return &t->base;
}
