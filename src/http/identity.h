/*
 * Identities inside the server: the table of profiles as loops have it, nonces, and who showed
 * wrong passwords.
 */
#ifndef FOOTPRINTD_HTTP_IDENTITY_H
#define FOOTPRINTD_HTTP_IDENTITY_H

#include "http/digest.h"
#include "http/internal.h"
#include "http/principal.h"
#include "http/rates.h"
#include "http/wrong.h"

/* Of one loop: all its requests that began with this table. See snapshot_pin_t. */
struct identity_pin {
    ucdns_t *ucdns;
    rates_t *rates;
    uint16_t *places;     /* of the profiles, for what is counted: measure.h */
    principal_t stranger; /* profile is NULL when strangers get nothing */
};

struct http_identity {
    bool configured; /* there are profiles: answers are private, and 401 is possible */
    char *realm;
    bool md5;
    wrong_t wrong; /* users and passwords */

    rate_limits_t limits; /* of profiles that say nothing */

    pthread_mutex_t lock; /* of all below */
    ucdns_t *ucdns;
    rates_t *rates; /* of ucdns */
    nonces_t nonces;
};

err_t identity_new(const http_options_t *options, http_identity_t **out, buf_t *why) FPD_MUST_CHECK;
/* For another table of profiles: the accounts of the one that there is go on. */
err_t identity_make_rates(http_identity_t *identity, const ucdns_t *ucdns,
                          rates_t **out) FPD_MUST_CHECK;
/* NULL is fine. */
void identity_free(http_identity_t *identity);

/* identity_refuse.c: challenges, at once or later, and the end of a good one. */

/* 401, with stale=true when the password was right. */
void identity_challenge(h2o_req_t *req, bool stale);
/* RFC 7616 3.5: in the answer to a request with a right response. renew: the nonce is old. */
void identity_confirm(h2o_req_t *req, const digest_credentials_t *credentials, const uint8_t *ha1,
                      bool renew);
/* Sets what wrong users and passwords are answered by. */
void identity_refuse_init(wrong_t *wrong);

#endif
