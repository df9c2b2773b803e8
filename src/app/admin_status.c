#include "admin_answers.h"

#include "footprintd/base/json.h"
#include "footprintd/lookup/report.h"
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
