#include "http/wrong.h"

#include "footprintd/log/log.h"

#include <netdb.h>
#include <time.h>

/* An answer that is held back: of the request's pool, and unlinked with it. */
typedef struct held {
    h2o_timeout_entry_t entry;
    wrong_t *wrong;
    h2o_req_t *req;
    uint64_t peer;
} held_t;

void wrong_init(wrong_t *w)
{
    (void)pthread_mutex_init(&w->lock, NULL);
}

void wrong_destroy(wrong_t *w)
{
    (void)pthread_mutex_destroy(&w->lock);
}

static void held_on_dispose(void *chunk)
{
    held_t *held = chunk;
    h2o_timeout_unlink(&held->entry);
    (void)pthread_mutex_lock(&held->wrong->lock);
    wrong_peers_released(&held->wrong->peers, held->peer);
    (void)pthread_mutex_unlock(&held->wrong->lock);
}

static void held_on_timeout(h2o_timeout_entry_t *entry)
{
    held_t *held = H2O_STRUCT_FROM_MEMBER(held_t, entry, entry);
    held->wrong->challenge(held->req);
}

static void hold(wrong_t *w, h2o_req_t *req, uint64_t peer)
{
    http_loop_t *loop = loop_of_request(req);
    held_t *held = h2o_mem_alloc_shared(&req->pool, sizeof *held, held_on_dispose);
    *held = (held_t){.entry = {.cb = held_on_timeout}, .wrong = w, .req = req, .peer = peer};
    h2o_timeout_link(loop->ctx.loop, &loop->ctx.one_sec_timeout, &held->entry);
}

void wrong_refuse(wrong_t *w, h2o_req_t *req)
{
    char buffer[NI_MAXHOST];
    uint64_t hash = hash_slice(peer_key_of_request(req, buffer));
    slice_t peer = peer_of_request(req, buffer);
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    (void)pthread_mutex_lock(&w->lock);
    uint64_t count = ++w->count;
    bool tell = w->told != now.tv_sec;
    w->told = now.tv_sec;
    wrong_verdict_t verdict = wrong_peers_add(&w->peers, hash, (uint64_t)now.tv_sec);
    (void)pthread_mutex_unlock(&w->lock);
    if (tell) {
        log_line(LOG_LEVEL_WARNING, w->area, "%s from %.*s; %llu so far", w->what, SLICE_ARG(peer),
                 (unsigned long long)count);
    }
    switch (verdict) {
    case WRONG_ANSWER:
        w->challenge(req);
        return;
    case WRONG_HOLD:
        hold(w, req, hash);
        return;
    case WRONG_REFUSE:
        w->refuse(req);
        return;
    }
}

uint64_t wrong_count(wrong_t *w)
{
    (void)pthread_mutex_lock(&w->lock);
    uint64_t count = w->count;
    (void)pthread_mutex_unlock(&w->lock);
    return count;
}
