#include "http/setup.h"

#include "http/internal.h"
#include "http/measure.h"

#include <sched.h>

#define DEFAULT_MAX_BODY          ((size_t)1 << 20)
#define DEFAULT_MAX_CONNECTIONS   10000
#define DEFAULT_REQUEST_TIMEOUT   15
#define DEFAULT_HANDSHAKE_TIMEOUT 10
#define DEFAULT_SEND_TIMEOUT      30
#define DEFAULT_WORKER_QUEUE      256
#define DEFAULT_ANSWER_BYTES      ((size_t)128 << 20)
#define DEFAULT_ANSWERS_BYTES     ((size_t)256 << 20)
#define DEFAULT_HEARTBEAT         15
#define DEFAULT_STALL             30
#define DEFAULT_STREAMS           32

/*
 * The library's own limit answers with 413 on HTTP/1.1, but on HTTP/2 resets the stream in a way
 * that asks the client to try again. So it is only the hard stop, and the handler's limit is met
 * first by whatever is only moderately too large.
 */
#define HARD_BODY_LIMIT(max) ((max) + (max) / 4 + ((size_t)64 << 10))

void setup_defaults(http_options_t *options)
{
    if (!options->max_body_bytes) {
        options->max_body_bytes = DEFAULT_MAX_BODY;
    }
    if (!options->max_connections) {
        options->max_connections = DEFAULT_MAX_CONNECTIONS;
    }
    if (!options->request_timeout_s) {
        options->request_timeout_s = DEFAULT_REQUEST_TIMEOUT;
    }
    if (!options->handshake_timeout_s) {
        options->handshake_timeout_s = DEFAULT_HANDSHAKE_TIMEOUT;
    }
    if (!options->send_timeout_s) {
        options->send_timeout_s = DEFAULT_SEND_TIMEOUT;
    }
    if (!options->worker_queue) {
        options->worker_queue = DEFAULT_WORKER_QUEUE;
    }
    if (!options->answer_bytes) {
        options->answer_bytes = DEFAULT_ANSWER_BYTES;
    }
    if (!options->answers_bytes) {
        options->answers_bytes = DEFAULT_ANSWERS_BYTES;
    }
    if (!options->heartbeat_s) {
        options->heartbeat_s = DEFAULT_HEARTBEAT;
    }
    if (!options->stall_s) {
        options->stall_s = DEFAULT_STALL;
    }
    if (!options->streams_per_connection) {
        options->streams_per_connection = DEFAULT_STREAMS;
    }
    if (!options->guard.control_per_s) {
        guard_options_init(&options->guard);
    }
    if (!options->threads) {
        cpu_set_t cpus;
        options->threads = sched_getaffinity(0, sizeof cpus, &cpus) == 0
                               ? (unsigned)CPU_COUNT(&cpus)
                               : 1;
    }
}

void setup_config(h2o_globalconf_t *config, const http_options_t *options, size_t max_body_bytes,
                  void (*handler)(h2o_pathconf_t *path))
{
    h2o_config_init(config);
    config->server_name = h2o_iovec_init(H2O_STRLIT("footprintd"));
    config->max_request_entity_size = HARD_BODY_LIMIT(max_body_bytes);
    config->handshake_timeout = (uint64_t)options->handshake_timeout_s * 1000;
    config->http1.req_timeout = (uint64_t)options->request_timeout_s * 1000;
    config->http1.upgrade_to_http2 = 0; /* conn.c finds prior knowledge by itself */
    config->http2.idle_timeout = (uint64_t)options->request_timeout_s * 1000;
    config->http2.graceful_shutdown_timeout = 0; /* sweep.c ends a drain */
    h2o_hostconf_t *host = h2o_config_register_host(config, h2o_iovec_init(H2O_STRLIT("default")),
                                                    65535);
    host->http2.push_preload = 0;
    /* No path is registered: the fallback sees every request, in absolute form or not. */
    handler(&host->fallback_path);
    measure_register(&host->fallback_path);
    if (options->access_log) {
        access_log_register(&host->fallback_path);
    }
}
