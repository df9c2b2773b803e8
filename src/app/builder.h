/*
 * The builder: makes a snapshot of the documents and databases and publishes it, on a thread of its
 * own. It also looks at the databases now and then, and builds when one was replaced.
 *
 * At most one build is in flight; requests that arrive during a build make one more build after it.
 * A build that fails changes nothing: what is served goes on being served.
 */
#ifndef FPD_APP_BUILDER_H
#define FPD_APP_BUILDER_H

#include "compressor.h"
#include "figures.h"
#include "footprintd/config/config.h"
#include "footprintd/config/ucdns.h"
#include "footprintd/http/server.h"
#include "journal.h"
#include "proposal.h"
#include "updater.h"

#include <time.h>

/* All are borrowed; what is built is recorded in the journal (NULL: is not), then published. */
err_t builder_new(const config_t *config, hubs_t *hubs, journal_t *journal,
                  builder_t **out) FPD_MUST_CHECK;
/* Reads the databases and builds generation 1 on the calling thread; findings go to the log. */
err_t builder_build_first(builder_t *b) FPD_MUST_CHECK;
/* The newest snapshot, owned by the builder; for the time before builder_start. */
snapshot_t *builder_current(builder_t *b);
/* The newest snapshot, with a reference for the caller; any thread, from the first build on. */
snapshot_t *builder_take_current(builder_t *b);

typedef struct builder_state {
    uint64_t number;  /* of what is served, in the history; without one, in this process */
    time_t published; /* when the newest snapshot was */
    time_t refused;   /* when what lies in the directory now was refused; 0: it is what is served */
} builder_state_t;

/* Any thread. What is wrong with what was refused is appended to findings (NULL: not asked for), as
 * JSON, or nothing. */
void builder_read_state(builder_t *b, builder_state_t *state, buf_t *findings);
/* Any thread. Appends the edits whose files are not written yet, as pending_write_json. */
void builder_write_pending(builder_t *b, buf_t *out);
/* Any thread. How many of these there are. */
size_t builder_pending(builder_t *b);
/* Starts the thread; it publishes to server, compressor and updater, which are borrowed. */
err_t builder_start(builder_t *b, http_server_t *server, compressor_t *compressor,
                    updater_t *updater) FPD_MUST_CHECK;
/* Asks for a build. Any thread. */
void builder_request(builder_t *b);
/* Before builder_start: what the builder's thread calls when all that was asked for is done. */
void builder_on_done(builder_t *b, void (*call)(void *arg), void *arg);
/* For how many ms the thread has been at what it is doing; 0: nothing. Any thread. */
uint64_t builder_busy_ms(const builder_t *b);
/*
 * Who sees what, from the next build on; takes a reference. Before builder_build_first, or any
 * thread.
 */
void builder_set_ucdns(builder_t *b, ucdns_t *ucdns);
/* As builder_request, when the directory has changed: what is served already is not built again. */
void builder_look(builder_t *b);

/* ---- commits ---- */

typedef enum commit_verdict {
    COMMIT_DONE,       /* durable and published */
    COMMIT_SAME,       /* the documents are that already */
    COMMIT_HELD,       /* durable, to be made at its time */
    COMMIT_REFUSED,    /* proposal.findings say why */
    COMMIT_ASKS,       /* proposal.difference->guard asks for a confirmation */
    COMMIT_CONFLICT,   /* a document, or the generation, is not what it was made from */
    COMMIT_BAD_NAME,   /* a name that no document may have */
    COMMIT_UNWRITABLE, /* the directory, or a file in it, is not ours to write */
    COMMIT_PENDING,    /* an earlier edit is not written to its file yet: later, perhaps */
    COMMIT_UNREADABLE, /* the directory cannot be read */
    COMMIT_FAILED,     /* the system refuses, or memory is out */
    COMMIT_FULL,       /* as many changes are held as may be */
    COMMIT_ENDING,     /* the server is going down */
} commit_verdict_t;

/* A change of documents as one: all of it, or nothing. */
typedef struct builder_commit {
    proposal_wish_t wish;
    uint64_t base; /* the generation that it was made from; 0: whatever it is */
    store_kind_t kind;
    uint64_t restores; /* STORE_KIND_ROLLBACK: which generation */
    slice_t author;
    slice_t message;
    bool confirmed;     /* guard rails do not ask */
    int64_t not_before; /* seconds since the epoch: held until then; 0: at once */
    int64_t not_after;  /* taken back then; 0: never */
    uint64_t held;      /* the held change that this is; 0: none */
    /* The outcome; the caller has made the proposal's init, and releases it. */
    commit_verdict_t verdict;
    uint64_t number;  /* COMMIT_DONE, COMMIT_SAME: the generation that has it */
    uint64_t held_id; /* of what is held now: this, or what takes it back; 0: nothing */
    proposal_t proposal;
    store_settlements_t settled; /* of the files, in the proposal's arena */
    buf_t why;                   /* one line, for what is no finding */
    /* The builder's. */
    bool finished;
    struct builder_commit *next;
} builder_commit_t;

/* Waits until the builder's thread has done it. Any thread but a serving one. */
void builder_commit(builder_t *b, builder_commit_t *c);

/* From now on nothing is published any more: the server may be drained. Does not wait for a build.
 */
void builder_stop(builder_t *b);
/* Waits for the build at hand, joins the thread. NULL is fine. */
void builder_free(builder_t *b);

#endif
