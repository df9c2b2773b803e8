/*
 * The connections of the load client: sockets, HTTP/1.1, and handing bytes to HTTP/2.
 */
#include "subscribers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SETUP_MAX = 64, READ_SIZE = 1 << 18, HEAD_MAX = 4096 };

static uint32_t opened;
static bool paused_all;

static uint64_t monotonic_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

void subscriber_answered(subscriber_t *subscriber, int status)
{
    if (status != 200 && !load.failed) {
        (void)printf("refused %d\n", status);
        load.failed = true;
    }
    if (!subscriber->answered) {
        subscriber->answered = true;
        load.answered++;
        load.ready += load.initial == 0;
    }
}

void subscriber_closed(subscriber_t *subscriber)
{
    load.closed += !subscriber->closed;
    subscriber->closed = true;
}

static void watch(connection_t *connection, int operation)
{
    struct epoll_event event = {
        .events = EPOLLIN | (connection->writing ? (uint32_t)EPOLLOUT : 0),
        .data.ptr = connection,
    };
    (void)epoll_ctl(load.epoll, operation, connection->fd, &event);
}

static void end(connection_t *connection)
{
    if (connection->fd < 0) {
        return;
    }
    (void)close(connection->fd);
    connection->fd = -1;
    nghttp2_session_del(connection->h2);
    connection->h2 = NULL;
    for (uint32_t i = 0; i < load.streams; i++) {
        subscriber_closed(&connection->subscribers[i]);
    }
}

int64_t connection_write(connection_t *connection, const void *bytes, size_t len)
{
    ssize_t written = send(connection->fd, bytes, len, MSG_NOSIGNAL);
    if (written < 0) {
        return errno == EAGAIN ? 0 : -1;
    }
    return written;
}

static bool write_h1(connection_t *connection)
{
    static char request[HEAD_MAX];
    static size_t len;
    if (len == 0) {
        int made = load.body ? snprintf(request, sizeof request,
                                        "POST %s HTTP/1.1\r\nhost: %s\r\naccept: text/event-stream"
                                        "\r\ncontent-type: %s\r\ncontent-length: %zu\r\n\r\n%s",
                                        load.path, load.authority, load.content_type,
                                        strlen(load.body), load.body)
                             : snprintf(request, sizeof request,
                                        "GET %s HTTP/1.1\r\nhost: %s\r\naccept: text/event-stream"
                                        "\r\n\r\n",
                                        load.path, load.authority);
        if (made < 0 || (size_t)made >= sizeof request) {
            abort();
        }
        len = (size_t)made;
    }
    if (connection->sent < len) {
        int64_t written = connection_write(connection, request + connection->sent,
                                           len - connection->sent);
        if (written < 0) {
            return false;
        }
        connection->sent += (size_t)written;
    }
    connection->writing = connection->sent < len;
    return true;
}

static bool write_some(connection_t *connection)
{
    bool before = connection->writing;
    if (load.h1) {
        if (!write_h1(connection)) {
            return false;
        }
    } else {
        if (nghttp2_session_send(connection->h2) != 0) {
            return false;
        }
        connection->writing = nghttp2_session_want_write(connection->h2) != 0;
    }
    if (before != connection->writing) {
        watch(connection, EPOLL_CTL_MOD);
    }
    return true;
}

/* Bytes that belong to the head, 0 on an error. */
static size_t take_head(connection_t *connection, const char *bytes, size_t len)
{
    size_t before = connection->head_len;
    size_t room = HEAD_MAX - 1 - before;
    size_t more = len < room ? len : room;
    memcpy(connection->head + before, bytes, more);
    connection->head[before + more] = '\0';
    char *blank = strstr(connection->head, "\r\n\r\n");
    if (!blank) {
        connection->head_len += more;
        return more; /* 0 when the head is too long */
    }
    size_t used = (size_t)(blank - connection->head) + 4 - before;
    blank[2] = '\0';
    int status = strncmp(connection->head, "HTTP/1.1 ", 9) == 0 ? atoi(connection->head + 9) : 0;
    bool chunked = strcasestr(connection->head, "\r\ntransfer-encoding: chunked\r\n") != NULL;
    connection->state = chunked ? H1_CHUNK_SIZE : H1_UNTIL_CLOSE;
    free(connection->head);
    connection->head = NULL;
    subscriber_answered(connection->subscribers, status);
    return used;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* One byte of what is around the chunks; false at the last chunk. */
static bool take_chunk_line(connection_t *connection, char c)
{
    if (connection->state == H1_CHUNK_END) { /* CR LF behind the data */
        connection->state = c == '\n' ? H1_CHUNK_SIZE : H1_CHUNK_END;
        return true;
    }
    int digit = connection->state == H1_CHUNK_SIZE ? hex_digit(c) : -1;
    if (digit >= 0) {
        connection->chunk_left = connection->chunk_left * 16 + (size_t)digit;
    } else {
        connection->state = c == '\n' ? H1_CHUNK_DATA : H1_CHUNK_EXTENSION;
    }
    return connection->state != H1_CHUNK_DATA || connection->chunk_left > 0;
}

static bool h1_take(connection_t *connection, const char *bytes, size_t len)
{
    subscriber_t *subscriber = connection->subscribers;
    const char *end = bytes + len;
    while (bytes < end) {
        size_t left = (size_t)(end - bytes);
        size_t used = 1;
        switch (connection->state) {
        case H1_HEAD:
            used = take_head(connection, bytes, left);
            if (used == 0) {
                return false;
            }
            break;
        case H1_UNTIL_CLOSE:
            events_take(subscriber, bytes, left);
            used = left;
            break;
        case H1_CHUNK_DATA:
            used = left < connection->chunk_left ? left : connection->chunk_left;
            /* An event ends inside its last chunk: CR LF behind that is counted here, not there. */
            if (used == connection->chunk_left) {
                events_overhead(subscriber, 2);
            }
            events_take(subscriber, bytes, used);
            connection->chunk_left -= used;
            if (connection->chunk_left == 0) {
                connection->state = H1_CHUNK_END;
            }
            break;
        case H1_CHUNK_SIZE:
        case H1_CHUNK_EXTENSION:
            events_overhead(subscriber, 1);
            if (!take_chunk_line(connection, *bytes)) {
                return false;
            }
            break;
        case H1_CHUNK_END:
            (void)take_chunk_line(connection, *bytes);
            break;
        }
        bytes += used;
    }
    return true;
}

static bool read_some(connection_t *connection)
{
    static char bytes[READ_SIZE];
    ssize_t got = recv(connection->fd, bytes, sizeof bytes, 0);
    if (got <= 0) {
        return got < 0 && (errno == EAGAIN || errno == EINTR);
    }
    load.now_ns = monotonic_ns();
    return connection->h2 ? h2_take(connection->h2, bytes, (size_t)got)
                          : h1_take(connection, bytes, (size_t)got);
}

void connection_on_ready(connection_t *connection, uint32_t epoll_events)
{
    if (connection->fd < 0) {
        return;
    }
    if (!connection->connected) {
        connection->connected = true;
        connection->writing = false;
        watch(connection, EPOLL_CTL_MOD);
        if (!write_some(connection)) {
            end(connection);
            return;
        }
    }
    bool usable = true;
    if (epoll_events & (EPOLLIN | EPOLLERR | EPOLLHUP)) {
        usable = read_some(connection);
    }
    if (usable &&
        (connection->writing || (connection->h2 && nghttp2_session_want_write(connection->h2)))) {
        usable = write_some(connection);
    }
    if (!usable) {
        end(connection);
    }
}

static void fail(const char *what)
{
    (void)printf("failed: %s: %s\n", what, strerror(errno));
    load.failed = true;
}

bool connections_open_next(void)
{
    if (opened == load.connection_count || load.failed ||
        opened * load.streams - load.answered >= SETUP_MAX * load.streams) {
        return false;
    }
    connection_t *connection = &load.connections[opened];
    const char *colon = strrchr(load.authority, ':');
    int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    address.sin_port = htons((uint16_t)atoi(colon ? colon + 1 : "80"));
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection->fd < 0) {
        fail("socket");
        return false;
    }
    (void)setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (load.receive_buffer > 0) {
        (void)setsockopt(connection->fd, SOL_SOCKET, SO_RCVBUF, &load.receive_buffer,
                         sizeof load.receive_buffer);
    }
    if (connect(connection->fd, (struct sockaddr *)&address, sizeof address) != 0 &&
        errno != EINPROGRESS) {
        fail("connect");
        return false;
    }
    connection->subscribers = &load.subscribers[opened * load.streams];
    if (load.h1) {
        connection->head = malloc(HEAD_MAX);
        if (!connection->head) {
            abort();
        }
    } else {
        connection->h2 = h2_start(connection);
    }
    connection->writing = true;
    watch(connection, EPOLL_CTL_ADD);
    opened++;
    return true;
}

void connections_pause(bool paused)
{
    if (paused == paused_all) {
        return;
    }
    paused_all = paused;
    for (uint32_t i = 0; i < opened; i++) {
        if (load.connections[i].fd >= 0) {
            watch(&load.connections[i], paused ? EPOLL_CTL_DEL : EPOLL_CTL_ADD);
        }
    }
}

void connections_close(void)
{
    for (uint32_t i = 0; i < opened; i++) {
        end(&load.connections[i]);
    }
}
