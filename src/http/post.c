#include "http/post.h"

#include "footprintd/log/log.h"
#include "http/ane_key.h"
#include "http/job.h"
#include "http/measure.h"
#include "http/principal.h"
#include "http/send.h"

#include <stdlib.h>
#include <time.h>

/* Work above this goes to a worker: the loop's other clients would wait for it. */
#define POST_ON_LOOP_MAX_US 2000

/* What a request and its answer take of the memory that there is for all of them. */
typedef struct charge {
    http_server_t *server;
    uint64_t account;
    size_t bytes;
} charge_t;

/*
 * Counts so many more; false when there are too many: clients that ask and do not read must not be
 * able to fill the memory, nor one of them to keep it from the others.
 */
static bool charge(charge_t *c, size_t bytes)
{
    c->bytes += bytes;
    return share_take(&c->server->answers, c->account, bytes, c->server->options.answers_bytes);
}

static void discharge(charge_t *c)
{
    share_give(&c->server->answers, c->account, c->bytes);
    c->bytes = 0;
}

/* ---- on the loop ---- */

typedef struct post_local {
    charge_t charge;
    arena_t arena;
} post_local_t;

static void local_on_dispose(void *chunk)
{
    post_local_t *local = chunk;
    discharge(&local->charge);
    arena_release(&local->arena);
}

/* A line a second at the most: clients can cause it as often as they like. */
static void log_unavailable(const char *why)
{
    static atomic_long last;
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    long before = atomic_load_explicit(&last, memory_order_relaxed);
    if (now.tv_sec + 1 != before &&
        atomic_compare_exchange_strong(&last, &before, now.tv_sec + 1)) {
        log_line(LOG_LEVEL_WARNING, "http", "a POST is answered 503: %s", why);
    }
}

static void finish(h2o_req_t *req, err_t err, const alto_answer_t *answer, const arena_t *arena)
{
    if (err) {
        if (err == ERR_NOT_NOW) {
            measure_hit(loop_of_request(req), HTTP_HIT_ANSWERS);
        } else if (arena->full) {
            measure_hit(loop_of_request(req), HTTP_HIT_ANSWER);
            log_unavailable("the answer would take more memory than limits.answer-bytes");
        } else {
            log_line(LOG_LEVEL_ERROR, "http", "a POST cannot be answered: %s", err_text(err));
        }
        send_busy(req);
    } else {
        if (answer->status == 503) {
            log_unavailable(
                "the answer would have more entities than propmap.max-response-entities");
        }
        principal_pay(req, RATE_ENTITIES, answer->entities);
        send_answer(req, answer);
    }
}

/* Where the request comes from; false: nobody knows. */
static bool client_of(h2o_req_t *req, addr_t *client)
{
    char peer[NI_MAXHOST];
    return !addr_parse(peer_of_request(req, peer), client);
}

static void answer_here(h2o_req_t *req, const resource_t *resource)
{
    http_server_t *server = loop_of_request(req)->server;
    addr_t client;
    uint8_t key[BLOCK_SIZE];
    alto_limits_t limits = server->options.alto;
    limits.client = client_of(req, &client) ? &client : NULL;
    if (!ane_key_set(req, resource, key, &limits)) {
        send_busy(req);
        return;
    }
    post_local_t *local = h2o_mem_alloc_shared(&req->pool, sizeof *local, local_on_dispose);
    *local = (post_local_t){.charge = {.server = server, .account = principal_slot(req)}};
    arena_init(&local->arena, server->options.answer_bytes);
    alto_answer_t answer = {.status = 0};
    err_t err = resource->kind->answer(resource, slice_of_iovec(req->entity), &limits,
                                       &local->arena, &answer);
    if (!charge(&local->charge, local->arena.total)) {
        log_unavailable("too many answers are waiting to be read");
        err = ERR_NOT_NOW;
    }
    if (!err && answer.count) {
        /* The list is used until the last byte is sent; nobody said that it lives so long. */
        slice_t *segments = h2o_mem_alloc_pool(&req->pool, answer.count * sizeof *segments);
        memcpy(segments, answer.segments, answer.count * sizeof *segments);
        answer.segments = segments;
    }
    finish(req, err, &answer, &local->arena);
}

/* ---- on a worker ---- */

typedef struct post_job {
    http_job_t super;
    snapshot_t *snapshot; /* a real reference: the loop's pin must not cross threads */
    const resource_t *resource;
    slice_t request; /* own copy */
    alto_limits_t limits;
    addr_t client;
    uint8_t ane_key[BLOCK_SIZE];
    arena_t arena;
    charge_t charge;
    alto_answer_t answer;
    err_t err;
} post_job_t;

static post_job_t *post_job_of(http_job_t *super)
{
    return H2O_STRUCT_FROM_MEMBER(post_job_t, super, super);
}

static void job_release(http_job_t *super)
{
    post_job_t *job = post_job_of(super);
    discharge(&job->charge);
    arena_release(&job->arena);
    snapshot_unref(job->snapshot);
    free(job);
}

static void job_run(http_job_t *super, bool cancelled)
{
    post_job_t *job = post_job_of(super);
    if (cancelled) {
        job->err = ERR_NOT_NOW;
        return;
    }
    job->err = job->resource->kind->answer(job->resource, job->request, &job->limits, &job->arena,
                                           &job->answer);
    if (!charge(&job->charge, job->arena.total)) {
        /* Given back at once: the answer is not sent. */
        arena_release(&job->arena);
        log_unavailable("too many answers are waiting to be read");
        job->err = ERR_NOT_NOW;
    }
}

static void job_done(http_job_t *super, h2o_req_t *req)
{
    post_job_t *job = post_job_of(super);
    finish(req, job->err, &job->answer, &job->arena);
}

static void answer_on_worker(h2o_req_t *req, const resource_t *resource)
{
    http_loop_t *loop = loop_of_request(req);
    post_job_t *job = malloc(sizeof *job + req->entity.len);
    if (!job) {
        send_busy(req);
        return;
    }
    char *copy = (char *)(job + 1);
    if (req->entity.len) {
        memcpy(copy, req->entity.base, req->entity.len);
    }
    *job = (post_job_t){
        .super = {.run = job_run, .done = job_done, .release = job_release},
        .snapshot = snapshot_ref(loop->pin->snapshot),
        .resource = resource,
        .request = slice_of(copy, req->entity.len),
        .limits = loop->server->options.alto,
        .charge = {.server = loop->server, .account = principal_slot(req)},
    };
    job->limits.client = client_of(req, &job->client) ? &job->client : NULL;
    arena_init(&job->arena, loop->server->options.answer_bytes);
    /* It waits with its body, of which there are two copies by now. */
    bool fits = charge(&job->charge, 2 * req->entity.len);
    if (!fits) {
        measure_hit(loop, HTTP_HIT_ANSWERS);
    }
    if (!fits || !ane_key_set(req, resource, job->ane_key, &job->limits) ||
        !http_job_submit(req, &job->super)) {
        discharge(&job->charge);
        snapshot_unref(job->snapshot);
        free(job);
        send_busy(req);
    }
}

void post_answer(h2o_req_t *req, const resource_t *resource)
{
    const resource_kind_t *kind = resource->kind;
    uint64_t cost = kind->cost ? kind->cost(resource, slice_of_iovec(req->entity)) : 0;
    if (cost <= POST_ON_LOOP_MAX_US) {
        answer_here(req, resource);
    } else {
        answer_on_worker(req, resource);
    }
}
