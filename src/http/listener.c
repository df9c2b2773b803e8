#include "http/listener.h"

#include "footprintd/net/addr.h"
#include "http/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Half-open and complete connections that wait for a loop; the kernel caps it by somaxconn. */
#define LISTEN_BACKLOG 4096
/*
 * The kernel would let it grow to megabytes, all of which the library reads in one turn, before it
 * looks at any of it. Requests are small.
 */
#define RECEIVE_BYTES (256 << 10)

typedef union socket_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} socket_address_t;

/* "127.0.0.1:8080" or "[::1]:8080", numeric only; *host is the part before the port's colon. */
static bool parse_address(slice_t text, socket_address_t *out, slice_t *host, socklen_t *len)
{
    size_t colon = text.len;
    while (colon > 0 && text.ptr[colon - 1] != ':') {
        colon--;
    }
    if (colon < 2) {
        return false;
    }
    *host = slice_of(text.ptr, colon - 1);
    slice_t port = slice_of(text.ptr + colon, text.len - colon);
    bool v6 = host->ptr[0] == '[' && host->ptr[host->len - 1] == ']';
    slice_t bare = v6 ? slice_of(host->ptr + 1, host->len - 2) : *host;
    char buf[INET6_ADDRSTRLEN];
    uint16_t number;
    if (bare.len >= sizeof buf || !port_parse(port, &number)) {
        return false;
    }
    memcpy(buf, bare.ptr, bare.len);
    buf[bare.len] = '\0';
    memset(out, 0, sizeof *out);
    if (v6) {
        out->v6.sin6_family = AF_INET6;
        *len = sizeof out->v6;
        out->v6.sin6_port = htons(number);
        return inet_pton(AF_INET6, buf, &out->v6.sin6_addr) == 1;
    }
    out->v4.sin_family = AF_INET;
    *len = sizeof out->v4;
    out->v4.sin_port = htons(number);
    return inet_pton(AF_INET, buf, &out->v4.sin_addr) == 1;
}

static bool open_socket(int *out, const socket_address_t *address, socklen_t len)
{
    int on = 1;
    int received = RECEIVE_BYTES;
    int family = address->any.sa_family;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    *out = fd;
    return fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &received, sizeof received) == 0 &&
           (family != AF_INET6 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0) &&
           bind(fd, &address->any, len) == 0 && listen(fd, LISTEN_BACKLOG) == 0;
}

/* One of another's making is as ours are, as far as that can be said of one that is bound. */
static bool take_socket(listener_t *listener, int given)
{
    int received = RECEIVE_BYTES;
    int fd = fcntl(given, F_DUPFD_CLOEXEC, 0);
    listener->fd = fd;
    return fd >= 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &received, sizeof received) == 0;
}

static void refuse_address(slice_t text, buf_t *why)
{
    buf_printf(why, "listen %.*s: not an address and port such as 127.0.0.1:8080 or [::1]:8080",
               SLICE_ARG(text));
}

err_t http_listen(slice_t address, int *fd, buf_t *why)
{
    socket_address_t wanted;
    socklen_t len;
    slice_t host;
    if (!parse_address(address, &wanted, &host, &len)) {
        refuse_address(address, why);
        return ERR_SYNTAX;
    }
    int opened;
    *fd = open_socket(&opened, &wanted, len) ? fcntl(opened, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
                                             : -1;
    if (*fd < 0) {
        buf_printf(why, "listen %.*s: %s", SLICE_ARG(address), strerror(errno));
    }
    if (opened >= 0) {
        (void)close(opened);
    }
    return *fd < 0 ? ERR_IO : ERR_OK;
}

bool http_listens_at(int fd, slice_t address)
{
    socket_address_t wanted, bound;
    socklen_t len, bound_len = sizeof bound;
    slice_t host;
    int listens = 0;
    socklen_t listens_len = sizeof listens;
    if (!parse_address(address, &wanted, &host, &len) ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_len) != 0 || !listens ||
        getsockname(fd, &bound.any, &bound_len) != 0 ||
        bound.any.sa_family != wanted.any.sa_family) {
        return false;
    }
    if (bound.any.sa_family == AF_INET6) {
        return bound.v6.sin6_port == wanted.v6.sin6_port &&
               memcmp(&bound.v6.sin6_addr, &wanted.v6.sin6_addr, sizeof bound.v6.sin6_addr) == 0;
    }
    return bound.v4.sin_port == wanted.v4.sin_port &&
           bound.v4.sin_addr.s_addr == wanted.v4.sin_addr.s_addr;
}

/* The address as it was written, with the port that the kernel gave. */
static err_t format_uri(listener_t *listener, slice_t host)
{
    socket_address_t bound;
    socklen_t len = sizeof bound;
    if (getsockname(listener->fd, &bound.any, &len) != 0) {
        return ERR_IO;
    }
    in_port_t port = bound.any.sa_family == AF_INET6 ? bound.v6.sin6_port : bound.v4.sin_port;
    if (asprintf(&listener->uri, "http%s://%.*s:%u", listener->settings.tls ? "s" : "",
                 SLICE_ARG(host), (unsigned)ntohs(port)) < 0) {
        listener->uri = NULL;
        return ERR_NOMEM;
    }
    return ERR_OK;
}

static err_t copy_settings(listener_t *listener, const http_listener_t *from)
{
    arena_t *arena = &listener->arena;
    http_certificate_t *more = arena_array(arena, from->more_count + 1, sizeof *more);
    for (size_t i = 0; more && i < from->more_count; i++) {
        more[i].certificate = arena_copy(arena, from->more[i].certificate);
        more[i].key = arena_copy(arena, from->more[i].key);
    }
    listener->settings = *from;
    listener->settings.more = more;
    listener->settings.address = arena_copy(arena, from->address);
    listener->settings.certificate = arena_copy(arena, from->certificate);
    listener->settings.key = arena_copy(arena, from->key);
    listener->settings.client_ca = arena_copy(arena, from->client_ca);
    listener->settings.client_crl = arena_copy(arena, from->client_crl);
    return arena_failed(arena) ? ERR_NOMEM : ERR_OK;
}

err_t listener_init(listener_t *listener, const http_listener_t *settings, unsigned number,
                    buf_t *why)
{
    *listener = (listener_t)LISTENER_INIT;
    err_t err = copy_settings(listener, settings);
    if (err) {
        buf_append_str(why, err_text(err));
        listener_release(listener);
        return err;
    }
    slice_t text = listener->settings.address;
    socket_address_t address;
    socklen_t len;
    slice_t host;
    if (!parse_address(text, &address, &host, &len)) {
        refuse_address(text, why);
        listener_release(listener);
        return ERR_SYNTAX;
    }
    if (settings->tls) {
        err = tls_context_new(&listener->settings, number, &listener->ssl_ctx, why);
        if (err) {
            listener_release(listener);
            return err;
        }
    }
    bool listens = settings->fd ? take_socket(listener, settings->fd)
                                : open_socket(&listener->fd, &address, len);
    err = listens ? format_uri(listener, host) : ERR_IO;
    if (err) {
        buf_printf(why, "listen %.*s: %s", SLICE_ARG(text),
                   err == ERR_IO ? strerror(errno) : err_text(err));
        listener_release(listener);
    }
    return err;
}

void listener_close(listener_t *listener)
{
    if (listener->fd >= 0) {
        (void)close(listener->fd);
        listener->fd = -1;
    }
}

void listener_release(listener_t *listener)
{
    listener_close(listener);
    SSL_CTX_free(listener->ssl_ctx);
    free(listener->uri);
    arena_release(&listener->arena);
    *listener = (listener_t)LISTENER_INIT;
}
