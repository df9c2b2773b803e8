#include "totals.h"

/* So many seconds' worth may be spent at once. */
#define BURST_S 4

meter_t meter_full(uint64_t per_s, uint64_t now_ms)
{
    return (meter_t){per_s, per_s * BURST_S, now_ms};
}

bool meter_spend(meter_t *m, uint64_t now_ms, uint64_t amount)
{
    uint64_t full = m->per_s * BURST_S, passed = now_ms - m->filled_ms;
    if (passed >= BURST_S * UINT64_C(1000)) {
        m->left = full;
        m->filled_ms = now_ms;
    } else {
        uint64_t more = m->per_s * passed / 1000;
        m->left = m->left + more < full ? m->left + more : full;
        /* Time that made less than one is not lost. */
        m->filled_ms = more ? now_ms : m->filled_ms;
    }
    if (amount > m->left && m->left < full) {
        return false;
    }
    m->left -= amount < m->left ? amount : m->left;
    return true;
}
