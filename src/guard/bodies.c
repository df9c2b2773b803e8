#include "guard/internal.h"

#include <stdlib.h>

/*
 * Request bodies that are not complete. The library keeps them in memory until they are, a hundred
 * on each HTTP/2 connection.
 */

/* What the library may have open at a time, with some that have been answered already. */
#define BODIES_MAX 256
/*
 * Bytes of refused bodies that are let drop before the connection is. The library does not count
 * them for its window, which must not run dry over it: it is opened anew at 8 MiB.
 */
#define DROPPED_MAX ((size_t)4 << 20)

#define FLAG_END_STREAM 0x1

/* Connections of this thread that hold bytes. */
static _Thread_local guard_conn_t *holders;

static void hold(guard_conn_t *conn, size_t bytes)
{
    if (bytes && !conn->held) {
        conn->holder_next = holders;
        conn->holder_previous = NULL;
        if (holders) {
            holders->holder_previous = conn;
        }
        holders = conn;
    }
    conn->held += bytes;
    (void)atomic_fetch_add_explicit(&conn->guard->held[conn->operators], bytes,
                                    memory_order_relaxed);
}

static void let_go(guard_conn_t *conn, size_t bytes)
{
    conn->held -= bytes;
    (void)atomic_fetch_sub_explicit(&conn->guard->held[conn->operators], bytes,
                                    memory_order_relaxed);
    if (bytes && !conn->held) {
        if (conn->holder_previous) {
            conn->holder_previous->holder_next = conn->holder_next;
        } else {
            holders = conn->holder_next;
        }
        if (conn->holder_next) {
            conn->holder_next->holder_previous = conn->holder_previous;
        }
    }
}

/* So many of the greatest bodies may operators send at a time, whatever the total. */
#define OPERATORS 4

/* Whoever holds most has to go: a client that sends ordinary requests holds little. */
static int check_total(guard_conn_t *conn)
{
    uint64_t limit = conn->guard->options.total_body_bytes;
    if (conn->operators && limit < OPERATORS * (uint64_t)conn->body_limit) {
        limit = OPERATORS * (uint64_t)conn->body_limit;
    }
    if (atomic_load_explicit(&conn->guard->held[conn->operators], memory_order_relaxed) <= limit) {
        return 0;
    }
    guard_conn_t *most = conn;
    for (guard_conn_t *c = holders; c; c = c->holder_next) {
        if (c->guard == conn->guard && c->operators == conn->operators && c->held > most->held) {
            most = c;
        }
    }
    guard_report(conn->guard, most, GUARD_BODY_TOTAL);
    if (most == conn) {
        return H2O_HTTP2_ERROR_ENHANCE_YOUR_CALM;
    }
    most->spent = true;
    guard_cut(most);
    return 0;
}

int guard_head(guard_conn_t *conn, size_t bytes)
{
    if (bytes <= conn->head) {
        let_go(conn, conn->head - bytes);
        conn->head = bytes;
        return 0;
    }
    hold(conn, bytes - conn->head);
    conn->head = bytes;
    return check_total(conn);
}

/* The average of a body is looked at from here on. */
static uint64_t slow_after_ms(const guard_conn_t *conn)
{
    return conn->guard->options.header_s * 2000;
}

/* ---- HTTP/2 ---- */

guard_body_t *guard_body_find(guard_conn_t *conn, uint32_t stream)
{
    for (unsigned i = 0; i < conn->body_count; i++) {
        if (conn->bodies[i].stream == stream) {
            return &conn->bodies[i];
        }
    }
    return NULL;
}

static void forget(guard_conn_t *conn, guard_body_t *body)
{
    let_go(conn, body->bytes);
    *body = conn->bodies[--conn->body_count];
}

int guard_body_open(guard_conn_t *conn, uint32_t stream)
{
    if (conn->body_count == BODIES_MAX) {
        guard_report(conn->guard, conn, GUARD_BODY_CONN);
        return H2O_HTTP2_ERROR_ENHANCE_YOUR_CALM;
    }
    if (conn->body_count == conn->body_capacity) {
        unsigned capacity = conn->body_capacity ? conn->body_capacity * 2 : 4;
        guard_body_t *bodies = realloc(conn->bodies, capacity * sizeof *bodies);
        if (!bodies) {
            return H2O_HTTP2_ERROR_INTERNAL;
        }
        conn->bodies = bodies;
        conn->body_capacity = capacity;
    }
    conn->bodies[conn->body_count++] = (guard_body_t){.stream = stream, .since = guard_now(conn)};
    return 0;
}

int guard_body_end(guard_conn_t *conn, guard_body_t *body)
{
    bool wrong = body->too_long && body->bytes <= conn->body_limit && !body->refused;
    forget(conn, body);
    return wrong ? H2O_HTTP2_ERROR_PROTOCOL : 0;
}

/* The request is answered, or its stream reset, and what still comes of it is dropped. */
static void refuse(guard_conn_t *conn, guard_body_t *body)
{
    let_go(conn, body->bytes);
    body->bytes = 0;
    body->refused = true;
    body->since = guard_now(conn);
}

void guard_body_refuse(guard_conn_t *conn, uint32_t stream)
{
    guard_body_t *body = guard_body_find(conn, stream);
    if (body) {
        refuse(conn, body);
    }
}

/* The rest of a body that has been refused: the library must not see it, or it would reset. */
static int drop(guard_conn_t *conn, guard_body_t *body, h2o_http2_frame_t *frame)
{
    conn->dropped += frame->length;
    bool too_late = guard_now(conn) - body->since > slow_after_ms(conn);
    if (frame->flags & FLAG_END_STREAM) {
        forget(conn, body);
    }
    guard_frame_ignore(frame);
    return too_late || conn->dropped > DROPPED_MAX ? H2O_HTTP2_ERROR_ENHANCE_YOUR_CALM : 0;
}

int guard_body_data(guard_conn_t *conn, h2o_http2_frame_t *frame)
{
    guard_body_t *body = guard_body_find(conn, frame->stream_id);
    if (!body) {
        return 0;
    }
    if (body->refused) {
        return drop(conn, body, frame);
    }
    body->bytes += frame->length;
    hold(conn, frame->length);
    if (frame->flags & FLAG_END_STREAM) {
        return guard_body_end(conn, body);
    }
    if (body->bytes > conn->body_limit) {
        /* Made the end of it: the handler sees a body above the limit, and answers 413. */
        guard_report(conn->guard, conn, GUARD_BODY_LARGE);
        frame->flags |= FLAG_END_STREAM;
        refuse(conn, body);
        return 0;
    }
    uint64_t most = conn->guard->options.conn_body_bytes;
    if (conn->held > (most > conn->body_limit ? most : conn->body_limit)) {
        guard_report(conn->guard, conn, GUARD_BODY_CONN);
        return H2O_HTTP2_ERROR_ENHANCE_YOUR_CALM;
    }
    return check_total(conn);
}

void guard_body_abandon(guard_conn_t *conn, uint32_t stream)
{
    guard_body_t *body = guard_body_find(conn, stream);
    if (body) {
        forget(conn, body);
    }
}

void guard_body_stream_gone(guard_conn_t *conn, uint32_t stream)
{
    guard_body_t *body = guard_body_find(conn, stream);
    if (body && !body->refused) {
        forget(conn, body);
    }
}

size_t guard_slow_bodies(guard_conn_t *conn, uint64_t now, uint32_t *streams, size_t max)
{
    uint64_t rate = conn->guard->options.body_bytes_per_s;
    uint64_t patience = slow_after_ms(conn);
    size_t count = 0;
    for (unsigned i = 0; i < conn->body_count && count < max; i++) {
        const guard_body_t *body = &conn->bodies[i];
        uint64_t ms = now - body->since;
        uint64_t bytes = body->bytes +
                         (conn->partial_stream == body->stream ? conn->partial_bytes : 0);
        if (!body->refused && ms > patience && bytes * 1000 < ms * rate) {
            streams[count++] = body->stream;
        }
    }
    return count;
}

/* ---- HTTP/1.1: one at a time, in the input of its socket ---- */

void guard_body_http1_begin(guard_conn_t *conn, uint64_t now)
{
    conn->http1_body = true;
    conn->http1_since = now;
    guard_body_http1_read(conn);
}

void guard_body_http1_read(guard_conn_t *conn)
{
    size_t size = conn->sock->input->size; /* the head was complete, and is not counted any more */
    if (size > conn->held) {
        hold(conn, size - conn->held);
        if (check_total(conn)) {
            guard_cut(conn);
        }
    } else {
        let_go(conn, conn->held - size);
    }
}

bool guard_body_http1_slow(const guard_conn_t *conn, uint64_t now)
{
    uint64_t ms = now - conn->http1_since;
    return conn->http1_body && ms > slow_after_ms(conn) &&
           (uint64_t)conn->held * 1000 < ms * conn->guard->options.body_bytes_per_s;
}

void guard_request(guard_conn_t *conn, struct st_h2o_req_t *req)
{
    if (req->version < 0x200 && conn->http1_body) {
        conn->http1_body = false;
        let_go(conn, conn->held);
    }
}

void guard_body_release_all(guard_conn_t *conn)
{
    let_go(conn, conn->held);
    free(conn->bodies);
    conn->bodies = NULL;
    conn->body_count = 0;
}
