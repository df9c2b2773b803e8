#include "http/events.h"
#include "http/internal.h"
#include "http/measure.h"
#include "http/tips.h"

#include <sys/socket.h>
#include <time.h>

/*
 * The sweep looks at all requests of the loop now and then. It ends what no timer of the library
 * and no TCP_USER_TIMEOUT ends: an HTTP/2 peer that keeps its connection alive but opens no window
 * for the answers it asked for, and one that never finishes a request body.
 *
 * During a drain it also closes what is idle. HTTP/1.1 connections would stay until their timeout
 * (the library marks only the next answer with "Connection: close"). A connection whose handshake
 * was under way begins later than the drain: it has as much time as the others, and hears of it.
 */

#define SWEEP_MIN_MS   250
#define DRAIN_NEW_MS   1000 /* for a connection that has not said what it speaks */
#define DRAIN_SHAKE_MS 3000 /* for a handshake that was begun */
#define DRAIN_HTTP2_MS 3500 /* told within a second, which stream was the last a second later */

/* SHUT_RD lets the library see the end and close in good order; SHUT_RDWR also stops writing. */
static void sweep_cut(http_conn_t *conn, int how)
{
    conn->cut = true;
    (void)shutdown(h2o_socket_get_fd(conn->sock), how);
}

static uint32_t stream_of(h2o_req_t *req)
{
    slice_t text = slice_of_iovec(req->conn->callbacks->log_.http2.stream_id(req));
    uint32_t stream = 0;
    for (size_t i = 0; i < text.len; i++) {
        stream = stream * 10 + (uint32_t)(text.ptr[i] - '0');
    }
    return stream;
}

/* Notes an answer that has not moved for send_timeout_s. */
static void note_progress(http_conn_t *conn, h2o_req_t *req)
{
    struct timeval now = *h2o_get_timestamp(&conn->loop->ctx, NULL, NULL);
    /* When it moved last, and how far it was then: the library sets this when it is at its end. */
    struct timeval *mark = &req->timestamps.response_end_at;
    if (mark->tv_sec == 0 || (uint64_t)mark->tv_usec != req->bytes_sent) {
        mark->tv_sec = now.tv_sec;
        mark->tv_usec = (suseconds_t)req->bytes_sent;
    } else if (now.tv_sec - mark->tv_sec > (time_t)conn->loop->server->options.send_timeout_s &&
               conn->stalled_count < HTTP_STALLED_MAX) {
        conn->stalled[conn->stalled_count++] = stream_of(req);
    }
}

static int count_request(h2o_req_t *req, void *arg)
{
    (void)arg;
    h2o_socket_t *sock = req->conn->callbacks->get_socket(req->conn);
    http_conn_t *conn = sock->on_close.data;
    http_loop_t *loop = conn->loop;
    if (conn->phase == CONN_HTTP1) {
        conn->active += req->version != 0 || sock->input->size != 0;
        return 0;
    }
    if (!req->input.method.base) {
        return 0; /* a stream that only has a priority */
    }
    conn->active++;
    if (!req->pathconf) { /* the body is still coming */
        struct timeval now = *h2o_get_timestamp(&loop->ctx, NULL, NULL);
        if (req->timestamps.request_begin_at.tv_sec == 0) {
            req->timestamps.request_begin_at = now; /* unused by the library here */
        } else if (now.tv_sec - req->timestamps.request_begin_at.tv_sec >
                   (time_t)loop->server->options.request_timeout_s) {
            conn->slow_body = true;
        }
    } else if (req->res.status != 0 && req->res.content_length != SIZE_MAX &&
               req->bytes_sent < req->res.content_length) {
        conn->waiting++;
        conn->sent += req->bytes_sent;
        note_progress(conn, req);
    }
    return 0;
}

static void sweep_count_requests(h2o_context_t *ctx)
{
    (void)ctx->globalconf->http1.callbacks.foreach_request(ctx, count_request, NULL);
    (void)ctx->globalconf->http2.callbacks.foreach_request(ctx, count_request, NULL);
}

static void sweep_count(http_loop_t *loop)
{
    for (h2o_linklist_t *n = loop->conns.next; n != &loop->conns; n = n->next) {
        http_conn_t *conn = H2O_STRUCT_FROM_MEMBER(http_conn_t, link, n);
        conn->active = 0;
        conn->waiting = 0;
        conn->sent = 0;
        conn->stalled_count = 0;
    }
    sweep_count_requests(&loop->ctx);
    if (loop->server->admin) {
        sweep_count_requests(&loop->admin_ctx);
    }
    if (loop->server->metrics) {
        sweep_count_requests(&loop->metrics_ctx);
    }
}

/* No byte of any answer under way since send_timeout_s. */
static bool sweep_is_stalled(http_conn_t *conn, uint64_t now)
{
    if (conn->waiting == 0) {
        conn->stalled_since = 0;
    } else if (conn->stalled_since == 0 || conn->sent != conn->last_sent) {
        conn->stalled_since = now;
        conn->last_sent = conn->sent;
    } else {
        uint64_t limit = (uint64_t)conn->loop->server->options.send_timeout_s * 1000;
        return now - conn->stalled_since > limit;
    }
    return false;
}

/* HTTP/2: a body or answers that have not moved for too long. */
static bool sweep_is_too_slow(http_conn_t *conn, uint64_t now)
{
    bool stalled = !conn->slow_body && sweep_is_stalled(conn, now);
    if ((conn->slow_body || stalled) && !conn->cut) {
        measure_hit(conn->loop, stalled ? HTTP_HIT_SEND_TIME : HTTP_HIT_REQUEST_TIME);
    }
    return conn->slow_body || stalled;
}

/* Streams and polls last longer than requests: the certificate that they began with can run out. */
static bool sweep_has_expired(const http_conn_t *conn)
{
    return conn->streams && conn->certificate_of && conn->profile != UCDN_NONE &&
           conn->certificate_end < (int64_t)time(NULL);
}

/* The connection may be gone behind this. */
static void sweep_conn(http_conn_t *conn, uint64_t now)
{
    bool http2 = conn->phase == CONN_HTTP2;
    measure_bytes(conn);
    if (sweep_has_expired(conn)) {
        conn_cut(conn);
    } else if ((http2 && sweep_is_too_slow(conn, now)) || !guard_check(&conn->guard, now)) {
        sweep_cut(conn, SHUT_RDWR);
    } else if (http2) {
        uint32_t slow[HTTP_STALLED_MAX];
        size_t count = guard_slow_bodies(&conn->guard, now, slow, HTTP_STALLED_MAX);
        if (count) {
            guard_reset_streams(&conn->guard, slow, count, GUARD_BODY_SLOW);
        } else {
            guard_reset_streams(&conn->guard, conn->stalled, conn->stalled_count, GUARD_STALLED);
        }
    }
}

static void sweep_on_timeout(h2o_timeout_entry_t *entry)
{
    http_loop_t *loop = H2O_STRUCT_FROM_MEMBER(http_loop_t, sweep, entry);
    uint64_t now = h2o_now(loop->ctx.loop);
    sweep_count(loop);
    for (h2o_linklist_t *n = loop->conns.next, *next; n != &loop->conns; n = next) {
        http_conn_t *conn = H2O_STRUCT_FROM_MEMBER(http_conn_t, link, n);
        next = n->next;
        sweep_conn(conn, now);
    }
    events_sweep(loop, now);
    tips_sweep(loop, now);
    h2o_timeout_link(loop->ctx.loop, &loop->sweep_timeout, &loop->sweep);
}

void sweep_begin(http_loop_t *loop)
{
    const http_options_t *options = &loop->server->options;
    unsigned shortest = options->send_timeout_s < options->request_timeout_s
                            ? options->send_timeout_s
                            : options->request_timeout_s;
    uint64_t head_s = options->guard.header_s;
    shortest = head_s < shortest ? (unsigned)head_s : shortest;
    shortest = options->stall_s < shortest ? options->stall_s : shortest;
    shortest = options->poll_s && options->poll_s < shortest ? options->poll_s : shortest;
    uint64_t ms = (uint64_t)shortest * 1000 / 4;
    h2o_timeout_init(loop->ctx.loop, &loop->sweep_timeout, ms < SWEEP_MIN_MS ? SWEEP_MIN_MS : ms);
    loop->sweep.cb = sweep_on_timeout;
    h2o_timeout_link(loop->ctx.loop, &loop->sweep_timeout, &loop->sweep);
}

void sweep_end(http_loop_t *loop)
{
    h2o_timeout_unlink(&loop->sweep);
    h2o_timeout_unlink(&loop->drain_tick);
    h2o_timeout_dispose(loop->ctx.loop, &loop->sweep_timeout);
}

/* Bytes that the kernel has and the library has not read: the peer has just said something. */
static bool has_unread_input(http_conn_t *conn)
{
    char byte;
    return recv(h2o_socket_get_fd(conn->sock), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* `draining`: for how long, in ms. */
static bool drain_may_close(http_conn_t *conn, uint64_t now, uint64_t draining)
{
    uint64_t begun = now - conn->begun;
    uint64_t elapsed = begun < draining ? begun : draining;
    switch (conn->phase) {
    case CONN_NEW:
        return draining >= (conn->ssl ? DRAIN_SHAKE_MS : DRAIN_NEW_MS) && !has_unread_input(conn);
    case CONN_HTTP1:
        /* Whose first request is on its way, as after a handshake, cannot know of the drain. */
        return conn->active == 0 && !has_unread_input(conn) &&
               (conn->asked || elapsed >= DRAIN_NEW_MS);
    case CONN_HTTP2:
        return conn->active == 0 && elapsed >= DRAIN_HTTP2_MS;
    }
    return false;
}

/*
 * The library sends its GOAWAYs to the connections that there are, once, and by this entry knows
 * that it has. Whoever comes later is told with the next round of them: a client that is closed
 * upon without a GOAWAY cannot know which of its requests to send again.
 */
static void drain_tell(h2o_context_t *ctx)
{
    h2o_timeout_entry_t *told = &ctx->http2._graceful_shutdown_timeout;
    if (!h2o_timeout_is_linked(told)) {
        told->cb = NULL;
        h2o_context_request_shutdown(ctx);
    }
}

static void drain_tell_all(http_loop_t *loop)
{
    drain_tell(&loop->ctx);
    if (loop->server->admin) {
        drain_tell(&loop->admin_ctx);
    }
    if (loop->server->metrics) {
        drain_tell(&loop->metrics_ctx);
    }
}

static void sweep_on_drain_tick(h2o_timeout_entry_t *entry)
{
    http_loop_t *loop = H2O_STRUCT_FROM_MEMBER(http_loop_t, drain_tick, entry);
    uint64_t now = h2o_now(loop->ctx.loop);
    drain_tell_all(loop);
    sweep_count(loop);
    for (h2o_linklist_t *n = loop->conns.next; n != &loop->conns; n = n->next) {
        http_conn_t *conn = H2O_STRUCT_FROM_MEMBER(http_conn_t, link, n);
        if (!conn->cut && drain_may_close(conn, now, now - loop->drain_began)) {
            sweep_cut(conn, SHUT_RD);
        }
    }
    h2o_timeout_link(loop->ctx.loop, &loop->ctx.hundred_ms_timeout, &loop->drain_tick);
}

void sweep_drain(http_loop_t *loop)
{
    if (loop->drain_began) {
        return;
    }
    loop->drain_began = h2o_now(loop->ctx.loop);
    guard_drain();
    conn_stop_listening(loop);
    events_drain(loop);
    tips_drain(loop);
    loop->drain_tick.cb = sweep_on_drain_tick;
    sweep_on_drain_tick(&loop->drain_tick);
}

void sweep_cut_all(http_loop_t *loop)
{
    for (h2o_linklist_t *n = loop->conns.next; n != &loop->conns; n = n->next) {
        sweep_cut(H2O_STRUCT_FROM_MEMBER(http_conn_t, link, n), SHUT_RDWR);
    }
}
