#include "http/check.h"
#include "http/conditional.h"
#include "http/identity.h"
#include "http/internal.h"
#include "http/measure.h"
#include "http/negotiate.h"
#include "http/post.h"
#include "http/principal.h"
#include "http/send.h"
#include "http/tips.h"
#include "http/updates.h"
#include "http/whoami.h"

/*
 * Every request: whose it is, what its path names, the checks of http/check.h, then the answer.
 */

slice_t handler_path(h2o_req_t *req)
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

/* RFC 9110 9.3.7: the server in general. */
static void answer_server_options(h2o_req_t *req)
{
    const slice_t all = SLICE_LIT("GET, HEAD, POST, OPTIONS");
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_ALLOW, NULL, all.ptr, all.len);
    send_empty(req, 204);
}

/* What no view lists: URIs that were given to one client. */
static void answer_unlisted(h2o_req_t *req, slice_t path)
{
    bool services = hub_of_request(req) != NULL;
    slice_t token;
    if (services && updates_is_control(path, &token)) {
        measure_request(req, "update-control");
        updates_control(req, token);
    } else if (services && tips_is_view(path, &token)) {
        measure_request(req, "tips-view");
        tips_view(req, token);
    } else if (method_parse(slice_of_iovec(req->input.method)) == METHOD_OPTIONS &&
               slice_is(slice_of_iovec(req->input.path), "*")) {
        answer_server_options(req);
    } else {
        send_empty(req, 404);
    }
}

static void answer_listed(h2o_req_t *req, const resource_t *resource)
{
    const resource_kind_t *kind = resource->kind;
    http_loop_t *loop = loop_of_request(req);
    measure_request(req, kind->name);
    bool head = false;
    if (!resource_is_post(resource)) {
        if (check_get(req, kind->media_type, &head)) {
            h2o_mem_link_shared(&req->pool, loop->pin);
            answer_get(req, resource, head);
        }
    } else if (check_post(req, kind->accepts, kind->accepts_compat, kind->media_type)) {
        switch (kind->service) {
        case SERVICE_UPDATES:
            updates_open(req);
            break;
        case SERVICE_TIPS:
            tips_open_view(req);
            break;
        case SERVICE_RESOURCE:
            h2o_mem_link_shared(&req->pool, loop->pin);
            post_answer(req, resource);
            break;
        }
    }
}

const view_t *view_of_request(h2o_req_t *req)
{
    http_loop_t *loop = loop_of_request(req);
    if (!loop->server->identity->configured) {
        return loop->view;
    }
    return snapshot_view_of(loop->pin->snapshot, principal_of_request(req)->profile->name);
}

hub_t *hub_of_request(h2o_req_t *req)
{
    const view_t *view = view_of_request(req);
    return view ? view->hub : NULL;
}

static int on_request(h2o_handler_t *handler, h2o_req_t *req)
{
    (void)handler;
    guard_request(&conn_of_request(req)->guard, req);
    conn_of_request(req)->asked = true;
    if (!identity_resolve(req)) {
        return 0; /* the same for every path, whether there is one or not */
    }
    if (!principal_admit(req)) {
        return 0; /* likewise */
    }
    slice_t path = handler_path(req);
    if (whoami_is(path)) {
        measure_request(req, "whoami");
        whoami_answer(req); /* whatever is shown */
        return 0;
    }
    loop_take_snapshot(loop_of_request(req));
    const view_t *view = view_of_request(req);
    if (!view) {
        send_later(req, 503); /* a profile that came a moment ago: its view is being made */
        return 0;
    }
    const resource_t *resource = view_find(view, path);
    if (!resource) {
        answer_unlisted(req, path);
    } else if (resource->kind->service != SERVICE_RESOURCE && !view->hub) {
        send_empty(req, 404);
    } else {
        answer_listed(req, resource);
    }
    return 0;
}

void handler_register(h2o_pathconf_t *path)
{
    h2o_handler_t *handler = h2o_create_handler(path, sizeof *handler);
    handler->on_req = on_request;
}
