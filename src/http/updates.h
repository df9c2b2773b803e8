/*
 * Requests of the update stream service (RFC 8895): openings and control.
 */
#ifndef FOOTPRINTD_HTTP_UPDATES_H
#define FOOTPRINTD_HTTP_UPDATES_H

#include "http/internal.h"

/* A POST to the service that has passed the checks of every POST. */
void updates_open(h2o_req_t *req);
/* Whether the path is a control URI; *token is what follows. */
bool updates_is_control(slice_t path, slice_t *token);
/* Any request for a control URI. */
void updates_control(h2o_req_t *req, slice_t token);

#endif
