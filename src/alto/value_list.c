#include "value_list.h"

#include "values_text.h"

/* Texts up to this size are one fragment. */
#define WHOLE_MAX 16384

static err_t make_whole(fragments_t *store, arena_t *arena, slice_t text, size_t open, size_t close,
                        size_t count, value_list_t *out)
{
    slice_t *segment = arena_alloc(arena, sizeof *segment);
    node_chunk_t *chunk = arena_alloc(arena, sizeof *chunk);
    fragment_t **fragment = arena_alloc(arena, sizeof(fragment_t *));
    if (!segment || !chunk || !fragment) {
        return ERR_NOMEM;
    }
    err_t err = fragments_intern(store, text, fragment);
    if (err) {
        return err;
    }
    *segment = fragment_slice(*fragment);
    *chunk = (node_chunk_t){*fragment, segment->ptr + open, text.len - open - close, count};
    *out = (value_list_t){(*fragment)->digest, segment, 1, fragment, 1, chunk, 1};
    return ERR_OK;
}

/* Values [0, count) of text, which are counted and cut; returns how many chunks that makes. */
static size_t cut(slice_t text, node_chunk_t *out)
{
    size_t at = 0, start = 0, count = 0, n = 0;
    slice_t scalar;
    while (node_chunk_next(text, &at, &scalar)) {
        count++;
        if (at == text.len || node_chunk_ends(count, scalar)) {
            size_t end = (size_t)(scalar.ptr - text.ptr) + scalar.len;
            if (out) {
                out[n] = (node_chunk_t){NULL, text.ptr + start, end - start, count};
            }
            n++;
            start = at;
            count = 0;
        }
    }
    return n;
}

static err_t make_chunks(fragments_t *store, arena_t *arena, slice_t text, slice_t open,
                         slice_t close, value_list_t *out)
{
    slice_t inside = slice_of(text.ptr + open.len, text.len - open.len - close.len);
    size_t count = cut(inside, NULL), n = 0;
    node_chunk_t *chunks = arena_array(arena, count, sizeof *chunks);
    slice_t *segments = arena_array(arena, 2 * count + 1, sizeof *segments);
    fragment_t **fragments = arena_array(arena, count + 1, sizeof(fragment_t *));
    if (!chunks || !segments || !fragments) {
        return ERR_NOMEM;
    }
    hasher_t *h = &store->hasher;
    hasher_begin(h);
    hasher_update_slice(h, text);
    err_t err = hasher_finish(h, &out->digest);
    err = err ? err : fragments_intern(store, open, &fragments[count]);
    (void)cut(inside, chunks);
    for (size_t i = 0; i < count && !err; i++) {
        node_chunk_t *c = &chunks[i];
        err = fragments_intern(store, slice_of(c->text, c->len), &c->fragment);
        if (!err) {
            c->text = c->fragment->bytes;
            fragments[i] = c->fragment;
            segments[n++] = i ? SLICE_LIT(",") : fragment_slice(fragments[count]);
            segments[n++] = fragment_slice(c->fragment);
        }
    }
    segments[n++] = close;
    *out = (value_list_t){out->digest, segments, n, fragments, count + 1, chunks, count};
    return err;
}

err_t value_list_make(fragments_t *store, arena_t *arena, buf_t *scratch, slice_t open,
                      const fp_values_t *values, slice_t close, value_list_t *out)
{
    buf_clear(scratch);
    buf_append_slice(scratch, open);
    values_text(scratch, values);
    buf_append_slice(scratch, close);
    if (buf_failed(scratch)) {
        return ERR_NOMEM;
    }
    return scratch->len <= WHOLE_MAX
               ? make_whole(store, arena, buf_slice(scratch), open.len, close.len, values->count,
                            out)
               : make_chunks(store, arena, buf_slice(scratch), open, close, out);
}
