#include "http/certificates.h"

#include "http/measure.h"
#include "http/send.h"
#include "http/target.h"

#include <stdlib.h>
#include <time.h>

/* Where a request keeps its principal: the library has no other place for what is ours. */
#define PRINCIPAL_KEY "footprintd-principal"

/* ---- life ---- */

err_t identity_new(const http_options_t *options, http_identity_t **out, buf_t *why)
{
    http_identity_t *identity = calloc(1, sizeof *identity);
    err_t err = identity ? ERR_OK : ERR_NOMEM;
    if (!err) {
        (void)pthread_mutex_init(&identity->lock, NULL);
        identity_refuse_init(&identity->wrong);
        identity->configured = options->ucdns != NULL;
        identity->md5 = options->digest_md5;
        identity->limits = (rate_limits_t){{[RATE_REQUESTS] = options->ucdn_rates.requests,
                                            [RATE_ENTITIES] = options->ucdn_rates.entities,
                                            [RATE_BYTES] = options->ucdn_rates.bytes}};
        identity->realm = strndup(options->digest_realm.len ? options->digest_realm.ptr : "",
                                  options->digest_realm.len);
        bool ready = identity->realm && nonces_init(&identity->nonces, options->digest_nonce_s);
        err = ready ? ERR_OK : ERR_NOMEM;
    }
    if (!err && options->ucdns) {
        identity->ucdns = ucdns_ref(options->ucdns);
    } else if (!err) {
        err = ucdns_new_open(&identity->ucdns);
    }
    err = err ? err : identity_make_rates(identity, identity->ucdns, &identity->rates);
    if (err) {
        buf_append_str(why, err_text(err));
        identity_free(identity);
        return err;
    }
    *out = identity;
    return ERR_OK;
}

err_t identity_make_rates(http_identity_t *identity, const ucdns_t *ucdns, rates_t **out)
{
    return rates_new(ucdns, &identity->limits, identity->rates, identity->ucdns, out);
}

void identity_free(http_identity_t *identity)
{
    if (identity) {
        rates_unref(identity->rates);
        ucdns_unref(identity->ucdns);
        free(identity->realm);
        OPENSSL_cleanse(identity->nonces.key, sizeof identity->nonces.key);
        wrong_destroy(&identity->wrong);
        (void)pthread_mutex_destroy(&identity->lock);
        free(identity);
    }
}

/* ---- the table of a loop ---- */

static void pin_on_dispose(void *chunk)
{
    identity_pin_t *pin = chunk;
    rates_unref(pin->rates);
    free(pin->places);
    ucdns_unref(pin->ucdns);
}

static void take_ucdns(http_loop_t *loop)
{
    http_identity_t *identity = loop->server->identity;
    identity_pin_t *old = loop->identity;
    identity_pin_t *pin = h2o_mem_alloc_shared(NULL, sizeof *pin, pin_on_dispose);
    (void)pthread_mutex_lock(&identity->lock);
    pin->ucdns = ucdns_ref(identity->ucdns);
    pin->rates = rates_ref(identity->rates);
    (void)pthread_mutex_unlock(&identity->lock);
    pin->places = measure_places(loop->server, pin->ucdns);
    size_t index = ucdns_anonymous(pin->ucdns);
    pin->stranger = (principal_t){.ucdns = pin->ucdns, .index = index};
    if (index != UCDN_NONE) {
        pin->stranger.profile = ucdns_profile(pin->ucdns, index);
        pin->stranger.rate = rates_of(pin->rates, index);
    }
    loop->identity = pin;
    loop->trust++;
    if (old) {
        identity_recheck(loop, old->ucdns);
        (void)h2o_mem_release_shared(old);
    }
}

/* Whether the flag was up, which is down from then on. */
static bool lower(atomic_bool *flag)
{
    return atomic_load_explicit(flag, memory_order_relaxed) && atomic_exchange(flag, false);
}

void identity_take(http_loop_t *loop)
{
    if (lower(&loop->new_tls)) {
        conn_take_tls(loop);
        identity_recheck(loop, NULL);
    }
    if (!loop->identity || lower(&loop->new_ucdns)) {
        take_ucdns(loop);
    }
}

void identity_release(http_loop_t *loop)
{
    (void)h2o_mem_release_shared(loop->identity);
}

/* ---- who it is ---- */

const principal_t *principal_of_request(h2o_req_t *req)
{
    http_loop_t *loop = loop_of_request(req);
    if (!loop->server->identity->configured) {
        return &loop->identity->stranger; /* never replaced */
    }
    h2o_iovec_t *kept = h2o_req_getenv(req, H2O_STRLIT(PRINCIPAL_KEY), 0);
    return kept ? (const principal_t *)(const void *)kept->base : NULL;
}

/* For identity_recheck: whose event streams there may be on the connection. */
static void note_name(http_conn_t *conn, slice_t name)
{
    if (!slice_is(name, conn->ucdn)) {
        conn->several = conn->ucdn[0] != '\0';
        size_t len = name.len < UCDN_NAME_MAX ? name.len : UCDN_NAME_MAX;
        memcpy(conn->ucdn, name.ptr, len);
        conn->ucdn[len] = '\0';
    }
}

static bool is_known(h2o_req_t *req, size_t index, principal_means_t means)
{
    identity_pin_t *pin = loop_of_request(req)->identity;
    principal_t *principal = h2o_mem_alloc_pool(&req->pool, sizeof *principal);
    *principal = (principal_t){.ucdns = pin->ucdns,
                               .index = index,
                               .profile = ucdns_profile(pin->ucdns, index),
                               .rate = rates_of(pin->rates, index),
                               .means = means};
    h2o_mem_link_shared(&req->pool, pin);
    h2o_iovec_t *kept = h2o_req_getenv(req, H2O_STRLIT(PRINCIPAL_KEY), 1);
    *kept = h2o_iovec_init(principal, sizeof *principal);
    note_name(conn_of_request(req), principal->profile->name);
    return true;
}

/* ---- HTTP Digest ---- */

/* RFC 7616 3.4.6: both may be in absolute form, which names the same. */
static bool is_target(slice_t uri, slice_t target)
{
    slice_t path;
    if (target_is_absolute(target, &path)) {
        return slice_eq(uri, target) || slice_eq(uri, path);
    }
    return slice_eq(uri, target) || (target_is_absolute(uri, &path) && slice_eq(path, target));
}

/*
 * The profile whose password it was, or UCDN_NONE, and what the password was made to. Who is not
 * known takes as long: the response is made and compared all the same.
 */
static size_t find_profile(const ucdns_t *ucdns, const digest_credentials_t *credentials,
                           slice_t method, const uint8_t **secret)
{
    static const uint8_t nobody[DIGEST_HASH_MAX];
    const uint8_t *ha1 = nobody;
    size_t index = ucdns_find_user(ucdns, credentials->username);
    if (index != UCDN_NONE) {
        const ucdn_profile_t *profile = ucdns_profile(ucdns, index);
        if (credentials->algorithm == DIGEST_SHA256 && profile->has_sha256) {
            ha1 = profile->ha1_sha256.bytes;
        } else if (credentials->algorithm == DIGEST_MD5 && profile->has_md5) {
            ha1 = profile->ha1_md5;
        }
    }
    bool fits = digest_response_fits(credentials, ha1, method);
    *secret = ha1;
    return fits && ha1 != nobody ? index : UCDN_NONE;
}

static nonce_verdict_t use_nonce(http_identity_t *identity, const digest_credentials_t *credentials)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    (void)pthread_mutex_lock(&identity->lock);
    nonce_verdict_t verdict = nonces_use(&identity->nonces, credentials->nonce, credentials->nc,
                                         (uint64_t)now.tv_sec);
    (void)pthread_mutex_unlock(&identity->lock);
    return verdict;
}

static bool check_credentials(h2o_req_t *req, const digest_credentials_t *credentials)
{
    http_loop_t *loop = loop_of_request(req);
    http_identity_t *identity = loop->server->identity;
    if (!is_target(credentials->uri, slice_of_iovec(req->input.path))) {
        send_empty(req, 400);
        return false;
    }
    if ((credentials->algorithm == DIGEST_MD5 && !identity->md5) ||
        !slice_is(credentials->realm, identity->realm)) {
        identity_challenge(req, false);
        return false;
    }
    const uint8_t *ha1;
    size_t index = find_profile(loop->identity->ucdns, credentials,
                                slice_of_iovec(req->input.method), &ha1);
    if (index == UCDN_NONE) {
        wrong_refuse(&loop_of_request(req)->server->identity->wrong, req);
        return false;
    }
    nonce_verdict_t verdict = use_nonce(identity, credentials);
    if (verdict == NONCE_STALE) {
        identity_challenge(req, true);
        return false;
    }
    identity_confirm(req, credentials, ha1, verdict == NONCE_AGEING);
    return is_known(req, index, PRINCIPAL_DIGEST);
}

static bool by_digest(h2o_req_t *req, slice_t authorization)
{
    digest_credentials_t credentials;
    buf_t scratch = BUF_INIT;
    bool known = false;
    switch (digest_parse(authorization, &scratch, &credentials)) {
    case DIGEST_FINE:
        known = check_credentials(req, &credentials);
        break;
    case DIGEST_MALFORMED:
        send_empty(req, 400);
        break;
    case DIGEST_OTHER_SCHEME:
    case DIGEST_NOT_OFFERED:
        identity_challenge(req, false);
        break;
    }
    buf_release(&scratch);
    return known;
}

bool identity_resolve(h2o_req_t *req)
{
    http_loop_t *loop = loop_of_request(req);
    if (!loop->server->identity->configured) {
        return true;
    }
    identity_take(loop);
    size_t index;
    switch (certificate_of_conn(conn_of_request(req), &index)) {
    case CERTIFICATE_NONE:
        break;
    case CERTIFICATE_KNOWN:
        return is_known(req, index, PRINCIPAL_CERTIFICATE);
    case CERTIFICATE_REFUSED:
        req->http1_is_persistent = 0;
        identity_challenge(req, false);
        return false;
    }
    /* What was shown has to be right, also where strangers may come in. */
    ssize_t i = h2o_find_header(&req->headers, H2O_TOKEN_AUTHORIZATION, -1);
    if (i >= 0 && h2o_find_header(&req->headers, H2O_TOKEN_AUTHORIZATION, i) >= 0) {
        send_empty(req, 400);
        return false;
    }
    if (i >= 0) {
        return by_digest(req, slice_of_iovec(req->headers.entries[i].value));
    }
    if (loop->identity->stranger.profile) {
        return is_known(req, loop->identity->stranger.index, PRINCIPAL_ANONYMOUS);
    }
    identity_challenge(req, false);
    return false;
}
