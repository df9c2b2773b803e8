#include "compressor.h"

#include "footprintd/log/log.h"

#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

struct compressor {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;
    snapshot_t *next; /* one reference; NULL: nothing to do */
    bool stopping;
    atomic_bool interrupt; /* next or stopping changed since the work at hand began */
};

static bool should_stop(void *arg)
{
    compressor_t *c = arg;
    return atomic_load_explicit(&c->interrupt, memory_order_relaxed);
}

/* False: there is something else to do. */
static bool compress_view(compressor_t *c, const view_t *view)
{
    for (size_t i = 0; i < view->count; i++) {
        document_t *document = view->resources[i].document;
        err_t err = document ? document_compress(document, should_stop, c) : ERR_OK;
        if (err == ERR_NOT_NOW) {
            return false;
        }
        if (err) {
            log_line(LOG_LEVEL_WARNING, "compress", "%.*s: %s; it is served uncompressed",
                     SLICE_ARG(view->resources[i].path), err_text(err));
        }
    }
    return true;
}

/* What classes share is compressed once. */
static void compress_snapshot(compressor_t *c, snapshot_t *snapshot)
{
    for (size_t i = 0; i < snapshot_class_count(snapshot); i++) {
        size_t names = 0;
        (void)snapshot_class_names(snapshot, i, &names);
        if (names && !compress_view(c, snapshot_class_view(snapshot, i))) {
            return;
        }
    }
    log_line(LOG_LEVEL_DEBUG, "compress", "generation %llu is compressed",
             (unsigned long long)snapshot_generation(snapshot));
}

static void *compressor_main(void *arg)
{
    compressor_t *c = arg;
    struct sched_param idle = {.sched_priority = 0};
    /* Refused in some containers; then it competes like any other thread. */
    (void)pthread_setschedparam(pthread_self(), SCHED_IDLE, &idle);
    pthread_mutex_lock(&c->lock);
    for (;;) {
        while (!c->next && !c->stopping) {
            pthread_cond_wait(&c->work, &c->lock);
        }
        if (c->stopping) {
            break;
        }
        snapshot_t *snapshot = c->next;
        c->next = NULL;
        atomic_store(&c->interrupt, false);
        pthread_mutex_unlock(&c->lock);
        compress_snapshot(c, snapshot);
        snapshot_unref(snapshot);
        /* A build leaves as much free memory behind as it used: the system gets it back. */
        (void)malloc_trim(0);
        pthread_mutex_lock(&c->lock);
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

err_t compressor_new(compressor_t **out)
{
    compressor_t *c = calloc(1, sizeof *c);
    if (!c) {
        return ERR_NOMEM;
    }
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->work, NULL);
    atomic_init(&c->interrupt, false);
    if (pthread_create(&c->thread, NULL, compressor_main, c) != 0) {
        pthread_cond_destroy(&c->work);
        pthread_mutex_destroy(&c->lock);
        free(c);
        return ERR_NOMEM;
    }
    *out = c;
    return ERR_OK;
}

void compressor_submit(compressor_t *c, snapshot_t *snapshot)
{
    pthread_mutex_lock(&c->lock);
    snapshot_t *older = c->next;
    c->next = snapshot_ref(snapshot);
    atomic_store(&c->interrupt, true);
    pthread_cond_signal(&c->work);
    pthread_mutex_unlock(&c->lock);
    if (older) {
        snapshot_unref(older);
    }
}

void compressor_free(compressor_t *c)
{
    if (!c) {
        return;
    }
    pthread_mutex_lock(&c->lock);
    c->stopping = true;
    atomic_store(&c->interrupt, true);
    pthread_cond_signal(&c->work);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    if (c->next) {
        snapshot_unref(c->next);
    }
    pthread_cond_destroy(&c->work);
    pthread_mutex_destroy(&c->lock);
    free(c);
}
