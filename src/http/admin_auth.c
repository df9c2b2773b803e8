#include "http/admin_server.h"

#include "http/send.h"

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

static void challenge_wrong(h2o_req_t *req)
{
    challenge(req, true);
}

static void refuse(h2o_req_t *req)
{
    admin_response_t problem = {.retry_after = 2};
    admin_error(&problem, 429, "too-many-wrong-tokens", "too many wrong tokens from this address");
    admin_send_problem(req, &problem);
}

void admin_auth_init(wrong_t *wrong)
{
    *wrong = (wrong_t){
        .area = "admin", .what = "a wrong token", .challenge = challenge_wrong, .refuse = refuse};
    wrong_init(wrong);
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
        wrong_refuse(&admin->wrong, req);
        return false;
    }
    *user = slice_of_iovec(h2o_strdup(&req->pool, name, strlen(name)));
    return true;
}
