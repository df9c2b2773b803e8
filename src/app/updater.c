#include "updater.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define UPDATER_NICE 5

struct updater {
    hubs_t *hubs;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;
    bool woken;
    atomic_bool stopping;
};

static bool should_stop(void *arg)
{
    return atomic_load_explicit(&((updater_t *)arg)->stopping, memory_order_relaxed);
}

static void wait_for_work(updater_t *u, const struct timespec *until)
{
    int timed_out = 0;
    (void)pthread_mutex_lock(&u->lock);
    while (!u->woken && !should_stop(u) && !timed_out) {
        timed_out = pthread_cond_timedwait(&u->work, &u->lock, until);
    }
    u->woken = false;
    (void)pthread_mutex_unlock(&u->lock);
}

static void *updater_main(void *arg)
{
    updater_t *u = arg;
    struct timespec now, due;
    (void)pthread_setname_np(pthread_self(), "updater");
    /* On Linux this is the thread's own priority. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), UPDATER_NICE);
    (void)clock_gettime(CLOCK_MONOTONIC, &due);
    while (!should_stop(u)) {
        hubs_catch_up(u->hubs, should_stop, u);
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec >= due.tv_sec) {
            hubs_tick(u->hubs, (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
            due = now;
            due.tv_sec++;
        }
        wait_for_work(u, &due);
    }
    return NULL;
}

err_t updater_new(hubs_t *hubs, updater_t **out)
{
    updater_t *u = calloc(1, sizeof *u);
    if (!u) {
        return ERR_NOMEM;
    }
    u->hubs = hubs;
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&u->work, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    (void)pthread_mutex_init(&u->lock, NULL);
    if (pthread_create(&u->thread, NULL, updater_main, u) != 0) {
        (void)pthread_cond_destroy(&u->work);
        (void)pthread_mutex_destroy(&u->lock);
        free(u);
        return ERR_NOMEM;
    }
    *out = u;
    return ERR_OK;
}

void updater_wake(updater_t *u)
{
    (void)pthread_mutex_lock(&u->lock);
    u->woken = true;
    (void)pthread_cond_signal(&u->work);
    (void)pthread_mutex_unlock(&u->lock);
}

void updater_free(updater_t *u)
{
    if (!u) {
        return;
    }
    atomic_store(&u->stopping, true);
    updater_wake(u);
    (void)pthread_join(u->thread, NULL);
    (void)pthread_cond_destroy(&u->work);
    (void)pthread_mutex_destroy(&u->lock);
    free(u);
}
