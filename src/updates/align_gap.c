#include "align.h"

#include <stdlib.h>

/* Up to so many children on each side the longest common subsequence is looked for. */
#define LCS_MAX 64

/* So far ahead of its place another version of a child is looked for. */
#define SUBJECT_WINDOW 64

#define NONE SIZE_MAX

typedef struct gap {
    const align_child_t *from, *to;
    size_t from_count, to_count;
    size_t *match; /* for each of `from`: its partner in `to`; ascending; NONE */
} gap_t;

/* ---- children that are equal ---- */

static void match_lcs(gap_t *g)
{
    uint8_t length[LCS_MAX + 1][LCS_MAX + 1];
    memset(length, 0, sizeof length);
    for (size_t i = g->from_count; i--;) {
        for (size_t k = g->to_count; k--;) {
            uint8_t below = length[i + 1][k], right = length[i][k + 1];
            length[i][k] = align_equal(&g->from[i], &g->to[k]) ? (uint8_t)(length[i + 1][k + 1] + 1)
                           : below > right                     ? below
                                                               : right;
        }
    }
    for (size_t i = 0, k = 0; i < g->from_count && k < g->to_count;) {
        if (align_equal(&g->from[i], &g->to[k])) {
            g->match[i++] = k++;
        } else if (length[i + 1][k] >= length[i][k + 1]) {
            i++;
        } else {
            k++;
        }
    }
}

/* What a child is told apart by. */
static slice_t content_key(const align_child_t *c)
{
    return c->node ? slice_of((const char *)&c->node, sizeof c->node) : c->text;
}

/*
 * Each child with the next equal one behind the last that was taken: in sorted sequences without
 * duplicates, which is what long ones are, that finds all that is common.
 */
static err_t match_in_order(gap_t *g)
{
    size_t *next = calloc(g->to_count + 1, sizeof *next); /* the next equal one; 0: none */
    size_t *heads = calloc(g->to_count + 1, sizeof *heads);
    table_t table = TABLE_INIT;
    err_t err = next && heads ? ERR_OK : ERR_NOMEM;
    for (size_t k = g->to_count; k-- && !err;) {
        void *old = NULL;
        err = table_put(&table, content_key(&g->to[k]), &heads[k], &old);
        next[k] = old ? (size_t)((size_t *)old - heads) : 0;
    }
    size_t behind = 0;
    for (size_t i = 0; i < g->from_count && !err; i++) {
        size_t *head = table_get(&table, content_key(&g->from[i]));
        if (!head) {
            continue;
        }
        size_t k = (size_t)(head - heads);
        while (k < behind && next[k]) {
            k = next[k];
        }
        if (k >= behind) {
            g->match[i] = k;
            behind = k + 1;
        }
    }
    table_release(&table);
    free(next);
    free(heads);
    return err;
}

/* ---- children that are versions of each other ---- */

/*
 * Whether two objects are about the same: their first member is equal, and all further ones up to
 * the first that is no scalar and no object. So two capabilities are the same by type and value,
 * two footprints by type.
 */
static bool same_subject(const align_child_t *x, const align_child_t *y)
{
    if (!x->node || x->node->kind != NODE_OBJECT || y->node->kind != NODE_OBJECT ||
        !x->node->count || !y->node->count) {
        return false;
    }
    const node_run_t *a = x->node->parts.runs[0], *b = y->node->parts.runs[0];
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        if (i && (a->nodes[i]->kind == NODE_LIST || a->nodes[i]->kind == NODE_ARRAY)) {
            break;
        }
        if (a->nodes[i] != b->nodes[i] || !slice_eq(node_run_name(a, i), node_run_name(b, i))) {
            return false;
        }
    }
    return true;
}

/* Between two matches; [first, last) of each side. */
static void match_subjects(gap_t *g, size_t first, size_t last, size_t to_first, size_t to_last)
{
    size_t k = to_first;
    for (size_t i = first; i < last && g->from[i].node; i++) {
        size_t at = k, end = to_last - k < SUBJECT_WINDOW ? to_last : k + SUBJECT_WINDOW;
        while (at < end && !same_subject(&g->from[i], &g->to[at])) {
            at++;
        }
        if (at < end) {
            g->match[i] = at;
            k = at + 1;
        }
    }
}

/* ---- what is left: in pairs as it stands, the rest went or came ---- */

static err_t report_rest(const gap_t *g, size_t first, size_t last, size_t to_first, size_t to_last,
                         alignment_t *out)
{
    err_t err = ERR_OK;
    for (; first < last && to_first < to_last && !err; first++, to_first++) {
        err = alignment_add(out, &out->changed, &g->from[first], &g->to[to_first]);
    }
    for (; first < last && !err; first++) {
        err = alignment_add(out, &out->removed, &g->from[first], NULL);
    }
    for (; to_first < to_last && !err; to_first++) {
        err = alignment_add(out, &out->added, NULL, &g->to[to_first]);
    }
    return err;
}

/*
 * Calls for every stretch without matches; behind the last child stands a match that is none. The
 * matches are read before the callee may add some.
 */
static err_t report(const gap_t *g, alignment_t *out)
{
    size_t first = 0, to_first = 0;
    err_t err = ERR_OK;
    for (size_t i = 0; i <= g->from_count && !err; i++) {
        bool end = i == g->from_count;
        if (!end && g->match[i] == NONE) {
            continue;
        }
        size_t k = end ? g->to_count : g->match[i];
        err = report_rest(g, first, i, to_first, k, out);
        if (!err && !end && !align_equal(&g->from[i], &g->to[k])) {
            err = alignment_add(out, &out->changed, &g->from[i], &g->to[k]);
        }
        first = i + 1;
        to_first = k + 1;
    }
    return err;
}

static void match_all_subjects(gap_t *g)
{
    size_t first = 0, to_first = 0;
    for (size_t i = 0; i <= g->from_count; i++) {
        bool end = i == g->from_count;
        if (end || g->match[i] != NONE) {
            size_t k = end ? g->to_count : g->match[i];
            match_subjects(g, first, i, to_first, k);
            first = i + 1;
            to_first = k + 1;
        }
    }
}

err_t align_gap(const align_child_t *from, size_t from_count, const align_child_t *to,
                size_t to_count, alignment_t *out)
{
    while (from_count && to_count && align_equal(from, to)) {
        from++, to++, from_count--, to_count--;
    }
    while (from_count && to_count && align_equal(&from[from_count - 1], &to[to_count - 1])) {
        from_count--, to_count--;
    }
    gap_t g = {from, to, from_count, to_count, malloc((from_count + 1) * sizeof(size_t))};
    if (!g.match) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < from_count; i++) {
        g.match[i] = NONE;
    }
    err_t err = ERR_OK;
    if (from_count && to_count) {
        if (from_count <= LCS_MAX && to_count <= LCS_MAX) {
            match_lcs(&g);
        } else {
            err = match_in_order(&g);
        }
        match_all_subjects(&g);
    }
    err = err ? err : report(&g, out);
    free(g.match);
    return err;
}
