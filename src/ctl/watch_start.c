/*
 * The directory, and the choice of a way for each resource; and what all channels have in common.
 */
#include "watch.h"

#include "watch_problem.h"

#include <stdlib.h>

#define IRD_TYPES "application/alto-directory+json,application/alto-error+json"

/* ---- channels ---- */

void watch_channel_add(watch_t *w, watch_channel_t *c, const watch_way_t *way, const char *name)
{
    c->way = way;
    c->watch = w;
    c->name = name;
    c->due_ms = c->life_ms = watch_clock();
    c->backoff = (watch_backoff_t){w->options.retry_min_ms, w->options.retry_max_ms, 0};
    c->open = true;
    c->next = w->channels;
    w->channels = c;
}

void watch_channel_alive(watch_channel_t *c)
{
    c->life_ms = watch_clock();
    if (c->troubled) {
        c->troubled = false;
        watch_say(c->name, "the server answers again");
    }
}

void watch_channel_retry(watch_channel_t *c, int64_t retry_after_s, slice_t reason)
{
    int64_t wait = watch_backoff_next(&c->backoff, retry_after_s, watch_random());
    c->due_ms = watch_clock() + wait;
    c->troubled = true;
    watch_say(c->name, "%.*s; next try in %.1f s%s", SLICE_ARG(reason), (double)wait / 1000,
              retry_after_s > 0 ? " (Retry-After)" : "");
}

void watch_channel_fail(watch_channel_t *c, slice_t reason)
{
    watch_say(c->name, "%.*s", SLICE_ARG(reason));
    c->dead = true;
    c->due_ms = WATCH_NEVER;
}

void watch_channel_problem(watch_channel_t *c, const watch_answer_t *answer)
{
    buf_t text = BUF_INIT;
    watch_problem_text(answer, &text);
    watch_verdict_t verdict = watch_problem_verdict(answer);
    if (verdict == WATCH_OTHER_WAY && c->worked && ++c->lost < WATCH_LOST_SERVICE_MAX) {
        verdict = WATCH_AGAIN; /* a server that is being replaced looks like this */
    }
    if (verdict == WATCH_AGAIN) {
        watch_channel_retry(c, answer->retry_after_s, buf_slice(&text));
    } else if (verdict == WATCH_OTHER_WAY) {
        watch_channel_fail(c, buf_slice(&text));
    } else {
        watch_say(c->name, "refused: %.*s", SLICE_ARG(buf_slice(&text)));
        watch_end(c->watch, 1);
    }
    buf_release(&text);
}

void watch_channel_free(watch_channel_t *c)
{
    watch_t *w = c->watch;
    watch_http_cancel(w->http, c->request);
    for (watch_channel_t **at = &w->channels; *at; at = &(*at)->next) {
        if (*at == c) {
            *at = c->next;
            break;
        }
    }
    if (c->way) {
        c->way->free(c);
    }
    free(c);
}

/* ---- ways ---- */

static const watch_way_t *const ways[WATCH_WAY_COUNT] = {&watch_way_sse, &watch_way_tips,
                                                         &watch_way_poll};

/* Copies of what is needed of a resource's entry. False: an end was made. */
static bool read_resource(watch_t *w, watch_follow_t *f)
{
    watch_ird_entry_t entry, service;
    slice_t id = slice_str(f->id);
    if (!watch_ird_find(&w->ird, id, &entry)) {
        slice_t near = watch_ird_suggest(&w->ird, id);
        buf_t hint = BUF_INIT;
        if (near.ptr && !slice_eq(near, id)) {
            buf_append_str(&hint, " (did you mean '");
            watch_problem_quote(near, &hint);
            buf_append_str(&hint, "'?)");
        }
        watch_say(NULL, "%s has no resource '%s'%.*s", w->ird_url, f->id,
                  SLICE_ARG(buf_slice(&hint)));
        buf_release(&hint);
        watch_end(w, 1);
        return false;
    }
    if ((entry.accepts.ptr != NULL) != (f->input.len > 0)) {
        watch_say(NULL,
                  f->input.len ? "resource '%s' takes no --input" : "resource '%s' wants --input",
                  f->id);
        watch_end(w, 2);
        return false;
    }
    f->uri = watch_url_resolve(w->ird_url, entry.uri);
    f->accepts = entry.accepts.ptr ? strndup(entry.accepts.ptr, entry.accepts.len) : NULL;
    buf_append_slice(&f->media_type, entry.media_type);
    if (!f->uri || buf_failed(&f->media_type)) {
        watch_say(NULL, "the URI of resource '%s' in the directory is none", f->id);
        watch_end(w, 1);
        return false;
    }
    f->ways = w->options.ways;
    if (!watch_ird_service(&w->ird, WATCH_TYPE_SSE, id, &id, 1, &service)) {
        f->ways &= ~(1u << WATCH_SSE);
    }
    if (!watch_ird_service(&w->ird, WATCH_TYPE_TIPS, id, &id, 1, &service)) {
        f->ways &= ~(1u << WATCH_TIPS);
    }
    return true;
}

/* An update stream for all resources without a channel that it has and that may use it. */
static bool start_stream(watch_t *w, watch_follow_t *first)
{
    slice_t *ids = calloc(w->count, sizeof *ids);
    watch_ird_entry_t service;
    size_t count = 0;
    for (size_t i = 0; ids && i < w->count; i++) {
        const watch_follow_t *f = &w->follows[i];
        if (!f->channel && f->ways & 1u << WATCH_SSE) {
            ids[count++] = slice_str(f->id);
        }
    }
    bool found = ids && watch_ird_service(&w->ird, WATCH_TYPE_SSE, slice_str(first->id), ids, count,
                                          &service);
    watch_channel_t *c = found ? watch_sse_new(w, &service) : NULL;
    for (size_t i = 0; c && i < count; i++) {
        watch_ird_entry_t same;
        watch_follow_t *f = NULL;
        for (size_t j = 0; j < w->count; j++) {
            f = slice_is(ids[i], w->follows[j].id) ? &w->follows[j] : f;
        }
        if (f && watch_ird_service(&w->ird, WATCH_TYPE_SSE, ids[i], ids, count, &same) &&
            slice_eq(same.id, service.id)) {
            f->channel = c;
        }
    }
    free(ids);
    return c != NULL;
}

static bool start_way(watch_t *w, watch_follow_t *f, watch_way_id_t way)
{
    watch_ird_entry_t service;
    slice_t id = slice_str(f->id);
    switch (way) {
    case WATCH_SSE:
        return start_stream(w, f);
    case WATCH_TIPS:
        f->channel = watch_ird_service(&w->ird, WATCH_TYPE_TIPS, id, &id, 1, &service)
                         ? watch_tips_new(f, &service)
                         : NULL;
        return f->channel != NULL;
    default:
        f->channel = watch_poll_new(f);
        return f->channel != NULL;
    }
}

void watch_assign(watch_t *w)
{
    for (size_t i = 0; i < w->count && !w->ending; i++) {
        watch_follow_t *f = &w->follows[i];
        watch_way_id_t way = WATCH_SSE;
        while (way < WATCH_WAY_COUNT && !(f->ways & 1u << way)) {
            way++;
        }
        if (f->channel) {
            continue;
        }
        if (way == WATCH_WAY_COUNT) {
            watch_say(f->id, "there is no way left to follow it");
            watch_end(w, 1);
        } else if (!start_way(w, f, way)) {
            watch_say(f->id, "%s", err_text(ERR_NOMEM));
            watch_end(w, 1);
        } else {
            watch_say(f->id, "followed by %s", ways[way]->name);
            if (f->life_ms < f->channel->life_ms) {
                f->channel->life_ms = f->life_ms;
            }
        }
    }
}

/* ---- the directory ---- */

static void on_directory(void *arg, const watch_answer_t *answer)
{
    watch_channel_t *c = arg;
    watch_t *w = c->watch;
    buf_t why = BUF_INIT;
    c->request = NULL;
    if (answer->status != 200) {
        watch_channel_problem(c, answer);
        if (c->dead) {
            watch_end(w, 1);
        }
        return;
    }
    watch_channel_alive(c);
    c->dead = true;
    w->ird_url = strdup(answer->url);
    if (!w->ird_url || watch_ird_read(answer->body, &w->ird, &why)) {
        watch_say(NULL, "%s: %.*s", w->options.url, SLICE_ARG(buf_slice(&why)));
        watch_end(w, 1);
    }
    buf_release(&why);
    for (size_t i = 0; i < w->count && !w->ending; i++) {
        (void)read_resource(w, &w->follows[i]);
    }
}

static void tick(watch_channel_t *c)
{
    watch_t *w = c->watch;
    watch_call_t call = {.url = w->options.url,
                         .accept = IRD_TYPES,
                         .quiet_ms = w->options.idle_ms,
                         .on_done = on_directory,
                         .arg = c};
    c->due_ms = WATCH_NEVER;
    c->request = watch_http_start(w->http, &call);
    if (!c->request) {
        watch_channel_retry(c, 0, slice_str(err_text(ERR_NOMEM)));
    }
}

static void close_directory(watch_channel_t *c)
{
    watch_http_cancel(c->watch->http, c->request);
    c->request = NULL;
    c->open = false;
}

static void free_directory(watch_channel_t *c)
{
    (void)c;
}

static const watch_way_t way_directory = {WATCH_WAY_COUNT, "directory", tick, close_directory,
                                          free_directory};

bool watch_start(watch_t *w)
{
    watch_channel_t *c = calloc(1, sizeof *c);
    if (c) {
        watch_channel_add(w, c, &way_directory, w->options.url);
    }
    return c != NULL;
}
