#include "footprintd/join/cover.h"

#include "wide.h"

#include <assert.h>
#include <stdlib.h>

/*
 * The smallest set by longest match, after the Optimal Routing Table Constructor (Draves, King,
 * Venkatachary, Zill, 1999): a binary tree over the prefix whose leaves are constant; upwards, a
 * node takes the values that both halves can have, or else all that either can; downwards, a half
 * that can have what it inherits needs no entry. A leaf without a value counts as the value 0, so
 * that "nothing" is inherited and overridden as everything else is.
 */

typedef struct node {
    wide_t base;
    uint32_t half[2]; /* 0: a leaf (node 0 is the root and nobody's half) */
    uint32_t first;   /* of its values, in `values` */
    uint32_t count;
    uint8_t len;
    bool either; /* its halves have no value in common */
} node_t;

typedef struct builder {
    const cover_range_t *ranges;
    size_t count;
    family_t family;
    node_t *nodes;
    size_t node_count, node_cap, node_most;
    uint32_t *values; /* ascending for each node */
    size_t value_count, value_cap;
    size_t leaves, blank_leaves;
    cover_t *out;
    size_t entry_cap;
} builder_t;

static wide_t key_of(const builder_t *b, u128_t a)
{
    return wide_of_u128(a) << (b->family == FAMILY_IPV4 ? 96 : 0);
}

static wide_t last_key(const builder_t *b, u128_t a)
{
    return b->family == FAMILY_IPV4 ? key_of(b, a) | (WIDE_MAX >> 32) : wide_of_u128(a);
}

static wide_t block_last(wide_t base, unsigned len)
{
    return len ? base | ~(WIDE_MAX << (128 - len)) : WIDE_MAX;
}

static err_t push_value(builder_t *b, uint32_t value)
{
    if (b->value_count == b->value_cap) {
        size_t cap = b->value_cap ? b->value_cap * 2 : 256;
        uint32_t *grown = realloc(b->values, cap * sizeof *grown);
        if (!grown) {
            return ERR_NOMEM;
        }
        b->values = grown;
        b->value_cap = cap;
    }
    b->values[b->value_count++] = value;
    return ERR_OK;
}

static err_t new_node(builder_t *b, wide_t base, unsigned len, uint32_t *out)
{
    if (b->node_count == b->node_cap) {
        size_t cap = b->node_cap ? b->node_cap * 2 : 64;
        node_t *grown = realloc(b->nodes, cap * sizeof *grown);
        if (!grown) {
            return ERR_NOMEM;
        }
        b->nodes = grown;
        b->node_cap = cap;
    }
    if (b->node_count >= b->node_most) {
        return ERR_LIMIT;
    }
    *out = (uint32_t)b->node_count++;
    b->nodes[*out] = (node_t){.base = base, .len = (uint8_t)len};
    return ERR_OK;
}

/* What both halves can have, or, when that is nothing, what either can. */
static err_t combine(builder_t *b, uint32_t index)
{
    const node_t *x = &b->nodes[b->nodes[index].half[0]], *y = &b->nodes[b->nodes[index].half[1]];
    uint32_t first = (uint32_t)b->value_count;
    for (unsigned pass = 0; pass < 2 && b->value_count == first; pass++) {
        b->nodes[index].either = pass;
        uint32_t i = 0, k = 0;
        while (i < x->count || k < y->count) {
            uint32_t v = i < x->count ? b->values[x->first + i] : UINT32_MAX;
            uint32_t w = k < y->count ? b->values[y->first + k] : UINT32_MAX;
            uint32_t least = v < w ? v : w;
            bool both = v == w;
            i += v == least;
            k += w == least;
            err_t err = both || pass ? push_value(b, least) : ERR_OK;
            if (err) {
                return err;
            }
        }
    }
    b->nodes[index].first = first;
    b->nodes[index].count = (uint32_t)b->value_count - first;
    return ERR_OK;
}

/* At most 128 levels deep. range: the one that holds base. */
static err_t grow(builder_t *b, uint32_t index, size_t range)
{
    node_t n = b->nodes[index];
    while (last_key(b, b->ranges[range].last) < n.base) {
        range++;
    }
    if (last_key(b, b->ranges[range].last) >= block_last(n.base, n.len)) {
        b->nodes[index].first = (uint32_t)b->value_count;
        b->nodes[index].count = 1;
        b->leaves++;
        b->blank_leaves += b->ranges[range].value == 0;
        return push_value(b, b->ranges[range].value);
    }
    assert(n.len < 128);
    for (unsigned half = 0; half < 2; half++) {
        uint32_t child = 0;
        wide_t base = half ? n.base | (wide_t)1 << (127 - n.len) : n.base;
        err_t err = new_node(b, base, n.len + 1u, &child);
        if (!err) {
            b->nodes[index].half[half] = child;
            err = grow(b, child, range);
        }
        if (err) {
            return err;
        }
    }
    return combine(b, index);
}

static err_t push_entry(builder_t *b, const node_t *n, uint32_t value, uint32_t parent)
{
    cover_t *out = b->out;
    if (out->count == b->entry_cap) {
        size_t cap = b->entry_cap ? b->entry_cap * 2 : 16;
        cover_entry_t *grown = realloc(out->entries, cap * sizeof *grown);
        if (!grown) {
            return ERR_NOMEM;
        }
        out->entries = grown;
        b->entry_cap = cap;
    }
    prefix_t p = {.family = b->family};
    if (b->family == FAMILY_IPV4) {
        p.u.v4 = (prefix4_t){(uint32_t)(n->base >> 96), n->len};
    } else {
        p.u.v6 = (prefix6_t){wide_to_u128(n->base), n->len};
    }
    out->entries[out->count++] = (cover_entry_t){p, value, parent};
    return ERR_OK;
}

static bool can_have(const builder_t *b, const node_t *n, uint32_t value)
{
    for (uint32_t i = 0; i < n->count; i++) {
        if (b->values[n->first + i] == value) {
            return true;
        }
    }
    return false;
}

static err_t choose(builder_t *b, uint32_t index, uint32_t inherited, uint32_t parent)
{
    const node_t n = b->nodes[index];
    /*
     * Where the halves have nothing in common, an entry saves one further down and costs one
     * itself: only the prefix that was asked for gets it then.
     */
    bool root = index == 0;
    if (!can_have(b, &n, inherited) && (!n.either || root)) {
        /* The least one: the caller numbers values so that it is the one that says least. */
        inherited = b->values[n.first];
        uint32_t me = (uint32_t)b->out->count;
        err_t err = push_entry(b, &n, inherited, parent);
        if (err) {
            return err;
        }
        parent = me;
    }
    for (unsigned half = 0; n.half[0] && half < 2; half++) {
        err_t err = choose(b, n.half[half], inherited, parent);
        if (err) {
            return err;
        }
    }
    return ERR_OK;
}

/* Every leaf that has a value by itself. */
static err_t take_leaves(builder_t *b, uint32_t index)
{
    const node_t n = b->nodes[index];
    if (!n.half[0]) {
        uint32_t value = b->values[n.first];
        return value ? push_entry(b, &n, value, UINT32_MAX) : ERR_OK;
    }
    err_t err = take_leaves(b, n.half[0]);
    return err ? err : take_leaves(b, n.half[1]);
}

err_t cover_build(const prefix_t *prefix, const cover_range_t *ranges, size_t count, bool disjoint,
                  size_t most, cover_t *out)
{
    *out = (cover_t){0};
    builder_t b = {.ranges = ranges, .count = count, .family = prefix->family, .out = out};
    bool v4 = prefix->family == FAMILY_IPV4;
    wide_t base = v4 ? (wide_t)prefix->u.v4.addr << 96 : wide_of_u128(prefix->u.v6.addr);
    unsigned len = v4 ? prefix->u.v4.len : prefix->u.v6.len;
    /* A range costs at most two paths of nodes; this only bounds what a hostile request can cost.
     */
    b.node_most = most > SIZE_MAX / 1024 ? SIZE_MAX / 4 : most * 256 + 1024;
    uint32_t root = 0;
    err_t err = new_node(&b, base, len, &root);
    err = err ? err : grow(&b, root, 0);
    err = err ? err : choose(&b, root, 0, UINT32_MAX);
    if (!err && disjoint && b.leaves - b.blank_leaves <= out->count) {
        out->count = 0;
        err = take_leaves(&b, root);
    }
    if (!err && out->count > most) {
        err = ERR_LIMIT;
    }
    free(b.nodes);
    free(b.values);
    if (err) {
        cover_release(out);
    }
    return err;
}

void cover_release(cover_t *cover)
{
    free(cover->entries);
    *cover = (cover_t){0};
}
