/*
 * What is measured while requests are served: plain counters of each loop, which only its thread
 * writes, and which whoever asks reads and sums up. No lock, no line of a cache that loops share.
 *
 * Hooks are one line each where something happens; http_server_write_metrics writes what came of
 * it.
 */
#ifndef FOOTPRINTD_HTTP_MEASURE_H
#define FOOTPRINTD_HTTP_MEASURE_H

#include "footprintd/base/table.h"
#include "footprintd/http/figures.h"
#include "footprintd/updates/frame.h"
#include "http/internal.h"

/* Written by one thread, read by any. */
typedef _Atomic(uint64_t) count_t;

static inline void count_add(count_t *count, uint64_t n)
{
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

static inline void count_set(count_t *count, uint64_t value)
{
    atomic_store_explicit(count, value, memory_order_relaxed);
}

static inline uint64_t count_get(count_t *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

/* Kinds of resources of which a loop can tell; what comes beyond is counted as "other". */
#define MEASURE_RESOURCES 40
/* Status codes: measure.c has the list; the last is of all others. */
#define MEASURE_CODES     20
#define MEASURE_PROTOCOLS 2 /* h1, h2 */
/* uCDNs, in blocks that a loop makes when it needs them. */
#define MEASURE_UCDN_BLOCK  64
#define MEASURE_UCDN_BLOCKS 32
#define MEASURE_UCDNS       (MEASURE_UCDN_BLOCK * MEASURE_UCDN_BLOCKS)
#define MEASURE_CLASSES     5 /* 1xx to 5xx */
#define MEASURE_VIAS        2 /* streams, TIPS */
#define MEASURE_MESSAGES    4 /* frame_kind_t, then control events */
#define MEASURE_CLOCK_SET   ((uint64_t)1 << 32)

/* What the columns are of, but for the last. */
extern const int measure_codes[MEASURE_CODES - 1];

typedef struct histogram_counts {
    count_t buckets[METRIC_BUCKETS + 1];
    count_t sum_us;
} histogram_counts_t;

typedef struct resource_counts {
    _Atomic(const char *) name; /* static; NULL: not in use */
    count_t requests[MEASURE_CODES][MEASURE_PROTOCOLS];
    histogram_counts_t duration;
} resource_counts_t;

typedef struct ucdn_counts {
    count_t requests[MEASURE_CLASSES];
    count_t sent;
    count_t refused;
} ucdn_counts_t;

typedef struct listener_counts {
    count_t accepted, closed;
    count_t refused_limit, refused_peer;
    count_t handshakes; /* that failed */
    count_t received, sent;
} listener_counts_t;

struct loop_counts {
    resource_counts_t resources[MEASURE_RESOURCES];
    _Atomic(ucdn_counts_t *) ucdns[MEASURE_UCDN_BLOCKS];
    count_t hits[HTTP_HIT_COUNT];
    count_t messages[MEASURE_VIAS][MEASURE_MESSAGES];
    count_t message_bytes[MEASURE_VIAS][MEASURE_MESSAGES];
    histogram_counts_t fan_out;
    count_t held_polls;
    count_t lag_ms, lag_versions; /* as of the last sweep */
    count_t cpu_clock; /* of the thread: its clockid_t and MEASURE_CLOCK_SET; 0: not running yet */
    count_t turns, stalls;
    count_t worst_ms;
    _Atomic(uint64_t) stall_ms; /* since somebody asked last, who sets it to 0 */
    listener_counts_t listeners[];
};

/* The names of uCDNs, each with a place in all loops; it only grows. */
struct measure_names {
    pthread_mutex_t lock;
    char *names[MEASURE_UCDNS];
    size_t count;
    table_t places; /* name -> its place in `names` */
};

/* ---- life ---- */

/* NULL on no memory. */
measure_names_t *measure_names_new(void);
/* NULL is fine. */
void measure_names_free(measure_names_t *names);
/* Of one loop; NULL on no memory. Lives as long as the server. */
loop_counts_t *measure_counts_new(size_t listeners);
void measure_counts_free(loop_counts_t *counts);
/* On the loop, before its first turn. */
void measure_begin(http_loop_t *loop);
/* Registers what counts each request when it is over. */
void measure_register(h2o_pathconf_t *path);

/* ---- hooks, on the loop ---- */

/* What the request is about, a static name; the last one said counts. */
void measure_request(h2o_req_t *req, const char *resource);
/* Its uCDN asks for more than its rates allow. */
void measure_refused(h2o_req_t *req);
/* Something came up against a limit. */
void measure_hit(http_loop_t *loop, http_hit_t hit);
/* A turn of the loop is over. */
void measure_turn(http_loop_t *loop);
/* The places of a table's profiles, by index; NULL on no memory. To be freed by the caller. */
uint16_t *measure_places(http_server_t *server, const ucdns_t *ucdns);
/* A reader was sent a message. frame: NULL for a control event; via TIPS or a stream. */
void measure_message(http_loop_t *loop, bool tips, const frame_t *frame, size_t bytes);
/* News have reached the last stream of the loop. */
void measure_fan_out(http_loop_t *loop, uint64_t ms);
void measure_lag(http_loop_t *loop, uint64_t ms, uint64_t versions);
/* The numbers of the connection's listener. */
listener_counts_t *measure_listener(const http_conn_t *conn);
/* What the connection read and wrote since the last time. */
void measure_bytes(http_conn_t *conn);

#endif
