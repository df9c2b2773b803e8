/*
 * The updater: after a publication it brings the feeds of POST resources up to date, and it does
 * what is due in the hub now and then; at a low priority, on a thread of its own.
 */
#ifndef FPD_APP_UPDATER_H
#define FPD_APP_UPDATER_H

#include "footprintd/updates/hubs.h"

typedef struct updater updater_t;

err_t updater_new(hubs_t *hubs, updater_t **out) FPD_MUST_CHECK;
/* There is a new generation. Any thread. */
void updater_wake(updater_t *u);
/* Joins the thread. NULL is fine. */
void updater_free(updater_t *u);

#endif
