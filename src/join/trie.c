#include "footprintd/join/trie.h"

#include "block.h"
#include "wide.h"

#include <assert.h>
#include <stdlib.h>

#define SLOTS (1u << TRIE_STRIDE)

typedef struct builder {
    const join_ranges_t *ranges;
    trie_t *t;
    size_t node_cap, leaf_cap;
} builder_t;

/* A slot of a node or of the direct table that is not uniform: built when its siblings have a
 * place. */
typedef struct pending {
    wide_t base;
    size_t range; /* the one that holds base */
} pending_t;

static bool grow_nodes(builder_t *b, size_t more)
{
    trie_t *t = b->t;
    while (t->node_count + more > b->node_cap) {
        size_t cap = b->node_cap ? b->node_cap * 2 : 1024;
        trie_node_t *grown = realloc(t->nodes, cap * sizeof *grown);
        if (!grown) {
            return false;
        }
        t->nodes = grown;
        b->node_cap = cap;
    }
    return t->node_count + more < TRIE_LEAF;
}

static bool push_leaf(builder_t *b, uint32_t id)
{
    trie_t *t = b->t;
    if (t->leaf_count == b->leaf_cap) {
        size_t cap = b->leaf_cap ? b->leaf_cap * 2 : 4096;
        uint32_t *grown = realloc(t->leaves, cap * sizeof *grown);
        if (!grown) {
            return false;
        }
        t->leaves = grown;
        b->leaf_cap = cap;
    }
    t->leaves[t->leaf_count++] = id;
    return t->leaf_count < UINT32_MAX;
}

/* The first and last key of slot v of a node at `base` whose slots begin after `used` bits. */
static void slot_bounds(wide_t base, unsigned used, unsigned v, wide_t *first, wide_t *last)
{
    if (used + TRIE_STRIDE <= 128) {
        unsigned shift = 128 - used - TRIE_STRIDE;
        *first = base | (wide_t)v << shift;
        *last = *first | (((wide_t)1 << shift) - 1);
    } else {
        /* Past the end of the address: several slots are one address, and only one is ever asked.
         */
        *first = *last = base | v >> (used + TRIE_STRIDE - 128);
    }
}

/* One, and how many slots behind that which ends with `last` end by `range_last`; may be more than
 * a node has. */
static unsigned whole_slots(unsigned used, wide_t last, wide_t range_last)
{
    if (used + TRIE_STRIDE > 128) {
        return 1;
    }
    wide_t behind = (range_last - last) >> (128 - used - TRIE_STRIDE);
    return behind < SLOTS ? 1 + (unsigned)behind : SLOTS;
}

static bool build_node(builder_t *b, uint32_t index, wide_t base, size_t range, unsigned used)
{
    pending_t children[SLOTS];
    unsigned child_count = 0;
    trie_node_t node = {.leaf = (uint32_t)b->t->leaf_count};
    bool have_leaf = false;
    uint32_t last_leaf = 0;
    for (unsigned v = 0; v < SLOTS;) {
        wide_t first, last;
        slot_bounds(base, used, v, &first, &last);
        while (wide_last(b->ranges, range) < first) {
            range++;
        }
        wide_t range_last = wide_last(b->ranges, range);
        if (range_last < last) {
            node.children |= UINT64_C(1) << v;
            children[child_count++] = (pending_t){first, range};
            v++;
            continue;
        }
        uint32_t id = b->ranges->id[range];
        if (!have_leaf || id != last_leaf) {
            node.leaves |= UINT64_C(1) << v;
            have_leaf = true;
            last_leaf = id;
            if (!push_leaf(b, id)) {
                return false;
            }
        }
        /* All slots that end within the range are the same. */
        v += whole_slots(used, last, range_last);
    }
    if (!grow_nodes(b, child_count)) {
        return false;
    }
    node.child = (uint32_t)b->t->node_count;
    b->t->node_count += child_count;
    b->t->nodes[index] = node;
    /* At most 20 levels deep: 16 + 19 * 6 bits are more than 128. */
    for (unsigned i = 0; i < child_count; i++) {
        if (!build_node(b, node.child + i, children[i].base, children[i].range,
                        used + TRIE_STRIDE)) {
            return false;
        }
    }
    return true;
}

static bool build_direct(builder_t *b)
{
    trie_t *t = b->t;
    size_t range = 0;
    unsigned shift = 128 - t->direct_bits;
    for (size_t i = 0; i < (size_t)1 << t->direct_bits; i++) {
        wide_t first = (wide_t)i << shift, last = first | (((wide_t)1 << shift) - 1);
        while (wide_last(b->ranges, range) < first) {
            range++;
        }
        if (wide_last(b->ranges, range) >= last) {
            t->direct[i] = b->ranges->id[range] | TRIE_LEAF;
            continue;
        }
        if (!grow_nodes(b, 1)) {
            return false;
        }
        uint32_t index = (uint32_t)t->node_count++;
        t->direct[i] = index;
        if (!build_node(b, index, first, range, t->direct_bits)) {
            return false;
        }
    }
    return true;
}

/* Moves what was built into one block. */
static err_t settle(trie_t *t)
{
    size_t direct = ((size_t)1 << t->direct_bits) * sizeof *t->direct;
    size_t nodes = t->node_count * sizeof *t->nodes, leaves = t->leaf_count * sizeof *t->leaves;
    char *block = block_new(direct + nodes + leaves, &t->memory);
    if (!block) {
        return ERR_NOMEM;
    }
    void *parts[] = {t->direct, t->nodes, t->leaves};
    memcpy(block, t->direct, direct);
    if (nodes) {
        memcpy(block + direct, t->nodes, nodes);
        memcpy(block + direct + nodes, t->leaves, leaves);
    }
    t->direct = (uint32_t *)(void *)block;
    t->nodes = (trie_node_t *)(void *)(block + direct);
    t->leaves = (uint32_t *)(void *)(block + direct + nodes);
    for (unsigned i = 0; i < 3; i++) {
        free(parts[i]);
    }
    return ERR_OK;
}

static err_t build(const join_ranges_t *ranges, unsigned direct_bits, trie_t *out)
{
    *out = (trie_t){.direct_bits = direct_bits};
    builder_t b = {ranges, out, 0, 0};
    out->direct = malloc(((size_t)1 << direct_bits) * sizeof *out->direct);
    if (!out->direct || !build_direct(&b) || settle(out)) {
        free(out->direct);
        free(out->nodes);
        free(out->leaves);
        *out = (trie_t){0};
        return ERR_NOMEM;
    }
    return ERR_OK;
}

err_t trie4_build(const join_ranges_t *ranges, trie4_t *out)
{
    assert(ranges->family == FAMILY_IPV4 && ranges->count);
    return build(ranges, TRIE4_DIRECT_BITS, &out->t);
}

err_t trie6_build(const join_ranges_t *ranges, trie6_t *out)
{
    assert(ranges->family == FAMILY_IPV6 && ranges->count);
    return build(ranges, TRIE6_DIRECT_BITS, &out->t);
}

void trie_release(trie_t *t)
{
    free(t->memory);
    *t = (trie_t){0};
}

size_t trie_bytes(const trie_t *t)
{
    return ((size_t)1 << t->direct_bits) * sizeof *t->direct + t->node_count * sizeof *t->nodes +
           t->leaf_count * sizeof *t->leaves;
}
