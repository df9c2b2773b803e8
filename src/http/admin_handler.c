#include "http/admin_routes.h"
#include "http/admin_server.h"
#include "http/measure.h"
#include "http/negotiate.h"
#include "http/send.h"

#include <stdio.h>

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
        measure_hit(loop_of_request(req), HTTP_HIT_ADMIN_BODY);
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
    guard_request(&conn_of_request(req)->guard, req);
    measure_request(req, "admin");
    admin_request_t seen = {.method = slice_of_iovec(req->input.method),
                            .path = handler_path(req),
                            .body = slice_of_iovec(req->entity)};
    if (admin_auth(req, &seen.user, &seen.role) && find_route(req, &seen) &&
        body_fits(req, &seen)) {
        admin_job_start(req, &seen);
    }
    return 0;
}

void admin_handler_register(h2o_pathconf_t *path)
{
    h2o_handler_t *handler = h2o_create_handler(path, sizeof *handler);
    handler->on_req = on_request;
}
