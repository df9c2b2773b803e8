#include "property_text.h"

#include <stdlib.h>

/* A chunk stays in the nearer caches while it is written. */
#define CHUNK ((size_t)64 << 10)
/* Shorter texts are sooner copied than sent by themselves. */
#define SHARED_MIN 1024

static void add_segment(property_text_t *t, slice_t segment)
{
    if (t->count == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 16;
        slice_t *grown = realloc(t->segments, cap * sizeof *grown);
        if (!grown) {
            t->arena->failed = true;
            return;
        }
        t->segments = grown;
        t->cap = cap;
    }
    t->segments[t->count++] = segment;
}

static void end_chunk(property_text_t *t)
{
    if (t->buf.len && !buf_failed(&t->buf)) {
        add_segment(t, arena_copy(t->arena, buf_slice(&t->buf)));
        buf_clear(&t->buf);
    }
}

void property_text_share(property_text_t *t, slice_t text)
{
    if (text.len < SHARED_MIN) {
        buf_append_slice(&t->buf, text);
    } else {
        end_chunk(t);
        add_segment(t, text);
    }
}

void property_text_pause(property_text_t *t)
{
    if (t->buf.len >= CHUNK) {
        end_chunk(t);
    }
}

const slice_t *property_text_end(property_text_t *t, size_t *count)
{
    end_chunk(t);
    slice_t *all = arena_array(t->arena, t->count, sizeof *all);
    if (!all || buf_failed(&t->buf) || arena_failed(t->arena)) {
        return NULL;
    }
    memcpy(all, t->segments, t->count * sizeof *all);
    *count = t->count;
    return all;
}

void property_text_release(property_text_t *t)
{
    free(t->segments);
    buf_release(&t->buf);
}
