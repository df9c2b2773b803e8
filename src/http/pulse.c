#include "footprintd/base/time.h"
#include "footprintd/http/figures.h"
#include "http/internal.h"

/*
 * Whether loops go on: whoever watches asks each of them now and then, and it answers when it comes
 * around. No timer of the library is used, since these go by the clock on the wall.
 */

void pulse_answer(http_loop_t *loop)
{
    uint64_t asked = atomic_load_explicit(&loop->pulse.asked_ms, memory_order_acquire);
    if (asked) {
        uint64_t took = monotonic_ms() - asked;
        if (took > atomic_load_explicit(&loop->pulse.took_ms, memory_order_relaxed)) {
            atomic_store_explicit(&loop->pulse.took_ms, took, memory_order_relaxed);
        }
        atomic_store_explicit(&loop->pulse.asked_ms, 0, memory_order_release);
    }
}

size_t http_server_loop_count(const http_server_t *server)
{
    return server->loop_count;
}

static void raise_worst(http_loop_t *loop, uint64_t ms)
{
    if (ms > atomic_load(&loop->pulse.worst_ms)) {
        atomic_store(&loop->pulse.worst_ms, ms);
    }
}

uint64_t http_server_watch_loop(http_server_t *server, size_t i, bool excused)
{
    http_loop_t *loop = &server->loops[i];
    uint64_t now = monotonic_ms();
    uint64_t took = atomic_exchange(&loop->pulse.took_ms, 0);
    uint64_t asked = atomic_load_explicit(&loop->pulse.asked_ms, memory_order_acquire);
    if (excused) {
        loop->pulse.excused_ms = now;
    } else {
        raise_worst(loop, took);
    }
    if (!asked) {
        atomic_store_explicit(&loop->pulse.asked_ms, now, memory_order_release);
        if (!loop_rouse(loop)) {
            atomic_store(&loop->pulse.asked_ms, 0); /* it does not run (any more) */
        }
        atomic_store(&loop->pulse.silent_ms, 0);
        return 0;
    }
    uint64_t since = asked > loop->pulse.excused_ms ? asked : loop->pulse.excused_ms;
    raise_worst(loop, now - since);
    atomic_store(&loop->pulse.silent_ms, now - since);
    return now - since;
}

uint64_t http_server_loop_silence(const http_server_t *server, unsigned *index)
{
    uint64_t longest = 0;
    *index = 0;
    for (size_t i = 0; i < server->loop_count; i++) {
        uint64_t silent = atomic_load_explicit(&server->loops[i].pulse.silent_ms,
                                               memory_order_relaxed);
        if (silent > longest) {
            longest = silent;
            *index = (unsigned)i;
        }
    }
    return longest;
}

uint64_t http_server_worst_stall_ms(const http_server_t *server, size_t i)
{
    return atomic_load(&server->loops[i].pulse.worst_ms);
}
