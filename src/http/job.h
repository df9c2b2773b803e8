/*
 * Jobs: the part of a request that a worker does.
 *
 * A job is seen by two: the worker side, until it comes back as a message, and the request, until
 * that is disposed. Both of these ends happen on the loop's thread, and the later one frees it.
 */
#ifndef FOOTPRINTD_HTTP_JOB_H
#define FOOTPRINTD_HTTP_JOB_H

#include "http/internal.h"

typedef struct http_job http_job_t;

/* The first member of a job of any kind; the three functions are set by whoever makes it. */
struct http_job {
    worker_job_t super;
    /* On a worker. cancelled: need not be done, the server ends or nobody waits any more. */
    void (*run)(http_job_t *job, bool cancelled);
    /* On the loop, when the request is still there. */
    void (*done)(http_job_t *job, h2o_req_t *req);
    /* On the loop. Frees the job itself. */
    void (*release)(http_job_t *job);
    worker_pool_t *workers; /* whose; NULL: the server's */

    /* Private. */
    h2o_multithread_message_t message;
    http_loop_t *loop;
    h2o_req_t *req;   /* NULL once the request is gone */
    uint64_t account; /* principal_slot, whose share of the server's workers it takes */
    bool back;
    atomic_bool unwanted; /* the request is gone */
};

/* False when too many wait, all together or of the client: the job stays the caller's. */
bool http_job_submit(h2o_req_t *req, http_job_t *job);
/* Receiver of finished jobs, on the loop. */
void http_job_on_back(h2o_multithread_receiver_t *receiver, h2o_linklist_t *messages);

#endif
