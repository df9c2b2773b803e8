/*
 * The table behind an answer with path vectors. Private to src/alto.
 */
#ifndef FPD_ALTO_PATH_VECTOR_H
#define FPD_ALTO_PATH_VECTOR_H

#include "footprintd/alto/message.h"
#include "footprintd/alto/path_vector.h"

#include "cost_request.h"

/* A name as JSON text: 16 characters of base64url in quotes. */
#define ANE_NAME_BYTES 12
#define ANE_NAME_LEN   16

/* What an answer names: an element, or several that the same paths go through. */
typedef struct ane {
    char name[ANE_NAME_LEN];
    topology_capacity_t capacity;
    uint32_t element; /* that it is, or TOPOLOGY_NONE */
} ane_t;

/* In `ends`: the pair has no path, or is not in the answer. */
#define PATH_VECTOR_NONE 0x80000000u

/*
 * Elements of paths in a row, pair by pair. An element is an arc, or a node behind all arcs; once
 * they are named, each is a place in `anes`.
 */
typedef struct path_table {
    const path_vector_content_t *content;
    cost_side_t from, to; /* numbers are those of nodes */
    uint32_t *ends;       /* of each pair's path in elements; or with PATH_VECTOR_NONE */
    uint32_t *elements;   /* of all paths */
    size_t element_count, element_cap;
    ane_t *anes; /* in the order of the paths */
    size_t ane_count;
} path_table_t;

/*
 * The paths of all pairs, or of those that passed (by pair; NULL: all did), and the names of what
 * they go through. ERR_LIMIT: they have too many elements. The table must be released in any case.
 */
err_t path_table_fill(path_table_t *t, const path_vector_content_t *content,
                      const cost_side_t *from, const cost_side_t *to, const uint8_t *passed,
                      const uint8_t *key) FPD_MUST_CHECK;
void path_table_release(path_table_t *t);

static inline bool path_table_has(const path_table_t *t, size_t pair)
{
    return !(t->ends[pair] & PATH_VECTOR_NONE);
}
/* The path of a pair; false: it has none. */
static inline bool path_table_get(const path_table_t *t, size_t pair, const uint32_t **path,
                                  size_t *length)
{
    uint32_t start = pair ? t->ends[pair - 1] & ~PATH_VECTOR_NONE : 0;
    *path = t->elements + start;
    *length = (t->ends[pair] & ~PATH_VECTOR_NONE) - start;
    return path_table_has(t, pair);
}

/* Bytes that are enough for the text of a pair's path. */
size_t path_table_room(const path_table_t *t, size_t pair);
/* ["name",...] of a pair that has a path; returns its end. */
char *path_table_write(const path_table_t *t, size_t pair, char *at);

/* Which properties of elements are asked for. */
typedef struct ane_properties {
    bool bandwidth, entity;
} ane_properties_t;

#define ANE_BANDWIDTH "max-reservable-bandwidth"
#define ANE_ENTITY    "persistent-entity-id"

/* "backbone-elements.ane:cluster-7" as JSON text. */
void element_entity_write(const path_vector_content_t *c, uint32_t element, buf_t *out);

/* ---- answers: path_vector_answer.c ---- */

/* The two resources of a topology. */
typedef struct path_shape {
    const char *part; /* of the costs, in Content-ID and vtag */
    const char *data; /* the member that has them */
    bool depends;     /* on the network map, and says so */
    message_kind_t message;
} path_shape_t;

/* What is answered. */
typedef struct path_answer {
    const path_vector_content_t *c;
    const path_shape_t *shape;
    cost_request_t q;
    cost_table_t costs; /* with paths as a column, where they are asked for */
    path_table_t paths;
    ane_properties_t properties;
} path_answer_t;

void path_answer_write(request_t *r, const path_answer_t *a);
/* Both parts; NULL: memory is out. */
node_t *path_answer_tree(request_t *r, const path_answer_t *a, nodes_t *nodes);

#endif
