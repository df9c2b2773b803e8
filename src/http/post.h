/*
 * POST: answers are computed on the loop when that is quick, else by a worker.
 */
#ifndef FOOTPRINTD_HTTP_POST_H
#define FOOTPRINTD_HTTP_POST_H

#include "http/internal.h"

/* The request has passed all checks, and the snapshot that the resource is of is pinned. */
void post_answer(h2o_req_t *req, const resource_t *resource);

#endif
