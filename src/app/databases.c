#include "databases.h"

#include "load.h"

#include <time.h>

void databases_init(databases_t *d, const config_t *config)
{
    *d = (databases_t){.config = config};
}

void databases_release(databases_t *d)
{
    store_databases_release(&d->loaded);
}

static void tell(const databases_t *d, time_t now)
{
    for (unsigned i = 0; i < ATTRIBUTE_SOURCE_COUNT; i++) {
        const attribute_info_t *info = attributes_info(d->loaded.attributes, (attribute_source_t)i);
        if (!info) {
            continue;
        }
        char date[STORE_DATABASE_DATE_MAX];
        store_database_date(info, date);
        uint64_t age = store_database_age_days(info, now);
        log_line(LOG_LEVEL_INFO, "geoip", "%s: %.*s of %s, %llu day%s old, from %.*s",
                 store_database_names[i], SLICE_ARG(info->database_type), date,
                 (unsigned long long)age, age == 1 ? "" : "s", SLICE_ARG(info->file));
    }
}

/* Warnings of what is loaded; whether one of it is old. */
static bool warn(const databases_t *d, time_t now)
{
    findings_t findings;
    findings_init(&findings, 0);
    store_databases_check(d->loaded.attributes, d->config->geoip_max_age_days, now, &findings);
    bool old = false;
    for (size_t i = 0; i < findings.count; i++) {
        old |= findings.items[i].code == FINDING_OLD_DATABASE;
    }
    load_log_findings("geoip", &findings);
    findings_release(&findings);
    return old;
}

err_t databases_load(databases_t *d)
{
    store_databases_options_t options = config_databases(d->config);
    findings_t findings;
    findings_init(&findings, 0);
    store_databases_t next = {0};
    store_databases_identify(&options, d->tried);
    memcpy(d->seen, d->tried, sizeof d->seen);
    err_t err = store_databases_load(&options, &d->loaded, &next, &findings);
    load_log_findings("geoip", &findings);
    findings_release(&findings);
    if (err) {
        log_line(LOG_LEVEL_ERROR, "geoip", "the databases were refused: %s; %s",
                 err == ERR_DATA ? "see above" : err_text(err),
                 d->loaded.attributes ? "those from before stay in use"
                                      : "there are none from before");
        return err;
    }
    bool changed = next.attributes != d->loaded.attributes;
    store_databases_release(&d->loaded);
    d->loaded = next;
    if (changed) {
        time_t now = time(NULL);
        tell(d, now);
        d->told_old = warn(d, now);
    }
    return ERR_OK;
}

bool databases_replaced(databases_t *d)
{
    store_databases_options_t options = config_databases(d->config);
    store_identity_t now[ATTRIBUTE_SOURCE_COUNT];
    store_databases_identify(&options, now);
    bool settled = store_databases_same(now, d->seen);
    memcpy(d->seen, now, sizeof d->seen);
    if (!d->told_old && d->loaded.attributes) {
        time_t clock = time(NULL);
        bool old = false;
        for (unsigned i = 0; i < ATTRIBUTE_SOURCE_COUNT; i++) {
            const attribute_info_t *info = attributes_info(d->loaded.attributes,
                                                           (attribute_source_t)i);
            old |= info && store_database_age_days(info, clock) > d->config->geoip_max_age_days;
        }
        d->told_old = old && warn(d, clock);
    }
    return settled && !store_databases_same(now, d->tried);
}
