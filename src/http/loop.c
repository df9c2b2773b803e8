#include "http/internal.h"

#include "footprintd/log/log.h"
#include "http/admin_server.h"
#include "http/events.h"
#include "http/job.h"
#include "http/measure.h"
#include "http/metrics_server.h"
#include "http/tips.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- snapshots ---- */

struct snapshot_release {
    worker_job_t super;
    snapshot_t *snapshot;
};

static void run_release(worker_job_t *job, bool cancelled)
{
    (void)cancelled;
    struct snapshot_release *release = H2O_STRUCT_FROM_MEMBER(struct snapshot_release, super, job);
    snapshot_unref(release->snapshot);
    free(release);
}

static void pin_on_dispose(void *chunk)
{
    snapshot_pin_t *pin = chunk;
    worker_pool_submit_always(pin->workers, &pin->release->super);
}

/* Takes the reference. */
static void loop_show(http_loop_t *loop, snapshot_t *snapshot)
{
    snapshot_pin_t *old = loop->pin;
    snapshot_pin_t *pin = h2o_mem_alloc_shared(NULL, sizeof *pin, pin_on_dispose);
    pin->snapshot = snapshot;
    pin->workers = loop->server->workers;
    pin->release = h2o_mem_alloc(sizeof *pin->release);
    pin->release->super.run = run_release;
    pin->release->snapshot = snapshot;
    loop->pin = pin;
    loop->view = snapshot_view_public(snapshot);
    if (old) {
        (void)h2o_mem_release_shared(old);
    }
}

void loop_take_snapshot(http_loop_t *loop)
{
    if (atomic_load_explicit(&loop->new_snapshot, memory_order_relaxed)) {
        loop_show(loop, atomic_exchange(&loop->new_snapshot, NULL));
    }
}

/* ---- mailbox ---- */

bool loop_rouse(http_loop_t *loop)
{
    (void)pthread_mutex_lock(&loop->server->lock);
    bool wakeable = loop->wakeable;
    if (wakeable) {
        /* Without a message this only makes the poll return. */
        h2o_multithread_send_message(&loop->jobs_back, NULL);
    }
    (void)pthread_mutex_unlock(&loop->server->lock);
    return wakeable;
}

void loop_wake(http_loop_t *loop)
{
    atomic_store_explicit(&loop->mail, true, memory_order_release);
    (void)loop_rouse(loop);
}

/*
 * Runs inside the event loop: what the library is asked to send outside of it would wait for the
 * next event of whatever else.
 */
static void loop_read_mail(h2o_timeout_entry_t *entry)
{
    http_loop_t *loop = H2O_STRUCT_FROM_MEMBER(http_loop_t, read_mail, entry);
    /* Cleared first: what arrives from here on raises it again. */
    if (!atomic_exchange_explicit(&loop->mail, false, memory_order_acquire)) {
        return;
    }
    loop_take_snapshot(loop);
    if (atomic_exchange(&loop->new_versions, false)) {
        events_on_news(loop);
        tips_on_news(loop);
    }
    events_on_rest_of_news(loop);
    if (atomic_exchange(&loop->log_readers, false)) {
        events_log(loop);
        tips_log(loop);
    }
    identity_take(loop);
    int stop = atomic_load(&loop->stop);
    if (stop >= LOOP_DRAIN) {
        sweep_drain(loop);
    }
    if (stop >= LOOP_KILL) {
        sweep_cut_all(loop);
    }
}

/* ---- life ---- */

/*
 * The library keeps the buffer of a request's body as long as the request, and an event stream is a
 * POST that lasts for days with a body of some hundred bytes; 8 KiB to begin with would be most of
 * what a stream costs. Buffers grow by doubling. Of this thread only, before it has any.
 */
#define BUFFER_BYTES 256

static void set_buffers(void)
{
    h2o_socket_buffer_prototype._initial_buf.capacity = BUFFER_BYTES;
}

static void loop_report(http_loop_t *loop, size_t *counter)
{
    http_server_t *server = loop->server;
    (void)pthread_mutex_lock(&server->lock);
    ++*counter;
    (void)pthread_cond_broadcast(&server->changed);
    (void)pthread_mutex_unlock(&server->lock);
}

/* From now on, or no longer, other threads may write to the loop's queue. */
static void loop_set_wakeable(http_loop_t *loop, bool wakeable)
{
    (void)pthread_mutex_lock(&loop->server->lock);
    loop->wakeable = wakeable;
    (void)pthread_mutex_unlock(&loop->server->lock);
}

static bool loop_is_over(const http_loop_t *loop)
{
    return loop->drain_began && loop->conn_count == 0 && loop->jobs_out == 0;
}

static void loop_release(http_loop_t *loop)
{
    h2o_loop_t *events = loop->ctx.loop;
    loop_set_wakeable(loop, false);
    h2o_timeout_unlink(&loop->read_mail);
    sweep_end(loop);
    events_release(loop);
    conn_release_listeners(loop);
    if (loop->server->admin) {
        h2o_timeout_unlink(&loop->admin_ctx.http2._graceful_shutdown_timeout);
        h2o_context_dispose(&loop->admin_ctx);
        h2o_timeout_dispose(events, &loop->soon);
    }
    if (loop->server->metrics) {
        h2o_timeout_unlink(&loop->metrics_ctx.http2._graceful_shutdown_timeout);
        h2o_context_dispose(&loop->metrics_ctx);
    }
    h2o_timeout_unlink(&loop->ctx.http2._graceful_shutdown_timeout);
    h2o_multithread_unregister_receiver(loop->ctx.queue, &loop->jobs_back);
    (void)h2o_mem_release_shared(loop->pin);
    identity_release(loop);
    h2o_context_dispose(&loop->ctx);
    h2o_evloop_destroy(events);
}

void *loop_main(void *arg)
{
    http_loop_t *loop = arg;
    char name[16];
    (void)snprintf(name, sizeof name, "http-%u", loop->index);
    (void)pthread_setname_np(pthread_self(), name);
    /* All on this thread: the library keeps free lists by thread. */
    set_buffers();
    h2o_linklist_init_anchor(&loop->conns);
    h2o_context_init(&loop->ctx, h2o_evloop_create(), &loop->server->config);
    if (loop->server->admin) {
        h2o_context_init(&loop->admin_ctx, loop->ctx.loop, &loop->server->admin->config);
        h2o_timeout_init(loop->ctx.loop, &loop->soon, 1);
    }
    if (loop->server->metrics) {
        h2o_context_init(&loop->metrics_ctx, loop->ctx.loop, &loop->server->metrics->config);
    }
    measure_begin(loop);
    h2o_multithread_register_receiver(loop->ctx.queue, &loop->jobs_back, http_job_on_back);
    loop->read_mail.cb = loop_read_mail;
    loop_set_wakeable(loop, true);
    loop_show(loop, atomic_exchange(&loop->new_snapshot, NULL));
    identity_take(loop);
    events_init(loop);
    tips_init(loop);
    sweep_begin(loop);
    if (conn_listen(loop) != ERR_OK) {
        log_line(LOG_LEVEL_ERROR, "http", "loop %u cannot listen: %s", loop->index,
                 strerror(errno));
        atomic_store(&loop->stop, LOOP_DRAIN);
        atomic_store(&loop->mail, true);
        (void)pthread_mutex_lock(&loop->server->lock);
        loop->server->failed = true;
        (void)pthread_mutex_unlock(&loop->server->lock);
    }
    loop_report(loop, &loop->server->ready);
    while (!loop_is_over(loop)) {
        if (atomic_load_explicit(&loop->mail, memory_order_acquire) &&
            !h2o_timeout_is_linked(&loop->read_mail)) {
            h2o_timeout_link(loop->ctx.loop, &loop->ctx.zero_timeout, &loop->read_mail);
        }
        (void)h2o_evloop_run(loop->ctx.loop, INT32_MAX);
        pulse_answer(loop);
        measure_turn(loop);
    }
    loop_release(loop);
    loop_report(loop, &loop->server->ended);
    return NULL;
}
