#include "watchdog.h"

#include "footprintd/base/time.h"
#include "footprintd/log/log.h"

#include <pthread.h>
#include <stdlib.h>

/* How often it looks. */
#define ROUND_MS 250
/* When it comes so much later, the process did not run; loops may be as late in the next round. */
#define LATE_MS        1000
#define EXCUSED_ROUNDS 2

struct watchdog {
    watchdog_options_t options;
    size_t loop_count;
    uint64_t *stuck; /* of each loop: for how many ms, as it was told; 0: it goes on */
    bool build_told;
    uint64_t pinged_ms; /* the manager, last */
    unsigned excused;   /* rounds */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping;
};

/* False: it is stuck. */
static bool look_at_loop(watchdog_t *w, size_t i)
{
    const watchdog_options_t *o = &w->options;
    uint64_t ms = http_server_watch_loop(o->http, i, w->excused > 0);
    if (o->abort_s && ms >= o->abort_s * 1000) {
        log_listed(LOG_LEVEL_ERROR, "watchdog",
                   "the serving thread http-%zu has not moved for %llu ms: aborting", i,
                   (unsigned long long)ms);
        log_flush();
        abort();
    }
    if (ms >= o->stall_s * 1000) {
        if (!w->stuck[i]) {
            log_listed(LOG_LEVEL_ERROR, "watchdog",
                       "the serving thread http-%zu has not moved for %llu ms", i,
                       (unsigned long long)ms);
        }
        w->stuck[i] = ms;
        return false;
    }
    if (w->stuck[i] && !w->excused) {
        log_listed(LOG_LEVEL_WARNING, "watchdog",
                   "the serving thread http-%zu moves again, after %llu ms or more", i,
                   (unsigned long long)w->stuck[i]);
        w->stuck[i] = 0;
    }
    return true;
}

static void look_at_builder(watchdog_t *w)
{
    uint64_t ms = builder_busy_ms(w->options.builder);
    bool is_long = w->options.build_s && ms >= w->options.build_s * 1000;
    if (is_long && !w->build_told) {
        log_listed(LOG_LEVEL_WARNING, "watchdog",
                   "the builder has been at one piece of work for %llu ms; what is served goes on "
                   "being served",
                   (unsigned long long)ms);
    } else if (!is_long && w->build_told) {
        log_listed(LOG_LEVEL_INFO, "watchdog", "the builder has come to its end");
    }
    w->build_told = is_long;
}

static void look(watchdog_t *w, uint64_t now)
{
    bool all = true;
    for (size_t i = 0; i < w->loop_count; i++) {
        all &= look_at_loop(w, i);
    }
    look_at_builder(w);
    w->excused -= w->excused > 0;
    const notify_t *notify = w->options.notify;
    if (all && notify->watchdog_us && (now - w->pinged_ms) * 2000 >= notify->watchdog_us) {
        notify_send(notify, SLICE_LIT("WATCHDOG=1"));
        w->pinged_ms = now;
    }
}

static void *watchdog_main(void *arg)
{
    watchdog_t *w = arg;
    (void)pthread_setname_np(pthread_self(), "watchdog");
    uint64_t due = monotonic_ms();
    (void)pthread_mutex_lock(&w->lock);
    while (!w->stopping) {
        (void)pthread_mutex_unlock(&w->lock);
        uint64_t now = monotonic_ms();
        if (now > due + LATE_MS) {
            w->excused = EXCUSED_ROUNDS;
        }
        look(w, now);
        due = monotonic_ms() + ROUND_MS;
        struct timespec until = {.tv_sec = (time_t)(due / 1000),
                                 .tv_nsec = (long)(due % 1000) * 1000000};
        (void)pthread_mutex_lock(&w->lock);
        if (!w->stopping) {
            (void)pthread_cond_clockwait(&w->wake, &w->lock, CLOCK_MONOTONIC, &until);
        }
    }
    (void)pthread_mutex_unlock(&w->lock);
    return NULL;
}

err_t watchdog_new(const watchdog_options_t *options, watchdog_t **out)
{
    size_t count = http_server_loop_count(options->http);
    watchdog_t *w = calloc(1, sizeof *w);
    uint64_t *stuck = calloc(count + 1, sizeof *stuck);
    if (!w || !stuck) {
        free(w);
        free(stuck);
        return ERR_NOMEM;
    }
    *w = (watchdog_t){.options = *options, .loop_count = count, .stuck = stuck};
    (void)pthread_mutex_init(&w->lock, NULL);
    (void)pthread_cond_init(&w->wake, NULL);
    if (pthread_create(&w->thread, NULL, watchdog_main, w) != 0) {
        free(stuck);
        free(w);
        return ERR_NOMEM;
    }
    *out = w;
    return ERR_OK;
}

void watchdog_free(watchdog_t *w)
{
    if (!w) {
        return;
    }
    (void)pthread_mutex_lock(&w->lock);
    w->stopping = true;
    (void)pthread_cond_signal(&w->wake);
    (void)pthread_mutex_unlock(&w->lock);
    (void)pthread_join(w->thread, NULL);
    (void)pthread_cond_destroy(&w->wake);
    (void)pthread_mutex_destroy(&w->lock);
    free(w->stuck);
    free(w);
}
