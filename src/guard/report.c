#include "guard/internal.h"

#include "footprintd/log/log.h"

#include <inttypes.h>
#include <netdb.h>
#include <stdlib.h>

/* Lines of one kind come this far apart. */
#define QUIET_MS 10000

#define KIND_NAME(id, name, text) name,
#define KIND_TEXT(id, name, text) text,
static const char *const kind_names[] = {GUARD_KINDS(KIND_NAME)};
static const char *const kind_texts[] = {GUARD_KINDS(KIND_TEXT)};
#undef KIND_NAME
#undef KIND_TEXT

void guard_options_init(guard_options_t *options)
{
    *options = (guard_options_t){.control_per_s = 4000,
                                 .resets_per_s = 300,
                                 .header_bytes = (uint64_t)32 << 10,
                                 .header_fields = 100,
                                 .header_s = 5,
                                 .conn_body_bytes = (uint64_t)2 << 20,
                                 .total_body_bytes = (uint64_t)32 << 20,
                                 .body_bytes_per_s = 256,
                                 .new_connections_per_s = 500,
                                 .connections_per_address = 6144,
                                 .streams_per_address = 6144,
                                 .handshakes_per_address = 256,
                                 .connections_per_network = 8192,
                                 .new_connections_per_network_s = 2000};
}

err_t guard_new(const guard_options_t *options, guard_t **out)
{
    guard_t *guard = calloc(1, sizeof *guard);
    if (!guard) {
        return ERR_NOMEM;
    }
    guard->options = *options;
    (void)pthread_mutex_init(&guard->lock, NULL);
    *out = guard;
    return ERR_OK;
}

void guard_free(guard_t *guard)
{
    if (guard) {
        guard_peers_free(guard);
        (void)pthread_mutex_destroy(&guard->lock);
        free(guard);
    }
}

uint64_t guard_count(const guard_t *guard, guard_kind_t kind)
{
    return atomic_load_explicit(&guard->counts[kind], memory_order_relaxed);
}

const char *guard_kind_name(guard_kind_t kind)
{
    return kind_names[kind];
}

/* No client that means well comes to it. */
static bool is_attack(guard_kind_t kind)
{
    return kind <= GUARD_HEADER_TIME || kind == GUARD_BODY_CONN || kind == GUARD_BODY_TOTAL;
}

void guard_report(guard_t *guard, guard_conn_t *conn, guard_kind_t kind)
{
    if (is_attack(kind)) {
        guard_peers_charge(conn);
    }
    uint64_t count = atomic_fetch_add_explicit(&guard->counts[kind], 1, memory_order_relaxed) + 1;
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    uint64_t now = (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000 + 1;
    uint64_t told = atomic_load_explicit(&guard->told[kind], memory_order_relaxed);
    if ((told && now - told < QUIET_MS) ||
        !atomic_compare_exchange_strong(&guard->told[kind], &told, now)) {
        return;
    }
    char peer[NI_MAXHOST] = "?";
    struct sockaddr_storage address;
    socklen_t len = h2o_socket_getpeername(conn->sock, (struct sockaddr *)&address);
    size_t n = len ? h2o_socket_getnumerichost((struct sockaddr *)&address, len, peer) : SIZE_MAX;
    log_line(LOG_LEVEL_WARNING, "guard", "%s: %.*s; %" PRIu64 " so far", kind_texts[kind],
             n == SIZE_MAX ? 1 : (int)n, n == SIZE_MAX ? "?" : peer, count);
}
