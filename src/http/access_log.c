#include "http/access_record.h"
#include "http/identity.h"

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
        .path = slice_of_iovec(req->input.path),
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
