/*
 * Event streams on the wire: what update streams (updates/stream.h) have to say, as server-sent
 * events over HTTP/1.1 and HTTP/2.
 */
#ifndef FOOTPRINTD_HTTP_EVENTS_H
#define FOOTPRINTD_HTTP_EVENTS_H

#include "footprintd/updates/stream.h"
#include "http/internal.h"

/* Begins the 200 response; takes the stream. */
void events_begin(h2o_req_t *req, stream_t *stream);

/* Whether the connection may have one more stream or held poll; counts it until the request ends.
 */
bool events_admit(h2o_req_t *req);

/* Has a frame made by a worker, that this caller has claimed. */
void events_make(http_loop_t *loop, hub_t *hub, hub_frame_t *frame);

/* On the loop. */
void events_init(http_loop_t *loop);
void events_on_news(http_loop_t *loop);
void events_on_rest_of_news(http_loop_t *loop);
void events_drain(http_loop_t *loop);
/* Cuts the connections of streams that take nothing. */
void events_sweep(http_loop_t *loop, uint64_t now_ms);
void events_log(http_loop_t *loop);
void events_release(http_loop_t *loop);

#endif
