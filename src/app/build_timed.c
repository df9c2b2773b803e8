#include "builder_private.h"

#include "footprintd/base/time.h"
#include "footprintd/log/log.h"
#include "load.h"
#include "schedule.h"

#include <stdlib.h>
#include <time.h>

/*
 * Windows of time that open and close: the documents that are served are built again, whatever lies
 * in the directory by now. Somebody's broken edit must not keep a withdrawal from ending.
 */

/* After a build that failed. */
#define RETRY_MS 5000

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const model_window_t *holds(const builder_t *b)
{
    return &snapshot_model(b->current)->holds;
}

static bool is_passed(const builder_t *b)
{
    int64_t now = moment_now();
    return now >= holds(b)->until || now < holds(b)->from;
}

bool build_timed_is_due(const builder_t *b)
{
    return b->current && is_passed(b) && clock_ms(CLOCK_MONOTONIC) >= b->timed_retry_ms;
}

int64_t build_timed_patience(const builder_t *b, int64_t most_ms)
{
    int64_t left;
    if (!b->current) {
        return most_ms;
    }
    if (is_passed(b)) {
        left = b->timed_retry_ms - clock_ms(CLOCK_MONOTONIC);
    } else if (holds(b)->until > INT64_MAX / 2000) {
        return most_ms; /* for good, or as good as that */
    } else {
        left = holds(b)->until * 1000 - clock_ms(CLOCK_REALTIME);
    }
    return left < 0 ? 0 : left < most_ms ? left : most_ms;
}

/* What is served, when the history has it; otherwise ERR_NOT_FOUND. */
static err_t served_texts(builder_t *b, arena_t *arena, store_texts_t *out)
{
    digest_t digest;
    buf_t why = BUF_INIT;
    err_t err = !b->journal ? ERR_NOT_FOUND
                            : store_history_documents(journal_history(b->journal), b->state.number,
                                                      arena, out, &why);
    err = err ? err : build_digest(out->items, out->count, &digest);
    buf_release(&why);
    return err ? err : memcmp(&digest, &b->documents, sizeof digest) == 0 ? ERR_OK : ERR_NOT_FOUND;
}

static bool same_vtags(const snapshot_t *x, const snapshot_t *y, arena_t *arena)
{
    size_t xs = 0, ys = 0;
    const store_vtag_t *xv = journal_vtags(x, arena, &xs), *yv = journal_vtags(y, arena, &ys);
    bool same = xv && yv && xs == ys;
    for (size_t i = 0; same && i < xs; i++) {
        same = slice_eq(xv[i].resource, yv[i].resource) && slice_eq(xv[i].tag, yv[i].tag);
    }
    return same;
}

static err_t record(builder_t *b, const store_texts_t *texts, slice_t message, arena_t *arena,
                    const snapshot_t *next, uint64_t *number)
{
    *number = b->state.number;
    if (same_vtags(b->current, next, arena)) {
        return ERR_OK; /* nobody can see it */
    }
    return journal_record_texts(b->journal, STORE_KIND_SCHEDULE, message, texts->items,
                                texts->count, next, number);
}

static void tell(uint64_t number, const char *reason, slice_t message, bool back)
{
    if (reason) {
        log_line(LOG_LEVEL_INFO, "build", "generation %llu: %s", (unsigned long long)number,
                 reason);
    }
    if (back || message.len || !reason) {
        log_line(back ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "build",
                 "generation %llu: schedule: %.*s", (unsigned long long)number,
                 SLICE_ARG(back ? SLICE_LIT("the clock went back") : message));
    }
}

static err_t build_texts(builder_t *b, const char *reason, const store_texts_t *texts,
                         arena_t *arena, findings_t *findings)
{
    model_t *model = NULL;
    snapshot_t *next = NULL;
    hub_publication_t publication;
    buf_t message = BUF_INIT;
    uint64_t number = 0;
    digest_t documents = b->documents;
    int64_t since = holds(b)->until - 1, now = moment_now();
    bool back = now < holds(b)->from;
    figures_start(b);
    err_t err = load_texts(b->config, snapshot_model(b->current), texts->items, texts->count, arena,
                           findings, &model);
    if (!err && !back) {
        schedule_write_changes(model, since, now, &message);
    }
    size_t objects = 0;
    figures_part(b, BUILD_READ);
    err = err ? err : build_snapshot(b, model, &objects, &next);
    err = err ? err : record(b, texts, buf_slice(&message), arena, next, &number);
    figures_part(b, BUILD_RECORD);
    err = err ? err : hubs_publish(b->hubs, next, &publication);
    figures_part(b, BUILD_CHANGES);
    if (!err) {
        snapshot_t *previous = build_publish(b, next, number, &documents, false);
        tell(number, reason, buf_slice(&message), back);
        build_log_versions(number, &publication);
        build_compare_and_log(b, previous, next);
        snapshot_unref(previous);
    } else if (next) {
        snapshot_unref(next);
    }
    buf_release(&message);
    return err;
}

void build_again(builder_t *b, const char *reason)
{
    arena_t arena;
    findings_t findings;
    store_texts_t texts = {NULL, 0};
    arena_init(&arena, 0);
    findings_init(&findings, (size_t)b->config->limits.findings);
    err_t err = served_texts(b, &arena, &texts);
    if (err == ERR_NOT_FOUND) {
        err = build_directory(b, false);
    } else if (!err) {
        err = build_texts(b, reason, &texts, &arena, &findings);
    }
    if (err) {
        log_line(LOG_LEVEL_ERROR, "build", "%s is not in force yet: %s",
                 reason ? reason : "what is due now by its not-before or not-after", err_text(err));
        b->timed_retry_ms = clock_ms(CLOCK_MONOTONIC) + RETRY_MS;
    }
    findings_release(&findings);
    arena_release(&arena);
}
