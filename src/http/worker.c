#include "http/worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define WORKER_NICE 10

struct worker_pool {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    worker_job_t *head;
    worker_job_t **tail;
    size_t waiting; /* jobs in the queue */
    size_t limit;
    bool cancelled;
    bool stopping;
    size_t thread_count;
    pthread_t threads[];
};

static void *worker_main(void *arg)
{
    worker_pool_t *pool = arg;
    (void)pthread_setname_np(pthread_self(), "worker");
    /* On Linux this is the thread's own priority. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), WORKER_NICE);
    (void)pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (!pool->head && !pool->stopping) {
            (void)pthread_cond_wait(&pool->changed, &pool->lock);
        }
        worker_job_t *job = pool->head;
        if (!job) {
            break;
        }
        pool->head = job->next;
        if (!pool->head) {
            pool->tail = &pool->head;
        }
        pool->waiting--;
        bool cancelled = pool->cancelled;
        (void)pthread_mutex_unlock(&pool->lock);
        job->run(job, cancelled);
        (void)pthread_mutex_lock(&pool->lock);
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return NULL;
}

err_t worker_pool_new(unsigned threads, size_t queue_limit, worker_pool_t **out)
{
    worker_pool_t *pool = calloc(1, sizeof *pool + threads * sizeof pool->threads[0]);
    if (!pool) {
        return ERR_NOMEM;
    }
    (void)pthread_mutex_init(&pool->lock, NULL);
    (void)pthread_cond_init(&pool->changed, NULL);
    pool->tail = &pool->head;
    pool->limit = queue_limit;
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = 0;
    while (pool->thread_count < threads && !failed) {
        failed = pthread_create(&pool->threads[pool->thread_count], NULL, worker_main, pool);
        pool->thread_count += failed ? 0 : 1;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        worker_pool_free(pool);
        return ERR_IO;
    }
    *out = pool;
    return ERR_OK;
}

static bool submit(worker_pool_t *pool, worker_job_t *job, size_t limit)
{
    (void)pthread_mutex_lock(&pool->lock);
    bool taken = pool->waiting < limit;
    if (taken) {
        job->next = NULL;
        *pool->tail = job;
        pool->tail = &job->next;
        pool->waiting++;
        (void)pthread_cond_signal(&pool->changed);
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return taken;
}

bool worker_pool_submit(worker_pool_t *pool, worker_job_t *job)
{
    return submit(pool, job, pool->limit);
}

void worker_pool_submit_always(worker_pool_t *pool, worker_job_t *job)
{
    (void)submit(pool, job, SIZE_MAX);
}

size_t worker_pool_waiting(worker_pool_t *pool)
{
    if (!pool) {
        return 0;
    }
    (void)pthread_mutex_lock(&pool->lock);
    size_t waiting = pool->waiting;
    (void)pthread_mutex_unlock(&pool->lock);
    return waiting;
}

void worker_pool_cancel(worker_pool_t *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
    pool->cancelled = true;
    (void)pthread_mutex_unlock(&pool->lock);
}

void worker_pool_free(worker_pool_t *pool)
{
    if (!pool) {
        return;
    }
    (void)pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    (void)pthread_cond_broadcast(&pool->changed);
    (void)pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->thread_count; i++) {
        (void)pthread_join(pool->threads[i], NULL);
    }
    (void)pthread_cond_destroy(&pool->changed);
    (void)pthread_mutex_destroy(&pool->lock);
    free(pool);
}
