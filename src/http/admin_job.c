#include "http/admin_server.h"
#include "http/conditional.h"
#include "http/job.h"
#include "http/send.h"

#include <netdb.h>
#include <stdlib.h>

/* ---- on a worker ---- */

typedef struct admin_job {
    http_job_t super;
    http_admin_t *admin;
    admin_request_t request; /* all of it in the arena */
    arena_t arena;
    char *body; /* owned; what request.body is */
    admin_response_t response;
    bool head;
} admin_job_t;

/* A body is copied in pieces of so many bytes, one in a turn of the loop: a turn must not be long.
 */
#define COPY_STEP ((size_t)4 << 20)

/* On its way to a worker: of the request's pool. */
typedef struct upload {
    h2o_timeout_entry_t entry;
    h2o_req_t *req;
    admin_job_t *job; /* owned until it is submitted */
    size_t copied;
} upload_t;

static admin_job_t *admin_job_of(http_job_t *super)
{
    return H2O_STRUCT_FROM_MEMBER(admin_job_t, super, super);
}

static void job_release(http_job_t *super)
{
    admin_job_t *job = admin_job_of(super);
    free(job->body);
    buf_release(&job->response.body);
    arena_release(&job->response.arena);
    arena_release(&job->arena);
    free(job);
}

/* RFC 9110 13.2.2: only what would be a 200 to a GET becomes a 304. */
static void check_freshness(const admin_request_t *request, admin_response_t *response)
{
    const slice_t etags[CODING_COUNT] = {slice_str(response->etag), {"", 0}, {"", 0}};
    if (response->status == 200 && response->etag[0] && request->if_none_match.len &&
        strcmp(request->route->method, "GET") == 0 &&
        conditional_none_match(request->if_none_match, etags, CODING_IDENTITY) !=
            CONDITIONAL_NO_MATCH) {
        response->status = 304;
        buf_clear(&response->body);
    }
}

static void job_run(http_job_t *super, bool cancelled)
{
    admin_job_t *job = admin_job_of(super);
    admin_response_t *response = &job->response;
    if (cancelled) {
        response->retry_after = 1;
        admin_error(response, 503, "shutting-down", "the server ends, nothing was done");
        return;
    }
    job->admin->options.answer(job->admin->options.arg, &job->request, response);
    if (!response->status || buf_failed(&response->body) || arena_failed(&response->arena)) {
        admin_error(response, 500, "no-answer", "there is no answer, for want of memory perhaps");
    }
    check_freshness(&job->request, response);
}

static void job_done(http_job_t *super, h2o_req_t *req)
{
    admin_job_t *job = admin_job_of(super);
    send_admin(req, &job->response, job->head);
}

/* ---- on the loop ---- */

static slice_t query_of(const h2o_req_t *req)
{
    slice_t target = slice_of_iovec(req->input.path);
    if (req->query_at == SIZE_MAX || req->query_at >= target.len) {
        return SLICE_LIT("");
    }
    return slice_of(target.ptr + req->query_at + 1, target.len - req->query_at - 1);
}

/* All lines of a field, joined by commas, in the arena. */
static slice_t joined_header(const h2o_req_t *req, const h2o_token_t *name, arena_t *arena)
{
    slice_t all = SLICE_LIT("");
    for (ssize_t i = h2o_find_header(&req->headers, name, -1); i >= 0;
         i = h2o_find_header(&req->headers, name, i)) {
        slice_t line = slice_of_iovec(req->headers.entries[i].value);
        all = all.len ? arena_printf(arena, "%.*s, %.*s", SLICE_ARG(all), SLICE_ARG(line))
                      : arena_copy(arena, line);
    }
    return all;
}

static void submit(h2o_req_t *req, admin_job_t *job)
{
    if (http_job_submit(req, &job->super)) {
        return;
    }
    http_admin_t *admin = job->admin;
    job_release(&job->super);
    (void)pthread_mutex_lock(&admin->lock);
    admin->counters.refused++;
    (void)pthread_mutex_unlock(&admin->lock);
    admin_response_t problem = {.retry_after = 1};
    admin_error(&problem, 503, "busy", "too many requests are waiting, ask again");
    admin_send_problem(req, &problem);
}

static void upload_on_dispose(void *chunk)
{
    upload_t *upload = chunk;
    h2o_timeout_unlink(&upload->entry);
    if (upload->job) {
        job_release(&upload->job->super);
    }
}

static void upload_step(h2o_timeout_entry_t *entry)
{
    upload_t *upload = H2O_STRUCT_FROM_MEMBER(upload_t, entry, entry);
    h2o_req_t *req = upload->req;
    admin_job_t *job = upload->job;
    size_t rest = job->request.body.len - upload->copied;
    size_t step = rest < COPY_STEP ? rest : COPY_STEP;
    if (step) {
        memcpy(job->body + upload->copied, req->entity.base + upload->copied, step);
        upload->copied += step;
    }
    if (step < rest) {
        http_loop_t *loop = loop_of_request(req);
        h2o_timeout_link(loop->ctx.loop, &loop->soon, &upload->entry);
    } else {
        upload->job = NULL;
        submit(req, job);
    }
}

void admin_job_start(h2o_req_t *req, const admin_request_t *seen)
{
    http_admin_t *admin = loop_of_request(req)->server->admin;
    admin_job_t *job = calloc(1, sizeof *job);
    char peer[NI_MAXHOST];
    if (job) {
        /* Not in the arena, whose memory is zeroed. */
        job->body = malloc(seen->body.len + 1);
    }
    if (!job || !job->body) {
        free(job);
        send_busy(req);
        return;
    }
    job->super = (http_job_t){
        .run = job_run, .done = job_done, .release = job_release, .workers = admin->workers};
    job->admin = admin;
    job->head = slice_is(seen->method, "HEAD");
    arena_init(&job->arena, 0);
    arena_init(&job->response.arena, 0);
    arena_t *arena = &job->arena;
    job->request = (admin_request_t){
        .method = slice_str(seen->route->method),
        .path = arena_copy(arena, seen->path),
        .query = arena_copy(arena, query_of(req)),
        .body = slice_of(job->body, seen->body.len),
        .content_type = joined_header(req, H2O_TOKEN_CONTENT_TYPE, arena),
        .if_match = joined_header(req, H2O_TOKEN_IF_MATCH, arena),
        .if_none_match = joined_header(req, H2O_TOKEN_IF_NONE_MATCH, arena),
        .user = arena_copy(arena, seen->user),
        .peer = arena_copy(arena, peer_of_request(req, peer)),
        .role = seen->role,
        .route = seen->route,
        .name = arena_copy(arena, seen->name),
    };
    if (arena_failed(arena)) {
        job_release(&job->super);
        send_busy(req);
        return;
    }
    upload_t *upload = h2o_mem_alloc_shared(&req->pool, sizeof *upload, upload_on_dispose);
    *upload = (upload_t){.entry = {.cb = upload_step}, .req = req, .job = job};
    upload_step(&upload->entry);
}
