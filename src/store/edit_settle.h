/* One file whose intent is committed: made what the intent says, or left to whoever changed it. */
#ifndef FPD_STORE_EDIT_SETTLE_H
#define FPD_STORE_EDIT_SETTLE_H

#include "footprintd/store/edit.h"

#include <sys/stat.h>
#include <time.h>

/*
 * The intent's texts end in a NUL. When the file is still what it was before, the temporary must
 * hold what it is to be; a temporary that holds neither is a person's. Every step may be the last
 * before a crash: settling once more finds out how far it came. *why (a scratch buffer, emptied)
 * has the clause; the directory is not synced.
 */
store_settled_t edit_settle(int directory, const store_intent_t *intent, buf_t *why);

/* What the files of an intent were when it was made. */
typedef struct edit_made {
    store_stamp_t file;    /* before it was looked at; only of one that was present */
    struct stat temporary; /* only of one that was written */
} edit_made_t;

/*
 * The same right after the commit, by whoever has made the intent: what has not changed since is
 * not read again.
 */
store_settled_t edit_settle_made(int directory, const store_intent_t *intent,
                                 const edit_made_t *made, buf_t *why);

/*
 * After that: syncs the directory, and deletes the intents of what is not pending. What fails makes
 * items pending. *out gets the sums.
 */
void edit_settled(int directory, store_history_t *h, arena_t *arena, store_settlements_t *out);

#endif
