#include "footprintd/alto/tree.h"

#include <stdlib.h>

/* ---- life ---- */

/* True for the last reference; what others did before they let go is seen by who frees. */
static bool drop(atomic_uint *refs)
{
    if (atomic_fetch_sub_explicit(refs, 1, memory_order_release) != 1) {
        return false;
    }
    /* An acquire load instead of a fence: ThreadSanitizer does not understand fences. */
    (void)atomic_load_explicit(refs, memory_order_acquire);
    return true;
}

node_t *node_ref(node_t *n)
{
    atomic_fetch_add_explicit(&n->refs, 1, memory_order_relaxed);
    return n;
}

void node_run_unref(node_run_t *run)
{
    if (!run || !drop(&run->refs)) {
        return;
    }
    for (size_t i = 0; i < run->count; i++) {
        node_unref(run->nodes[i]);
    }
    free(run);
}

void node_unref(node_t *n)
{
    if (!n || !drop(&n->refs)) {
        return;
    }
    fragment_unref(n->fragment);
    for (size_t i = 0; i < n->part_count; i++) {
        if (n->kind == NODE_LIST) {
            fragment_unref(n->parts.chunks[i].fragment);
        } else {
            node_run_unref(n->parts.runs[i]);
        }
    }
    free(n);
}

/* ---- text ---- */

void node_run_write(const node_run_t *run, buf_t *out)
{
    for (size_t i = 0; i < run->count; i++) {
        if (i) {
            buf_append_char(out, ',');
        }
        if (run->ends) {
            json_write_string(out, node_run_name(run, i));
            buf_append_char(out, ':');
        }
        node_write(run->nodes[i], out);
    }
}

void node_write(const node_t *n, buf_t *out)
{
    if (n->kind == NODE_TEXT) {
        buf_append_slice(out, n->text);
        return;
    }
    buf_append_char(out, n->kind == NODE_OBJECT ? '{' : '[');
    for (size_t i = 0; i < n->part_count; i++) {
        if (i) {
            buf_append_char(out, ',');
        }
        if (n->kind == NODE_LIST) {
            buf_append(out, n->parts.chunks[i].text, n->parts.chunks[i].len);
        } else {
            node_run_write(n->parts.runs[i], out);
        }
    }
    buf_append_char(out, n->kind == NODE_OBJECT ? '}' : ']');
}

const node_t *node_get(const node_t *object, slice_t name)
{
    for (size_t i = 0; object->kind == NODE_OBJECT && i < object->part_count; i++) {
        const node_run_t *run = object->parts.runs[i];
        for (size_t k = 0; k < run->count; k++) {
            if (slice_eq(node_run_name(run, k), name)) {
                return run->nodes[k];
            }
        }
    }
    return NULL;
}

bool node_chunk_next(slice_t text, size_t *at, slice_t *scalar)
{
    size_t i = *at;
    if (i >= text.len) {
        return false;
    }
    size_t start = i;
    if (text.ptr[i] == '"') {
        for (i++; text.ptr[i] != '"'; i++) {
            i += text.ptr[i] == '\\';
        }
        i++;
    } else {
        while (i < text.len && text.ptr[i] != ',') {
            i++;
        }
    }
    *scalar = slice_of(text.ptr + start, i - start);
    *at = i + (i < text.len);
    return true;
}
