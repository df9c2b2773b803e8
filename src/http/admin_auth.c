#include "http/admin_server.h"

#include "footprintd/log/log.h"
#include "http/send.h"

#include <netdb.h>
#include <time.h>

/* A longer one is not looked at. */
#define TOKEN_BYTES_MAX 1024

/* ---- answers to wrong tokens ---- */

static void challenge(h2o_req_t *req, bool wrong)
{
    const slice_t fields[] = {SLICE_LIT("Bearer realm=\"footprintd\""),
                              SLICE_LIT("Bearer realm=\"footprintd\", error=\"invalid_token\"")};
    admin_response_t problem = {0};
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_WWW_AUTHENTICATE, NULL,
                   fields[wrong].ptr, fields[wrong].len);
    if (wrong) {
        admin_error(&problem, 401, "wrong-token", "the token is not known");
    } else {
        admin_error(&problem, 401, "no-token", "the admin interface wants a bearer token");
    }
    admin_send_problem(req, &problem);
}

/* An answer that is held back: of the request's pool, and unlinked with it. */
typedef struct held {
    h2o_timeout_entry_t entry;
    http_admin_t *admin;
    h2o_req_t *req;
    uint64_t peer;
} held_t;

static void held_on_dispose(void *chunk)
{
    held_t *held = chunk;
    h2o_timeout_unlink(&held->entry);
    (void)pthread_mutex_lock(&held->admin->lock);
    admin_peers_released(&held->admin->peers, held->peer);
    (void)pthread_mutex_unlock(&held->admin->lock);
}

static void held_on_timeout(h2o_timeout_entry_t *entry)
{
    held_t *held = H2O_STRUCT_FROM_MEMBER(held_t, entry, entry);
    challenge(held->req, true);
}

static void hold(h2o_req_t *req, http_admin_t *admin, uint64_t peer)
{
    http_loop_t *loop = loop_of_request(req);
    held_t *held = h2o_mem_alloc_shared(&req->pool, sizeof *held, held_on_dispose);
    *held = (held_t){.entry = {.cb = held_on_timeout}, .admin = admin, .req = req, .peer = peer};
    h2o_timeout_link(loop->ctx.loop, &loop->ctx.one_sec_timeout, &held->entry);
}

static void refuse(h2o_req_t *req, http_admin_t *admin)
{
    char buffer[NI_MAXHOST];
    slice_t peer = peer_of_request(req, buffer);
    uint64_t hash = hash_slice(peer);
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    (void)pthread_mutex_lock(&admin->lock);
    uint64_t count = ++admin->counters.wrong_tokens;
    bool tell = admin->told != now.tv_sec;
    admin->told = now.tv_sec;
    admin_verdict_t verdict = admin_peers_wrong(&admin->peers, hash, (uint64_t)now.tv_sec);
    (void)pthread_mutex_unlock(&admin->lock);
    if (tell) {
        log_line(LOG_LEVEL_WARNING, "admin", "a wrong token from %.*s; %llu so far",
                 SLICE_ARG(peer), (unsigned long long)count);
    }
    if (verdict == ADMIN_HOLD) {
        hold(req, admin, hash);
    } else if (verdict == ADMIN_ANSWER) {
        challenge(req, true);
    } else {
        admin_response_t problem = {.retry_after = 2};
        admin_error(&problem, 429, "too-many-wrong-tokens",
                    "too many wrong tokens from this address");
        admin_send_problem(req, &problem);
    }
}

/* ---- who it is ---- */

static bool hash_token(slice_t token, digest_t *out)
{
    hasher_t hasher;
    if (hasher_init(&hasher)) {
        return false;
    }
    hasher_begin(&hasher);
    hasher_update_slice(&hasher, token);
    err_t err = hasher_finish(&hasher, out);
    hasher_release(&hasher);
    return err == ERR_OK;
}

bool admin_auth(h2o_req_t *req, slice_t *user, admin_role_t *role)
{
    http_admin_t *admin = loop_of_request(req)->server->admin;
    ssize_t i = h2o_find_header(&req->headers, H2O_TOKEN_AUTHORIZATION, -1);
    slice_t token;
    if (i < 0) {
        challenge(req, false);
        return false;
    }
    digest_t digest;
    bool usable = h2o_find_header(&req->headers, H2O_TOKEN_AUTHORIZATION, i) < 0 &&
                  tokens_bearer(slice_of_iovec(req->headers.entries[i].value), &token) &&
                  token.len <= TOKEN_BYTES_MAX;
    if (usable && !hash_token(token, &digest)) {
        send_busy(req);
        return false;
    }
    char name[TOKEN_NAME_MAX + 1] = "";
    (void)pthread_mutex_lock(&admin->lock);
    const token_t *found = usable ? tokens_find(&admin->tokens, &digest) : NULL;
    if (found) {
        memcpy(name, found->name, sizeof name);
        *role = found->role;
        admin->counters.requests++;
    }
    (void)pthread_mutex_unlock(&admin->lock);
    if (!found) {
        refuse(req, admin);
        return false;
    }
    *user = slice_of_iovec(h2o_strdup(&req->pool, name, strlen(name)));
    return true;
}
