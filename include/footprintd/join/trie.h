/*
 * Tries: from an address to the id of its range in a few memory accesses.
 *
 * The first bits index a direct table; what is left is walked six bits at a time through nodes that
 * hold two bitmaps: one says which of the 64 slots lead to a child, the other where a run of equal
 * leaves begins. Children and leaves of a node lie side by side, so that a slot's place is a count
 * of bits. The idea of bitmaps and counts is that of Lulea tries and tree bitmaps; equal neighbours
 * cost nothing, so that the table stays in the cache.
 */
#ifndef FOOTPRINTD_JOIN_TRIE_H
#define FOOTPRINTD_JOIN_TRIE_H

#include "footprintd/join/ranges.h"

#define TRIE4_DIRECT_BITS 18
#define TRIE6_DIRECT_BITS 16
#define TRIE_STRIDE       6
/* In the direct table: the rest of the entry is an id, not a node. */
#define TRIE_LEAF   0x80000000u
#define TRIE_ID_MAX (TRIE_LEAF - 1)

typedef struct trie_node {
    uint64_t children; /* bit v: slot v leads to a node */
    uint64_t leaves;   /* bit v: slot v begins a run of equal leaves */
    uint32_t child;    /* the node of the first set bit of children */
    uint32_t leaf;     /* the leaf of the first set bit of leaves */
} trie_node_t;

typedef struct trie {
    uint32_t *direct; /* all three lie in `memory` */
    trie_node_t *nodes;
    uint32_t *leaves;
    void *memory;
    size_t node_count;
    size_t leaf_count;
    unsigned direct_bits;
} trie_t;

typedef struct trie4 {
    trie_t t;
} trie4_t;

typedef struct trie6 {
    trie_t t;
} trie6_t;

err_t trie4_build(const join_ranges_t *ranges, trie4_t *out) FPD_MUST_CHECK;
err_t trie6_build(const join_ranges_t *ranges, trie6_t *out) FPD_MUST_CHECK;
void trie_release(trie_t *t);
/* Memory of the table. */
size_t trie_bytes(const trie_t *t);

/* Set bits of x, with the operations that every processor has. */
static inline unsigned trie_count_portable(uint64_t x)
{
    x -= x >> 1 & UINT64_C(0x5555555555555555);
    x = (x & UINT64_C(0x3333333333333333)) + (x >> 2 & UINT64_C(0x3333333333333333));
    x = (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (unsigned)(x * UINT64_C(0x0101010101010101) >> 56);
}

/*
 * Set bits of x. The x86-64 baseline lacks the instruction that all processors of today have: so
 * the processor is asked, which is a load and a branch that always goes one way. Volatile keeps the
 * instruction behind that branch.
 */
static inline unsigned trie_count(uint64_t x)
{
#if defined(__x86_64__) && !defined(__POPCNT__)
    if (!__builtin_cpu_supports("popcnt")) {
        return trie_count_portable(x);
    }
    __asm__ volatile("popcntq %0, %0" : "+r"(x) : : "cc");
    return (unsigned)x;
#else
    return (unsigned)__builtin_popcountll(x);
#endif
}

/* Set bits up to and with bit v. */
static inline unsigned trie_rank(uint64_t bits, unsigned v)
{
    return trie_count(bits & ((UINT64_C(2) << v) - 1));
}

static inline uint32_t trie4_get(const trie4_t *trie, uint32_t addr)
{
    const trie_t *t = &trie->t;
    uint32_t e = t->direct[addr >> (32 - TRIE4_DIRECT_BITS)];
    /* The bits that are not used yet, from the top of 64 downwards. */
    uint64_t rest = (uint64_t)addr << (32 + TRIE4_DIRECT_BITS);
    while (!(e & TRIE_LEAF)) {
        const trie_node_t *n = &t->nodes[e];
        unsigned v = (unsigned)(rest >> 58);
        if (!(n->children >> v & 1)) {
            return t->leaves[n->leaf + trie_rank(n->leaves, v) - 1];
        }
        e = n->child + trie_rank(n->children, v) - 1;
        rest <<= TRIE_STRIDE;
    }
    return e & ~TRIE_LEAF;
}

static inline uint32_t trie6_get(const trie6_t *trie, u128_t addr)
{
    const trie_t *t = &trie->t;
    uint32_t e = t->direct[addr.hi >> (64 - TRIE6_DIRECT_BITS)];
    uint64_t hi = addr.hi << TRIE6_DIRECT_BITS | addr.lo >> (64 - TRIE6_DIRECT_BITS);
    uint64_t lo = addr.lo << TRIE6_DIRECT_BITS;
    while (!(e & TRIE_LEAF)) {
        const trie_node_t *n = &t->nodes[e];
        unsigned v = (unsigned)(hi >> 58);
        if (!(n->children >> v & 1)) {
            return t->leaves[n->leaf + trie_rank(n->leaves, v) - 1];
        }
        e = n->child + trie_rank(n->children, v) - 1;
        hi = hi << TRIE_STRIDE | lo >> (64 - TRIE_STRIDE);
        lo <<= TRIE_STRIDE;
    }
    return e & ~TRIE_LEAF;
}

#endif
