/*
 * The HTTP server: the only area that knows libh2o, with the guard below it.
 *
 * One event loop per processor; every loop serves every listener (the sockets are opened once, by
 * http_server_new, and shared). A loop learns of a new snapshot by one message and holds its own
 * reference; a request pins the one it began with.
 */
#ifndef FOOTPRINTD_HTTP_SERVER_H
#define FOOTPRINTD_HTTP_SERVER_H

#include "footprintd/config/ucdns.h"
#include "footprintd/guard/guard.h"
#include "footprintd/snapshot/snapshot.h"
#include "footprintd/updates/hub.h"

typedef struct http_server http_server_t;

typedef enum client_auth {
    CLIENT_AUTH_NONE,
    CLIENT_AUTH_OPTIONAL,
    CLIENT_AUTH_REQUIRED,
} client_auth_t;

/* The field in which proxies say for whom they ask. */
typedef enum proxy_header {
    PROXY_HEADER_NONE,
    PROXY_HEADER_FORWARDED,       /* RFC 7239 */
    PROXY_HEADER_X_FORWARDED_FOR, /* as many proxies have it */
} proxy_header_t;

typedef struct http_certificate {
    slice_t certificate; /* PEM chain, path */
    slice_t key;         /* PEM, path */
} http_certificate_t;

typedef struct http_listener {
    slice_t address; /* "127.0.0.1:8080", "[::1]:0" */
    int fd;          /* listens there already, and is duplicated; 0: is opened by the server */
    bool proxied;    /* trusted proxies begin each connection with the PROXY protocol */
    bool tls;
    slice_t certificate;            /* PEM chain, path */
    slice_t key;                    /* PEM, path */
    const http_certificate_t *more; /* for other names that clients ask for (SNI) */
    size_t more_count;
    slice_t client_ca;  /* PEM, path; "" when client_auth is none */
    slice_t client_crl; /* PEM, path; "" for none */
    client_auth_t client_auth;
} http_listener_t;

/* What one uCDN may have a second; 0: as much as it likes. */
typedef struct http_rates {
    uint64_t requests, entities, bytes;
} http_rates_t;

/* How long an abstract network element keeps its name (RFC 9275 11). */
typedef enum ane_names {
    ANE_NAMES_RANDOM,     /* for one answer */
    ANE_NAMES_PER_CLIENT, /* for one client, while the server runs */
    ANE_NAMES_STABLE,     /* for good, and for everybody */
} ane_names_t;

typedef struct http_options {
    const http_listener_t *listeners;
    size_t listener_count;
    unsigned threads;           /* 0: one per processor that this process may use */
    unsigned max_age_s;         /* Cache-Control: max-age */
    bool access_log;            /* JSON lines, through the log's writer thread */
    size_t max_body_bytes;      /* of a request: 413 above; default 1 MiB */
    size_t max_connections;     /* per process */
    unsigned request_timeout_s; /* HTTP/1.1: head and body; HTTP/2: idle */
    unsigned handshake_timeout_s;
    unsigned send_timeout_s; /* a peer that takes nothing for so long is cut off */
    size_t worker_queue;     /* filter requests waiting for a worker: 503 above */
    size_t answer_bytes;     /* memory of one computed answer: 503 above; 128 MiB */
    size_t answers_bytes;    /* of all that are not wholly sent: 503 above; 256 MiB */
    alto_limits_t alto;
    ane_names_t ane_names;
    slice_t base_uri;     /* as in snapshot_options_t */
    unsigned heartbeat_s; /* an event stream without events says that it lives; 15 */
    unsigned stall_s;     /* an event stream that takes nothing for so long is cut off; 30 */
    unsigned streams_per_connection; /* event streams and held polls; 32 */
    unsigned poll_s;                 /* a held poll is answered 503 after so long; 0: never */
    guard_options_t guard;           /* all zeros: as guard_options_init leaves it */
    const struct http_admin_options *admin;     /* http/admin.h; NULL: no admin interface */
    const struct http_metrics_options *metrics; /* http/metrics.h; NULL: no metrics */
    ucdns_t *ucdns;          /* who may ask; NULL: everyone is anonymous. Takes a reference */
    http_rates_t ucdn_rates; /* of profiles without their own */
    const slice_t *trusted_proxies; /* prefixes and addresses, which are copied */
    size_t trusted_proxy_count;
    proxy_header_t proxy_header;
    slice_t digest_realm; /* no '"' and no '\\' in it */
    bool digest_md5;
    unsigned digest_nonce_s;
} http_options_t;

/*
 * A socket that listens at the address, for http_listener_t.fd, so that it may be one for which the
 * process gives up the right: *fd is above 2, and the caller's. One line in *why on failure.
 */
err_t http_listen(slice_t address, int *fd, buf_t *why) FPD_MUST_CHECK;
/* Whether the descriptor is a socket that listens there; not for port 0. */
bool http_listens_at(int fd, slice_t address);

/*
 * Opens sockets and loads certificates; threads do not run yet. On failure *why has one line for
 * a person. The options are copied.
 */
err_t http_server_new(const http_options_t *options, http_server_t **out,
                      buf_t *why) FPD_MUST_CHECK;
/* Whether the files of a TLS listener can be used; if not, *why has one line. */
err_t http_listener_check_tls(const http_listener_t *settings, buf_t *why) FPD_MUST_CHECK;
/* Starts the loops; returns when all of them serve `first`. */
err_t http_server_start(http_server_t *server, snapshot_t *first) FPD_MUST_CHECK;
/* "http://127.0.0.1:8080" for listener i, with the port that was picked. */
slice_t http_server_uri(const http_server_t *server, size_t i);
/* Any thread. Takes its own references. */
void http_server_publish(http_server_t *server, snapshot_t *snapshot);
/* Any thread: event streams and held polls look for what is new in the hub. */
void http_server_news(http_server_t *server);

/* How long news took to the last reader, over all of them so far. */
typedef struct http_fan_out {
    uint64_t count; /* of news on a loop that had readers for it */
    uint64_t last_ms, greatest_ms, total_ms;
} http_fan_out_t;

http_fan_out_t http_server_fan_out(http_server_t *server);
/* What the guard counts. Any thread. */
uint64_t http_server_guard_count(const http_server_t *server, guard_kind_t kind);
/* Writes a line of the log for every event stream and held poll: on every loop, soon. */
void http_server_log_readers(http_server_t *server);
/*
 * Whether the loops go on. For one thread that watches them all several times a second, between
 * http_server_start and the drain: for how many ms loop i has not come around since it was asked
 * to. excused: the process as a whole did not run, so that what was before does not count.
 */
size_t http_server_loop_count(const http_server_t *server);
uint64_t http_server_watch_loop(http_server_t *server, size_t i, bool excused);
/* The longest that it took so far, as whoever watches saw it; any thread. */
uint64_t http_server_worst_stall_ms(const http_server_t *server, size_t i);
/* Reads certificates and keys again; on failure the old ones stay and *why has one line. */
err_t http_server_reload_tls(http_server_t *server, buf_t *why) FPD_MUST_CHECK;
/*
 * Any thread; only when there were profiles from the start. From the next request of every
 * connection on, these profiles are who may ask. Takes a reference. ERR_NOMEM: nothing has changed.
 */
err_t http_server_set_ucdns(http_server_t *server, ucdns_t *ucdns) FPD_MUST_CHECK;
/*
 * Stops accepting at once, lets requests under way finish, closes what is idle, and joins the
 * threads when all connections are gone. What is left after drain_s seconds is cut off, and the log
 * says how many connections that were.
 *
 * False when a thread did not end even so, a second after the deadline: it is computing something,
 * or it spins inside the HTTP library. Then nothing of the server (or of its snapshots) may be
 * freed, and the caller ends the process with _exit.
 */
bool http_server_drain(http_server_t *server, unsigned drain_s);
/* Drains with no patience first, when that was not done. NULL is fine. */
void http_server_free(http_server_t *server);

#endif
