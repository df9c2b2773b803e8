/*
 * Metrics: what families there are, and how they are written.
 *
 * Every family is a row of one const table: its name, type, unit, labels and what it means. The
 * writer, the reference (`footprintd --list-metrics`) and the tests iterate over it. The writer
 * knows two formats: OpenMetrics text 1.0 and Prometheus text 0.0.4, which differ in the names of
 * counters, in escaping, and in the end mark.
 *
 * Pure: no I/O, no clock, no allocation but that of the buffer, whose failure sticks.
 */
#ifndef FOOTPRINTD_METRICS_METRICS_H
#define FOOTPRINTD_METRICS_METRICS_H

#include "footprintd/base/bytes.h"
#include "footprintd/metrics/families.h"

typedef enum metric_type {
    METRIC_COUNTER, /* is written with the suffix _total */
    METRIC_GAUGE,
    METRIC_HISTOGRAM,
    METRIC_INFO, /* a gauge of 1 with the suffix _info; its labels say something */
} metric_type_t;

#define METRIC_LABELS_MAX 3

typedef struct metric_family {
    const char *name; /* without the suffix of its type */
    metric_type_t type;
    const char *unit;                          /* the name's last word; "" for a number of things */
    const char *labels[METRIC_LABELS_MAX + 1]; /* in the order of their values; NULL behind the last
                                                */
    const char *help;
} metric_family_t;

extern const metric_family_t metric_families[METRIC_FAMILY_COUNT];

/* "counter" */
const char *metric_type_name(metric_type_t type);

/* ---- what is measured ---- */

/* Upper bounds of a histogram's buckets, in seconds, with what their `le` label says. */
#define METRIC_BUCKETS 16
typedef struct metric_bound {
    uint64_t microseconds;
    const char *text; /* "0.0025" */
} metric_bound_t;
extern const metric_bound_t metric_bounds[METRIC_BUCKETS];

/* Counts by bucket, not cumulative; the last is of what is above all bounds. */
typedef struct metric_histogram {
    uint64_t buckets[METRIC_BUCKETS + 1];
    uint64_t sum_us;
} metric_histogram_t;

/* The bucket that so long belongs into. */
size_t metric_bucket(uint64_t microseconds);

/* ---- writing ---- */

typedef enum metrics_format {
    METRICS_PROMETHEUS,  /* text/plain; version=0.0.4 */
    METRICS_OPENMETRICS, /* application/openmetrics-text; version=1.0.0 */
} metrics_format_t;

/* The Content-Type of a format. */
const char *metrics_media_type(metrics_format_t format);

typedef struct metrics_writer {
    metrics_format_t format;
    buf_t *out;
    metric_id_t family; /* that samples are of */
} metrics_writer_t;

void metrics_begin(metrics_writer_t *w, metrics_format_t format, buf_t *out);
/* The head of a family; all of its samples follow, before those of any other. */
void metrics_family(metrics_writer_t *w, metric_id_t id);
/* labels: as many values as the family has labels; any bytes; NULL when it has none. */
void metrics_u64(metrics_writer_t *w, const slice_t *labels, uint64_t value);
/* Microseconds, or milliseconds, of a family in seconds. */
void metrics_us(metrics_writer_t *w, const slice_t *labels, uint64_t microseconds);
void metrics_ms(metrics_writer_t *w, const slice_t *labels, uint64_t milliseconds);
void metrics_histogram(metrics_writer_t *w, const slice_t *labels, const metric_histogram_t *h);
/* A family with one sample without labels. */
void metrics_one(metrics_writer_t *w, metric_id_t id, uint64_t value);
void metrics_end(metrics_writer_t *w);

/* ---- reference ---- */

/* The table of all families, as Markdown. */
void metrics_write_reference(buf_t *out);

#endif
