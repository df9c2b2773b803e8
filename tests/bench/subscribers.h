/*
 * The load client of the update streams: what one subscriber knows, how events are counted, and
 * the connections that the subscribers share. One thread; state of the process is in `load`.
 */
#ifndef FOOTPRINTD_BENCH_SUBSCRIBERS_H
#define FOOTPRINTD_BENCH_SUBSCRIBERS_H

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SUBSCRIBERS_NEEDLE_MAX = 64, SUBSCRIBERS_COPY_MAX = 1 << 16 };

/* One stream of events. Of an event nothing is kept: constant memory, whatever is published. */
typedef struct subscriber {
    uint32_t events;  /* since the mark */
    uint32_t bytes;   /* of the unfinished event, with the frames or chunks that carry it */
    uint16_t matched; /* of what is looked for */
    bool inside;      /* a line, not at its start */
    bool data;        /* the unfinished event has data: it is no comment */
    bool found;
    bool answered;
    bool closed;
} subscriber_t;

/* Events number n since the mark of all subscribers. Times are CLOCK_MONOTONIC. */
typedef struct arrival {
    uint64_t first_ns;
    uint64_t last_ns;
    uint64_t bytes;
    uint32_t count;
} arrival_t;

typedef enum h1_state {
    H1_HEAD,
    H1_UNTIL_CLOSE,
    H1_CHUNK_SIZE,
    H1_CHUNK_EXTENSION,
    H1_CHUNK_DATA,
    H1_CHUNK_END,
} h1_state_t;

typedef struct connection {
    int fd; /* -1 when it is closed */
    bool connected;
    bool writing; /* waits until the socket takes more */
    h1_state_t state;
    subscriber_t *subscribers;
    nghttp2_session *h2;
    char *head; /* HTTP/1.1, until it is whole */
    size_t head_len;
    size_t sent;
    size_t chunk_left;
} connection_t;

typedef struct load {
    /* How to subscribe. */
    const char *authority;
    const char *path;
    const char *body; /* of a POST; NULL for a GET */
    const char *content_type;
    bool h1;
    uint32_t window; /* of streams and connections over HTTP/2; 0: the greatest */
    int receive_buffer;
    uint32_t streams;
    uint32_t connection_count;
    uint32_t initial; /* events until a subscriber is ready */

    int epoll;
    connection_t *connections;
    subscriber_t *subscribers;
    uint32_t subscriber_count;
    uint32_t answered;
    uint32_t ready;
    uint32_t closed;
    bool all_ready;
    bool failed;

    uint64_t now_ns; /* when the bytes at hand were read */
    arrival_t *arrivals;
    size_t arrival_count;
    size_t arrival_room;
    size_t reported; /* events that all subscribers have */

    char needle[SUBSCRIBERS_NEEDLE_MAX];
    uint8_t fallback[SUBSCRIBERS_NEEDLE_MAX];
    uint16_t needle_len;
    uint32_t found;

    /* The last event of the first subscriber. */
    char copy[SUBSCRIBERS_COPY_MAX];
    size_t copy_len;
    bool copy_ended;
} load_t;

extern load_t load;

/* Bytes that the subscriber pays for beside those of the stream: frame headers, chunk lines. */
static inline void events_overhead(subscriber_t *subscriber, size_t bytes)
{
    subscriber->bytes += (uint32_t)bytes;
}

/* Bytes of the stream. */
void events_take(subscriber_t *subscriber, const char *bytes, size_t len);
/* Counts anew from here. */
void events_mark(void);
/* Looks for text in all streams from here on; prints "found" when every one has had it. */
void events_find(const char *text);
/* Prints what not every subscriber has, and the fewest, most and all events of a subscriber. */
void events_show(void);
/* Prints the last event of the first subscriber, in one line. */
void events_print_copy(void);

/* The answer to a subscription came; its stream ended. */
void subscriber_answered(subscriber_t *subscriber, int status);
void subscriber_closed(subscriber_t *subscriber);

/* Opens the next connection; false when there is no more, or too many are still being set up. */
bool connections_open_next(void);
/* What epoll says of a connection. */
void connection_on_ready(connection_t *connection, uint32_t epoll_events);
/* Reads no more from any connection, or goes on. */
void connections_pause(bool paused);
void connections_close(void);

/* HTTP/2, by prior knowledge. */
nghttp2_session *h2_start(connection_t *connection);
/* false when the connection is of no more use. */
bool h2_take(nghttp2_session *session, const char *bytes, size_t len);

/* Writes of an HTTP/2 session: bytes written, 0 when it would block, -1 on an error. */
int64_t connection_write(connection_t *connection, const void *bytes, size_t len);

#endif
