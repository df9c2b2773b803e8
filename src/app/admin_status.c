#include "admin_answers.h"

#include "footprintd/base/json.h"
#include "footprintd/http/figures.h"
#include "footprintd/lookup/report.h"
#include "metrics.h"
#include "schedule.h"

static void write_u64(buf_t *out, const char *name, uint64_t value)
{
    buf_printf(out, ",\"%s\":%llu", name, (unsigned long long)value);
}

static void write_readers(admin_t *admin, buf_t *out)
{
    hub_counters_t c;
    hubs_read_counters(admin->hubs, &c);
    buf_printf(out, ",\"readers\":{\"streams\":%llu", (unsigned long long)c.streams);
    write_u64(out, "views", c.views);
    write_u64(out, "feeds", c.feeds);
    write_u64(out, "log-bytes", c.log_bytes);
    write_u64(out, "streams-opened", c.streams_opened);
    write_u64(out, "streams-refused", c.streams_refused);
    write_u64(out, "views-opened", c.views_opened);
    write_u64(out, "views-refused", c.views_refused);
    write_u64(out, "versions", c.versions);
    write_u64(out, "json-patches", c.patches_json);
    write_u64(out, "merge-patches", c.patches_merge);
    write_u64(out, "patches-refused", c.patches_refused);
    buf_append_char(out, '}');
}

/* What is wrong, without the warnings: the rest of the status tells of those in full. */
static void write_health(admin_t *admin, buf_t *out)
{
    const health_t health = {.config = admin->config,
                             .builder = admin->builder,
                             .http = admin->server,
                             .journal = admin->journal};
    static const char warning[] = "warning: ";
    buf_t why = BUF_INIT;
    bool ready = health_ask(&health, HEALTH_READY, &why);
    buf_printf(out, ",\"health\":{\"ready\":%s,\"problems\":[", ready ? "true" : "false");
    bool first = true;
    for (size_t at = 0; at < why.len;) {
        const char *line = why.ptr + at;
        const char *end = memchr(line, '\n', why.len - at);
        size_t len = end ? (size_t)(end - line) : why.len - at;
        if (strncmp(line, warning, sizeof warning - 1) != 0) {
            buf_append_str(out, first ? "" : ",");
            json_write_string(out, slice_of(line, len));
            first = false;
        }
        at += len + 1;
    }
    buf_append_str(out, "]}");
    out->failed |= buf_failed(&why);
    buf_release(&why);
}

static void write_load(admin_t *admin, buf_t *out)
{
    uint64_t resident, mapped, worst = 0;
    for (size_t i = 0; i < http_server_loop_count(admin->server); i++) {
        uint64_t ms = http_server_worst_stall_ms(admin->server, i);
        worst = ms > worst ? ms : worst;
    }
    buf_printf(out, ",\"load\":{\"connections\":%zu", http_server_connections(admin->server));
    write_u64(out, "connections-limit", admin->config->limits.connections);
    write_u64(out, "jobs-waiting", http_server_jobs_waiting(admin->server));
    if (metrics_memory(&resident, &mapped)) {
        write_u64(out, "resident-bytes", resident);
    }
    write_u64(out, "worst-stall-ms", worst);
    write_u64(out, "log-lines-dropped", log_dropped());
    buf_append_char(out, '}');
}

/* Limits that something came up against since the start. */
static void write_limits_met(admin_t *admin, buf_t *out)
{
    hub_counters_t hubs;
    bool first = true;
    hubs_read_counters(admin->hubs, &hubs);
    buf_append_str(out, ",\"limits-met\":{");
    for (size_t i = 0; i < config_limit_count; i++) {
        const char *name = config_limit_infos[i].name;
        uint64_t hits;
        if (metrics_limit_hits(admin->server, &hubs, name, &hits) && hits) {
            buf_printf(out, "%s\"%s\":%llu", first ? "" : ",", name, (unsigned long long)hits);
            first = false;
        }
    }
    buf_append_char(out, '}');
}

static void write_refused(const builder_state_t *state, const buf_t *findings, buf_t *out)
{
    buf_append_str(out, ",\"refused\":");
    if (!state->refused) {
        buf_append_str(out, "null");
        return;
    }
    buf_append_str(out, "{\"at\":\"");
    admin_write_time(out, state->refused);
    buf_append_str(out, "\",\"report\":");
    buf_append_slice(out, findings->len ? buf_slice(findings) : SLICE_LIT("null"));
    buf_append_char(out, '}');
}

void admin_status(admin_t *admin, const admin_request_t *request, admin_response_t *response)
{
    (void)request;
    buf_t *out = &response->body;
    buf_t findings = BUF_INIT;
    builder_state_t state;
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    snapshot_t *snapshot = builder_take_current(admin->builder);
    builder_read_state(admin->builder, &state, &findings);
    buf_printf(out, "{\"version\":\"" FPD_VERSION "\",\"generation\":%llu",
               (unsigned long long)state.number);
    buf_append_str(out, ",\"published\":\"");
    admin_write_time(out, state.published);
    buf_append_char(out, '"');
    buf_append_str(out, ",\"time\":\"");
    admin_write_time(out, time(NULL));
    buf_append_char(out, '"');
    write_u64(out, "uptime-s", (uint64_t)(now.tv_sec - admin->started.tv_sec));
    write_u64(out, "documents", snapshot_model(snapshot)->document_count);
    write_health(admin, out);
    write_load(admin, out);
    write_limits_met(admin, out);
    write_refused(&state, &findings, out);
    buf_append_str(out, ",\"pending\":");
    builder_write_pending(admin->builder, out);
    buf_append_str(out, ",\"set-aside\":");
    json_write_string(out, slice_str(admin->journal ? journal_aside(admin->journal) : ""));
    buf_append_str(out, ",\"scheduled\":");
    schedule_write_json(snapshot_model(snapshot), out);
    buf_append_str(out, ",\"held\":");
    admin_write_held(admin, out);
    buf_append_str(out, ",\"databases\":");
    report_databases(snapshot_attributes(snapshot), time(NULL), out);
    write_readers(admin, out);
    http_admin_counters_t c = http_server_admin_counters(admin->server);
    buf_printf(out, ",\"admin\":{\"requests\":%llu", (unsigned long long)c.requests);
    write_u64(out, "wrong-tokens", c.wrong_tokens);
    write_u64(out, "refused", c.refused);
    buf_append_str(out, "}}\n");
    response->status = 200;
    out->failed |= buf_failed(&findings);
    buf_release(&findings);
    snapshot_unref(snapshot);
}
