/*
 * The watchdog: a thread that sees whether loops go on, and whether a build comes to its end.
 *
 * A loop that does not is told to the log, and keeps the service manager from hearing that all is
 * well; in the end the process aborts, so that whoever supervises it starts another. Time in which
 * the process as a whole did not run, because it or the machine was stopped, does not count.
 */
#ifndef FPD_APP_WATCHDOG_H
#define FPD_APP_WATCHDOG_H

#include "builder.h"
#include "notify.h"

typedef struct watchdog watchdog_t;

typedef struct watchdog_options {
    http_server_t *http; /* that runs; borrowed, as are the next two */
    const builder_t *builder;
    const notify_t *notify;
    uint64_t stall_s; /* when a loop counts as stuck */
    uint64_t abort_s; /* 0: never */
    uint64_t build_s; /* when a build is told; 0: never */
} watchdog_options_t;

err_t watchdog_new(const watchdog_options_t *options, watchdog_t **out) FPD_MUST_CHECK;
/* Joins the thread. NULL is fine. */
void watchdog_free(watchdog_t *w);

#endif
