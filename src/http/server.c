#include "footprintd/http/server.h"

#include "footprintd/log/log.h"
#include "http/admin_server.h"
#include "http/ane_key.h"
#include "http/identity.h"
#include "http/measure.h"
#include "http/metrics_server.h"
#include "http/setup.h"
#include "http/tls.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* After the deadline of a drain, for threads to see that their sockets were cut. */
#define DRAIN_GRACE_S 1
/* Loops per worker thread, and the most of those. */
#define LOOPS_PER_WORKER 4
#define WORKERS_MAX      2
/* Listeners, loops, databases, the history, operators: what else is open at a time. */
#define OTHER_FILES 256

static err_t open_listener(http_server_t *server, const http_listener_t *settings,
                           listener_role_t role, buf_t *why)
{
    listener_t *listener = &server->listeners[server->listener_count];
    err_t err = listener_init(listener, settings, (unsigned)server->listener_count, why);
    if (!err) {
        listener->role = role;
        server->listener_count++;
    }
    return err;
}

static err_t open_listeners(http_server_t *server, const http_options_t *options, buf_t *why)
{
    /* At most one of each other role. */
    server->listeners = calloc(options->listener_count + LISTENER_ROLE_COUNT,
                               sizeof *server->listeners);
    if (!server->listeners) {
        buf_append_str(why, err_text(ERR_NOMEM));
        return ERR_NOMEM;
    }
    err_t err = ERR_OK;
    for (size_t i = 0; i < options->listener_count && !err; i++) {
        err = open_listener(server, &options->listeners[i], LISTENER_PUBLIC, why);
    }
    if (!err && options->admin) {
        err = open_listener(server, &options->admin->listener, LISTENER_ADMIN, why);
    }
    if (!err && options->metrics) {
        err = open_listener(server, &options->metrics->listener, LISTENER_METRICS, why);
    }
    return err;
}

err_t http_server_new(const http_options_t *options, http_server_t **out, buf_t *why)
{
    http_server_t *server = calloc(1, sizeof *server);
    if (!server) {
        buf_append_str(why, err_text(ERR_NOMEM));
        return ERR_NOMEM;
    }
    server->options = *options;
    server->options.listeners = NULL;
    server->options.admin = NULL;
    server->options.metrics = NULL;
    server->options.ucdns = NULL;
    server->options.trusted_proxies = NULL;
    setup_defaults(&server->options);
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&server->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&server->lock, NULL);
    int len = snprintf(server->cache_control, sizeof server->cache_control, "%smax-age=%u",
                       options->ucdns ? "private, " : "", options->max_age_s);
    server->cache_control_len = (size_t)len;
    /* Never into a file in /tmp, which need not be there; the guard limits what is in memory. */
    h2o_socket_buffer_mmap_settings.threshold = SIZE_MAX;
    setup_config(&server->config, &server->options, server->options.max_body_bytes,
                 handler_register);
    err_t err = guard_self_test(why);
    if (!err && (err = ane_secret_init(server))) {
        buf_append_str(why, "there are no random numbers");
    }
    err = err ? err : guard_new(&server->options.guard, &server->guard);
    if (!err && (err = proxies_new(options->trusted_proxies, options->trusted_proxy_count,
                                   &server->proxies))) {
        buf_printf(why, "trusted-proxies: %s", err_text(err));
    }
    err = err ? err : identity_new(options, &server->identity, why);
    if (!err && !(server->names = measure_names_new())) {
        err = ERR_NOMEM;
        buf_append_str(why, err_text(err));
    }
    err = err ? err : open_listeners(server, options, why);
    if (!err && options->admin) {
        http_options_t whole = server->options;
        whole.admin = options->admin;
        err = admin_server_new(&whole, &server->admin, why);
    }
    if (!err && options->metrics) {
        err = metrics_server_new(&server->options, options->metrics, &server->metrics, why);
    }
    if (err) {
        http_server_free(server);
        return err;
    }
    *out = server;
    return ERR_OK;
}

slice_t http_server_uri(const http_server_t *server, size_t i)
{
    return slice_str(server->listeners[i].uri);
}

slice_t server_uri_of(const http_server_t *server, listener_role_t role)
{
    for (size_t i = 0; i < server->listener_count; i++) {
        if (server->listeners[i].role == role) {
            return slice_str(server->listeners[i].uri);
        }
    }
    return SLICE_LIT("");
}

/* Waits until the counter reaches the number of loops that run; false at the deadline. */
static bool wait_for_loops(http_server_t *server, const size_t *counter, size_t wanted,
                           const struct timespec *deadline)
{
    int failed = 0;
    (void)pthread_mutex_lock(&server->lock);
    while (*counter < wanted && !failed) {
        failed = deadline ? pthread_cond_timedwait(&server->changed, &server->lock, deadline)
                          : pthread_cond_wait(&server->changed, &server->lock);
    }
    bool reached = *counter >= wanted;
    (void)pthread_mutex_unlock(&server->lock);
    return reached;
}

static err_t start_loop(http_server_t *server, size_t index, snapshot_t *first)
{
    http_loop_t *loop = &server->loops[index];
    loop->server = server;
    loop->index = (unsigned)index;
    loop->listeners = calloc(server->listener_count + 1, sizeof *loop->listeners);
    if (!loop->listeners) {
        return ERR_NOMEM;
    }
    atomic_store(&loop->new_snapshot, snapshot_ref(first));
    /* Signals are for the program's own threads; a blocked SIGPIPE leaves EPIPE to the library. */
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    loop->thread_runs = pthread_create(&loop->thread, NULL, loop_main, loop) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return loop->thread_runs ? ERR_OK : ERR_IO;
}

/*
 * Room for the files of all connections. In a process with several threads, whoever opens one for
 * which the kernel's table has to grow waits for every processor (10 to 20 ms), and all of a loop's
 * connections with it.
 */
static void reserve_files(size_t connections)
{
    struct rlimit limit;
    size_t last = connections + OTHER_FILES;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && last >= limit.rlim_cur) {
        last = limit.rlim_cur ? limit.rlim_cur - 1 : 0;
    }
    int any = eventfd(0, EFD_CLOEXEC);
    int fd = last <= INT_MAX ? fcntl(any, F_DUPFD_CLOEXEC, (int)last) : -1;
    if (fd >= 0) {
        (void)close(fd);
    }
    if (any >= 0) {
        (void)close(any);
    }
}

err_t http_server_start(http_server_t *server, snapshot_t *first)
{
    reserve_files(server->options.max_connections);
    unsigned threads = server->options.threads;
    unsigned workers = threads / LOOPS_PER_WORKER + 1;
    err_t err = worker_pool_new(workers < WORKERS_MAX ? workers : WORKERS_MAX,
                                server->options.worker_queue, &server->workers);
    if (!err && server->admin) {
        err = admin_server_start(server->admin);
    }
    if (!err && server->metrics) {
        err = metrics_server_start(server->metrics);
    }
    if (err) {
        return err;
    }
    server->loops = calloc(threads, sizeof *server->loops);
    if (!server->loops) {
        return ERR_NOMEM;
    }
    server->loop_count = threads;
    for (size_t i = 0; i < threads && !err; i++) {
        /* All of them first: whoever sums up looks at every loop. */
        server->loops[i].counts = measure_counts_new(server->listener_count);
        err = server->loops[i].counts ? ERR_OK : ERR_NOMEM;
    }
    if (err) {
        return err;
    }
    size_t running = 0;
    for (; running < threads && !err; running++) {
        err = start_loop(server, running, first);
    }
    running -= err ? 1 : 0;
    (void)wait_for_loops(server, &server->ready, running, NULL);
    if (!err && server->failed) {
        err = ERR_IO;
    }
    if (err) {
        (void)http_server_drain(server, 0);
    }
    return err;
}

void http_server_publish(http_server_t *server, snapshot_t *snapshot)
{
    for (size_t i = 0; i < server->loop_count; i++) {
        http_loop_t *loop = &server->loops[i];
        if (loop->thread_runs) {
            /* One that the loop has not seen is passed over. */
            snapshot_t *unseen = atomic_exchange(&loop->new_snapshot, snapshot_ref(snapshot));
            if (unseen) {
                snapshot_unref(unseen);
            }
            loop_wake(loop);
        }
    }
}

static void raise_flag(http_server_t *server, size_t offset)
{
    for (size_t i = 0; i < server->loop_count; i++) {
        http_loop_t *loop = &server->loops[i];
        if (loop->thread_runs) {
            atomic_store((atomic_bool *)((char *)loop + offset), true);
            loop_wake(loop);
        }
    }
}

void http_server_news(http_server_t *server)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    atomic_store_explicit(&server->news_ms,
                          (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000,
                          memory_order_relaxed);
    raise_flag(server, offsetof(http_loop_t, new_versions));
}

void http_server_log_readers(http_server_t *server)
{
    raise_flag(server, offsetof(http_loop_t, log_readers));
}

http_fan_out_t http_server_fan_out(http_server_t *server)
{
    (void)pthread_mutex_lock(&server->lock);
    http_fan_out_t copy = server->fan_out;
    (void)pthread_mutex_unlock(&server->lock);
    return copy;
}

uint64_t http_server_guard_count(const http_server_t *server, guard_kind_t kind)
{
    return guard_count(server->guard, kind);
}

err_t http_server_reload_tls(http_server_t *server, buf_t *why)
{
    SSL_CTX **fresh = calloc(server->listener_count + 1, sizeof(SSL_CTX *));
    err_t err = fresh ? ERR_OK : ERR_NOMEM;
    if (err) {
        buf_append_str(why, err_text(err));
    }
    for (size_t i = 0; i < server->listener_count && !err; i++) {
        const http_listener_t *settings = &server->listeners[i].settings;
        if (settings->tls) {
            err = tls_context_new(settings, (unsigned)i, &fresh[i], why);
        }
    }
    if (!err) {
        (void)pthread_mutex_lock(&server->lock);
        for (size_t i = 0; i < server->listener_count; i++) {
            SSL_CTX *old = server->listeners[i].ssl_ctx;
            server->listeners[i].ssl_ctx = fresh[i];
            fresh[i] = old;
        }
        (void)pthread_mutex_unlock(&server->lock);
        raise_flag(server, offsetof(http_loop_t, new_tls));
    }
    for (size_t i = 0; fresh && i < server->listener_count; i++) {
        SSL_CTX_free(fresh[i]);
    }
    free(fresh);
    return err;
}

err_t http_server_set_ucdns(http_server_t *server, ucdns_t *ucdns)
{
    http_identity_t *identity = server->identity;
    rates_t *rates;
    err_t err = identity_make_rates(identity, ucdns, &rates);
    if (err) {
        return err;
    }
    (void)pthread_mutex_lock(&identity->lock);
    ucdns_t *old = identity->ucdns;
    rates_t *old_rates = identity->rates;
    identity->ucdns = ucdns_ref(ucdns);
    identity->rates = rates;
    (void)pthread_mutex_unlock(&identity->lock);
    rates_unref(old_rates);
    ucdns_unref(old);
    raise_flag(server, offsetof(http_loop_t, new_ucdns));
    return ERR_OK;
}

static void ask_loops(http_server_t *server, loop_stop_t stop)
{
    for (size_t i = 0; i < server->loop_count; i++) {
        if (server->loops[i].thread_runs) {
            atomic_store(&server->loops[i].stop, (int)stop);
            loop_wake(&server->loops[i]);
        }
    }
}

/* Just before they are. */
static void log_cut(http_server_t *server, unsigned drain_s)
{
    size_t clients = atomic_load(&server->connections);
    size_t operators = server->admin ? atomic_load(&server->admin->connections) : 0;
    if (clients + operators) {
        log_line(LOG_LEVEL_WARNING, "http",
                 "after %u seconds %zu connections are not done: they are cut off", drain_s,
                 clients + operators);
    }
}

bool http_server_drain(http_server_t *server, unsigned drain_s)
{
    size_t running = 0;
    for (size_t i = 0; i < server->loop_count; i++) {
        running += server->loops[i].thread_runs;
    }
    for (size_t i = 0; i < server->listener_count; i++) {
        listener_close(&server->listeners[i]);
    }
    if (server->stuck) {
        return false;
    }
    struct timespec deadline;
    (void)clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += drain_s;
    ask_loops(server, LOOP_DRAIN);
    if (!wait_for_loops(server, &server->ended, running, &deadline)) {
        log_cut(server, drain_s);
        worker_pool_cancel(server->workers);
        if (server->admin) {
            worker_pool_cancel(server->admin->workers);
        }
        if (server->metrics) {
            worker_pool_cancel(server->metrics->workers);
        }
        ask_loops(server, LOOP_KILL);
        deadline.tv_sec += DRAIN_GRACE_S;
        if (!wait_for_loops(server, &server->ended, running, &deadline)) {
            log_line(LOG_LEVEL_ERROR, "http", "a serving thread does not end");
            server->stuck = true;
            return false;
        }
    }
    for (size_t i = 0; i < server->loop_count; i++) {
        if (server->loops[i].thread_runs) {
            (void)pthread_join(server->loops[i].thread, NULL);
            server->loops[i].thread_runs = false;
        }
    }
    server->ended = 0;
    return true;
}

void http_server_free(http_server_t *server)
{
    if (!server || !http_server_drain(server, 0)) {
        return; /* threads that run on may use any of it: better lost than freed */
    }
    if (server->metrics) {
        metrics_server_stop(server->metrics); /* its workers read what loops have counted */
    }
    worker_pool_free(server->workers);
    for (size_t i = 0; i < server->loop_count; i++) {
        snapshot_t *unseen = atomic_load(&server->loops[i].new_snapshot);
        if (unseen) {
            snapshot_unref(unseen);
        }
        free(server->loops[i].listeners);
        measure_counts_free(server->loops[i].counts);
    }
    free(server->loops);
    for (size_t i = 0; i < server->listener_count; i++) {
        listener_release(&server->listeners[i]);
    }
    free(server->listeners);
    admin_server_free(server->admin);
    metrics_server_free(server->metrics);
    measure_names_free(server->names);
    identity_free(server->identity);
    proxies_release(&server->proxies);
    guard_free(server->guard);
    h2o_config_dispose(&server->config);
    (void)pthread_cond_destroy(&server->changed);
    (void)pthread_mutex_destroy(&server->lock);
    free(server);
}
