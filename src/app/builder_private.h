/*
 * The inside of the builder, for the files that it consists of.
 */
#ifndef FPD_APP_BUILDER_PRIVATE_H
#define FPD_APP_BUILDER_PRIVATE_H

#include "builder.h"
#include "databases.h"
#include "footprintd/store/held.h"
#include "pending.h"

#include <pthread.h>
#include <stdatomic.h>

struct builder {
    const config_t *config;
    hubs_t *hubs;
    journal_t *journal; /* NULL: nothing is recorded */
    http_server_t *server;
    compressor_t *compressor;
    updater_t *updater;
    /* The builder thread's alone, once it runs. */
    databases_t databases;
    ucdns_t *ucdns; /* NULL: none are configured */
    pending_t *pending;
    snapshot_t *current;    /* its thread writes it, under the lock */
    uint64_t generation;    /* of current, in this process; 0: none */
    stopwatch_t stopwatch;  /* of the build at hand */
    digest_t documents;     /* what current was made of */
    digest_t refused;       /* what was refused last for its errors */
    int64_t held_due;       /* seconds since the epoch: of the next held change; INT64_MAX: none */
    int64_t held_retry_ms;  /* monotonic: held changes are not tried before */
    int64_t timed_retry_ms; /* monotonic: what a time made due is not tried before */

    void (*on_done)(void *arg); /* NULL: nobody wants to know */
    void *on_done_arg;
    _Atomic(uint64_t) busy_since; /* monotonic, ms; 0: waits */

    pthread_t thread;
    bool running;
    pthread_mutex_t lock;
    pthread_cond_t work;
    pthread_cond_t done; /* of commits */
    ucdns_t *new_ucdns;  /* to be taken by the builder's thread; NULL: none */
    bool requested;
    bool changed; /* the directory may have changed */
    bool stopping;
    builder_commit_t *commits; /* that wait, the first one first */
    builder_state_t state;
    builder_figures_t figures;
    buf_t refusal; /* findings of what was refused, as JSON */
};

/* build.c: from the directory; with only_changed, nothing when it has what is served. */
err_t build_directory(builder_t *b, bool only_changed) FPD_MUST_CHECK;
/* build.c: whether they are neither served, nor refused the last time that somebody looked. */
bool build_is_news(const builder_t *b, const store_documents_t *documents);
/*
 * build.c: makes it what is served, after hub_publish, the last step that may fail; takes the
 * reference, and gives that of what was served before, NULL for nothing. number is what people call
 * it: that of the journal, or without one that of this process. of_directory: it is what lies
 * there, so that nothing is refused any more.
 */
snapshot_t *build_publish(builder_t *b, snapshot_t *next, uint64_t number,
                          const digest_t *documents, bool of_directory) FPD_MUST_CHECK;
/* build.c: what versions and patches cost, and whether all is well with them. */
void build_log_versions(uint64_t number, const hub_publication_t *p);
/* build.c: one line of the log, unless nothing is another. */
void build_log_difference(uint64_t number, const difference_t *d);
/* build.c: the same for a generation that follows another, which is compared for it. */
void build_compare_and_log(builder_t *b, snapshot_t *before, snapshot_t *after);
/* build.c: takes the model; counts its capability objects. */
err_t build_snapshot(builder_t *b, model_t *model, size_t *objects,
                     snapshot_t **out) FPD_MUST_CHECK;
/* Of names and contents, in order. */
err_t build_digest(const store_text_t *texts, size_t count, digest_t *out) FPD_MUST_CHECK;

/* build_timed.c: whether what is served is of a time that is not now. */
bool build_timed_is_due(const builder_t *b);
/* How long to wait until it is, in ms, and at most so long. */
int64_t build_timed_patience(const builder_t *b, int64_t most_ms);
/* Builds what is served as it is now, for this reason (NULL: a time has come). */
void build_again(builder_t *b, const char *reason);

/* held.c: changes that are made when their time comes (store/held.h). */
void held_look(builder_t *b); /* when the next one is due */
bool held_is_due(const builder_t *b);
int64_t held_patience(const builder_t *b, int64_t most_ms);
/* Makes what is due, or says why it cannot be made. */
void held_run(builder_t *b);
/* Keeps the change of the commit until its time; its proposal is acceptable. */
err_t held_keep(builder_t *b, builder_commit_t *c) FPD_MUST_CHECK;
/* What takes the commit back, in its proposal's arena; NULL in *out: nothing is to be taken back.
 */
err_t held_undo_of(builder_commit_t *c, const store_held_t **out) FPD_MUST_CHECK;

/* commit.c: on the builder's thread. */
void commit_run(builder_t *b, builder_commit_t *c);

#endif
