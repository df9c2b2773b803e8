#include "http/access_record.h"
#include "http/identity.h"
#include "http/tips.h"
#include "http/updates.h"

#include "footprintd/log/log.h"

#include <netdb.h>

static const char *protocol_of(const h2o_req_t *req)
{
    return req->version >= 0x200 ? "HTTP/2" : req->version == 0x101 ? "HTTP/1.1" : "HTTP/1.0";
}

static slice_t name_of(h2o_req_t *req)
{
    http_loop_t *loop = loop_of_request(req);
    if (!loop->server->identity->configured || req->conn->ctx != &loop->ctx) {
        return slice_of(NULL, 0);
    }
    const principal_t *principal = principal_of_request(req);
    return principal ? principal->profile->name : SLICE_LIT("");
}

/*
 * The target as it was sent, but for the token of a stream or a view: whoever reads the log must
 * not be able to change the stream, nor to read on.
 */
static slice_t target_of(h2o_req_t *req)
{
    slice_t path = handler_path(req), rest;
    if (req->conn->ctx != &loop_of_request(req)->ctx ||
        (!updates_is_control(path, &rest) && !tips_is_view(path, &rest))) {
        return slice_of_iovec(req->input.path);
    }
    const char *end = memchr(rest.ptr, '/', rest.len);
    size_t token = end ? (size_t)(end - rest.ptr) : rest.len;
    return slice_of_iovec(
        h2o_concat(&req->pool, h2o_iovec_init(path.ptr, (size_t)(rest.ptr - path.ptr)),
                   h2o_iovec_init("*", 1), h2o_iovec_init(rest.ptr + token, rest.len - token)));
}

/* That a proxy or the client gave the request, so that its line is found in both logs. */
static slice_t id_of(const h2o_req_t *req)
{
    ssize_t i = h2o_find_header_by_str(&req->headers, H2O_STRLIT("x-request-id"), -1);
    return i < 0 ? slice_of(NULL, 0) : slice_of_iovec(req->headers.entries[i].value);
}

/* Runs when a request is disposed, on its loop; the log's own thread writes. */
static void log_access(h2o_logger_t *logger, h2o_req_t *req)
{
    (void)logger;
    char peer[NI_MAXHOST];
    /* HTTP/2 requests have no begin time in the library; the handler's comes next. */
    struct timeval begin = req->timestamps.request_begin_at;
    if (begin.tv_sec == 0) {
        begin = req->processed_at.at;
    }
    struct timeval now;
    (void)gettimeofday(&now, NULL);
    int64_t elapsed = (int64_t)(now.tv_sec - begin.tv_sec) * 1000000 + now.tv_usec - begin.tv_usec;
    access_record_t record = {
        .time = begin,
        .peer = peer_of_request(req, peer),
        .ucdn = name_of(req),
        .method = slice_of_iovec(req->input.method),
        .path = target_of(req),
        .id = id_of(req),
        .status = req->res.status,
        .bytes = req->bytes_sent,
        .protocol = protocol_of(req),
        .microseconds = elapsed > 0 ? (uint64_t)elapsed : 0,
    };
    buf_t line = BUF_INIT;
    access_record_write(&record, &line);
    if (!buf_failed(&line)) {
        log_raw(buf_slice(&line));
    }
    buf_release(&line);
}

void access_log_register(h2o_pathconf_t *path)
{
    h2o_logger_t *logger = h2o_create_logger(path, sizeof *logger);
    logger->log_access = log_access;
}
