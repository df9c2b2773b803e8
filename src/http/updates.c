#include "http/updates.h"

#include "footprintd/alto/services.h"
#include "footprintd/log/log.h"
#include "http/check.h"
#include "http/events.h"
#include "http/job.h"
#include "http/principal.h"
#include "http/send.h"

#include <netdb.h>
#include <stdlib.h>

/* What becomes of one request, here or on a worker. */
typedef struct outcome {
    hub_refusal_t refusal; /* status 0: none */
    stream_t *stream;      /* opened, or changed; a reference */
    err_t err;
} outcome_t;

static void run(hub_t *hub, slice_t token, slice_t body, slice_t client, outcome_t *out)
{
    out->err = token.len ? stream_control(hub, token, body, client, &out->refusal, &out->stream)
                         : stream_open(hub, body, client, &out->refusal, &out->stream);
}

/* Takes the stream; the refusal's memory stays the caller's. */
static void finish(h2o_req_t *req, bool control, outcome_t *out)
{
    if (out->err) {
        log_line(LOG_LEVEL_ERROR, "updates", "a request cannot be answered: %s",
                 err_text(out->err));
        send_busy(req);
    } else if (!out->stream) {
        send_refusal(req, &out->refusal);
    } else if (control) {
        /* Applied: its owner, on whatever loop, is to say so on the stream. */
        hub_tell_news(stream_hub(out->stream));
        stream_unref(out->stream);
        send_empty(req, 204);
    } else {
        stream_set_owner(out->stream, principal_name(req));
        events_begin(req, out->stream);
    }
    out->stream = NULL;
}

/* ---- on a worker ---- */

typedef struct updates_job {
    http_job_t super;
    hub_t *hub;
    slice_t token; /* "": an opening */
    slice_t body;
    slice_t client;
    outcome_t outcome;
} updates_job_t;

static updates_job_t *job_of(http_job_t *super)
{
    return H2O_STRUCT_FROM_MEMBER(updates_job_t, super, super);
}

static void job_run(http_job_t *super, bool cancelled)
{
    updates_job_t *job = job_of(super);
    if (cancelled) {
        hub_refusal_t none = HUB_REFUSAL_INIT;
        job->outcome.refusal = none;
        job->outcome.refusal.status = 503;
    } else {
        run(job->hub, job->token, job->body, job->client, &job->outcome);
    }
}

static void job_done(http_job_t *super, h2o_req_t *req)
{
    updates_job_t *job = job_of(super);
    finish(req, job->token.len != 0, &job->outcome);
}

/* Also of a request that went while the stream was opened. */
static void job_release(http_job_t *super)
{
    updates_job_t *job = job_of(super);
    if (job->outcome.stream) {
        if (!job->token.len) {
            stream_close(job->outcome.stream);
        }
        stream_unref(job->outcome.stream);
    }
    buf_release(&job->outcome.refusal.body);
    free(job);
}

static slice_t copy_to(char **at, slice_t s)
{
    slice_t copy = slice_of(*at, s.len);
    if (s.len) {
        memcpy(*at, s.ptr, s.len);
    }
    *at += s.len;
    return copy;
}

static void on_worker(h2o_req_t *req, slice_t token, slice_t body, slice_t client)
{
    updates_job_t *job = malloc(sizeof *job + token.len + body.len + client.len);
    if (!job) {
        send_busy(req);
        return;
    }
    char *at = (char *)(job + 1);
    *job = (updates_job_t){.super = {.run = job_run, .done = job_done, .release = job_release}};
    job->hub = hub_of_request(req);
    job->token = copy_to(&at, token);
    job->body = copy_to(&at, body);
    job->client = copy_to(&at, client);
    if (!http_job_submit(req, &job->super)) {
        free(job);
        send_later(req, 503);
    }
}

/* ---- requests ---- */

static void answer(h2o_req_t *req, slice_t token)
{
    char buffer[NI_MAXHOST];
    slice_t client = principal_account(req, buffer), body = slice_of_iovec(req->entity);
    if (stream_is_slow(body)) {
        on_worker(req, token, body, client);
        return;
    }
    outcome_t out = {HUB_REFUSAL_INIT, NULL, ERR_OK};
    run(hub_of_request(req), token, body, client, &out);
    finish(req, token.len != 0, &out);
    buf_release(&out.refusal.body);
}

void updates_open(h2o_req_t *req)
{
    if (loop_of_request(req)->drain_began || !events_admit(req)) {
        send_later(req, 503);
    } else {
        answer(req, SLICE_LIT(""));
    }
}

bool updates_is_control(slice_t path, slice_t *token)
{
    const slice_t start = SLICE_LIT(STREAM_PATH);
    if (path.len <= start.len || memcmp(path.ptr, start.ptr, start.len) != 0) {
        return false;
    }
    *token = slice_of(path.ptr + start.len, path.len - start.len);
    return true;
}

void updates_control(h2o_req_t *req, slice_t token)
{
    /* Whatever else is wrong with it: nobody learns anything of a stream that is not his. */
    hub_t *hub = hub_of_request(req);
    if (!hub || !stream_is_owned(hub, token, principal_name(req))) {
        send_empty(req, 404);
    } else if (check_post(req, ALTO_MEDIA_STREAM_PARAMS, NULL, NULL)) {
        answer(req, token);
    }
}
