/*
 * Edits: a set of changes to the files of a directory of documents, made as one.
 *
 * The files are the operator's: people edit them at the same time, with other programs. What this
 * writes appears whole, by a rename of a temporary file in the same directory (a dot file, which
 * store_directory_read ignores), and never in the place of something else than it was meant for:
 * old and new change places in one step, what came out is looked at, and when a person changed it
 * at the last moment it is put back. Symbolic links are never followed: a file that is one is
 * managed elsewhere and refused.
 *
 * The history is the commit point. The order of an edit:
 *
 *     store_edit_prepare       names and files are checked, temporaries written and synced
 *     store_edit_commit        the generation and an intent for each file, in one transaction
 *     store_edit_settle        the files change places, the directory is synced, and the intents
 *                              are deleted
 *     store_edit_free          also after any failure: temporaries that were not needed go
 *
 * Until the transaction is durable nothing is changed, afterwards the edit is done, whenever the
 * process dies: store_edit_recover, at start-up and before documents are read, finishes it. So it
 * may be told to everybody before the files are settled.
 *
 * What is a system's refusal (a full disk, a directory that is read-only) shows in prepare, where a
 * failure has no consequence.
 */
#ifndef FOOTPRINTD_STORE_EDIT_H
#define FOOTPRINTD_STORE_EDIT_H

#include "footprintd/store/file.h"
#include "footprintd/store/history.h"

/* So that a temporary's name, which ends in the file's, is not too long for a file system. */
#define STORE_EDIT_NAME_MAX 200

typedef struct store_edit_change {
    slice_t name;        /* of the file, without its directory */
    store_hash_t before; /* what the file has to be now: what the change was made from */
    /* Of the file with that content, when it was read: it is not read again while it is the same;
     * NULL: it is not known. */
    const store_stamp_t *stamp;
    bool remove;
    slice_t bytes;   /* what it is to be, unless it is removed */
    digest_t digest; /* of bytes, when it is known */
    bool hashed;     /* it is */
} store_edit_change_t;

typedef struct store_edit store_edit_t;

typedef enum store_settled {
    STORE_SETTLED_DONE,    /* the file is what the edit says */
    STORE_SETTLED_KEPT,    /* a person changed it meanwhile: that was kept, and is not the edit */
    STORE_SETTLED_PENDING, /* the system refused: the intent stays, see store_edit_recover */
} store_settled_t;

typedef struct store_settlement {
    slice_t file;
    store_settled_t settled;
    slice_t why; /* a clause about the file; "" when done */
} store_settlement_t;

typedef struct store_settlements {
    store_settlement_t *items;
    size_t count;
    size_t kept;
    size_t pending;
} store_settlements_t;

/*
 * Whether a document may have this name: no '/' in it, no dot first, .yaml, .yml or .json last,
 * printable UTF-8, 1 to STORE_EDIT_NAME_MAX bytes; or a data file (model_data_name_valid). *why has
 * the reason as a clause.
 */
bool store_edit_name_check(slice_t name, buf_t *why);

/* What a file with these bytes is. */
err_t store_edit_hash(slice_t bytes, store_hash_t *out) FPD_MUST_CHECK;

/*
 * What the file is now. ERR_RANGE: it is no regular file; ERR_IO. *why as below.
 */
err_t store_edit_look(const char *directory, slice_t name, store_hash_t *out,
                      buf_t *why) FPD_MUST_CHECK;

/*
 * Checks and writes, but changes no document. A change to what a file already is is left out; an
 * edit without changes is fine. A new file gets the mode 0644 less the umask; one that is there
 * keeps its mode, and its owner where that is permitted.
 * ERR_RANGE: a name, a name that is there twice, what bears it is a symbolic link or else no
 * regular file, the directory is not ours to write: the documents are managed elsewhere;
 * ERR_NOT_NOW: a file is not what `before` says; ERR_IO: the system refuses, as when the disk is
 * full; ERR_NOMEM. *why is a sentence without full stop that names the file.
 */
err_t store_edit_prepare(const char *directory, const store_edit_change_t *changes, size_t count,
                         store_edit_t **out, buf_t *why) FPD_MUST_CHECK;

/*
 * Appends *change, with the intents of the edit in the place of its own.
 * ERR_OK: the generation is durable; *out (in the arena) has each changed file, which is pending.
 * Whatever else: nothing was changed, as store_history_append says. Call it once.
 */
err_t store_edit_commit(store_edit_t *e, store_history_t *h, const store_change_t *change,
                        arena_t *arena, store_appended_t *appended, store_settlements_t *out,
                        buf_t *why) FPD_MUST_CHECK;

/*
 * Once, after a commit, with its *settled: of each file it says what became of it (in the arena). A
 * file that was kept is for the next look at the directory; while one is pending, no edit of that
 * file commits until store_edit_recover could settle it.
 */
void store_edit_settle(store_edit_t *e, store_history_t *h, arena_t *arena,
                       store_settlements_t *settled);

/* NULL is fine. */
void store_edit_free(store_edit_t *e);

/*
 * Settles every intent that is left, and removes the temporaries of edits that were never
 * committed: at start-up, or later when something was pending; not between prepare and free of an
 * edit. ERR_OK also when some stay pending; ERR_IO: the directory cannot be read; else the
 * history's. *out lies in the arena.
 */
err_t store_edit_recover(store_history_t *h, const char *directory, arena_t *arena,
                         store_settlements_t *out, buf_t *why) FPD_MUST_CHECK;

/*
 * For tests: called before each step that changes the disk, with its name: "write", "commit",
 * "exchange", "look", "unlink", "settle". NULL: nothing.
 */
extern void (*store_edit_hook)(const char *step, slice_t file);

#endif
