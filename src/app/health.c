#include "health.h"

#include "admin_answers.h"
#include "footprintd/http/figures.h"
#include "footprintd/store/databases.h"

/* The watchdog asks each loop several times a second. */
#define LOOP_SILENT_MS 10000

static bool is_live(const health_t *h, buf_t *why)
{
    unsigned loop;
    uint64_t silence = http_server_loop_silence(h->http, &loop);
    if (silence > LOOP_SILENT_MS) {
        buf_printf(why, "the serving thread http-%u has not come back for %llu seconds\n", loop,
                   (unsigned long long)silence / 1000);
    }
    return silence <= LOOP_SILENT_MS;
}

static bool databases_are_fresh(const health_t *h, const snapshot_t *snapshot, buf_t *why)
{
    const attributes_t *attributes = snapshot_attributes(snapshot);
    bool fresh = true;
    for (unsigned i = 0; attributes && i < ATTRIBUTE_SOURCE_COUNT; i++) {
        const attribute_info_t *info = attributes_info(attributes, (attribute_source_t)i);
        uint64_t age = info ? store_database_age_days(info, time(NULL)) : 0;
        if (age > h->config->geoip_max_age_days) {
            buf_printf(why, "the %s database is %llu days old: geoip.max-age-days is %llu\n",
                       store_database_names[i], (unsigned long long)age,
                       (unsigned long long)h->config->geoip_max_age_days);
            fresh = false;
        }
    }
    return fresh;
}

static void write_warnings(const health_t *h, buf_t *why)
{
    builder_state_t state;
    builder_figures_t figures;
    builder_read_state(h->builder, &state, NULL);
    figures_read(h->builder, &figures);
    if (state.refused) {
        buf_append_str(why, "warning: documents in the directory were refused at ");
        admin_write_time(why, state.refused);
        buf_printf(why, " (%llu errors): generation %llu is served on\n",
                   (unsigned long long)figures.errors, (unsigned long long)state.number);
    }
    size_t pending = builder_pending(h->builder);
    if (pending) {
        buf_printf(why, "warning: %zu edited documents cannot be written to their files yet\n",
                   pending);
    }
    if (figures.held_failed) {
        buf_printf(why, "warning: %llu held changes could not be made\n",
                   (unsigned long long)figures.held_failed);
    }
    if (h->journal && journal_aside(h->journal)[0]) {
        buf_append_str(why, "warning: the history was damaged at the start and is set aside\n");
    }
}

bool health_ask(const health_t *h, health_question_t question, buf_t *why)
{
    /* Nobody is answered before there is something to serve. */
    bool fine = question == HEALTH_STARTED || is_live(h, why);
    if (question == HEALTH_READY) {
        snapshot_t *snapshot = builder_take_current(h->builder);
        fine &= databases_are_fresh(h, snapshot, why);
        write_warnings(h, why);
        snapshot_unref(snapshot);
    }
    return fine;
}
