#include "builder_private.h"

#include "footprintd/config/inputs.h"
#include "footprintd/lookup/difference.h"
#include "load.h"
#include "profiles.h"

#include <stdlib.h>
#include <time.h>

static uint64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- what the log says of a generation ---- */

/* A resource that is missing from the IRD must have its reason somewhere. */
static void log_propmap(const snapshot_t *snapshot, const config_t *config)
{
    size_t bytes = snapshot_view_public(snapshot)->propmap_bytes;
    if (bytes) {
        log_listed(LOG_LEVEL_WARNING, "build",
                   "the property map by GET is not offered: it would have %zu bytes or more, and "
                   "propmap.max-get-bytes is %llu; propmap-filtered answers all the same",
                   bytes, (unsigned long long)config->propmap_max_get_bytes);
    }
}

/* Of names that nobody has, so many are told. */
#define STRANGERS_MAX 5

/* An audience that is nobody is hardly meant. */
static void log_audiences(const builder_t *b, const snapshot_t *snapshot)
{
    const model_t *m = snapshot_model(snapshot);
    size_t meant_for_some = 0, told = 0;
    for (size_t i = 0; i < m->document_count; i++) {
        const model_document_t *d = &m->documents[i];
        meant_for_some += d->audience_count > 0;
        for (size_t k = 0; b->ucdns && k < d->audience_count && told < STRANGERS_MAX; k++) {
            if (ucdns_find(b->ucdns, d->audience[k]) == UCDN_NONE) {
                log_listed(LOG_LEVEL_WARNING, "build",
                           "%.*s is for '%.*s', and ucdns has no profile of this name",
                           SLICE_ARG(d->file), SLICE_ARG(d->audience[k]));
                told++;
            }
        }
    }
    if (meant_for_some && !b->ucdns) {
        log_listed(LOG_LEVEL_WARNING, "build",
                   "%zu documents have an audience, and there are no profiles (ucdns): nobody sees "
                   "what they say",
                   meant_for_some);
    }
}

/* Which uCDNs do not get what, and would if they understood more. */
static void log_withheld(snapshot_t *snapshot)
{
    for (size_t i = 0; i < snapshot_class_count(snapshot); i++) {
        size_t count = 0, withheld = snapshot_class_view(snapshot, i)->withheld;
        const slice_t *names = snapshot_class_names(snapshot, i, &count);
        if (withheld && count) {
            buf_t who = BUF_INIT;
            for (size_t k = 0; k < count && k < 5; k++) {
                buf_printf(&who, "%s%.*s", k ? ", " : "", SLICE_ARG(names[k]));
            }
            log_listed(
                LOG_LEVEL_WARNING, "build",
                "%zu objects are withheld from %.*s%s: they have a capability or footprint type "
                "that these do not understand, or a limit that cannot be told them",
                withheld, SLICE_ARG(buf_slice(&who)), count > 5 ? ", ..." : "");
            buf_release(&who);
        }
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
            log_listed(
                LOG_LEVEL_WARNING, "build",
                "documents use %s, and no database knows it: the property map finds no address "
                "in these footprints (geoip.%s)",
                fp_type_infos[types[i].type].name, types[i].key);
        }
    }
}

void build_log_difference(uint64_t number, const difference_t *d)
{
    buf_t line = BUF_INIT;
    if (!d->same) {
        difference_write_summary(d, &line);
        log_listed(LOG_LEVEL_INFO, "build", "generation %llu: %.*s", (unsigned long long)number,
                   SLICE_ARG(buf_slice(&line)));
    }
    buf_release(&line);
}

void build_compare_and_log(builder_t *b, snapshot_t *before, snapshot_t *after)
{
    arena_t arena;
    difference_t *d = NULL;
    arena_init(&arena, 0);
    const difference_options_t rails = {.address_share = b->config->guard_address_share,
                                        .country_share = b->config->guard_country_share};
    if (!difference_make_snapshots(before, after, &rails, &arena, &d)) {
        build_log_difference(b->state.number, d);
    }
    arena_release(&arena);
}

/* ---- publishing ---- */

void build_log_versions(uint64_t number, const hub_publication_t *p)
{
    if (p->refused) {
        log_listed(
            LOG_LEVEL_ERROR, "updates",
            "generation %llu: %zu patches were wrong and are not sent: their readers get whole "
            "documents; this is a defect of footprintd",
            (unsigned long long)number, p->refused);
    }
    if (p->changed) {
        log_listed(
            LOG_LEVEL_INFO, "updates",
            "generation %llu: %zu resources changed, %zu bytes of patches; change set %.2f ms, "
            "patches %.2f ms",
            (unsigned long long)number, p->changed, p->patch_bytes, (double)p->trees_us / 1000,
            (double)p->patch_us / 1000);
    }
}

snapshot_t *build_publish(builder_t *b, snapshot_t *next, uint64_t number,
                          const digest_t *documents, bool of_directory)
{
    snapshot_t *previous = b->current;
    pthread_mutex_lock(&b->lock);
    b->current = next;
    b->generation++;
    b->documents = *documents;
    b->state.number = number;
    b->state.published = time(NULL);
    figures_published(b);
    if (of_directory) {
        b->state.refused = 0;
        buf_clear(&b->refusal);
    }
    if (b->server && !b->stopping) {
        http_server_publish(b->server, next);
        hubs_tell_news(b->hubs);
        updater_wake(b->updater);
        compressor_submit(b->compressor, next);
    }
    pthread_mutex_unlock(&b->lock);
    return previous;
}

/* ---- from the directory ---- */

static int by_name(const void *a, const void *b)
{
    const store_text_t *x = *(const store_text_t *const *)a, *y = *(const store_text_t *const *)b;
    return slice_cmp(x->name, y->name);
}

/* Data files stand among the documents in some lists, and behind them in others. */
err_t build_digest(const store_text_t *texts, size_t count, digest_t *out)
{
    hasher_t h;
    const store_text_t **sorted = calloc(count + 1, sizeof(const store_text_t *));
    err_t err = sorted ? hasher_init(&h) : ERR_NOMEM;
    if (err) {
        free(sorted);
        return err;
    }
    for (size_t i = 0; i < count; i++) {
        sorted[i] = &texts[i];
    }
    qsort(sorted, count, sizeof(const store_text_t *), by_name);
    hasher_begin(&h);
    for (size_t i = 0; i < count && !err; i++) {
        digest_t digest = sorted[i]->digest;
        err = sorted[i]->hashed ? ERR_OK : digest_slice(sorted[i]->bytes, &digest);
        /* A name has no NUL. */
        hasher_update_slice(&h, sorted[i]->name);
        hasher_update(&h, "", 1);
        hasher_update(&h, digest.bytes, sizeof digest.bytes);
    }
    err = err ? err : hasher_finish(&h, out);
    hasher_release(&h);
    free(sorted);
    return err;
}

static err_t digest_documents(const store_documents_t *documents, digest_t *out)
{
    store_text_t *texts = calloc(documents->count + 1, sizeof *texts);
    for (size_t i = 0; texts && i < documents->count; i++) {
        texts[i] = journal_text(&documents->items[i]);
    }
    err_t err = texts ? build_digest(texts, documents->count, out) : ERR_NOMEM;
    free(texts);
    return err;
}

/* What the log says of a build; the model goes into the snapshot, so it is counted before. */
typedef struct report {
    uint64_t start;
    size_t documents;
    size_t objects;
} report_t;

err_t build_snapshot(builder_t *b, model_t *model, size_t *objects, snapshot_t **out)
{
    for (size_t i = 0; i < model->advertisement_count; i++) {
        *objects += model->advertisements[i].count;
    }
    snapshot_options_t options = {
        .base_uri = b->config->base_uri,
        .attributes = b->databases.loaded.attributes,
        .propmap_max_get_bytes = (size_t)b->config->propmap_max_get_bytes,
        .propmap_max_entities = (size_t)b->config->propmap_max_response_entities,
    };
    arena_t arena;
    arena_init(&arena, 0);
    err_t err = profiles_set(b->ucdns, &arena, &options);
    if (err) {
        model_free(model);
    } else {
        err = snapshot_build_take(model, &options, b->current, b->generation + 1, out);
    }
    arena_release(&arena);
    figures_part(b, BUILD_SNAPSHOT);
    return err;
}

static void log_build(const builder_t *b, const report_t *report, uint64_t took_ms, uint64_t number,
                      snapshot_t *snapshot)
{
    log_listed(LOG_LEVEL_INFO, "build",
               "generation %llu: %zu documents, %zu capability objects, in %llu ms",
               (unsigned long long)number, report->documents, report->objects,
               (unsigned long long)took_ms);
    log_propmap(snapshot, b->config);
    log_unmatched(snapshot);
    log_audiences(b, snapshot);
    log_withheld(snapshot);
    if (!report->documents) {
        log_listed(LOG_LEVEL_WARNING, "build",
                   "there are no documents in %.*s: clients are told that nothing is offered "
                   "anywhere",
                   SLICE_ARG(b->config->footprints));
    }
}

/* The documents are recorded before anybody is shown them. */
static err_t record_and_publish(builder_t *b, const store_documents_t *documents,
                                const report_t *report, snapshot_t *next)
{
    uint64_t number = 0, took_ms = now_ms() - report->start;
    digest_t digest;
    store_kind_t kind = b->generation ? STORE_KIND_FILES : STORE_KIND_START;
    err_t err = digest_documents(documents, &digest);
    if (!err && b->journal) {
        err = journal_record(b->journal, kind, documents, next, &number);
        /* Better unrecorded than unserved, when there is nothing else. */
        err = b->generation ? err : ERR_OK;
    }
    figures_part(b, BUILD_RECORD);
    number = number ? number : b->generation + 1;
    hub_publication_t publication;
    err = err ? err : hubs_publish(b->hubs, next, &publication);
    figures_part(b, BUILD_CHANGES);
    if (!err) {
        snapshot_t *previous = build_publish(b, next, number, &digest, true);
        log_build(b, report, took_ms, number, next); /* what the log tells of is served */
        build_log_versions(number, &publication);
        if (previous) {
            build_compare_and_log(b, previous, next);
            snapshot_unref(previous);
        }
    }
    return err;
}

static void note_refusal(builder_t *b, err_t err, const store_documents_t *documents,
                         findings_t *findings)
{
    buf_t json = BUF_INIT;
    buf_t why = BUF_INIT;
    buf_printf(&why, "%s", err_text(err));
    if (findings->errors) {
        buf_clear(&why);
        buf_printf(&why, "%zu error%s", findings->errors, findings->errors == 1 ? "" : "s");
    }
    load_name_documents(findings, b->config->footprints);
    findings_write_json(findings, &json);
    /* Only what is wrong by itself is known to be refused the next time. */
    if (err != ERR_DATA || digest_documents(documents, &b->refused)) {
        b->refused = (digest_t){0};
    }
    pthread_mutex_lock(&b->lock);
    buf_t before = b->refusal;
    b->refusal = json;
    b->state.refused = time(NULL);
    pthread_mutex_unlock(&b->lock);
    buf_release(&before);
    if (b->generation) {
        log_listed(LOG_LEVEL_ERROR, "build",
                   "the documents were refused: %.*s; generation %llu goes on being served",
                   SLICE_ARG(buf_slice(&why)), (unsigned long long)b->state.number);
    } else {
        log_listed(LOG_LEVEL_ERROR, "build",
                   "the documents were refused: %.*s; there is nothing to serve",
                   SLICE_ARG(buf_slice(&why)));
    }
    buf_release(&why);
}

static bool is_served(const builder_t *b, const store_documents_t *documents)
{
    digest_t digest;
    return b->generation && !digest_documents(documents, &digest) &&
           digest_eq(&digest, &b->documents);
}

bool build_is_news(const builder_t *b, const store_documents_t *documents)
{
    digest_t digest;
    return !digest_documents(documents, &digest) && !digest_eq(&digest, &b->documents) &&
           !digest_eq(&digest, &b->refused);
}

err_t build_directory(builder_t *b, bool only_changed)
{
    report_t report = {.start = now_ms()};
    figures_start(b);
    findings_t findings;
    store_documents_t documents;
    model_t *model = NULL;
    snapshot_t *next = NULL;
    findings_init(&findings, (size_t)b->config->limits.findings);
    store_documents_init(&documents);
    const model_t *before = b->current ? snapshot_model(b->current) : NULL;
    err_t err = config_read_model(b->config, before, &documents, &findings, &model);
    figures_part(b, BUILD_READ);
    figures_findings(b, findings.errors, findings.warnings);
    if (!err && only_changed && is_served(b, &documents)) {
        pthread_mutex_lock(&b->lock);
        b->state.refused = 0;
        buf_clear(&b->refusal);
        pthread_mutex_unlock(&b->lock);
        figures_count(b, BUILD_UNCHANGED);
        log_listed(LOG_LEVEL_DEBUG, "build", "the documents are what is served");
        model_free(model);
    } else {
        load_log_findings("build", &findings);
        report.documents = documents.count - documents.data_count;
        err = err ? err : build_snapshot(b, model, &report.objects, &next);
        err = err ? err : record_and_publish(b, &documents, &report, next);
        if (err && next) {
            snapshot_unref(next);
        }
        if (err) {
            figures_count(b, findings.errors ? BUILD_REFUSED : BUILD_FAILED);
            note_refusal(b, err, &documents, &findings);
        }
    }
    findings_release(&findings);
    store_documents_release(&documents);
    return err;
}
