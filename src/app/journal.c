#include "journal.h"

#include "footprintd/log/log.h"

#include <stdlib.h>
#include <time.h>

struct journal {
    const config_t *config;
    store_history_t *history;
    char *aside; /* NULL: no history had to be moved away */
};

uint64_t journal_now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

store_history_t *journal_history(journal_t *j)
{
    return j->history;
}

const char *journal_aside(const journal_t *j)
{
    return j->aside ? j->aside : "";
}

const char *journal_directory(const journal_t *j)
{
    return j->config->footprints.ptr;
}

static void log_why(log_level_t level, const char *what, err_t err, const buf_t *why)
{
    slice_t reason = why->len ? buf_slice(why) : slice_str(err_text(err));
    log_line(level, "history", "%s: %.*s", what, SLICE_ARG(reason));
}

/* ---- opening ---- */

static err_t set_aside(const config_t *config, char **aside, buf_t *why)
{
    buf_t moved = BUF_INIT;
    buf_clear(why);
    err_t err = store_history_set_aside(config->state.ptr, journal_now_ms(), &moved, why);
    if (!err) {
        log_line(LOG_LEVEL_ERROR, "history", "it was moved to %.*s; a new one begins",
                 SLICE_ARG(buf_slice(&moved)));
        slice_t name = store_document_name(buf_slice(&moved));
        free(*aside);
        *aside = strndup(name.ptr, name.len);
        buf_clear(why);
    }
    buf_release(&moved);
    return err;
}

static err_t open_history(const config_t *config, store_history_t **out, char **aside)
{
    const store_history_options_t options = {.keep = config->history_keep, .keep_audit = 100000};
    buf_t why = BUF_INIT;
    err_t err = ERR_OK;
    if (store_history_is_cut(config->state.ptr)) {
        log_line(LOG_LEVEL_ERROR, "history", "the history is damaged: its file is empty");
        err = set_aside(config, aside, &why);
    }
    err = err ? err : store_history_open(config->state.ptr, &options, out, &why);
    if (err == ERR_DATA) {
        log_why(LOG_LEVEL_ERROR, "the history is damaged", err, &why);
        err = set_aside(config, aside, &why);
        err = err ? err : store_history_open(config->state.ptr, &options, out, &why);
    }
    if (err) {
        log_why(LOG_LEVEL_ERROR, "the history cannot be used", err, &why);
    }
    buf_release(&why);
    return err;
}

/* What became of the files of an edit that was committed when the process ended. */
static void recover(journal_t *j)
{
    buf_t why = BUF_INIT;
    arena_t arena;
    store_settlements_t settled = {0};
    arena_init(&arena, 0);
    err_t err = store_edit_recover(j->history, journal_directory(j), &arena, &settled, &why);
    if (err) {
        log_why(LOG_LEVEL_ERROR, "interrupted edits cannot be finished", err, &why);
    }
    for (size_t i = 0; i < settled.count && !err; i++) {
        const store_settlement_t *s = &settled.items[i];
        bool done = s->settled == STORE_SETTLED_DONE;
        log_line(done ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "history", "%.*s: %s%s%.*s",
                 SLICE_ARG(s->file),
                 done ? "an edit that was interrupted is finished" : "an edit was interrupted",
                 s->why.len ? "; " : "", SLICE_ARG(s->why));
    }
    arena_release(&arena);
    buf_release(&why);
}

err_t journal_open(const config_t *config, journal_t **out)
{
    *out = NULL;
    if (!config->state.len) {
        return ERR_OK;
    }
    journal_t *j = calloc(1, sizeof *j);
    if (!j) {
        return ERR_NOMEM;
    }
    j->config = config;
    err_t err = open_history(config, &j->history, &j->aside);
    if (err) {
        free(j->aside);
        free(j);
        return err;
    }
    recover(j);
    *out = j;
    return ERR_OK;
}

void journal_close(journal_t *j)
{
    if (j) {
        store_history_close(j->history);
        free(j->aside);
        free(j);
    }
}

/* ---- recording ---- */

const store_vtag_t *journal_vtags(const snapshot_t *snapshot, arena_t *arena, size_t *count)
{
    const view_t *view = snapshot_view_public(snapshot);
    store_vtag_t *vtags = arena_array(arena, view->count + 1, sizeof *vtags);
    size_t n = 0;
    for (size_t i = 0; vtags && i < view->count; i++) {
        const resource_t *r = &view->resources[i];
        if (r->document && r->kind->tree) {
            vtags[n++] = (store_vtag_t){r->id, slice_str(r->document->tag)};
        }
    }
    *count = n;
    return vtags;
}

err_t journal_record_texts(journal_t *j, store_kind_t kind, slice_t message,
                           const store_text_t *texts, size_t count, const snapshot_t *snapshot,
                           uint64_t *number)
{
    arena_t arena;
    buf_t why = BUF_INIT;
    store_appended_t appended = {.number = 0};
    size_t vtag_count = 0;
    arena_init(&arena, 0);
    const store_vtag_t *vtags = journal_vtags(snapshot, &arena, &vtag_count);
    const store_change_t change = {.time_ms = journal_now_ms(),
                                   .kind = kind,
                                   .author = SLICE_LIT(""),
                                   .message = message,
                                   .documents = texts,
                                   .document_count = count,
                                   .vtags = vtags,
                                   .vtag_count = vtag_count};
    err_t err = vtags ? store_history_append(j->history, &change, &appended, &why) : ERR_NOMEM;
    if (err) {
        log_why(LOG_LEVEL_ERROR, "the documents cannot be recorded", err, &why);
    }
    *number = appended.number;
    arena_release(&arena);
    buf_release(&why);
    return err;
}

err_t journal_record(journal_t *j, store_kind_t kind, const store_documents_t *documents,
                     const snapshot_t *snapshot, uint64_t *number)
{
    store_text_t *texts = calloc(documents->count + 1, sizeof *texts);
    for (size_t i = 0; texts && i < documents->count; i++) {
        texts[i] = journal_text(&documents->items[i]);
    }
    err_t err = texts ? journal_record_texts(j, kind, SLICE_LIT(""), texts, documents->count,
                                             snapshot, number)
                      : ERR_NOMEM;
    free(texts);
    return err;
}
