#include "footprintd/http/figures.h"
#include "metrics.h"

/* ---- what counts how often a limit was met ---- */

typedef enum source_kind { SOURCE_HTTP, SOURCE_GUARD, SOURCE_HUB } source_kind_t;

typedef struct source {
    const char *limit; /* its key */
    source_kind_t kind;
    size_t what; /* http_hit_t, guard_kind_t, or the place in hub_counters_t */
} source_t;

#define HUB(member) offsetof(hub_counters_t, member)

/* Limits that nothing stands for here are met by documents and databases: those are findings. */
static const source_t sources[] = {
    {"connections", SOURCE_HTTP, HTTP_HIT_CONNECTIONS},
    {"request-body-bytes", SOURCE_HTTP, HTTP_HIT_REQUEST_BODY},
    {"request-body-bytes", SOURCE_GUARD, GUARD_BODY_LARGE},
    {"admin-body-bytes", SOURCE_HTTP, HTTP_HIT_ADMIN_BODY},
    {"admin-backup-bytes", SOURCE_HTTP, HTTP_HIT_ADMIN_BACKUP},
    {"request-timeout-s", SOURCE_HTTP, HTTP_HIT_REQUEST_TIME},
    {"handshake-timeout-s", SOURCE_HTTP, HTTP_HIT_HANDSHAKE_TIME},
    {"send-timeout-s", SOURCE_HTTP, HTTP_HIT_SEND_TIME},
    {"send-timeout-s", SOURCE_GUARD, GUARD_STALLED},
    {"h2-control-per-s", SOURCE_GUARD, GUARD_CONTROL},
    {"h2-resets-per-s", SOURCE_GUARD, GUARD_RESETS},
    {"header-block-bytes", SOURCE_GUARD, GUARD_HEADER_BYTES},
    {"header-fields", SOURCE_GUARD, GUARD_HEADER_FIELDS},
    {"header-block-s", SOURCE_GUARD, GUARD_HEADER_TIME},
    {"body-bytes-per-s", SOURCE_GUARD, GUARD_BODY_SLOW},
    {"connection-body-bytes", SOURCE_GUARD, GUARD_BODY_CONN},
    {"body-bytes", SOURCE_GUARD, GUARD_BODY_TOTAL},
    {"new-connections-per-s", SOURCE_GUARD, GUARD_RATE},
    {"connections-per-address", SOURCE_GUARD, GUARD_ADDRESS},
    {"connections-per-network", SOURCE_GUARD, GUARD_NETWORK},
    {"new-connections-per-network-s", SOURCE_GUARD, GUARD_NETWORK_RATE},
    {"streams-per-address", SOURCE_GUARD, GUARD_STREAMS},
    {"handshakes-per-address", SOURCE_GUARD, GUARD_HANDSHAKES},
    {"filter-entries", SOURCE_HTTP, HTTP_HIT_FILTER_ENTRIES},
    {"cost-values", SOURCE_HTTP, HTTP_HIT_COST_VALUES},
    {"cost-batches-per-s", SOURCE_HTTP, HTTP_HIT_COST_BATCHES},
    {"worker-queue", SOURCE_HTTP, HTTP_HIT_WORKER_QUEUE},
    {"answer-bytes", SOURCE_HTTP, HTTP_HIT_ANSWER},
    {"answers-bytes", SOURCE_HTTP, HTTP_HIT_ANSWERS},
    {"ucdn-requests-per-s", SOURCE_HTTP, HTTP_HIT_UCDN_REQUESTS},
    {"ucdn-entities-per-s", SOURCE_HTTP, HTTP_HIT_UCDN_ENTITIES},
    {"ucdn-bytes-per-s", SOURCE_HTTP, HTTP_HIT_UCDN_BYTES},
    {"update-streams", SOURCE_HUB, HUB(hits_streams)},
    {"update-substreams", SOURCE_HUB, HUB(hits_substreams)},
    {"update-substream-ids", SOURCE_HUB, HUB(hits_substream_ids)},
    {"update-inputs", SOURCE_HUB, HUB(hits_inputs)},
    {"update-client-inputs", SOURCE_HUB, HUB(hits_client_inputs)},
    {"update-input-bytes", SOURCE_HUB, HUB(hits_input_bytes)},
    {"update-opens-per-s", SOURCE_HUB, HUB(hits_opens)},
    {"update-full-bytes-per-s", SOURCE_HUB, HUB(hits_full_bytes)},
    {"tips-views", SOURCE_HUB, HUB(views_refused)},
};

static uint64_t count_of(const http_server_t *http, const hub_counters_t *hubs, const source_t *s)
{
    switch (s->kind) {
    case SOURCE_HTTP:
        return http_server_hits(http, (http_hit_t)s->what);
    case SOURCE_GUARD:
        return http_server_guard_count(http, (guard_kind_t)s->what);
    case SOURCE_HUB:
        return *(const uint64_t *)(const void *)((const char *)hubs + s->what);
    }
    return 0;
}

bool metrics_limit_hits(const http_server_t *http, const hub_counters_t *hubs, const char *limit,
                        uint64_t *hits)
{
    bool counted = false;
    *hits = 0;
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        if (strcmp(limit, sources[i].limit) == 0) {
            *hits += count_of(http, hubs, &sources[i]);
            counted = true;
        }
    }
    return counted;
}

static void write_hits(const metrics_t *m, const hub_counters_t *hubs, metrics_writer_t *w)
{
    metrics_family(w, METRIC_LIMIT_HITS);
    for (size_t i = 0; i < config_limit_count; i++) {
        const slice_t label = slice_str(config_limit_infos[i].name);
        uint64_t hits;
        if (metrics_limit_hits(m->health.http, hubs, config_limit_infos[i].name, &hits)) {
            metrics_u64(w, &label, hits);
        }
    }
}

static void write_use(const metrics_t *m, const hub_counters_t *hubs, size_t documents,
                      metrics_writer_t *w)
{
    const struct {
        const char *limit;
        uint64_t use;
    } uses[] = {{"connections", http_server_connections(m->health.http)},
                {"worker-queue", http_server_jobs_waiting(m->health.http)},
                {"answers-bytes", http_server_answer_bytes(m->health.http)},
                {"documents", documents},
                {"update-streams", hubs->streams},
                {"update-inputs", hubs->inputs},
                {"update-input-bytes", hubs->input_bytes},
                {"tips-views", hubs->views}};
    metrics_family(w, METRIC_LIMIT_USE);
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
        const slice_t label = slice_str(uses[i].limit);
        metrics_u64(w, &label, uses[i].use);
    }
}

void metrics_write_limits(const metrics_t *m, const hub_counters_t *hubs, size_t documents,
                          metrics_writer_t *w)
{
    metrics_family(w, METRIC_LIMIT_VALUE);
    for (size_t i = 0; i < config_limit_count; i++) {
        const slice_t label = slice_str(config_limit_infos[i].name);
        metrics_u64(w, &label,
                    config_limit_value(&m->health.config->limits, &config_limit_infos[i]));
    }
    write_use(m, hubs, documents, w);
    write_hits(m, hubs, w);
    metrics_family(w, METRIC_GUARD_ACTIONS);
    for (int kind = 0; kind < GUARD_KIND_COUNT; kind++) {
        const slice_t label = slice_str(guard_kind_name((guard_kind_t)kind));
        metrics_u64(w, &label, http_server_guard_count(m->health.http, (guard_kind_t)kind));
    }
}
