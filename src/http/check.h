/*
 * The checks of a request that come before its content, in one fixed order: method, size of the
 * body, Content-Type, Accept. Each that fails is answered: no ALTO error code fits them (RFC 7285
 * 8.5.2), so that the answers have no body.
 */
#ifndef FOOTPRINTD_HTTP_CHECK_H
#define FOOTPRINTD_HTTP_CHECK_H

#include "http/internal.h"
#include "http/target.h"

/* True when it is for the caller to answer; OPTIONS is answered here. */
bool check_post(h2o_req_t *req, const char *accepts, const char *accepts_compat,
                const char *media_type);
/* *head: HEAD. media_type is NULL where Accept is looked at later. */
bool check_get(h2o_req_t *req, const char *media_type, bool *head);
/* Whether Accept, if there is one, allows the media type. */
bool check_accept(const h2o_req_t *req, const char *media_type);

#endif
