/*
 * What the files of the guard share, and what they know of the library beyond its public headers.
 */
#ifndef FOOTPRINTD_GUARD_INTERNAL_H
#define FOOTPRINTD_GUARD_INTERNAL_H

#include "footprintd/guard/guard.h"

#include <h2o.h>
#include <h2o/cache_digests.h>
#include <h2o/http2.h>
#include <pthread.h>

/* ---- of the library (2.2.5), whose headers for this cannot be used outside of it ---- */

/* h2o/http2_internal.h */
typedef struct st_h2o_http2_frame_t {
    uint32_t length;
    uint8_t type;
    uint8_t flags;
    uint32_t stream_id;
    const uint8_t *payload;
} h2o_http2_frame_t;

/* Opaque here; the first member of the one is an h2o_conn_t, of the other the stream's number. */
typedef struct st_h2o_http2_conn_t h2o_http2_conn_t;
typedef struct st_h2o_http2_stream_t h2o_http2_stream_t;
typedef struct st_h2o_hpack_header_table_t h2o_hpack_header_table_t;

#define HTTP2_PATH_EXISTS       4 /* in pseudo_header_exists_map */
#define HTTP2_CODE_REFUSED      7
#define HTTP2_CODE_CANCEL       8
#define HTTP2_FRAME_HEADER_SIZE 9

/* picohttpparser.h */
struct phr_header {
    const char *name;
    size_t name_len;
    const char *value;
    size_t value_len;
};
struct phr_chunked_decoder {
    size_t bytes_left_in_chunk;
    char consume_trailer;
    char _hex_count;
    char _state;
};

/* The functions that ours take the place of. */
#define GUARD_HOOKS(X)                                                                             \
    X(READ_START, h2o_socket_read_start)                                                           \
    X(FRAME, h2o_http2_decode_frame)                                                               \
    X(RESET, h2o_http2__encode_rst_stream_frame)                                                   \
    X(REGISTER, h2o_http2_conn_register_stream)                                                    \
    X(UNREGISTER, h2o_http2_conn_unregister_stream)                                                \
    X(HEADERS, h2o_hpack_parse_headers)                                                            \
    X(REQUEST, phr_parse_request)                                                                  \
    X(CHUNKED, phr_decode_chunked)

#define GUARD_HOOK_ID(id, function) HOOK_##id,
typedef enum guard_hook { GUARD_HOOKS(GUARD_HOOK_ID) HOOK_COUNT } guard_hook_t;
#undef GUARD_HOOK_ID

ssize_t h2o_http2_decode_frame(h2o_http2_frame_t *frame, const uint8_t *src, size_t len,
                               const h2o_http2_settings_t *host_settings, const char **err_desc);
void h2o_http2__encode_rst_stream_frame(h2o_buffer_t **buf, uint32_t stream_id, int errnum);
void h2o_http2_conn_register_stream(h2o_http2_conn_t *conn, h2o_http2_stream_t *stream);
void h2o_http2_conn_unregister_stream(h2o_http2_conn_t *conn, h2o_http2_stream_t *stream);
int h2o_hpack_parse_headers(h2o_req_t *req, h2o_hpack_header_table_t *header_table,
                            const uint8_t *src, size_t len, int *pseudo_header_exists_map,
                            size_t *content_length, h2o_cache_digests_t **digests,
                            const char **err_desc);
int phr_parse_request(const char *buf, size_t len, const char **method, size_t *method_len,
                      const char **path, size_t *path_len, int *minor_version,
                      struct phr_header *headers, size_t *num_headers, size_t last_len);
ssize_t phr_decode_chunked(struct phr_chunked_decoder *decoder, char *buf, size_t *bufsz);

/* ---- of the guard ---- */

/* Addresses that are remembered although they have no connection. */
#define GUARD_IDLE_PEERS 8192
#define GUARD_PEER_SLOTS 4096

struct guard {
    guard_options_t options;
    atomic_uint_fast64_t counts[GUARD_KIND_COUNT];
    atomic_uint_fast64_t told[GUARD_KIND_COUNT]; /* ms of the last line, 0: none */
    atomic_size_t held[2]; /* bytes of unfinished bodies: clients, operators */
    /* peers.c */
    pthread_mutex_t lock;
    guard_peer_t *slots[GUARD_PEER_SLOTS];
    guard_peer_t *idle_first, *idle_last; /* the first is the one seen longest ago */
    size_t idle_count;
};

struct guard_body {
    uint32_t stream;
    bool refused;   /* it is too large, and the request has been answered or soon will be */
    bool too_long;  /* its Content-Length is above the limit; the library was not told */
    uint64_t since; /* ms; of its begin, or its refusal */
    size_t bytes;
};

/* Of this thread: the connection whose input is being parsed. */
extern _Thread_local guard_conn_t *guard_current;
extern _Thread_local bool guard_draining;
/* Hooks that the library has called, as bits; for the self-test. */
extern _Thread_local unsigned guard_called;

static inline void guard_hook_called(guard_hook_t hook)
{
    guard_called |= 1U << hook;
}

/* conn.c */
/* The library's own functions, in the order of guard_hook_t; NULL for one that is not there. */
void *guard_real(guard_hook_t hook);
/* Whose input the byte lies in: the current connection, or the one that begins to read again. */
guard_conn_t *guard_of_input(const char *at);
static inline uint64_t guard_now(const guard_conn_t *conn)
{
    return h2o_now(h2o_socket_get_loop(conn->sock));
}
/* The library sees the end at its next read. */
void guard_cut(guard_conn_t *conn);

/* report.c: conn may be NULL. */
void guard_report(guard_t *guard, guard_conn_t *conn, guard_kind_t kind);

/* peers.c */
bool guard_peers_admit(guard_t *guard, guard_conn_t *conn);
/* It had to be cut off: its address may open fewer for some time. */
void guard_peers_charge(guard_conn_t *conn);
void guard_peers_leave(guard_conn_t *conn);
void guard_peers_free(guard_t *guard);
/* Streams that its address has; 0 when it is not counted. */
uint64_t guard_peer_streams(const guard_conn_t *conn);
void guard_peer_add_streams(guard_conn_t *conn, int n);

/* bodies.c; all return 0, or the error that ends the connection. */
int guard_body_open(guard_conn_t *conn, uint32_t stream);
guard_body_t *guard_body_find(guard_conn_t *conn, uint32_t stream);
/* A frame of DATA; it may be changed. */
int guard_body_data(guard_conn_t *conn, h2o_http2_frame_t *frame);
/* The request is complete. */
int guard_body_end(guard_conn_t *conn, guard_body_t *body);
void guard_body_refuse(guard_conn_t *conn, uint32_t stream);
/* The client has reset it: nothing more comes. */
void guard_body_abandon(guard_conn_t *conn, uint32_t stream);
void guard_body_stream_gone(guard_conn_t *conn, uint32_t stream);
/* What a head, header block or frame takes of which only a part has come; 0: it is complete. */
int guard_head(guard_conn_t *conn, size_t bytes);
void guard_body_http1_begin(guard_conn_t *conn, uint64_t now);
/* Before the library looks at input. */
void guard_body_http1_read(guard_conn_t *conn);
void guard_body_release_all(guard_conn_t *conn);
bool guard_body_http1_slow(const guard_conn_t *conn, uint64_t now);

/* RFC 9110 5.6.2 */
static inline bool guard_is_token_char(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

bool guard_is_token(const char *text, size_t len);
/* RFC 9110 7.2: a host as in a URI, and a port; no user. */
bool guard_is_host(const char *host, size_t len);

/* Makes a frame one that does nothing. */
void guard_frame_ignore(h2o_http2_frame_t *frame);

#endif
