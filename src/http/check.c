#include "http/check.h"

#include "http/measure.h"
#include "http/negotiate.h"
#include "http/send.h"

#define ALLOW_GET  SLICE_LIT("GET, HEAD, OPTIONS")
#define ALLOW_POST SLICE_LIT("POST, OPTIONS")

static void add_header(h2o_req_t *req, const h2o_token_t *name, slice_t value)
{
    h2o_add_header(&req->pool, &req->res.headers, name, NULL, value.ptr, value.len);
}

static void answer_options(h2o_req_t *req, slice_t allow, const char *accepts)
{
    add_header(req, H2O_TOKEN_ALLOW, allow);
    if (accepts) {
        h2o_add_header_by_str(&req->pool, &req->res.headers, H2O_STRLIT("accept-post"), 0, NULL,
                              accepts, strlen(accepts));
    }
    send_empty(req, 204);
}

static bool content_type_fits(const h2o_req_t *req, const char *accepts, const char *compat)
{
    /* No content coding of requests is taken (RFC 9110 8.4). */
    if (h2o_find_header(&req->headers, H2O_TOKEN_CONTENT_ENCODING, -1) >= 0) {
        return false;
    }
    ssize_t i = h2o_find_header(&req->headers, H2O_TOKEN_CONTENT_TYPE, -1);
    if (i < 0) {
        return false;
    }
    slice_t value = slice_of_iovec(req->headers.entries[i].value);
    return media_type_matches(value, slice_str(accepts)) ||
           (compat && media_type_matches(value, slice_str(compat)));
}

bool check_accept(const h2o_req_t *req, const char *media_type)
{
    ssize_t i = h2o_find_header(&req->headers, H2O_TOKEN_ACCEPT, -1);
    if (i < 0) {
        return true;
    }
    accept_t accept;
    accept_begin(&accept, slice_str(media_type));
    for (; i >= 0; i = h2o_find_header(&req->headers, H2O_TOKEN_ACCEPT, i)) {
        accept_add(&accept, slice_of_iovec(req->headers.entries[i].value));
    }
    return accept_allows(&accept);
}

static void refuse_method(h2o_req_t *req, method_t method, slice_t allow)
{
    if (method == METHOD_UNKNOWN) {
        send_empty(req, 501);
    } else {
        add_header(req, H2O_TOKEN_ALLOW, allow);
        send_empty(req, 405);
    }
}

static bool body_fits(h2o_req_t *req)
{
    http_loop_t *loop = loop_of_request(req);
    bool fits = req->entity.len <= loop->server->options.max_body_bytes;
    if (!fits) {
        measure_hit(loop, HTTP_HIT_REQUEST_BODY);
    }
    return fits;
}

bool check_post(h2o_req_t *req, const char *accepts, const char *accepts_compat,
                const char *media_type)
{
    method_t method = method_parse(slice_of_iovec(req->input.method));
    if (method == METHOD_OPTIONS) {
        answer_options(req, ALLOW_POST, accepts);
    } else if (method != METHOD_POST) {
        refuse_method(req, method, ALLOW_POST);
    } else if (!body_fits(req)) {
        send_empty(req, 413);
    } else if (!content_type_fits(req, accepts, accepts_compat)) {
        send_empty(req, 415);
    } else if (media_type && !check_accept(req, media_type)) {
        send_empty(req, 406);
    } else {
        return true;
    }
    return false;
}

bool check_get(h2o_req_t *req, const char *media_type, bool *head)
{
    method_t method = method_parse(slice_of_iovec(req->input.method));
    *head = method == METHOD_HEAD;
    if (method == METHOD_OPTIONS) {
        answer_options(req, ALLOW_GET, NULL);
    } else if (method != METHOD_GET && method != METHOD_HEAD) {
        refuse_method(req, method, ALLOW_GET);
    } else if (!body_fits(req)) {
        send_empty(req, 413);
    } else if (media_type && !check_accept(req, media_type)) {
        send_empty(req, 406);
    } else {
        return true;
    }
    return false;
}
