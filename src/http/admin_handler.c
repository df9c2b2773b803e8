#include "http/admin_routes.h"
#include "http/admin_server.h"
#include "http/conditional.h"
#include "http/job.h"
#include "http/negotiate.h"
#include "http/send.h"
#include "http/target.h"

#include <netdb.h>
#include <stdlib.h>

/*
 * A request of the admin interface, in this order: token, path, method, role, size and type of the
 * body, then a worker's answer.
 */

void admin_send_problem(h2o_req_t *req, admin_response_t *problem)
{
    h2o_iovec_t body = h2o_strdup(&req->pool, problem->body.ptr, problem->body.len);
    buf_t made = problem->body;
    problem->body = (buf_t){.ptr = body.base, .len = body.len};
    send_admin(req, problem, slice_is(slice_of_iovec(req->input.method), "HEAD"));
    problem->body = made;
    buf_release(&problem->body);
}

/* ---- on a worker ---- */

typedef struct admin_job {
    http_job_t super;
    http_admin_t *admin;
    admin_request_t request; /* all of it in the arena */
    arena_t arena;
    admin_response_t response;
    bool head;
} admin_job_t;

static admin_job_t *admin_job_of(http_job_t *super)
{
    return H2O_STRUCT_FROM_MEMBER(admin_job_t, super, super);
}

static void job_release(http_job_t *super)
{
    admin_job_t *job = admin_job_of(super);
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

static void answer_on_worker(h2o_req_t *req, const admin_request_t *seen)
{
    http_admin_t *admin = loop_of_request(req)->server->admin;
    admin_job_t *job = calloc(1, sizeof *job);
    char peer[NI_MAXHOST];
    if (!job) {
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
        .body = arena_copy(arena, seen->body),
        .content_type = joined_header(req, H2O_TOKEN_CONTENT_TYPE, arena),
        .if_match = joined_header(req, H2O_TOKEN_IF_MATCH, arena),
        .if_none_match = joined_header(req, H2O_TOKEN_IF_NONE_MATCH, arena),
        .user = arena_copy(arena, seen->user),
        .peer = arena_copy(arena, conn_peer(req->conn, peer)),
        .role = seen->role,
        .route = seen->route,
        .name = arena_copy(arena, seen->name),
    };
    if (!arena_failed(arena) && http_job_submit(req, &job->super)) {
        return;
    }
    job_release(&job->super);
    (void)pthread_mutex_lock(&admin->lock);
    admin->counters.refused++;
    (void)pthread_mutex_unlock(&admin->lock);
    admin_response_t problem = {.retry_after = 1};
    admin_error(&problem, 503, "busy", "too many requests are waiting, ask again");
    admin_send_problem(req, &problem);
}

static bool type_fits(const h2o_req_t *req, admin_body_t wanted)
{
    static const char *const types[] = {ADMIN_MEDIA_JSON, /* of both kinds */
                                        ADMIN_MEDIA_YAML, "application/x-yaml", "text/yaml",
                                        "text/x-yaml",    "text/plain"};
    size_t count = wanted == ADMIN_BODY_JSON ? 1 : sizeof types / sizeof types[0];
    ssize_t i = h2o_find_header(&req->headers, H2O_TOKEN_CONTENT_TYPE, -1);
    /* No content coding of requests is taken (RFC 9110 8.4). */
    if (i < 0 || h2o_find_header(&req->headers, H2O_TOKEN_CONTENT_ENCODING, -1) >= 0) {
        return false;
    }
    for (size_t k = 0; k < count; k++) {
        if (media_type_matches(slice_of_iovec(req->headers.entries[i].value),
                               slice_str(types[k]))) {
            return true;
        }
    }
    return false;
}

/* Whether there is a route that the token may take; else it is answered. */
static bool find_route(h2o_req_t *req, admin_request_t *seen)
{
    admin_response_t problem = {0};
    buf_t allow = BUF_INIT;
    seen->route = admin_route_find(seen->method, seen->path, &seen->name, &allow);
    if (!seen->route && allow.len) {
        h2o_iovec_t copy = h2o_strdup(&req->pool, allow.ptr, allow.len);
        h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_ALLOW, NULL, copy.base, copy.len);
        admin_error(&problem, 405, "method-not-allowed", "this resource takes %.*s",
                    SLICE_ARG(buf_slice(&allow)));
    } else if (!seen->route) {
        admin_error(&problem, 404, "no-such-resource", "the admin interface has no such resource");
    } else if (seen->role < seen->route->role) {
        const char *wanted = admin_role_name(seen->route->role);
        admin_error(&problem, 403, "role", "this wants the role %s, and %.*s has the role %s",
                    wanted, SLICE_ARG(seen->user), admin_role_name(seen->role));
        char json[16];
        (void)snprintf(json, sizeof json, "\"%s\"", wanted);
        admin_error_member(&problem, "role", slice_str(json));
    }
    buf_release(&allow);
    if (problem.status) {
        admin_send_problem(req, &problem);
        return false;
    }
    return true;
}

static bool body_fits(h2o_req_t *req, admin_request_t *seen)
{
    http_admin_t *admin = loop_of_request(req)->server->admin;
    admin_response_t problem = {0};
    if (seen->body.len > admin->options.max_body_bytes) {
        admin_error(&problem, 413, "too-large", "the body has more than %zu bytes",
                    admin->options.max_body_bytes);
    } else if (seen->route->body == ADMIN_BODY_NONE) {
        seen->body = SLICE_LIT("");
    } else if (seen->body.len && !type_fits(req, seen->route->body)) {
        admin_error(&problem, 415, "media-type", "this wants %s, without Content-Encoding",
                    seen->route->body == ADMIN_BODY_JSON ? ADMIN_MEDIA_JSON
                                                         : ADMIN_MEDIA_YAML
                        " or " ADMIN_MEDIA_JSON);
    }
    if (problem.status) {
        admin_send_problem(req, &problem);
        return false;
    }
    return true;
}

static int on_request(h2o_handler_t *handler, h2o_req_t *req)
{
    (void)handler;
    admin_request_t seen = {.method = slice_of_iovec(req->input.method),
                            .path = handler_path(req),
                            .body = slice_of_iovec(req->entity)};
    if (admin_auth(req, &seen.user, &seen.role) && find_route(req, &seen) &&
        body_fits(req, &seen)) {
        answer_on_worker(req, &seen);
    }
    return 0;
}

void admin_handler_register(h2o_pathconf_t *path)
{
    h2o_handler_t *handler = h2o_create_handler(path, sizeof *handler);
    handler->on_req = on_request;
}
