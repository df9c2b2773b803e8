#include "geo/tree.h"

#define IPV4_DEPTH 96

static uint32_t read24(const uint8_t *p)
{
    return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static inline void read_node(const tree_t *t, uint32_t node, uint32_t *left, uint32_t *right)
{
    const uint8_t *p = t->nodes + (size_t)node * (t->record_size / 4);
    switch (t->record_size) {
    case 24:
        *left = read24(p);
        *right = read24(p + 3);
        break;
    case 28: /* the byte in the middle has the highest four bits of both */
        *left = (uint32_t)(p[3] >> 4) << 24 | read24(p);
        *right = (uint32_t)(p[3] & 15) << 24 | read24(p + 4);
        break;
    default:
        *left = read24(p) << 8 | p[3];
        *right = read24(p + 4) << 8 | p[7];
        break;
    }
}

void tree_init(tree_t *t, const uint8_t *nodes, uint32_t node_count, unsigned record_size,
               unsigned ip_version)
{
    *t = (tree_t){.nodes = nodes,
                  .node_count = node_count,
                  .record_size = record_size,
                  .family = ip_version == 6 ? FAMILY_IPV6 : FAMILY_IPV4};
    while (t->family == FAMILY_IPV6 && t->ipv4_depth < IPV4_DEPTH &&
           tree_is_node(t, t->ipv4_root)) {
        uint32_t right;
        read_node(t, t->ipv4_root, &t->ipv4_root, &right);
        t->ipv4_depth++;
    }
}

static const char *check_record(const tree_t *t, size_t data_size, uint32_t record)
{
    if (record == 0) {
        return "leads back to the root";
    }
    if (record <= t->node_count) {
        return NULL;
    }
    uint32_t beyond = record - t->node_count;
    if (beyond < TREE_SEPARATOR) {
        return "leads into the zeros behind the tree";
    }
    return beyond - TREE_SEPARATOR < data_size ? NULL : "leads past the end of the data section";
}

const char *tree_check(const tree_t *t, size_t data_size, uint32_t *node)
{
    for (uint32_t i = 0; i < t->node_count; i++) {
        uint32_t left, right;
        read_node(t, i, &left, &right);
        const char *wrong = check_record(t, data_size, left);
        if (!wrong) {
            wrong = check_record(t, data_size, right);
        }
        if (wrong) {
            *node = i;
            return wrong;
        }
    }
    return NULL;
}

void tree_walk_init(tree_walk_t *w, const tree_t *t, family_t family)
{
    bool ipv6 = family == FAMILY_IPV6;
    w->tree = t;
    w->passes = (uint64_t)t->node_count * TREE_PASSES;
    if (w->passes < TREE_PASSES_MIN) {
        w->passes = TREE_PASSES_MIN;
    }
    w->alias = ipv6 && tree_is_node(t, t->ipv4_root) ? t->ipv4_root : t->node_count;
    w->bits = ipv6 ? 128 : 32;
    w->pending[0] = (tree_leaf_t){.record = ipv6 ? 0 : t->ipv4_root};
    w->pending_count = 1;
}

static u128_t with_bit(u128_t start, unsigned shift)
{
    if (shift >= 64) {
        start.hi |= UINT64_C(1) << (shift - 64);
    } else {
        start.lo |= UINT64_C(1) << shift;
    }
    return start;
}

tree_step_t tree_walk_next(tree_walk_t *w, tree_leaf_t *out)
{
    const tree_t *t = w->tree;
    if (w->pending_count == 0) {
        return TREE_END;
    }
    w->at = w->pending[--w->pending_count];
    while (tree_is_node(t, w->at.record)) {
        if (w->at.record == w->alias) {
            /* IPv4 addresses have to fit behind it. */
            if (w->at.depth > IPV4_DEPTH) {
                return TREE_TOO_DEEP;
            }
            w->at.record = t->node_count;
            break;
        }
        if (w->at.depth == w->bits) {
            return TREE_TOO_DEEP;
        }
        if (w->passes == 0) {
            return TREE_TOO_LONG;
        }
        w->passes--;
        tree_leaf_t *right = &w->pending[w->pending_count++];
        right->start = with_bit(w->at.start, w->bits - 1 - w->at.depth);
        right->depth = ++w->at.depth;
        read_node(t, w->at.record, &w->at.record, &right->record);
    }
    *out = w->at;
    return TREE_LEAF;
}
