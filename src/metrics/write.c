#include "footprintd/metrics/metrics.h"

#include "footprintd/base/json.h"

const char *metrics_media_type(metrics_format_t format)
{
    return format == METRICS_OPENMETRICS
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

void metrics_begin(metrics_writer_t *w, metrics_format_t format, buf_t *out)
{
    *w = (metrics_writer_t){.format = format, .out = out, .family = METRIC_FAMILY_COUNT};
}

/* What a sample's name has behind the family's. */
static const char *suffix_of(metric_type_t type)
{
    return type == METRIC_COUNTER ? "_total" : type == METRIC_INFO ? "_info" : "";
}

/*
 * Both formats escape a backslash and a line feed; OpenMetrics also quotes in HELP, and both do in
 * the values of labels. Values may have any bytes, and the text must be UTF-8.
 */
static void write_escaped(buf_t *out, slice_t text, bool quotes)
{
    bool utf8 = utf8_valid(text);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '\n') {
            buf_append_str(out, "\\n");
        } else if (c == '\\' || (c == '"' && quotes)) {
            buf_append_char(out, '\\');
            buf_append_char(out, c);
        } else {
            buf_append_char(out, !utf8 && (unsigned char)c >= 0x80 ? '?' : c);
        }
    }
}

/* The family's name as lines that begin with '#' have it: 0.0.4 knows nothing of suffixes. */
static void write_meta(metrics_writer_t *w, const char *what, const metric_family_t *f)
{
    buf_append_str(w->out, "# ");
    buf_append_str(w->out, what);
    buf_append_char(w->out, ' ');
    buf_append_str(w->out, f->name);
    if (w->format == METRICS_PROMETHEUS) {
        buf_append_str(w->out, suffix_of(f->type));
    }
    buf_append_char(w->out, ' ');
}

void metrics_family(metrics_writer_t *w, metric_id_t id)
{
    const metric_family_t *f = &metric_families[id];
    w->family = id;
    bool open = w->format == METRICS_OPENMETRICS;
    write_meta(w, "HELP", f);
    write_escaped(w->out, slice_str(f->help), open);
    buf_append_char(w->out, '\n');
    write_meta(w, "TYPE", f);
    buf_append_str(w->out, !open && f->type == METRIC_INFO ? "gauge" : metric_type_name(f->type));
    buf_append_char(w->out, '\n');
    if (open && f->unit[0]) {
        write_meta(w, "UNIT", f);
        buf_append_str(w->out, f->unit);
        buf_append_char(w->out, '\n');
    }
}

/* Up to the value. `le` is NULL but for buckets. */
static void write_name(metrics_writer_t *w, const char *suffix, const slice_t *labels,
                       const char *le)
{
    const metric_family_t *f = &metric_families[w->family];
    buf_append_str(w->out, f->name);
    buf_append_str(w->out, suffix);
    char before = '{';
    for (size_t i = 0; f->labels[i]; i++) {
        buf_append_char(w->out, before);
        buf_append_str(w->out, f->labels[i]);
        buf_append_str(w->out, "=\"");
        write_escaped(w->out, labels[i], true);
        buf_append_char(w->out, '"');
        before = ',';
    }
    if (le) {
        buf_append_char(w->out, before);
        buf_append_str(w->out, "le=\"");
        buf_append_str(w->out, le);
        buf_append_char(w->out, '"');
        before = ',';
    }
    if (before == ',') {
        buf_append_char(w->out, '}');
    }
    buf_append_char(w->out, ' ');
}

static void write_u64(metrics_writer_t *w, const char *suffix, const slice_t *labels,
                      const char *le, uint64_t value)
{
    write_name(w, suffix, labels, le);
    buf_append_u64(w->out, value);
    buf_append_char(w->out, '\n');
}

static void write_seconds(metrics_writer_t *w, const char *suffix, const slice_t *labels,
                          uint64_t us)
{
    write_name(w, suffix, labels, NULL);
    buf_printf(w->out, "%llu.%06llu\n", (unsigned long long)(us / 1000000),
               (unsigned long long)(us % 1000000));
}

void metrics_u64(metrics_writer_t *w, const slice_t *labels, uint64_t value)
{
    write_u64(w, suffix_of(metric_families[w->family].type), labels, NULL, value);
}

void metrics_us(metrics_writer_t *w, const slice_t *labels, uint64_t microseconds)
{
    write_seconds(w, suffix_of(metric_families[w->family].type), labels, microseconds);
}

void metrics_ms(metrics_writer_t *w, const slice_t *labels, uint64_t milliseconds)
{
    metrics_us(w, labels, milliseconds * 1000);
}

void metrics_histogram(metrics_writer_t *w, const slice_t *labels, const metric_histogram_t *h)
{
    uint64_t count = 0;
    for (size_t i = 0; i < METRIC_BUCKETS; i++) {
        count += h->buckets[i];
        write_u64(w, "_bucket", labels, metric_bounds[i].text, count);
    }
    count += h->buckets[METRIC_BUCKETS];
    write_u64(w, "_bucket", labels, "+Inf", count);
    write_seconds(w, "_sum", labels, h->sum_us);
    write_u64(w, "_count", labels, NULL, count);
}

void metrics_one(metrics_writer_t *w, metric_id_t id, uint64_t value)
{
    metrics_family(w, id);
    metrics_u64(w, NULL, value);
}

void metrics_end(metrics_writer_t *w)
{
    if (w->format == METRICS_OPENMETRICS) {
        buf_append_str(w->out, "# EOF\n");
    }
}

void metrics_write_reference(buf_t *out)
{
    buf_append_str(out, "| metric | type | labels | what it says |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < METRIC_FAMILY_COUNT; i++) {
        const metric_family_t *f = &metric_families[i];
        buf_printf(out, "| `%s%s` | %s |", f->name, suffix_of(f->type), metric_type_name(f->type));
        for (size_t k = 0; f->labels[k]; k++) {
            buf_printf(out, "%s `%s`", k ? "," : "", f->labels[k]);
        }
        buf_printf(out, " | %s |\n", f->help);
    }
}
