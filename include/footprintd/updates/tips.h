/*
 * TIPS views (RFC 9569) as state without I/O.
 *
 * A view is a feed (updates/hub.h) with a URI for each owner: all clients that ask for the same
 * resource and input share it. The versions that the feed keeps are its updates graph: a patch
 * leads from each to the next, and every one of them can be had whole.
 */
#ifndef FOOTPRINTD_UPDATES_TIPS_H
#define FOOTPRINTD_UPDATES_TIPS_H

#include "footprintd/updates/stream.h"

/* The URI of a view is this, its token, and what makes it its owner's. */
#define TIPS_PATH "/tips/"
/* So many edges that do not exist yet may be waited for. */
#define TIPS_WINDOW 4

typedef struct tips_client {
    slice_t account; /* for what one client may have: as `client` of stream_open */
    slice_t owner;   /* whose URI it will be */
    slice_t base;    /* "http://host:port" for the absolute URI of the view */
} tips_client_t;

/*
 * Opens a view (RFC 9569 6): *text is the AddTIPSResponse. On refusal (400, 429, 503) *text stays
 * empty. Slow when stream_is_slow says so.
 */
err_t tips_open(hub_t *hub, slice_t body, const tips_client_t *client, hub_refusal_t *refusal,
                buf_t *text) FPD_MUST_CHECK;
/*
 * Whether the text behind TIPS_PATH was given to this owner, for a view that is open: each owner
 * has a URI of its own for it. *token, which is a part of the text, is the view's for what follows.
 */
bool tips_exists(hub_t *hub, slice_t text, slice_t owner, slice_t *token);
/* Which edge to fetch next (RFC 9569 7.4): *text is the merge patch of the response. */
err_t tips_next_edge(hub_t *hub, slice_t token, slice_t body, hub_refusal_t *refusal,
                     buf_t *text) FPD_MUST_CHECK;

typedef enum tips_verdict {
    TIPS_FOUND,     /* *frame */
    TIPS_HOLD,      /* it does not exist yet, and may be waited for */
    TIPS_NO_VIEW,   /* 404, and nothing more is said */
    TIPS_NOT_FOUND, /* 404 */
    TIPS_GONE,      /* 410 */
    TIPS_EARLY,     /* 425 */
} tips_verdict_t;

/* An edge of a view (RFC 9569 7.2), and what it would be as content. */
typedef struct tips_edge {
    hub_frame_t *frame;     /* with TIPS_FOUND: a reference */
    const char *media_type; /* with TIPS_FOUND */
} tips_edge_t;

/* ERR_NOMEM. Counts as a use of the view. */
err_t tips_find(hub_t *hub, slice_t token, uint64_t from, uint64_t to, tips_verdict_t *verdict,
                tips_edge_t *edge) FPD_MUST_CHECK;
/* What is seen from outside: a line "resource=cdni start-seq=1 ..." for each view. */
void tips_describe(hub_t *hub, buf_t *lines);

/* A poll of the view is held, or not any more: a view with polls is not closed. False: no view. */
bool tips_hold(hub_t *hub, slice_t token, bool hold);

#endif
