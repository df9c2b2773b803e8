#include "server.h"

#include "builder.h"
#include "check.h"
#include "footprintd/store/file.h"
#include "load.h"
#include "options.h"
#include "shutdown.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* More would only cost tables somewhere: limits.connections goes no further. */
#define FILES_MAX 1048576
/* What a drain may take beyond drain-s before the process ends all the same. */
#define DRAIN_GRACE_S 5

typedef struct server {
    const char *config_file;
    buf_t config_text; /* as it was at the start */
    config_t config;
    http_server_t *http;
    builder_t *builder;
    compressor_t *compressor;
} server_t;

static void raise_file_limit(uint64_t connections)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return;
    }
    rlim_t wanted = limit.rlim_max < FILES_MAX ? limit.rlim_max : FILES_MAX;
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = wanted;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (connections > wanted) {
        log_line(LOG_LEVEL_WARNING, "app",
                 "limits.connections is %llu, but this process may open only %llu files",
                 (unsigned long long)connections, (unsigned long long)wanted);
    }
}

static err_t open_http(server_t *s)
{
    const config_t *c = &s->config;
    http_listener_t *listeners = calloc(c->listener_count, sizeof *listeners);
    if (!listeners) {
        return ERR_NOMEM;
    }
    static const client_auth_t auths[] = {[CONFIG_CLIENT_AUTH_NONE] = CLIENT_AUTH_NONE,
                                          [CONFIG_CLIENT_AUTH_OPTIONAL] = CLIENT_AUTH_OPTIONAL,
                                          [CONFIG_CLIENT_AUTH_REQUIRED] = CLIENT_AUTH_REQUIRED};
    for (size_t i = 0; i < c->listener_count; i++) {
        const config_listener_t *l = &c->listeners[i];
        listeners[i] = (http_listener_t){.address = l->address,
                                         .tls = l->tls,
                                         .certificate = l->certificate,
                                         .key = l->key,
                                         .client_ca = l->client_ca,
                                         .client_auth = auths[l->client_auth]};
    }
    http_options_t options = {.listeners = listeners,
                              .listener_count = c->listener_count,
                              .threads = (unsigned)c->threads,
                              .max_age_s = (unsigned)c->http_max_age_s,
                              .access_log = c->http_access_log,
                              .max_body_bytes = (size_t)c->limits.request_body_bytes,
                              .max_connections = (size_t)c->limits.connections,
                              .request_timeout_s = (unsigned)c->limits.request_timeout_s,
                              .handshake_timeout_s = (unsigned)c->limits.handshake_timeout_s,
                              .send_timeout_s = (unsigned)c->limits.send_timeout_s,
                              .worker_queue = (size_t)c->limits.worker_queue,
                              .alto = {.filter_entries = (size_t)c->limits.filter_entries}};
    buf_t why = BUF_INIT;
    err_t err = http_server_new(&options, &s->http, &why);
    if (err) {
        log_line(LOG_LEVEL_ERROR, "http", "%.*s",
                 SLICE_ARG(why.len ? buf_slice(&why) : slice_str(err_text(err))));
    }
    buf_release(&why);
    free(listeners);
    return err;
}

static err_t start(server_t *s)
{
    err_t err = open_http(s);
    if (err) {
        return err;
    }
    if ((err = builder_new(&s->config, &s->builder)) || (err = builder_build_first(s->builder)) ||
        (err = compressor_new(&s->compressor))) {
        return err;
    }
    err = http_server_start(s->http, builder_current(s->builder));
    if (err) {
        log_line(LOG_LEVEL_ERROR, "http", "the server does not start: %s", err_text(err));
        return err;
    }
    return builder_start(s->builder, s->http, s->compressor);
}

static void say_ready(const server_t *s)
{
    buf_t line = BUF_INIT;
    buf_append_str(&line, "footprintd: ready generation=1");
    for (size_t i = 0; i < s->config.listener_count; i++) {
        buf_printf(&line, " listen=%.*s", SLICE_ARG(http_server_uri(s->http, i)));
    }
    log_raw(buf_slice(&line));
    buf_release(&line);
}

static err_t read_config_text(const char *file, buf_t *out)
{
    buf_t why = BUF_INIT;
    err_t err = store_file_read(AT_FDCWD, file, (size_t)1 << 20, out, &why);
    buf_release(&why);
    return err;
}

/* SIGHUP: documents, databases and certificates; the rest of the configuration is for the next
 * start. */
static void reload(server_t *s)
{
    log_line(LOG_LEVEL_INFO, "app", "SIGHUP: reading documents, databases and certificates again");
    buf_t text = BUF_INIT;
    if (read_config_text(s->config_file, &text)) {
        log_line(LOG_LEVEL_WARNING, "app", "the configuration %s cannot be read any more",
                 s->config_file);
    } else if (!slice_eq(buf_slice(&text), buf_slice(&s->config_text))) {
        log_line(LOG_LEVEL_WARNING, "app",
                 "the configuration %s has changed: that needs a restart to take effect",
                 s->config_file);
    }
    buf_release(&text);
    buf_t why = BUF_INIT;
    if (http_server_reload_tls(s->http, &why)) {
        log_line(LOG_LEVEL_ERROR, "http", "%.*s; the old certificates stay in use",
                 SLICE_ARG(buf_slice(&why)));
    }
    buf_release(&why);
    builder_request(s->builder);
}

static void wait_for_the_end(server_t *s)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    for (;;) {
        int signal = 0;
        if (sigwait(&set, &signal) != 0) {
            continue;
        }
        if (signal == SIGHUP) {
            reload(s);
            continue;
        }
        log_line(LOG_LEVEL_INFO, "app", "%s: draining, at most %llu seconds",
                 signal == SIGTERM ? "SIGTERM" : "SIGINT", (unsigned long long)s->config.drain_s);
        return;
    }
}

static void stop(server_t *s)
{
    builder_free(s->builder);
    compressor_free(s->compressor);
    if (s->http) {
        http_server_free(s->http);
    }
}

static int run_configured(server_t *s)
{
    raise_file_limit(s->config.limits.connections);
    if (start(s)) {
        stop(s);
        return EXIT_REFUSED;
    }
    say_ready(s);
    wait_for_the_end(s);
    shutdown_watch_t watch;
    bool watched = shutdown_watch_start(&watch, (unsigned)s->config.drain_s + DRAIN_GRACE_S) ==
                   ERR_OK;
    builder_stop(s->builder);
    if (!http_server_drain(s->http, (unsigned)s->config.drain_s)) {
        /* A loop that does not end cannot be joined, and nothing it uses may be freed. */
        log_line(LOG_LEVEL_ERROR, "app", "a serving thread does not end: leaving it behind");
        log_flush();
        _exit(EXIT_FINE);
    }
    stop(s);
    if (watched) {
        shutdown_watch_stop(&watch);
    }
    log_line(LOG_LEVEL_INFO, "app", "ended");
    return EXIT_FINE;
}

int server_run(const char *config_file)
{
    server_t s = {.config_file = config_file, .config_text = BUF_INIT};
    config_init(&s.config);
    findings_t findings;
    findings_init(&findings, 0);
    int code = EXIT_REFUSED;
    err_t err = config_load(config_file, &s.config, &findings);
    if (err) {
        check_print_findings(&findings);
        (void)fprintf(stderr, "footprintd: the configuration %s was refused: %s\n", config_file,
                      err_text(err));
    } else if (log_start(STDERR_FILENO, (log_format_t)s.config.log_format,
                         (log_level_t)s.config.log_level)) {
        (void)fprintf(stderr, "footprintd: the log does not start\n");
    } else {
        load_log_findings("config", &findings);
        (void)!read_config_text(config_file, &s.config_text); /* config_load could just now */
        code = run_configured(&s);
        log_stop();
    }
    findings_release(&findings);
    buf_release(&s.config_text);
    config_release(&s.config);
    return code;
}
