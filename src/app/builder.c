#include "builder_private.h"

#include "footprintd/base/time.h"
#include "footprintd/log/log.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static bool has_work(const builder_t *b)
{
    return b->requested || b->changed || b->commits;
}

static bool take_ucdns(builder_t *b);

/* Waits for a request until it is time to look at the databases, or a time of documents comes. */
static void wait_for_work(builder_t *b)
{
    struct timespec until;
    uint64_t most_s = pending_wait_s(b->pending, b->config->limits.database_check_s);
    int64_t patience = held_patience(b, build_timed_patience(b, (int64_t)most_s * 1000));
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += patience % 1000 * 1000000;
    until.tv_sec += patience / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    int timed_out = 0;
    while (!has_work(b) && !b->stopping && !timed_out) {
        timed_out = pthread_cond_timedwait(&b->work, &b->lock, &until);
    }
}

/* What is asked for serves the directory as it is; what is only noticed waits for pending edits. */
static void work_directory(builder_t *b, bool asked, bool only_changed)
{
    if (asked) {
        pending_let_go(b->pending);
    }
    if (!pending_holds(b->pending, NULL)) {
        (void)!build_directory(b, only_changed);
    }
}

/* One look at the databases, when it was asked for or they have changed. */
static void work_databases(builder_t *b, bool requested)
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
        work_directory(b, requested, false);
    }
}

/* The lock is not held but for a moment; whoever waits for the commit is told. */
static void work_commit(builder_t *b, builder_commit_t *c)
{
    commit_run(b, c);
    pthread_mutex_lock(&b->lock);
    c->finished = true;
    pthread_cond_broadcast(&b->done);
    pthread_mutex_unlock(&b->lock);
}

/*
 * Of this thread alone. A build that has a processor to itself is as fast as ever; one that shares
 * it with a loop leaves most of it to the readers, who also wait for what the builder has just
 * published.
 */
#define BUILDER_NICE 5

/* Not while somebody has asked again. With the lock, but for the call. */
static void tell_done(builder_t *b, bool requested)
{
    if (requested && !b->requested && b->on_done) {
        pthread_mutex_unlock(&b->lock);
        b->on_done(b->on_done_arg);
        pthread_mutex_lock(&b->lock);
    }
}

static void *builder_main(void *arg)
{
    builder_t *b = arg;
    (void)pthread_setname_np(pthread_self(), "builder");
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), BUILDER_NICE);
    held_look(b);
    figures_look(b);
    pthread_mutex_lock(&b->lock);
    for (;;) {
        wait_for_work(b);
        if (b->stopping) {
            break;
        }
        builder_commit_t *commit = b->commits;
        bool requested = b->requested, changed = b->changed;
        if (commit) {
            b->commits = commit->next;
        } else {
            b->requested = false;
            b->changed = false;
        }
        pthread_mutex_unlock(&b->lock);
        atomic_store(&b->busy_since, monotonic_ms());
        if (take_ucdns(b)) {
            build_again(b, "profiles of uCDNs changed"); /* also when the directory is refused */
        }
        if (commit) {
            work_commit(b, commit);
        } else if (changed && !requested) {
            work_directory(b, false, true);
        } else if (!requested && held_is_due(b)) {
            held_run(b);
        } else if (!requested && build_timed_is_due(b)) {
            build_again(b, NULL);
        } else {
            work_databases(b, requested);
        }
        if (pending_try(b->pending, false)) {
            work_directory(b, false, true);
        }
        if (b->journal && !commit) { /* its readers come first: the next turn is never far */
            store_history_checkpoint(journal_history(b->journal));
        }
        atomic_store(&b->busy_since, 0);
        figures_look(b);
        pthread_mutex_lock(&b->lock);
        tell_done(b, requested);
    }
    /* Nothing is committed any more. */
    while (b->commits) {
        b->commits->verdict = COMMIT_ENDING;
        b->commits->finished = true;
        b->commits = b->commits->next;
    }
    pthread_cond_broadcast(&b->done);
    pthread_mutex_unlock(&b->lock);
    return NULL;
}

void builder_commit(builder_t *b, builder_commit_t *c)
{
    c->finished = false;
    c->next = NULL;
    pthread_mutex_lock(&b->lock);
    if (b->stopping || !b->running) {
        c->verdict = COMMIT_ENDING;
    } else {
        builder_commit_t **at = &b->commits;
        while (*at) {
            at = &(*at)->next;
        }
        *at = c;
        pthread_cond_signal(&b->work);
        while (!c->finished) {
            pthread_cond_wait(&b->done, &b->lock);
        }
    }
    pthread_mutex_unlock(&b->lock);
}

err_t builder_new(const config_t *config, hubs_t *hubs, journal_t *journal, builder_t **out)
{
    builder_t *b = calloc(1, sizeof *b);
    if (!b) {
        return ERR_NOMEM;
    }
    b->config = config;
    b->hubs = hubs;
    b->journal = journal;
    err_t err = pending_new(journal, &b->pending);
    if (err) {
        free(b);
        return err;
    }
    databases_init(&b->databases, config);
    pthread_mutex_init(&b->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&b->work, &monotonic);
    pthread_cond_init(&b->done, NULL);
    pthread_condattr_destroy(&monotonic);
    *out = b;
    return ERR_OK;
}

err_t builder_build_first(builder_t *b)
{
    (void)take_ucdns(b);
    err_t err = databases_load(&b->databases);
    return err ? err : build_directory(b, false);
}

snapshot_t *builder_current(builder_t *b)
{
    return b->current;
}

snapshot_t *builder_take_current(builder_t *b)
{
    pthread_mutex_lock(&b->lock);
    snapshot_t *current = snapshot_ref(b->current);
    pthread_mutex_unlock(&b->lock);
    return current;
}

void builder_read_state(builder_t *b, builder_state_t *state, buf_t *findings)
{
    pthread_mutex_lock(&b->lock);
    *state = b->state;
    if (findings) {
        buf_append_slice(findings, buf_slice(&b->refusal));
    }
    pthread_mutex_unlock(&b->lock);
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

void builder_write_pending(builder_t *b, buf_t *out)
{
    pending_write_json(b->pending, out);
}

size_t builder_pending(builder_t *b)
{
    return pending_count(b->pending);
}

void builder_set_ucdns(builder_t *b, ucdns_t *ucdns)
{
    pthread_mutex_lock(&b->lock);
    ucdns_t *before = b->new_ucdns;
    b->new_ucdns = ucdns_ref(ucdns);
    pthread_mutex_unlock(&b->lock);
    ucdns_unref(before);
}

/* On the thread that builds: whether there are new ones. */
static bool take_ucdns(builder_t *b)
{
    pthread_mutex_lock(&b->lock);
    bool changed = b->new_ucdns != NULL;
    ucdns_t *before = b->new_ucdns ? b->ucdns : NULL;
    b->ucdns = b->new_ucdns ? b->new_ucdns : b->ucdns;
    b->new_ucdns = NULL;
    pthread_mutex_unlock(&b->lock);
    ucdns_unref(before);
    return changed;
}

void builder_request(builder_t *b)
{
    pthread_mutex_lock(&b->lock);
    b->requested = true;
    pthread_cond_signal(&b->work);
    pthread_mutex_unlock(&b->lock);
}

void builder_on_done(builder_t *b, void (*call)(void *arg), void *arg)
{
    b->on_done = call;
    b->on_done_arg = arg;
}

uint64_t builder_busy_ms(const builder_t *b)
{
    uint64_t since = atomic_load(&b->busy_since);
    return since ? monotonic_ms() - since : 0;
}

void builder_look(builder_t *b)
{
    pthread_mutex_lock(&b->lock);
    b->changed = true;
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
    pending_free(b->pending);
    ucdns_unref(b->ucdns);
    ucdns_unref(b->new_ucdns);
    buf_release(&b->refusal);
    pthread_cond_destroy(&b->work);
    pthread_cond_destroy(&b->done);
    pthread_mutex_destroy(&b->lock);
    free(b);
}
