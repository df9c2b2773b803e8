#include "metrics.h"

#include "footprintd/http/figures.h"
#include "footprintd/store/databases.h"
#include "footprintd/updates/hubs.h"

/* ---- what is served ---- */

static void write_resources(const snapshot_t *snapshot, metrics_writer_t *w)
{
    static const char *const codings[CODING_COUNT] = {"identity", "gzip", "br"};
    const view_t *view = snapshot_view_public(snapshot);
    metrics_family(w, METRIC_RESOURCE_BYTES);
    for (size_t i = 0; i < view->count; i++) {
        const resource_t *r = &view->resources[i];
        /* The directory has two paths, one of which is the root. */
        bool told = r->document && r->path.len > 1;
        for (int c = 0; told && c < CODING_COUNT; c++) {
            const body_t *body = document_body(r->document, (coding_t)c);
            const slice_t labels[] = {r->id, slice_str(codings[c])};
            if (body) {
                metrics_u64(w, labels, body->size);
            }
        }
    }
}

static void write_builds(const builder_state_t *state, const builder_figures_t *f,
                         metrics_writer_t *w)
{
    metrics_family(w, METRIC_BUILDS);
    for (size_t i = 0; i < BUILD_RESULT_COUNT; i++) {
        const slice_t label = slice_str(build_result_names[i]);
        metrics_u64(w, &label, f->builds[i]);
    }
    metrics_family(w, METRIC_BUILD_DURATION);
    for (size_t i = 0; i < BUILD_PART_COUNT; i++) {
        const slice_t label = slice_str(build_part_names[i]);
        metrics_us(w, &label, f->parts_us[i]);
    }
    const slice_t total = SLICE_LIT("total");
    metrics_us(w, &total, f->total_us);
    const slice_t error = SLICE_LIT("error"), warning = SLICE_LIT("warning");
    metrics_family(w, METRIC_BUILD_FINDINGS);
    metrics_u64(w, &error, f->errors);
    metrics_u64(w, &warning, f->warnings);
    metrics_one(w, METRIC_BUILD_REFUSED, state->refused != 0);
    metrics_one(w, METRIC_REFUSED_SINCE, (uint64_t)state->refused);
}

static void write_databases(const metrics_t *m, const snapshot_t *snapshot, metrics_writer_t *w)
{
    const attributes_t *attributes = snapshot_attributes(snapshot);
    uint64_t now = (uint64_t)time(NULL);
    for (int family = 0; family < 2; family++) {
        metrics_family(w, family ? METRIC_DATABASE_AGE : METRIC_DATABASE_BUILT);
        for (unsigned i = 0; attributes && i < ATTRIBUTE_SOURCE_COUNT; i++) {
            const attribute_info_t *info = attributes_info(attributes, (attribute_source_t)i);
            const slice_t label = slice_str(store_database_names[i]);
            if (info) {
                uint64_t age = now > info->build_epoch ? now - info->build_epoch : 0;
                metrics_u64(w, &label, family ? age : info->build_epoch);
            }
        }
    }
    metrics_one(w, METRIC_DATABASE_MAX_AGE, m->health.config->geoip_max_age_days * 86400);
}

static void write_history(const metrics_t *m, const builder_figures_t *f, metrics_writer_t *w)
{
    const slice_t waiting = SLICE_LIT("waiting"), failed = SLICE_LIT("failed");
    const journal_t *journal = m->health.journal;
    metrics_one(w, METRIC_PENDING_EDITS, builder_pending(m->health.builder));
    metrics_family(w, METRIC_HELD_CHANGES);
    metrics_u64(w, &waiting, f->held_waiting);
    metrics_u64(w, &failed, f->held_failed);
    metrics_one(w, METRIC_HISTORY_GENERATIONS, f->generations);
    metrics_one(w, METRIC_HISTORY_BYTES, f->history_bytes);
    metrics_one(w, METRIC_HISTORY_SET_ASIDE, journal && journal_aside(journal)[0]);
}

/* ---- readers of changes ---- */

static void write_readers(const hub_counters_t *c, metrics_writer_t *w)
{
    const slice_t merge = SLICE_LIT("merge-patch"), json = SLICE_LIT("json-patch");
    metrics_one(w, METRIC_UPDATE_STREAMS, c->streams);
    metrics_one(w, METRIC_UPDATE_STREAMS_OPENED, c->streams_opened);
    metrics_one(w, METRIC_UPDATE_STREAMS_REFUSED, c->streams_refused);
    metrics_one(w, METRIC_UPDATE_SUBSTREAMS, c->substreams);
    metrics_one(w, METRIC_TIPS_VIEWS, c->views);
    metrics_one(w, METRIC_TIPS_VIEWS_OPENED, c->views_opened);
    metrics_one(w, METRIC_TIPS_VIEWS_REFUSED, c->views_refused);
    metrics_one(w, METRIC_UPDATE_VERSIONS, c->versions);
    metrics_family(w, METRIC_UPDATE_PATCHES);
    metrics_u64(w, &merge, c->patches_merge);
    metrics_u64(w, &json, c->patches_json);
    metrics_one(w, METRIC_UPDATE_PATCHES_REFUSED, c->patches_refused);
    metrics_one(w, METRIC_UPDATE_FEEDS, c->feeds);
    metrics_one(w, METRIC_UPDATE_LOG_BYTES, c->log_bytes);
}

/* ---- all of it ---- */

static void write_program(const metrics_t *m, metrics_writer_t *w)
{
    const slice_t version = SLICE_LIT(FPD_VERSION);
    buf_t why = BUF_INIT;
    metrics_family(w, METRIC_BUILD);
    metrics_u64(w, &version, 1);
    metrics_write_process(m, w);
    metrics_one(w, METRIC_READY, health_ask(&m->health, HEALTH_READY, &why));
    buf_release(&why);
}

void metrics_scrape(void *arg, metrics_format_t format, buf_t *out)
{
    const metrics_t *m = arg;
    metrics_writer_t w;
    builder_state_t state;
    builder_figures_t figures;
    hub_counters_t hubs;
    snapshot_t *snapshot = builder_take_current(m->health.builder);
    builder_read_state(m->health.builder, &state, NULL);
    figures_read(m->health.builder, &figures);
    hubs_read_counters(m->hubs, &hubs);
    size_t documents = snapshot_model(snapshot)->document_count;
    metrics_begin(&w, format, out);
    write_program(m, &w);
    metrics_one(&w, METRIC_GENERATION, state.number);
    metrics_one(&w, METRIC_PUBLISHED, (uint64_t)state.published);
    metrics_one(&w, METRIC_DOCUMENTS, documents);
    write_resources(snapshot, &w);
    write_builds(&state, &figures, &w);
    write_databases(m, snapshot, &w);
    write_history(m, &figures, &w);
    http_server_write_requests(m->health.http, &w);
    http_server_write_connections(m->health.http, &w);
    metrics_write_limits(m, &hubs, documents, &w);
    http_server_write_threads(m->health.http, &w);
    write_readers(&hubs, &w);
    http_server_write_messages(m->health.http, &w);
    metrics_end(&w);
    snapshot_unref(snapshot);
}

bool metrics_healthy(void *arg, health_question_t question, buf_t *why)
{
    const metrics_t *m = arg;
    return health_ask(&m->health, question, why);
}
