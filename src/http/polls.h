/*
 * Edges of TIPS views: answered at once, or held until they exist (RFC 9569 7.2).
 */
#ifndef FOOTPRINTD_HTTP_POLLS_H
#define FOOTPRINTD_HTTP_POLLS_H

#include "http/internal.h"

void poll_edge(h2o_req_t *req, slice_t token, uint64_t from, uint64_t to, bool head);
/* An edge that is not to be had: with an error body that names it. */
void poll_refuse(h2o_req_t *req, int status, slice_t edge);

#endif
