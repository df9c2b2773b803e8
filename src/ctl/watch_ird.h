/*
 * What an information resource directory (RFC 7285 9.2) offers a subscriber. No I/O. Private to
 * src/ctl.
 */
#ifndef FPD_CTL_WATCH_IRD_H
#define FPD_CTL_WATCH_IRD_H

#include "footprintd/base/json.h"

#define WATCH_TYPE_SSE  "text/event-stream"
#define WATCH_TYPE_TIPS "application/alto-tips+json"

typedef struct watch_ird {
    const json_value_t *resources;
    arena_t arena;
} watch_ird_t;

typedef struct watch_ird_entry {
    slice_t id;
    slice_t uri; /* as written: may be relative */
    slice_t media_type;
    slice_t accepts; /* {NULL, 0}: it is for GET */
} watch_ird_entry_t;

/* ERR_DATA with the reason appended to *why, or ERR_NOMEM. */
err_t watch_ird_read(slice_t text, watch_ird_t *out, buf_t *why) FPD_MUST_CHECK;
void watch_ird_release(watch_ird_t *ird);
/* False when there is no such resource, or its entry is not one. */
bool watch_ird_find(const watch_ird_t *ird, slice_t id, watch_ird_entry_t *out);
/* An id that is near, or {NULL, 0}. */
slice_t watch_ird_suggest(const watch_ird_t *ird, slice_t id);
/*
 * The service of a media type (WATCH_TYPE_SSE, WATCH_TYPE_TIPS) whose uses have the resource, and
 * of several the one that has most of the ids; false when there is none. A TIPS service is one only
 * if this client knows all patch types announced for the resource (RFC 9569 6.1), and there is one.
 */
bool watch_ird_service(const watch_ird_t *ird, const char *media_type, slice_t id,
                       const slice_t *ids, size_t count, watch_ird_entry_t *out);
/* The patch types announced for a resource of a service, as the list they are written as. */
slice_t watch_ird_patch_types(const watch_ird_t *ird, slice_t service, slice_t id);

#endif
