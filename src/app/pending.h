/*
 * Edits that are committed and served, and whose files could not be written: the builder tries
 * again, first soon, then more and more rarely, until they are, or somebody else has changed them.
 *
 * As long as the directory has an older text than what is served, nothing is made of what it has:
 * that would take the edit back. What was pending when the server started is served as the
 * directory has it.
 */
#ifndef FPD_APP_PENDING_H
#define FPD_APP_PENDING_H

#include "journal.h"

typedef struct pending pending_t;

/* What the history knows to be pending; nothing ever is without a journal (NULL). */
err_t pending_new(journal_t *journal, pending_t **out) FPD_MUST_CHECK;
/* NULL is fine. */
void pending_free(pending_t *p);

/* ---- the builder's thread ---- */

/* What became of the files of an edit that was just committed. */
void pending_note(pending_t *p, const store_settlements_t *settled);
/* Seconds until the next attempt is due; `most` when there is none before. */
uint64_t pending_wait_s(const pending_t *p, uint64_t most);
/*
 * Tries again when it is time, or at once. True: files were written or found changed, so that the
 * directory is to be read.
 */
bool pending_try(pending_t *p, bool at_once);
/* Whether the directory has an older text than what is served; *why (may be NULL) is told. */
bool pending_holds(pending_t *p, buf_t *why);
/* Whether an edit of this file is pending; *why is told. */
bool pending_has(pending_t *p, slice_t file, buf_t *why);
/* The directory is served as it is, all the same. */
void pending_let_go(pending_t *p);

/* ---- any thread ---- */

/* Appends [{"document":"a.yaml","why":"cannot be replaced: ..."}]. */
void pending_write_json(pending_t *p, buf_t *out);
size_t pending_count(pending_t *p);

#endif
