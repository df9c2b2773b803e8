/*
 * footprintctl watch: what its files share. Private to src/ctl.
 *
 *     watch.c            the command: one loop over network, signals and times
 *     watch_options.c    the command line
 *     watch_start.c      the directory, and which way each resource is followed
 *     watch_sse.c        the ways: RFC 8895,
 *     watch_tips.c       RFC 9569,
 *     watch_poll.c       and GET or POST again and again
 *     watch_message.c    answers of several parts
 *     watch_feed.c       documents that arrive: applied, verified, held back, handed out
 *     watch_write.c      files
 *     watch_exec.c       commands
 *     watch_tell.c       lines on standard output and error
 *
 * Everything runs in one thread. A channel is one feed: an update stream for several resources, a
 * TIPS view or a poll for one. It tells the rest by the functions below, and acts when it is due.
 */
#ifndef FPD_CTL_WATCH_H
#define FPD_CTL_WATCH_H

#include "watch_backoff.h"
#include "watch_doc.h"
#include "watch_http.h"
#include "watch_ird.h"
#include "watch_message.h"
#include "watch_options.h"

#include "footprintd/base/hash.h"

#include <sys/types.h>

#define WATCH_NEVER INT64_MAX
/* Patches in a row that fail, and no good one between, until a resource leaves its way. */
#define WATCH_BAD_PATCHES_MAX 3
/* Refusals in a row of a service that has worked, until it is left. */
#define WATCH_LOST_SERVICE_MAX 3

typedef struct watch watch_t;
typedef struct watch_follow watch_follow_t;
typedef struct watch_channel watch_channel_t;

/* A way to follow; the index is its bit in masks, and the order of preference. */
typedef enum watch_way_id {
    WATCH_SSE,
    WATCH_TIPS,
    WATCH_POLL,
    WATCH_WAY_COUNT,
} watch_way_id_t;

typedef struct watch_way {
    watch_way_id_t id;
    const char *name; /* "sse", "tips", "poll" */
    /* Does what is due. */
    void (*tick)(watch_channel_t *channel);
    /* Takes leave of the server, if that is quick; clears channel->open when it is done. */
    void (*close)(watch_channel_t *channel);
    void (*free)(watch_channel_t *channel);
} watch_way_t;

struct watch_channel {
    const watch_way_t *way; /* NULL: the directory's */
    watch_t *watch;
    watch_channel_t *next;
    const char *name; /* for messages: the service's or the resource's id */
    int64_t due_ms;   /* of the next tick; WATCH_NEVER: an answer is awaited */
    int64_t life_ms;  /* the last sign of life */
    watch_backoff_t backoff;
    watch_request_t *request;
    unsigned lost; /* refusals in a row after it had worked */
    bool worked;   /* ever gave something */
    bool troubled; /* it was said that something failed, and not yet that it is over */
    bool dead;     /* its resources need another way */
    bool open;     /* still to be closed, when everything ends */
};

/* A resource that is followed. */
struct watch_follow {
    watch_t *watch;
    size_t index;
    const char *id;
    buf_t input; /* compact JSON; empty: none */
    buf_t file;  /* where its document goes, with a NUL; empty: nowhere */

    /* From the directory. */
    char *uri;
    char *accepts; /* NULL: it is for GET */
    buf_t media_type;
    unsigned ways;            /* mask: allowed, offered and not failed */
    watch_channel_t *channel; /* NULL: it waits for one */
    int64_t life_ms;          /* the last sign of life on the channel before; WATCH_NEVER: none */

    /* Its copy, and the event that made it. */
    watch_doc_t doc;
    watch_kind_t kind;
    size_t bytes;
    bool pending;                /* to be handed out */
    const watch_follow_t *waits; /* for the document of this one; NULL: for nothing */

    /* What was handed out last. */
    bool handed;
    digest_t digest; /* of its text */
    buf_t tag;       /* empty: it has none */
    int64_t handed_ms;
    int64_t write_due_ms; /* of another try; WATCH_NEVER: none */

    pid_t running; /* the command; 0: none */
    bool run_again;

    uint64_t fulls;
    uint64_t patches;
    uint64_t refused;     /* documents and patches */
    unsigned bad_patches; /* in a row */
};

struct watch {
    watch_options_t options;
    watch_http_t *http;
    watch_ird_t ird;
    char *ird_url; /* after redirections: relative URIs are against it */
    watch_follow_t *follows;
    size_t count;
    watch_channel_t *channels;
    hasher_t hasher;
    int64_t status_due_ms;
    bool ending;
    int64_t end_by_ms; /* with or without taking leave */
    int exit_code;
};

/* ---- watch.c ---- */

/* Everything ends, with the exit code; the first call counts. */
void watch_end(watch_t *w, int exit_code);
uint32_t watch_random(void);

/* ---- watch_start.c ---- */

/* The channel that reads the directory. False: no memory. */
bool watch_start(watch_t *w);
/* Gives every resource without a channel a way; ends everything when one has none left. */
void watch_assign(watch_t *w);

/* ---- channels ---- */

/* Makes it known; due at once. */
void watch_channel_add(watch_t *w, watch_channel_t *channel, const watch_way_t *way,
                       const char *name);
void watch_channel_alive(watch_channel_t *channel);
/* Something failed that may be better later: says so, waits. */
void watch_channel_retry(watch_channel_t *channel, int64_t retry_after_s, slice_t reason);
/* An answer that is no success: waits, leaves the way, or ends everything. */
void watch_channel_problem(watch_channel_t *channel, const watch_answer_t *answer);
/* The way is of no more use for this channel's resources. */
void watch_channel_fail(watch_channel_t *channel, slice_t reason);
void watch_channel_free(watch_channel_t *channel);

/* ---- the ways ---- */

extern const watch_way_t watch_way_sse, watch_way_tips, watch_way_poll;

/* NULL: no memory. */
watch_channel_t *watch_sse_new(watch_t *w, const watch_ird_entry_t *service);
watch_channel_t *watch_tips_new(watch_follow_t *f, const watch_ird_entry_t *service);
watch_channel_t *watch_poll_new(watch_follow_t *f);
/* Asks now, if that is how the channel works. */
void watch_poll_now(watch_channel_t *channel);

/* ---- watch_feed.c ---- */

/*
 * A document or patch that arrived. False: it was refused, *why says for what reason, and the copy
 * is dropped, because nothing can be made of it any more; the channel has to get a full one.
 */
bool watch_feed_take(watch_follow_t *f, const watch_update_t *update, buf_t *why);
/* True when patches failed so often that the resource should leave its way, and there is another.
 */
bool watch_feed_hopeless(const watch_follow_t *f);
/* Hands out what waits for nothing any more. */
void watch_feed_settle(watch_t *w);

/* ---- watch_write.c ---- */

/*
 * Puts the text into the file: as a whole or not at all, and durably. A file that has it already is
 * left alone. False with the reason in *why.
 */
bool watch_write(const char *path, slice_t text, buf_t *why);

/* ---- watch_exec.c ---- */

/* Runs the command for what was handed out, or once more when the one that runs has ended. */
void watch_exec(watch_follow_t *f);
/* Children that ended. */
void watch_exec_reap(watch_t *w);
bool watch_exec_any(const watch_t *w);

/* ---- watch_tell.c ---- */

/* A line on standard error: "footprintctl: NAME: text"; name may be NULL. */
void watch_say(const char *name, const char *fmt, ...) FPD_PRINTF(2, 3);
/* The event of a resource on standard output. */
void watch_tell(watch_follow_t *f, bool changed);
/* A line for each resource on standard error. */
void watch_tell_status(const watch_t *w);

#endif
