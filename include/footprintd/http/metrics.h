/*
 * Metrics and health over HTTP: a listener of its own that only tells. GET and HEAD of /metrics,
 * /livez, /readyz and /startupz, and of / for people.
 *
 * It shares the loops with the rest of the server and nothing else: a library context, connections
 * and workers of its own, so that it answers when the others are at their limits.
 */
#ifndef FOOTPRINTD_HTTP_METRICS_H
#define FOOTPRINTD_HTTP_METRICS_H

#include "footprintd/http/server.h"
#include "footprintd/metrics/metrics.h"

typedef enum health_question {
    HEALTH_LIVE,    /* or does it have to be started again? */
    HEALTH_READY,   /* or should clients be sent elsewhere? */
    HEALTH_STARTED, /* or is it still on its way? */
} health_question_t;

typedef struct http_metrics_options {
    http_listener_t listener;
    void *arg;
    /* On a worker. */
    void (*scrape)(void *arg, metrics_format_t format, buf_t *out);
    /*
     * Appends a line for everything that is wrong, or worth knowing. HEALTH_LIVE is asked on a
     * loop, and must not wait for anything; the others on a worker.
     */
    bool (*healthy)(void *arg, health_question_t question, buf_t *why);
} http_metrics_options_t;

/* "http://127.0.0.1:9090", with the port that was picked; "" without metrics. */
slice_t http_server_metrics_uri(const http_server_t *server);

#endif
