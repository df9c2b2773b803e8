#include "http/measure.h"

#include "http/admin_server.h"
#include "http/identity.h"
#include "http/metrics_server.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static loop_counts_t *counts_of(const http_server_t *server, size_t i)
{
    return server->loops[i].counts;
}

/* The same count in every loop, by its place in loop_counts_t. */
static uint64_t sum_at(const http_server_t *server, size_t offset)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < server->loop_count; i++) {
        sum += count_get((count_t *)(void *)((char *)counts_of(server, i) + offset));
    }
    return sum;
}

#define SUM(server, ...) sum_at(server, offsetof(loop_counts_t, __VA_ARGS__))

static void add_histogram(metric_histogram_t *to, histogram_counts_t *from)
{
    for (size_t i = 0; i <= METRIC_BUCKETS; i++) {
        to->buckets[i] += count_get(&from->buckets[i]);
    }
    to->sum_us += count_get(&from->sum_us);
}

/* ---- requests ---- */

/* One kind of resource, over all loops. */
typedef struct resource_sum {
    const char *name;
    uint64_t requests[MEASURE_CODES][MEASURE_PROTOCOLS];
    metric_histogram_t duration;
} resource_sum_t;

static void add_resource(resource_sum_t *sums, resource_counts_t *r, const char *name)
{
    size_t k = 0;
    while (k < MEASURE_RESOURCES - 1 && sums[k].name && strcmp(sums[k].name, name) != 0) {
        k++;
    }
    sums[k].name = k < MEASURE_RESOURCES - 1 ? name : "other";
    for (size_t c = 0; c < MEASURE_CODES; c++) {
        for (size_t p = 0; p < MEASURE_PROTOCOLS; p++) {
            sums[k].requests[c][p] += count_get(&r->requests[c][p]);
        }
    }
    add_histogram(&sums[k].duration, &r->duration);
}

/* Loops know the kinds in the order in which they met them. */
static resource_sum_t *sum_resources(const http_server_t *server)
{
    resource_sum_t *sums = calloc(MEASURE_RESOURCES, sizeof *sums);
    for (size_t i = 0; sums && i < server->loop_count; i++) {
        for (size_t k = 0; k < MEASURE_RESOURCES; k++) {
            resource_counts_t *r = &counts_of(server, i)->resources[k];
            const char *name = atomic_load_explicit(&r->name, memory_order_acquire);
            if (name) {
                add_resource(sums, r, name);
            }
        }
    }
    return sums;
}

static void write_requests(const resource_sum_t *sum, metrics_writer_t *w)
{
    static const char *const protocols[MEASURE_PROTOCOLS] = {"h1", "h2"};
    for (size_t c = 0; c < MEASURE_CODES; c++) {
        char code[8] = "other";
        if (c < MEASURE_CODES - 1) {
            (void)snprintf(code, sizeof code, "%d", measure_codes[c]);
        }
        for (size_t p = 0; p < MEASURE_PROTOCOLS; p++) {
            const slice_t labels[] = {slice_str(sum->name), slice_str(code),
                                      slice_str(protocols[p])};
            if (sum->requests[c][p]) {
                metrics_u64(w, labels, sum->requests[c][p]);
            }
        }
    }
}

static bool has_durations(const metric_histogram_t *h)
{
    for (size_t i = 0; i <= METRIC_BUCKETS; i++) {
        if (h->buckets[i]) {
            return true;
        }
    }
    return false;
}

typedef struct ucdn_sum {
    uint64_t requests[MEASURE_CLASSES];
    uint64_t sent, refused;
} ucdn_sum_t;

static void sum_ucdn(const http_server_t *server, size_t place, ucdn_sum_t *out)
{
    *out = (ucdn_sum_t){{0}, 0, 0};
    for (size_t i = 0; i < server->loop_count; i++) {
        ucdn_counts_t *block = atomic_load_explicit(
            &counts_of(server, i)->ucdns[place / MEASURE_UCDN_BLOCK], memory_order_acquire);
        if (block) {
            ucdn_counts_t *u = &block[place % MEASURE_UCDN_BLOCK];
            for (size_t c = 0; c < MEASURE_CLASSES; c++) {
                out->requests[c] += count_get(&u->requests[c]);
            }
            out->sent += count_get(&u->sent);
            out->refused += count_get(&u->refused);
        }
    }
}

/* Names stay where they are, and none is ever taken away. */
static slice_t name_at(measure_names_t *names, size_t place)
{
    static const char *const fixed[] = {"unauthenticated", "other"};
    return slice_str(place < 2 ? fixed[place] : names->names[place]);
}

static size_t name_count(measure_names_t *names)
{
    (void)pthread_mutex_lock(&names->lock);
    size_t count = names->count;
    (void)pthread_mutex_unlock(&names->lock);
    return count;
}

static void write_ucdns(http_server_t *server, metrics_writer_t *w)
{
    static const char *const classes[MEASURE_CLASSES] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
    size_t count = name_count(server->names);
    ucdn_sum_t sum;
    metrics_family(w, METRIC_UCDN_REQUESTS);
    for (size_t i = 0; i < count; i++) {
        sum_ucdn(server, i, &sum);
        for (size_t c = 0; c < MEASURE_CLASSES; c++) {
            const slice_t labels[] = {name_at(server->names, i), slice_str(classes[c])};
            if (sum.requests[c]) {
                metrics_u64(w, labels, sum.requests[c]);
            }
        }
    }
    metrics_family(w, METRIC_UCDN_REFUSED);
    for (size_t i = 0; i < count; i++) {
        const slice_t label = name_at(server->names, i);
        sum_ucdn(server, i, &sum);
        if (sum.refused) {
            metrics_u64(w, &label, sum.refused);
        }
    }
    metrics_family(w, METRIC_UCDN_SENT);
    for (size_t i = 0; i < count; i++) {
        const slice_t label = name_at(server->names, i);
        sum_ucdn(server, i, &sum);
        if (sum.sent) {
            metrics_u64(w, &label, sum.sent);
        }
    }
}

void http_server_write_requests(http_server_t *server, metrics_writer_t *w)
{
    resource_sum_t *sums = sum_resources(server);
    if (!sums) {
        w->out->failed = true;
        return;
    }
    metrics_family(w, METRIC_REQUESTS);
    for (size_t k = 0; k < MEASURE_RESOURCES && sums[k].name; k++) {
        write_requests(&sums[k], w);
    }
    metrics_family(w, METRIC_REQUEST_DURATION);
    for (size_t k = 0; k < MEASURE_RESOURCES && sums[k].name; k++) {
        const slice_t label = slice_str(sums[k].name);
        if (has_durations(&sums[k].duration)) {
            metrics_histogram(w, &label, &sums[k].duration);
        }
    }
    free(sums);
    write_ucdns(server, w);
    const slice_t password = SLICE_LIT("digest"), token = SLICE_LIT("token");
    metrics_family(w, METRIC_CREDENTIAL_FAILURES);
    metrics_u64(w, &password, wrong_count(&server->identity->wrong));
    if (server->admin) {
        metrics_u64(w, &token, wrong_count(&server->admin->wrong));
    }
}

/* ---- connections ---- */

static uint64_t listener_sum(const http_server_t *server, size_t listener, size_t offset)
{
    return sum_at(server, offsetof(loop_counts_t, listeners) +
                              listener * sizeof(listener_counts_t) + offset);
}

static void write_listeners(const http_server_t *server, metrics_writer_t *w, metric_id_t id,
                            size_t offset)
{
    metrics_family(w, id);
    for (size_t i = 0; i < server->listener_count; i++) {
        const slice_t label = slice_str(server->listeners[i].uri);
        metrics_u64(w, &label, listener_sum(server, i, offset));
    }
}

void http_server_write_connections(http_server_t *server, metrics_writer_t *w)
{
    metrics_family(w, METRIC_CONNECTIONS);
    for (size_t i = 0; i < server->listener_count; i++) {
        const slice_t label = slice_str(server->listeners[i].uri);
        /* First those that are closed: a connection that comes meanwhile is one too many. */
        uint64_t closed = listener_sum(server, i, offsetof(listener_counts_t, closed));
        atomic_thread_fence(memory_order_acquire);
        uint64_t accepted = listener_sum(server, i, offsetof(listener_counts_t, accepted));
        metrics_u64(w, &label, accepted > closed ? accepted - closed : 0);
    }
    write_listeners(server, w, METRIC_CONNECTIONS_ACCEPTED, offsetof(listener_counts_t, accepted));
    metrics_family(w, METRIC_CONNECTIONS_REFUSED);
    for (size_t i = 0; i < server->listener_count; i++) {
        const slice_t limit[] = {slice_str(server->listeners[i].uri), SLICE_LIT("limit")};
        const slice_t peer[] = {slice_str(server->listeners[i].uri), SLICE_LIT("peer")};
        metrics_u64(w, limit, listener_sum(server, i, offsetof(listener_counts_t, refused_limit)));
        metrics_u64(w, peer, listener_sum(server, i, offsetof(listener_counts_t, refused_peer)));
    }
    write_listeners(server, w, METRIC_HANDSHAKE_FAILURES, offsetof(listener_counts_t, handshakes));
    write_listeners(server, w, METRIC_RECEIVED, offsetof(listener_counts_t, received));
    write_listeners(server, w, METRIC_SENT, offsetof(listener_counts_t, sent));
}

uint64_t http_server_hits(const http_server_t *server, http_hit_t hit)
{
    return sum_at(server, offsetof(loop_counts_t, hits) + (size_t)hit * sizeof(count_t));
}

size_t http_server_connections(const http_server_t *server)
{
    return atomic_load_explicit(&server->connections, memory_order_relaxed);
}

size_t http_server_jobs_waiting(const http_server_t *server)
{
    return worker_pool_waiting(server->workers);
}

size_t http_server_answer_bytes(const http_server_t *server)
{
    return share_used(&server->answers);
}

/* ---- threads ---- */

typedef struct loop_label {
    char text[16];
    slice_t slice;
} loop_label_t;

static const slice_t *label_of(size_t loop, loop_label_t *label)
{
    int len = snprintf(label->text, sizeof label->text, "%zu", loop);
    label->slice = slice_of(label->text, (size_t)len);
    return &label->slice;
}

static void write_cpu(http_server_t *server, metrics_writer_t *w)
{
    loop_label_t label;
    metrics_family(w, METRIC_LOOP_CPU);
    for (size_t i = 0; i < server->loop_count; i++) {
        uint64_t clock = count_get(&counts_of(server, i)->cpu_clock);
        struct timespec used;
        if (clock && clock_gettime((clockid_t)(uint32_t)clock, &used) == 0) {
            metrics_us(w, label_of(i, &label),
                       (uint64_t)used.tv_sec * 1000000 + (uint64_t)used.tv_nsec / 1000);
        }
    }
}

void http_server_write_threads(http_server_t *server, metrics_writer_t *w)
{
    loop_label_t label;
    metrics_family(w, METRIC_LOOP_TURNS);
    for (size_t i = 0; i < server->loop_count; i++) {
        metrics_u64(w, label_of(i, &label), count_get(&counts_of(server, i)->turns));
    }
    metrics_family(w, METRIC_LOOP_STALLS);
    for (size_t i = 0; i < server->loop_count; i++) {
        metrics_u64(w, label_of(i, &label), count_get(&counts_of(server, i)->stalls));
    }
    metrics_family(w, METRIC_LOOP_STALL);
    for (size_t i = 0; i < server->loop_count; i++) {
        metrics_ms(
            w, label_of(i, &label),
            atomic_exchange_explicit(&counts_of(server, i)->stall_ms, 0, memory_order_relaxed));
    }
    metrics_family(w, METRIC_LOOP_WORST_STALL);
    for (size_t i = 0; i < server->loop_count; i++) {
        /* One that is not over yet is seen by whoever watches alone. */
        uint64_t worst = count_get(&counts_of(server, i)->worst_ms);
        uint64_t watched = http_server_worst_stall_ms(server, i);
        metrics_ms(w, label_of(i, &label), worst > watched ? worst : watched);
    }
    write_cpu(server, w);
    metrics_family(w, METRIC_WORKER_JOBS);
    const slice_t http = SLICE_LIT("http"), admin = SLICE_LIT("admin"),
                  metrics = SLICE_LIT("metrics");
    metrics_u64(w, &http, worker_pool_waiting(server->workers));
    if (server->admin) {
        metrics_u64(w, &admin, worker_pool_waiting(server->admin->workers));
    }
    if (server->metrics) {
        metrics_u64(w, &metrics, worker_pool_waiting(server->metrics->workers));
    }
}

/* ---- readers of changes ---- */

static void write_messages(const http_server_t *server, metrics_writer_t *w, size_t offset)
{
    static const char *const vias[MEASURE_VIAS] = {"stream", "tips"};
    static const char *const kinds[MEASURE_MESSAGES] = {[FRAME_FULL] = "full",
                                                        [FRAME_MERGE] = "merge-patch",
                                                        [FRAME_JSON] = "json-patch",
                                                        [FRAME_KIND_COUNT] = "control"};
    for (size_t via = 0; via < MEASURE_VIAS; via++) {
        for (size_t kind = 0; kind < MEASURE_MESSAGES; kind++) {
            const slice_t labels[] = {slice_str(vias[via]), slice_str(kinds[kind])};
            metrics_u64(w, labels,
                        sum_at(server, offset + (via * MEASURE_MESSAGES + kind) * sizeof(count_t)));
        }
    }
}

static uint64_t greatest(const http_server_t *server, size_t offset)
{
    uint64_t most = 0;
    for (size_t i = 0; i < server->loop_count; i++) {
        uint64_t n = count_get((count_t *)(void *)((char *)counts_of(server, i) + offset));
        most = n > most ? n : most;
    }
    return most;
}

void http_server_write_messages(http_server_t *server, metrics_writer_t *w)
{
    metrics_one(w, METRIC_TIPS_HELD_POLLS, SUM(server, held_polls));
    metrics_family(w, METRIC_UPDATE_MESSAGES);
    write_messages(server, w, offsetof(loop_counts_t, messages));
    metrics_family(w, METRIC_UPDATE_SENT);
    write_messages(server, w, offsetof(loop_counts_t, message_bytes));
    metric_histogram_t fan_out = {{0}, 0};
    for (size_t i = 0; i < server->loop_count; i++) {
        add_histogram(&fan_out, &counts_of(server, i)->fan_out);
    }
    metrics_family(w, METRIC_UPDATE_FAN_OUT);
    metrics_histogram(w, NULL, &fan_out);
    metrics_one(w, METRIC_UPDATE_LAG_VERSIONS,
                greatest(server, offsetof(loop_counts_t, lag_versions)));
    metrics_family(w, METRIC_UPDATE_LAG);
    metrics_ms(w, NULL, greatest(server, offsetof(loop_counts_t, lag_ms)));
}
