#include "http/conditional.h"
#include "http/internal.h"
#include "http/negotiate.h"
#include "http/post.h"
#include "http/send.h"
#include "http/target.h"

/*
 * Every request, in one fixed order of checks, so that what a client gets wrong first is what it
 * hears of: path, method, size of the body, Content-Type, Accept, then the answer. The statuses up
 * to there have no body: no ALTO error code fits them (RFC 7285 8.5.2).
 */

#define ALLOW_GET  SLICE_LIT("GET, HEAD, OPTIONS")
#define ALLOW_POST SLICE_LIT("POST, OPTIONS")
#define ALLOW_ALL  SLICE_LIT("GET, HEAD, POST, OPTIONS")

static void add_header(h2o_req_t *req, const h2o_token_t *name, slice_t value)
{
    h2o_add_header(&req->pool, &req->res.headers, name, NULL, value.ptr, value.len);
}

/* The path to look up: normalised, without query. */
static slice_t request_path(h2o_req_t *req)
{
    slice_t path;
    if (req->version >= 0x200 || !target_is_absolute(slice_of_iovec(req->input.path), &path)) {
        return slice_of_iovec(req->path_normalized);
    }
    /* RFC 9112 3.2.2: the absolute form must be taken, whatever its authority. */
    size_t query_at;
    size_t *indexes;
    if (path.len && path.ptr[0] == '?') {
        path.len = 0;
    }
    return slice_of_iovec(
        h2o_url_normalize_path(&req->pool, path.ptr, path.len, &query_at, &indexes));
}

static void answer_options(h2o_req_t *req, const resource_t *resource)
{
    if (!resource) {
        add_header(req, H2O_TOKEN_ALLOW, ALLOW_ALL);
    } else if (resource_is_post(resource)) {
        add_header(req, H2O_TOKEN_ALLOW, ALLOW_POST);
        slice_t accepts = slice_str(resource->kind->accepts);
        h2o_add_header_by_str(&req->pool, &req->res.headers, H2O_STRLIT("accept-post"), 0, NULL,
                              accepts.ptr, accepts.len);
    } else {
        add_header(req, H2O_TOKEN_ALLOW, ALLOW_GET);
    }
    send_empty(req, 204);
}

static bool content_type_fits(const h2o_req_t *req, const resource_kind_t *kind)
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
    return media_type_matches(value, slice_str(kind->accepts)) ||
           (kind->accepts_compat && media_type_matches(value, slice_str(kind->accepts_compat)));
}

static bool accept_fits(const h2o_req_t *req, const resource_kind_t *kind)
{
    ssize_t i = h2o_find_header(&req->headers, H2O_TOKEN_ACCEPT, -1);
    if (i < 0) {
        return true;
    }
    accept_t accept;
    accept_begin(&accept, slice_str(kind->media_type));
    for (; i >= 0; i = h2o_find_header(&req->headers, H2O_TOKEN_ACCEPT, i)) {
        accept_add(&accept, slice_of_iovec(req->headers.entries[i].value));
    }
    return accept_allows(&accept);
}

static coding_t choose_coding(const h2o_req_t *req, const document_t *document)
{
    ssize_t i = h2o_find_header(&req->headers, H2O_TOKEN_ACCEPT_ENCODING, -1);
    if (i < 0) {
        return CODING_IDENTITY;
    }
    accept_encoding_t accept;
    accept_encoding_begin(&accept);
    for (; i >= 0; i = h2o_find_header(&req->headers, H2O_TOKEN_ACCEPT_ENCODING, i)) {
        accept_encoding_add(&accept, slice_of_iovec(req->headers.entries[i].value));
    }
    unsigned available = 0;
    for (unsigned coding = 0; coding < CODING_COUNT; coding++) {
        available |= (unsigned)(document_body(document, (coding_t)coding) != NULL) << coding;
    }
    return accept_encoding_choose(&accept, available);
}

static void answer_get(h2o_req_t *req, const resource_t *resource, bool head)
{
    const document_t *document = resource->document;
    coding_t coding = choose_coding(req, document);
    ssize_t i = h2o_find_header(&req->headers, H2O_TOKEN_IF_NONE_MATCH, -1);
    if (i >= 0) {
        slice_t etags[CODING_COUNT];
        for (int c = 0; c < CODING_COUNT; c++) {
            etags[c] = slice_of(document->etags[c], document->etag_lens[c]);
        }
        for (; i >= 0; i = h2o_find_header(&req->headers, H2O_TOKEN_IF_NONE_MATCH, i)) {
            int match = conditional_none_match(slice_of_iovec(req->headers.entries[i].value), etags,
                                               coding);
            if (match != CONDITIONAL_NO_MATCH) {
                send_not_modified(req, resource, (coding_t)match);
                return;
            }
        }
    }
    send_document(req, resource, coding, head);
}

static void refuse_method(h2o_req_t *req, method_t method, bool post)
{
    if (method == METHOD_UNKNOWN) {
        send_empty(req, 501);
    } else {
        add_header(req, H2O_TOKEN_ALLOW, post ? ALLOW_POST : ALLOW_GET);
        send_empty(req, 405);
    }
}

static int on_request(h2o_handler_t *handler, h2o_req_t *req)
{
    (void)handler;
    http_loop_t *loop = loop_of_request(req);
    method_t method = method_parse(slice_of_iovec(req->input.method));
    const resource_t *resource = view_find(loop->view, request_path(req));
    if (!resource) {
        if (method == METHOD_OPTIONS && slice_is(slice_of_iovec(req->input.path), "*")) {
            answer_options(req, NULL); /* RFC 9110 9.3.7: the server in general */
        } else {
            send_empty(req, 404);
        }
        return 0;
    }
    bool post = resource_is_post(resource);
    if (method == METHOD_OPTIONS) {
        answer_options(req, resource);
    } else if (post ? method != METHOD_POST : method != METHOD_GET && method != METHOD_HEAD) {
        refuse_method(req, method, post);
    } else if (req->entity.len > loop->server->options.max_body_bytes) {
        send_empty(req, 413);
    } else if (post && !content_type_fits(req, resource->kind)) {
        send_empty(req, 415);
    } else if (!accept_fits(req, resource->kind)) {
        send_empty(req, 406);
    } else {
        h2o_mem_link_shared(&req->pool, loop->pin);
        if (post) {
            post_answer(req, resource);
        } else {
            answer_get(req, resource, method == METHOD_HEAD);
        }
    }
    return 0;
}

void handler_register(h2o_pathconf_t *path)
{
    h2o_handler_t *handler = h2o_create_handler(path, sizeof *handler);
    handler->on_req = on_request;
}
