#include "http/share.h"

bool share_take(share_t *share, uint64_t account, size_t amount, size_t limit)
{
    atomic_size_t *place = &share->own[account % SHARE_SLOTS];
    size_t all = atomic_fetch_add_explicit(&share->all, amount, memory_order_relaxed) + amount;
    size_t own = atomic_fetch_add_explicit(place, amount, memory_order_relaxed) + amount;
    /* Who has nothing yet may have the one thing, however large it is. */
    return all <= limit && (own == amount || own <= limit - limit / 4);
}

void share_give(share_t *share, uint64_t account, size_t amount)
{
    (void)atomic_fetch_sub_explicit(&share->own[account % SHARE_SLOTS], amount,
                                    memory_order_relaxed);
    (void)atomic_fetch_sub_explicit(&share->all, amount, memory_order_relaxed);
}

size_t share_used(const share_t *share)
{
    return atomic_load_explicit(&share->all, memory_order_relaxed);
}
