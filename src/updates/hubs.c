#include "footprintd/updates/hubs.h"

#include "hub.h"

#include <stdlib.h>
#include <time.h>

/*
 * Hubs are never freed before the end, so that whoever has one may keep it; those without a class
 * are empty, and wait to be used again. Their number is that of the most classes there ever were.
 */
typedef struct member {
    hub_t *hub;
    char **names; /* of its class, as it was published last; NULL: it has none */
    size_t name_count;
    /* In the publication at hand: */
    size_t class; /* SIZE_MAX: none */
    hub_prepared_t *prepared;
    char **next_names;
    size_t next_name_count;
} member_t;

struct hubs {
    hub_options_t options;
    hub_totals_t *totals;
    void (*notify)(void *arg);
    void *notify_arg;
    pthread_mutex_t lock; /* of the table; members are written by the publisher alone */
    member_t *members;
    size_t count, cap;
};

err_t hubs_new(const hub_options_t *options, hubs_t **out)
{
    hubs_t *hubs = calloc(1, sizeof *hubs);
    if (!hubs) {
        return ERR_NOMEM;
    }
    hubs->options = *options;
    hub_set_defaults(&hubs->options);
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t now_ms = options->now_ms
                          ? options->now_ms()
                          : (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    if (totals_new(&hubs->options, now_ms, &hubs->totals)) {
        free(hubs);
        return ERR_NOMEM;
    }
    (void)pthread_mutex_init(&hubs->lock, NULL);
    *out = hubs;
    return ERR_OK;
}

static void free_names(char **names, size_t count)
{
    for (size_t i = 0; names && i < count; i++) {
        free(names[i]);
    }
    free(names);
}

void hubs_free(hubs_t *hubs)
{
    if (!hubs) {
        return;
    }
    for (size_t i = 0; i < hubs->count; i++) {
        hub_free(hubs->members[i].hub);
        free_names(hubs->members[i].names, hubs->members[i].name_count);
    }
    free(hubs->members);
    totals_free(hubs->totals);
    (void)pthread_mutex_destroy(&hubs->lock);
    free(hubs);
}

void hubs_on_news(hubs_t *hubs, void (*notify)(void *arg), void *arg)
{
    hubs->notify = notify;
    hubs->notify_arg = arg;
    for (size_t i = 0; i < hubs->count; i++) {
        hub_on_news(hubs->members[i].hub, notify, arg);
    }
}

/* ---- which hub goes on with which class ---- */

static void take_class(member_t *m, snapshot_t *s)
{
    const view_t *first = NULL;
    for (size_t i = 0; i < m->name_count; i++) {
        const view_t *view = snapshot_view_of(s, slice_str(m->names[i]));
        if (view && first && view != first) {
            return; /* it has fallen apart */
        }
        first = view ? view : first; /* whose profile is gone has no connection any more */
    }
    for (size_t i = 0; first && i < snapshot_class_count(s); i++) {
        if (snapshot_class_view(s, i) == first) {
            m->class = i;
        }
    }
}

/* Of two that have become one class, the greater goes on. */
static void keep_greatest(hubs_t *hubs)
{
    for (size_t i = 0; i < hubs->count; i++) {
        member_t *m = &hubs->members[i];
        for (size_t k = 0; k < i && m->class != SIZE_MAX; k++) {
            member_t *other = &hubs->members[k];
            if (other->class == m->class) {
                (m->name_count > other->name_count ? other : m)->class = SIZE_MAX;
            }
        }
    }
}

static member_t *find_class(hubs_t *hubs, size_t class)
{
    for (size_t i = 0; i < hubs->count; i++) {
        if (hubs->members[i].class == class) {
            return &hubs->members[i];
        }
    }
    return NULL;
}

/* One that is empty, or a new one. */
static member_t *take_member(hubs_t *hubs)
{
    for (size_t i = 0; i < hubs->count; i++) {
        member_t *m = &hubs->members[i];
        if (!m->names && m->class == SIZE_MAX) {
            return m;
        }
    }
    if (hubs->count == hubs->cap) {
        size_t cap = hubs->cap ? hubs->cap * 2 : 4;
        member_t *grown = realloc(hubs->members, cap * sizeof *grown);
        if (!grown) {
            return NULL;
        }
        hubs->members = grown;
        hubs->cap = cap;
    }
    hub_t *hub = NULL;
    if (hub_new_of(&hubs->options, hubs->totals, &hub)) {
        return NULL;
    }
    hub_on_news(hub, hubs->notify, hubs->notify_arg);
    member_t *m = &hubs->members[hubs->count++];
    *m = (member_t){.hub = hub, .class = SIZE_MAX};
    return m;
}

static err_t copy_names(member_t *m, const slice_t *names, size_t count)
{
    char **kept = calloc(count + 1, sizeof *kept);
    for (size_t i = 0; kept && i < count; i++) {
        kept[i] = strndup(names[i].ptr, names[i].len);
        if (!kept[i]) {
            free_names(kept, i);
            return ERR_NOMEM;
        }
    }
    m->next_names = kept;
    m->next_name_count = count;
    return kept ? ERR_OK : ERR_NOMEM;
}

/* ---- publication ---- */

static void add_report(hub_publication_t *to, const hub_publication_t *p)
{
    to->changed += p->changed;
    to->patch_bytes += p->patch_bytes;
    to->trees_us += p->trees_us;
    to->patch_us += p->patch_us;
    to->refused += p->refused;
}

/* Every class that somebody has gets a hub. */
static err_t assign_classes(hubs_t *hubs, snapshot_t *snapshot)
{
    for (size_t i = 0; i < snapshot_class_count(snapshot); i++) {
        size_t count = 0;
        (void)snapshot_class_names(snapshot, i, &count);
        member_t *m = count ? find_class(hubs, i) : NULL;
        if (!count || m) {
            continue; /* what nobody has is followed by nobody */
        }
        m = take_member(hubs);
        if (!m) {
            return ERR_NOMEM;
        }
        m->class = i;
    }
    return ERR_OK;
}

static err_t prepare(member_t *m, snapshot_t *snapshot, const hub_prepared_t *like,
                     hub_publication_t *report)
{
    size_t count = 0;
    const slice_t *names = snapshot_class_names(snapshot, m->class, &count);
    hub_publication_t part;
    err_t err = copy_names(m, names, count);
    err = err ? err
              : hub_prepare(m->hub, snapshot, snapshot_class_view(snapshot, m->class), like, &part,
                            &m->prepared);
    if (!err) {
        add_report(report, &part);
    }
    return err;
}

static void take_names(member_t *m)
{
    free_names(m->names, m->name_count);
    m->names = m->next_names;
    m->name_count = m->names ? m->next_name_count : 0;
    m->next_names = NULL;
}

static void finish(member_t *m, snapshot_t *snapshot, bool failed)
{
    if (m->prepared && failed) {
        hub_abandon(m->prepared);
    } else if (m->prepared) {
        hub_commit(m->prepared);
        snapshot_class_view(snapshot, m->class)->hub = m->hub;
        take_names(m);
    }
    free_names(m->next_names, m->next_name_count);
    m->prepared = NULL;
    m->next_names = NULL;
}

err_t hubs_publish(hubs_t *hubs, snapshot_t *snapshot, hub_publication_t *report)
{
    *report = (hub_publication_t){0};
    size_t classes = 0;
    (void)pthread_mutex_lock(&hubs->lock);
    for (size_t i = 0; i < hubs->count; i++) {
        hubs->members[i].class = SIZE_MAX;
        if (hubs->members[i].names) {
            take_class(&hubs->members[i], snapshot);
        }
    }
    keep_greatest(hubs);
    err_t err = assign_classes(hubs, snapshot);
    /* Views have most in common. */
    const hub_prepared_t *first = NULL;
    /* Always in the same order: each holds a lock until it is finished. */
    for (size_t i = 0; i < hubs->count && !err; i++) {
        if (hubs->members[i].class != SIZE_MAX) {
            err = prepare(&hubs->members[i], snapshot, first, report);
            first = first ? first : hubs->members[i].prepared;
            classes++;
        }
    }
    for (size_t i = 0; i < hubs->count; i++) {
        finish(&hubs->members[i], snapshot, err != ERR_OK);
    }
    for (size_t i = 0; i < hubs->count && !err; i++) {
        member_t *m = &hubs->members[i];
        if (m->class == SIZE_MAX && m->names) {
            hub_retire(m->hub);
            take_names(m);
        }
    }
    if (!err) {
        atomic_store_explicit(&hubs->totals->classes, classes, memory_order_relaxed);
    }
    (void)pthread_mutex_unlock(&hubs->lock);
    return err;
}

void hubs_tell_news(hubs_t *hubs)
{
    if (hubs->notify) {
        hubs->notify(hubs->notify_arg);
    }
}

/* ---- all of them ---- */

/* Hubs stay; the table is not held while they are called. False: behind the last. */
static bool hub_at(hubs_t *hubs, size_t i, hub_t **hub, bool *has_class)
{
    (void)pthread_mutex_lock(&hubs->lock);
    bool there = i < hubs->count;
    *hub = there ? hubs->members[i].hub : NULL;
    *has_class = there && hubs->members[i].names;
    (void)pthread_mutex_unlock(&hubs->lock);
    return there;
}

void hubs_catch_up(hubs_t *hubs, bool (*should_stop)(void *arg), void *arg)
{
    hub_t *hub;
    bool has_class;
    for (size_t i = 0; !should_stop(arg) && hub_at(hubs, i, &hub, &has_class); i++) {
        if (has_class) {
            hub_catch_up(hub, should_stop, arg);
        }
    }
}

void hubs_tick(hubs_t *hubs, uint64_t now_ms)
{
    hub_t *hub;
    bool has_class;
    for (size_t i = 0; hub_at(hubs, i, &hub, &has_class); i++) {
        hub_tick(hub, now_ms);
    }
}

void hubs_each(hubs_t *hubs, void (*call)(void *arg, hub_t *hub), void *arg)
{
    hub_t *hub;
    bool has_class;
    for (size_t i = 0; hub_at(hubs, i, &hub, &has_class); i++) {
        if (has_class) {
            call(arg, hub);
        }
    }
}

void hubs_read_counters(hubs_t *hubs, hub_counters_t *out)
{
    *out = (hub_counters_t){0};
    hub_t *hub;
    bool has_class;
    for (size_t i = 0; hub_at(hubs, i, &hub, &has_class); i++) {
        hub_counters_t c;
        hub_read_counters(hub, &c);
        /* Nothing but numbers of one kind. */
        const uint64_t *from = (const uint64_t *)(const void *)&c;
        uint64_t *to = (uint64_t *)(void *)out;
        for (size_t k = 0; k < sizeof c / sizeof *from; k++) {
            to[k] += from[k];
        }
    }
}
