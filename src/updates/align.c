#include "align.h"

#include <stdlib.h>

void alignment_init(alignment_t *a, size_t most)
{
    *a = (alignment_t){.most = most};
}

void alignment_release(alignment_t *a)
{
    free(a->changed.items);
    free(a->removed.items);
    free(a->added.items);
}

err_t alignment_add(alignment_t *a, align_pairs_t *list, const align_child_t *from,
                    const align_child_t *to)
{
    if (a->changed.count + a->removed.count + a->added.count >= a->most) {
        return ERR_LIMIT;
    }
    if (list->count == list->cap) {
        size_t cap = list->cap ? list->cap * 2 : 8;
        align_pair_t *grown = realloc(list->items, cap * sizeof *grown);
        if (!grown) {
            return ERR_NOMEM;
        }
        list->items = grown;
        list->cap = cap;
    }
    align_pair_t *pair = &list->items[list->count++];
    *pair = (align_pair_t){0};
    if (from) {
        pair->from = *from;
    }
    if (to) {
        pair->to = *to;
    }
    return ERR_OK;
}

/* ---- parts ---- */

/* The identity of a part: its address, or that of its text. */
static const void *part_id(const node_t *n, size_t i)
{
    return n->kind == NODE_LIST ? (const void *)n->parts.chunks[i].text
                                : (const void *)n->parts.runs[i];
}

static size_t part_children(const node_t *n, size_t i)
{
    return n->kind == NODE_LIST ? n->parts.chunks[i].count : n->parts.runs[i]->count;
}

/* A list of parts with their identities, and where those of the other side stand in it. */
typedef struct side {
    const node_t *node;
    const void **ids;
    size_t *twins; /* 1 + the number of the same part on the other side; 0: there is none */
} side_t;

static err_t side_init(side_t *s, const node_t *n)
{
    *s = (side_t){n, calloc(n->part_count + 1, sizeof(void *)),
                  calloc(n->part_count + 1, sizeof(size_t))};
    for (size_t i = 0; s->ids && i < n->part_count; i++) {
        s->ids[i] = part_id(n, i);
    }
    return s->ids && s->twins ? ERR_OK : ERR_NOMEM;
}

static void side_release(side_t *s)
{
    free(s->ids);
    free(s->twins);
}

static slice_t id_key(const void *const *id)
{
    return slice_of((const char *)id, sizeof *id);
}

/*
 * Pairs equal parts. In sequences only those count that stand in the same order, which in sorted
 * ones are all: each next one must lie behind the last.
 */
static err_t find_twins(side_t *from, side_t *to, bool ordered)
{
    table_t table = TABLE_INIT;
    err_t err = ERR_OK;
    for (size_t i = to->node->part_count; i-- && !err;) {
        err = table_put(&table, id_key(&to->ids[i]), &to->twins[i], NULL);
    }
    size_t next = 0;
    for (size_t i = 0; i < from->node->part_count && !err; i++) {
        size_t *twin = table_get(&table, id_key(&from->ids[i]));
        size_t k = twin ? (size_t)(twin - to->twins) : 0;
        if (twin && !*twin && (!ordered || k >= next)) {
            *twin = i + 1;
            from->twins[i] = k + 1;
            next = k + 1;
        }
    }
    table_release(&table);
    return err;
}

/* The children of parts [first, last), the first of which is child number `index`. */
static align_child_t *children(const node_t *n, size_t first, size_t last, size_t index,
                               size_t *count)
{
    size_t total = 0, k = 0;
    for (size_t i = first; i < last; i++) {
        total += part_children(n, i);
    }
    align_child_t *list = malloc((total + 1) * sizeof *list);
    for (size_t i = first; list && i < last; i++) {
        if (n->kind == NODE_LIST) {
            slice_t text = slice_of(n->parts.chunks[i].text, n->parts.chunks[i].len), scalar;
            for (size_t at = 0; k < total && node_chunk_next(text, &at, &scalar); k++) {
                list[k] = (align_child_t){NULL, scalar, index + k};
            }
            continue;
        }
        const node_run_t *run = n->parts.runs[i];
        for (size_t m = 0; m < run->count; m++, k++) {
            slice_t name = run->ends ? node_run_name(run, m) : slice_of(NULL, 0);
            list[k] = (align_child_t){run->nodes[m], name, index + k};
        }
    }
    *count = k;
    return list;
}

/* ---- sequences ---- */

typedef struct cursor {
    size_t part;
    size_t index; /* of the part's first child */
} cursor_t;

static void skip_part(const node_t *n, cursor_t *at)
{
    at->index += part_children(n, at->part++);
}

static err_t align_between(const node_t *from, const cursor_t *from_at, size_t from_end,
                           const node_t *to, const cursor_t *to_at, size_t to_end, alignment_t *out)
{
    size_t x_count = 0, y_count = 0;
    align_child_t *x = children(from, from_at->part, from_end, from_at->index, &x_count);
    align_child_t *y = children(to, to_at->part, to_end, to_at->index, &y_count);
    err_t err = x && y ? align_gap(x, x_count, y, y_count, out) : ERR_NOMEM;
    free(x);
    free(y);
    return err;
}

static err_t align_sequence(const side_t *from, const side_t *to, alignment_t *out)
{
    cursor_t x = {0, 0}, y = {0, 0};
    err_t err = ERR_OK;
    while ((x.part < from->node->part_count || y.part < to->node->part_count) && !err) {
        size_t x_end = x.part, y_end = y.part;
        while (x_end < from->node->part_count && !from->twins[x_end]) {
            x_end++;
        }
        while (y_end < to->node->part_count && !to->twins[y_end]) {
            y_end++;
        }
        if (x_end > x.part || y_end > y.part) {
            err = align_between(from->node, &x, x_end, to->node, &y, y_end, out);
        }
        while (x.part < x_end) {
            skip_part(from->node, &x);
        }
        while (y.part < y_end) {
            skip_part(to->node, &y);
        }
        if (x.part < from->node->part_count) { /* and its twin */
            skip_part(from->node, &x);
            skip_part(to->node, &y);
        }
    }
    return err;
}

/* ---- objects ---- */

/* All members of parts without a twin. */
static align_child_t *single_members(const side_t *s, size_t *count)
{
    size_t total = 0, n = 0;
    for (size_t i = 0; i < s->node->part_count; i++) {
        total += s->twins[i] ? 0 : part_children(s->node, i);
    }
    align_child_t *list = malloc((total + 1) * sizeof *list);
    for (size_t i = 0; list && i < s->node->part_count; i++) {
        const node_run_t *run = s->node->parts.runs[i];
        for (size_t k = 0; !s->twins[i] && k < run->count; k++) {
            list[n++] = (align_child_t){run->nodes[k], node_run_name(run, k), 0};
        }
    }
    *count = n;
    return list;
}

/* A key for the empty name, too. */
static err_t index_names(table_t *table, align_child_t *list, size_t count)
{
    err_t err = ERR_OK;
    for (size_t i = 0; i < count && !err; i++) {
        err = table_put(table, list[i].text, &list[i], NULL);
    }
    return err;
}

static err_t align_members(const side_t *from, const side_t *to, alignment_t *out)
{
    size_t x_count = 0, y_count = 0;
    align_child_t *x = single_members(from, &x_count), *y = single_members(to, &y_count);
    table_t table = TABLE_INIT;
    err_t err = x && y ? index_names(&table, y, y_count) : ERR_NOMEM;
    for (size_t i = 0; i < x_count && !err; i++) {
        align_child_t *other = table_get(&table, x[i].text);
        if (!other) {
            err = alignment_add(out, &out->removed, &x[i], NULL);
            continue;
        }
        if (other->node != x[i].node) {
            err = alignment_add(out, &out->changed, &x[i], other);
        }
        other->index = 1; /* is not new */
    }
    for (size_t i = 0; i < y_count && !err; i++) {
        if (!y[i].index) {
            err = alignment_add(out, &out->added, NULL, &y[i]);
        }
    }
    table_release(&table);
    free(x);
    free(y);
    return err;
}

err_t align(const node_t *from, const node_t *to, alignment_t *out)
{
    side_t x = {0}, y = {0};
    bool object = from->kind == NODE_OBJECT;
    err_t err = side_init(&x, from);
    err = err ? err : side_init(&y, to);
    err = err ? err : find_twins(&x, &y, !object);
    if (!err) {
        err = object ? align_members(&x, &y, out) : align_sequence(&x, &y, out);
    }
    side_release(&x);
    side_release(&y);
    return err;
}
