#include "http/identity.h"

#include "footprintd/log/log.h"
#include "http/send.h"

#include <netdb.h>
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

void identity_challenge(h2o_req_t *req, bool stale)
{
    http_identity_t *identity = loop_of_request(req)->server->identity;
    char nonce[NONCE_LEN + 1];
    (void)pthread_mutex_lock(&identity->lock);
    bool made = nonces_make(&identity->nonces, now_s(), nonce);
    (void)pthread_mutex_unlock(&identity->lock);
    if (!made) {
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

/* ---- wrong ones are slowed ---- */

/* An answer that is held back: of the request's pool, and unlinked with it. */
typedef struct held {
    h2o_timeout_entry_t entry;
    http_identity_t *identity;
    h2o_req_t *req;
    uint64_t peer;
} held_t;

static void held_on_dispose(void *chunk)
{
    held_t *held = chunk;
    h2o_timeout_unlink(&held->entry);
    (void)pthread_mutex_lock(&held->identity->lock);
    admin_peers_released(&held->identity->peers, held->peer);
    (void)pthread_mutex_unlock(&held->identity->lock);
}

static void held_on_timeout(h2o_timeout_entry_t *entry)
{
    held_t *held = H2O_STRUCT_FROM_MEMBER(held_t, entry, entry);
    identity_challenge(held->req, false);
}

static void hold(h2o_req_t *req, http_identity_t *identity, uint64_t peer)
{
    http_loop_t *loop = loop_of_request(req);
    held_t *held = h2o_mem_alloc_shared(&req->pool, sizeof *held, held_on_dispose);
    *held = (held_t){
        .entry = {.cb = held_on_timeout}, .identity = identity, .req = req, .peer = peer};
    h2o_timeout_link(loop->ctx.loop, &loop->ctx.one_sec_timeout, &held->entry);
}

void identity_refuse(h2o_req_t *req)
{
    http_identity_t *identity = loop_of_request(req)->server->identity;
    char buffer[NI_MAXHOST];
    slice_t peer = peer_of_request(req, buffer);
    uint64_t hash = hash_slice(peer), now = now_s();
    (void)pthread_mutex_lock(&identity->lock);
    uint64_t count = ++identity->wrong;
    bool tell = identity->told != (time_t)now;
    identity->told = (time_t)now;
    admin_verdict_t verdict = admin_peers_wrong(&identity->peers, hash, now);
    (void)pthread_mutex_unlock(&identity->lock);
    if (tell) {
        log_line(LOG_LEVEL_WARNING, "http", "a wrong user or password from %.*s; %llu so far",
                 SLICE_ARG(peer), (unsigned long long)count);
    }
    switch (verdict) {
    case ADMIN_ANSWER:
        identity_challenge(req, false);
        return;
    case ADMIN_HOLD:
        hold(req, identity, hash);
        return;
    case ADMIN_REFUSE:
        send_later(req, 429);
        return;
    }
}
