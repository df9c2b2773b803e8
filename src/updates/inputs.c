#include "hub.h"

#include <stdlib.h>

/* Feeds of POST resources: opening them, and bringing them up to date. */

/* What one document and its making may take. */
#define ARENA_MAX ((size_t)128 << 20)
/* A feed that nobody reads is kept so long: its readers may only be reconnecting. */
#define UNREAD_MS 10000

void hub_refuse(hub_refusal_t *r, int status)
{
    r->status = status;
    buf_clear(&r->body);
}

void hub_refuse_with(hub_refusal_t *r, const alto_error_t *error)
{
    hub_refuse(r, 400);
    alto_error_write(error, &r->body);
}

static void refuse_as(hub_refusal_t *r, const alto_answer_t *answer)
{
    hub_refuse(r, answer->status);
    for (size_t i = 0; i < answer->count; i++) {
        buf_append_slice(&r->body, answer->segments[i]);
    }
}

/* ---- trees ---- */

static const resource_t *find_resource(const hub_t *hub, slice_t id, const resource_kind_t *kind)
{
    const view_t *view = hub->view;
    for (size_t i = 0; view && i < view->count; i++) {
        const resource_t *r = &view->resources[i];
        if (r->kind == kind && slice_eq(r->id, id)) {
            return r;
        }
    }
    return NULL;
}

/*
 * The document of a feed in the newest snapshot, as a reference; NULL when it is refused. Its nodes
 * become the feed's. Under `making`.
 */
static err_t make_tree(hub_t *hub, feed_t *f, slice_t input, hub_refusal_t *refusal, node_t **out)
{
    const resource_t *r = find_resource(hub, f->id, f->kind);
    nodes_t *nodes = calloc(1, sizeof *nodes);
    arena_t arena;
    alto_answer_t answer = {.status = 404};
    node_t *root = NULL;
    if (!nodes) {
        return ERR_NOMEM;
    }
    alto_limits_t limits = hub->options.alto;
    limits.ane_key = f->hides_names ? f->ane_key : NULL;
    arena_init(&arena, ARENA_MAX);
    nodes_init(nodes, f->nodes, hub->nodes);
    err_t err = r ? f->kind->tree(r, input, &limits, &arena, &answer, nodes, &root) : ERR_OK;
    nodes_seal(nodes);
    *out = !err && root ? node_ref(root) : NULL;
    if (!err && !root) {
        refuse_as(refusal, &answer);
    }
    arena_release(&arena);
    if (*out) {
        nodes_t *old = f->nodes;
        f->nodes = nodes;
        nodes = old;
    }
    if (nodes) {
        nodes_release(nodes);
        free(nodes);
    }
    return err;
}

/* ---- versions ---- */

/* Whether all but the tag is the same: the member, and the rest of meta. */
static bool same_but_tag(const node_t *x, const node_t *y)
{
    const slice_t meta = SLICE_LIT("meta"), vtag = SLICE_LIT("vtag");
    const slice_t dependent = SLICE_LIT("dependent-vtags");
    const node_t *a = node_get(x, meta), *b = node_get(y, meta);
    if (!a || !b || !node_get(a, vtag) || !node_get(b, vtag) ||
        node_get(a, dependent) != node_get(b, dependent) || x->part_count != 1 ||
        y->part_count != 1 || x->count != 2 || y->count != 2) {
        return false;
    }
    return x->parts.runs[0]->nodes[1] == y->parts.runs[0]->nodes[1];
}

/* The step is made outside of `lock`: it may take long. Under `making`. */
static err_t append(hub_t *hub, feed_t *f, node_t *root, uint64_t generation)
{
    (void)pthread_mutex_lock(&hub->lock);
    node_t *before = feed_is_empty(f) ? NULL : node_ref(feed_newest(f)->root);
    (void)pthread_mutex_unlock(&hub->lock);
    frame_t *step = NULL;
    err_t err = !before            ? ERR_OK
                : f->kind->message ? frame_new_part_patches(before, root, &step)
                                   : frame_new_patch(before, root, &step);
    node_unref(before);
    (void)pthread_mutex_lock(&hub->lock);
    hub->counters.patches_refused += err == ERR_DATA;
    err = err == ERR_DATA || err == ERR_NOT_FOUND ? ERR_OK : err;
    err = err ? err : hub_feed_append(hub, f, generation, root, NULL, step);
    (void)pthread_mutex_unlock(&hub->lock);
    return err;
}

static void set_bookmark(hub_t *hub, feed_t *f, node_t *root)
{
    (void)pthread_mutex_lock(&hub->lock);
    if (!f->bookmark) {
        f->bookmark_since = hub->now_ms;
    }
    node_unref(f->bookmark);
    f->bookmark = node_ref(root);
    (void)pthread_mutex_unlock(&hub->lock);
}

static node_t *take_bookmark(hub_t *hub, feed_t *f)
{
    (void)pthread_mutex_lock(&hub->lock);
    node_t *root = f->bookmark;
    f->bookmark = NULL;
    (void)pthread_mutex_unlock(&hub->lock);
    return root;
}

/* The version that the bookmark stands for; it is one of the feed's generation. */
static err_t publish_bookmark(hub_t *hub, feed_t *f)
{
    node_t *root = take_bookmark(hub, f);
    err_t err = root ? append(hub, f, root, f->generation) : ERR_OK;
    node_unref(root);
    return err;
}

/*
 * `all`: a version also when only the tag differs. Otherwise that waits: the next change, or the
 * tick, takes it along.
 */
err_t hub_refresh(hub_t *hub, feed_t *f, bool all)
{
    uint64_t generation = hub_generation(hub);
    hub_refusal_t refusal = {0, BUF_INIT};
    node_t *root = NULL;
    err_t err = ERR_OK;
    if (f->gone) {
        return ERR_OK;
    }
    if (f->generation < generation) {
        err = make_tree(hub, f, f->input, &refusal, &root);
        if (!err && root) {
            (void)pthread_mutex_lock(&hub->lock);
            const node_t *last = feed_newest(f)->root;
            bool same = last == root, waits = !same && same_but_tag(last, root);
            (void)pthread_mutex_unlock(&hub->lock);
            if (same) {
                node_unref(take_bookmark(hub, f)); /* it is as it was before */
            } else if (waits && hub->options.bookmark_s >= 0) {
                set_bookmark(hub, f, root);
            } else {
                err = append(hub, f, root, generation);
            }
        }
        (void)pthread_mutex_lock(&hub->lock);
        if (!err && !root) {
            hub_feed_remove(hub, f); /* the caller has a hold on it */
        } else if (!err) {
            f->generation = generation;
            feed_newest(f)->through = generation;
        }
        (void)pthread_mutex_unlock(&hub->lock);
        node_unref(root);
        buf_release(&refusal.body);
    }
    return err || !all || f->gone ? err : publish_bookmark(hub, f);
}

/* ---- opening ---- */

static bool room_for_inputs(const hub_t *hub)
{
    return totals_has_room(hub->totals, TOTAL_INPUTS, hub->used[TOTAL_INPUTS]) &&
           totals_has_room(hub->totals, TOTAL_INPUT_BYTES, hub->used[TOTAL_INPUT_BYTES]);
}

static bool has_room(hub_t *hub, slice_t client)
{
    size_t own = 0;
    for (feed_t *f = hub->list, *next; f; f = next) {
        next = f->next;
        if (f->gone || !f->kind->accepts) {
            continue;
        }
        bool same = slice_eq(f->client, client);
        /* What the client does not read any more makes room for what it asks for now. */
        if (!f->readers && (same || !room_for_inputs(hub))) {
            hub_feed_remove(hub, f);
        } else {
            own += same;
        }
    }
    bool full = own >= hub->options.client_inputs;
    bool inputs = !totals_has_room(hub->totals, TOTAL_INPUTS, hub->used[TOTAL_INPUTS]);
    bool bytes = !totals_has_room(hub->totals, TOTAL_INPUT_BYTES, hub->used[TOTAL_INPUT_BYTES]);
    hub->counters.hits_client_inputs += full;
    hub->counters.hits_inputs += inputs;
    hub->counters.hits_input_bytes += bytes;
    return !full && !inputs && !bytes;
}

static feed_t *hold_existing(hub_t *hub, slice_t key)
{
    (void)pthread_mutex_lock(&hub->lock);
    feed_t *f = table_get(&hub->feeds, key);
    if (f) {
        hub_feed_hold(f);
    }
    (void)pthread_mutex_unlock(&hub->lock);
    return f;
}

/* Into the table and the list; *taken is false when there is no room. */
static err_t enlist(hub_t *hub, feed_t *f, bool *taken)
{
    err_t err = ERR_OK;
    (void)pthread_mutex_lock(&hub->lock);
    *taken = has_room(hub, f->client);
    if (*taken) {
        err = table_put(&hub->feeds, f->key, f, NULL);
    }
    if (*taken && !err) {
        f->next = hub->list;
        hub->list = f;
        hub_count(hub, TOTAL_INPUTS, 1);
        hub_count(hub, TOTAL_INPUT_BYTES, (ptrdiff_t)feed_newest(f)->root->size);
        hub_feed_hold(f);
    }
    (void)pthread_mutex_unlock(&hub->lock);
    return err;
}

static err_t make_feed(hub_t *hub, const resource_kind_t *kind, feed_t *f,
                       const json_value_t *input, hub_refusal_t *refusal, bool *taken)
{
    node_t *root = NULL;
    ptrdiff_t bytes;
    f->kind = kind;
    f->rank = kind->rank;
    *taken = false;
    err_t err = make_tree(hub, f, f->input, refusal, &root);
    if (!err && !root) {
        /* Once more as it was written: the error is to name what comes first there. */
        buf_t text = BUF_INIT;
        json_write_value(&text, input);
        err = buf_failed(&text) ? ERR_NOMEM : make_tree(hub, f, buf_slice(&text), refusal, &root);
        buf_release(&text);
        node_unref(root);
        return err;
    }
    if (!err) {
        f->generation = hub_generation(hub);
        err = feed_append(f, f->generation, root, NULL, NULL, &bytes);
    }
    err = err ? err : enlist(hub, f, taken);
    if (!err && !*taken) {
        hub_refuse(refusal, 503);
    }
    node_unref(root);
    return err;
}

static void let_go(hub_t *hub, feed_t *f)
{
    (void)pthread_mutex_lock(&hub->lock);
    hub_feed_drop(hub, f);
    (void)pthread_mutex_unlock(&hub->lock);
}

/* One that exists, up to date with every tag. */
static err_t revive(hub_t *hub, feed_t *f, feed_t **out)
{
    err_t err = hub_refresh(hub, f, true);
    if (err || f->gone) {
        let_go(hub, f);
        return err;
    }
    *out = f;
    return ERR_OK;
}

err_t hub_open_input(hub_t *hub, slice_t id, const json_value_t *input, slice_t client,
                     const uint8_t *ane_key, hub_refusal_t *refusal, feed_t **out)
{
    arena_t arena;
    slice_t canonical;
    feed_t *f = NULL;
    bool taken = false;
    *out = NULL;
    (void)pthread_mutex_lock(&hub->making);
    (void)pthread_mutex_lock(&hub->lock);
    const resource_kind_t *kind = hub_offer(hub, id);
    (void)pthread_mutex_unlock(&hub->lock);
    bool hides = kind && kind->hides_names && !hub->options.stable_names;
    uint8_t key[BLOCK_SIZE];
    arena_init(&arena, ARENA_MAX);
    err_t err = input_canonical(input, &arena, &canonical);
    err = err || !hides || ane_key ? err : secret_make(key, sizeof key);
    err = err ? err : feed_new(id, canonical, client, !hides ? NULL : ane_key ? ane_key : key, &f);
    arena_release(&arena);
    if (err) {
        (void)pthread_mutex_unlock(&hub->making);
        return err;
    }
    feed_t *existing = hold_existing(hub, f->key);
    if (existing) {
        err = revive(hub, existing, out);
    }
    if (!err && !*out && kind && hub->snapshot) {
        err = make_feed(hub, kind, f, input, refusal, &taken);
    } else if (!err && !*out) {
        hub_refuse(refusal, 503); /* it went while it was asked for */
    }
    (void)pthread_mutex_unlock(&hub->making);
    if (taken && !err) {
        *out = f;
    } else {
        f->readers = 0;
        feed_free(f);
    }
    return err;
}

/* ---- what is due ---- */

/* A feed of a POST resource that is read and not up to date, with a hold on it; NULL. */
static feed_t *next_stale(hub_t *hub, uint64_t generation)
{
    (void)pthread_mutex_lock(&hub->lock);
    feed_t *f = hub->list;
    while (f && (f->gone || !f->kind->accepts || !f->readers || f->generation >= generation)) {
        f = f->next;
    }
    if (f) {
        hub_feed_hold(f);
    }
    (void)pthread_mutex_unlock(&hub->lock);
    return f;
}

void hub_catch_up(hub_t *hub, bool (*should_stop)(void *arg), void *arg)
{
    uint64_t generation = hub_generation(hub);
    feed_t *f;
    err_t err = ERR_OK;
    while (!err && !(should_stop && should_stop(arg)) && (f = next_stale(hub, generation))) {
        (void)pthread_mutex_lock(&hub->making);
        err = hub_refresh(hub, f, false);
        (void)pthread_mutex_unlock(&hub->making);
        let_go(hub, f);
        hub_tell_news(hub);
    }
}

static feed_t *next_bookmark(hub_t *hub, uint64_t now_ms)
{
    uint64_t wait_ms = (uint64_t)hub->options.bookmark_s * 1000;
    feed_t *f = hub->list;
    while (f && (f->gone || !f->bookmark || !f->readers || now_ms - f->bookmark_since < wait_ms)) {
        f = f->next;
    }
    if (f) {
        hub_feed_hold(f);
    }
    return f;
}

void hub_tick_feeds(hub_t *hub, uint64_t now_ms)
{
    (void)pthread_mutex_lock(&hub->lock);
    hub->now_ms = now_ms;
    for (feed_t *f = hub->list, *next; f; f = next) {
        next = f->next;
        if (!f->gone && f->kind->accepts && !f->readers && now_ms - f->idle_since > UNREAD_MS) {
            hub_feed_remove(hub, f);
        }
    }
    feed_t *f = hub->options.bookmark_s >= 0 ? next_bookmark(hub, now_ms) : NULL;
    (void)pthread_mutex_unlock(&hub->lock);
    bool news = false;
    err_t err = ERR_OK;
    while (f && !err) {
        (void)pthread_mutex_lock(&hub->making);
        err = publish_bookmark(hub, f);
        (void)pthread_mutex_unlock(&hub->making);
        news = true;
        (void)pthread_mutex_lock(&hub->lock);
        hub_feed_drop(hub, f);
        f = next_bookmark(hub, now_ms);
        (void)pthread_mutex_unlock(&hub->lock);
    }
    if (news) {
        hub_tell_news(hub);
    }
}
