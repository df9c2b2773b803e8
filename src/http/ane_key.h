/*
 * Keys that names of abstract network elements are hidden with (RFC 9275 11): whether two answers
 * name the same one is told only as far as the configuration says.
 */
#ifndef FOOTPRINTD_HTTP_ANE_KEY_H
#define FOOTPRINTD_HTTP_ANE_KEY_H

#include "http/internal.h"

/* What keys of clients are made of, for as long as the server runs. ERR_NOMEM: no random numbers.
 */
err_t ane_secret_init(http_server_t *server) FPD_MUST_CHECK;

/*
 * Sets limits->ane_key, which may point to `key`, for a request of this resource. False: it cannot
 * be made, and nothing may be answered.
 */
bool ane_key_set(h2o_req_t *req, const resource_t *resource, uint8_t key[BLOCK_SIZE],
                 alto_limits_t *limits);

#endif
