/*
 * The end: a watch over the drain, so that a server that hangs ends all the same.
 */
#ifndef FPD_APP_SHUTDOWN_H
#define FPD_APP_SHUTDOWN_H

#include "footprintd/base/err.h"

#include <pthread.h>

typedef struct shutdown_watch {
    pthread_t thread;
    unsigned seconds;
} shutdown_watch_t;

/*
 * From now on a second SIGTERM or SIGINT, or the passing of so many seconds, ends the process with
 * exit code 0 and one log line. All signals must be blocked in all threads.
 */
err_t shutdown_watch_start(shutdown_watch_t *watch, unsigned seconds) FPD_MUST_CHECK;
void shutdown_watch_stop(shutdown_watch_t *watch);

#endif
