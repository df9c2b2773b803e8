#include "guard/internal.h"

#include <h2o/http1.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * The guard depends on how a library was linked that it has not been built with, so it is tried out
 * before anything is served: one connection of each protocol, over socket pairs, must make the
 * library call every function that ours takes the place of, and the library must have its own.
 */

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GUARD_WITH_ASAN
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define GUARD_WITH_ASAN
#endif
#if defined(GUARD_WITH_ASAN)
/* The library never frees the free lists that it keeps for each thread. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:h2o_mem_alloc_recycle\nleak:h2o_multithread_create_queue\n";
}
#endif

/* Turns of the loop; a handful is enough. */
#define TURNS_MAX 100
#define TURN_MS   10

typedef struct trial {
    guard_t *guard;
    unsigned called;
    bool answered[2]; /* HTTP/1.1, HTTP/2 */
    const char *why;
} trial_t;

typedef struct trial_conn {
    guard_conn_t guard;
    int client;
    bool gone;
} trial_conn_t;

static const char http1_text[] = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                                 "Connection: close\r\n\r\n1\r\na\r\n0\r\n\r\n";

/* A POST whose body has not come, then an error of its stream, then a GET; see frames.c. */
static const char http2_text[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                                 "\0\0\0\4\0\0\0\0\0"
                                 "\0\0\3\1\4\0\0\0\1\x83\x84\x86"
                                 "\0\0\4\10\0\0\0\0\1\0\0\0\0"
                                 "\0\0\3\1\5\0\0\0\3\x82\x84\x86"
                                 "\0\0\1\100\0\0\0\0\0a"; /* of a type that nobody knows */

static void on_gone(guard_conn_t *conn)
{
    ((trial_conn_t *)(void *)conn)->gone = true;
}

static bool begin(trial_t *trial, trial_conn_t *conn, h2o_accept_ctx_t *accept, bool http2)
{
    int pair[2];
    slice_t text = http2 ? slice_of(http2_text, sizeof http2_text - 1)
                         : slice_of(http1_text, sizeof http1_text - 1);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) {
        conn->gone = true;
        return false;
    }
    conn->client = pair[0];
    h2o_socket_t *sock = h2o_evloop_socket_create(accept->ctx->loop, pair[1], 0);
    if (!guard_open(trial->guard, &conn->guard, sock, false, 1000, on_gone) ||
        send(pair[0], text.ptr, text.len, MSG_NOSIGNAL) != (ssize_t)text.len) {
        h2o_socket_close(sock);
        return false;
    }
    struct timeval now = *h2o_get_timestamp(accept->ctx, NULL, NULL);
    if (http2) {
        h2o_http2_accept(accept, sock, now);
    } else {
        h2o_http1_accept(accept, sock, now);
    }
    return true;
}

static bool has_answer(trial_conn_t *conn)
{
    char byte;
    return recv(conn->client, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

static void run(trial_t *trial, h2o_context_t *ctx, h2o_globalconf_t *config)
{
    h2o_accept_ctx_t accept = {.ctx = ctx, .hosts = config->hosts};
    trial_conn_t conns[2] = {{.client = -1}, {.client = -1}};
    const unsigned all = (1U << HOOK_COUNT) - 1;
    bool begun = begin(trial, &conns[0], &accept, false) && begin(trial, &conns[1], &accept, true);
    for (int i = 0; begun && i < TURNS_MAX; i++) {
        (void)h2o_evloop_run(ctx->loop, TURN_MS);
        trial->called |= guard_called;
        for (int c = 0; c < 2; c++) {
            trial->answered[c] |= has_answer(&conns[c]);
        }
        if (trial->called == all && trial->answered[0] && trial->answered[1]) {
            break;
        }
    }
    if (!begun) {
        trial->why = "no socket pair";
    }
    for (int c = 0; c < 2; c++) {
        if (conns[c].client >= 0) {
            (void)close(conns[c].client);
        }
    }
    for (int i = 0; i < TURNS_MAX && !(conns[0].gone && conns[1].gone); i++) {
        (void)h2o_evloop_run(ctx->loop, TURN_MS);
    }
    if (!(conns[0].gone && conns[1].gone)) {
        trial->why = "a connection does not end";
    }
    (void)h2o_evloop_run(ctx->loop, 0); /* frees what was closed */
}

static void *trial_main(void *arg)
{
    trial_t *trial = arg;
    h2o_globalconf_t config;
    h2o_context_t ctx;
    h2o_config_init(&config);
    (void)h2o_config_register_host(&config, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    config.http1.upgrade_to_http2 = 0;
    h2o_loop_t *loop = h2o_evloop_create();
    h2o_context_init(&ctx, loop, &config);
    run(trial, &ctx, &config);
    h2o_context_dispose(&ctx);
    h2o_evloop_destroy(loop);
    h2o_config_dispose(&config);
    return NULL;
}

#define HOOK_NAME(id, function) #function,
static const char *const names[] = {GUARD_HOOKS(HOOK_NAME)};
#undef HOOK_NAME

/* Ours; that they are named here also makes sure that they are in the program. */
#define HOOK_OURS(id, function) (void (*)(void))(function),
static void (*const ours[])(void) = {GUARD_HOOKS(HOOK_OURS)};
#undef HOOK_OURS

/* Whether there is a function for ours to call; it must not be ours again. */
static bool has_real(unsigned hook)
{
    void (*real)(void) = guard_real((guard_hook_t)hook);
    return real && real != ours[hook];
}

static err_t judge(const trial_t *trial, buf_t *why)
{
    static const char *const cannot = "this build and the installed libh2o do not go together";
    if (trial->why) {
        buf_printf(why, "the guard around libh2o cannot be tried out: %s", trial->why);
        return ERR_IO;
    }
    for (unsigned i = 0; i < HOOK_COUNT; i++) {
        if (!has_real(i) || !(trial->called & 1U << i)) {
            buf_printf(why, "the guard around libh2o is not in force: %s is not guarded; %s",
                       names[i], cannot);
            return ERR_DATA;
        }
    }
    if (!trial->answered[0] || !trial->answered[1]) {
        buf_printf(why, "the guard around libh2o lets no request through; %s", cannot);
        return ERR_DATA;
    }
    return ERR_OK;
}

err_t guard_self_test(buf_t *why)
{
    trial_t trial = {0};
    guard_options_t options;
    guard_options_init(&options);
    for (unsigned i = 0; i < HOOK_COUNT; i++) {
        if (!has_real(i)) {
            return judge(&trial, why); /* calling it would end the process */
        }
    }
    err_t err = guard_new(&options, &trial.guard);
    pthread_t thread;
    if (!err && pthread_create(&thread, NULL, trial_main, &trial) != 0) {
        err = ERR_IO;
    } else if (!err) {
        (void)pthread_join(thread, NULL);
        err = judge(&trial, why);
    }
    guard_free(trial.guard);
    if (err && !why->len) {
        buf_printf(why, "the guard around libh2o cannot be tried out: %s", err_text(err));
    }
    return err;
}
