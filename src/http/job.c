#include "http/job.h"

#include "http/measure.h"
#include "http/principal.h"

/* The request's end of a job. */
static void link_on_dispose(void *chunk)
{
    http_job_t *job = *(http_job_t **)chunk;
    if (!job) {
        return;
    }
    job->req = NULL;
    atomic_store_explicit(&job->unwanted, true, memory_order_relaxed);
    if (job->back) {
        job->release(job);
    }
}

static void run(worker_job_t *super, bool cancelled)
{
    http_job_t *job = H2O_STRUCT_FROM_MEMBER(http_job_t, super, super);
    job->run(job, cancelled || atomic_load_explicit(&job->unwanted, memory_order_relaxed));
    h2o_multithread_send_message(&job->loop->jobs_back, &job->message);
}

static void give_back(http_job_t *job)
{
    if (!job->workers) {
        share_give(&job->loop->server->jobs, job->account, 1);
    }
}

static bool submit(http_job_t *job)
{
    http_server_t *server = job->loop->server;
    if (job->workers) {
        return worker_pool_submit(job->workers, &job->super);
    }
    /* The pool has the limit of all. */
    if (share_take(&server->jobs, job->account, 1, server->options.worker_queue) &&
        worker_pool_submit(server->workers, &job->super)) {
        return true;
    }
    give_back(job);
    measure_hit(job->loop, HTTP_HIT_WORKER_QUEUE);
    return false;
}

void http_job_on_back(h2o_multithread_receiver_t *receiver, h2o_linklist_t *messages)
{
    (void)receiver;
    while (!h2o_linklist_is_empty(messages)) {
        h2o_multithread_message_t *message = H2O_STRUCT_FROM_MEMBER(h2o_multithread_message_t, link,
                                                                    messages->next);
        http_job_t *job = H2O_STRUCT_FROM_MEMBER(http_job_t, message, message);
        h2o_linklist_unlink(&message->link);
        job->loop->jobs_out--;
        job->back = true;
        give_back(job);
        if (job->req) {
            job->done(job, job->req);
        } else {
            job->release(job);
        }
    }
}

bool http_job_submit(h2o_req_t *req, http_job_t *job)
{
    http_loop_t *loop = loop_of_request(req);
    http_job_t **link = h2o_mem_alloc_shared(&req->pool, sizeof(http_job_t *), link_on_dispose);
    job->super.run = run;
    job->loop = loop;
    job->req = req;
    *link = job;
    job->account = job->workers ? 0 : principal_slot(req);
    loop->jobs_out++;
    if (submit(job)) {
        return true;
    }
    loop->jobs_out--;
    *link = NULL;
    return false;
}
