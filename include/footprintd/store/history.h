/*
 * The history: every published generation of the documents, in an SQLite database `history.db` in
 * the directory `state`, with the intents that carry edits over a crash and the log of who did
 * what.
 *
 * What a function that writes has answered with ERR_OK is on the disk and survives kill -9 and a
 * loss of power; whatever else it answers, nothing was changed: a transaction is there whole or not
 * at all. A document's content is stored once however many generations have it, and a generation
 * costs what it changed, not the size of the set.
 *
 * The one exception: when the disk refuses the very sync of a commit, and then also to have the log
 * cut, and the process ends, the next opening may find what was answered with ERR_IO; and then
 * whole.
 *
 * Generations are numbered upwards and form one line: a rollback is a new generation with the
 * documents of an old one. Time is what the caller says and decides nothing, so that a clock may
 * jump back.
 *
 * One server at a time has a state directory: its lock lies in the file `lock` beside the database
 * and goes with the process. Any thread may call; calls wait for each other, and one that writes
 * takes as long as the disk does: never call from a thread that serves.
 *
 * Whoever fails says in *why, a clause for people without a final full stop, what is wrong:
 *   ERR_IO       the system refused: the disk is full or broken, the directory is not ours to write
 *   ERR_DATA     the database is damaged, or is no history of footprintd
 *   ERR_RANGE    an argument is not permitted; or, at opening, the database is of a newer version
 *   ERR_NOT_NOW  somebody else has it; or the history is not where the caller thought it is
 *   ERR_LIMIT    SQLite's limit of a gigabyte for one text
 *   ERR_NOMEM    (*why may be empty)
 */
#ifndef FOOTPRINTD_STORE_HISTORY_H
#define FOOTPRINTD_STORE_HISTORY_H

#include "footprintd/base/arena.h"
#include "footprintd/base/hash.h"

#define STORE_HISTORY_FILE "history.db"
#define STORE_LOCK_FILE    "lock"
#define STORE_AUTHOR_MAX   256   /* bytes */
#define STORE_MESSAGE_MAX  65536 /* bytes */
#define STORE_PAGE_MAX     1000  /* rows that a list gives at once */

typedef struct store_history store_history_t;

typedef enum store_kind {
    STORE_KIND_FILES,    /* somebody changed the files */
    STORE_KIND_EDIT,     /* over the admin interface */
    STORE_KIND_ROLLBACK, /* likewise, to the documents of an older generation */
    STORE_KIND_START,    /* what was found when the server started */
    STORE_KIND_SCHEDULE, /* the same documents mean something else, since a time has come */
    STORE_KIND_COUNT
} store_kind_t;

/* "files", "edit", "rollback", "start", "schedule". */
extern const char *const store_kind_names[STORE_KIND_COUNT];

/* The SHA-256 of a file's bytes, or that there is no file. */
typedef struct store_hash {
    bool present;
    digest_t digest; /* zero when not present */
} store_hash_t;

static inline bool store_hash_eq(const store_hash_t *a, const store_hash_t *b)
{
    return a->present == b->present &&
           (!a->present || memcmp(&a->digest, &b->digest, sizeof a->digest) == 0);
}

typedef struct store_text {
    slice_t name; /* of the file, without its directory: "dach.yaml" */
    slice_t bytes;
    digest_t digest; /* of bytes; what is appended need not have it, and then says so */
    bool hashed;
} store_text_t;

typedef struct store_vtag {
    slice_t resource; /* id: "cdni" */
    slice_t tag;
} store_vtag_t;

/*
 * What is to become of a file: the same transaction says that a generation is published and which
 * files have to follow it (store/edit.h). An intent is there until the file is settled.
 */
typedef struct store_intent {
    slice_t file;
    store_hash_t before;
    store_hash_t after; /* present: a document of the generation has this name and content */
    slice_t temporary;  /* beside it: what `after` is written to, what `before` is moved to */
} store_intent_t;

typedef struct store_audit {
    uint64_t id;      /* given by the log, from 1 upwards */
    uint64_t time_ms; /* since the epoch */
    slice_t who;
    slice_t what;
    slice_t outcome;
} store_audit_t;

/* A generation without its documents. */
typedef struct store_generation {
    uint64_t number;   /* from 1 */
    uint64_t parent;   /* the newest when this was appended; 0: there was none, or it is unknown */
    uint64_t restores; /* of a rollback: the generation that it goes back to; otherwise 0 */
    uint64_t time_ms;  /* since the epoch */
    store_kind_t kind;
    slice_t author;
    slice_t message;
    uint64_t documents;
    uint64_t changed; /* documents added, removed or with another content than in the parent */
    digest_t digest;  /* of all names and contents: equal sets have equal ones */
} store_generation_t;

typedef struct store_held store_held_t; /* store/held.h */

/* A generation to append. */
typedef struct store_change {
    uint64_t number; /* above all others; 0: the next */
    /*
     * What the change was made from: when the newest is another, ERR_NOT_NOW. 0: whatever it is.
     */
    uint64_t base;
    uint64_t restores;
    uint64_t time_ms;
    store_kind_t kind;
    slice_t author;
    slice_t message;
    const store_text_t *documents; /* all of the set, in any order */
    size_t document_count;
    const store_vtag_t *vtags; /* of all resources, in any order */
    size_t vtag_count;
    const store_intent_t *intents;
    size_t intent_count;
    /* The rest is written in the same transaction; NULL and 0: nothing. */
    const store_audit_t *audit; /* its id is ignored */
    uint64_t held;              /* a held change that is done by this, and goes */
    const store_held_t *hold;   /* a change that is held from now on */
} store_change_t;

typedef enum store_outcome {
    STORE_APPENDED,
    STORE_SAME,     /* the newest has these documents and vtags */
    STORE_RETAGGED, /* the newest has these documents; its vtags are now these (other databases) */
} store_outcome_t;

typedef struct store_appended {
    store_outcome_t outcome;
    uint64_t held;   /* the id of what `hold` said */
    uint64_t number; /* of the generation that now has these documents: the newest */
} store_appended_t;

typedef struct store_history_options {
    uint64_t keep;       /* generations, at least 1; 0: all */
    uint64_t keep_audit; /* lines of the audit log; 0: all */
} store_history_options_t;

/*
 * Makes the directory (0700, not its parents) and the database (0600) when they are missing, takes
 * the lock, brings an older schema up to date, and checks the whole: pages, references, and that
 * the newest generation has the content that it claims to have. Costs one reading of the file.
 * Intents that a crash left are there to be read: see store_edit_recover, the first thing to do.
 */
err_t store_history_open(const char *state, const store_history_options_t *options,
                         store_history_t **out, buf_t *why) FPD_MUST_CHECK;
/* NULL is fine. */
void store_history_close(store_history_t *h);

/*
 * What commits leave for later: copies the log into the database when it has become long. For a
 * thread that has time; without it a commit does so when the log is 64 MiB.
 */
void store_history_checkpoint(store_history_t *h);

/*
 * Whether store_history_open would refuse the database as that of a newer program, as far as its
 * first bytes say: ERR_RANGE, and else ERR_OK. Takes no lock and writes nothing, so that it may be
 * asked while a server has it, by another process: closing the file gives up locks of our own.
 */
err_t store_history_peek(const char *state, buf_t *why) FPD_MUST_CHECK;

/*
 * Whether the database is there and empty: a history that somebody cut off, which
 * store_history_open would take for one that just begins.
 */
bool store_history_is_cut(const char *state);

/*
 * After ERR_DATA from store_history_open: renames the database to `history.db.damaged-<time_ms>`,
 * its companions likewise, so that the next store_history_open begins a new one. *moved is told
 * the new path.
 */
err_t store_history_set_aside(const char *state, uint64_t time_ms, buf_t *moved,
                              buf_t *why) FPD_MUST_CHECK;

/*
 * Appends a generation, unless the newest has the same documents and the kind is another than
 * STORE_KIND_SCHEDULE; then prunes what is older than options.keep, and the contents that nobody
 * names any more. Neither the newest nor a generation
 * with intents is ever pruned. Intents and the line of audit are written in either case.
 * ERR_RANGE: a name that is empty, has a '/' or a NUL or is there twice, a text that is not UTF-8
 * or too long, a number that is not above the newest, an intent that the documents contradict.
 * ERR_NOT_NOW: base is not the newest, or an intent for one of these files is there already.
 * ERR_NOT_FOUND: somebody has dropped the held change. ERR_LIMIT: as store_held_add.
 */
err_t store_history_append(store_history_t *h, const store_change_t *change, store_appended_t *out,
                           buf_t *why) FPD_MUST_CHECK;

/* ---- reading: all that is given lies in the arena ---- */

/* ERR_NOT_FOUND: there is none. */
err_t store_history_newest(store_history_t *h, arena_t *arena, store_generation_t *out,
                           buf_t *why) FPD_MUST_CHECK;
/* ERR_NOT_FOUND: never was, or pruned. */
err_t store_history_find(store_history_t *h, uint64_t number, arena_t *arena,
                         store_generation_t *out, buf_t *why) FPD_MUST_CHECK;

typedef struct store_generations {
    const store_generation_t *items; /* the newest first */
    size_t count;
    uint64_t total; /* in the history */
} store_generations_t;

/* At most limit (at most STORE_PAGE_MAX) generations with numbers below `below`; 0: from the
 * newest. */
err_t store_history_list(store_history_t *h, uint64_t below, size_t limit, arena_t *arena,
                         store_generations_t *out, buf_t *why) FPD_MUST_CHECK;

typedef struct store_texts {
    const store_text_t *items; /* by the bytes of their names */
    size_t count;
} store_texts_t;

/*
 * The documents of a generation. Their content is compared with what was appended: ERR_DATA when it
 * is not that. ERR_NOT_FOUND as above.
 */
err_t store_history_documents(store_history_t *h, uint64_t number, arena_t *arena,
                              store_texts_t *out, buf_t *why) FPD_MUST_CHECK;

typedef struct store_vtags {
    const store_vtag_t *items; /* by the bytes of their resources */
    size_t count;
} store_vtags_t;

err_t store_history_vtags(store_history_t *h, uint64_t number, arena_t *arena, store_vtags_t *out,
                          buf_t *why) FPD_MUST_CHECK;
/* ERR_NOT_FOUND: no kept generation has this content. */
err_t store_history_content(store_history_t *h, const digest_t *digest, arena_t *arena,
                            slice_t *out, buf_t *why) FPD_MUST_CHECK;

/* ---- the audit log ---- */

/* who, what, outcome: UTF-8, at most STORE_MESSAGE_MAX bytes each. */
err_t store_history_audit(store_history_t *h, const store_audit_t *line, buf_t *why) FPD_MUST_CHECK;

typedef struct store_audits {
    const store_audit_t *items; /* the newest first */
    size_t count;
} store_audits_t;

/* As store_history_list, by id. */
err_t store_history_audits(store_history_t *h, uint64_t below, size_t limit, arena_t *arena,
                           store_audits_t *out, buf_t *why) FPD_MUST_CHECK;

/* ---- intents: for store/edit.h ---- */

typedef struct store_intents {
    const store_intent_t *items; /* by the bytes of their files */
    size_t count;
} store_intents_t;

err_t store_history_intents(store_history_t *h, arena_t *arena, store_intents_t *out,
                            buf_t *why) FPD_MUST_CHECK;
/* Another temporary for a file's intent. */
err_t store_history_intent_move(store_history_t *h, slice_t file, slice_t temporary,
                                buf_t *why) FPD_MUST_CHECK;
/* The files are settled: their intents go. Unknown ones are nothing to worry about. */
err_t store_history_intents_settle(store_history_t *h, const slice_t *files, size_t count,
                                   buf_t *why) FPD_MUST_CHECK;

#endif
