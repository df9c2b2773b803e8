#include "hub.h"

#include <stdlib.h>
#include <time.h>

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

static uint64_t now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t hub_now_ms(const hub_t *hub)
{
    return hub->options.now_ms ? hub->options.now_ms() : now_us() / 1000;
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
    if (!totals && totals_new(&hub->options, hub->now_ms, &hub->own_totals)) {
        free(hub);
        free(nodes);
        return ERR_NOMEM;
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

static void free_nodes(nodes_t *nodes)
{
    if (nodes) {
        nodes_release(nodes);
        free(nodes);
    }
}

static void free_offers(offer_t *offers, size_t count)
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
    free_offers(hub->offers, hub->offer_count);
    free_nodes(hub->nodes);
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
    if (step) {
        *(step->kind == FRAME_JSON ? &hub->counters.patches_json
                                   : &hub->counters.patches_merge) += 1;
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

/* ---- publication ---- */

/* What becomes of one GET resource. */
typedef struct change {
    const resource_t *resource;
    feed_t *feed;   /* NULL: it is new */
    node_t *before; /* its newest version; a reference */
    node_t *root;
    frame_t *step;
} change_t;

static err_t take_offers(const view_t *view, offer_t **out, size_t *count)
{
    offer_t *offers = calloc(view->count + 1, sizeof *offers);
    size_t n = 0;
    for (size_t i = 0; offers && i < view->count; i++) {
        const resource_t *r = &view->resources[i];
        if (!r->kind->tree) {
            continue;
        }
        offers[n].kind = r->kind;
        offers[n].id = strndup(r->id.ptr, r->id.len);
        if (!offers[n++].id) {
            free_offers(offers, n);
            return ERR_NOMEM;
        }
    }
    *out = offers;
    *count = n;
    return offers ? ERR_OK : ERR_NOMEM;
}

/* Other threads may not add to the feed of a GET resource, but forget what is old in it. */
static void find_feed(hub_t *hub, change_t *c)
{
    (void)pthread_mutex_lock(&hub->lock);
    feed_t *f = hub_get_feed(hub, c->resource->id);
    if (f && f->kind == c->resource->kind) {
        c->feed = f;
        c->before = node_ref(feed_newest(f)->root);
    }
    (void)pthread_mutex_unlock(&hub->lock);
}

static err_t make_change(hub_t *hub, change_t *c, hub_publication_t *report)
{
    uint64_t start = now_us();
    err_t err = c->resource->kind->tree(c->resource, SLICE_LIT(""), NULL, NULL, NULL, hub->nodes,
                                        &c->root);
    report->trees_us += now_us() - start;
    if (err) {
        return err;
    }
    if (!c->before || c->before == c->root) {
        return ERR_OK;
    }
    start = now_us();
    err = frame_new_patch(c->before, c->root, &c->step);
    report->patch_us += now_us() - start;
    if (err == ERR_DATA) {
        report->refused++;
        err = ERR_OK;
    }
    report->patch_bytes += c->step ? c->step->size : 0;
    report->changed++;
    return err;
}

/* Under `lock`. */
static err_t apply_change(hub_t *hub, change_t *c, uint64_t generation)
{
    feed_t *f = c->feed;
    if (!f) {
        err_t err = feed_new(c->resource->id, SLICE_LIT(""), SLICE_LIT(""), NULL, &f);
        if (err || table_put(&hub->feeds, f->key, f, NULL)) {
            feed_free(err ? NULL : f);
            return ERR_NOMEM;
        }
        f->kind = c->resource->kind;
        f->rank = f->kind->rank;
        f->next = hub->list;
        hub->list = f;
    }
    f->generation = generation;
    if (c->before == c->root) {
        feed_newest(f)->through = generation;
        return ERR_OK;
    }
    frame_t *step = c->step;
    c->step = NULL;
    body_t *body = atomic_load_explicit(&c->resource->document->bodies[CODING_IDENTITY],
                                        memory_order_acquire);
    return hub_feed_append(hub, f, generation, c->root, body, step);
}

/* Feeds whose resource is not there any more. Under `lock`. */
static void remove_missing(hub_t *hub)
{
    for (feed_t *f = hub->list, *next; f; f = next) {
        next = f->next;
        if (!f->gone && hub_offer(hub, f->id) != f->kind) {
            hub_feed_remove(hub, f);
        }
    }
}

static err_t publish_changes(hub_t *hub, const view_t *view, uint64_t generation,
                             hub_publication_t *report)
{
    change_t *changes = calloc(view->count + 1, sizeof *changes);
    offer_t *offers = NULL;
    size_t count = 0, offer_count = 0;
    err_t err = changes ? take_offers(view, &offers, &offer_count) : ERR_NOMEM;
    for (size_t i = 0; i < view->count && !err; i++) {
        const resource_t *r = &view->resources[i];
        if (r->kind->tree && !resource_is_post(r)) {
            changes[count].resource = r;
            find_feed(hub, &changes[count]);
            err = make_change(hub, &changes[count++], report);
        }
    }
    if (!err) {
        (void)pthread_mutex_lock(&hub->lock);
        offer_t *old = hub->offers;
        size_t old_count = hub->offer_count;
        hub->offers = offers;
        hub->offer_count = offer_count;
        remove_missing(hub);
        for (size_t i = 0; i < count && !err; i++) {
            err = apply_change(hub, &changes[i], generation);
        }
        hub->counters.publications++;
        hub->counters.patches_refused += report->refused;
        atomic_store_explicit(&hub->generation, generation, memory_order_release);
        (void)pthread_mutex_unlock(&hub->lock);
        free_offers(old, old_count);
    } else {
        free_offers(offers, offer_count);
    }
    for (size_t i = 0; i < count; i++) {
        frame_unref(changes[i].step);
        node_unref(changes[i].before);
    }
    free(changes);
    return err;
}

void hub_tick(hub_t *hub, uint64_t now_ms)
{
    hub_tick_feeds(hub, now_ms);
    hub_tick_views(hub, now_ms);
}

err_t hub_publish(hub_t *hub, snapshot_t *snapshot, const view_t *view, hub_publication_t *report)
{
    *report = (hub_publication_t){0};
    nodes_t *fresh = calloc(1, sizeof *fresh);
    if (!fresh) {
        return ERR_NOMEM;
    }
    (void)pthread_mutex_lock(&hub->making);
    nodes_t *old = hub->nodes;
    snapshot_t *old_snapshot = hub->snapshot;
    nodes_init(fresh, old, NULL);
    hub->nodes = fresh;
    err_t err = publish_changes(hub, view, snapshot_generation(snapshot), report);
    nodes_seal(fresh);
    if (err) {
        hub->nodes = old;
        old = fresh;
        old_snapshot = NULL;
    } else {
        hub->snapshot = snapshot_ref(snapshot);
        hub->view = view;
    }
    (void)pthread_mutex_unlock(&hub->making);
    free_nodes(old);
    if (old_snapshot) {
        snapshot_unref(old_snapshot);
    }
    return err;
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
    remove_missing(hub);
    (void)pthread_mutex_unlock(&hub->lock);
    (void)pthread_mutex_unlock(&hub->making);
    for (size_t i = 0; streams && i < count; i++) {
        stream_stop(streams[i], "what you see has changed; open another stream");
        stream_unref(streams[i]);
    }
    free(streams);
    free_offers(offers, offer_count);
    free_nodes(fresh ? nodes : NULL);
    if (snapshot) {
        snapshot_unref(snapshot);
    }
}

void hub_read_counters(hub_t *hub, hub_counters_t *out)
{
    (void)pthread_mutex_lock(&hub->lock);
    *out = hub->counters;
    out->log_bytes = hub->used[TOTAL_LOG_BYTES];
    out->streams = hub->used[TOTAL_STREAMS];
    out->views = hub->views.count;
    out->feeds = 0;
    for (const feed_t *f = hub->list; f; f = f->next) {
        out->feeds++;
    }
    (void)pthread_mutex_unlock(&hub->lock);
}
