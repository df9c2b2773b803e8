#include "footprintd/base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK_MIN 4096u
#define BLOCK_MAX ((size_t)1 << 20)

struct arena_block {
    arena_block_t *older;
    size_t size;
    alignas(max_align_t) char bytes[];
};

struct arena_adopted {
    arena_adopted_t *next;
    void *memory;
};

void arena_init(arena_t *arena, size_t limit)
{
    *arena = (arena_t)ARENA_INIT;
    arena->limit = limit;
}

void arena_release(arena_t *arena)
{
    for (arena_adopted_t *a = arena->adopted; a; a = a->next) { /* they lie in the blocks */
        free(a->memory);
    }
    arena_block_t *block = arena->blocks;
    while (block) {
        arena_block_t *older = block->older;
        free(block);
        block = older;
    }
    arena_init(arena, arena->limit);
}

static void *fail(arena_t *arena)
{
    arena->failed = true;
    return NULL;
}

/* Takes a block with room for `size` bytes or more from the system; NULL when that is too much. */
static arena_block_t *add_block(arena_t *arena, size_t size)
{
    /* Blocks grow with the arena, so that small arenas stay small and great ones cost few calls. */
    size_t want = arena->total < BLOCK_MIN ? BLOCK_MIN : arena->total;
    want = want > BLOCK_MAX ? BLOCK_MAX : want;
    want = want < size ? size : want;
    if (arena->limit) {
        size_t left = arena->limit - arena->total;
        if (left < sizeof(arena_block_t) || left - sizeof(arena_block_t) < size) {
            arena->full = true;
            return NULL;
        }
        left -= sizeof(arena_block_t);
        want = want > left ? left : want;
    }
    arena_block_t *block = calloc(1, sizeof *block + want);
    if (block) {
        block->size = want;
        arena->total += sizeof *block + want;
    }
    return block;
}

void *arena_alloc(arena_t *arena, size_t size)
{
    const size_t align = alignof(max_align_t);
    if (size > SIZE_MAX / 2) {
        return fail(arena);
    }
    size = size ? (size + align - 1) & ~(align - 1) : align;
    size_t room = (size_t)(arena->end - arena->next);
    if (room >= size) {
        void *p = arena->next;
        arena->next += size;
        return p;
    }
    arena_block_t *block = add_block(arena, size);
    if (!block) {
        return fail(arena);
    }
    /* A block of its own must not throw away the room that is left in the current one. */
    if (arena->blocks && block->size - size <= room) {
        block->older = arena->blocks->older;
        arena->blocks->older = block;
        return block->bytes;
    }
    block->older = arena->blocks;
    arena->blocks = block;
    arena->next = block->bytes + size;
    arena->end = block->bytes + block->size;
    return block->bytes;
}

void *arena_array(arena_t *arena, size_t count, size_t size)
{
    size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        return fail(arena);
    }
    return arena_alloc(arena, bytes);
}

slice_t arena_copy(arena_t *arena, slice_t s)
{
    if (s.len == SIZE_MAX) {
        arena->failed = true;
        return (slice_t){NULL, 0};
    }
    char *copy = arena_alloc(arena, s.len + 1);
    if (!copy) {
        return (slice_t){NULL, 0};
    }
    if (s.len) {
        memcpy(copy, s.ptr, s.len);
    }
    copy[s.len] = '\0';
    return (slice_t){copy, s.len};
}

slice_t arena_adopt(arena_t *arena, buf_t *buf)
{
    arena_adopted_t *a = arena_alloc(arena, sizeof *a);
    bool fits = !arena->limit || buf->cap <= arena->limit - arena->total;
    if (!a || buf_failed(buf) || !fits) {
        arena->failed = true;
        arena->full |= !fits;
        buf_release(buf);
        return (slice_t){NULL, 0};
    }
    slice_t bytes = buf_slice(buf);
    *a = (arena_adopted_t){arena->adopted, buf->ptr};
    arena->adopted = a;
    arena->total += buf->cap;
    *buf = (buf_t)BUF_INIT;
    return bytes;
}

slice_t arena_printf(arena_t *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *text = n < 0 ? NULL : arena_alloc(arena, (size_t)n + 1);
    if (text) {
        (void)vsnprintf(text, (size_t)n + 1, fmt, again);
    } else {
        arena->failed = true;
    }
    va_end(again);
    return text ? (slice_t){text, (size_t)n} : (slice_t){NULL, 0};
}
