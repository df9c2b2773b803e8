/*
 * A TIPS view as its client knows it (RFC 9569 6.2): what AddTIPSResponse says. No I/O. Private to
 * src/ctl.
 */
#ifndef FPD_CTL_WATCH_VIEW_H
#define FPD_CTL_WATCH_VIEW_H

#include "footprintd/base/json.h"

typedef struct watch_view {
    buf_t text; /* the AddTIPSResponse: next edges are merge patches of it */
    buf_t uri;  /* as written, with a NUL */
    uint64_t start;
    uint64_t end;
    uint64_t from; /* the edge to get first; 0: a full document */
    uint64_t to;
} watch_view_t;

void watch_view_release(watch_view_t *view);
/* ERR_DATA with the reason appended to *why, ERR_NOMEM; the view is unchanged then. */
err_t watch_view_read(watch_view_t *view, slice_t text, buf_t *why) FPD_MUST_CHECK;
err_t watch_view_update(watch_view_t *view, slice_t patch, buf_t *why) FPD_MUST_CHECK;

#endif
