#include "guard/internal.h"

/*
 * HTTP/2 frames: budgets of control frames and resets, limits of header blocks.
 *
 * Everything that makes the library work and is no request costs points; a connection gets so many
 * a second, and more by what it was sent, so that who reads a lot may also say so in many small
 * WINDOW_UPDATEs, of the stream and of the connection.
 */

enum {
    FRAME_DATA = 0,
    FRAME_HEADERS = 1,
    FRAME_RST_STREAM = 3,
    FRAME_SETTINGS = 4,
    FRAME_PING = 6,
    FRAME_GOAWAY = 7,
    FRAME_WINDOW_UPDATE = 8,
    FRAME_CONTINUATION = 9,
};
#define FLAG_END_STREAM  0x1
#define FLAG_ACK         0x1
#define FLAG_END_HEADERS 0x4

#define COST_PING         2
#define COST_CONTINUATION 4
#define COST_SETTINGS     10
#define COST_TLS          10 /* new keys are made */
/* So many bytes that it is sent give a connection a point. */
#define EARNING_BYTES 512
/* Frames and pieces of frames below this are not worth their handling. */
#define SMALL_DATA  256
#define SMALL_PIECE 128

static void refill(guard_conn_t *conn)
{
    const guard_options_t *options = &conn->guard->options;
    uint64_t now = guard_now(conn);
    if (now != conn->refilled) {
        int64_t ms = now > conn->refilled && now - conn->refilled < 1000
                         ? (int64_t)(now - conn->refilled)
                         : 1000;
        conn->control += ms * (int64_t)options->control_per_s;
        conn->resets += ms * (int64_t)options->resets_per_s;
        conn->refilled = now;
    }
    size_t sent = conn->sock->bytes_written - conn->written;
    conn->control += (int64_t)(sent / EARNING_BYTES) * 1000;
    conn->written += sent / EARNING_BYTES * EARNING_BYTES;
    int64_t most = (int64_t)options->control_per_s * 1000;
    conn->control = conn->control < most ? conn->control : most;
    most = (int64_t)options->resets_per_s * 1000;
    conn->resets = conn->resets < most ? conn->resets : most;
}

static int spend(guard_conn_t *conn, unsigned points)
{
    conn->control -= (int64_t)points * 1000;
    if (conn->control < 0) {
        refill(conn);
        if (conn->control < 0) {
            guard_report(conn->guard, conn, GUARD_CONTROL);
            return H2O_HTTP2_ERROR_ENHANCE_YOUR_CALM;
        }
    }
    return 0;
}

static int spend_reset(guard_conn_t *conn)
{
    conn->resets -= 1000;
    if (conn->resets < 0) {
        refill(conn);
        if (conn->resets < 0) {
            guard_report(conn->guard, conn, GUARD_RESETS);
            return H2O_HTTP2_ERROR_ENHANCE_YOUR_CALM;
        }
    }
    return 0;
}

bool guard_tls_message(guard_conn_t *conn)
{
    return spend(conn, COST_TLS) == 0;
}

void guard_frame_ignore(h2o_http2_frame_t *frame)
{
    static const uint8_t nothing[8];
    frame->type = FRAME_PING;
    frame->flags = FLAG_ACK;
    frame->stream_id = 0;
    frame->length = sizeof nothing;
    frame->payload = nothing;
}

static int add_to_block(guard_conn_t *conn, const h2o_http2_frame_t *frame)
{
    const guard_options_t *options = &conn->guard->options;
    conn->block_bytes += frame->length;
    if (conn->block_bytes > options->header_bytes) {
        guard_report(conn->guard, conn, GUARD_HEADER_BYTES);
        return H2O_HTTP2_ERROR_ENHANCE_YOUR_CALM;
    }
    if (frame->flags & FLAG_END_HEADERS) {
        conn->block_stream = 0;
    }
    return 0;
}

static int on_headers(guard_conn_t *conn, const h2o_http2_frame_t *frame)
{
    conn->head_stream = frame->stream_id;
    conn->head_ends = (frame->flags & FLAG_END_STREAM) != 0;
    conn->block_stream = frame->stream_id;
    conn->block_bytes = 0;
    conn->block_since = guard_now(conn);
    int err = add_to_block(conn, frame);
    guard_body_t *body = guard_body_find(conn, frame->stream_id);
    if (!err && body && conn->head_ends) {
        err = guard_body_end(conn, body); /* trailers */
    } else if (!err && !body && !conn->head_ends) {
        err = guard_body_open(conn, frame->stream_id);
    }
    return err;
}

static int on_continuation(guard_conn_t *conn, const h2o_http2_frame_t *frame)
{
    if (!conn->block_stream) {
        return 0; /* the library's to refuse */
    }
    if (guard_draining) {
        /* Half closed, the library would look at this frame again and again for ever. */
        guard_report(conn->guard, conn, GUARD_DRAIN);
        return H2O_HTTP2_ERROR_ENHANCE_YOUR_CALM;
    }
    if (guard_now(conn) - conn->block_since > conn->guard->options.header_s * 1000) {
        guard_report(conn->guard, conn, GUARD_HEADER_TIME);
        return H2O_HTTP2_ERROR_ENHANCE_YOUR_CALM;
    }
    int err = spend(conn, COST_CONTINUATION);
    return err ? err : add_to_block(conn, frame);
}

static int on_data(guard_conn_t *conn, h2o_http2_frame_t *frame)
{
    int err = frame->length < SMALL_DATA ? spend(conn, 1) : 0;
    return err ? err : guard_body_data(conn, frame);
}

static int on_frame(guard_conn_t *conn, h2o_http2_frame_t *frame)
{
    bool ack = (frame->flags & FLAG_ACK) != 0;
    int err;
    switch (frame->type) {
    case FRAME_DATA:
        return on_data(conn, frame);
    case FRAME_HEADERS:
        return on_headers(conn, frame);
    case FRAME_CONTINUATION:
        return on_continuation(conn, frame);
    case FRAME_RST_STREAM:
        guard_body_abandon(conn, frame->stream_id);
        err = spend(conn, 1);
        return err ? err : spend_reset(conn);
    case FRAME_PING:
        return spend(conn, ack ? 1 : COST_PING);
    case FRAME_SETTINGS:
    case FRAME_GOAWAY:
        return spend(conn, ack ? 1 : COST_SETTINGS);
    default:
        err = spend(conn, 1);
        if (frame->type > FRAME_CONTINUATION) {
            /* The library would write a line on standard error for each (RFC 9113 4.1). */
            guard_frame_ignore(frame);
        }
        return err;
    }
}

/* Of a header block that goes on. */
static size_t open_block_bytes(const guard_conn_t *conn)
{
    return conn->block_stream ? conn->block_bytes : 0;
}

/* The piece of a frame that has come. */
static int on_piece(guard_conn_t *conn, const uint8_t *src, size_t len)
{
    if (!conn->partial_since) {
        conn->partial_since = guard_now(conn);
        conn->partial_stream = 0;
    }
    if (len >= HTTP2_FRAME_HEADER_SIZE && src[3] == FRAME_DATA) {
        conn->partial_stream = ((uint32_t)src[5] << 24 | (uint32_t)src[6] << 16 |
                                (uint32_t)src[7] << 8 | src[8]) &
                               0x7fffffff;
        conn->partial_bytes = len - HTTP2_FRAME_HEADER_SIZE;
        const guard_body_t *body = guard_body_find(conn, conn->partial_stream);
        if (!body || body->refused) {
            conn->partial_stream = 0; /* it has the time that any frame has */
        }
    }
    int err = conn->sock->bytes_read < SMALL_PIECE ? spend(conn, 1) : 0;
    return err ? err : guard_head(conn, open_block_bytes(conn) + conn->sock->input->capacity);
}

ssize_t h2o_http2_decode_frame(h2o_http2_frame_t *frame, const uint8_t *src, size_t len,
                               const h2o_http2_settings_t *host_settings, const char **err_desc)
{
    ssize_t (*real)(h2o_http2_frame_t *, const uint8_t *, size_t, const h2o_http2_settings_t *,
                    const char **) = guard_real(HOOK_FRAME);
    guard_hook_called(HOOK_FRAME);
    guard_conn_t *conn = guard_current;
    if (!conn) {
        return H2O_HTTP2_ERROR_INTERNAL; /* no connection may be without the guard */
    }
    if (conn->spent) {
        return H2O_HTTP2_ERROR_ENHANCE_YOUR_CALM;
    }
    ssize_t size = real(frame, src, len, host_settings, err_desc);
    if (size == H2O_HTTP2_ERROR_INCOMPLETE) {
        int err = on_piece(conn, src, len);
        return err ? err : size;
    }
    conn->partial_since = 0;
    conn->partial_stream = 0;
    if (size < 0) {
        return size;
    }
    if (!conn->greeted && (frame->type != FRAME_SETTINGS || (frame->flags & FLAG_ACK))) {
        return H2O_HTTP2_ERROR_PROTOCOL; /* RFC 9113 3.4 */
    }
    conn->greeted = true;
    if (conn->injected) {
        conn->injected--;
        conn->reset_code = HTTP2_CODE_CANCEL;
        return size;
    }
    int err = on_frame(conn, frame);
    if (!err && (conn->head || conn->block_stream)) {
        err = guard_head(conn, open_block_bytes(conn));
    }
    return err ? err : size;
}

void h2o_http2__encode_rst_stream_frame(h2o_buffer_t **buf, uint32_t stream_id, int errnum)
{
    void (*real)(h2o_buffer_t **, uint32_t, int) = guard_real(HOOK_RESET);
    guard_hook_called(HOOK_RESET);
    guard_conn_t *conn = guard_current;
    if (conn && conn->reset_code) {
        /* Ours; it need not be the client's fault. */
        errnum = conn->reset_code;
        conn->reset_code = 0;
    } else if (conn && spend_reset(conn)) {
        conn->spent = true;
    }
    real(buf, stream_id, errnum);
}

/* ---- streams ---- */

static guard_conn_t *of_http2(h2o_http2_conn_t *http2)
{
    h2o_conn_t *conn = (h2o_conn_t *)(void *)http2;
    h2o_socket_t *sock = conn->callbacks->get_socket(conn);
    return sock ? guard_of_socket(sock) : NULL;
}

void h2o_http2_conn_register_stream(h2o_http2_conn_t *http2, h2o_http2_stream_t *stream)
{
    void (*real)(h2o_http2_conn_t *, h2o_http2_stream_t *) = guard_real(HOOK_REGISTER);
    guard_hook_called(HOOK_REGISTER);
    guard_conn_t *conn = of_http2(http2);
    if (conn) {
        conn->streams++;
        guard_peer_add_streams(conn, 1);
    }
    real(http2, stream);
}

void h2o_http2_conn_unregister_stream(h2o_http2_conn_t *http2, h2o_http2_stream_t *stream)
{
    void (*real)(h2o_http2_conn_t *, h2o_http2_stream_t *) = guard_real(HOOK_UNREGISTER);
    guard_hook_called(HOOK_UNREGISTER);
    guard_conn_t *conn = of_http2(http2);
    if (conn) {
        conn->streams--;
        guard_peer_add_streams(conn, -1);
        guard_body_stream_gone(conn, *(const uint32_t *)(const void *)stream);
    }
    real(http2, stream);
}
