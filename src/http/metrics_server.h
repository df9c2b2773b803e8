/*
 * Metrics and health inside the server: a library configuration, workers and connections of their
 * own, on the loops that all share.
 */
#ifndef FOOTPRINTD_HTTP_METRICS_SERVER_H
#define FOOTPRINTD_HTTP_METRICS_SERVER_H

#include "footprintd/http/metrics.h"
#include "http/internal.h"

/* Scrapers and probes are few, and send nothing. */
#define METRICS_MAX_CONNECTIONS 64
#define METRICS_MAX_BODY        1024

struct http_metrics {
    http_metrics_options_t options;
    h2o_globalconf_t config;
    worker_pool_t *workers;
    atomic_size_t connections;
};

/* whole: of the server, with its defaults. On failure *why has one line. */
err_t metrics_server_new(const http_options_t *whole, const http_metrics_options_t *options,
                         http_metrics_t **out, buf_t *why) FPD_MUST_CHECK;
/* Starts the workers. */
err_t metrics_server_start(http_metrics_t *metrics) FPD_MUST_CHECK;
/* Joins them. */
void metrics_server_stop(http_metrics_t *metrics);
/* NULL is fine. */
void metrics_server_free(http_metrics_t *metrics);

#endif
