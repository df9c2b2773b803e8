#include "server.h"

#include "admin.h"
#include "builder.h"
#include "check.h"
#include "footprintd/store/file.h"
#include "listeners.h"
#include "load.h"
#include "metrics.h"
#include "notify.h"
#include "privileges.h"
#include "readers.h"
#include "sandbox.h"
#include "shutdown.h"
#include "sockets.h"
#include "watch.h"
#include "watchdog.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What a drain may take beyond drain-s before the process ends all the same. */
#define DRAIN_GRACE_S 5

typedef struct server {
    const char *config_file;
    buf_t config_text; /* as it was at the start */
    config_t config;
    sockets_t sockets; /* until the HTTP server has its own */
    hubs_t *hubs;
    journal_t *journal;
    admin_t *admin; /* NULL without an admin interface */
    metrics_t metrics;
    http_server_t *http;
    ucdns_t *ucdns; /* as they were at the start; NULL: none */
    builder_t *builder;
    compressor_t *compressor;
    updater_t *updater;
    watch_t *watch;
    notify_t notify;
    watchdog_t *watchdog;
} server_t;

static void on_news(void *arg)
{
    http_server_news(((server_t *)arg)->http);
}

/* On the builder's thread. */
static void on_reloaded(void *arg)
{
    notify_ready(&((server_t *)arg)->notify);
}

static alto_limits_t alto_limits_of(const config_limits_t *l)
{
    return (alto_limits_t){.filter_entries = (size_t)l->filter_entries,
                           .cost_values = (size_t)l->cost_values};
}

static err_t open_hubs(server_t *s)
{
    const config_t *c = &s->config;
    const config_limits_t *l = &c->limits;
    hub_options_t options = {.base_uri = c->base_uri,
                             .log_bytes = (size_t)c->updates_log_bytes,
                             .resume_from_tag = c->updates_resume_from_tag,
                             .view_idle_s = (unsigned)c->tips_view_idle_s,
                             .streams = (size_t)l->update_streams,
                             .substreams = (size_t)l->update_substreams,
                             .substream_ids = (size_t)l->update_substream_ids,
                             .inputs = (size_t)l->update_inputs,
                             .client_inputs = (size_t)l->update_client_inputs,
                             .input_bytes = (size_t)l->update_input_bytes,
                             .views = (size_t)l->tips_views,
                             .opens_per_s = (size_t)l->update_opens_per_s,
                             .full_bytes_per_s = (size_t)l->update_full_bytes_per_s,
                             .alto = alto_limits_of(l)};
    return hubs_new(&options, &s->hubs);
}

static err_t open_admin(server_t *s, arena_t *arena, http_admin_options_t *options)
{
    const config_t *c = &s->config;
    *options = (http_admin_options_t){.tokens_file = c->admin_tokens,
                                      .max_body_bytes = (size_t)c->limits.admin_body_bytes,
                                      .answer = admin_answer};
    err_t err = listeners_convert(&c->admin_listener, arena, &options->listener);
    options->listener.fd = err ? 0 : sockets_find(&s->sockets, c->admin_listener.address);
    err = err ? err : admin_new(c, s->hubs, &s->admin);
    options->arg = s->admin;
    return err;
}

static err_t open_metrics(server_t *s, arena_t *arena, http_metrics_options_t *options)
{
    *options = (http_metrics_options_t){
        .scrape = metrics_scrape, .healthy = metrics_healthy, .arg = &s->metrics};
    err_t err = listeners_convert(&s->config.metrics_listener, arena, &options->listener);
    options->listener.fd = err ? 0 : sockets_find(&s->sockets, s->config.metrics_listener.address);
    return err;
}

/* NULL when there are none. On failure, the log says why. */
static err_t load_ucdns(const server_t *s, ucdns_t **out)
{
    *out = NULL;
    if (!s->config.ucdns.len) {
        return ERR_OK;
    }
    findings_t findings;
    findings_init(&findings, 0);
    err_t err = ucdns_load(s->config.ucdns.ptr, out, &findings);
    if (!err) {
        config_check_ucdns(&s->config, *out, s->config.ucdns, &findings);
    }
    load_log_findings("config", &findings);
    if (err) {
        log_line(LOG_LEVEL_ERROR, "config", "the profiles %.*s were refused: %s",
                 SLICE_ARG(s->config.ucdns), err_text(err));
    }
    findings_release(&findings);
    return err;
}

static err_t open_http(server_t *s)
{
    static const proxy_header_t proxy_headers[] = {
        [CONFIG_PROXY_HEADER_NONE] = PROXY_HEADER_NONE,
        [CONFIG_PROXY_HEADER_FORWARDED] = PROXY_HEADER_FORWARDED,
        [CONFIG_PROXY_HEADER_X_FORWARDED_FOR] = PROXY_HEADER_X_FORWARDED_FOR};
    const config_t *c = &s->config;
    http_admin_options_t admin;
    http_metrics_options_t metrics;
    ucdns_t *ucdns = NULL;
    arena_t arena;
    arena_init(&arena, 0);
    err_t err = c->admin ? open_admin(s, &arena, &admin) : ERR_OK;
    err = !err && c->metrics ? open_metrics(s, &arena, &metrics) : err;
    http_listener_t *listeners = arena_array(&arena, c->listener_count, sizeof *listeners);
    err = !err && !listeners ? ERR_NOMEM : err;
    for (size_t i = 0; i < c->listener_count && !err; i++) {
        err = listeners_convert(&c->listeners[i], &arena, &listeners[i]);
        listeners[i].fd = err ? 0 : sockets_find(&s->sockets, c->listeners[i].address);
    }
    err = err ? err : load_ucdns(s, &ucdns);
    if (err) {
        arena_release(&arena);
        return err;
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
                              .answer_bytes = (size_t)c->limits.answer_bytes,
                              .answers_bytes = (size_t)c->limits.answers_bytes,
                              .alto = alto_limits_of(&c->limits),
                              .base_uri = c->base_uri,
                              .heartbeat_s = (unsigned)c->updates_heartbeat_s,
                              .stall_s = (unsigned)c->updates_stall_s,
                              .streams_per_connection = (unsigned)c->updates_streams_per_connection,
                              .poll_s = (unsigned)c->tips_poll_s,
                              .guard = listeners_guard(&c->limits),
                              .admin = c->admin ? &admin : NULL,
                              .metrics = c->metrics ? &metrics : NULL,
                              .ucdns = ucdns,
                              .ucdn_rates = {.requests = c->limits.ucdn_requests_per_s,
                                             .entities = c->limits.ucdn_entities_per_s,
                                             .bytes = c->limits.ucdn_bytes_per_s},
                              .trusted_proxies = c->trusted_proxies,
                              .trusted_proxy_count = c->trusted_proxy_count,
                              .proxy_header = proxy_headers[c->proxy_header],
                              .digest_realm = c->digest_realm,
                              .digest_md5 = c->digest_md5,
                              .digest_nonce_s = (unsigned)c->digest_nonce_s};
    buf_t why = BUF_INIT;
    err = http_server_new(&options, &s->http, &why);
    if (err) {
        log_line(LOG_LEVEL_ERROR, "http", "%.*s",
                 SLICE_ARG(why.len ? buf_slice(&why) : slice_str(err_text(err))));
    }
    sockets_close(&s->sockets);
    buf_release(&why);
    arena_release(&arena);
    s->ucdns = ucdns; /* the HTTP server has its own reference */
    return err;
}

/* Without it the server serves all the same. */
static void say_not_watched(err_t err)
{
    if (err) {
        log_line(LOG_LEVEL_WARNING, "watch",
                 "the documents are not watched, the system refuses it; SIGHUP reads them again");
    }
}

static err_t start(server_t *s)
{
    err_t err = open_hubs(s);
    err = err ? err : journal_open(&s->config, &s->journal);
    if (!err && s->config.watch_enabled) {
        say_not_watched(
            watch_new(s->config.footprints, (unsigned)s->config.watch_debounce_ms, &s->watch));
    }
    err = err ? err : open_http(s);
    if (err) {
        return err;
    }
    err = builder_new(&s->config, s->hubs, s->journal, &s->builder);
    if (!err && s->ucdns) {
        builder_set_ucdns(s->builder, s->ucdns);
    }
    if (err || (err = builder_build_first(s->builder)) || (err = compressor_new(&s->compressor)) ||
        (err = updater_new(s->hubs, &s->updater))) {
        return err;
    }
    if (s->admin) {
        admin_attach(s->admin, s->builder, s->http, s->journal);
    }
    s->metrics.health = (health_t){
        .config = &s->config, .builder = s->builder, .http = s->http, .journal = s->journal};
    s->metrics.hubs = s->hubs;
    hubs_on_news(s->hubs, on_news, s);
    err = http_server_start(s->http, builder_current(s->builder));
    if (err) {
        log_line(LOG_LEVEL_ERROR, "http", "the server does not start: %s", err_text(err));
        return err;
    }
    builder_on_done(s->builder, on_reloaded, s);
    err = builder_start(s->builder, s->http, s->compressor, s->updater);
    if (!err && s->watch) {
        say_not_watched(watch_start(s->watch, s->builder));
    }
    watchdog_options_t watchdog = {.http = s->http,
                                   .builder = s->builder,
                                   .notify = &s->notify,
                                   .stall_s = s->config.watchdog_stall_s,
                                   .abort_s = s->config.watchdog_abort_s,
                                   .build_s = s->config.watchdog_build_s};
    return err ? err : watchdog_new(&watchdog, &s->watchdog);
}

static void say_ready(const server_t *s)
{
    buf_t line = BUF_INIT;
    builder_state_t state;
    builder_read_state(s->builder, &state, NULL);
    buf_printf(&line, "footprintd: ready generation=%llu", (unsigned long long)state.number);
    for (size_t i = 0; i < s->config.listener_count; i++) {
        buf_printf(&line, " listen=%.*s", SLICE_ARG(http_server_uri(s->http, i)));
    }
    if (s->admin) {
        buf_printf(&line, " admin=%.*s", SLICE_ARG(http_server_admin_uri(s->http)));
    }
    if (s->config.metrics) {
        buf_printf(&line, " metrics=%.*s", SLICE_ARG(http_server_metrics_uri(s->http)));
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

/* SIGHUP: documents, databases, certificates, tokens and profiles; the rest of the configuration is
 * for the next start. */
static void reload(server_t *s)
{
    log_line(LOG_LEVEL_INFO, "app", "SIGHUP: reading documents, databases and certificates again");
    notify_reloading(&s->notify);
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
    buf_clear(&why);
    if (http_server_reload_tokens(s->http, &why)) {
        log_line(LOG_LEVEL_ERROR, "admin", "%.*s; the old tokens stay in use",
                 SLICE_ARG(buf_slice(&why)));
    }
    buf_release(&why);
    ucdns_t *ucdns = NULL;
    if (load_ucdns(s, &ucdns)) {
        log_line(LOG_LEVEL_ERROR, "config", "the old profiles stay in use");
    } else if (ucdns) {
        if (http_server_set_ucdns(s->http, ucdns)) {
            log_line(LOG_LEVEL_ERROR, "config", "no memory: the old profiles stay in use");
        } else {
            builder_set_ucdns(s->builder, ucdns);
            log_line(LOG_LEVEL_INFO, "config", "profiles of uCDNs: %zu", ucdns_count(ucdns));
        }
    }
    ucdns_unref(ucdns);
    builder_request(s->builder);
}

static void wait_for_the_end(server_t *s)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGUSR2);
    for (;;) {
        int signal = 0;
        if (sigwait(&set, &signal) != 0) {
            continue;
        }
        if (signal == SIGHUP) {
            reload(s);
            continue;
        }
        if (signal == SIGUSR2) {
            readers_log(s->hubs, s->http);
            continue;
        }
        log_line(LOG_LEVEL_INFO, "app", "%s: draining, at most %llu seconds",
                 signal == SIGTERM ? "SIGTERM" : "SIGINT", (unsigned long long)s->config.drain_s);
        return;
    }
}

static void stop(server_t *s)
{
    watchdog_free(s->watchdog);
    watch_free(s->watch);
    if (s->builder) {
        builder_stop(s->builder);
    }
    if (s->http && !http_server_drain(s->http, 0)) {
        /* A thread that does not end may use any of it. */
        log_flush();
        _exit(EXIT_REFUSED);
    }
    builder_free(s->builder);
    compressor_free(s->compressor);
    updater_free(s->updater);
    if (s->http) {
        http_server_free(s->http);
    }
    admin_free(s->admin);
    hubs_free(s->hubs);
    ucdns_unref(s->ucdns);
    journal_close(s->journal);
}

/* Without it the server serves all the same: there are kernels and containers that have none. */
static void filter_calls(const server_t *s)
{
    buf_t why = BUF_INIT;
    if (sandbox_calls((config_seccomp_t)s->config.seccomp, &why)) {
        log_line(LOG_LEVEL_WARNING, "app", "%.*s", SLICE_ARG(buf_slice(&why)));
    }
    buf_release(&why);
}

static int run_configured(server_t *s)
{
    sockets_allow(s->config.limits.connections);
    if (start(s)) {
        stop(s);
        return EXIT_REFUSED;
    }
    filter_calls(s);
    say_ready(s);
    notify_ready(&s->notify);
    log_limit(s->config.log_lines_per_s); /* not what a start has to say */
    wait_for_the_end(s);
    shutdown_watch_t watch;
    unsigned most_s = (unsigned)s->config.drain_s + DRAIN_GRACE_S;
    notify_stopping(&s->notify, most_s + DRAIN_GRACE_S);
    bool watched = shutdown_watch_start(&watch, most_s) == ERR_OK;
    watchdog_free(s->watchdog);
    s->watchdog = NULL;
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

/*
 * What comes before anything is read, and before there is another thread: ports are opened with the
 * rights that the process was started with, and the rest is done without them.
 */
static err_t prepare(server_t *s, bool refuse_root)
{
    privileges_t user;
    buf_t why = BUF_INIT;
    privileges_deny(s->config.core_dumps);
    err_t err = privileges_choose(&s->config, refuse_root, &user, &why);
    if (!err && why.len) {
        log_line(LOG_LEVEL_WARNING, "app", "%.*s", SLICE_ARG(buf_slice(&why)));
        buf_clear(&why);
    }
    err = err ? err : sockets_open(&s->config, &s->sockets, &why);
    err = err ? err : privileges_drop(&user, s->config.core_dumps, &why);
    err = err ? err : privileges_check_files(&s->config, &user, &why);
    if (!err && s->config.landlock) {
        err = sandbox_files(&s->config, s->config_file, &why);
    }
    if (!err && why.len) {
        log_line(LOG_LEVEL_WARNING, "app", "%.*s", SLICE_ARG(buf_slice(&why)));
    }
    if (err) {
        log_line(LOG_LEVEL_ERROR, "app", "%.*s", SLICE_ARG(buf_slice(&why)));
    }
    if (!err && user.drop) {
        log_line(LOG_LEVEL_INFO, "app", "running as the user %s from now on", user.name);
    }
    buf_release(&why);
    privileges_release(&user);
    return err;
}

int server_run(const options_t *options)
{
    server_t s = {.config_file = options->config,
                  .config_text = BUF_INIT,
                  .notify = NOTIFY_INIT,
                  .metrics = {.started = time(NULL)}};
    notify_open(&s.notify);
    config_init(&s.config);
    findings_t findings;
    findings_init(&findings, 0);
    int code = EXIT_REFUSED;
    err_t err = config_load(s.config_file, &s.config, &findings);
    load_log_levels(&s.config);
    if (err) {
        check_print_findings(&findings);
        (void)fprintf(stderr, "footprintd: the configuration %s was refused: %s\n", s.config_file,
                      err_text(err));
    } else if (prepare(&s, options->refuse_root)) {
        /* The log has said why. */
    } else if (log_start(STDERR_FILENO, (log_format_t)s.config.log_format,
                         (log_level_t)s.config.log_level)) {
        (void)fprintf(stderr, "footprintd: the log does not start\n");
    } else {
        load_log_levels(&s.config);
        load_log_findings("config", &findings);
        (void)!read_config_text(s.config_file, &s.config_text); /* config_load could just now */
        code = run_configured(&s);
        log_stop();
    }
    sockets_close(&s.sockets);
    notify_close(&s.notify);
    findings_release(&findings);
    buf_release(&s.config_text);
    config_release(&s.config);
    return code;
}
