/*
 * Requests of the TIPS service (RFC 9569): openings, next edges, edges, and polls that are held
 * until their edge exists.
 */
#ifndef FOOTPRINTD_HTTP_TIPS_H
#define FOOTPRINTD_HTTP_TIPS_H

#include "http/internal.h"

/* A POST to the service that has passed the checks of every POST. */
void tips_open_view(h2o_req_t *req);
/* Whether the path is below a TIPS view's; *rest is what follows "/tips/". */
bool tips_is_view(slice_t path, slice_t *rest);
/* Any request for such a path. */
void tips_view(h2o_req_t *req, slice_t rest);

/* On the loop. */
void tips_init(http_loop_t *loop);
void tips_on_news(http_loop_t *loop);
void tips_drain(http_loop_t *loop);
/* Ends polls that have been held long enough. */
void tips_sweep(http_loop_t *loop, uint64_t now_ms);
void tips_log(http_loop_t *loop);

#endif
