#include "builder.h"

#include "databases.h"
#include "load.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct builder {
    const config_t *config;
    hub_t *hub;
    http_server_t *server;
    compressor_t *compressor;
    updater_t *updater;
    /* The builder thread's alone, once it runs. */
    databases_t databases;
    snapshot_t *current;
    uint64_t generation; /* of current; 0: none */

    pthread_t thread;
    bool running;
    pthread_mutex_t lock;
    pthread_cond_t work;
    bool requested;
    bool stopping;
};

static uint64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* A resource that is missing from the IRD must have its reason somewhere. */
static void log_propmap(const snapshot_t *snapshot, const config_t *config)
{
    size_t bytes = snapshot_view_anonymous(snapshot)->propmap_bytes;
    if (bytes) {
        log_line(LOG_LEVEL_WARNING, "build",
                 "the property map by GET is not offered: it would have %zu bytes or more, and "
                 "propmap.max-get-bytes is %llu; propmap-filtered answers all the same",
                 bytes, (unsigned long long)config->propmap_max_get_bytes);
    }
}

/* Footprints that no address can match for want of a database: right, and rarely meant. */
static void log_unmatched(const snapshot_t *snapshot)
{
    static const struct {
        fp_type_t type;
        const char *key;
        unsigned has;
    } types[] = {{FP_ASN, "asn", GEO_ASN},
                 {FP_COUNTRYCODE, "country", GEO_COUNTRY},
                 {FP_SUBDIVISIONCODE, "city", GEO_SUBDIVISION}};
    const attributes_t *attributes = snapshot_attributes(snapshot);
    unsigned has = 0;
    for (unsigned i = 0; attributes && i < ATTRIBUTE_SOURCE_COUNT; i++) {
        const geo_table_t *table = attributes_table(attributes, (attribute_source_t)i);
        has |= table ? table->has : 0;
    }
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (snapshot_join(snapshot)->named_count[types[i].type] && !(has & types[i].has)) {
            log_line(
                LOG_LEVEL_WARNING, "build",
                "documents use %s, and no database knows it: the property map finds no address "
                "in these footprints (geoip.%s)",
                fp_type_infos[types[i].type].name, types[i].key);
        }
    }
}

/* Versions and patches: the last step that may fail. What it cost, and what it says of itself. */
static err_t publish_versions(builder_t *b, snapshot_t *next)
{
    hub_publication_t p;
    err_t err = hub_publish(b->hub, next, &p);
    if (p.refused) {
        log_line(
            LOG_LEVEL_ERROR, "updates",
            "generation %llu: %zu patches were wrong and are not sent: their readers get whole "
            "documents; this is a defect of footprintd",
            (unsigned long long)snapshot_generation(next), p.refused);
    }
    if (!err && p.changed) {
        log_line(
            LOG_LEVEL_INFO, "updates",
            "generation %llu: %zu resources changed, %zu bytes of patches; change set %.2f ms, "
            "patches %.2f ms",
            (unsigned long long)snapshot_generation(next), p.changed, p.patch_bytes,
            (double)p.trees_us / 1000, (double)p.patch_us / 1000);
    }
    return err;
}

/* The model goes into the snapshot, so what the log says of it is counted before. */
static err_t build(builder_t *b, findings_t *findings, snapshot_t **out)
{
    uint64_t start = now_ms();
    store_documents_t documents;
    store_documents_init(&documents);
    model_t *model = NULL;
    err_t err = config_read_model(b->config, &documents, findings, &model);
    load_log_findings("build", findings);
    size_t count = documents.count;
    store_documents_release(&documents);
    if (err) {
        return err;
    }
    size_t objects = 0;
    for (size_t i = 0; i < model->advertisement_count; i++) {
        objects += model->advertisements[i].count;
    }
    snapshot_options_t options = {
        .base_uri = b->config->base_uri,
        .attributes = b->databases.loaded.attributes,
        .propmap_max_get_bytes = (size_t)b->config->propmap_max_get_bytes,
        .propmap_max_entities = (size_t)b->config->propmap_max_response_entities,
    };
    err = snapshot_build_take(model, &options, b->current, b->generation + 1, out);
    if (!err) {
        log_line(LOG_LEVEL_INFO, "build",
                 "generation %llu: %zu documents, %zu capability objects, in %llu ms",
                 (unsigned long long)b->generation + 1, count, objects,
                 (unsigned long long)(now_ms() - start));
        log_propmap(*out, b->config);
        log_unmatched(*out);
        if (!count) {
            log_line(LOG_LEVEL_WARNING, "build",
                     "there are no documents in %.*s: clients are told that nothing is offered "
                     "anywhere",
                     SLICE_ARG(b->config->footprints));
        }
    }
    return err;
}

static err_t build_next(builder_t *b)
{
    findings_t findings;
    findings_init(&findings, (size_t)b->config->limits.findings);
    snapshot_t *next = NULL;
    err_t err = build(b, &findings, &next);
    err = err ? err : publish_versions(b, next);
    if (err && next) {
        snapshot_unref(next);
    }
    size_t errors = findings.errors;
    findings_release(&findings);
    if (err) {
        buf_t why = BUF_INIT;
        buf_printf(&why, "%s", err_text(err));
        if (errors) {
            buf_clear(&why);
            buf_printf(&why, "%zu error%s", errors, errors == 1 ? "" : "s");
        }
        if (b->generation) {
            log_line(LOG_LEVEL_ERROR, "build",
                     "the documents were refused: %.*s; generation %llu goes on being served",
                     SLICE_ARG(buf_slice(&why)), (unsigned long long)b->generation);
        } else {
            log_line(LOG_LEVEL_ERROR, "build",
                     "the documents were refused: %.*s; there is nothing to serve",
                     SLICE_ARG(buf_slice(&why)));
        }
        buf_release(&why);
        return err;
    }
    snapshot_t *previous = b->current;
    b->current = next;
    b->generation++;
    if (previous) {
        /* It is served yet: who lets go of it last is a loop, and a worker frees it. */
        snapshot_unref(previous);
    }
    pthread_mutex_lock(&b->lock);
    if (b->server && !b->stopping) {
        http_server_publish(b->server, next);
        hub_tell_news(b->hub);
        updater_wake(b->updater);
        compressor_submit(b->compressor, next);
    }
    pthread_mutex_unlock(&b->lock);
    return ERR_OK;
}

/* Waits for a request until it is time to look at the databases; false: time is up. */
static bool wait_for_work(builder_t *b)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)b->config->limits.database_check_s;
    int timed_out = 0;
    while (!b->requested && !b->stopping && !timed_out) {
        timed_out = pthread_cond_timedwait(&b->work, &b->lock, &until);
    }
    return b->requested || b->stopping;
}

/* One request, or one look at the databases; the lock is not held. */
static void work_once(builder_t *b, bool requested)
{
    if (!requested && !databases_replaced(&b->databases)) {
        return;
    }
    if (!requested) {
        log_line(LOG_LEVEL_INFO, "geoip", "a database was replaced: reading it");
    }
    const attributes_t *before = b->databases.loaded.attributes;
    /* They told the log. Documents are read again all the same when it was asked for. */
    err_t err = databases_load(&b->databases);
    if (requested || (!err && b->databases.loaded.attributes != before)) {
        (void)!build_next(b);
    }
}

static void *builder_main(void *arg)
{
    builder_t *b = arg;
    pthread_mutex_lock(&b->lock);
    for (;;) {
        bool requested = wait_for_work(b);
        if (b->stopping) {
            break;
        }
        b->requested = false;
        pthread_mutex_unlock(&b->lock);
        work_once(b, requested);
        pthread_mutex_lock(&b->lock);
    }
    pthread_mutex_unlock(&b->lock);
    return NULL;
}

err_t builder_new(const config_t *config, hub_t *hub, builder_t **out)
{
    builder_t *b = calloc(1, sizeof *b);
    if (!b) {
        return ERR_NOMEM;
    }
    b->config = config;
    b->hub = hub;
    databases_init(&b->databases, config);
    pthread_mutex_init(&b->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&b->work, &monotonic);
    pthread_condattr_destroy(&monotonic);
    *out = b;
    return ERR_OK;
}

err_t builder_build_first(builder_t *b)
{
    err_t err = databases_load(&b->databases);
    return err ? err : build_next(b);
}

snapshot_t *builder_current(builder_t *b)
{
    return b->current;
}

err_t builder_start(builder_t *b, http_server_t *server, compressor_t *compressor,
                    updater_t *updater)
{
    b->server = server;
    b->compressor = compressor;
    b->updater = updater;
    compressor_submit(compressor, b->current);
    b->running = pthread_create(&b->thread, NULL, builder_main, b) == 0;
    return b->running ? ERR_OK : ERR_NOMEM;
}

void builder_request(builder_t *b)
{
    pthread_mutex_lock(&b->lock);
    b->requested = true;
    pthread_cond_signal(&b->work);
    pthread_mutex_unlock(&b->lock);
}

void builder_stop(builder_t *b)
{
    pthread_mutex_lock(&b->lock);
    b->stopping = true;
    pthread_cond_signal(&b->work);
    pthread_mutex_unlock(&b->lock);
}

void builder_free(builder_t *b)
{
    if (!b) {
        return;
    }
    builder_stop(b);
    if (b->running) {
        pthread_join(b->thread, NULL);
    }
    if (b->current) {
        snapshot_unref(b->current);
    }
    databases_release(&b->databases);
    pthread_cond_destroy(&b->work);
    pthread_mutex_destroy(&b->lock);
    free(b);
}
