/*
 * The inside of update streams. Private to src/updates.
 */
#ifndef FPD_UPDATES_STREAM_PRIVATE_H
#define FPD_UPDATES_STREAM_PRIVATE_H

#include "footprintd/alto/services.h"
#include "footprintd/updates/stream.h"
#include "hub.h"

/* Also one that is over: its id is never used again (RFC 8895 7.5). */
typedef struct substream {
    char *id;
    feed_t *feed;    /* with a reader's hold; NULL when it is over */
    uint64_t cursor; /* the version that was sent last; 0: none */
    bool incremental;
    bool tell_started;
    bool tell_stopped;
} substream_t;

struct stream {
    atomic_uint refs;
    hub_t *hub;
    char token[TOKEN_LEN + 1];
    uint64_t number;

    pthread_mutex_t lock;
    substream_t *subs; /* in the order of adding */
    size_t count;
    size_t live;
    uint64_t target;     /* the generation that all move to */
    hub_frame_t *wanted; /* asked for, and not there yet */
    size_t wanted_by;
    frame_t *rest; /* of what was sent last: patches of further parts, a reference; or NULL */
    size_t rest_by;
    uint8_t ane_key[BLOCK_SIZE]; /* elements have one name in all of the stream (RFC 9275 11) */
    const char *description;     /* of the next `stopped`; static */
    char owner[STREAM_OWNER_MAX + 1];
    bool greeted;
    bool listed; /* in the hub's table */
    bool closed;
    uint64_t full, patches, control, coalesced, bytes;
};

err_t stream_new(hub_t *hub, stream_t **out) FPD_MUST_CHECK;
/* Under both locks. */
void stream_end_substream(stream_t *s, substream_t *sub, const char *description);
void stream_forget(stream_t *s);

#endif
