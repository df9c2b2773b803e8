/*
 * The guard around libh2o: budgets, limits and strict framing for what the library leaves open.
 * src/guard/README.md says what, why, and for which version.
 *
 * It takes the place of functions that the library calls inside itself, by defining them in the
 * program. A guard is the settings, counters and peers of one server; a guard_conn_t is its record
 * of one connection, which is found through the socket. Everything of a connection belongs to the
 * thread of its loop.
 */
#ifndef FOOTPRINTD_GUARD_GUARD_H
#define FOOTPRINTD_GUARD_GUARD_H

#include "footprintd/base/bytes.h"

#include <stdatomic.h>

struct st_h2o_socket_t;
struct st_h2o_req_t;

typedef struct guard guard_t;
typedef struct guard_peer guard_peer_t;
typedef struct guard_body guard_body_t;

typedef struct guard_options {
    /* HTTP/2: what control frames of one connection may cost a second (guard/frames.c). */
    uint64_t control_per_s;
    uint64_t resets_per_s;     /* streams reset by a client, or by us because of it */
    uint64_t header_bytes;     /* HTTP/2: a header block; HTTP/1.1: a head */
    uint64_t header_fields;    /* of one request */
    uint64_t header_s;         /* from the first to the last frame of a header block */
    uint64_t conn_body_bytes;  /* unfinished bodies of one connection */
    uint64_t total_body_bytes; /* of all, with heads and frames of which a part has come */
    uint64_t body_bytes_per_s; /* a body that comes slower is given up; 0: none */
    /* By client address: an IPv4 address, an IPv6 /64. 0: no limit. */
    uint64_t new_connections_per_s;
    uint64_t connections_per_address;
    uint64_t streams_per_address;    /* HTTP/2 */
    uint64_t handshakes_per_address; /* of TLS, that are not over */
    /* By network: IPv4 /24, IPv6 /48. 0: no limit. */
    uint64_t connections_per_network;
    uint64_t new_connections_per_network_s;
} guard_options_t;

/* What is counted, and logged with the peer's address: at most one line of a kind in 10 seconds. */
#define GUARD_KINDS(X)                                                                             \
    X(CONTROL, "control-frames", "too many HTTP/2 control frames or TLS messages")                 \
    X(RESETS, "resets", "too many HTTP/2 streams reset")                                           \
    X(HEADER_BYTES, "header-bytes", "a head or header block of too many bytes")                    \
    X(HEADER_FIELDS, "header-fields", "too many header fields")                                    \
    X(HEADER_TIME, "header-time", "a header block or frame that takes too long")                   \
    X(DRAIN, "continuation-in-drain", "a header block that goes on during a drain")                \
    X(HTTP2_REQUEST, "http2-requests", "a malformed HTTP/2 request")                               \
    X(HTTP1_HEAD, "http1-heads", "a malformed or ambiguous HTTP/1.1 head")                         \
    X(CHUNKED, "chunks", "a malformed chunked body")                                               \
    X(BODY_LARGE, "large-bodies", "a body above the limit")                                        \
    X(BODY_CONN, "connection-bodies", "too many bytes of unfinished bodies on one connection")     \
    X(BODY_TOTAL, "all-bodies", "too many bytes of unfinished requests")                           \
    X(BODY_SLOW, "slow-bodies", "a body that comes too slowly")                                    \
    X(STALLED, "stalled-answers", "an answer of which nothing is taken")                           \
    X(STREAMS, "streams", "too many HTTP/2 streams from one address")                              \
    X(RATE, "connection-rate", "connections from one address too fast")                            \
    X(ADDRESS, "address-connections", "too many connections from one address")                     \
    X(HANDSHAKES, "handshakes", "too many TLS handshakes at a time from one address")              \
    X(NETWORK_RATE, "network-connection-rate", "connections from one network too fast")            \
    X(NETWORK, "network-connections", "too many connections from one network")

#define GUARD_KIND_NAME(id, name, text) GUARD_##id,
typedef enum guard_kind { GUARD_KINDS(GUARD_KIND_NAME) GUARD_KIND_COUNT } guard_kind_t;
#undef GUARD_KIND_NAME

/* One connection's record; all members are the guard's. */
typedef struct guard_conn {
    guard_t *guard;
    struct st_h2o_socket_t *sock;
    void (*on_close)(struct guard_conn *conn);
    void (*on_read)(struct st_h2o_socket_t *sock, const char *err); /* the library's */
    guard_peer_t *address; /* NULL when it is not counted */
    guard_peer_t *network;
    size_t body_limit; /* of one request */
    uint64_t received; /* bytes that the library has read, above TLS */
    bool operators;    /* the caller's, behind guard_open: its bodies are not the clients' */
    /* Budgets, in thousandths. */
    int64_t control;
    int64_t resets;
    uint64_t refilled;     /* ms */
    size_t written;        /* bytes at that time */
    unsigned streams;      /* that the library has */
    bool greeted;          /* its first frame was the settings that have to come first */
    bool spent;            /* the next frame ends it */
    unsigned injected;     /* so many frames that come next are our own */
    bool charged;          /* to its address: it is being cut off */
    bool shaking;          /* a TLS handshake is under way, and counted */
    uint8_t reset_code;    /* for the next RST_STREAM that the library sends; 0: its own */
    uint32_t block_stream; /* of the header block that is being read; 0: none */
    size_t block_bytes;
    uint64_t block_since;    /* ms */
    uint32_t head_stream;    /* of the last header block */
    bool head_ends;          /* it was all of the request */
    uint64_t partial_since;  /* ms, of an incomplete frame; 0: none */
    uint32_t partial_stream; /* 0: it is not of a body */
    size_t partial_bytes;
    uint64_t record_since; /* ms, of an incomplete TLS record; 0: none */
    /* Unfinished bodies. */
    guard_body_t *bodies;
    unsigned body_count;
    unsigned body_capacity;
    bool http1_body;
    uint64_t http1_since;                             /* ms */
    size_t held;                                      /* bytes of all its unfinished bodies, and: */
    size_t head;                                      /* of a head or frame that has come in part */
    size_t dropped;                                   /* bytes of bodies that are refused already */
    struct guard_conn *holder_next, *holder_previous; /* of those with held bytes, on this thread */
} guard_conn_t;

void guard_options_init(guard_options_t *options);
err_t guard_new(const guard_options_t *options, guard_t **out) FPD_MUST_CHECK;
/* After its last connection. NULL is fine. */
void guard_free(guard_t *guard);
/* How often each kind came up. Any thread. */
uint64_t guard_count(const guard_t *guard, guard_kind_t kind);
/* "control-frames" */
const char *guard_kind_name(guard_kind_t kind);

/*
 * Whether every function is in force that the guard takes the place of: real connections through
 * the library, on a thread of their own. On failure *why has one line.
 */
err_t guard_self_test(buf_t *why) FPD_MUST_CHECK;

/*
 * Attaches a record to a new socket, as its on_close; from then on the socket is guarded, and
 * on_close is called when it is gone. The record must live until then. False, and nothing is done,
 * when the peer has too many connections; one that is not `counted` may have any number.
 */
bool guard_open(guard_t *guard, guard_conn_t *conn, struct st_h2o_socket_t *sock, bool counted,
                size_t body_limit, void (*on_close)(guard_conn_t *conn)) FPD_MUST_CHECK;
/*
 * Counts one that was not yet, by the address that the socket has by now: its client has become
 * known. False when that has too many: the caller closes it.
 */
bool guard_admit(guard_conn_t *conn) FPD_MUST_CHECK;
/* Its record; NULL when it is not guarded. */
guard_conn_t *guard_of_socket(const struct st_h2o_socket_t *sock);
/* Around calls of the library that may parse input outside of a read callback. */
guard_conn_t *guard_enter(guard_conn_t *conn);
void guard_leave(guard_conn_t *before);

/*
 * A TLS handshake begins, which costs memory and work before anybody has said anything. False: the
 * address has too many of them, and the caller closes the connection.
 */
bool guard_handshake_begin(guard_conn_t *conn) FPD_MUST_CHECK;
/* It is over; the end of the connection is its end, too. */
void guard_handshake_end(guard_conn_t *conn);
/* TLS messages behind the handshake cost like control frames. False: the connection is to end. */
bool guard_tls_message(guard_conn_t *conn) FPD_MUST_CHECK;
/* The request has reached a handler: its body, if any, is complete. */
void guard_request(guard_conn_t *conn, struct st_h2o_req_t *req);
/* Looks for what takes too long. False: the connection is to be cut. */
bool guard_check(guard_conn_t *conn, uint64_t now_ms);
/* HTTP/2 streams whose bodies are too slow; how many were written, at most max. */
size_t guard_slow_bodies(guard_conn_t *conn, uint64_t now_ms, uint32_t *streams, size_t max);
/*
 * Resets HTTP/2 streams (CANCEL), as if frames of the client had made the library do it. Not from
 * inside the library's parser. The connection may be gone behind this.
 */
void guard_reset_streams(guard_conn_t *conn, const uint32_t *streams, size_t count,
                         guard_kind_t why);
/* From now on this thread's loop drains. */
void guard_drain(void);

#endif
