#include "stream.h"

#include <stdlib.h>

/* ---- life ---- */

stream_t *stream_ref(stream_t *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void stream_unref(stream_t *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (size_t i = 0; i < s->count; i++) {
        free(s->subs[i].id);
    }
    free(s->subs);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

err_t stream_new(hub_t *hub, stream_t **out)
{
    stream_t *s = calloc(1, sizeof *s);
    if (!s) {
        return ERR_NOMEM;
    }
    err_t err = token_make(s->token);
    err = err ? err : secret_make(s->ane_key, sizeof s->ane_key);
    if (err) {
        free(s);
        return err;
    }
    atomic_init(&s->refs, 1);
    s->hub = hub;
    pthread_mutex_init(&s->lock, NULL);
    *out = s;
    return ERR_OK;
}

void stream_end_substream(stream_t *s, substream_t *sub, const char *description)
{
    hub_feed_drop(s->hub, sub->feed);
    sub->feed = NULL;
    sub->tell_stopped = true;
    sub->tell_started = false;
    s->live--;
    (void)atomic_fetch_sub_explicit(&s->hub->substreams, 1, memory_order_relaxed);
    s->description = description ? description : s->description;
}

/* Nothing finds it any more. Under both locks. */
void stream_forget(stream_t *s)
{
    if (s->listed) {
        (void)table_remove(&s->hub->streams, slice_str(s->token));
        hub_count(s->hub, TOTAL_STREAMS, -1);
        s->hub->counters.streams_closed++;
        s->listed = false;
    }
}

void stream_close(stream_t *s)
{
    (void)pthread_mutex_lock(&s->lock);
    (void)pthread_mutex_lock(&s->hub->lock);
    for (size_t i = 0; i < s->count; i++) {
        if (s->subs[i].feed) {
            stream_end_substream(s, &s->subs[i], NULL);
        }
    }
    stream_forget(s);
    (void)pthread_mutex_unlock(&s->hub->lock);
    s->closed = true;
    hub_frame_unref(s->wanted);
    s->wanted = NULL;
    frame_unref(s->rest);
    s->rest = NULL;
    (void)pthread_mutex_unlock(&s->lock);
}

void stream_stop(stream_t *s, const char *description)
{
    (void)pthread_mutex_lock(&s->lock);
    (void)pthread_mutex_lock(&s->hub->lock);
    for (size_t i = 0; i < s->count; i++) {
        if (s->subs[i].feed) {
            stream_end_substream(s, &s->subs[i], description);
        }
    }
    stream_forget(s);
    (void)pthread_mutex_unlock(&s->hub->lock);
    (void)pthread_mutex_unlock(&s->lock);
}

/* ---- events ---- */

void stream_event_clear(stream_event_t *e)
{
    frame_unref(e->frame);
    hub_frame_unref(e->make);
    e->frame = NULL;
    e->make = NULL;
    buf_clear(&e->head);
}

void stream_event_release(stream_event_t *e)
{
    stream_event_clear(e);
    buf_release(&e->head);
}

/* "name":["id",...] of the substreams that have the flag, which is taken back. */
static bool write_told(stream_t *s, const char *name, size_t flag, bool comma, buf_t *out)
{
    size_t n = 0;
    for (size_t i = 0; i < s->count; i++) {
        bool *told = (bool *)((char *)&s->subs[i] + flag);
        if (*told && !n) {
            buf_printf(out, "%s\"%s\":[", comma ? "," : "", name);
        }
        if (*told) {
            buf_printf(out, "%s\"%s\"", n++ ? "," : "", s->subs[i].id);
            *told = false;
        }
    }
    if (n) {
        buf_append_char(out, ']');
    }
    return n > 0;
}

static bool is_told(const stream_t *s)
{
    bool told = s->greeted;
    for (size_t i = 0; i < s->count && told; i++) {
        told = !s->subs[i].tell_started && !s->subs[i].tell_stopped;
    }
    return told;
}

/* What there is to be told about the stream itself: a control event (RFC 8895 5.3). */
static bool control_event(stream_t *s, buf_t *out)
{
    if (is_told(s)) {
        return false;
    }
    buf_append_str(out, "event: " ALTO_MEDIA_STREAM_CONTROL "\ndata: {");
    if (!s->greeted) {
        s->greeted = true;
        buf_printf(out, "\"control-uri\":\"%.*s" STREAM_PATH "%s\"}\n\n",
                   SLICE_ARG(s->hub->options.base_uri), s->token);
        return true;
    }
    bool started = write_told(s, "started", offsetof(substream_t, tell_started), false, out);
    if (write_told(s, "stopped", offsetof(substream_t, tell_stopped), started, out) &&
        s->description) {
        buf_append_str(out, ",\"description\":");
        json_write_string(out, slice_str(s->description));
        s->description = NULL;
    }
    buf_append_str(out, "}\n\n");
    return true;
}

static void data_event(stream_t *s, const substream_t *sub, frame_t *frame, stream_event_t *event)
{
    buf_append_str(&event->head, "event: ");
    buf_append_str(&event->head, frame->media_type);
    buf_append_char(&event->head, ',');
    buf_append_str(&event->head, sub->id);
    if (frame->part) {
        buf_append_char(&event->head, '.');
        buf_append_str(&event->head, frame->part);
    }
    buf_append_str(&event->head, "\ndata: ");
    event->frame = frame_ref(frame);
    s->rest = frame->next ? frame_ref(frame->next) : NULL;
    s->rest_by = (size_t)(sub - s->subs);
    s->bytes += event->head.len + frame->size + frame->line_count * 7;
    *(frame->kind == FRAME_FULL ? &s->full : &s->patches) += 1;
}

/* ---- the way from version to version ---- */

/* Ends what has no resource any more. Under both locks. */
static bool end_gone(stream_t *s)
{
    bool some = false;
    for (size_t i = 0; i < s->count; i++) {
        if (s->subs[i].feed && s->subs[i].feed->gone) {
            stream_end_substream(s, &s->subs[i], "the resource is not offered any more");
            some = true;
        }
    }
    if (!s->live) {
        stream_forget(s);
    }
    return some;
}

typedef struct move {
    substream_t *sub; /* NULL: nobody has to move */
    uint64_t to;
    bool pending;     /* somebody's version is not there yet */
    bool lost;        /* somebody's version never will be: another target is needed */
    uint64_t reached; /* the generation that all have come to */
} move_t;

/*
 * The substream that is to move next on the way to the target: one that is behind, before those
 * that use its resource; none of these while a version that they may need is not there yet.
 */
static move_t next_move(stream_t *s)
{
    move_t move = {NULL, 0, false, false, UINT64_MAX};
    unsigned pending_rank = UINT32_MAX;
    for (size_t i = 0; i < s->count; i++) {
        substream_t *sub = &s->subs[i];
        const feed_t *f = sub->feed;
        if (!f) {
            continue;
        }
        move.reached = f->generation < move.reached ? f->generation : move.reached;
        if (f->generation < s->target) {
            move.pending = true;
            pending_rank = f->rank < pending_rank ? f->rank : pending_rank;
            continue;
        }
        const feed_version_t *v = feed_of_generation(f, s->target);
        move.lost |= !v;
        if (v && sub->cursor < v->seq && (!move.sub || f->rank < move.sub->feed->rank)) {
            move.sub = sub;
            move.to = v->seq;
        }
    }
    if (move.sub && move.sub->feed->rank > pending_rank) {
        move.sub = NULL;
    }
    return move;
}

static void arrive(stream_t *s, substream_t *sub, uint64_t to)
{
    if (sub->cursor && to > sub->cursor + 1) {
        s->coalesced += to - sub->cursor - 1;
    }
    sub->cursor = to;
}

/* The frame that was asked for, when it is there. */
static err_t take_wanted(stream_t *s, stream_state_t *state, stream_event_t *event)
{
    bool failed;
    frame_t *frame = hub_frame_get(s->wanted, &failed);
    substream_t *sub = &s->subs[s->wanted_by];
    if (frame && sub->feed) {
        data_event(s, sub, frame, event);
        arrive(s, sub, s->wanted->to);
        *state = STREAM_EVENT;
    } else if (!frame && !failed && sub->feed) {
        *state = STREAM_IDLE;
        if (hub_frame_claim(s->wanted)) {
            *state = STREAM_MAKE;
            event->make = hub_frame_ref(s->wanted);
            return ERR_OK;
        }
        hub_frame_await(s->wanted);
        return hub_frame_get(s->wanted, &failed) || failed ? take_wanted(s, state, event) : ERR_OK;
    }
    hub_frame_unref(s->wanted);
    s->wanted = NULL;
    return failed ? ERR_NOMEM : buf_failed(&event->head) ? ERR_NOMEM : ERR_OK;
}

/* Asks for the next frame; false: there is nothing to ask for. Under both locks. */
static err_t want_next(stream_t *s, bool *wanted)
{
    hub_t *hub = s->hub;
    *wanted = false;
    for (;;) {
        move_t move = next_move(s);
        uint64_t newest = atomic_load_explicit(&hub->generation, memory_order_relaxed);
        if (move.lost && s->target < newest) {
            /* All begin anew, so that nobody gets ahead of what he uses. */
            s->target = move.reached > s->target && move.reached < newest ? move.reached : newest;
            continue;
        }
        if (!move.sub && !move.pending && s->target < newest) {
            s->target = newest;
            continue;
        }
        if (!move.sub) {
            return ERR_OK;
        }
        substream_t *sub = move.sub;
        s->wanted_by = (size_t)(sub - s->subs);
        *wanted = true;
        return feed_frame(sub->feed, sub->incremental ? sub->cursor : 0, move.to, &s->wanted);
    }
}

/* Documents up to this size are made where they are wanted. */
#define SMALL ((size_t)64 << 10)

static bool is_small(const hub_frame_t *f)
{
    return f->root->size <= SMALL && (!f->from_root || f->from_root->size <= SMALL);
}

/* The next of several frames, before anything else moves; false: there is none. */
static bool take_rest(stream_t *s, stream_event_t *event)
{
    frame_t *frame = s->rest;
    const substream_t *sub = &s->subs[s->rest_by];
    bool taken = frame && sub->feed;
    s->rest = NULL;
    if (taken) {
        data_event(s, sub, frame, event);
    }
    frame_unref(frame);
    return taken;
}

static err_t next_data(stream_t *s, stream_state_t *state, stream_event_t *event)
{
    err_t err = ERR_OK;
    *state = s->rest && take_rest(s, event) ? STREAM_EVENT : STREAM_IDLE;
    while (!err && *state == STREAM_IDLE) {
        bool wanted = s->wanted != NULL;
        if (!wanted) {
            (void)pthread_mutex_lock(&s->hub->lock);
            if (end_gone(s)) {
                (void)pthread_mutex_unlock(&s->hub->lock);
                *state = control_event(s, &event->head) ? STREAM_EVENT : STREAM_IDLE;
                return ERR_OK;
            }
            err = want_next(s, &wanted);
            (void)pthread_mutex_unlock(&s->hub->lock);
        }
        if (err || !wanted) {
            break;
        }
        err = take_wanted(s, state, event);
        if (!err && *state == STREAM_IDLE && s->wanted) {
            break; /* somebody else makes it */
        }
    }
    return err;
}

err_t stream_next(stream_t *s, stream_state_t *state, stream_event_t *event)
{
    err_t err = ERR_OK;
    stream_event_clear(event);
    (void)pthread_mutex_lock(&s->lock);
    if (!s->closed && control_event(s, &event->head)) {
        *state = STREAM_EVENT;
        s->control++;
        s->bytes += event->head.len;
    } else if (s->closed || !s->live) {
        *state = STREAM_END;
    } else {
        err = next_data(s, state, event);
    }
    (void)pthread_mutex_unlock(&s->lock);
    if (!err && *state == STREAM_MAKE && is_small(event->make)) {
        hub_frame_make(s->hub, event->make);
        return stream_next(s, state, event);
    }
    return err ? err : buf_failed(&event->head) ? ERR_NOMEM : ERR_OK;
}

/* ---- what is seen from outside ---- */

void stream_describe(stream_t *s, stream_info_t *out)
{
    (void)pthread_mutex_lock(&s->lock);
    (void)pthread_mutex_lock(&s->hub->lock);
    *out = (stream_info_t){.id = s->number,
                           .substreams = s->live,
                           .generation = s->target,
                           .full = s->full,
                           .patches = s->patches,
                           .control = s->control,
                           .coalesced = s->coalesced,
                           .bytes = s->bytes};
    for (size_t i = 0; i < s->count; i++) {
        const feed_t *f = s->subs[i].feed;
        if (f && !f->gone) {
            out->lag_versions += feed_newest(f)->seq - s->subs[i].cursor;
            out->behind |= f->generation < atomic_load(&s->hub->generation);
        }
    }
    out->behind |= out->lag_versions > 0;
    (void)pthread_mutex_unlock(&s->hub->lock);
    (void)pthread_mutex_unlock(&s->lock);
}
