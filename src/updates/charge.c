#include "align.h"
#include "feed.h"

/* What a node and a run cost beside their children, about. */
#define OVERHEAD 64

static size_t part_bytes(const node_t *n, size_t i)
{
    return n->kind == NODE_LIST ? n->parts.chunks[i].len + OVERHEAD
                                : n->parts.runs[i]->shape.len + sizeof(node_run_t);
}

/* Whether the other one has this part too. Few differ, and mostly at the same place. */
static bool has_part(const node_t *n, const node_t *other, size_t i)
{
    size_t from = i > 2 ? i - 2 : 0;
    for (size_t k = from; k < other->part_count && k <= i + 2; k++) {
        if (n->kind == NODE_LIST ? n->parts.chunks[i].text == other->parts.chunks[k].text
                                 : n->parts.runs[i] == other->parts.runs[k]) {
            return true;
        }
    }
    return false;
}

size_t feed_own_bytes(const node_t *old, const node_t *fresh)
{
    if (old == fresh) {
        return 0;
    }
    size_t bytes = sizeof *old + old->shape.len;
    if (old->kind != fresh->kind || old->kind == NODE_TEXT) {
        return bytes + old->size;
    }
    for (size_t i = 0; i < old->part_count; i++) {
        bytes += has_part(old, fresh, i) ? 0 : part_bytes(old, i);
    }
    alignment_t a;
    alignment_init(&a, SIZE_MAX);
    /* It is an estimate: without memory for a better one, all of it. */
    if (align(old, fresh, &a)) {
        bytes += old->size;
    }
    for (size_t i = 0; i < a.changed.count; i++) {
        const node_t *x = a.changed.items[i].from.node, *y = a.changed.items[i].to.node;
        bytes += x && y ? feed_own_bytes(x, y) : 0;
    }
    for (size_t i = 0; i < a.removed.count; i++) {
        const node_t *x = a.removed.items[i].from.node;
        bytes += x ? x->size + OVERHEAD : 0;
    }
    alignment_release(&a);
    return bytes;
}
