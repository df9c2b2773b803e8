#include "builder_private.h"

#include "footprintd/base/time.h"
#include "footprintd/log/log.h"

#include <stdio.h>
#include <time.h>

/* When the system refuses: a full disk, a history that cannot be read. */
#define RETRY_MS 10000

static void log_trouble(const char *what, err_t err, const buf_t *why)
{
    log_listed(LOG_LEVEL_ERROR, "held", "%s: %.*s", what,
               SLICE_ARG(why->len ? buf_slice(why) : slice_str(err_text(err))));
}

/* ---- when ---- */

void held_look(builder_t *b)
{
    buf_t why = BUF_INIT;
    b->held_due = INT64_MAX;
    err_t err = b->journal ? store_held_next(journal_history(b->journal), &b->held_due, &why)
                           : ERR_OK;
    if (err) {
        log_trouble("held changes cannot be read", err, &why);
        b->held_due = INT64_MIN;
        b->held_retry_ms = (int64_t)monotonic_ms() + RETRY_MS;
    }
    buf_release(&why);
}

bool held_is_due(const builder_t *b)
{
    return moment_now() >= b->held_due && (int64_t)monotonic_ms() >= b->held_retry_ms;
}

int64_t held_patience(const builder_t *b, int64_t most_ms)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    int64_t now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, left = 0;
    if (now.tv_sec >= b->held_due) {
        left = b->held_retry_ms - (int64_t)monotonic_ms();
    } else if (b->held_due - now.tv_sec > most_ms / 1000) {
        return most_ms;
    } else {
        left = b->held_due * 1000 - now_ms;
    }
    return left < 0 ? 0 : left < most_ms ? left : most_ms;
}

/* ---- keeping ---- */

/* What a change does to one file, or what takes that back. */
static store_edit_change_t change_of(const proposal_t *p, const store_edit_change_t *edit,
                                     const store_hash_t *after, bool undo)
{
    store_edit_change_t made = *edit;
    made.stamp = NULL;
    if (undo) {
        slice_t before = proposal_bytes(p, edit->name);
        made.before = *after;
        made.remove = !edit->before.present;
        made.bytes = made.remove ? slice_of(NULL, 0) : before;
        made.hashed = false;
    }
    return made;
}

/* Only files that it changes: others may change freely. */
static err_t fill(builder_commit_t *c, bool undo, store_held_t *held)
{
    proposal_t *p = &c->proposal;
    store_edit_change_t *made = arena_array(&p->arena, p->edit_count + 1, sizeof *made);
    err_t err = made ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < p->edit_count && !err; i++) {
        const store_edit_change_t *edit = &p->edits[i];
        store_hash_t after = {.present = false};
        err = edit->remove ? ERR_OK : store_edit_hash(edit->bytes, &after);
        if (!err && !store_hash_eq(&edit->before, &after)) {
            made[held->count++] = change_of(p, edit, &after, undo);
        }
    }
    held->changes = made;
    return err;
}

err_t held_keep(builder_t *b, builder_commit_t *c)
{
    store_held_t held = {.made_ms = journal_now_ms(),
                         .due = c->not_before,
                         .until = c->not_after ? c->not_after : INT64_MAX,
                         .confirmed = c->confirmed,
                         .author = c->author,
                         .message = c->message};
    const store_audit_t audit = {.time_ms = held.made_ms,
                                 .who = c->author,
                                 .what = slice_str(store_kind_names[c->kind]),
                                 .outcome = SLICE_LIT("held")};
    if (c->base && c->base != b->state.number) {
        buf_printf(&c->why, "the change was made from generation %llu, and the newest is now %llu",
                   (unsigned long long)c->base, (unsigned long long)b->state.number);
        return ERR_NOT_NOW;
    }
    err_t err = fill(c, false, &held);
    if (!err && !held.count) {
        c->verdict = COMMIT_SAME;
        c->number = b->state.number;
        return ERR_OK;
    }
    err = err ? err
              : store_held_add(journal_history(b->journal), &held, &audit, &c->held_id, &c->why);
    if (!err) {
        buf_t when = BUF_INIT;
        moment_write(held.due, &when);
        log_listed(LOG_LEVEL_INFO, "held", "change %llu by %.*s waits until %.*s",
                   (unsigned long long)c->held_id, SLICE_ARG(c->author),
                   SLICE_ARG(buf_slice(&when)));
        buf_release(&when);
        c->verdict = COMMIT_HELD;
    }
    return err;
}

err_t held_undo_of(builder_commit_t *c, const store_held_t **out)
{
    arena_t *arena = &c->proposal.arena;
    *out = NULL;
    if (!c->not_after) {
        return ERR_OK;
    }
    store_held_t *undo = arena_array(arena, 1, sizeof *undo);
    if (!undo) {
        return ERR_NOMEM;
    }
    /* It was agreed to when the change was: guard rails do not ask again. */
    *undo = (store_held_t){
        .made_ms = journal_now_ms(),
        .due = c->not_after,
        .until = INT64_MAX,
        .confirmed = true,
        .undoes = true,
        .author = c->author,
        .message = arena_printf(arena, "taken back: %.*s", SLICE_ARG(c->message))};
    err_t err = fill(c, true, undo);
    if (!err && undo->count) {
        *out = undo;
    }
    return err ? err : arena_failed(arena) ? ERR_NOMEM : ERR_OK;
}

/* ---- making ---- */

static const char *text_of(const builder_commit_t *c)
{
    switch (c->verdict) {
    case COMMIT_REFUSED:
        return "the documents would be refused";
    case COMMIT_ASKS:
        return "the change is greater than the guard rails allow";
    default:
        return "it could not be made";
    }
}

static void give_up(builder_t *b, const store_held_t *held, slice_t reason)
{
    buf_t why = BUF_INIT;
    const store_audit_t audit = {.time_ms = journal_now_ms(),
                                 .who = held->author,
                                 .what = SLICE_LIT("held change"),
                                 .outcome = reason};
    err_t err = store_held_fail(journal_history(b->journal), held->id, reason, &audit, &why);
    if (err) {
        log_trouble("that a change could not be made cannot be recorded", err, &why);
        b->held_retry_ms = (int64_t)monotonic_ms() + RETRY_MS;
    }
    log_listed(LOG_LEVEL_ERROR, "held", "change %llu by %.*s is not made: %.*s",
               (unsigned long long)held->id, SLICE_ARG(held->author), SLICE_ARG(reason));
    buf_release(&why);
}

/* The reason with the first finding, since nobody is there to be told all. */
static void write_reason(const builder_commit_t *c, buf_t *out)
{
    buf_append_str(out, c->why.len ? "" : text_of(c));
    buf_append_slice(out, buf_slice(&c->why));
    for (size_t i = 0; i < c->proposal.findings.count && c->verdict == COMMIT_REFUSED; i++) {
        const finding_t *f = &c->proposal.findings.items[i];
        if (finding_infos[f->code].severity == SEVERITY_ERROR) {
            buf_append_str(out, ": ");
            finding_format(f, out);
            return;
        }
    }
}

static void conclude(builder_t *b, const store_held_t *held, const builder_commit_t *c)
{
    buf_t reason = BUF_INIT;
    switch (c->verdict) {
    case COMMIT_DONE:
    case COMMIT_SAME:
        log_listed(LOG_LEVEL_INFO, "held", "change %llu by %.*s is made: generation %llu",
                   (unsigned long long)held->id, SLICE_ARG(held->author),
                   (unsigned long long)c->number);
        break;
    case COMMIT_FAILED:
    case COMMIT_PENDING:
    case COMMIT_UNREADABLE:
    case COMMIT_FULL:
    case COMMIT_ENDING:
        log_trouble("a held change cannot be made now, and is tried again", ERR_IO, &c->why);
        b->held_retry_ms = (int64_t)monotonic_ms() + RETRY_MS;
        break;
    default:
        write_reason(c, &reason);
        give_up(b, held, buf_slice(&reason));
    }
    buf_release(&reason);
}

static void make(builder_t *b, const store_held_t *held, arena_t *arena)
{
    proposal_change_t *changes = arena_array(arena, held->count + 1, sizeof *changes);
    if (!changes) {
        b->held_retry_ms = (int64_t)monotonic_ms() + RETRY_MS;
        return;
    }
    for (size_t i = 0; i < held->count; i++) {
        const store_edit_change_t *e = &held->changes[i];
        changes[i] = (proposal_change_t){.name = e->name,
                                         .text = e->bytes,
                                         .remove = e->remove,
                                         .expects = true,
                                         .before = e->before};
    }
    builder_commit_t c = {.wish = {.changes = changes, .count = held->count},
                          .kind = STORE_KIND_EDIT,
                          .author = held->author,
                          .message = held->message,
                          .confirmed = held->confirmed,
                          .not_after = held->until == INT64_MAX ? 0 : held->until,
                          .held = held->id,
                          .why = BUF_INIT};
    proposal_init(&c.proposal, b->config);
    commit_run(b, &c);
    conclude(b, held, &c);
    proposal_release(&c.proposal);
    buf_release(&c.why);
}

static void run_one(builder_t *b, uint64_t id)
{
    arena_t arena;
    buf_t why = BUF_INIT;
    store_held_t held;
    arena_init(&arena, 0);
    err_t err = store_held_find(journal_history(b->journal), id, &arena, &held, &why);
    if (err && err != ERR_NOT_FOUND) {
        log_trouble("a held change cannot be read", err, &why);
        b->held_retry_ms = (int64_t)monotonic_ms() + RETRY_MS;
    } else if (!err && held.until <= moment_now()) {
        give_up(b, &held, SLICE_LIT("its time has passed"));
    } else if (!err) {
        make(b, &held, &arena);
    }
    buf_release(&why);
    arena_release(&arena);
}

void held_run(builder_t *b)
{
    arena_t arena;
    buf_t why = BUF_INIT;
    store_held_list_t list = {NULL, 0};
    arena_init(&arena, 0);
    err_t err = b->journal ? store_held_list(journal_history(b->journal), &arena, &list, &why)
                           : ERR_OK;
    if (err) {
        log_trouble("held changes cannot be read", err, &why);
        b->held_retry_ms = (int64_t)monotonic_ms() + RETRY_MS;
    }
    for (size_t i = 0; i < list.count && (int64_t)monotonic_ms() >= b->held_retry_ms; i++) {
        if (!list.items[i].failure.len && list.items[i].due <= moment_now()) {
            run_one(b, list.items[i].id);
        }
    }
    held_look(b);
    buf_release(&why);
    arena_release(&arena);
}
