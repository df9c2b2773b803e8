/*
 * What all clients share, and one must not have to itself: of a limit one account gets three
 * quarters at the most. Accounts are hashed into slots; two that meet in one share a share.
 */
#ifndef FOOTPRINTD_HTTP_SHARE_H
#define FOOTPRINTD_HTTP_SHARE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHARE_SLOTS 1024

typedef struct share {
    atomic_size_t all;
    atomic_size_t own[SHARE_SLOTS];
} share_t;

/*
 * Counts an amount; false when it is too much: for all together, or for the account beside what it
 * has. It is to be given back in any case. Any thread.
 */
bool share_take(share_t *share, uint64_t account, size_t amount, size_t limit);
void share_give(share_t *share, uint64_t account, size_t amount);
size_t share_used(const share_t *share);

#endif
