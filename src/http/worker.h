/*
 * Workers: a few threads of low priority that run what would hold up a loop.
 */
#ifndef FOOTPRINTD_HTTP_WORKER_H
#define FOOTPRINTD_HTTP_WORKER_H

#include "footprintd/base/err.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct worker_job worker_job_t;

struct worker_job {
    worker_job_t *next;
    /* On a worker thread; the job is run's from here on. cancelled: give it back undone, at once.
     */
    void (*run)(worker_job_t *job, bool cancelled);
};

typedef struct worker_pool worker_pool_t;

/* queue_limit: jobs that may wait for a thread. */
err_t worker_pool_new(unsigned threads, size_t queue_limit, worker_pool_t **out) FPD_MUST_CHECK;
/* Any thread. False when the queue is full: the job stays the caller's. */
bool worker_pool_submit(worker_pool_t *pool, worker_job_t *job) FPD_MUST_CHECK;
/* As above, for work that must be done some time: the limit does not count. */
void worker_pool_submit_always(worker_pool_t *pool, worker_job_t *job);
/* Jobs that wait for a thread. NULL is fine. */
size_t worker_pool_waiting(worker_pool_t *pool);
/* From now on jobs run with cancelled set, those that wait too. */
void worker_pool_cancel(worker_pool_t *pool);
/* Runs what waits, joins the threads. NULL is fine. */
void worker_pool_free(worker_pool_t *pool);

#endif
