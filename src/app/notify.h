/*
 * What the service manager is told: systemd's protocol (sd_notify(3)), without its library, since
 * it is a datagram.
 */
#ifndef FPD_APP_NOTIFY_H
#define FPD_APP_NOTIFY_H

#include "footprintd/base/bytes.h"

typedef struct notify {
    int fd;               /* -1: nobody wants to know */
    uint64_t watchdog_us; /* how often it wants to hear WATCHDOG=1; 0: never */
} notify_t;

#define NOTIFY_INIT                                                                                \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

/*
 * Once in the life of a process: the variables of the environment are gone behind it. A manager
 * that cannot be reached is nobody.
 */
void notify_open(notify_t *n);
/* Assignments, one a line: "READY=1\nSTATUS=...". Any thread; waits for nobody. */
void notify_send(const notify_t *n, slice_t state);
/* At the start, and when all that a reload has asked for is done. */
void notify_ready(const notify_t *n);
void notify_reloading(const notify_t *n);
/* It will be over in so many seconds at most. */
void notify_stopping(const notify_t *n, unsigned most_s);
void notify_close(notify_t *n);

#endif
