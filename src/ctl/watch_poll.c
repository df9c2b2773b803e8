/*
 * Polling: GET with If-None-Match, or POST with the input, again and again.
 */
#include "watch.h"

#include <stdlib.h>

typedef struct poll {
    watch_channel_t base;
    watch_follow_t *follow;
    buf_t etag;
    bool again; /* somebody wants it before its time */
} poll_t;

static void plan(poll_t *p)
{
    int64_t interval = p->base.watch->options.interval_ms;
    /* Up to a tenth earlier, so that clients that began together do not stay together. */
    int64_t early = (int64_t)((uint64_t)(interval / 10) * watch_random() >> 32);
    p->base.due_ms = watch_clock() + (p->again ? 0 : interval - early);
    p->again = false;
}

static void take(poll_t *p, const watch_answer_t *answer)
{
    watch_channel_t *c = &p->base;
    buf_t why = BUF_INIT;
    const watch_update_t update = {
        .kind = WATCH_FULL, .media_type = answer->whole_type, .bytes = answer->body};
    if (!watch_media_same(buf_slice(&p->follow->media_type), answer->whole_type)) {
        buf_printf(&why, "the answer is %.*s, and not %.*s", SLICE_ARG(answer->media_type),
                   SLICE_ARG(buf_slice(&p->follow->media_type)));
        watch_channel_fail(c, buf_slice(&why));
    } else if (watch_feed_take(p->follow, &update, &why)) {
        buf_clear(&p->etag);
        buf_append_slice(&p->etag, answer->etag);
        c->worked = true;
        c->lost = 0;
        watch_backoff_reset(&c->backoff);
        plan(p);
    } else {
        watch_channel_retry(c, 0, buf_slice(&why));
    }
    buf_release(&why);
}

static void on_done(void *arg, const watch_answer_t *answer)
{
    poll_t *p = arg;
    p->base.request = NULL;
    if (answer->status == 200) {
        watch_channel_alive(&p->base);
        take(p, answer);
    } else if (answer->status == 304 && watch_doc_held(&p->follow->doc)) {
        watch_channel_alive(&p->base);
        watch_backoff_reset(&p->base.backoff);
        plan(p);
    } else {
        watch_channel_problem(&p->base, answer);
    }
}

static void tick(watch_channel_t *c)
{
    poll_t *p = (poll_t *)c;
    watch_follow_t *f = p->follow;
    buf_t accept = BUF_INIT;
    buf_printf(&accept, "%.*s,application/alto-error+json", SLICE_ARG(buf_slice(&f->media_type)));
    buf_append_char(&accept, '\0');
    watch_call_t call = {.url = f->uri,
                         .accept = accept.ptr,
                         .content_type = f->accepts,
                         .body = buf_slice(&f->input),
                         .quiet_ms = c->watch->options.idle_ms,
                         .on_done = on_done,
                         .arg = p};
    if (!f->accepts && watch_doc_held(&f->doc)) {
        call.if_none_match = buf_slice(&p->etag);
    }
    c->due_ms = WATCH_NEVER;
    c->request = buf_failed(&accept) ? NULL : watch_http_start(c->watch->http, &call);
    if (!c->request) {
        watch_channel_retry(c, 0, slice_str(err_text(ERR_NOMEM)));
    }
    buf_release(&accept);
}

static void close_poll(watch_channel_t *c)
{
    watch_http_cancel(c->watch->http, c->request);
    c->request = NULL;
    c->open = false;
}

static void free_poll(watch_channel_t *c)
{
    buf_release(&((poll_t *)c)->etag);
}

const watch_way_t watch_way_poll = {WATCH_POLL, "poll", tick, close_poll, free_poll};

watch_channel_t *watch_poll_new(watch_follow_t *f)
{
    poll_t *p = calloc(1, sizeof *p);
    if (!p) {
        return NULL;
    }
    p->follow = f;
    watch_channel_add(f->watch, &p->base, &watch_way_poll, f->id);
    return &p->base;
}

void watch_poll_now(watch_channel_t *c)
{
    if (c->way != &watch_way_poll) {
        return;
    }
    if (c->request) {
        ((poll_t *)c)->again = true;
    } else if (c->backoff.failures == 0) { /* not while it is being spared */
        c->due_ms = watch_clock();
    }
}
