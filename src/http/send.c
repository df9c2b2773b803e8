#include "http/send.h"

#include "http/conditional.h"
#include "http/identity.h"
#include "http/measure.h"
#include "http/reason.h"

#include <stdio.h>

/*
 * A body of one segment up to this size goes out in one call; anything else in steps, so that no
 * turn of the loop is long (a step is one system call, or one run through the TLS cipher).
 */
#define SEND_ONCE_MAX      (1u << 20)
#define SEND_STEP_BYTES    (256u << 10)
#define SEND_STEP_SEGMENTS 64

static void add_header(h2o_req_t *req, const h2o_token_t *name, slice_t value)
{
    h2o_add_header(&req->pool, &req->res.headers, name, NULL, value.ptr, value.len);
}

/* Without this the library begins with four places and moves to eight. */
static void reserve_headers(h2o_req_t *req)
{
    h2o_vector_reserve(&req->pool, &req->res.headers, 8);
}

static void add_retry_after(h2o_req_t *req, uint64_t seconds)
{
    char *text = h2o_mem_alloc_pool(&req->pool, 24);
    int len = snprintf(text, 24, "%llu", (unsigned long long)seconds);
    add_header(req, H2O_TOKEN_RETRY_AFTER, slice_of(text, (size_t)len));
}

static void set_status(h2o_req_t *req, int status)
{
    req->res.status = status;
    req->res.reason = http_reason(status);
}

/* ---- bodies ---- */

typedef struct sender {
    h2o_generator_t super;
    const slice_t *next;
    const slice_t *end;
    size_t offset; /* into *next */
} sender_t;

/* A generator that has nothing left to say. */
static h2o_generator_t finished = {NULL, NULL};

static void send_step(h2o_generator_t *generator, h2o_req_t *req)
{
    sender_t *sender = H2O_STRUCT_FROM_MEMBER(sender_t, super, generator);
    h2o_iovec_t step[SEND_STEP_SEGMENTS];
    size_t count = 0;
    size_t room = SEND_STEP_BYTES;
    while (count < SEND_STEP_SEGMENTS && room > 0 && sender->next < sender->end) {
        size_t rest = sender->next->len - sender->offset;
        size_t take = rest < room ? rest : room;
        step[count++] = h2o_iovec_init(sender->next->ptr + sender->offset, take);
        room -= take;
        if (take == rest) {
            sender->next++;
            sender->offset = 0;
        } else {
            sender->offset += take;
        }
    }
    h2o_send(req, step, count,
             sender->next < sender->end ? H2O_SEND_STATE_IN_PROGRESS : H2O_SEND_STATE_FINAL);
}

static void begin(h2o_req_t *req, h2o_generator_t *generator)
{
    /* The library looks only when it reads the head, and the drain may have begun since. */
    if (req->conn->ctx->shutdown_requested) {
        req->http1_is_persistent = 0;
    }
    h2o_start_response(req, generator);
}

static void send_nothing(h2o_req_t *req)
{
    begin(req, &finished);
    h2o_send(req, NULL, 0, H2O_SEND_STATE_FINAL);
}

/* segments: none of them empty. */
static void send_segments(h2o_req_t *req, const slice_t *segments, size_t count, size_t size)
{
    principal_pay(req, RATE_BYTES, size);
    if (count == 0) {
        send_nothing(req);
    } else if (count == 1 && size <= SEND_ONCE_MAX) {
        h2o_iovec_t all = iovec_of(segments[0]);
        begin(req, &finished);
        h2o_send(req, &all, 1, H2O_SEND_STATE_FINAL);
    } else {
        sender_t *sender = h2o_mem_alloc_pool(&req->pool, sizeof *sender);
        *sender = (sender_t){{send_step, NULL}, segments, segments + count, 0};
        begin(req, &sender->super);
        send_step(&sender->super, req);
    }
}

/* ---- answers ---- */

/* Whether there is something may be an answer for one uCDN alone. */
static void add_private(h2o_req_t *req)
{
    if (loop_of_request(req)->server->identity->configured &&
        h2o_find_header(&req->res.headers, H2O_TOKEN_CACHE_CONTROL, -1) < 0) {
        add_header(req, H2O_TOKEN_CACHE_CONTROL, SLICE_LIT("private"));
        add_header(req, H2O_TOKEN_VARY, SLICE_LIT("Authorization"));
    }
}

void send_empty(h2o_req_t *req, int status)
{
    add_private(req);
    set_status(req, status);
    /* RFC 9110 8.6: a 204 has no Content-Length; that of a 304 would be the one of the 200. */
    req->res.content_length = status == 204 || status == 304 ? SIZE_MAX : 0;
    send_nothing(req);
}

void send_busy(h2o_req_t *req)
{
    send_after(req, 503, 1);
}

/* Clients that are sent away together should not come back together. */
#define LATER_MIN_S 1
#define LATER_MAX_S 8

void send_later(h2o_req_t *req, int status)
{
    http_server_t *server = loop_of_request(req)->server;
    uint32_t n = atomic_fetch_add_explicit(&server->random, 1, memory_order_relaxed);
    uint32_t seconds = LATER_MIN_S + (n * 2654435761u >> 16) % (LATER_MAX_S - LATER_MIN_S + 1);
    send_after(req, status, seconds);
}

void send_after(h2o_req_t *req, int status, uint64_t seconds)
{
    add_retry_after(req, seconds);
    send_empty(req, status);
}

void send_text(h2o_req_t *req, int status, const char *media_type, slice_t body)
{
    slice_t *segment = h2o_mem_alloc_pool(&req->pool, sizeof *segment);
    *segment = body;
    set_status(req, status);
    add_header(req, H2O_TOKEN_CONTENT_TYPE, slice_str(media_type));
    add_header(req, H2O_TOKEN_CACHE_CONTROL, SLICE_LIT("no-store"));
    req->res.content_length = body.len;
    if (slice_is(slice_of_iovec(req->input.method), "HEAD")) {
        send_nothing(req);
    } else {
        send_segments(req, segment, body.len ? 1 : 0, body.len);
    }
}

void send_poll_over(h2o_req_t *req)
{
    send_after(req, 503, 0);
}

void send_edge(h2o_req_t *req, const char *media_type, slice_t etag, const slice_t *segments,
               size_t count, size_t size, bool head)
{
    h2o_iovec_t copy = h2o_strdup(&req->pool, etag.ptr, etag.len);
    reserve_headers(req);
    add_header(req, H2O_TOKEN_ETAG, slice_of_iovec(copy));
    add_header(req, H2O_TOKEN_CACHE_CONTROL, SLICE_LIT("private, max-age=86400, immutable"));
    const slice_t etags[CODING_COUNT] = {slice_of_iovec(copy), {"", 0}, {"", 0}};
    for (ssize_t i = h2o_find_header(&req->headers, H2O_TOKEN_IF_NONE_MATCH, -1); i >= 0;
         i = h2o_find_header(&req->headers, H2O_TOKEN_IF_NONE_MATCH, i)) {
        slice_t line = slice_of_iovec(req->headers.entries[i].value);
        if (conditional_none_match(line, etags, CODING_IDENTITY) != CONDITIONAL_NO_MATCH) {
            send_empty(req, 304);
            return;
        }
    }
    set_status(req, 200);
    add_header(req, H2O_TOKEN_CONTENT_TYPE, slice_str(media_type));
    req->res.content_length = size;
    if (head) {
        send_nothing(req);
    } else {
        send_segments(req, segments, count, size);
    }
}

void send_refusal(h2o_req_t *req, const hub_refusal_t *refusal)
{
    if (refusal->status == 503 || refusal->status == 429) {
        send_later(req, refusal->status);
    } else if (!refusal->body.len) {
        send_empty(req, refusal->status);
    } else {
        h2o_iovec_t copy = h2o_strdup(&req->pool, refusal->body.ptr, refusal->body.len);
        send_text(req, refusal->status, ALTO_MEDIA_ERROR, slice_of_iovec(copy));
    }
}

/* What a 200 and its 304 have in common. */
static void add_document_headers(h2o_req_t *req, const document_t *document, coding_t coding)
{
    const http_server_t *server = loop_of_request(req)->server;
    add_header(req, H2O_TOKEN_ETAG, slice_of(document->etags[coding], document->etag_lens[coding]));
    add_header(req, H2O_TOKEN_CACHE_CONTROL,
               slice_of(server->cache_control, server->cache_control_len));
    add_header(req, H2O_TOKEN_VARY,
               server->identity->configured ? SLICE_LIT("Accept-Encoding, Authorization")
                                            : SLICE_LIT("Accept-Encoding"));
}

void send_not_modified(h2o_req_t *req, const resource_t *resource, coding_t coding)
{
    reserve_headers(req);
    add_document_headers(req, resource->document, coding);
    send_empty(req, 304);
}

void send_document(h2o_req_t *req, const resource_t *resource, coding_t coding, bool head)
{
    const document_t *document = resource->document;
    const body_t *body = document_body(document, coding);
    set_status(req, 200);
    reserve_headers(req);
    add_header(req, H2O_TOKEN_CONTENT_TYPE, slice_str(resource->kind->media_type));
    if (coding == CODING_GZIP) {
        add_header(req, H2O_TOKEN_CONTENT_ENCODING, SLICE_LIT("gzip"));
    } else if (coding == CODING_BROTLI) {
        add_header(req, H2O_TOKEN_CONTENT_ENCODING, SLICE_LIT("br"));
    }
    add_document_headers(req, document, coding);
    req->res.content_length = body->size;
    if (head) {
        send_nothing(req); /* the library would send a body */
    } else {
        send_segments(req, body->segments, body->count, body->size);
    }
}

void send_answer(h2o_req_t *req, const alto_answer_t *answer)
{
    if (answer->status == 413) {
        measure_hit(loop_of_request(req),
                    answer->costs ? HTTP_HIT_COST_VALUES : HTTP_HIT_FILTER_ENTRIES);
    }
    set_status(req, answer->status);
    if (answer->media_type) {
        add_header(req, H2O_TOKEN_CONTENT_TYPE, slice_str(answer->media_type));
    }
    add_header(req, H2O_TOKEN_CACHE_CONTROL, SLICE_LIT("no-store"));
    req->res.content_length = answer->size;
    send_segments(req, answer->segments, answer->count, answer->size);
}

void send_admin(h2o_req_t *req, const admin_response_t *response, bool head)
{
    reserve_headers(req);
    set_status(req, response->status);
    if (response->status == 507) {
        measure_hit(loop_of_request(req), HTTP_HIT_ADMIN_BACKUP);
    } else if (response->batches) {
        measure_hit(loop_of_request(req), HTTP_HIT_COST_BATCHES);
    }
    add_header(req, H2O_TOKEN_CACHE_CONTROL, SLICE_LIT("no-store"));
    if (response->etag[0]) {
        h2o_iovec_t copy = h2o_strdup(&req->pool, response->etag, strlen(response->etag));
        add_header(req, H2O_TOKEN_ETAG, slice_of_iovec(copy));
    }
    if (response->location.len) {
        add_header(req, H2O_TOKEN_LOCATION, response->location);
    }
    if (response->retry_after) {
        add_retry_after(req, response->retry_after);
    }
    if (response->status == 204 || response->status == 304) {
        send_empty(req, response->status);
        return;
    }
    add_header(req, H2O_TOKEN_CONTENT_TYPE,
               slice_str(response->media_type ? response->media_type : ADMIN_MEDIA_JSON));
    slice_t *segment = h2o_mem_alloc_pool(&req->pool, sizeof *segment);
    *segment = buf_slice(&response->body);
    req->res.content_length = segment->len;
    send_segments(req, segment, segment->len && !head ? 1 : 0, segment->len);
}
