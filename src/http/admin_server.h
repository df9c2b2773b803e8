/*
 * The admin interface inside the server: its library configuration, its workers, its tokens.
 *
 * It shares the loops with the rest of the server and nothing else: a library context of its own on
 * every loop, so that hosts, handlers and the limit of bodies are its own, and its own connections.
 */
#ifndef FOOTPRINTD_HTTP_ADMIN_SERVER_H
#define FOOTPRINTD_HTTP_ADMIN_SERVER_H

#include "http/internal.h"
#include "http/tokens.h"
#include "http/wrong.h"

struct http_admin {
    http_admin_options_t options; /* tokens_file is a copy */
    char *tokens_file;
    h2o_globalconf_t config;
    worker_pool_t *workers;
    atomic_size_t connections;
    size_t max_connections;
    wrong_t wrong; /* tokens */

    pthread_mutex_t lock; /* of all below */
    tokens_t tokens;
    http_admin_counters_t counters; /* but for wrong_tokens */
};

/* Reads the tokens; on failure *why has one line. */
err_t admin_server_new(const http_options_t *options, http_admin_t **out,
                       buf_t *why) FPD_MUST_CHECK;
/* Starts the workers. */
err_t admin_server_start(http_admin_t *admin) FPD_MUST_CHECK;
/* Joins the workers. NULL is fine. */
void admin_server_free(http_admin_t *admin);

/* admin_handler.c */
void admin_handler_register(h2o_pathconf_t *path);

/*
 * admin_auth.c: whose request it is. False: it is answered, or will be. *user is of the request's
 * pool.
 */
bool admin_auth(h2o_req_t *req, slice_t *user, admin_role_t *role);
/* Sets what wrong tokens are answered by. */
void admin_auth_init(wrong_t *wrong);

/* admin_job.c: has a worker answer. What `seen` points to is the request's, and is copied. */
void admin_job_start(h2o_req_t *req, const admin_request_t *seen);

/* Sends problem details from the loop; releases the response. */
void admin_send_problem(h2o_req_t *req, admin_response_t *problem);

#endif
