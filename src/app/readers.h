/*
 * SIGUSR2: who reads what, and what readers were sent so far.
 */
#ifndef FPD_APP_READERS_H
#define FPD_APP_READERS_H

#include "footprintd/http/server.h"
#include "footprintd/updates/hubs.h"

/* Lines of the log; those of the loops come soon. */
void readers_log(hubs_t *hubs, http_server_t *http);

#endif
