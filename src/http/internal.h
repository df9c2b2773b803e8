/*
 * What the files of this area share: the server, its loops, and a loop's connections.
 *
 * Threads. The server's own fields are written by the thread that owns the server, before the loops
 * start or under `lock`. Everything in a loop belongs to that loop's thread, except its mailbox.
 */
#ifndef FOOTPRINTD_HTTP_INTERNAL_H
#define FOOTPRINTD_HTTP_INTERNAL_H

#include "footprintd/guard/guard.h"
#include "footprintd/http/server.h"
#include "http/listener.h"
#include "http/proxies.h"
#include "http/share.h"
#include "http/worker.h"

#include <h2o.h>
#include <pthread.h>
#include <stdatomic.h>

typedef struct http_loop http_loop_t;
typedef struct http_admin http_admin_t;       /* http/admin_server.h */
typedef struct http_metrics http_metrics_t;   /* http/metrics_server.h */
typedef struct loop_counts loop_counts_t;     /* http/measure.h */
typedef struct measure_names measure_names_t; /* likewise */
typedef struct http_identity http_identity_t; /* http/identity.h */
typedef struct identity_pin identity_pin_t;

/* Streams of one connection that are given up at a time. */
#define HTTP_STALLED_MAX 16
/* Heartbeats come at somewhat different intervals, so that they do not come all at once. */
#define HTTP_BEATS 8

/* What a running loop is asked to become; it only ever rises. */
typedef enum loop_stop {
    LOOP_RUN,
    LOOP_DRAIN, /* no new connections, end when the last one has gone */
    LOOP_KILL,  /* cut what is left */
} loop_stop_t;

/* A listener as one loop has it. */
typedef struct loop_listener {
    http_loop_t *loop;
    h2o_socket_t *sock;        /* on a duplicate of the listener's descriptor; NULL once closed */
    h2o_accept_ctx_t accept;   /* ssl_ctx is a reference of the loop's own */
    h2o_timeout_entry_t pause; /* linked while out of file descriptors */
} loop_listener_t;

/*
 * One reference on a snapshot for all requests of one loop that began with it: an h2o shared chunk,
 * whose count needs no atomics because only the loop's thread touches it. A request links it to its
 * pool and so holds the snapshot until its last byte is sent.
 */
typedef struct snapshot_pin {
    snapshot_t *snapshot;
    worker_pool_t *workers;
    struct snapshot_release *release; /* lets go of it on a worker: freeing one takes long */
} snapshot_pin_t;

/* See pulse.c. */
typedef struct loop_pulse {
    atomic_ullong asked_ms;  /* monotonic; 0: nobody waits for an answer */
    atomic_ullong took_ms;   /* the slowest answer since somebody looked */
    atomic_ullong worst_ms;  /* of all answers, and of one that is waited for */
    atomic_ullong silent_ms; /* for how long it has not come around, as of the last look */
    uint64_t excused_ms;     /* what was before does not count; of whoever watches */
} loop_pulse_t;

struct http_loop {
    h2o_context_t ctx;
    h2o_context_t admin_ctx;   /* on the same event loop; only with an admin interface */
    h2o_context_t metrics_ctx; /* likewise; only with metrics */
    h2o_timeout_t soon;        /* a millisecond: in another turn than this one */
    http_server_t *server;
    unsigned index;
    pthread_t thread;
    atomic_bool thread_runs; /* is to be joined */
    bool wakeable;           /* has a queue that can be written to; under the server's lock */

    loop_listener_t *listeners; /* one for each of the server's */
    snapshot_pin_t *pin;
    const view_t *view; /* of the pinned snapshot */
    identity_pin_t *identity;
    loop_counts_t *counts;
    uint64_t trust;       /* counts profiles and TLS settings that this loop has had */
    h2o_linklist_t conns; /* http_conn_t.link */
    size_t conn_count;
    h2o_linklist_t streams; /* sse_t.link */
    h2o_linklist_t polls;   /* poll_t.link */
    h2o_timeout_t beats[HTTP_BEATS];
    h2o_timeout_entry_t more_news; /* the rest of the streams, in the next turn */
    bool rest_of_news;             /* it is their turn */
    uint64_t news;                 /* counts them */
    uint64_t news_began;           /* ms */
    size_t awaiting;               /* streams that have not been sent all of the last news */
    bool telling;                  /* the news are on their way to the streams */
    bool told;                     /* and there was something in them for a stream */
    size_t jobs_out;               /* POSTs at the workers */
    h2o_multithread_receiver_t jobs_back;
    h2o_timeout_t sweep_timeout;
    h2o_timeout_entry_t sweep;
    h2o_timeout_entry_t drain_tick;
    uint64_t drain_began; /* h2o_now, ms; 0: not draining */

    /* The mailbox: any thread writes, then wakes the loop. */
    atomic_bool mail;
    h2o_timeout_entry_t read_mail;      /* linked while there is some */
    _Atomic(snapshot_t *) new_snapshot; /* one reference */
    atomic_bool new_versions;           /* of what streams and polls wait for */
    atomic_bool log_readers;
    atomic_bool new_tls;
    atomic_bool new_ucdns;
    atomic_int stop; /* loop_stop_t */
    loop_pulse_t pulse;
};

struct http_server {
    http_options_t options; /* defaults filled in; listeners is NULL, see below */
    listener_t *listeners;  /* those for clients come first */
    size_t listener_count;
    h2o_globalconf_t config;
    guard_t *guard;
    http_admin_t *admin;     /* NULL without */
    http_metrics_t *metrics; /* NULL without */
    measure_names_t *names;  /* of uCDNs, for what is counted */
    http_identity_t *identity;
    proxies_t proxies; /* that are trusted */
    worker_pool_t *workers;
    char cache_control[32]; /* "max-age=60", "private, max-age=60" */
    size_t cache_control_len;
    atomic_size_t connections; /* of all loops */
    share_t answers;        /* bytes of computed answers that are not wholly sent, and of requests
                               for them that wait */
    share_t jobs;           /* at the workers */
    uint8_t ane_secret[32]; /* http/ane_key.h */
    atomic_uint random;     /* state for spreading Retry-After */
    http_fan_out_t fan_out; /* under `lock` */
    _Atomic(uint64_t) news_ms; /* since the epoch: when there was news last */

    http_loop_t *loops; /* NULL until http_server_start */
    size_t loop_count;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* ready or ended */
    size_t ready;           /* loops that serve */
    size_t ended;           /* loops whose thread is at its end */
    bool failed;            /* a loop could not begin */
    bool stuck;             /* a drain ended without them: nothing may be freed */
};

/* One accepted connection; hangs on its socket's on_close and dies with it. */
typedef struct http_conn {
    guard_conn_t guard; /* first: the socket's on_close finds the connection by it */
    h2o_linklist_t link;
    http_loop_t *loop;
    loop_listener_t *listener;
    h2o_socket_t *sock;
    SSL_CTX *ssl_ctx;            /* that it was accepted with: a reference; NULL for cleartext */
    atomic_size_t *counter;      /* of connections, that it is counted in */
    h2o_timeout_entry_t timeout; /* until the first request may begin */
    enum { CONN_NEW, CONN_HTTP1, CONN_HTTP2 } phase;
    uint64_t begun; /* when it was given to the library, behind a handshake: h2o_now, ms */
    bool asked;     /* a request of it came to a handler */
    bool cut;       /* shut down by us: the library closes it when it reads the end */
    /* For the sweep. */
    unsigned active;  /* requests under way, as counted last */
    unsigned waiting; /* of these, answers that the peer has not taken */
    uint64_t sent;    /* bytes of these answers */
    uint64_t last_sent;
    uint64_t stalled_since; /* ms; 0: not stalled */
    bool slow_body;
    uint32_t stalled[HTTP_STALLED_MAX]; /* streams of which nothing is taken, while others move */
    unsigned stalled_count;
    unsigned streams;                         /* event streams and held polls */
    uint64_t measured_read, measured_written; /* bytes that are counted already */
    /* Of identity.c: */
    const SSL *ssl;          /* NULL in cleartext, and until the handshake begins */
    uint64_t certificate_of; /* what `profile` holds for, see http_loop_t.trust; 0: never looked */
    int64_t certificate_end; /* s since 1970 */
    size_t profile;          /* of its certificate; UCDN_NONE */
    bool certificate_lost;   /* there is one that is not valid any more */
    char ucdn[UCDN_NAME_MAX + 1]; /* whose last request it was */
    bool several;                 /* requests of several were on it */
} http_conn_t;

static inline http_conn_t *conn_of_request(h2o_req_t *req)
{
    return req->conn->callbacks->get_socket(req->conn)->on_close.data;
}

static inline http_loop_t *loop_of_request(h2o_req_t *req)
{
    return conn_of_request(req)->loop;
}

static inline h2o_iovec_t iovec_of(slice_t s)
{
    return h2o_iovec_init(s.ptr, s.len);
}

static inline slice_t slice_of_iovec(h2o_iovec_t v)
{
    return slice_of(v.base, v.len);
}

/* server.c: of the listener that has this role, which at most one has; "" when there is none. */
slice_t server_uri_of(const http_server_t *server, listener_role_t role);

/* loop.c: arg is an http_loop_t whose server, index and new_snapshot are set. */
void *loop_main(void *arg);
/*
 * Shows the newest snapshot from now on. Before every request, not only when the mail is read: who
 * was told that a change is published finds it.
 */
void loop_take_snapshot(http_loop_t *loop);
/* After something was put into the mailbox; any thread. */
void loop_wake(http_loop_t *loop);
/* Only makes the loop come around; false when it does not run. Any thread. */
bool loop_rouse(http_loop_t *loop);
/* pulse.c: the loop has come around. */
void pulse_answer(http_loop_t *loop);

/* conn.c: listeners of a loop, and connections until the library's HTTP code has them. */
err_t conn_listen(http_loop_t *loop) FPD_MUST_CHECK;
void conn_take_tls(http_loop_t *loop);
/* Takes what the kernel has accepted already, then closes the listening sockets. */
void conn_stop_listening(http_loop_t *loop);
void conn_release_listeners(http_loop_t *loop);

/* sweep.c: what timers of the library do not cover, and the drain. */
void sweep_begin(http_loop_t *loop);
void sweep_drain(http_loop_t *loop);
void sweep_cut_all(http_loop_t *loop);
void sweep_end(http_loop_t *loop);

/* The address of the connection, which may be a proxy's; the buffer has NI_MAXHOST bytes. */
slice_t conn_peer(h2o_conn_t *conn, char *buffer);
/*
 * peer.c: the client's address, for logs and answers about it: behind trusted proxies what they
 * say. The buffer has NI_MAXHOST bytes.
 */
slice_t peer_of_request(h2o_req_t *req, char *buffer);
/* The same for what is counted: of an IPv6 address the /64, of which one client has all. */
slice_t peer_key_of_request(h2o_req_t *req, char *buffer);
/* Whether a new connection is a trusted proxy's, and what that says by the PROXY protocol. */
bool peer_may_be_proxy(http_conn_t *conn);
void peer_set(h2o_socket_t *sock, const addr_t *address, uint16_t port);
/* Ends a connection that takes nothing; the library cleans up. */
void conn_cut(http_conn_t *conn);

/* handler.c: the path of a request, normalised and decoded, without query. */
slice_t handler_path(h2o_req_t *req);
void handler_register(h2o_pathconf_t *path);

/*
 * identity.c: the newest profiles and TLS settings count from now on. Before every request, as
 * loop_take_snapshot: whoever was told that somebody is revoked can rely on it.
 */
void identity_take(http_loop_t *loop);
void identity_release(http_loop_t *loop);
/*
 * Cuts connections whose event streams and held polls began with credentials that do not hold any
 * more. before: the profiles until now, or NULL when they are the same.
 */
void identity_recheck(http_loop_t *loop, const ucdns_t *before);

/*
 * What whoever asks may see of the pinned snapshot; NULL while it is older than his profile. Behind
 * identity_resolve.
 */
const view_t *view_of_request(h2o_req_t *req);
/* Its versions; NULL as above. */
hub_t *hub_of_request(h2o_req_t *req);

/* access_log.c */
void access_log_register(h2o_pathconf_t *path);

#endif
