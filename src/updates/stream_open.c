#include "stream.h"
#include "stream_params.h"

#include <stdlib.h>

/* Opening streams, and changing them (RFC 8895 6.5, 7). */

/* Trees of parameters. */
#define ARENA_MAX ((size_t)64 << 20)

/* ---- feeds of what is added ---- */

/* What a request adds, each with a hold on its feed. */
typedef struct opened {
    feed_t *feed;
    uint64_t cursor;
    bool current; /* the client has it: no whole document is sent */
} opened_t;

/* The version that the client says it has. Under `lock`. */
static void find_cursor(const hub_t *hub, const stream_add_t *add, opened_t *out)
{
    const feed_version_t *v = feed_newest(out->feed);
    bool usable = add->tag.len && slice_is(add->tag, v->tag);
    if (!usable && hub->options.resume_from_tag && add->incremental) {
        v = feed_of_tag(out->feed, add->tag);
        usable = v != NULL;
    }
    out->cursor = usable ? v->seq : 0;
    out->current = usable;
}

static err_t open_one(const stream_t *s, const stream_add_t *add, slice_t client,
                      hub_refusal_t *refusal, opened_t *out)
{
    hub_t *hub = s->hub;
    err_t err = ERR_OK;
    if (add->input) {
        err = hub_open_input(hub, add->resource, add->input, client, s->ane_key, refusal,
                             &out->feed);
    }
    (void)pthread_mutex_lock(&hub->lock);
    if (!add->input) {
        out->feed = hub_get_feed(hub, add->resource);
        if (out->feed) {
            hub_feed_hold(out->feed);
        } else {
            hub_refuse(refusal, 503); /* it went while it was asked for */
        }
    }
    if (!err && out->feed) {
        find_cursor(hub, add, out);
    }
    (void)pthread_mutex_unlock(&hub->lock);
    return err;
}

static void drop_all(hub_t *hub, opened_t *opened, size_t count)
{
    (void)pthread_mutex_lock(&hub->lock);
    for (size_t i = 0; i < count; i++) {
        if (opened[i].feed) {
            hub_feed_drop(hub, opened[i].feed);
        }
    }
    (void)pthread_mutex_unlock(&hub->lock);
}

/* Whole documents in a storm of openings: only so many bytes a second. */
static bool may_send(hub_t *hub, const opened_t *opened, size_t count)
{
    uint64_t bytes = 0;
    (void)pthread_mutex_lock(&hub->lock);
    for (size_t i = 0; i < count; i++) {
        bytes += opened[i].cursor ? 0 : feed_newest(opened[i].feed)->root->size;
    }
    bool may = totals_spend(hub->totals, &hub->totals->full_bytes, hub_now_ms(hub), bytes);
    (void)pthread_mutex_unlock(&hub->lock);
    return may;
}

/* *out is NULL when the client is refused. */
static err_t open_all(const stream_t *s, const stream_params_t *params, slice_t client,
                      arena_t *arena, hub_refusal_t *refusal, opened_t **out)
{
    hub_t *hub = s->hub;
    opened_t *opened = arena_array(arena, params->add_count + 1, sizeof *opened);
    err_t err = opened ? ERR_OK : ERR_NOMEM;
    size_t count = 0;
    bool whole = true;
    *out = NULL;
    while (count < params->add_count && !err && whole) {
        err = open_one(s, &params->add[count], client, refusal, &opened[count]);
        whole = opened[count++].feed != NULL;
    }
    if (!err && whole && !may_send(hub, opened, count)) {
        hub_count_one(hub, &hub->counters.hits_full_bytes);
        hub_refuse(refusal, 503);
        whole = false;
    }
    if (err || !whole) {
        drop_all(hub, opened, opened ? count : 0);
        return err;
    }
    *out = opened;
    return ERR_OK;
}

/* ---- substreams ---- */

static substream_t *find(const stream_t *s, slice_t id)
{
    for (size_t i = 0; i < s->count; i++) {
        if (slice_is(id, s->subs[i].id)) {
            return &s->subs[i];
        }
    }
    return NULL;
}

/* Room first, so that nothing can fail half-way. */
static err_t make_room(stream_t *s, const stream_params_t *params, char ***ids)
{
    size_t count = params->add_count;
    substream_t *grown = realloc(s->subs, (s->count + count + 1) * sizeof *grown);
    if (!grown) {
        return ERR_NOMEM;
    }
    s->subs = grown;
    char **names = calloc(count + 1, sizeof(char *));
    bool whole = names != NULL;
    for (size_t i = 0; i < count && whole; i++) {
        names[i] = strndup(params->add[i].id.ptr, params->add[i].id.len);
        whole = names[i] != NULL;
    }
    if (!whole) {
        for (size_t i = 0; names && i < count; i++) {
            free(names[i]);
        }
        free(names);
        return ERR_NOMEM;
    }
    *ids = names;
    return ERR_OK;
}

/* Takes the holds of `opened`. The creation of a stream is confirmed by documents. */
static err_t add_substreams(stream_t *s, const stream_params_t *params, const opened_t *opened,
                            bool creation)
{
    char **ids = NULL;
    err_t err = make_room(s, params, &ids);
    for (size_t i = 0; i < params->add_count && !err; i++) {
        s->subs[s->count++] = (substream_t){
            .id = ids[i],
            .feed = opened[i].feed,
            .cursor = opened[i].cursor,
            .incremental = params->add[i].incremental,
            .tell_started = !creation || opened[i].current,
        };
        s->live++;
        (void)atomic_fetch_add_explicit(&s->hub->substreams, 1, memory_order_relaxed);
    }
    free(ids);
    return err;
}

/* ---- opening ---- */

static err_t list_stream(hub_t *hub, stream_t *s, bool *listed)
{
    err_t err = ERR_OK;
    (void)pthread_mutex_lock(&hub->lock);
    *listed = totals_has_room(hub->totals, TOTAL_STREAMS, hub->used[TOTAL_STREAMS]);
    hub->counters.hits_streams += !*listed;
    if (*listed) {
        err = table_put(&hub->streams, slice_str(s->token), s, NULL);
    }
    if (*listed && !err) {
        hub_count(hub, TOTAL_STREAMS, 1);
        s->number = ++hub->counters.streams_opened;
        s->target = atomic_load_explicit(&hub->generation, memory_order_relaxed);
        s->listed = true;
    }
    (void)pthread_mutex_unlock(&hub->lock);
    return err;
}

static bool may_open(hub_t *hub)
{
    (void)pthread_mutex_lock(&hub->lock);
    bool full = !totals_has_room(hub->totals, TOTAL_STREAMS, hub->used[TOTAL_STREAMS]);
    bool may = !full && totals_spend(hub->totals, &hub->totals->opens, hub_now_ms(hub), 1);
    hub->counters.hits_streams += full;
    hub->counters.hits_opens += !full && !may;
    (void)pthread_mutex_unlock(&hub->lock);
    return may;
}

static err_t open_stream(hub_t *hub, const stream_params_t *params, slice_t client, arena_t *arena,
                         hub_refusal_t *refusal, stream_t **out)
{
    stream_t *s = NULL;
    opened_t *opened = NULL;
    bool listed = false;
    err_t err = stream_new(hub, &s);
    err = err ? err : open_all(s, params, client, arena, refusal, &opened);
    if (!err && opened) {
        err = add_substreams(s, params, opened, true);
        if (err) {
            drop_all(hub, opened, params->add_count);
        }
        err = err ? err : list_stream(hub, s, &listed);
    }
    if (!err && opened && listed) {
        *out = s;
        return ERR_OK;
    }
    if (!err && opened) {
        hub_refuse(refusal, 503);
    }
    if (s) {
        stream_close(s);
        stream_unref(s);
    }
    return err;
}

static void count_refusal(hub_t *hub)
{
    (void)pthread_mutex_lock(&hub->lock);
    hub->counters.streams_refused++;
    (void)pthread_mutex_unlock(&hub->lock);
}

err_t stream_open(hub_t *hub, slice_t body, slice_t client, hub_refusal_t *refusal, stream_t **out)
{
    arena_t arena;
    arena_init(&arena, ARENA_MAX);
    params_t p = {&arena, refusal, NULL};
    stream_params_t params;
    err_t err = ERR_OK;
    *out = NULL;
    if (stream_params_read(&p, hub, body, false, &params)) {
        bool fits = params.add_count <= hub->options.substreams;
        if (!fits) {
            hub_count_one(hub, &hub->counters.hits_substreams);
        }
        if (!fits || !may_open(hub)) {
            hub_refuse(refusal, 503);
        } else {
            err = open_stream(hub, &params, client, &arena, refusal, out);
        }
    } else if (arena_failed(&arena)) {
        err = ERR_NOMEM;
    }
    arena_release(&arena);
    if (!*out) {
        count_refusal(hub);
    }
    return err;
}

bool stream_is_slow(slice_t body)
{
    /* The only way to name an input, unless it is written with escapes; or a POST resource. */
    static const slice_t words[] = {{"\"input\"", 7}, {"\\", 1}, {"-filtered\"", 10}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (body.len && memmem(body.ptr, body.len, words[i].ptr, words[i].len)) {
            return true;
        }
    }
    return body.len > 65536;
}

/* ---- control (RFC 8895 7.5) ---- */

static bool check_ids(params_t *p, const stream_t *s, const stream_params_t *params)
{
    for (size_t i = 0; i < params->remove_count; i++) {
        if (!find(s, params->remove[i])) {
            return params_wrong_value(p, SLICE_LIT("remove"), params->remove[i]);
        }
    }
    for (size_t i = 0; i < params->add_count; i++) {
        if (find(s, params->add[i].id)) {
            return params_wrong_value(p, SLICE_LIT("add"), params->add[i].id);
        }
    }
    return true;
}

/* Whether a substream that was there before goes. Ids may be named twice. */
static bool is_removed(const stream_params_t *params, const substream_t *sub)
{
    bool all = params->remove_given && !params->remove_count;
    for (size_t i = 0; i < params->remove_count && !all; i++) {
        all = slice_is(params->remove[i], sub->id);
    }
    return all && sub->feed;
}

/* Adds, then removes. Under the stream's lock; nothing fails behind the adding. */
static err_t change(stream_t *s, const stream_params_t *params, const opened_t *opened,
                    bool *applied)
{
    const hub_options_t *o = &s->hub->options;
    size_t before = s->count, removed = 0;
    for (size_t i = 0; i < before; i++) {
        removed += is_removed(params, &s->subs[i]);
    }
    bool fits = s->live - removed + params->add_count <= o->substreams;
    *applied = fits && s->count + params->add_count <= o->substream_ids;
    if (!*applied) {
        hub_counters_t *c = &s->hub->counters;
        hub_count_one(s->hub, fits ? &c->hits_substream_ids : &c->hits_substreams);
        return ERR_OK;
    }
    err_t err = add_substreams(s, params, opened, false);
    if (err) {
        return err;
    }
    (void)pthread_mutex_lock(&s->hub->lock);
    for (size_t i = 0; i < before; i++) {
        if (is_removed(params, &s->subs[i])) {
            stream_end_substream(s, &s->subs[i], NULL);
        }
    }
    if (!s->live) {
        stream_forget(s); /* it is closed as soon as it has said so */
    }
    (void)pthread_mutex_unlock(&s->hub->lock);
    return ERR_OK;
}

static err_t control(stream_t *s, params_t *p, slice_t body, slice_t client, bool *applied)
{
    stream_params_t params;
    opened_t *opened = NULL;
    if (!stream_params_read(p, s->hub, body, true, &params)) {
        return arena_failed(p->arena) ? ERR_NOMEM : ERR_OK;
    }
    err_t err = open_all(s, &params, client, p->arena, p->refusal, &opened);
    if (err || !opened) {
        return err;
    }
    (void)pthread_mutex_lock(&s->lock);
    bool open = s->live && !s->closed, fine = open && check_ids(p, s, &params);
    if (fine) {
        err = change(s, &params, opened, applied);
    }
    (void)pthread_mutex_unlock(&s->lock);
    if (!*applied || err) {
        drop_all(s->hub, opened, params.add_count);
    }
    if (!open) {
        hub_refuse(p->refusal, 404);
    } else if (fine && !*applied && !err) {
        hub_refuse(p->refusal, 503);
    }
    return err ? err : arena_failed(p->arena) ? ERR_NOMEM : ERR_OK;
}

static stream_t *find_stream(hub_t *hub, slice_t token)
{
    (void)pthread_mutex_lock(&hub->lock);
    stream_t *s = table_get(&hub->streams, token);
    s = s ? stream_ref(s) : NULL;
    (void)pthread_mutex_unlock(&hub->lock);
    return s;
}

void stream_set_owner(stream_t *s, slice_t owner)
{
    (void)pthread_mutex_lock(&s->lock);
    size_t len = owner.len < STREAM_OWNER_MAX ? owner.len : STREAM_OWNER_MAX;
    memcpy(s->owner, owner.ptr, len);
    s->owner[len] = '\0';
    (void)pthread_mutex_unlock(&s->lock);
}

bool stream_is_owned(hub_t *hub, slice_t token, slice_t owner)
{
    stream_t *s = find_stream(hub, token);
    if (!s) {
        return false;
    }
    (void)pthread_mutex_lock(&s->lock);
    bool owned = slice_is(owner, s->owner);
    (void)pthread_mutex_unlock(&s->lock);
    stream_unref(s);
    return owned;
}

hub_t *stream_hub(const stream_t *s)
{
    return s->hub;
}

err_t stream_control(hub_t *hub, slice_t token, slice_t body, slice_t client,
                     hub_refusal_t *refusal, stream_t **found)
{
    stream_t *s = find_stream(hub, token);
    bool applied = false;
    *found = NULL;
    if (!s) {
        hub_refuse(refusal, 404);
        return ERR_OK;
    }
    arena_t arena;
    arena_init(&arena, ARENA_MAX);
    params_t p = {&arena, refusal, NULL};
    err_t err = control(s, &p, body, client, &applied);
    arena_release(&arena);
    if (applied && !err) {
        *found = s;
    } else {
        stream_unref(s);
    }
    return err;
}
