/*
 * The services that push changes, as the information resource directory lists them: update streams
 * (RFC 8895 6) and TIPS (RFC 9569 5).
 */
#ifndef FOOTPRINTD_ALTO_SERVICES_H
#define FOOTPRINTD_ALTO_SERVICES_H

#include "footprintd/alto/resource.h"

#define ALTO_MEDIA_EVENT_STREAM   "text/event-stream"
#define ALTO_MEDIA_STREAM_PARAMS  "application/alto-updatestreamparams+json"
#define ALTO_MEDIA_STREAM_CONTROL "application/alto-updatestreamcontrol+json"
#define ALTO_MEDIA_TIPS           "application/alto-tips+json"
#define ALTO_MEDIA_TIPS_PARAMS    "application/alto-tipsparams+json"
#define ALTO_MEDIA_MERGE_PATCH    "application/merge-patch+json"
#define ALTO_MEDIA_JSON_PATCH     "application/json-patch+json"
/* What is announced of every resource: both, without white space (RFC 9569 5.2). */
#define ALTO_MEDIA_PATCHES ALTO_MEDIA_MERGE_PATCH "," ALTO_MEDIA_JSON_PATCH

#define ALTO_UPDATES_ID "updates"
#define ALTO_TIPS_ID    "tips"

extern const resource_kind_t resource_kind_updates;
extern const resource_kind_t resource_kind_tips;

/*
 * The IRD's `capabilities` of the service for changes of these resources; "" on no memory.
 */
slice_t service_capabilities(const resource_kind_t *kind, const slice_t *uses, size_t count,
                             arena_t *arena);

#endif
