#include "http/identity.h"

#include "http/send.h"

#include <time.h>

static uint64_t now_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec;
}

/* RFC 7616 3.3, 3.7: a field for each algorithm, the one that is preferred first. */
static void add_challenge(h2o_req_t *req, digest_algorithm_t algorithm, const char *nonce,
                          bool stale)
{
    buf_t text = BUF_INIT;
    buf_printf(&text,
               "Digest realm=\"%s\", qop=\"auth\", algorithm=%s, nonce=\"%s\", charset=UTF-8, "
               "userhash=false%s",
               loop_of_request(req)->server->identity->realm, digest_algorithm_name(algorithm),
               nonce, stale ? ", stale=true" : "");
    if (!buf_failed(&text)) {
        h2o_iovec_t copy = h2o_strdup(&req->pool, text.ptr, text.len);
        h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_WWW_AUTHENTICATE, NULL, copy.base,
                       copy.len);
    }
    buf_release(&text);
}

static bool make_nonce(http_identity_t *identity, char nonce[NONCE_LEN + 1])
{
    (void)pthread_mutex_lock(&identity->lock);
    bool made = nonces_make(&identity->nonces, now_s(), nonce);
    (void)pthread_mutex_unlock(&identity->lock);
    return made;
}

void identity_confirm(h2o_req_t *req, const digest_credentials_t *credentials, const uint8_t *ha1,
                      bool renew)
{
    char nonce[NONCE_LEN + 1];
    buf_t text = BUF_INIT;
    bool renewed = renew && make_nonce(loop_of_request(req)->server->identity, nonce);
    /* Whom memory fails is answered all the same: no client may count on this field. */
    if (digest_write_info(credentials, ha1, renewed ? nonce : NULL, &text)) {
        h2o_iovec_t copy = h2o_strdup(&req->pool, text.ptr, text.len);
        h2o_add_header_by_str(&req->pool, &req->res.headers, H2O_STRLIT("authentication-info"), 0,
                              NULL, copy.base, copy.len);
    }
    buf_release(&text);
}

void identity_challenge(h2o_req_t *req, bool stale)
{
    http_identity_t *identity = loop_of_request(req)->server->identity;
    char nonce[NONCE_LEN + 1];
    if (!make_nonce(identity, nonce)) {
        send_busy(req);
        return;
    }
    add_challenge(req, DIGEST_SHA256, nonce, stale);
    if (identity->md5) {
        add_challenge(req, DIGEST_MD5, nonce, stale);
    }
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CACHE_CONTROL, NULL,
                   H2O_STRLIT("no-store"));
    send_empty(req, 401);
}

static void challenge_wrong(h2o_req_t *req)
{
    identity_challenge(req, false);
}

static void refuse(h2o_req_t *req)
{
    send_later(req, 429);
}

void identity_refuse_init(wrong_t *wrong)
{
    *wrong = (wrong_t){.area = "http",
                       .what = "a wrong user or password",
                       .challenge = challenge_wrong,
                       .refuse = refuse};
    wrong_init(wrong);
}
