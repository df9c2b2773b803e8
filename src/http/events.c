#include "http/events.h"

#include "footprintd/alto/services.h"
#include "footprintd/log/log.h"
#include "http/measure.h"
#include "http/principal.h"
#include "http/tips.h"

#include <netdb.h>
#include <stdlib.h>

/* A step of a long event: one system call, or one run through the TLS cipher. */
#define STEP_BYTES    (256u << 10)
#define STEP_SEGMENTS 64
/* Streams that are served in one turn of the loop: others want to be served too. */
#define NEWS_PER_TURN 512

#define LINE_BREAK SLICE_LIT("\ndata: ")
#define EVENT_END  SLICE_LIT("\n\n")
#define HEARTBEAT  SLICE_LIT(":\n\n")

/* One event stream; lies in the memory of its request. */
typedef struct sse {
    h2o_generator_t super;
    h2o_req_t *req;   /* NULL once the request is gone, or its response is over */
    h2o_conn_t *conn; /* lives longer than this */
    http_loop_t *loop;
    stream_t *stream;
    h2o_linklist_t link; /* http_loop_t.streams */
    h2o_timeout_entry_t beat;
    stream_event_t event; /* that is being sent */
    size_t piece;         /* of its frame, that is sent next: 0 is the head, then 1 + piece */
    size_t offset;        /* into that piece */
    bool sending;         /* the library has some of it */
    bool awaiting;        /* counted in http_loop_t.awaiting */
    uint64_t news;        /* that it has seen */
    uint64_t began;       /* ms; of the send under way */
    uint64_t opened;      /* ms */
} sse_t;

static uint64_t now_of(const sse_t *s)
{
    return h2o_now(s->loop->ctx.loop);
}

/* ---- a frame of work for a worker ---- */

typedef struct make_job {
    worker_job_t super;
    hub_t *hub;
    hub_frame_t *frame;
} make_job_t;

static void run_make(worker_job_t *super, bool cancelled)
{
    make_job_t *job = H2O_STRUCT_FROM_MEMBER(make_job_t, super, super);
    if (!cancelled) {
        hub_frame_make(job->hub, job->frame);
    }
    hub_frame_unref(job->frame);
    free(job);
}

void events_make(http_loop_t *loop, hub_t *hub, hub_frame_t *frame)
{
    make_job_t *job = h2o_mem_alloc(sizeof *job);
    *job = (make_job_t){.super = {.run = run_make}, .hub = hub, .frame = hub_frame_ref(frame)};
    hub_frame_await(frame);
    worker_pool_submit_always(loop->server->workers, &job->super);
}

/* ---- sending ---- */

/* All streams have been told the news, and those that they meant something to were sent it. */
static void look_at_end(http_loop_t *loop)
{
    if (loop->awaiting || loop->telling || !loop->told) {
        return;
    }
    uint64_t took = h2o_now(loop->ctx.loop) - loop->news_began;
    http_fan_out_t *f = &loop->server->fan_out;
    loop->told = false;
    measure_fan_out(loop, took);
    (void)pthread_mutex_lock(&loop->server->lock);
    f->count++;
    f->last_ms = took;
    f->total_ms += took;
    f->greatest_ms = took > f->greatest_ms ? took : f->greatest_ms;
    (void)pthread_mutex_unlock(&loop->server->lock);
}

static void set_awaiting(sse_t *s, bool awaiting)
{
    http_loop_t *loop = s->loop;
    if (s->awaiting == awaiting) {
        return;
    }
    s->awaiting = awaiting;
    if (awaiting) {
        loop->awaiting++;
        loop->told = true;
    } else {
        loop->awaiting--;
        look_at_end(loop);
    }
}

/* Nothing of it is to be touched by this code any more, except when the request is disposed. */
static void detach(sse_t *s)
{
    s->req = NULL;
    set_awaiting(s, false);
    h2o_timeout_unlink(&s->beat);
    if (h2o_linklist_is_linked(&s->link)) {
        h2o_linklist_unlink(&s->link);
    }
}

static void send_some(sse_t *s, h2o_iovec_t *segments, size_t count, h2o_send_state_t state)
{
    h2o_req_t *req = s->req;
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size += segments[i].len;
    }
    principal_pay(req, RATE_BYTES, size);
    s->sending = true;
    s->began = now_of(s);
    h2o_timeout_unlink(&s->beat);
    if (state == H2O_SEND_STATE_FINAL) {
        detach(s);
    }
    /* It may dispose of the request, and with it of s. */
    h2o_send(req, segments, count, state);
}

/* The next segments of the event: the head, the frame's pieces, breaks between lines, the end. */
static size_t next_segments(sse_t *s, h2o_iovec_t *out)
{
    const frame_t *frame = s->event.frame;
    size_t count = 0, room = STEP_BYTES;
    if (s->piece == 0) {
        out[count++] = iovec_of(buf_slice(&s->event.head));
        s->piece = 1;
    }
    while (frame && s->piece <= frame->count && count + 2 < STEP_SEGMENTS && room) {
        const frame_piece_t *p = &frame->pieces[s->piece - 1];
        size_t rest = p->len - s->offset, take = rest < room ? rest : room;
        if (take) {
            out[count++] = h2o_iovec_init(p->ptr + s->offset, take);
        }
        room -= take;
        s->offset += take;
        if (take < rest) {
            break;
        }
        s->offset = 0;
        if (s->piece == frame->count) {
            out[count++] = iovec_of(EVENT_END);
        } else if (p->ends_line) {
            out[count++] = iovec_of(LINE_BREAK);
        }
        s->piece++;
    }
    return count;
}

static bool is_whole(const sse_t *s)
{
    return s->piece > (s->event.frame ? s->event.frame->count : 0);
}

static void send_step(sse_t *s)
{
    h2o_iovec_t segments[STEP_SEGMENTS];
    size_t count = next_segments(s, segments);
    send_some(s, segments, count, H2O_SEND_STATE_IN_PROGRESS);
}

static void end(sse_t *s)
{
    send_some(s, NULL, 0, H2O_SEND_STATE_FINAL);
}

static void link_beat(sse_t *s)
{
    if (!h2o_timeout_is_linked(&s->beat)) {
        http_loop_t *loop = s->loop;
        h2o_timeout_link(loop->ctx.loop, &loop->beats[((uintptr_t)s >> 6) % HTTP_BEATS], &s->beat);
    }
}

/* Sends what there is to be sent, unless something is being sent. */
static void push(sse_t *s)
{
    if (s->sending || !s->req) {
        return;
    }
    stream_state_t state = STREAM_IDLE;
    if (stream_next(s->stream, &state, &s->event)) {
        state = STREAM_IDLE; /* without memory: the heartbeat tries again */
    }
    switch (state) {
    case STREAM_EVENT:
        s->piece = 0;
        s->offset = 0;
        measure_message(s->loop, false, s->event.frame,
                        s->event.head.len + (s->event.frame ? s->event.frame->size : 0));
        set_awaiting(s, s->awaiting || s->loop->telling);
        send_step(s);
        return;
    case STREAM_MAKE:
        set_awaiting(s, s->awaiting || s->loop->telling);
        events_make(s->loop, stream_hub(s->stream), s->event.make);
        stream_event_clear(&s->event);
        break;
    case STREAM_END:
        end(s);
        return;
    case STREAM_IDLE:
        stream_event_clear(&s->event);
        set_awaiting(s, false);
        break;
    }
    link_beat(s);
}

static void on_proceed(h2o_generator_t *generator, h2o_req_t *req)
{
    sse_t *s = H2O_STRUCT_FROM_MEMBER(sse_t, super, generator);
    (void)req;
    s->sending = false;
    if (s->event.head.len && !is_whole(s)) {
        send_step(s);
    } else {
        push(s);
    }
}

static void on_stop(h2o_generator_t *generator, h2o_req_t *req)
{
    (void)req;
    detach(H2O_STRUCT_FROM_MEMBER(sse_t, super, generator));
}

static void on_beat(h2o_timeout_entry_t *entry)
{
    sse_t *s = H2O_STRUCT_FROM_MEMBER(sse_t, beat, entry);
    h2o_iovec_t beat = iovec_of(HEARTBEAT);
    push(s);
    if (s->req && !s->sending) {
        h2o_timeout_unlink(&s->beat);
        send_some(s, &beat, 1, H2O_SEND_STATE_IN_PROGRESS);
    }
}

static void log_end(const sse_t *s)
{
    if (!log_enabled(LOG_LEVEL_DEBUG, "updates")) {
        return;
    }
    char text[NI_MAXHOST];
    slice_t peer = conn_peer(s->conn, text);
    stream_info_t i;
    stream_describe(s->stream, &i);
    log_line(LOG_LEVEL_DEBUG, "updates",
             "stream %llu of %.*s is over after %llu ms: %llu whole documents, %llu patches, %llu "
             "versions passed over, %llu bytes",
             (unsigned long long)i.id, SLICE_ARG(peer), (unsigned long long)(now_of(s) - s->opened),
             (unsigned long long)i.full, (unsigned long long)i.patches,
             (unsigned long long)i.coalesced, (unsigned long long)i.bytes);
}

static void on_dispose(void *chunk)
{
    sse_t *s = chunk;
    detach(s);
    log_end(s);
    stream_close(s->stream);
    stream_unref(s->stream);
    stream_event_release(&s->event);
}

/* ---- beginning ---- */

typedef struct admission {
    http_conn_t *conn;
} admission_t;

static void admission_on_dispose(void *chunk)
{
    ((admission_t *)chunk)->conn->streams--;
}

bool events_admit(h2o_req_t *req)
{
    http_conn_t *conn = conn_of_request(req);
    if (conn->streams >= conn->loop->server->options.streams_per_connection) {
        return false;
    }
    admission_t *a = h2o_mem_alloc_shared(&req->pool, sizeof *a, admission_on_dispose);
    a->conn = conn;
    conn->streams++;
    return true;
}

static void add_header(h2o_req_t *req, const char *name, size_t name_len, slice_t value)
{
    h2o_add_header_by_str(&req->pool, &req->res.headers, name, name_len, 1, NULL, value.ptr,
                          value.len);
}

void events_begin(h2o_req_t *req, stream_t *stream)
{
    http_loop_t *loop = loop_of_request(req);
    sse_t *s = h2o_mem_alloc_shared(&req->pool, sizeof *s, on_dispose);
    *s = (sse_t){.super = {on_proceed, on_stop},
                 .req = req,
                 .conn = req->conn,
                 .loop = loop,
                 .stream = stream,
                 .beat = {.cb = on_beat},
                 .event = STREAM_EVENT_INIT,
                 .news = loop->news,
                 .opened = h2o_now(loop->ctx.loop)};
    h2o_linklist_insert(&loop->streams, &s->link);
    req->res.status = 200;
    req->res.reason = "OK";
    req->res.content_length = SIZE_MAX;
    add_header(req, H2O_STRLIT("content-type"), SLICE_LIT(ALTO_MEDIA_EVENT_STREAM));
    add_header(req, H2O_STRLIT("cache-control"), SLICE_LIT("no-store"));
    /* Reverse proxies would hold events back. */
    add_header(req, H2O_STRLIT("x-accel-buffering"), SLICE_LIT("no"));
    h2o_start_response(req, &s->super);
    push(s);
}

/* ---- news ---- */

static sse_t *first_stream(http_loop_t *loop)
{
    return h2o_linklist_is_empty(&loop->streams)
               ? NULL
               : H2O_STRUCT_FROM_MEMBER(sse_t, link, loop->streams.next);
}

/* The list goes around: who was served stands at its end. */
static void serve_news(http_loop_t *loop)
{
    sse_t *s;
    for (int n = 0; n < NEWS_PER_TURN; n++) {
        s = first_stream(loop);
        if (!s || s->news == loop->news) {
            loop->telling = false;
            look_at_end(loop);
            return;
        }
        s->news = loop->news;
        h2o_linklist_unlink(&s->link);
        h2o_linklist_insert(&loop->streams, &s->link);
        push(s);
    }
    if (!h2o_timeout_is_linked(&loop->more_news)) {
        h2o_timeout_link(loop->ctx.loop, &loop->ctx.zero_timeout, &loop->more_news);
    }
}

/*
 * What a timer does at once the library runs in the same turn, with all that this links again. So
 * it only keeps the poll from waiting, and the rest is done behind the turn.
 */
static void on_more_news(h2o_timeout_entry_t *entry)
{
    http_loop_t *loop = H2O_STRUCT_FROM_MEMBER(http_loop_t, more_news, entry);
    loop->rest_of_news = true;
    atomic_store_explicit(&loop->mail, true, memory_order_release);
}

void events_on_rest_of_news(http_loop_t *loop)
{
    if (loop->rest_of_news) {
        loop->rest_of_news = false;
        serve_news(loop);
        tips_on_news(loop);
    }
}

void events_on_news(http_loop_t *loop)
{
    loop->news++;
    if (!loop->told) {
        uint64_t now = h2o_now(loop->ctx.loop);
        uint64_t told = atomic_load_explicit(&loop->server->news_ms, memory_order_relaxed);
        loop->news_began = told && told < now ? told : now;
    }
    loop->telling = true;
    serve_news(loop);
}

void events_drain(http_loop_t *loop)
{
    for (h2o_linklist_t *n = loop->streams.next; n != &loop->streams; n = n->next) {
        stream_stop(H2O_STRUCT_FROM_MEMBER(sse_t, link, n)->stream, "the server is going down");
    }
    events_on_news(loop);
}

void events_sweep(http_loop_t *loop, uint64_t now_ms)
{
    uint64_t limit = (uint64_t)loop->server->options.stall_s * 1000, worst = 0;
    const sse_t *slowest = NULL;
    for (h2o_linklist_t *n = loop->streams.next; n != &loop->streams; n = n->next) {
        sse_t *s = H2O_STRUCT_FROM_MEMBER(sse_t, link, n);
        http_conn_t *conn = s->req ? conn_of_request(s->req) : NULL;
        if (s->sending && now_ms > s->began + worst) {
            worst = now_ms - s->began;
            slowest = s;
        }
        if (conn && s->sending && !conn->cut && now_ms - s->began > limit) {
            char text[NI_MAXHOST];
            slice_t peer = conn_peer(s->conn, text);
            log_line(LOG_LEVEL_INFO, "updates",
                     "a stream of %.*s took nothing for %u seconds: its connection is cut off",
                     SLICE_ARG(peer), loop->server->options.stall_s);
            measure_hit(loop, HTTP_HIT_SEND_TIME);
            conn_cut(conn);
        }
    }
    stream_info_t info = {0};
    if (slowest) {
        stream_describe(slowest->stream, &info);
    }
    measure_lag(loop, worst, info.lag_versions);
}

void events_log(http_loop_t *loop)
{
    uint64_t now = h2o_now(loop->ctx.loop);
    for (h2o_linklist_t *n = loop->streams.next; n != &loop->streams; n = n->next) {
        sse_t *s = H2O_STRUCT_FROM_MEMBER(sse_t, link, n);
        char text[NI_MAXHOST];
        slice_t peer = conn_peer(s->conn, text);
        stream_info_t i;
        stream_describe(s->stream, &i);
        log_listed(
            LOG_LEVEL_INFO, "updates",
            "stream %llu: peer=%.*s age-s=%llu substreams=%zu generation=%llu lag-versions=%llu "
            "lag-ms=%llu full=%llu patches=%llu coalesced=%llu bytes=%llu",
            (unsigned long long)i.id, SLICE_ARG(peer), (unsigned long long)(now - s->opened) / 1000,
            i.substreams, (unsigned long long)i.generation, (unsigned long long)i.lag_versions,
            (unsigned long long)(s->sending ? now - s->began : 0), (unsigned long long)i.full,
            (unsigned long long)i.patches, (unsigned long long)i.coalesced,
            (unsigned long long)i.bytes);
    }
}

void events_init(http_loop_t *loop)
{
    uint64_t ms = (uint64_t)loop->server->options.heartbeat_s * 1000;
    h2o_linklist_init_anchor(&loop->streams);
    loop->more_news.cb = on_more_news;
    for (unsigned i = 0; i < HTTP_BEATS; i++) {
        /* From three quarters of the interval to all of it, less a moment for the timer. */
        h2o_timeout_init(loop->ctx.loop, &loop->beats[i], ms * (24 + i) / 32);
    }
}

void events_release(http_loop_t *loop)
{
    h2o_timeout_unlink(&loop->more_news);
    for (unsigned i = 0; i < HTTP_BEATS; i++) {
        h2o_timeout_dispose(loop->ctx.loop, &loop->beats[i]);
    }
}
