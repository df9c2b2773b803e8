/*
 * Drafts of topologies: what parsing leaves to resolution. Private to src/model.
 */
#ifndef FPD_MODEL_TOPOLOGIES_H
#define FPD_MODEL_TOPOLOGIES_H

#include "builder.h"

typedef struct element_draft {
    topology_element_t made;
    uint32_t number;
} element_draft_t;

typedef struct node_draft {
    topology_node_t made;
    uint32_t line, column;
    fp_draft_t attached; /* its PIDs and prefixes */
    name_ref_t element;  /* name.ptr NULL: none */
    uint32_t number;
} node_draft_t;

typedef struct link_draft {
    topology_link_t made;
    uint32_t line, column;
    name_ref_t from, to; /* name.ptr NULL: not said, or wrong */
    name_ref_t element;
    uint32_t number;
} link_draft_t;

typedef struct path_draft {
    uint32_t line, column;
    slice_t pointer;
    name_ref_t from, to;
    ptrs_t links; /* name_ref_t */
    bool bad;     /* there is a finding */
} path_draft_t;

typedef struct topology_draft {
    model_topology_t made;
    bool defined; /* its id can be one, and is the first */
    bool is_public;
    name_ref_t map;
    table_t element_table, node_table, link_table; /* name -> draft */
    ptrs_t elements, nodes, links, paths;
} topology_draft_t;

/* While one is resolved. */
typedef struct topology_resolver {
    builder_t *b;
    topology_draft_t *t;
    const model_network_map_t *map; /* NULL: it is not known */
    bool good;                      /* nothing was found */
} topology_resolver_t;

/* A finding in the topology's document. */
void topology_find(topology_resolver_t *r, finding_code_t code, uint32_t line, uint32_t column,
                   slice_t pointer, const char *fmt, ...) FPD_PRINTF(6, 7);
/* What the topology has under the name; NULL after a finding, and where no name was read. */
void *topology_look_up(topology_resolver_t *r, const table_t *table, const name_ref_t *ref,
                       const char *what);
/* Behind nodes and links. */
void topology_make_paths(topology_resolver_t *r);

#endif
