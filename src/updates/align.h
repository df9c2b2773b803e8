/*
 * What two containers have in common: which children changed, went and came. Private to
 * src/updates.
 *
 * Parts that both share are passed over as a whole, so that the work follows what differs.
 */
#ifndef FPD_UPDATES_ALIGN_H
#define FPD_UPDATES_ALIGN_H

#include "footprintd/alto/tree.h"

/* A child: a node, or in a list the text of a scalar. */
typedef struct align_child {
    const node_t *node; /* NULL in a list */
    slice_t text;       /* of the scalar; in an object the member's name */
    size_t index;
} align_child_t;

/* A child of one side, or a child of each. */
typedef struct align_pair {
    align_child_t from, to;
} align_pair_t;

typedef struct align_pairs {
    align_pair_t *items;
    size_t count, cap;
} align_pairs_t;

/*
 * changed is by position in `from`, in a sequence in both; removed by position in `from`, added by
 * position in `to`. What is neither is equal, and in a sequence stands in the same order in both.
 */
typedef struct alignment {
    align_pairs_t changed, removed, added;
    size_t most; /* changes that are worth knowing, at most */
} alignment_t;

void alignment_init(alignment_t *a, size_t most);
void alignment_release(alignment_t *a);

/* Both are of the same kind, not NODE_TEXT. ERR_LIMIT: there are more changes than `most`. */
err_t align(const node_t *from, const node_t *to, alignment_t *out) FPD_MUST_CHECK;

/*
 * align_text.c: the same of two opaque objects. ERR_RANGE: they are not, or one is empty, or their
 * texts have to be parsed for it (node_expand). Nodes are the store's, and made only of what
 * differs.
 */
err_t align_opaque(nodes_t *store, const node_t *from, const node_t *to,
                   alignment_t *out) FPD_MUST_CHECK;

/* align_gap.c: children that stand between equal parts. */
err_t align_gap(const align_child_t *from, size_t from_count, const align_child_t *to,
                size_t to_count, alignment_t *out) FPD_MUST_CHECK;

err_t alignment_add(alignment_t *a, align_pairs_t *list, const align_child_t *from,
                    const align_child_t *to) FPD_MUST_CHECK;

static inline bool align_equal(const align_child_t *x, const align_child_t *y)
{
    return x->node ? x->node == y->node : slice_eq(x->text, y->text);
}

#endif
