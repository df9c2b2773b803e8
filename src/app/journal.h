/*
 * The journal: the history (store/history.h) as the server uses it. What is published is recorded
 * before it is shown to anybody.
 */
#ifndef FPD_APP_JOURNAL_H
#define FPD_APP_JOURNAL_H

#include "footprintd/config/config.h"
#include "footprintd/snapshot/snapshot.h"
#include "footprintd/store/directory.h"
#include "footprintd/store/edit.h"

typedef struct journal journal_t;

/*
 * Opens the history in the configured state directory; *out is NULL when there is none. A damaged
 * one is set aside; edits that a crash interrupted are finished. The log says so, and why there is
 * none on failure.
 */
err_t journal_open(const config_t *config, journal_t **out) FPD_MUST_CHECK;
/* NULL is fine. */
void journal_close(journal_t *j);

/* Any thread may read it, and write to its audit log. */
store_history_t *journal_history(journal_t *j);
/* The file in the state directory that a damaged history was moved to at the start; "" without. */
const char *journal_aside(const journal_t *j);
/* The directory of documents. */
const char *journal_directory(const journal_t *j);

/*
 * Records what was read from the directory; *number is the generation that now has it, which may be
 * the one before. The log says why not.
 */
err_t journal_record(journal_t *j, store_kind_t kind, const store_documents_t *documents,
                     const snapshot_t *snapshot, uint64_t *number) FPD_MUST_CHECK;

/* A document that could be read, borrowed. */
static inline store_text_t journal_text(const store_document_t *d)
{
    return (store_text_t){
        .name = d->file, .bytes = d->bytes, .digest = d->digest, .hashed = d->bytes.ptr != NULL};
}

/* The same for texts, with what the history says of them. */
err_t journal_record_texts(journal_t *j, store_kind_t kind, slice_t message,
                           const store_text_t *texts, size_t count, const snapshot_t *snapshot,
                           uint64_t *number) FPD_MUST_CHECK;

/* The tags of all resources of a snapshot, in the arena; NULL on no memory. */
const store_vtag_t *journal_vtags(const snapshot_t *snapshot, arena_t *arena, size_t *count);
/* Milliseconds since the epoch. */
uint64_t journal_now_ms(void);

#endif
