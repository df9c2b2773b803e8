/*
 * The inside of the hub, for the files of src/updates.
 *
 * Locks: `making` is held while trees are made, because stores of nodes are for one thread at a
 * time; `lock` guards feeds, streams' tables and views, and is held for moments only. A stream's
 * own lock may be held when `lock` is taken, `making` is taken before either, and no call to the
 * outside is made under any.
 */
#ifndef FPD_UPDATES_HUB_PRIVATE_H
#define FPD_UPDATES_HUB_PRIVATE_H

#include "feed.h"
#include "footprintd/updates/stream.h"
#include "totals.h"

#include <pthread.h>

struct tips_view;

/* A resource whose changes are followed. */
typedef struct offer {
    char *id;
    const resource_kind_t *kind;
} offer_t;

struct hub {
    hub_options_t options;    /* defaults filled in */
    hub_totals_t *totals;     /* of all hubs */
    hub_totals_t *own_totals; /* of a hub that stands alone */
    void (*notify)(void *arg);
    void *notify_arg;

    pthread_mutex_t making;
    snapshot_t *snapshot; /* what was published last; NULL before */
    const view_t *view;   /* of it */
    nodes_t *nodes;       /* of GET resources of that generation */

    pthread_mutex_t lock;
    _Atomic(uint64_t) generation;
    offer_t *offers; /* by id */
    size_t offer_count;
    table_t feeds; /* by key */
    feed_t *list;  /* these, and those that are gone and have readers yet */
    size_t used[TOTAL_COUNT];
    uint64_t now_ms;
    table_t streams;              /* token -> stream_t */
    table_t views;                /* token -> tips_view_t */
    uint8_t view_key[32];         /* secret: what makes the URI of a view its owner's */
    _Atomic(uint64_t) substreams; /* of all streams */
    hub_counters_t counters;
};

/* As hub_new, of several that share the limits; the totals live longer. NULL: it stands alone. */
err_t hub_new_of(const hub_options_t *options, hub_totals_t *totals, hub_t **out) FPD_MUST_CHECK;
void hub_set_defaults(hub_options_t *o);
/* Counts one more, of hub->counters. Not under `lock`. */
void hub_count_one(hub_t *hub, uint64_t *counter);
uint64_t hub_now_ms(const hub_t *hub);
/* Counts more, or less, of something. Under `lock`. */
void hub_count(hub_t *hub, total_t what, ptrdiff_t more);

/* For publication and the end: see hub.c. */
void hub_free_nodes(nodes_t *nodes);
void hub_free_offers(offer_t *offers, size_t count);
/* Feeds whose resource is not there any more. Under `lock`. */
void hub_remove_missing(hub_t *hub);

/*
 * hub_publish in two steps: the first may fail, and nothing has changed then. When it does not,
 * `making` is held until one of the others is called, by the same thread.
 */
typedef struct hub_prepared hub_prepared_t;
/* like: of another hub, prepared and not finished, whose nodes serve where content is equal; or
 * NULL. */
err_t hub_prepare(hub_t *hub, snapshot_t *snapshot, const view_t *view, const hub_prepared_t *like,
                  hub_publication_t *report, hub_prepared_t **out) FPD_MUST_CHECK;
void hub_commit(hub_prepared_t *p);
void hub_abandon(hub_prepared_t *p);

#define OFFER_ID_MAX 64 /* RFC 7285 10.2 */

/* 128 random bits as base64url, with a NUL. */
#define TOKEN_LEN 22
err_t token_make(char out[TOKEN_LEN + 1]) FPD_MUST_CHECK;
err_t secret_make(uint8_t *out, size_t len) FPD_MUST_CHECK; /* at most 256 bytes */

/* What is followed under this id: its kind, or NULL. Under `lock`. */
const resource_kind_t *hub_offer(const hub_t *hub, slice_t id);
/* The feed of a GET resource, or NULL. Under `lock`. */
feed_t *hub_get_feed(hub_t *hub, slice_t id);
/* A reader comes and goes. Under `lock`; a feed without readers is dropped some time later. */
void hub_feed_hold(feed_t *f);
void hub_feed_drop(hub_t *hub, feed_t *f);
/* Under `lock`: out of the table, and freed when nobody reads it. */
void hub_feed_remove(hub_t *hub, feed_t *f);
/* Appends a version and keeps the bytes of all feeds within the budget. Under `lock`. Takes step.
 */
err_t hub_feed_append(hub_t *hub, feed_t *f, uint64_t generation, node_t *root, body_t *body,
                      frame_t *step) FPD_MUST_CHECK;

void hub_refuse(hub_refusal_t *r, int status);
/* 400 with this error. */
void hub_refuse_with(hub_refusal_t *r, const alto_error_t *error);

/*
 * The feed of a POST resource with this input, made when it does not exist yet, up to date, with a
 * reader's hold on it. ane_key is what names are hidden with, where they are: feeds of one key may
 * be put together; NULL: one of its own. *out is NULL when the client is refused: as the resource
 * itself would answer, or 503 when there are too many. Slow; not under `lock`.
 */
err_t hub_open_input(hub_t *hub, slice_t id, const json_value_t *input, slice_t client,
                     const uint8_t *ane_key, hub_refusal_t *refusal, feed_t **out) FPD_MUST_CHECK;
/*
 * Brings the feed of a POST resource, which the caller has a hold on, to the newest generation;
 * with `all` also when only its tag has changed. Under `making`, not under `lock`.
 */
err_t hub_refresh(hub_t *hub, feed_t *f, bool all) FPD_MUST_CHECK;

/* The parts of hub_tick. */
void hub_tick_feeds(hub_t *hub, uint64_t now_ms);
void hub_tick_views(hub_t *hub, uint64_t now_ms);
/* At the end of the hub, or under `lock`. */
void hub_close_views(hub_t *hub);

/* Canonical text of an input, so that what asks for the same is the same feed. */
err_t input_canonical(const json_value_t *input, arena_t *arena, slice_t *out) FPD_MUST_CHECK;

#endif
