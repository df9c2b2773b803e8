/*
 * What the metrics listener answers: the application's half of http/metrics.h.
 */
#ifndef FPD_APP_METRICS_H
#define FPD_APP_METRICS_H

#include "health.h"

typedef struct metrics {
    health_t health;
    hubs_t *hubs;
    time_t started; /* s since the epoch */
} metrics_t;

/* http_metrics_options_t; arg is a metrics_t whose members are set by then, and live longer. */
void metrics_scrape(void *arg, metrics_format_t format, buf_t *out);
bool metrics_healthy(void *arg, health_question_t question, buf_t *why);

/* metrics_limits.c: how often a limit was met, by its key; false when nothing counts that. */
bool metrics_limit_hits(const http_server_t *http, const hub_counters_t *hubs, const char *limit,
                        uint64_t *hits);
/* metrics_limits.c: value, use and hits of every limit, and what the guard did. */
void metrics_write_limits(const metrics_t *m, const hub_counters_t *hubs, size_t documents,
                          metrics_writer_t *w);
/* metrics_process.c: bytes of memory that are resident, and mapped; false when that is not known.
 */
bool metrics_memory(uint64_t *resident, uint64_t *mapped);
/* metrics_process.c: of the process, as every program has it. */
void metrics_write_process(const metrics_t *m, metrics_writer_t *w);

#endif
