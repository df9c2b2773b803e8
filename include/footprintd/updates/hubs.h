/*
 * Hubs: one for each class of uCDNs that see the same (snapshot/snapshot.h).
 *
 * A class that is there again, with all of its uCDNs that have a profile yet and perhaps more, goes
 * on with its hub. Where one has left it for another, its streams and views end, and clients that
 * come again find what they see now. So nobody ever gets a version of what he may not see, and
 * nobody stays on a stream that is not his any more.
 *
 * hubs_publish is for one thread at a time; the rest is for any.
 */
#ifndef FOOTPRINTD_UPDATES_HUBS_H
#define FOOTPRINTD_UPDATES_HUBS_H

#include "footprintd/updates/hub.h"

typedef struct hubs hubs_t;

/* The options are of each hub. */
err_t hubs_new(const hub_options_t *options, hubs_t **out) FPD_MUST_CHECK;
/* Streams, views and frames must have been released. */
void hubs_free(hubs_t *hubs);
/* As hub_on_news, for all hubs; before anything is published. */
void hubs_on_news(hubs_t *hubs, void (*notify)(void *arg), void *arg);

/*
 * As hub_publish, for every class of the snapshot, whose views are told their hubs. Streams and
 * views of classes that are no more end, once hubs_tell_news is called. ERR_NOMEM: nothing has
 * changed in any hub, and the snapshot should not be served.
 */
err_t hubs_publish(hubs_t *hubs, snapshot_t *snapshot, hub_publication_t *out) FPD_MUST_CHECK;
/* Is called when the snapshot is served. */
void hubs_tell_news(hubs_t *hubs);
/* As hub_catch_up and hub_tick, for all of them. */
void hubs_catch_up(hubs_t *hubs, bool (*should_stop)(void *arg), void *arg);
void hubs_tick(hubs_t *hubs, uint64_t now_ms);
/* The sum over all hubs. */
void hubs_read_counters(hubs_t *hubs, hub_counters_t *out);
/* Calls for every hub that has a class. */
void hubs_each(hubs_t *hubs, void (*call)(void *arg, hub_t *hub), void *arg);

#endif
