#include "http/internal.h"

#include "footprintd/log/log.h"
#include "http/admin_server.h"
#include "http/measure.h"
#include "http/metrics_server.h"
#include "http/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <h2o/http1.h>
#include <h2o/http2.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

/* Connections taken in one turn, so that a flood of them does not hold up those that are served. */
#define ACCEPT_PER_WAKE 16
/* At the start of a drain: what the kernel has accepted already is served, within reason. */
#define ACCEPT_AT_DRAIN 1024

/* What the kernel holds of a connection beyond what is on its way. */
#define UNSENT_BYTES (256U << 10)

/* RFC 9113 3.4 */
static const char http2_preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
#define HTTP2_PREFACE_LEN (sizeof http2_preface - 1)

static void conn_on_close(guard_conn_t *guard)
{
    http_conn_t *conn = H2O_STRUCT_FROM_MEMBER(http_conn_t, guard, guard);
    measure_bytes(conn);
    count_add(&measure_listener(conn)->closed, 1);
    h2o_timeout_unlink(&conn->timeout);
    h2o_linklist_unlink(&conn->link);
    conn->loop->conn_count--;
    (void)atomic_fetch_sub_explicit(conn->counter, 1, memory_order_relaxed);
    SSL_CTX_free(conn->ssl_ctx);
    free(conn);
}

slice_t conn_peer(h2o_conn_t *conn, char *buffer)
{
    struct sockaddr_storage address;
    socklen_t len = conn->callbacks->get_peername(conn, (struct sockaddr *)&address);
    size_t n = len ? h2o_socket_getnumerichost((struct sockaddr *)&address, len, buffer) : SIZE_MAX;
    return n == SIZE_MAX ? SLICE_LIT("") : slice_of(buffer, n);
}

void conn_cut(http_conn_t *conn)
{
    conn->cut = true;
    (void)shutdown(h2o_socket_get_fd(conn->sock), SHUT_RDWR);
}

static void conn_on_timeout(h2o_timeout_entry_t *entry)
{
    http_conn_t *conn = H2O_STRUCT_FROM_MEMBER(http_conn_t, timeout, entry);
    measure_hit(conn->loop, conn->ssl_ctx ? HTTP_HIT_HANDSHAKE_TIME : HTTP_HIT_REQUEST_TIME);
    if (conn->ssl_ctx) {
        count_add(&measure_listener(conn)->handshakes, 1);
    }
    h2o_socket_close(conn->sock);
}

/* Hands the socket, with what was read already, to the library's HTTP code. */
static void conn_begin(http_conn_t *conn, bool http2)
{
    struct timeval now = *h2o_get_timestamp(&conn->loop->ctx, NULL, NULL);
    h2o_timeout_unlink(&conn->timeout);
    guard_handshake_end(&conn->guard);
    conn->phase = http2 ? CONN_HTTP2 : CONN_HTTP1;
    conn->begun = h2o_now(conn->loop->ctx.loop);
    /* Either may close the connection at once: it is not to be touched behind this. */
    guard_conn_t *before = guard_enter(&conn->guard);
    if (http2) {
        h2o_http2_accept(&conn->listener->accept, conn->sock, now);
    } else {
        h2o_http1_accept(&conn->listener->accept, conn->sock, now);
    }
    guard_leave(before);
}

/*
 * Cleartext: HTTP/2 with prior knowledge begins with its preface (RFC 9113 3.3), and no HTTP/1.1
 * request does. The library's own detection comes with "Upgrade: h2c", which RFC 9113 has removed,
 * so it is turned off.
 */
static void conn_on_first_bytes(h2o_socket_t *sock, const char *err)
{
    http_conn_t *conn = sock->data;
    if (err) {
        h2o_socket_close(sock);
        return;
    }
    size_t have = sock->input->size < HTTP2_PREFACE_LEN ? sock->input->size : HTTP2_PREFACE_LEN;
    if (have == 0) {
        return;
    }
    if (memcmp(sock->input->bytes, http2_preface, have) != 0) {
        conn_begin(conn, false);
    } else if (have == HTTP2_PREFACE_LEN) {
        conn_begin(conn, true);
    }
}

static void conn_on_handshake(h2o_socket_t *sock, const char *err)
{
    http_conn_t *conn = sock->data;
    if (err) {
        slice_t alert = tls_take_alert();
        if (alert.len) {
            (void)send(h2o_socket_get_fd(sock), alert.ptr, alert.len, MSG_DONTWAIT | MSG_NOSIGNAL);
        }
        log_line(LOG_LEVEL_DEBUG, "http", "TLS handshake failed: %s", err);
        count_add(&measure_listener(conn)->handshakes, 1);
        h2o_socket_close(sock);
        return;
    }
    slice_t protocol = slice_of_iovec(h2o_socket_ssl_get_selected_protocol(sock));
    conn_begin(conn, slice_is(protocol, "h2"));
}

void tls_on_handshake(void *socket, const SSL *ssl)
{
    guard_conn_t *guard = guard_of_socket(socket);
    if (guard) {
        H2O_STRUCT_FROM_MEMBER(http_conn_t, guard, guard)->ssl = ssl;
    }
}

bool tls_on_message(void *socket)
{
    guard_conn_t *guard = guard_of_socket(socket);
    bool shaking = guard && H2O_STRUCT_FROM_MEMBER(http_conn_t, guard, guard)->phase == CONN_NEW;
    return !guard || shaking || guard_tls_message(guard);
}

/* What a proxy said before is taken out of the input already. */
static void conn_open(http_conn_t *conn)
{
    if (conn->listener->accept.ssl_ctx) {
        if (!guard_handshake_begin(&conn->guard)) {
            count_add(&measure_listener(conn)->refused_peer, 1);
            h2o_socket_close(conn->sock);
            return;
        }
        /* The library makes a session of it, with a reference, only when the first bytes come. */
        conn->ssl_ctx = conn->listener->accept.ssl_ctx;
        (void)SSL_CTX_up_ref(conn->ssl_ctx);
        h2o_socket_ssl_handshake(conn->sock, conn->ssl_ctx, NULL, conn_on_handshake);
        return;
    }
    h2o_socket_read_start(conn->sock, conn_on_first_bytes);
    if (conn->sock->input->size) {
        conn_on_first_bytes(conn->sock, NULL);
    }
}

static void conn_on_proxy_header(h2o_socket_t *sock, const char *err)
{
    size_t used;
    addr_t address;
    uint16_t port;
    proxy_verdict_t verdict = PROXY_BAD;
    if (!err) {
        verdict = proxy_header_parse(slice_of(sock->input->bytes, sock->input->size), &used,
                                     &address, &port);
    }
    if (verdict == PROXY_MORE) {
        return;
    }
    if (verdict == PROXY_BAD) {
        log_line(LOG_LEVEL_DEBUG, "http", "a trusted proxy does not begin with the PROXY protocol");
        h2o_socket_close(sock);
        return;
    }
    http_conn_t *conn = sock->data;
    if (verdict == PROXY_KNOWN) {
        peer_set(sock, &address, port);
        if (!peer_may_be_proxy(conn) && !guard_admit(&conn->guard)) {
            count_add(&measure_listener(conn)->refused_peer, 1);
            h2o_socket_close(sock);
            return;
        }
    }
    h2o_socket_read_stop(sock);
    h2o_buffer_consume(&sock->input, used);
    conn_open(conn);
}

/* What the connections of a role have to themselves. */
typedef struct interface {
    h2o_context_t *ctx;
    h2o_globalconf_t *config;
    atomic_size_t *connections;
    size_t max_connections;
    size_t max_body_bytes;
} interface_t;

/* Operators get in, however many clients there are. */
static interface_t interface_of(http_loop_t *loop, listener_role_t role)
{
    http_server_t *server = loop->server;
    http_admin_t *admin = server->admin;
    http_metrics_t *metrics = server->metrics;
    switch (role) {
    case LISTENER_ADMIN:
        return (interface_t){&loop->admin_ctx, &admin->config, &admin->connections,
                             admin->max_connections, admin->options.max_body_bytes};
    case LISTENER_METRICS:
        return (interface_t){&loop->metrics_ctx, &metrics->config, &metrics->connections,
                             METRICS_MAX_CONNECTIONS, METRICS_MAX_BODY};
    case LISTENER_PUBLIC:
    case LISTENER_ROLE_COUNT:
        break;
    }
    return (interface_t){&loop->ctx, &server->config, &server->connections,
                         server->options.max_connections, server->options.max_body_bytes};
}

static void conn_new(loop_listener_t *listener, h2o_socket_t *sock)
{
    http_loop_t *loop = listener->loop;
    http_server_t *server = loop->server;
    size_t number = (size_t)(listener - loop->listeners);
    listener_role_t role = server->listeners[number].role;
    interface_t own = interface_of(loop, role);
    listener_counts_t *counts = &loop->counts->listeners[number];
    if (atomic_fetch_add_explicit(own.connections, 1, memory_order_relaxed) >=
        own.max_connections) {
        (void)atomic_fetch_sub_explicit(own.connections, 1, memory_order_relaxed);
        count_add(&counts->refused_limit, 1);
        if (role == LISTENER_PUBLIC) {
            measure_hit(loop, HTTP_HIT_CONNECTIONS);
        }
        log_line(LOG_LEVEL_WARNING, "http", "a connection to %s is refused: there are %zu",
                 server->listeners[number].uri, own.max_connections);
        h2o_socket_close(sock);
        return;
    }
    http_conn_t *conn = h2o_mem_alloc(sizeof *conn);
    *conn = (http_conn_t){
        .loop = loop, .listener = listener, .sock = sock, .counter = own.connections};
    /* Trusted proxies ask for many. */
    bool proxy = peer_may_be_proxy(conn);
    bool counted = role == LISTENER_PUBLIC && !proxy;
    if (!guard_open(server->guard, &conn->guard, sock, counted, own.max_body_bytes,
                    conn_on_close)) {
        (void)atomic_fetch_sub_explicit(own.connections, 1, memory_order_relaxed);
        count_add(&counts->refused_peer, 1);
        free(conn);
        h2o_socket_close(sock);
        return;
    }
    count_add(&counts->accepted, 1);
    conn->guard.operators = role != LISTENER_PUBLIC;
    h2o_linklist_insert(&loop->conns, &conn->link);
    loop->conn_count++;
    sock->data = conn;
    /* The library has no timeout for sending. */
    unsigned send_ms = server->options.send_timeout_s * 1000;
    (void)setsockopt(h2o_socket_get_fd(sock), IPPROTO_TCP, TCP_USER_TIMEOUT, &send_ms,
                     sizeof send_ms);
    /* Nor a limit of what it hands to the kernel at once: copying megabytes holds up the others. */
    unsigned unsent = UNSENT_BYTES;
    (void)setsockopt(h2o_socket_get_fd(sock), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent,
                     sizeof unsent);
    conn->timeout.cb = conn_on_timeout;
    h2o_timeout_link(loop->ctx.loop,
                     listener->accept.ssl_ctx ? &loop->ctx.handshake_timeout
                                              : &loop->ctx.http1.req_timeout,
                     &conn->timeout);
    if (proxy && server->listeners[number].settings.proxied) {
        h2o_socket_read_start(sock, conn_on_proxy_header);
    } else {
        conn_open(conn);
    }
}

static void conn_on_acceptable(h2o_socket_t *sock, const char *err);

static void conn_on_pause_over(h2o_timeout_entry_t *entry)
{
    loop_listener_t *listener = H2O_STRUCT_FROM_MEMBER(loop_listener_t, pause, entry);
    h2o_socket_read_start(listener->sock, conn_on_acceptable);
}

/* False when there is none just now. */
static bool conn_accept(loop_listener_t *listener)
{
    errno = 0;
    h2o_socket_t *sock = h2o_evloop_socket_accept(listener->sock);
    if (sock) {
        conn_new(listener, sock);
        return true;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        /* The poll would report the waiting connection again at once, and the loop would spin. */
        http_loop_t *loop = listener->loop;
        if (!h2o_timeout_is_linked(&listener->pause)) {
            log_line(LOG_LEVEL_WARNING, "http", "cannot accept connections: %s", strerror(errno));
            h2o_socket_read_stop(listener->sock);
            h2o_timeout_link(loop->ctx.loop, &loop->ctx.one_sec_timeout, &listener->pause);
        }
        return false;
    }
    return errno == ECONNABORTED || errno == EINTR;
}

static void conn_on_acceptable(h2o_socket_t *sock, const char *err)
{
    if (err) {
        return;
    }
    identity_take(((loop_listener_t *)sock->data)->loop);
    for (int i = 0; i < ACCEPT_PER_WAKE && conn_accept(sock->data); i++) {
    }
}

void conn_take_tls(http_loop_t *loop)
{
    http_server_t *server = loop->server;
    (void)pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < server->listener_count; i++) {
        loop_listener_t *listener = &loop->listeners[i];
        SSL_CTX *old = listener->accept.ssl_ctx;
        SSL_CTX *fresh = server->listeners[i].ssl_ctx;
        if (fresh) {
            (void)SSL_CTX_up_ref(fresh);
        }
        listener->accept.ssl_ctx = fresh;
        /* Connections that use the old one hold references of their own. */
        SSL_CTX_free(old);
    }
    (void)pthread_mutex_unlock(&server->lock);
    loop->trust++;
}

err_t conn_listen(http_loop_t *loop)
{
    http_server_t *server = loop->server;
    for (size_t i = 0; i < server->listener_count; i++) {
        loop_listener_t *listener = &loop->listeners[i];
        listener->loop = loop;
        /* A Host field chooses among the hosts of its own listener only. */
        interface_t own = interface_of(loop, server->listeners[i].role);
        listener->accept.ctx = own.ctx;
        listener->accept.hosts = own.config->hosts;
        listener->pause.cb = conn_on_pause_over;
    }
    conn_take_tls(loop);
    for (size_t i = 0; i < server->listener_count; i++) {
        loop_listener_t *listener = &loop->listeners[i];
        int fd = fcntl(server->listeners[i].fd, F_DUPFD_CLOEXEC, 0);
        if (fd < 0) {
            return ERR_IO;
        }
        listener->sock = h2o_evloop_socket_create(loop->ctx.loop, fd, H2O_SOCKET_FLAG_DONT_READ);
        listener->sock->data = listener;
        h2o_socket_read_start(listener->sock, conn_on_acceptable);
    }
    return ERR_OK;
}

void conn_stop_listening(http_loop_t *loop)
{
    for (size_t i = 0; i < loop->server->listener_count; i++) {
        loop_listener_t *listener = &loop->listeners[i];
        if (!listener->sock) {
            continue;
        }
        for (int n = 0; n < ACCEPT_AT_DRAIN && conn_accept(listener); n++) {
        }
        h2o_timeout_unlink(&listener->pause);
        h2o_socket_read_stop(listener->sock);
        h2o_socket_close(listener->sock);
        listener->sock = NULL;
    }
}

void conn_release_listeners(http_loop_t *loop)
{
    for (size_t i = 0; i < loop->server->listener_count; i++) {
        SSL_CTX_free(loop->listeners[i].accept.ssl_ctx);
        loop->listeners[i].accept.ssl_ctx = NULL;
    }
}
