#include "readers.h"

#include "footprintd/log/log.h"
#include "footprintd/updates/tips.h"

static void describe_views(void *arg, hub_t *hub)
{
    tips_describe(hub, arg);
}

static void log_guard(const http_server_t *http)
{
    buf_t line = BUF_INIT;
    for (int kind = 0; kind < GUARD_KIND_COUNT; kind++) {
        uint64_t count = http_server_guard_count(http, (guard_kind_t)kind);
        buf_printf(&line, "%s%s=%llu", line.len ? " " : "", guard_kind_name((guard_kind_t)kind),
                   (unsigned long long)count);
    }
    log_listed(LOG_LEVEL_INFO, "guard", "%.*s", SLICE_ARG(buf_slice(&line)));
    buf_release(&line);
}

void readers_log(hubs_t *hubs, http_server_t *http)
{
    hub_counters_t c;
    hubs_read_counters(hubs, &c);
    http_fan_out_t f = http_server_fan_out(http);
    log_listed(LOG_LEVEL_INFO, "updates",
               "streams=%llu views=%llu feeds=%llu log-bytes=%llu streams-opened=%llu "
               "streams-refused=%llu views-opened=%llu views-refused=%llu",
               (unsigned long long)c.streams, (unsigned long long)c.views,
               (unsigned long long)c.feeds, (unsigned long long)c.log_bytes,
               (unsigned long long)c.streams_opened, (unsigned long long)c.streams_refused,
               (unsigned long long)c.views_opened, (unsigned long long)c.views_refused);
    log_listed(LOG_LEVEL_INFO, "updates",
               "versions=%llu json-patches=%llu merge-patches=%llu patches-refused=%llu "
               "frames-made=%llu edges=%llu edges-gone=%llu edges-early=%llu",
               (unsigned long long)c.versions, (unsigned long long)c.patches_json,
               (unsigned long long)c.patches_merge, (unsigned long long)c.patches_refused,
               (unsigned long long)c.frames_made, (unsigned long long)c.edges,
               (unsigned long long)c.edges_gone, (unsigned long long)c.edges_early);
    log_listed(
        LOG_LEVEL_INFO, "updates", "fan-outs=%llu last-ms=%llu greatest-ms=%llu mean-ms=%.1f",
        (unsigned long long)f.count, (unsigned long long)f.last_ms,
        (unsigned long long)f.greatest_ms, f.count ? (double)f.total_ms / (double)f.count : 0.0);
    log_guard(http);
    http_server_log_readers(http);
    buf_t views = BUF_INIT;
    hubs_each(hubs, describe_views, &views);
    for (size_t at = 0; at < views.len;) {
        size_t len = (size_t)((char *)memchr(views.ptr + at, '\n', views.len - at) - views.ptr) -
                     at;
        log_listed(LOG_LEVEL_INFO, "tips", "view: %.*s", (int)len, views.ptr + at);
        at += len + 1;
    }
    buf_release(&views);
}
