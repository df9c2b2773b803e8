/*
 * Who asks: every request on a public listener has a principal by the time that a handler sees it.
 *
 * For handlers: principal_of_request(req) is never NULL behind identity_resolve. Its profile says
 * the name, what capability and footprint types this uCDN understands, and whether properties of
 * addresses may be shown (config/ucdns.h); `index` is the profile's place in `ucdns`, which is
 * immutable and lives as long as the request. Another request of the same client may come with
 * another table, after a reload: whatever is kept by index belongs to the table that it was made
 * for, and `ucdns == ucdns` says whether it is the same; a name means the same in every table.
 * Without `ucdns` in the configuration the table has one profile, `anonymous`, that may see
 * whatever has no audience.
 */
#ifndef FOOTPRINTD_HTTP_PRINCIPAL_H
#define FOOTPRINTD_HTTP_PRINCIPAL_H

#include "footprintd/config/ucdns.h"
#include "http/rates.h"

#include <h2o.h>

typedef enum principal_means {
    PRINCIPAL_ANONYMOUS, /* no credentials */
    PRINCIPAL_CERTIFICATE,
    PRINCIPAL_DIGEST,
} principal_means_t;

typedef struct principal {
    const ucdns_t *ucdns;
    size_t index;
    const ucdn_profile_t *profile; /* ucdns_profile(ucdns, index) */
    const rate_t *rate;            /* what it may ask for; NULL: as much as it likes */
    principal_means_t means;
} principal_t;

/*
 * Finds out whose request it is, before anything of its path is looked at. False: it is answered
 * (401, 400 or 429), or will be.
 */
bool identity_resolve(h2o_req_t *req);

/* NULL before identity_resolve, and when that said no. */
const principal_t *principal_of_request(h2o_req_t *req);
/* The name of its profile, behind identity_resolve. */
slice_t principal_name(h2o_req_t *req);
/*
 * Who pays for what one client may have, behind identity_resolve: a uCDN from wherever it asks, and
 * a stranger's address (peer_key_of_request). The buffer has NI_MAXHOST bytes.
 */
slice_t principal_account(h2o_req_t *req, char *buffer);
/* The same, hashed, for http/share.h. */
uint64_t principal_slot(h2o_req_t *req);

/*
 * Whether whoever asks may ask for something now (http/rates.h), behind identity_resolve. False: it
 * is answered 429.
 */
bool principal_admit(h2o_req_t *req);
/* Counts what an answer had; nothing on listeners of operators. */
void principal_pay(h2o_req_t *req, rate_kind_t kind, uint64_t amount);

#endif
