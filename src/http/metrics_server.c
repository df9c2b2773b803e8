#include "http/metrics_server.h"

#include "http/job.h"
#include "http/negotiate.h"
#include "http/send.h"
#include "http/setup.h"
#include "http/target.h"

#include <stdlib.h>

/* One may wait for the other: a scrape takes longer than a probe. */
#define METRICS_WORKERS 2
#define METRICS_QUEUE   16

#define MEDIA_TEXT        "text/plain; charset=utf-8"
#define MEDIA_OPENMETRICS "application/openmetrics-text"

/* ---- on a worker ---- */

typedef struct endpoint {
    const char *path;
    bool scrape;
    health_question_t question;
} endpoint_t;

static const endpoint_t endpoints[] = {{"/metrics", true, HEALTH_READY},
                                       {"/livez", false, HEALTH_LIVE},
                                       {"/readyz", false, HEALTH_READY},
                                       {"/startupz", false, HEALTH_STARTED}};
#define ENDPOINT_COUNT (sizeof endpoints / sizeof *endpoints)

typedef struct metrics_job {
    http_job_t super;
    http_metrics_t *metrics;
    const endpoint_t *endpoint;
    metrics_format_t format;
    int status;
    buf_t body;
} metrics_job_t;

static metrics_job_t *job_of(http_job_t *super)
{
    return H2O_STRUCT_FROM_MEMBER(metrics_job_t, super, super);
}

static void job_release(http_job_t *super)
{
    buf_release(&job_of(super)->body);
    free(job_of(super));
}

static int ask(const http_metrics_options_t *o, health_question_t question, buf_t *body)
{
    bool fine = o->healthy(o->arg, question, body);
    if (fine) {
        buf_append_str(body, "ok\n");
    }
    return fine ? 200 : 503;
}

static void job_run(http_job_t *super, bool cancelled)
{
    metrics_job_t *job = job_of(super);
    const http_metrics_options_t *o = &job->metrics->options;
    if (cancelled) {
        job->status = 503;
        buf_append_str(&job->body, "the server ends\n");
    } else if (job->endpoint->scrape) {
        o->scrape(o->arg, job->format, &job->body);
        job->status = 200;
    } else {
        job->status = ask(o, job->endpoint->question, &job->body);
    }
    if (buf_failed(&job->body)) {
        buf_release(&job->body);
        job->body = (buf_t)BUF_INIT;
        job->status = 503;
    }
}

/* The body lives as long as the job, and that as long as the request. */
static void job_done(http_job_t *super, h2o_req_t *req)
{
    metrics_job_t *job = job_of(super);
    bool scraped = job->endpoint->scrape && job->status == 200;
    send_text(req, job->status, scraped ? metrics_media_type(job->format) : MEDIA_TEXT,
              buf_slice(&job->body));
}

/* ---- on the loop ---- */

/* OpenMetrics where it is wanted more than what everybody understands. */
static metrics_format_t choose_format(const h2o_req_t *req)
{
    accept_t open, plain;
    accept_begin(&open, SLICE_LIT(MEDIA_OPENMETRICS));
    accept_begin(&plain, SLICE_LIT("text/plain"));
    for (ssize_t i = h2o_find_header(&req->headers, H2O_TOKEN_ACCEPT, -1); i >= 0;
         i = h2o_find_header(&req->headers, H2O_TOKEN_ACCEPT, i)) {
        slice_t line = slice_of_iovec(req->headers.entries[i].value);
        accept_add(&open, line);
        accept_add(&plain, line);
    }
    /* Only who names it knows it. */
    return open.q[2] > 0 && (plain.q[2] < 0 || open.q[2] >= plain.q[2]) ? METRICS_OPENMETRICS
                                                                        : METRICS_PROMETHEUS;
}

static void send_copy(h2o_req_t *req, int status, slice_t text)
{
    send_text(req, status, MEDIA_TEXT, slice_of_iovec(h2o_strdup(&req->pool, text.ptr, text.len)));
}

/* On the loop itself: that it answers is the point. */
static void answer_live(h2o_req_t *req, http_metrics_t *metrics)
{
    buf_t body = BUF_INIT;
    int status = ask(&metrics->options, HEALTH_LIVE, &body);
    send_copy(req, buf_failed(&body) ? 503 : status,
              buf_failed(&body) ? SLICE_LIT("") : buf_slice(&body));
    buf_release(&body);
}

static void answer_on_worker(h2o_req_t *req, http_metrics_t *metrics, const endpoint_t *endpoint)
{
    metrics_job_t *job = calloc(1, sizeof *job);
    if (!job) {
        send_busy(req);
        return;
    }
    *job = (metrics_job_t){.super = {.run = job_run,
                                     .done = job_done,
                                     .release = job_release,
                                     .workers = metrics->workers},
                           .metrics = metrics,
                           .endpoint = endpoint,
                           .format = choose_format(req),
                           .body = BUF_INIT};
    if (!http_job_submit(req, &job->super)) {
        job_release(&job->super);
        send_busy(req);
    }
}

static void answer_index(h2o_req_t *req)
{
    buf_t body = BUF_INIT;
    for (size_t i = 0; i < ENDPOINT_COUNT; i++) {
        buf_printf(&body, "%s\n", endpoints[i].path);
    }
    send_copy(req, 200, buf_failed(&body) ? SLICE_LIT("") : buf_slice(&body));
    buf_release(&body);
}

static const endpoint_t *find_endpoint(slice_t path)
{
    for (size_t i = 0; i < ENDPOINT_COUNT; i++) {
        if (slice_is(path, endpoints[i].path)) {
            return &endpoints[i];
        }
    }
    return NULL;
}

static int on_request(h2o_handler_t *handler, h2o_req_t *req)
{
    (void)handler;
    guard_request(&conn_of_request(req)->guard, req);
    http_metrics_t *metrics = loop_of_request(req)->server->metrics;
    slice_t path = handler_path(req);
    const endpoint_t *endpoint = find_endpoint(path);
    method_t method = method_parse(slice_of_iovec(req->input.method));
    if (!endpoint && !slice_is(path, "/")) {
        send_text(req, 404, MEDIA_TEXT,
                  SLICE_LIT("there is nothing at this path; / lists what there is\n"));
    } else if (method != METHOD_GET && method != METHOD_HEAD) {
        h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_ALLOW, NULL,
                       H2O_STRLIT("GET, HEAD"));
        send_text(req, 405, MEDIA_TEXT, SLICE_LIT("this listener only tells: GET and HEAD\n"));
    } else if (!endpoint) {
        answer_index(req);
    } else if (endpoint->question == HEALTH_LIVE) {
        answer_live(req, metrics);
    } else {
        answer_on_worker(req, metrics, endpoint);
    }
    return 0;
}

static void register_handler(h2o_pathconf_t *path)
{
    h2o_handler_t *handler = h2o_create_handler(path, sizeof *handler);
    handler->on_req = on_request;
}

/* ---- life ---- */

err_t metrics_server_new(const http_options_t *whole, const http_metrics_options_t *options,
                         http_metrics_t **out, buf_t *why)
{
    http_metrics_t *metrics = calloc(1, sizeof *metrics);
    if (!metrics) {
        buf_append_str(why, err_text(ERR_NOMEM));
        return ERR_NOMEM;
    }
    metrics->options = *options;
    /* Probes would fill the log, and the numbers of those who are served. */
    http_options_t quiet = *whole;
    quiet.access_log = false;
    setup_config(&metrics->config, &quiet, METRICS_MAX_BODY, register_handler);
    *out = metrics;
    return ERR_OK;
}

err_t metrics_server_start(http_metrics_t *metrics)
{
    return worker_pool_new(METRICS_WORKERS, METRICS_QUEUE, &metrics->workers);
}

void metrics_server_stop(http_metrics_t *metrics)
{
    worker_pool_free(metrics->workers);
    metrics->workers = NULL;
}

void metrics_server_free(http_metrics_t *metrics)
{
    if (metrics) {
        metrics_server_stop(metrics);
        h2o_config_dispose(&metrics->config);
        free(metrics);
    }
}

slice_t http_server_metrics_uri(const http_server_t *server)
{
    return server_uri_of(server, LISTENER_METRICS);
}
