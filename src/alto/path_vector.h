/*
 * The table behind an answer with path vectors. Private to src/alto.
 */
#ifndef FPD_ALTO_PATH_VECTOR_H
#define FPD_ALTO_PATH_VECTOR_H

#include "footprintd/alto/path_vector.h"

#include "cost_table.h"

/* A name as JSON text: 16 characters of base64url in quotes. */
#define ANE_NAME_BYTES 12
#define ANE_NAME_LEN   16

/* What an answer names: an element, or several that the same paths go through. */
typedef struct ane {
    char name[ANE_NAME_LEN];
    topology_capacity_t capacity;
    uint32_t element; /* that it is, or TOPOLOGY_NONE */
} ane_t;

#define PATH_VECTOR_NONE UINT32_MAX

/*
 * Elements of paths in a row, pair by pair. An element is an arc, or a node behind all arcs; once
 * they are named, each is a place in `anes`.
 */
typedef struct path_table {
    const path_vector_content_t *content;
    cost_side_t from, to; /* numbers are those of nodes */
    uint32_t *lengths;    /* of each pair's path; PATH_VECTOR_NONE: there is none */
    uint32_t *elements;   /* of all paths */
    size_t element_count, element_cap;
    ane_t *anes; /* in the order of the paths */
    size_t ane_count;
} path_table_t;

/* ERR_LIMIT: the paths have too many elements. The table must be released in any case. */
err_t path_table_fill(path_table_t *t, const path_vector_content_t *content,
                      const cost_side_t *from, const cost_side_t *to,
                      const uint8_t *key) FPD_MUST_CHECK;
void path_table_release(path_table_t *t);

/* Which properties of elements are asked for. */
typedef struct ane_properties {
    bool bandwidth, entity;
} ane_properties_t;

#define ANE_BANDWIDTH "max-reservable-bandwidth"
#define ANE_ENTITY    "persistent-entity-id"

/* "backbone-elements.ane:cluster-7" as JSON text. */
void element_entity_write(const path_vector_content_t *c, uint32_t element, buf_t *out);

#endif
