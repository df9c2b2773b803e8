#include "http/tips.h"

#include "footprintd/alto/services.h"
#include "footprintd/log/log.h"
#include "footprintd/updates/tips.h"
#include "http/check.h"
#include "http/events.h"
#include "http/job.h"
#include "http/polls.h"
#include "http/principal.h"
#include "http/send.h"

#include <netdb.h>
#include <stdlib.h>

/* ---- opening ---- */

typedef struct open_job {
    http_job_t super;
    hub_t *hub;
    slice_t body;
    tips_client_t client; /* texts of both are own copies */
    hub_refusal_t refusal;
    buf_t text;
    err_t err;
} open_job_t;

static open_job_t *job_of(http_job_t *super)
{
    return H2O_STRUCT_FROM_MEMBER(open_job_t, super, super);
}

static void run_open(open_job_t *job, hub_t *hub)
{
    job->err = tips_open(hub, job->body, &job->client, &job->refusal, &job->text);
}

static void job_run(http_job_t *super, bool cancelled)
{
    open_job_t *job = job_of(super);
    if (cancelled) {
        job->refusal.status = 503;
    } else {
        run_open(job, job->hub);
    }
}

static void send_made(h2o_req_t *req, err_t err, const char *media_type,
                      const hub_refusal_t *refusal, const buf_t *text)
{
    if (err) {
        log_line(LOG_LEVEL_ERROR, "tips", "a request cannot be answered: %s", err_text(err));
        send_busy(req);
    } else if (!text->len) {
        send_refusal(req, refusal);
    } else {
        h2o_iovec_t copy = h2o_strdup(&req->pool, text->ptr, text->len);
        send_text(req, 200, media_type, slice_of_iovec(copy));
    }
}

static void job_done(http_job_t *super, h2o_req_t *req)
{
    open_job_t *job = job_of(super);
    send_made(req, job->err, ALTO_MEDIA_TIPS, &job->refusal, &job->text);
}

static void job_release(http_job_t *super)
{
    open_job_t *job = job_of(super);
    buf_release(&job->refusal.body);
    buf_release(&job->text);
    free(job);
}

/* What a host and port consist of. */
static bool is_authority(h2o_iovec_t s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.base[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && (!c || !strchr(".-_:[]%", c))) {
            return false;
        }
    }
    return s.len > 0;
}

/*
 * RFC 9569 6.2 wants an absolute URI: the one configured, or where the client came in, by its own
 * words or, when these are none, by ours.
 */
static slice_t base_of(h2o_req_t *req)
{
    const http_server_t *server = loop_of_request(req)->server;
    if (server->options.base_uri.len) {
        return server->options.base_uri;
    }
    if (!is_authority(req->input.authority)) {
        return slice_str(server->listeners[0].uri);
    }
    h2o_iovec_t base = h2o_concat(&req->pool, req->input.scheme->name,
                                  h2o_iovec_init(H2O_STRLIT("://")), req->input.authority);
    return slice_of_iovec(base);
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

void tips_open_view(h2o_req_t *req)
{
    char buffer[NI_MAXHOST];
    http_loop_t *loop = loop_of_request(req);
    slice_t body = slice_of_iovec(req->entity);
    const tips_client_t client = {principal_account(req, buffer), principal_name(req),
                                  base_of(req)};
    open_job_t *job = malloc(sizeof *job + body.len + client.account.len + client.owner.len +
                             client.base.len);
    if (!job || loop->drain_began) {
        free(job);
        send_later(req, 503);
        return;
    }
    char *at = (char *)(job + 1);
    *job = (open_job_t){.super = {.run = job_run, .done = job_done, .release = job_release},
                        .refusal = HUB_REFUSAL_INIT,
                        .text = BUF_INIT};
    job->hub = hub_of_request(req);
    job->body = copy_to(&at, body);
    job->client.account = copy_to(&at, client.account);
    job->client.owner = copy_to(&at, client.owner);
    job->client.base = copy_to(&at, client.base);
    if (!stream_is_slow(body)) {
        run_open(job, job->hub);
        job_done(&job->super, req);
        job_release(&job->super);
    } else if (!http_job_submit(req, &job->super)) {
        job_release(&job->super);
        send_later(req, 429);
    }
}

/* ---- what lies below a view ---- */

bool tips_is_view(slice_t path, slice_t *rest)
{
    const slice_t start = SLICE_LIT(TIPS_PATH);
    if (path.len <= start.len || memcmp(path.ptr, start.ptr, start.len) != 0) {
        return false;
    }
    *rest = slice_of(path.ptr + start.len, path.len - start.len);
    return true;
}

static void next_edge(h2o_req_t *req, slice_t token)
{
    hub_refusal_t refusal = HUB_REFUSAL_INIT;
    buf_t text = BUF_INIT;
    if (check_post(req, ALTO_MEDIA_TIPS_PARAMS, NULL, ALTO_MEDIA_MERGE_PATCH)) {
        err_t err = tips_next_edge(hub_of_request(req), token, slice_of_iovec(req->entity),
                                   &refusal, &text);
        send_made(req, err, ALTO_MEDIA_MERGE_PATCH, &refusal, &text);
    }
    buf_release(&refusal.body);
    buf_release(&text);
}

/* A sequence number: 0 or without a leading zero, and no number that doubles do not have. */
static bool take_number(slice_t *s, uint64_t *out)
{
    size_t n = 0;
    uint64_t value = 0;
    while (n < s->len && s->ptr[n] >= '0' && s->ptr[n] <= '9' && n < 17) {
        value = value * 10 + (uint64_t)(s->ptr[n++] - '0');
    }
    bool fine = n && (n == 1 || s->ptr[0] != '0') && value <= (UINT64_C(1) << 53) - 1;
    *out = value;
    *s = slice_of(s->ptr + n, s->len - n);
    return fine;
}

/* "/<i>/<j>" */
static bool read_edge(slice_t text, uint64_t *from, uint64_t *to)
{
    if (!text.len || text.ptr[0] != '/') {
        return false;
    }
    text = slice_of(text.ptr + 1, text.len - 1);
    if (!take_number(&text, from) || !text.len || text.ptr[0] != '/') {
        return false;
    }
    text = slice_of(text.ptr + 1, text.len - 1);
    return take_number(&text, to) && !text.len;
}

void tips_view(h2o_req_t *req, slice_t rest)
{
    hub_t *hub = hub_of_request(req);
    const char *slash = memchr(rest.ptr, '/', rest.len);
    slice_t text = slice_of(rest.ptr, slash ? (size_t)(slash - rest.ptr) : rest.len), token;
    slice_t below = slice_of(rest.ptr + text.len, rest.len - text.len);
    const slice_t graph = SLICE_LIT("/ug");
    bool head;
    uint64_t from, to;
    if (!hub || !tips_exists(hub, text, principal_name(req), &token) || below.len < graph.len ||
        memcmp(below.ptr, graph.ptr, graph.len) != 0) {
        send_empty(req, 404);
    } else if (below.len == graph.len) {
        next_edge(req, token);
    } else if (check_get(req, NULL, &head)) {
        slice_t edge = slice_of(below.ptr + graph.len, below.len - graph.len);
        if (read_edge(edge, &from, &to)) {
            poll_edge(req, token, from, to, head);
        } else {
            poll_refuse(req, 404, slice_of(edge.ptr, edge.len));
        }
    }
}
