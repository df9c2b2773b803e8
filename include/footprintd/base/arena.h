/*
 * Arena: memory that dies together.
 *
 * Allocations are zeroed, aligned for any type, and freed all at once by arena_release. An arena
 * belongs to one thread at a time. arena_alloc returns NULL when memory or the arena's limit is
 * exhausted; the failure sticks (arena_failed), so that a builder may check once, at its end,
 * provided that it never writes through a NULL.
 */
#ifndef FOOTPRINTD_BASE_ARENA_H
#define FOOTPRINTD_BASE_ARENA_H

#include "footprintd/base/bytes.h"

typedef struct arena_block arena_block_t;

typedef struct arena_adopted arena_adopted_t;

typedef struct arena {
    arena_block_t *blocks; /* newest first */
    arena_adopted_t *adopted;
    char *next;
    char *end;
    size_t total; /* bytes taken from the system */
    size_t limit; /* of total; 0: none */
    bool failed;
    bool full; /* it failed by its limit, and not because the system had no more */
} arena_t;

#define ARENA_INIT                                                                                 \
    {                                                                                              \
        NULL, NULL, NULL, NULL, 0, 0, false, false                                                 \
    }

void arena_init(arena_t *arena, size_t limit);
/* Frees everything and forgets a failure; the arena may be used again, within the same limit. */
void arena_release(arena_t *arena);
void *arena_alloc(arena_t *arena, size_t size);
/* count * size, overflow checked. */
void *arena_array(arena_t *arena, size_t count, size_t size);
/* A copy with a NUL behind it; {NULL, 0} on failure. */
slice_t arena_copy(arena_t *arena, slice_t s);
slice_t arena_printf(arena_t *arena, const char *fmt, ...) FPD_PRINTF(2, 3);

/*
 * The buffer's bytes as they are, without a copy: its memory is the arena's from there on, and the
 * buffer is empty. {NULL, 0} on failure, and where the buffer has failed or is over the limit; it
 * is released then.
 */
slice_t arena_adopt(arena_t *arena, buf_t *buf);

static inline bool arena_failed(const arena_t *arena)
{
    return arena->failed;
}

#endif
