/*
 * Trees: one version of one information resource as a tree of shared nodes, from which changes are
 * computed.
 *
 * A node is a JSON value. Nodes are immutable, reference-counted, and made by a store that gives
 * the same node for the same content, within a version and from one version to the next: that two
 * values are equal is a comparison of pointers, and a version costs the memory of what is new in
 * it. For the latter the children of a node lie in parts: runs of some dozens of children, cut
 * where their content says so, not by position, so that an insertion changes one part and not all
 * parts behind it.
 *
 * kind         parts    a part is
 * NODE_TEXT    none     (the value is opaque: a scalar, or a value that is only replaced whole)
 * NODE_LIST    chunks   the texts of some scalars, with commas between them, in one fragment
 * NODE_ARRAY   runs     some elements
 * NODE_OBJECT  runs     some members, in the order of the text
 *
 * An array is a NODE_LIST when all of its elements are scalars (an empty one too). The text of a
 * NODE_TEXT may be an object or array all the same, so that a great document costs few nodes: it is
 * one row of a cost map. Whether it changed is seen from outside, and what changed in it by
 * node_expand.
 *
 * Threads: a store is for one thread at a time; nodes are shared freely.
 */
#ifndef FOOTPRINTD_ALTO_TREE_H
#define FOOTPRINTD_ALTO_TREE_H

#include "footprintd/alto/fragments.h"
#include "footprintd/base/json.h"

typedef enum node_kind {
    NODE_TEXT,
    NODE_LIST,
    NODE_ARRAY,
    NODE_OBJECT,
} node_kind_t;

typedef struct node node_t;
typedef struct node_run node_run_t;

/* Some scalars of a list. */
typedef struct node_chunk {
    fragment_t *fragment; /* what text points into; in a node: one reference */
    const char *text;     /* "a","b" */
    size_t len;
    size_t count; /* of scalars, at least one */
} node_chunk_t;

struct node {
    atomic_uint refs;
    uint8_t kind;         /* node_kind_t */
    bool is_null;         /* the text is null */
    bool has_null_member; /* a member of it, or of an object in it not below an array, is null */
    size_t count;         /* children; 0 for NODE_TEXT */
    size_t part_count;
    size_t size;   /* bytes of the whole text */
    uint64_t hash; /* of the content, the same in every process: for cutting, not for tables */
    fragment_t *fragment; /* NODE_TEXT: one reference */
    slice_t text;         /* NODE_TEXT */
    union {
        node_chunk_t *chunks; /* NODE_LIST */
        node_run_t **runs;    /* NODE_ARRAY, NODE_OBJECT: one reference each */
    } parts;
    slice_t shape; /* what the node is told apart by; private */
};

struct node_run {
    atomic_uint refs;
    size_t count;  /* children */
    size_t size;   /* bytes of their text: names and colons, and commas between children */
    uint64_t hash; /* of the content */
    bool has_null_member;
    node_t **nodes;       /* one reference each */
    const uint32_t *ends; /* of the names, in `names`; NULL in arrays */
    const char *names;    /* decoded, one behind the other */
    slice_t shape;        /* private */
};

node_t *node_ref(node_t *n);
void node_unref(node_t *n);
void node_run_unref(node_run_t *run);

/* The name of a member: decoded, not JSON text. */
static inline slice_t node_run_name(const node_run_t *run, size_t i)
{
    size_t start = i ? run->ends[i - 1] : 0;
    return slice_of(run->names + start, run->ends[i] - start);
}

/* The JSON text, compact, members in their order. */
void node_write(const node_t *n, buf_t *out);
void node_run_write(const node_run_t *run, buf_t *out);
/* The member's node, or NULL; walks all of them. */
const node_t *node_get(const node_t *object, slice_t name);

/* Steps to the next scalar of a chunk's text: *at begins at 0; false at the end. */
bool node_chunk_next(slice_t text, size_t *at, slice_t *scalar);

/* ---- the store ---- */

typedef struct nodes {
    table_t texts;  /* text -> node_t, NODE_TEXT */
    table_t shapes; /* shape -> node_t, the others */
    table_t runs;   /* shape -> node_run_t */
    table_t pieces; /* text -> fragment_t: chunks of nodes_json */
    table_t known;  /* caller's key -> node_t, see nodes_remember */
    const struct nodes *previous;
    const struct nodes *base;
    buf_t scratch;
    arena_t keys;
    bool failed;
} nodes_t;

/*
 * previous is a store of an older version, whose nodes are preferred, so that what did not change
 * is the same node; base is any other. Either may be NULL. They are only read, and only until
 * nodes_seal. All nodes that a store returns are borrowed from it and live at least as long; NULL
 * when memory is out, which also sticks (failed), so that a maker may check once at its end. NULL
 * among what a node is to be made of gives NULL.
 */
void nodes_init(nodes_t *s, const nodes_t *previous, const nodes_t *base);
void nodes_seal(nodes_t *s);
void nodes_release(nodes_t *s);

/* The text is a JSON value; it points into the fragment, or fragment is NULL and it is copied. */
node_t *nodes_text(nodes_t *s, fragment_t *fragment, slice_t text);
/* A string, as its JSON text. */
node_t *nodes_string(nodes_t *s, slice_t value);
/* The fragments' references stay the caller's. */
node_t *nodes_list(nodes_t *s, const node_chunk_t *chunks, size_t count);
node_t *nodes_array(nodes_t *s, node_t *const *items, size_t count);
/* names are decoded and distinct. */
node_t *nodes_object(nodes_t *s, const slice_t *names, node_t *const *nodes, size_t count);
/* Any JSON value, which must be valid (RFC 8259) and without duplicate names. */
node_t *nodes_json(nodes_t *s, const json_value_t *value);

/*
 * The value as it would be if every value in it were a node: itself, but for an opaque object or
 * array. Of two that are expanded in one store, what is equal is the same node.
 */
const node_t *node_expand(nodes_t *s, const node_t *n);

/* A memory for makers, by any key (copied): what was made for it in this store; NULL: nothing. */
node_t *nodes_recall(const nodes_t *s, slice_t key);
void nodes_remember(nodes_t *s, slice_t key, node_t *node);

/*
 * Where a list of scalars is cut into chunks: whether the chunk that has `count` scalars so far,
 * the last of which is this text, ends here.
 */
bool node_chunk_ends(size_t count, slice_t scalar);

#endif
