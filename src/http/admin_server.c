#include "http/admin_server.h"

#include "footprintd/log/log.h"
#include "http/setup.h"

#include <stdlib.h>

#define ADMIN_MAX_BODY        ((size_t)64 << 20)
#define ADMIN_MAX_CONNECTIONS 256
#define ADMIN_WORKERS         2
#define ADMIN_QUEUE           16

static err_t read_tokens(http_admin_t *admin, tokens_t *out, buf_t *why)
{
    err_t err = tokens_read(admin->tokens_file, out, why);
    if (!err && !out->count) {
        log_line(LOG_LEVEL_WARNING, "admin", "%s has no token: nobody can use the admin interface",
                 admin->tokens_file);
    }
    return err;
}

err_t admin_server_new(const http_options_t *options, http_admin_t **out, buf_t *why)
{
    http_admin_t *admin = calloc(1, sizeof *admin);
    if (!admin) {
        buf_append_str(why, err_text(ERR_NOMEM));
        return ERR_NOMEM;
    }
    admin->options = *options->admin;
    admin->max_connections = ADMIN_MAX_CONNECTIONS;
    if (!admin->options.max_body_bytes) {
        admin->options.max_body_bytes = ADMIN_MAX_BODY;
    }
    (void)pthread_mutex_init(&admin->lock, NULL);
    admin_auth_init(&admin->wrong);
    setup_config(&admin->config, options, admin->options.max_body_bytes, admin_handler_register);
    slice_t file = options->admin->tokens_file;
    admin->tokens_file = strndup(file.ptr, file.len);
    err_t err = ERR_NOMEM;
    if (admin->tokens_file) {
        admin->options.tokens_file = slice_str(admin->tokens_file);
        err = read_tokens(admin, &admin->tokens, why);
    } else {
        buf_append_str(why, err_text(err));
    }
    if (err) {
        admin_server_free(admin);
        return err;
    }
    *out = admin;
    return ERR_OK;
}

err_t admin_server_start(http_admin_t *admin)
{
    return worker_pool_new(ADMIN_WORKERS, ADMIN_QUEUE, &admin->workers);
}

void admin_server_free(http_admin_t *admin)
{
    if (!admin) {
        return;
    }
    worker_pool_free(admin->workers);
    h2o_config_dispose(&admin->config);
    tokens_release(&admin->tokens);
    free(admin->tokens_file);
    wrong_destroy(&admin->wrong);
    (void)pthread_mutex_destroy(&admin->lock);
    free(admin);
}

slice_t http_server_admin_uri(const http_server_t *server)
{
    return server_uri_of(server, LISTENER_ADMIN);
}

err_t http_server_reload_tokens(http_server_t *server, buf_t *why)
{
    http_admin_t *admin = server->admin;
    tokens_t fresh;
    if (!admin) {
        return ERR_OK;
    }
    err_t err = read_tokens(admin, &fresh, why);
    if (err) {
        return err;
    }
    (void)pthread_mutex_lock(&admin->lock);
    tokens_t old = admin->tokens;
    admin->tokens = fresh;
    (void)pthread_mutex_unlock(&admin->lock);
    tokens_release(&old);
    return ERR_OK;
}

http_admin_counters_t http_server_admin_counters(http_server_t *server)
{
    http_admin_t *admin = server->admin;
    if (!admin) {
        return (http_admin_counters_t){0};
    }
    (void)pthread_mutex_lock(&admin->lock);
    http_admin_counters_t counters = admin->counters;
    (void)pthread_mutex_unlock(&admin->lock);
    counters.wrong_tokens = wrong_count(&admin->wrong);
    return counters;
}
