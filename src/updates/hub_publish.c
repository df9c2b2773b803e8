#include "hub.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

/*
 * Publication in two steps: whatever may fail is done in the first one, so that of several hubs all
 * go on to a generation, or none.
 */

static uint64_t now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* What becomes of one GET resource. */
typedef struct change {
    const resource_t *resource;
    feed_t *feed;   /* NULL: it is new: */
    feed_t *fresh;  /* what it becomes, until it is in the table */
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
            hub_free_offers(offers, n);
            return ERR_NOMEM;
        }
    }
    *out = offers;
    *count = n;
    return offers ? ERR_OK : ERR_NOMEM;
}

/*
 * Finds its feed, or makes one, with room for a version. Other threads may not add to the feed of a
 * GET resource, but forget what is old in it.
 */
static err_t find_feed(hub_t *hub, change_t *c)
{
    err_t err = ERR_OK;
    (void)pthread_mutex_lock(&hub->lock);
    feed_t *f = hub_get_feed(hub, c->resource->id);
    if (f && f->kind == c->resource->kind) {
        c->feed = f;
        c->before = node_ref(feed_newest(f)->root);
        err = feed_reserve(f);
    }
    (void)pthread_mutex_unlock(&hub->lock);
    if (c->feed || err) {
        return err;
    }
    err = feed_new(c->resource->id, SLICE_LIT(""), SLICE_LIT(""), NULL, &c->fresh);
    return err ? err : feed_reserve(c->fresh);
}

static err_t make_change(nodes_t *nodes, change_t *c, hub_publication_t *report)
{
    uint64_t start = now_us();
    err_t err = c->resource->kind->tree(c->resource, SLICE_LIT(""), NULL, NULL, NULL, nodes,
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

/* ---- all of it, or nothing ---- */

struct hub_prepared {
    hub_t *hub;
    snapshot_t *snapshot; /* a reference */
    const view_t *view;
    nodes_t *nodes;
    change_t *changes;
    size_t count;
    offer_t *offers;
    size_t offer_count;
    size_t refused;
};

static void prepared_free(hub_prepared_t *p)
{
    for (size_t i = 0; i < p->count; i++) {
        feed_free(p->changes[i].fresh);
        frame_unref(p->changes[i].step);
        node_unref(p->changes[i].before);
    }
    free(p->changes);
    hub_free_offers(p->offers, p->offer_count);
    hub_free_nodes(p->nodes);
    if (p->snapshot) {
        snapshot_unref(p->snapshot);
    }
    free(p);
}

static err_t prepare_changes(hub_prepared_t *p, hub_publication_t *report)
{
    hub_t *hub = p->hub;
    const view_t *view = p->view;
    p->changes = calloc(view->count + 1, sizeof *p->changes);
    err_t err = p->changes ? take_offers(view, &p->offers, &p->offer_count) : ERR_NOMEM;
    for (size_t i = 0; i < view->count && !err; i++) {
        const resource_t *r = &view->resources[i];
        if (r->kind->tree && !resource_is_post(r)) {
            change_t *c = &p->changes[p->count++];
            c->resource = r;
            err = find_feed(hub, c);
            err = err ? err : make_change(p->nodes, c, report);
        }
    }
    if (!err) {
        (void)pthread_mutex_lock(&hub->lock);
        err = table_reserve(&hub->feeds, p->count); /* others come under `making` */
        (void)pthread_mutex_unlock(&hub->lock);
    }
    p->refused = report->refused;
    return err;
}

err_t hub_prepare(hub_t *hub, snapshot_t *snapshot, const view_t *view, const hub_prepared_t *like,
                  hub_publication_t *report, hub_prepared_t **out)
{
    *report = (hub_publication_t){0};
    hub_prepared_t *p = calloc(1, sizeof *p);
    nodes_t *fresh = calloc(1, sizeof *fresh);
    if (!p || !fresh) {
        free(p);
        free(fresh);
        return ERR_NOMEM;
    }
    (void)pthread_mutex_lock(&hub->making);
    nodes_init(fresh, hub->nodes, like ? like->nodes : NULL);
    *p = (hub_prepared_t){
        .hub = hub, .snapshot = snapshot_ref(snapshot), .view = view, .nodes = fresh};
    err_t err = prepare_changes(p, report);
    if (err) {
        hub_abandon(p);
        return err;
    }
    *out = p;
    return ERR_OK;
}

void hub_abandon(hub_prepared_t *p)
{
    hub_t *hub = p->hub;
    nodes_seal(p->nodes);
    prepared_free(p);
    (void)pthread_mutex_unlock(&hub->making);
}

/* There is room for all of it. Under `lock`. */
static void apply_change(hub_t *hub, change_t *c, uint64_t generation)
{
    feed_t *f = c->feed;
    if (!f) {
        f = c->fresh;
        c->fresh = NULL;
        f->kind = c->resource->kind;
        f->rank = f->kind->rank;
        f->next = hub->list;
        hub->list = f;
        err_t err = table_put(&hub->feeds, f->key, f, NULL);
        assert(!err);
        (void)err;
    }
    f->generation = generation;
    if (c->before == c->root) {
        feed_newest(f)->through = generation;
        return;
    }
    frame_t *step = c->step;
    c->step = NULL;
    body_t *body = atomic_load_explicit(&c->resource->document->bodies[CODING_IDENTITY],
                                        memory_order_acquire);
    err_t err = hub_feed_append(hub, f, generation, c->root, body, step);
    assert(!err);
    (void)err;
}

void hub_commit(hub_prepared_t *p)
{
    hub_t *hub = p->hub;
    uint64_t generation = snapshot_generation(p->snapshot);
    (void)pthread_mutex_lock(&hub->lock);
    offer_t *offers = hub->offers;
    size_t offer_count = hub->offer_count;
    hub->offers = p->offers;
    hub->offer_count = p->offer_count;
    hub_remove_missing(hub);
    for (size_t i = 0; i < p->count; i++) {
        apply_change(hub, &p->changes[i], generation);
    }
    hub->counters.publications++;
    hub->counters.patches_refused += p->refused;
    atomic_store_explicit(&hub->generation, generation, memory_order_release);
    (void)pthread_mutex_unlock(&hub->lock);
    nodes_seal(p->nodes);
    nodes_t *nodes = hub->nodes;
    snapshot_t *snapshot = hub->snapshot;
    hub->nodes = p->nodes;
    hub->snapshot = p->snapshot;
    hub->view = p->view;
    (void)pthread_mutex_unlock(&hub->making);
    /* What it was before. */
    p->offers = offers;
    p->offer_count = offer_count;
    p->nodes = nodes;
    p->snapshot = snapshot;
    prepared_free(p);
}

err_t hub_publish(hub_t *hub, snapshot_t *snapshot, const view_t *view, hub_publication_t *report)
{
    hub_prepared_t *p = NULL;
    err_t err = hub_prepare(hub, snapshot, view, NULL, report, &p);
    if (!err) {
        hub_commit(p);
    }
    return err;
}
