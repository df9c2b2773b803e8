/*
 * How long to wait before the next try. No I/O, no clock. Private to src/ctl.
 */
#ifndef FPD_CTL_WATCH_BACKOFF_H
#define FPD_CTL_WATCH_BACKOFF_H

#include <stdint.h>

/* A server that asks for more gets this. */
#define WATCH_RETRY_AFTER_MAX_S 86400

typedef struct watch_backoff {
    int64_t min_ms;
    int64_t max_ms;
    unsigned failures; /* in a row */
} watch_backoff_t;

/*
 * After one more failure: min * 2^failures, at most max, of which a random part between a half and
 * the whole, so that the clients of a server that comes back do not come back as one. With
 * retry_after_s > 0 (of a 429 or 503) never less than that, and at most a tenth more.
 */
int64_t watch_backoff_next(watch_backoff_t *b, int64_t retry_after_s, uint32_t random);

static inline void watch_backoff_reset(watch_backoff_t *b)
{
    b->failures = 0;
}

#endif
