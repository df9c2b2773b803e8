/*
 * Overlay: a tree as it is after some operations of a patch.
 *
 * A value is shared with the tree it came from, or with the patch, until an operation goes into it;
 * then it is opened, one level deep. An open object is what it was and the members that were
 * touched; an open array is a sequence of pieces, each a stretch of a part of what it was, or one
 * element. So an operation costs as much as the parts that it lands in, and so does the comparison
 * with another tree: what both have by the same pointer is not looked at.
 *
 * Everything lies in one arena, but for the tables of names, which overlay_release frees.
 */
#ifndef UPDATES_OVERLAY_H
#define UPDATES_OVERLAY_H

#include "footprintd/updates/patch.h"

/*
 * How deep a patch, a value in it and a compared tree may be nested; what is recursive here goes no
 * deeper. Documents are nested less deep, and a value stands two levels deeper in a patch.
 */
#define OVERLAY_DEPTH 128

typedef struct overlay_object overlay_object_t;
typedef struct overlay_array overlay_array_t;

typedef enum item_kind {
    ITEM_NOTHING, /* a member that is not there; opened, it is an object without members */
    ITEM_NODE,
    ITEM_TEXT, /* a scalar in a chunk */
    ITEM_JSON, /* a value in the patch */
    ITEM_OBJECT,
    ITEM_ARRAY,
} item_kind_t;

typedef struct item {
    item_kind_t kind;
    union {
        const node_t *node;
        slice_t text;
        const json_value_t *json;
        overlay_object_t *object;
        overlay_array_t *array;
    } u;
} item_t;

typedef struct overlay {
    arena_t arena;
    item_t root;
    overlay_object_t *objects; /* all that may have tables */
    buf_t left;                /* scratch */
    buf_t right;
    uint64_t round; /* counts comparisons of objects, to mark what one has seen */
} overlay_t;

/* A member that was touched. */
typedef struct overlay_slot {
    struct overlay_slot *next;
    slice_t name;
    item_t value;
    const node_t *before; /* what the base has by this name, or NULL */
    uint64_t seen;        /* the round that found it in the other tree */
} overlay_slot_t;

struct overlay_object {
    overlay_object_t *next;
    const node_t *base; /* NULL: all members are slots */
    size_t count;
    bool frozen; /* it is in two places: who changes it copies it first, and freezes its children */
    table_t touched; /* name -> overlay_slot_t */
    overlay_slot_t *slots;
    /*
     * Where a name is found in a base with many members. Runs that both the base and the tree that
     * is aimed at have are left alone: a name that the other tree has elsewhere is not in them.
     */
    const node_t *aim; /* valid when aimed; NULL: no run is shared */
    bool aimed;
    bool rest_known;
    table_t runs;  /* pointer -> run of the base, or the aim when it has the run too */
    table_t own;   /* name -> node, of the base's other runs */
    table_t other; /* name -> node, of the aim's other runs */
    table_t rest;  /* name -> node, of the shared runs, when it came to that */
};

typedef enum piece_kind {
    PIECE_ONE,
    PIECE_RUN,
    PIECE_CHUNK,
    PIECE_JSON,
} piece_kind_t;

typedef struct overlay_chunk {
    const node_chunk_t *chunk;
    slice_t *scalars; /* NULL until one is asked for */
} overlay_chunk_t;

/* Elements [first, first + count) of a part. */
typedef struct overlay_piece {
    struct overlay_piece *prev, *next;
    piece_kind_t kind;
    size_t first;
    size_t count;
    union {
        item_t one;
        const node_run_t *run;
        overlay_chunk_t *chunk;
        const json_value_t *json; /* the array */
    } u;
} overlay_piece_t;

struct overlay_array {
    overlay_piece_t ends; /* a ring: first and last piece */
    size_t count;
    bool frozen;
    /* The last piece found: operations on an array mostly go through it in one direction. */
    overlay_piece_t *at;
    size_t at_index; /* of its first element */
};

typedef enum overlay_shape {
    SHAPE_SCALAR,
    SHAPE_ARRAY,
    SHAPE_OBJECT,
} overlay_shape_t;

/* ---- both ---- */

void overlay_init(overlay_t *o, const node_t *from);
void overlay_release(overlay_t *o);

/*
 * Opens the object or array in the cell, so that it may be changed. `aim` is what the other tree is
 * thought to have in its place, or NULL. ERR_DATA: a scalar.
 */
err_t overlay_open(overlay_t *o, item_t *cell, const node_t *aim) FPD_MUST_CHECK;
/* Opaque text that is an object or array becomes ITEM_JSON. */
err_t overlay_settle(overlay_t *o, item_t *item) FPD_MUST_CHECK;
/* Of a settled item. */
overlay_shape_t overlay_shape(const item_t *item);
/* What is in the item is going to be in two places. */
void overlay_freeze(const item_t *item);
/*
 * ERR_DATA unless the item has the content of `other` (ITEM_NODE, ITEM_TEXT or ITEM_JSON): objects
 * without regard to order, strings by their characters, numbers by their text, or by the rules of
 * json_value_equal when not `exact`.
 */
err_t overlay_compare(overlay_t *o, item_t item, item_t other, bool exact,
                      unsigned depth) FPD_MUST_CHECK;

static inline item_t item_of_node(const node_t *n)
{
    return (item_t){.kind = ITEM_NODE, .u = {.node = n}};
}

static inline item_t item_of_json(const json_value_t *v)
{
    return (item_t){.kind = ITEM_JSON, .u = {.json = v}};
}

static inline item_t item_of_text(slice_t text)
{
    return (item_t){.kind = ITEM_TEXT, .u = {.text = text}};
}

/* ---- objects ---- */

/* Of an ITEM_NODE or ITEM_JSON that is an object, or (ITEM_NOTHING) without members. */
err_t overlay_object_init(overlay_t *o, overlay_object_t *object,
                          const item_t *from) FPD_MUST_CHECK;
/* Frees the tables. */
void overlay_object_release(overlay_object_t *object);
err_t overlay_object_copy(overlay_t *o, const overlay_object_t *from,
                          overlay_object_t *object) FPD_MUST_CHECK;
/* From now on names are looked for by means of this object, which may be NULL. */
err_t overlay_object_aim(overlay_object_t *object, const node_t *aim) FPD_MUST_CHECK;
/* What the base has by this name, whatever became of it; NULL: nothing. */
err_t overlay_object_before(overlay_object_t *object, slice_t name,
                            const node_t **out) FPD_MUST_CHECK;
/*
 * The member's slot, whose value is ITEM_NOTHING when there is no such member; made when there is
 * none. The name must live as long as the overlay.
 */
err_t overlay_object_slot(overlay_t *o, overlay_object_t *object, slice_t name,
                          overlay_slot_t **out) FPD_MUST_CHECK;
void overlay_object_set(overlay_object_t *object, overlay_slot_t *slot, item_t value);
/* What the aim probably has by the slot's name, as far as that is known at no cost. */
const node_t *overlay_object_hint(const overlay_object_t *object, const overlay_slot_t *slot);
/* True when the base has this run too, and the object knows. */
bool overlay_object_shares(const overlay_object_t *object, const node_run_t *run);
/* The same of the run that has this name, which the base has. */
bool overlay_object_shares_name(const overlay_object_t *object, slice_t name);

/* ---- arrays ---- */

/* Of an ITEM_NODE or ITEM_JSON that is an array. */
err_t overlay_array_init(overlay_t *o, overlay_array_t *array, const item_t *from) FPD_MUST_CHECK;
err_t overlay_array_copy(overlay_t *o, const overlay_array_t *from,
                         overlay_array_t *array) FPD_MUST_CHECK;
/* Element `index` of those that the array has, as a piece of its own. */
err_t overlay_array_at(overlay_t *o, overlay_array_t *array, size_t index,
                       overlay_piece_t **out) FPD_MUST_CHECK;
/* index is at most the count. */
err_t overlay_array_insert(overlay_t *o, overlay_array_t *array, size_t index,
                           item_t value) FPD_MUST_CHECK;
/* The piece that overlay_array_at gave last. */
void overlay_array_remove(overlay_array_t *array, overlay_piece_t *piece);
/* Element `first + i` of what the piece is of. */
err_t overlay_piece_item(overlay_t *o, const overlay_piece_t *piece, size_t i,
                         item_t *out) FPD_MUST_CHECK;

/* ---- patches ---- */

/*
 * *proven: the patch, an object, makes `to` of `from`, which are opaque objects of scalars. Where
 * it is not proven nothing is said. ERR_NOMEM.
 */
err_t overlay_merge_text(const node_t *from, const json_value_t *patch, const node_t *to,
                         bool *proven) FPD_MUST_CHECK;

/* ERR_DATA: it is not a patch, or it does not apply. */
err_t overlay_apply_json(overlay_t *o, const json_value_t *patch, const node_t *to) FPD_MUST_CHECK;
err_t overlay_apply_merge(overlay_t *o, const json_value_t *patch, const node_t *to) FPD_MUST_CHECK;

#endif
