/*
 * What hubs may have, each and all together. Private to src/updates.
 *
 * Limits are those of the server, whatever the number of classes. Where there are several, one may
 * have three quarters of each at the most, so that the uCDNs of a class cannot keep out all others.
 * Meters of openings are for all together.
 *
 * A hub's own counts are under its lock; the sums are atomic, and may go over by as many as
 * openings happen at the same moment.
 */
#ifndef FPD_UPDATES_TOTALS_H
#define FPD_UPDATES_TOTALS_H

#include "footprintd/updates/hub.h"

#include <pthread.h>
#include <stdatomic.h>

typedef enum total {
    TOTAL_STREAMS,
    TOTAL_VIEWS,
    TOTAL_INPUTS,      /* feeds of POST resources */
    TOTAL_INPUT_BYTES, /* of their newest versions */
    TOTAL_LOG_BYTES,   /* kept by all feeds, beside newest versions */
} total_t;
#define TOTAL_COUNT 5

/* A token bucket: what may be spent is what a second and four allow, refilled as time passes. */
typedef struct meter {
    uint64_t per_s;
    uint64_t left;
    uint64_t filled_ms;
} meter_t;

meter_t meter_full(uint64_t per_s, uint64_t now_ms);
/* False, and nothing spent, when there is not enough left; a full bucket allows anything once. */
bool meter_spend(meter_t *m, uint64_t now_ms, uint64_t amount);

typedef struct hub_totals {
    size_t limits[TOTAL_COUNT];
    atomic_size_t used[TOTAL_COUNT];
    atomic_size_t classes; /* that are followed */
    pthread_mutex_t lock;  /* of the meters */
    meter_t opens, full_bytes;
} hub_totals_t;

/* options: with defaults filled in. ERR_NOMEM. */
err_t totals_new(const hub_options_t *options, uint64_t now_ms, hub_totals_t **out) FPD_MUST_CHECK;
void totals_free(hub_totals_t *t);

/* Whether a hub that has `own` may have one more. */
bool totals_has_room(const hub_totals_t *t, total_t what, size_t own);
/* What a hub may keep at the most now: a fair part of it once all is used. */
size_t totals_share(const hub_totals_t *t, total_t what);
bool totals_spend(hub_totals_t *t, meter_t *meter, uint64_t now_ms, uint64_t amount);

#endif
