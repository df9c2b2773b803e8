#include "watch_backoff.h"

int64_t watch_backoff_next(watch_backoff_t *b, int64_t retry_after_s, uint32_t random)
{
    int64_t wait = b->min_ms;
    for (unsigned i = 0; i < b->failures && wait < b->max_ms; i++) {
        wait *= 2;
    }
    wait = wait < b->max_ms ? wait : b->max_ms;
    b->failures++;
    wait = wait / 2 + (int64_t)((uint64_t)(wait - wait / 2) * random >> 32);
    if (retry_after_s > 0) {
        int64_t asked = retry_after_s < WATCH_RETRY_AFTER_MAX_S ? retry_after_s
                                                                : WATCH_RETRY_AFTER_MAX_S;
        asked = asked * 1000 + (int64_t)((uint64_t)(asked * 100) * random >> 32);
        wait = asked > wait ? asked : wait;
    }
    return wait;
}
