#include "guard/internal.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <sys/socket.h>

/*
 * Records of connections. One is found through its socket: on_close of a guarded socket is ours,
 * and stays while the socket goes from handshake to HTTP.
 */

_Thread_local guard_conn_t *guard_current;
_Thread_local bool guard_draining;
_Thread_local unsigned guard_called;

/* A peer has so long for one TLS record (at most 16 KiB). */
#define TLS_RECORD_MS 30000

/*
 * HTTP/1.1 parses a request that was sent along with the one before from a write callback, right
 * after it has begun to read again.
 */
static _Thread_local guard_conn_t *last_started;

#define HOOK_NAME(id, function) #function,
static const char *const names[] = {GUARD_HOOKS(HOOK_NAME)};
#undef HOOK_NAME

static void *reals[HOOK_COUNT];

static void find_reals(void)
{
    for (unsigned i = 0; i < HOOK_COUNT; i++) {
        reals[i] = dlsym(RTLD_NEXT, names[i]);
    }
}

void *guard_real(guard_hook_t hook)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, find_reals);
    return reals[hook];
}

static void on_close(void *data)
{
    guard_conn_t *conn = data;
    if (guard_current == conn) {
        guard_current = NULL;
    }
    if (last_started == conn) {
        last_started = NULL;
    }
    guard_body_release_all(conn);
    guard_handshake_end(conn);
    guard_peers_leave(conn);
    conn->on_close(conn);
}

guard_conn_t *guard_of_socket(const h2o_socket_t *sock)
{
    return sock->on_close.cb == on_close ? sock->on_close.data : NULL;
}

bool guard_open(guard_t *guard, guard_conn_t *conn, h2o_socket_t *sock, bool counted,
                size_t body_limit, void (*closed)(guard_conn_t *conn))
{
    *conn = (guard_conn_t){.guard = guard,
                           .sock = sock,
                           .on_close = closed,
                           .body_limit = body_limit,
                           .control = (int64_t)guard->options.control_per_s * 1000,
                           .resets = (int64_t)guard->options.resets_per_s * 1000,
                           .refilled = h2o_now(h2o_socket_get_loop(sock))};
    if (counted && !guard_peers_admit(guard, conn)) {
        return false;
    }
    sock->on_close.cb = on_close;
    sock->on_close.data = conn;
    return true;
}

bool guard_admit(guard_conn_t *conn)
{
    return conn->address || guard_peers_admit(conn->guard, conn);
}

guard_conn_t *guard_enter(guard_conn_t *conn)
{
    guard_conn_t *before = guard_current;
    guard_current = conn;
    return before;
}

void guard_leave(guard_conn_t *before)
{
    guard_current = before;
}

static bool lies_in_input(const guard_conn_t *conn, const char *at)
{
    const h2o_buffer_t *input = conn->sock->input;
    return at >= input->bytes && at <= input->bytes + input->size;
}

guard_conn_t *guard_of_input(const char *at)
{
    if (guard_current && lies_in_input(guard_current, at)) {
        return guard_current;
    }
    return last_started && lies_in_input(last_started, at) ? last_started : NULL;
}

void guard_cut(guard_conn_t *conn)
{
    (void)shutdown(h2o_socket_get_fd(conn->sock), SHUT_RDWR);
}

/*
 * Pieces of a TLS record are no input yet, but every one makes the library wait anew for a request.
 * False when they have come for too long without any input.
 */
static bool record_in_time(guard_conn_t *conn)
{
    if (conn->sock->bytes_read != 0) {
        conn->record_since = 0;
    } else if (!conn->record_since) {
        conn->record_since = guard_now(conn);
    } else if (guard_now(conn) - conn->record_since > TLS_RECORD_MS) {
        guard_report(conn->guard, conn, GUARD_HEADER_TIME);
        return false;
    }
    return true;
}

static void on_read(h2o_socket_t *sock, const char *err)
{
    guard_conn_t *conn = sock->on_close.data;
    guard_conn_t *before = guard_enter(conn);
    conn->received += err ? 0 : sock->bytes_read;
    if (conn->http1_body) {
        guard_body_http1_read(conn);
    }
    if (!err && !record_in_time(conn)) {
        err = h2o_socket_error_closed;
    }
    /* The connection may be gone behind this. */
    conn->on_read(sock, err);
    guard_leave(before);
}

void h2o_socket_read_start(h2o_socket_t *sock, h2o_socket_cb cb)
{
    void (*real)(h2o_socket_t *, h2o_socket_cb) = guard_real(HOOK_READ_START);
    guard_hook_called(HOOK_READ_START);
    guard_conn_t *conn = guard_of_socket(sock);
    if (conn) {
        conn->on_read = cb;
        conn->record_since = 0;
        last_started = conn;
        real(sock, on_read);
    } else {
        real(sock, cb);
    }
}

void guard_reset_streams(guard_conn_t *conn, const uint32_t *streams, size_t count,
                         guard_kind_t why)
{
    enum { FRAME_LEN = HTTP2_FRAME_HEADER_SIZE + 4 };
    h2o_socket_t *sock = conn->sock;
    size_t len = count * FRAME_LEN;
    /*
     * In the middle of a header block no other frame may come; and while the end of a TLS session
     * is being sent, nothing may be read any more.
     */
    if (!count || conn->block_stream || !h2o_socket_is_reading(sock) ||
        !h2o_buffer_reserve(&sock->input, len).base) {
        return;
    }
    /* Whole frames have been parsed: input begins with a frame, or is empty. */
    char *at = sock->input->bytes;
    memmove(at + len, at, sock->input->size);
    sock->input->size += len;
    for (size_t i = 0; i < count; i++, at += FRAME_LEN) {
        /* WINDOW_UPDATE by 0 is an error of the stream (RFC 9113 6.9). */
        uint32_t s = streams[i];
        const char frame[FRAME_LEN] = {
            0, 0, 4, 8, 0, (char)(s >> 24), (char)(s >> 16), (char)(s >> 8), (char)s};
        memcpy(at, frame, FRAME_LEN);
        guard_report(conn->guard, conn, why);
        guard_body_refuse(conn, s);
    }
    conn->injected += (unsigned)count;
    guard_conn_t *before = guard_enter(conn);
    conn->on_read(sock, NULL);
    guard_leave(before);
}

bool guard_check(guard_conn_t *conn, uint64_t now)
{
    uint64_t limit = conn->guard->options.header_s * 1000;
    if ((conn->block_stream && now - conn->block_since > limit) ||
        (conn->partial_since && !conn->partial_stream && now - conn->partial_since > limit)) {
        guard_report(conn->guard, conn, GUARD_HEADER_TIME);
        return false;
    }
    if (guard_body_http1_slow(conn, now)) {
        guard_report(conn->guard, conn, GUARD_BODY_SLOW);
        return false;
    }
    return true;
}

void guard_drain(void)
{
    guard_draining = true;
}
