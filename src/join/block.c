#include "block.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define HUGE ((size_t)2 << 20)

void *block_new(size_t size, void **memory)
{
    /* A last page that is not used to three quarters is left to small ones. */
    size_t pages = size <= SIZE_MAX - 2 * HUGE ? (size + HUGE / 4) / HUGE : 0;
    /* Room to begin at a page and to fill the last one: what is not touched of it costs nothing. */
    *memory = malloc(pages ? size + 2 * HUGE : size);
    if (!*memory || !pages) {
        return *memory;
    }
    char *at = (char *)*memory + (HUGE - (uintptr_t)*memory % HUGE) % HUGE;
    (void)madvise(at, pages * HUGE, MADV_HUGEPAGE); /* as it says, advice */
    return at;
}
