#include "hub.h"

#include "footprintd/base/time.h"

#include <stdlib.h>

#define LOG_BYTES        ((size_t)64 << 20)
#define VIEW_IDLE_S      600
#define BOOKMARK_S       30
#define STREAMS          65536
#define SUBSTREAMS       64
#define SUBSTREAM_IDS    1024
#define INPUTS           1024
#define CLIENT_INPUTS    64
#define INPUT_BYTES      ((size_t)256 << 20)
#define VIEWS            4096
#define OPENS_PER_S      2000
#define FULL_BYTES_PER_S ((size_t)256 << 20)

void hub_set_defaults(hub_options_t *o)
{
    o->log_bytes = o->log_bytes ? o->log_bytes : LOG_BYTES;
    o->view_idle_s = o->view_idle_s ? o->view_idle_s : VIEW_IDLE_S;
    o->bookmark_s = o->bookmark_s ? o->bookmark_s : BOOKMARK_S;
    o->streams = o->streams ? o->streams : STREAMS;
    o->substreams = o->substreams ? o->substreams : SUBSTREAMS;
    o->substream_ids = o->substream_ids ? o->substream_ids : SUBSTREAM_IDS;
    o->inputs = o->inputs ? o->inputs : INPUTS;
    o->client_inputs = o->client_inputs ? o->client_inputs : CLIENT_INPUTS;
    o->input_bytes = o->input_bytes ? o->input_bytes : INPUT_BYTES;
    o->views = o->views ? o->views : VIEWS;
    o->opens_per_s = o->opens_per_s ? o->opens_per_s : OPENS_PER_S;
    o->full_bytes_per_s = o->full_bytes_per_s ? o->full_bytes_per_s : FULL_BYTES_PER_S;
}

uint64_t hub_now_ms(const hub_t *hub)
{
    return hub->options.now_ms ? hub->options.now_ms() : monotonic_ms();
}

err_t hub_new_of(const hub_options_t *options, hub_totals_t *totals, hub_t **out)
{
    hub_t *hub = calloc(1, sizeof *hub);
    nodes_t *nodes = calloc(1, sizeof *nodes);
    if (!hub || !nodes) {
        free(hub);
        free(nodes);
        return ERR_NOMEM;
    }
    hub->options = *options;
    hub_set_defaults(&hub->options);
    hub->now_ms = hub_now_ms(hub);
    err_t err = secret_make(hub->view_key, sizeof hub->view_key);
    if (!err && !totals) {
        err = totals_new(&hub->options, hub->now_ms, &hub->own_totals);
    }
    if (err) {
        free(hub);
        free(nodes);
        return err;
    }
    hub->totals = totals ? totals : hub->own_totals;
    nodes_init(nodes, NULL, NULL);
    hub->nodes = nodes;
    pthread_mutex_init(&hub->making, NULL);
    pthread_mutex_init(&hub->lock, NULL);
    *out = hub;
    return ERR_OK;
}

err_t hub_new(const hub_options_t *options, hub_t **out)
{
    return hub_new_of(options, NULL, out);
}

void hub_count(hub_t *hub, total_t what, ptrdiff_t more)
{
    hub->used[what] += (size_t)more;
    (void)atomic_fetch_add_explicit(&hub->totals->used[what], (size_t)more, memory_order_relaxed);
}

void hub_free_nodes(nodes_t *nodes)
{
    if (nodes) {
        nodes_release(nodes);
        free(nodes);
    }
}

void hub_free_offers(offer_t *offers, size_t count)
{
    for (size_t i = 0; offers && i < count; i++) {
        free(offers[i].id);
    }
    free(offers);
}

void hub_free(hub_t *hub)
{
    if (!hub) {
        return;
    }
    hub_close_views(hub);
    while (hub->list) {
        feed_t *f = hub->list;
        hub->list = f->next;
        feed_free(f);
    }
    table_release(&hub->feeds);
    table_release(&hub->streams);
    table_release(&hub->views);
    hub_free_offers(hub->offers, hub->offer_count);
    hub_free_nodes(hub->nodes);
    if (hub->snapshot) {
        snapshot_unref(hub->snapshot);
    }
    pthread_mutex_destroy(&hub->making);
    pthread_mutex_destroy(&hub->lock);
    totals_free(hub->own_totals);
    free(hub);
}

void hub_on_news(hub_t *hub, void (*notify)(void *arg), void *arg)
{
    hub->notify = notify;
    hub->notify_arg = arg;
}

void hub_tell_news(hub_t *hub)
{
    if (hub->notify) {
        hub->notify(hub->notify_arg);
    }
}

uint64_t hub_generation(const hub_t *hub)
{
    return atomic_load_explicit(&hub->generation, memory_order_acquire);
}

/* ---- feeds ---- */

const resource_kind_t *hub_offer(const hub_t *hub, slice_t id)
{
    for (size_t i = 0; i < hub->offer_count; i++) {
        if (slice_is(id, hub->offers[i].id)) {
            return hub->offers[i].kind;
        }
    }
    return NULL;
}

feed_t *hub_get_feed(hub_t *hub, slice_t id)
{
    char key[OFFER_ID_MAX + 1];
    if (id.len > OFFER_ID_MAX) {
        return NULL;
    }
    memcpy(key, id.ptr, id.len);
    key[id.len] = '\n';
    return table_get(&hub->feeds, slice_of(key, id.len + 1));
}

void hub_feed_hold(feed_t *f)
{
    f->readers++;
}

static void unlink_feed(hub_t *hub, feed_t *f)
{
    feed_t **at = &hub->list;
    while (*at != f) {
        at = &(*at)->next;
    }
    *at = f->next;
    feed_free(f);
}

void hub_feed_drop(hub_t *hub, feed_t *f)
{
    if (--f->readers == 0) {
        f->idle_since = hub->now_ms;
        if (f->gone) {
            unlink_feed(hub, f);
        }
    }
}

void hub_feed_remove(hub_t *hub, feed_t *f)
{
    if (f->gone) {
        return;
    }
    f->gone = true;
    if (f->kind->accepts) {
        hub_count(hub, TOTAL_INPUTS, -1);
        hub_count(hub, TOTAL_INPUT_BYTES,
                  feed_is_empty(f) ? 0 : -(ptrdiff_t)feed_newest(f)->root->size);
    }
    while (f->count > 1) {
        hub_count(hub, TOTAL_LOG_BYTES, -(ptrdiff_t)feed_forget_oldest(f));
    }
    (void)table_remove(&hub->feeds, f->key);
    if (!f->readers) {
        unlink_feed(hub, f);
    }
}

static void keep_budget(hub_t *hub)
{
    while (hub->used[TOTAL_LOG_BYTES] > totals_share(hub->totals, TOTAL_LOG_BYTES)) {
        feed_t *oldest = NULL;
        for (feed_t *f = hub->list; f; f = f->next) {
            if (f->count > 1 &&
                (!oldest || feed_oldest(f)->generation < feed_oldest(oldest)->generation)) {
                oldest = f;
            }
        }
        if (!oldest) {
            return;
        }
        hub_count(hub, TOTAL_LOG_BYTES, -(ptrdiff_t)feed_forget_oldest(oldest));
    }
}

err_t hub_feed_append(hub_t *hub, feed_t *f, uint64_t generation, node_t *root, body_t *body,
                      frame_t *step)
{
    size_t before = feed_is_empty(f) ? 0 : feed_newest(f)->root->size;
    ptrdiff_t bytes = 0;
    for (const frame_t *s = step; s; s = s->next) {
        *(s->kind == FRAME_JSON ? &hub->counters.patches_json : &hub->counters.patches_merge) += 1;
    }
    err_t err = feed_append(f, generation, root, body, step, &bytes);
    if (err) {
        return err;
    }
    hub->counters.versions++;
    hub_count(hub, TOTAL_LOG_BYTES, bytes);
    if (f->kind->accepts) {
        hub_count(hub, TOTAL_INPUT_BYTES, (ptrdiff_t)(root->size - before));
    }
    keep_budget(hub);
    return ERR_OK;
}

void hub_remove_missing(hub_t *hub)
{
    for (feed_t *f = hub->list, *next; f; f = next) {
        next = f->next;
        if (!f->gone && hub_offer(hub, f->id) != f->kind) {
            hub_feed_remove(hub, f);
        }
    }
}

void hub_tick(hub_t *hub, uint64_t now_ms)
{
    hub_tick_feeds(hub, now_ms);
    hub_tick_views(hub, now_ms);
}

/* All streams, each with a reference. Under `lock`. */
static stream_t **take_streams(hub_t *hub, size_t *count)
{
    stream_t **all = calloc(hub->streams.count + 1, sizeof(stream_t *));
    for (size_t i = 0; all && hub->streams.entries && i <= hub->streams.mask; i++) {
        if (hub->streams.entries[i].value) {
            all[(*count)++] = stream_ref(hub->streams.entries[i].value);
        }
    }
    return all;
}

void hub_retire(hub_t *hub)
{
    size_t count = 0;
    (void)pthread_mutex_lock(&hub->making);
    nodes_t *nodes = hub->nodes, *fresh = calloc(1, sizeof *fresh);
    snapshot_t *snapshot = hub->snapshot;
    if (fresh) {
        nodes_init(fresh, NULL, NULL);
        hub->nodes = fresh;
    }
    hub->snapshot = NULL;
    hub->view = NULL;
    (void)pthread_mutex_lock(&hub->lock);
    offer_t *offers = hub->offers;
    size_t offer_count = hub->offer_count;
    hub->offers = NULL;
    hub->offer_count = 0;
    stream_t **streams = take_streams(hub, &count);
    hub_close_views(hub);
    hub_remove_missing(hub);
    (void)pthread_mutex_unlock(&hub->lock);
    (void)pthread_mutex_unlock(&hub->making);
    for (size_t i = 0; streams && i < count; i++) {
        stream_stop(streams[i], "what you see has changed; open another stream");
        stream_unref(streams[i]);
    }
    free(streams);
    hub_free_offers(offers, offer_count);
    hub_free_nodes(fresh ? nodes : NULL);
    if (snapshot) {
        snapshot_unref(snapshot);
    }
}

void hub_count_one(hub_t *hub, uint64_t *counter)
{
    (void)pthread_mutex_lock(&hub->lock);
    ++*counter;
    (void)pthread_mutex_unlock(&hub->lock);
}

void hub_read_counters(hub_t *hub, hub_counters_t *out)
{
    (void)pthread_mutex_lock(&hub->lock);
    *out = hub->counters;
    out->log_bytes = hub->used[TOTAL_LOG_BYTES];
    out->streams = hub->used[TOTAL_STREAMS];
    out->substreams = atomic_load_explicit(&hub->substreams, memory_order_relaxed);
    out->inputs = hub->used[TOTAL_INPUTS];
    out->input_bytes = hub->used[TOTAL_INPUT_BYTES];
    out->views = hub->views.count;
    out->feeds = 0;
    for (const feed_t *f = hub->list; f; f = f->next) {
        out->feeds++;
    }
    (void)pthread_mutex_unlock(&hub->lock);
}
