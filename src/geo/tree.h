/*
 * The search tree: nodes, and a walk of it in address order.
 *
 * A record of a node is another node (below node_count), "no data" (node_count), a data offset
 * (from node_count + 16), or corrupt: the 15 values between point into the zeros behind the tree.
 *
 * The IPv4 tree of a tree of IPv6 begins at the node of ::/96. A walk of IPv6 shows no data there,
 * and none wherever else a record leads to that same node: those are aliases, such as
 * ::ffff:0:0/96 or 2002::/16. When no node stands at ::/96, the IPv4 tree is the one record that
 * covers it, and aliases cannot be told from data.
 *
 * Other nodes may be shared by several records too. A walk passes them once for each, so the number
 * of passes has a limit of TREE_PASSES for each node of the tree and TREE_PASSES_MIN in any case; a
 * tree without shared nodes needs one for each.
 */
#ifndef FPD_GEO_TREE_H
#define FPD_GEO_TREE_H

#include "footprintd/net/addr.h"

#define TREE_SEPARATOR  16 /* bytes of zeros behind the tree */
#define TREE_PASSES     4
#define TREE_PASSES_MIN 65536

typedef struct tree {
    const uint8_t *nodes;
    uint32_t node_count;
    unsigned record_size; /* 24, 28, 32 bits */
    family_t family;      /* of the addresses that it holds; those of IPv4 come with both */
    uint32_t ipv4_root;   /* a record */
    unsigned
        ipv4_depth; /* of that record: 96, less where the tree ends above it, 0 in IPv4 trees */
} tree_t;

/* node_count > 0; the bytes of all nodes are there. */
void tree_init(tree_t *t, const uint8_t *nodes, uint32_t node_count, unsigned record_size,
               unsigned ip_version);

static inline bool tree_is_node(const tree_t *t, uint32_t record)
{
    return record < t->node_count;
}

static inline bool tree_has_data(const tree_t *t, uint32_t record)
{
    return record > t->node_count;
}

/* Of a record that has data, in a tree whose nodes were checked. */
static inline uint32_t tree_data_offset(const tree_t *t, uint32_t record)
{
    return record - t->node_count - TREE_SEPARATOR;
}

/*
 * Looks at the records of every node, those that nothing leads to among them: NULL, or what is
 * wrong with *node.
 */
const char *tree_check(const tree_t *t, size_t data_size, uint32_t *node);

typedef struct tree_leaf {
    u128_t start; /* the first address; IPv4 in the low 32 bits */
    unsigned depth;
    uint32_t record; /* never a node */
} tree_leaf_t;

typedef enum tree_step {
    TREE_LEAF,
    TREE_END,
    TREE_TOO_DEEP, /* a node where addresses have no bit left: walk->at.record says which */
    TREE_TOO_LONG, /* the passes are used up */
} tree_step_t;

typedef struct tree_walk {
    const tree_t *tree;
    uint64_t passes; /* left */
    uint32_t alias;  /* the node to show as one without data, or node_count */
    unsigned bits;
    unsigned pending_count;
    tree_leaf_t pending[128]; /* right sides still to be walked: at most one of each depth */
    tree_leaf_t at;
} tree_walk_t;

/* The whole space of a family; IPv6 only in a tree of IPv6. */
void tree_walk_init(tree_walk_t *w, const tree_t *t, family_t family);
/* The leaves one after the other, without gaps between them. */
tree_step_t tree_walk_next(tree_walk_t *w, tree_leaf_t *out);

#endif
