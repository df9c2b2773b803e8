#include "pending.h"

#include "footprintd/base/json.h"
#include "footprintd/log/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define FIRST_S 1
#define MOST_S  60

struct pending {
    journal_t *journal;
    uint64_t due; /* ms of the monotonic clock; 0: nothing is pending */
    uint64_t wait_s;
    bool holds;

    pthread_mutex_t lock; /* of what follows */
    arena_t arena;
    store_settlement_t *items;
    size_t count;
};

static uint64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static const store_settlement_t *find(const pending_t *p, slice_t file)
{
    for (size_t i = 0; i < p->count; i++) {
        if (slice_eq(p->items[i].file, file)) {
            return &p->items[i];
        }
    }
    return NULL;
}

/* ---- the list ---- */

typedef struct pending_list {
    arena_t arena;
    store_settlement_t *items;
    size_t count;
} pending_list_t;

static void list_add(pending_list_t *list, const store_settlement_t *s)
{
    store_settlement_t *item = &list->items[list->count++];
    *item = (store_settlement_t){.file = arena_copy(&list->arena, s->file),
                                 .settled = STORE_SETTLED_PENDING,
                                 .why = arena_copy(&list->arena, s->why)};
}

/* Of what is pending in `settled`, and with `others` of what was so before. */
static void replace(pending_t *p, const store_settlements_t *settled, bool others)
{
    pending_list_t list = {.count = 0};
    arena_init(&list.arena, 0);
    list.items = arena_array(&list.arena, settled->count + p->count + 1, sizeof *list.items);
    for (size_t i = 0; list.items && i < settled->count; i++) {
        if (settled->items[i].settled == STORE_SETTLED_PENDING) {
            list_add(&list, &settled->items[i]);
        }
    }
    for (size_t i = 0; list.items && others && i < p->count; i++) {
        list_add(&list, &p->items[i]);
    }
    if (arena_failed(&list.arena)) {
        arena_release(
            &list.arena); /* what was told before stays, and is tried again all the same */
        return;
    }
    pthread_mutex_lock(&p->lock);
    arena_t before = p->arena;
    p->arena = list.arena;
    p->items = list.items;
    p->count = list.count;
    pthread_mutex_unlock(&p->lock);
    arena_release(&before);
}

static void set_due(pending_t *p, uint64_t wait_s)
{
    p->wait_s = wait_s < MOST_S ? wait_s : MOST_S;
    p->due = now_ms() + p->wait_s * 1000;
}

/* ---- beginning ---- */

/* What is left of earlier processes: journal_open could not finish it. */
static void read_left(pending_t *p)
{
    store_intents_t intents;
    arena_t arena;
    buf_t why = BUF_INIT;
    arena_init(&arena, 0);
    err_t err = store_history_intents(journal_history(p->journal), &arena, &intents, &why);
    store_settlement_t *items = err ? NULL : arena_array(&arena, intents.count + 1, sizeof *items);
    for (size_t i = 0; items && i < intents.count; i++) {
        items[i] = (store_settlement_t){intents.items[i].file, STORE_SETTLED_PENDING,
                                        SLICE_LIT("could not be written")};
    }
    if (items && intents.count) {
        const store_settlements_t left = {.items = items, .count = intents.count};
        replace(p, &left, false);
        set_due(p, FIRST_S);
    }
    arena_release(&arena);
    buf_release(&why);
}

err_t pending_new(journal_t *journal, pending_t **out)
{
    pending_t *p = calloc(1, sizeof *p);
    if (!p) {
        return ERR_NOMEM;
    }
    p->journal = journal;
    pthread_mutex_init(&p->lock, NULL);
    arena_init(&p->arena, 0);
    if (journal) {
        read_left(p);
    }
    *out = p;
    return ERR_OK;
}

void pending_free(pending_t *p)
{
    if (p) {
        arena_release(&p->arena);
        pthread_mutex_destroy(&p->lock);
        free(p);
    }
}

/* ---- the builder's thread ---- */

void pending_note(pending_t *p, const store_settlements_t *settled)
{
    if (settled->pending) {
        replace(p, settled, true);
        set_due(p, FIRST_S);
        p->holds = true;
    }
}

uint64_t pending_wait_s(const pending_t *p, uint64_t most)
{
    if (!p->due) {
        return most;
    }
    uint64_t now = now_ms();
    uint64_t wait = p->due > now ? (p->due - now + 999) / 1000 : 0;
    return wait < most ? wait : most;
}

/* Once for each reason, however often it is tried. */
static void log_attempt(const pending_t *p, const store_settlement_t *s)
{
    const store_settlement_t *before = find(p, s->file);
    if (s->settled == STORE_SETTLED_DONE) {
        log_line(LOG_LEVEL_INFO, "history", "%.*s: the edit that was pending is written",
                 SLICE_ARG(s->file));
    } else if (s->settled == STORE_SETTLED_KEPT || !before || !slice_eq(before->why, s->why)) {
        log_line(LOG_LEVEL_WARNING, "history", "%.*s: %.*s", SLICE_ARG(s->file), SLICE_ARG(s->why));
    }
}

/* The directory itself may be gone: that is why, of every file. */
static void tell_all(pending_t *p, const buf_t *why)
{
    pthread_mutex_lock(&p->lock);
    slice_t copy = arena_copy(&p->arena, buf_slice(why));
    bool news = copy.ptr && p->count && !slice_eq(p->items[0].why, copy);
    for (size_t i = 0; news && i < p->count; i++) {
        p->items[i].why = copy;
    }
    pthread_mutex_unlock(&p->lock);
    if (news) {
        log_line(LOG_LEVEL_WARNING, "history", "pending edits cannot be written: %.*s",
                 SLICE_ARG(buf_slice(why)));
    }
}

bool pending_try(pending_t *p, bool at_once)
{
    if (!p->due || (!at_once && p->due > now_ms())) {
        return false;
    }
    store_settlements_t settled = {0};
    arena_t arena;
    buf_t why = BUF_INIT;
    arena_init(&arena, 0);
    err_t err = store_edit_recover(journal_history(p->journal), journal_directory(p->journal),
                                   &arena, &settled, &why);
    for (size_t i = 0; i < settled.count && !err; i++) {
        log_attempt(p, &settled.items[i]);
    }
    if (err) {
        tell_all(p, &why);
    } else {
        replace(p, &settled, false);
    }
    if (err || settled.pending) {
        set_due(p, p->wait_s * 2);
    } else {
        p->due = 0;
        p->holds = false;
    }
    bool some = !err && (!settled.pending || settled.pending < settled.count);
    arena_release(&arena);
    buf_release(&why);
    return some;
}

static void write_why(const store_settlement_t *s, buf_t *why)
{
    buf_append_str(why, "an earlier edit is not written to its file yet");
    if (s) {
        buf_printf(why, ": %.*s %.*s", SLICE_ARG(s->file), SLICE_ARG(s->why));
    }
}

bool pending_has(pending_t *p, slice_t file, buf_t *why)
{
    const store_settlement_t *s = find(p, file); /* of this thread alone to change */
    if (s) {
        write_why(s, why);
    }
    return s != NULL;
}

bool pending_holds(pending_t *p, buf_t *why)
{
    if (p->holds && why) {
        write_why(p->count ? &p->items[0] : NULL, why);
    }
    return p->holds;
}

void pending_let_go(pending_t *p)
{
    p->holds = false;
}

void pending_write_json(pending_t *p, buf_t *out)
{
    pthread_mutex_lock(&p->lock);
    buf_append_char(out, '[');
    for (size_t i = 0; i < p->count; i++) {
        buf_append_str(out, i ? ",{\"document\":" : "{\"document\":");
        json_write_string(out, p->items[i].file);
        buf_append_str(out, ",\"why\":");
        json_write_string(out, p->items[i].why);
        buf_append_char(out, '}');
    }
    buf_append_char(out, ']');
    pthread_mutex_unlock(&p->lock);
}

size_t pending_count(pending_t *p)
{
    pthread_mutex_lock(&p->lock);
    size_t count = p->count;
    pthread_mutex_unlock(&p->lock);
    return count;
}
