#include "builder_private.h"

#include "footprintd/base/time.h"
#include "footprintd/log/log.h"

static void fail(builder_commit_t *c, commit_verdict_t verdict, err_t err)
{
    c->verdict = verdict;
    if (!c->why.len) {
        buf_append_str(&c->why, err_text(err));
    }
}

/* Whether it may go on: the set is good, and not too much of a change. */
static bool is_acceptable(builder_commit_t *c)
{
    const proposal_t *p = &c->proposal;
    if (!p->snapshot) {
        c->verdict = COMMIT_REFUSED;
    } else if (!c->confirmed && p->difference->guard.asks) {
        c->verdict = COMMIT_ASKS;
    } else {
        return true;
    }
    return false;
}

static void log_settled(const store_settlements_t *settled)
{
    for (size_t i = 0; i < settled->count; i++) {
        const store_settlement_t *s = &settled->items[i];
        if (s->settled != STORE_SETTLED_DONE) {
            log_listed(LOG_LEVEL_WARNING, "history", "%.*s: %.*s", SLICE_ARG(s->file),
                       SLICE_ARG(s->why));
        }
    }
}

/* The history has it; then nothing can fail any more but want of memory. */
static err_t write_down(builder_t *b, builder_commit_t *c, store_edit_t *edit)
{
    proposal_t *p = &c->proposal;
    size_t vtag_count = 0;
    const store_vtag_t *vtags = journal_vtags(p->snapshot, &p->arena, &vtag_count);
    const store_audit_t audit = {.time_ms = journal_now_ms(),
                                 .who = c->author,
                                 .what = slice_str(store_kind_names[c->kind]),
                                 .outcome = SLICE_LIT("done")};
    const store_held_t *undo = NULL;
    err_t err = held_undo_of(c, &undo);
    if (err || !vtags) {
        return ERR_NOMEM;
    }
    const store_change_t change = {.base = c->base,
                                   .restores = c->restores,
                                   .time_ms = audit.time_ms,
                                   .kind = c->kind,
                                   .author = c->author,
                                   .message = c->message,
                                   .documents = p->texts,
                                   .document_count = p->text_count,
                                   .vtags = vtags,
                                   .vtag_count = vtag_count,
                                   .audit = &audit,
                                   .held = c->held,
                                   .hold = undo};
    store_appended_t appended = {.number = 0};
    err = store_edit_commit(edit, journal_history(b->journal), &change, &p->arena, &appended,
                            &c->settled, &c->why);
    if (!err) {
        c->number = appended.number;
        c->held_id = appended.held;
        c->verdict = appended.outcome == STORE_SAME ? COMMIT_SAME : COMMIT_DONE;
    }
    return err;
}

/* What the history has is done: its readers do not wait for the files. */
static void settle(builder_t *b, builder_commit_t *c, store_edit_t *edit)
{
    store_edit_settle(edit, journal_history(b->journal), &c->proposal.arena, &c->settled);
    log_settled(&c->settled);
    pending_note(b->pending, &c->settled);
}

static commit_verdict_t verdict_of(err_t err)
{
    switch (err) {
    case ERR_NOT_NOW:
        return COMMIT_CONFLICT;
    case ERR_RANGE: /* a link, or a directory that is managed elsewhere */
        return COMMIT_UNWRITABLE;
    case ERR_LIMIT:
        return COMMIT_FULL;
    case ERR_NOT_FOUND: /* the held change was dropped */
        return COMMIT_CONFLICT;
    default:
        return COMMIT_FAILED;
    }
}

static void publish(builder_t *b, builder_commit_t *c)
{
    proposal_t *p = &c->proposal;
    digest_t digest;
    err_t err = build_digest(p->texts, p->text_count, &digest);
    hub_publication_t publication;
    figures_part(b, BUILD_RECORD);
    err = err ? err : hubs_publish(b->hubs, p->snapshot, &publication);
    figures_part(b, BUILD_CHANGES);
    if (err) {
        /* It is durable all the same: the directory has it, and the next look publishes it. */
        log_listed(LOG_LEVEL_ERROR, "build", "generation %llu is recorded and not served yet: %s",
                   (unsigned long long)c->number, err_text(err));
        builder_look(b);
        return;
    }
    snapshot_t *previous = build_publish(b, snapshot_ref(p->snapshot), c->number, &digest, true);
    log_listed(LOG_LEVEL_INFO, "build", "generation %llu: %s by %.*s",
               (unsigned long long)c->number, store_kind_names[c->kind], SLICE_ARG(c->author));
    build_log_versions(c->number, &publication);
    build_log_difference(c->number, p->difference);
    if (previous) {
        snapshot_unref(previous);
    }
}

static err_t propose(builder_t *b, builder_commit_t *c)
{
    c->proposal.ucdns = b->ucdns;
    figures_start(b);
    err_t err = proposal_make(&c->proposal, b->config, b->current, b->generation + 1, &c->wish,
                              &c->why);
    figures_part(b, BUILD_SNAPSHOT);
    return err;
}

/* So often somebody may save while what was saved before is being recorded. */
#define SAVES 10

/*
 * What somebody saved and nobody has looked at yet is a generation of its own, before the change:
 * it is not its author's, a text that the change replaces is in the history, and `base` is another.
 * What is refused has no generation; the change may be what mends it.
 */
static err_t propose_on_saved(builder_t *b, builder_commit_t *c)
{
    err_t err = propose(b, c);
    for (int i = 0; i < SAVES && !err && build_is_news(b, &c->proposal.documents); i++) {
        err = build_directory(b, true);
        if (err && err != ERR_DATA) {
            buf_append_str(&c->why, "what was saved in the directory cannot be recorded");
            return err;
        }
        proposal_release(&c->proposal);
        proposal_init(&c->proposal, b->config);
        err = propose(b, c);
    }
    if (!err && build_is_news(b, &c->proposal.documents)) {
        buf_append_str(&c->why, "the documents are being saved all the time");
        err = ERR_NOT_NOW;
    }
    return err;
}

/* A file has one edit at a time: an intent for it is in the history still. */
static bool meets_pending(builder_t *b, builder_commit_t *c)
{
    const proposal_t *p = &c->proposal;
    for (size_t i = 0; i < p->edit_count; i++) {
        if (pending_has(b->pending, p->edits[i].name, &c->why)) {
            c->verdict = COMMIT_PENDING;
            return true;
        }
    }
    return false;
}

void commit_run(builder_t *b, builder_commit_t *c)
{
    proposal_t *p = &c->proposal;
    store_edit_t *edit = NULL;
    if (!b->journal) {
        buf_append_str(&c->why, "there is no state directory: documents are changed as files only");
        c->verdict = COMMIT_UNWRITABLE;
        return;
    }
    if (!proposal_names_check(c->wish.changes, c->wish.count, &c->why)) {
        c->verdict = COMMIT_BAD_NAME;
        return;
    }
    /* What the directory has is older than what is served: a set made of it would take that back.
     */
    (void)pending_try(b->pending, true);
    if (pending_holds(b->pending, &c->why)) {
        c->verdict = COMMIT_PENDING;
        return;
    }
    err_t err = propose_on_saved(b, c);
    if (err) {
        fail(c,
             err == ERR_IO      ? COMMIT_UNREADABLE
             : err == ERR_RANGE ? COMMIT_BAD_NAME
                                : verdict_of(err),
             err);
        return;
    }
    if (!is_acceptable(c) || meets_pending(b, c)) {
        return;
    }
    err = store_edit_prepare(journal_directory(b->journal), p->edits, p->edit_count, &edit,
                             &c->why);
    bool wait = c->not_before > moment_now();
    if (!err) {
        err = wait ? held_keep(b, c) : write_down(b, c, edit);
    }
    if (err) {
        fail(c, verdict_of(err), err);
    } else if (!wait) {
        if (c->verdict == COMMIT_DONE) {
            publish(b, c);
        }
        settle(b, c, edit);
    }
    store_edit_free(edit);
    held_look(b);
}
