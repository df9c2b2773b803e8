/*
 * Answers on their way out: status line, fields, and bodies that are never copied.
 *
 * Everything that a slice points to must live until the request is disposed: statics, the pinned
 * snapshot, the request's pool.
 */
#ifndef FOOTPRINTD_HTTP_SEND_H
#define FOOTPRINTD_HTTP_SEND_H

#include "footprintd/http/admin.h"
#include "footprintd/updates/stream.h"
#include "http/internal.h"

/* No body; 204 and 304 go without Content-Length, the others say 0. Fields may have been added. */
void send_empty(h2o_req_t *req, int status);
/* 503, with Retry-After: 1. */
void send_busy(h2o_req_t *req);
/* 503 or 429, to be asked again after some seconds, not the same for everybody. */
void send_later(h2o_req_t *req, int status);
/* 503 or 429, to be asked again after these seconds. */
void send_after(h2o_req_t *req, int status, uint64_t seconds);
/* What the hub refused; the body is copied. */
void send_refusal(h2o_req_t *req, const hub_refusal_t *refusal);
/* A body of the request's pool. */
void send_text(h2o_req_t *req, int status, const char *media_type, slice_t body);
/* An edge of a TIPS view: it never changes. The segments must live as long as the request. */
void send_edge(h2o_req_t *req, const char *media_type, slice_t etag, const slice_t *segments,
               size_t count, size_t size, bool head);
/* A poll that was held long enough: 503, to be asked again at once. */
void send_poll_over(h2o_req_t *req);
/* 200 with the document in this coding; the fields only when head is set. */
void send_document(h2o_req_t *req, const resource_t *resource, coding_t coding, bool head);
/* 304 (RFC 9110 15.4.5) for the representation that the client has. */
void send_not_modified(h2o_req_t *req, const resource_t *resource, coding_t coding);
/* What a POST resource answered. */
void send_answer(h2o_req_t *req, const alto_answer_t *answer);
/* What the admin interface answers; it must live as long as the request. */
void send_admin(h2o_req_t *req, const admin_response_t *response, bool head);

#endif
