/*
 * The hub: all that readers of changes share.
 *
 * A feed is the sequence of versions of one resource, or of one POST resource with one input: what
 * update streams (RFC 8895) and TIPS views (RFC 9569) read from. Versions are numbered from 1 on,
 * and kept with the patches between them as long as the patches together are smaller than the
 * resource. A reader has a cursor, which is a version's number, and never a queue: one that is
 * behind gets one frame (updates/frame.h) from its cursor to what is to be shown now.
 *
 * Feeds of GET resources exist as long as the resource does. Feeds of POST resources are made when
 * somebody asks for them, and brought up to date after publication by whoever calls hub_catch_up.
 *
 * No I/O, no threads, no logging. Any thread may call; hub_publish is for one thread at a time.
 * Times are milliseconds of any monotonic clock.
 */
#ifndef FOOTPRINTD_UPDATES_HUB_H
#define FOOTPRINTD_UPDATES_HUB_H

#include "footprintd/snapshot/snapshot.h"
#include "footprintd/updates/frame.h"

typedef struct hub hub_t;

/* 0 means the default. */
typedef struct hub_options {
    slice_t base_uri;     /* as in snapshot_options_t; borrowed */
    size_t log_bytes;     /* of old versions and patches, over all feeds; 64 MiB */
    bool resume_from_tag; /* a stream may go on from a tag that is not the newest */
    unsigned view_idle_s; /* a TIPS view that nobody asked for so long is closed; 600 */
    int bookmark_s;       /* a filtered document of which only the tag changed waits so long; 30 */
    size_t streams;       /* update streams at a time; 65,536 */
    size_t substreams;    /* at a time in a stream; 64 */
    size_t substream_ids; /* in the life of a stream; 1,024 */
    size_t inputs;        /* feeds of POST resources; 1,024 */
    size_t client_inputs; /* of these, opened by one account; 64 */
    size_t input_bytes;   /* of their documents together; 256 MiB */
    size_t views;         /* TIPS views at a time; 4,096 */
    size_t opens_per_s;   /* of streams; 2,000 */
    size_t full_bytes_per_s;  /* of whole documents that openings ask for; 256 MiB */
    uint64_t (*now_ms)(void); /* NULL: the monotonic clock */
    alto_limits_t alto;
    bool stable_names; /* of abstract network elements; else each substream has its own */
} hub_options_t;

err_t hub_new(const hub_options_t *options, hub_t **out) FPD_MUST_CHECK;
/* Streams, views and frames must have been released. */
void hub_free(hub_t *hub);

/* Is called, by any thread and with no lock held, when readers may find something new. */
void hub_on_news(hub_t *hub, void (*notify)(void *arg), void *arg);

/* What a publication was made of, for the log. Microseconds. */
typedef struct hub_publication {
    size_t changed; /* resources */
    size_t patch_bytes;
    uint64_t trees_us; /* trees of all resources: the change set */
    uint64_t patch_us; /* patches, and seeing that they are right */
    size_t refused;    /* patches that did not lead where they should; the alarm */
} hub_publication_t;

/*
 * Makes the next version of every GET resource of the view, which is one of the snapshot's, that
 * changed. Takes a reference on the snapshot.
 * Readers are not told: the caller calls hub_tell_news when the snapshot itself is served.
 * ERR_NOMEM: nothing has changed, and the snapshot should not be served either.
 */
err_t hub_publish(hub_t *hub, snapshot_t *snapshot, const view_t *view,
                  hub_publication_t *out) FPD_MUST_CHECK;
/*
 * Nothing is there any more: streams are stopped, and views and feeds are no more. What is
 * published next begins anew.
 */
void hub_retire(hub_t *hub);
void hub_tell_news(hub_t *hub);
/*
 * Brings feeds of POST resources up to date with what was published last: slow, for a thread of low
 * priority. should_stop as in document_compress.
 */
void hub_catch_up(hub_t *hub, bool (*should_stop)(void *arg), void *arg);
/* What is due: bookmarks, idle views, feeds without readers. About once a second. */
void hub_tick(hub_t *hub, uint64_t now_ms);

/* The generation that GET resources are at. */
uint64_t hub_generation(const hub_t *hub);

/* ---- frames that are not there yet ---- */

/*
 * A frame that is asked for and may have to be made first. Reference-counted; one for all that ask
 * for the same.
 */
typedef struct hub_frame hub_frame_t;

hub_frame_t *hub_frame_ref(hub_frame_t *f);
void hub_frame_unref(hub_frame_t *f);
/* True for the one caller that has to see to it that hub_frame_make is called. */
bool hub_frame_claim(hub_frame_t *f);
/*
 * The caller is told the news when the frame is there. It looks once more behind this: the frame
 * may have come just before.
 */
void hub_frame_await(hub_frame_t *f);
/* Slow when the document is large; on any thread. Tells the news when somebody awaits it. */
void hub_frame_make(hub_t *hub, hub_frame_t *f);
/* NULL while it is not there; *failed: and never will be. Borrowed. */
frame_t *hub_frame_get(hub_frame_t *f, bool *failed);

/* ---- counters ---- */

typedef struct hub_counters {
    uint64_t publications, versions, patches_json, patches_merge, patches_refused;
    uint64_t frames_made, frames_shared;
    uint64_t streams_opened, streams_closed, streams_refused;
    uint64_t events_full, events_patch, events_control, events_coalesced, bytes;
    uint64_t views_opened, views_closed, views_refused, edges, edges_gone, edges_early;
    /* Openings that came up against a limit. */
    uint64_t hits_streams, hits_substreams, hits_substream_ids, hits_inputs, hits_client_inputs;
    uint64_t hits_input_bytes, hits_opens, hits_full_bytes;
    uint64_t streams, substreams, views, feeds, inputs, input_bytes, log_bytes; /* now */
} hub_counters_t;

void hub_read_counters(hub_t *hub, hub_counters_t *out);

#endif
