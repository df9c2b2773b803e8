/*
 * Whether the server is well: for probes, for metrics and for people.
 */
#ifndef FPD_APP_HEALTH_H
#define FPD_APP_HEALTH_H

#include "builder.h"
#include "footprintd/http/metrics.h"

typedef struct health {
    const config_t *config;
    builder_t *builder;
    http_server_t *http;
    journal_t *journal; /* NULL: none */
} health_t;

/*
 * http_metrics_options_t.healthy, of a health_t: a line for everything that is wrong, and, for
 * HEALTH_READY, one that begins with "warning: " for what is no reason to send clients elsewhere:
 * documents that were refused, since every replica would have them, and what was served before is
 * served on.
 */
bool health_ask(const health_t *h, health_question_t question, buf_t *why);

#endif
