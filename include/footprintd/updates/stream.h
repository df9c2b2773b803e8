/*
 * Update streams (RFC 8895) as state machines without I/O.
 *
 * A stream is opened with the body of a POST and has substreams, each with a cursor into a feed
 * (updates/hub.h). Whoever owns the connection asks for one event after another, and sends it
 * before it asks for the next; control requests may come from any thread. Substreams move together:
 * all go to one generation, in the order of dependency, before any goes to a later one.
 *
 * A stream is reference-counted. Its memory is a constant for each substream and each substream-id
 * that was ever used.
 */
#ifndef FOOTPRINTD_UPDATES_STREAM_H
#define FOOTPRINTD_UPDATES_STREAM_H

#include "footprintd/updates/hub.h"

/* The control URI is this and the token (RFC 8895 7.1). */
#define STREAM_PATH "/updates/"

typedef struct stream stream_t;

/* Why a client does not get what it asks for. */
typedef struct hub_refusal {
    int status;
    buf_t body; /* of media type application/alto-error+json; empty: none */
} hub_refusal_t;
#define HUB_REFUSAL_INIT                                                                           \
    {                                                                                              \
        0, BUF_INIT                                                                                \
    }

/*
 * Opens a stream (RFC 8895 6.5). On refusal (400, 413, 503) *out is NULL and nothing was opened.
 * `client` is who asks, for what one client may have. Slow when stream_is_slow says so.
 */
err_t stream_open(hub_t *hub, slice_t body, slice_t client, hub_refusal_t *refusal,
                  stream_t **out) FPD_MUST_CHECK;
/* Whether a body may ask for a document that has to be made first: work for another thread. */
bool stream_is_slow(slice_t body);
/*
 * A control request (RFC 8895 7.5, 7.6) for the stream of a token: 204, or a refusal (400, 404,
 * 503) that changes nothing. *found is the stream, as a reference, whose owner should look for
 * news.
 */
err_t stream_control(hub_t *hub, slice_t token, slice_t body, slice_t client,
                     hub_refusal_t *refusal, stream_t **found) FPD_MUST_CHECK;
/* Whose it is: before anybody is told its token. At most STREAM_OWNER_MAX bytes. */
#define STREAM_OWNER_MAX 64
void stream_set_owner(stream_t *s, slice_t owner);
/* Whether the token is one of an open stream, and the stream is of this owner ("": of none). */
bool stream_is_owned(hub_t *hub, slice_t token, slice_t owner);
hub_t *stream_hub(const stream_t *s);

stream_t *stream_ref(stream_t *s);
void stream_unref(stream_t *s);
/* The stream is over, for whatever reason: its control URI is no more. */
void stream_close(stream_t *s);
/* All substreams end with this text for people, and then the stream (a drain). */
void stream_stop(stream_t *s, const char *description);

typedef enum stream_state {
    STREAM_EVENT, /* there is an event to be sent */
    STREAM_IDLE,  /* nothing until the next news */
    STREAM_MAKE,  /* nothing until the frame is made: the caller has claimed it */
    STREAM_END,   /* nothing any more */
} stream_state_t;

/* One event: the text in front of the data, and the data. Its memory may be used again. */
typedef struct stream_event {
    buf_t head;        /* "event: ...\ndata: ", and all of the data of a control event */
    frame_t *frame;    /* a reference; NULL for a control event */
    hub_frame_t *make; /* with STREAM_MAKE: a reference */
} stream_event_t;
#define STREAM_EVENT_INIT                                                                          \
    {                                                                                              \
        BUF_INIT, NULL, NULL                                                                       \
    }
/* What was sent, or is not to be; keeps the buffer's memory. */
void stream_event_clear(stream_event_t *e);
void stream_event_release(stream_event_t *e);

/* The owner's. ERR_NOMEM: try again later. */
err_t stream_next(stream_t *s, stream_state_t *state, stream_event_t *event) FPD_MUST_CHECK;

/* ---- what is seen from outside ---- */

typedef struct stream_info {
    uint64_t id; /* a number for logs */
    size_t substreams;
    uint64_t generation;   /* it is moving to, or at */
    uint64_t lag_versions; /* that its substreams are behind, together */
    uint64_t full, patches, control, coalesced, bytes; /* events so far; steps over versions */
    bool behind;
} stream_info_t;

void stream_describe(stream_t *s, stream_info_t *out);

#endif
