#include "http/measure.h"

#include "http/identity.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A turn that takes longer is told of: other clients of the loop have waited for it. */
#define STALL_MS 10

/* Places that every server has, before those of profiles. */
#define PLACE_UNAUTHENTICATED 0
#define PLACE_OTHER           1

/* ---- life ---- */

measure_names_t *measure_names_new(void)
{
    measure_names_t *names = calloc(1, sizeof *names);
    if (names) {
        (void)pthread_mutex_init(&names->lock, NULL);
        names->count = PLACE_OTHER + 1;
    }
    return names;
}

void measure_names_free(measure_names_t *names)
{
    for (size_t i = PLACE_OTHER + 1; names && i < names->count; i++) {
        free(names->names[i]);
    }
    if (names) {
        table_release(&names->places);
        (void)pthread_mutex_destroy(&names->lock);
    }
    free(names);
}

loop_counts_t *measure_counts_new(size_t listeners)
{
    const size_t line = 64; /* of the processor's caches */
    size_t size = sizeof(loop_counts_t) + (listeners + 1) * sizeof(listener_counts_t);
    size = (size + line - 1) / line * line;
    loop_counts_t *counts = aligned_alloc(line, size);
    if (counts) {
        memset(counts, 0, size);
    }
    return counts;
}

void measure_counts_free(loop_counts_t *counts)
{
    for (size_t i = 0; counts && i < MEASURE_UCDN_BLOCKS; i++) {
        free(atomic_load(&counts->ucdns[i]));
    }
    free(counts);
}

void measure_begin(http_loop_t *loop)
{
    clockid_t clock;
    if (pthread_getcpuclockid(pthread_self(), &clock) == 0) {
        count_set(&loop->counts->cpu_clock, (uint32_t)clock | MEASURE_CLOCK_SET);
    }
}

void measure_turn(http_loop_t *loop)
{
    struct timeval now;
    (void)gettimeofday(&now, NULL);
    loop_counts_t *counts = loop->counts;
    /* The library notes the time when the poll returns. */
    uint64_t now_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_usec / 1000;
    uint64_t began = h2o_now(loop->ctx.loop);
    uint64_t took = now_ms > began ? now_ms - began : 0;
    count_add(&counts->turns, 1);
    if (took > STALL_MS) {
        count_add(&counts->stalls, 1);
    }
    if (took > count_get(&counts->worst_ms)) {
        count_set(&counts->worst_ms, took);
    }
    uint64_t seen = atomic_load_explicit(&counts->stall_ms, memory_order_relaxed);
    while (took > seen &&
           !atomic_compare_exchange_weak_explicit(&counts->stall_ms, &seen, took,
                                                  memory_order_relaxed, memory_order_relaxed)) {
    }
}

/* ---- uCDNs ---- */

/* NULL when there is no room, or no memory, for one more. With the lock. */
static char **add_name(measure_names_t *names, slice_t name)
{
    char *copy = names->count < MEASURE_UCDNS ? strndup(name.ptr, name.len) : NULL;
    char **place = &names->names[names->count];
    if (!copy || table_put(&names->places, slice_str(copy), place, NULL)) {
        free(copy);
        return NULL;
    }
    *place = copy;
    names->count++;
    return place;
}

static uint16_t place_of(measure_names_t *names, slice_t name)
{
    (void)pthread_mutex_lock(&names->lock);
    char **place = table_get(&names->places, name);
    place = place ? place : add_name(names, name);
    (void)pthread_mutex_unlock(&names->lock);
    return place ? (uint16_t)(place - names->names) : PLACE_OTHER;
}

uint16_t *measure_places(http_server_t *server, const ucdns_t *ucdns)
{
    size_t count = ucdns_count(ucdns);
    uint16_t *places = calloc(count + 1, sizeof *places);
    for (size_t i = 0; places && i < count; i++) {
        places[i] = place_of(server->names, ucdns_profile(ucdns, i)->name);
    }
    return places;
}

/* A principal may be of an older table than the loop's. */
static size_t place_of_request(http_loop_t *loop, h2o_req_t *req)
{
    const principal_t *p = principal_of_request(req);
    const identity_pin_t *pin = loop->identity;
    if (!p || !p->profile) {
        return PLACE_UNAUTHENTICATED;
    }
    return p->ucdns == pin->ucdns && pin->places ? pin->places[p->index]
                                                 : place_of(loop->server->names, p->profile->name);
}

/* NULL on no memory. */
static ucdn_counts_t *ucdn_of_request(http_loop_t *loop, h2o_req_t *req)
{
    size_t place = place_of_request(loop, req);
    _Atomic(ucdn_counts_t *) *block = &loop->counts->ucdns[place / MEASURE_UCDN_BLOCK];
    ucdn_counts_t *ucdns = atomic_load_explicit(block, memory_order_relaxed);
    if (!ucdns) {
        ucdns = calloc(MEASURE_UCDN_BLOCK, sizeof *ucdns);
        if (!ucdns) {
            return NULL;
        }
        atomic_store_explicit(block, ucdns, memory_order_release);
    }
    return &ucdns[place % MEASURE_UCDN_BLOCK];
}

void measure_refused(h2o_req_t *req)
{
    ucdn_counts_t *u = ucdn_of_request(loop_of_request(req), req);
    if (u) {
        count_add(&u->refused, 1);
    }
}

static void count_ucdn(http_loop_t *loop, h2o_req_t *req)
{
    ucdn_counts_t *u = ucdn_of_request(loop, req);
    if (!u) {
        return;
    }
    int class = req->res.status / 100 - 1;
    if (class >= 0 && class < MEASURE_CLASSES) {
        count_add(&u->requests[class], 1);
    }
    count_add(&u->sent, req->bytes_sent);
}

/* ---- requests ---- */

const int measure_codes[MEASURE_CODES - 1] = {200, 204, 206, 304, 400, 401, 403, 404, 405, 406,
                                              408, 410, 413, 415, 425, 429, 500, 501, 503};

static size_t code_index(int status)
{
    size_t i = 0;
    while (i < MEASURE_CODES - 1 && measure_codes[i] != status) {
        i++;
    }
    return i;
}

/* Names are static: the same text has nearly always the same address. */
static size_t resource_index(loop_counts_t *counts, const char *name)
{
    size_t i = 0;
    for (; i < MEASURE_RESOURCES - 1; i++) {
        const char *known = atomic_load_explicit(&counts->resources[i].name, memory_order_relaxed);
        if (known == name || (known && strcmp(known, name) == 0)) {
            return i;
        }
        if (!known) {
            atomic_store_explicit(&counts->resources[i].name, name, memory_order_release);
            return i;
        }
    }
    atomic_store_explicit(&counts->resources[i].name, "other", memory_order_release);
    return i;
}

/*
 * The library counts delegations there, which we have none of; it has no place in a request for
 * what is ours that costs as little.
 */
static unsigned *place_in(h2o_req_t *req)
{
    return &req->num_delegated;
}

void measure_request(h2o_req_t *req, const char *resource)
{
    *place_in(req) = (unsigned)resource_index(loop_of_request(req)->counts, resource) + 1;
}

static void observe(histogram_counts_t *h, uint64_t us)
{
    count_add(&h->buckets[metric_bucket(us)], 1);
    count_add(&h->sum_us, us);
}

/* Those of HTTP/2 have no time of their own until they are handed to a handler. */
static uint64_t duration_us(const h2o_req_t *req)
{
    struct timeval begin = req->timestamps.request_begin_at, now;
    if (begin.tv_sec == 0 || req->version >= 0x200) {
        begin = req->processed_at.at;
    }
    (void)gettimeofday(&now, NULL);
    int64_t us = (int64_t)(now.tv_sec - begin.tv_sec) * 1000000 + now.tv_usec - begin.tv_usec;
    return us > 0 ? (uint64_t)us : 0;
}

/* What is open for as long as the client likes. */
static bool is_lasting(const char *name)
{
    return strcmp(name, "updates") == 0 || strcmp(name, "tips-view") == 0;
}

/* When a request is disposed of, on its loop. */
static void on_end(h2o_logger_t *logger, h2o_req_t *req)
{
    (void)logger;
    http_loop_t *loop = loop_of_request(req);
    if (req->conn->ctx == &loop->metrics_ctx) {
        return; /* who only looks is not who is served */
    }
    if (!*place_in(req)) {
        measure_request(req, "none");
    }
    resource_counts_t *r = &loop->counts->resources[*place_in(req) - 1];
    count_add(&r->requests[code_index(req->res.status)][req->version >= 0x200], 1);
    if (!is_lasting(atomic_load_explicit(&r->name, memory_order_relaxed))) {
        observe(&r->duration, duration_us(req));
    }
    if (req->conn->ctx == &loop->ctx) {
        count_ucdn(loop, req);
    }
}

void measure_register(h2o_pathconf_t *path)
{
    h2o_logger_t *logger = h2o_create_logger(path, sizeof *logger);
    logger->log_access = on_end;
}

/* ---- others ---- */

void measure_hit(http_loop_t *loop, http_hit_t hit)
{
    count_add(&loop->counts->hits[hit], 1);
}

void measure_message(http_loop_t *loop, bool tips, const frame_t *frame, size_t bytes)
{
    size_t kind = frame ? (size_t)frame->kind : FRAME_KIND_COUNT;
    count_add(&loop->counts->messages[tips][kind], 1);
    count_add(&loop->counts->message_bytes[tips][kind], bytes);
}

void measure_fan_out(http_loop_t *loop, uint64_t ms)
{
    observe(&loop->counts->fan_out, ms * 1000);
}

void measure_lag(http_loop_t *loop, uint64_t ms, uint64_t versions)
{
    count_set(&loop->counts->lag_ms, ms);
    count_set(&loop->counts->lag_versions, versions);
}

listener_counts_t *measure_listener(const http_conn_t *conn)
{
    const http_loop_t *loop = conn->loop;
    return &loop->counts->listeners[conn->listener - loop->listeners];
}

void measure_bytes(http_conn_t *conn)
{
    listener_counts_t *counts = measure_listener(conn);
    count_add(&counts->received, conn->guard.received - conn->measured_read);
    count_add(&counts->sent, conn->sock->bytes_written - conn->measured_written);
    conn->measured_read = conn->guard.received;
    conn->measured_written = conn->sock->bytes_written;
}
