/*
 * A link-state graph as a network map and the costs between its PIDs. Private to src/ctl.
 *
 *     import_graph_read.c   its nodes and links, of JSON or of two tables
 *     import_graph_costs.c  shortest paths from one PID to all others
 *     import_graph_text.c   the document, and files of costs
 *     import_graph.c        the command
 *
 * Nodes that have prefixes are PIDs; several nodes may be one PID, and a cost is then that of the
 * closest two. Nodes without prefixes are on the way.
 */
#ifndef FPD_CTL_IMPORT_GRAPH_H
#define FPD_CTL_IMPORT_GRAPH_H

#include "import_pids.h"

/* What one graph may have, and what costs may be worked out of it. */
#define IMPORT_NODES_MAX ((size_t)1 << 20)
#define IMPORT_LINKS_MAX ((size_t)4 << 20)
#define IMPORT_PAIRS_MAX ((size_t)16 << 20)

typedef enum import_metric {
    IMPORT_HOPCOUNT, /* RFC 9439 4.5: every link is one hop */
    IMPORT_IGP,      /* routingcost: the links' metrics, summed up */
} import_metric_t;
#define IMPORT_METRIC_COUNT 2

/* Of the cost maps: "hopcount", "routingcost". */
extern const char *const import_cost_metrics[IMPORT_METRIC_COUNT];

typedef struct import_node {
    slice_t name;
    uint32_t pid; /* IMPORT_NO_PID: none */
} import_node_t;

typedef struct import_link {
    uint32_t from, to;
    uint32_t metric;
} import_link_t;

/* A costs-file of the document. */
typedef struct import_costs {
    slice_t id;   /* of the cost map */
    slice_t path; /* "data/netmap-hopcount.csv" */
    buf_t text;
} import_costs_t;

typedef struct import_graph {
    import_data_t *d;
    import_pids_t pids;
    /* What is wanted: */
    slice_t name_prefix; /* of PIDs that are called as their nodes are */
    bool symmetric;      /* every link goes both ways */
    bool metrics[IMPORT_METRIC_COUNT];
    bool to_files; /* costs go to files beside the document */
    /* What was read: */
    import_node_t *nodes;
    size_t node_count, node_cap;
    table_t by_name; /* -> its number plus 1 */
    import_link_t *links;
    size_t link_count, link_cap;
    /* Links by their beginning: those of node n are [first[n], first[n + 1]). */
    uint32_t *first;
    /* What came of it: */
    import_costs_t costs[IMPORT_METRIC_COUNT];
    size_t cost_count;
    uint64_t pairs, unreachable; /* of the PIDs, over all cost maps */
} import_graph_t;

void import_graph_init(import_graph_t *g, import_data_t *d, slice_t map);
void import_graph_release(import_graph_t *g);

/*
 * JSON has all. Of a table of links, `nodes` is the table of nodes, whose name in findings is
 * nodes_file. False when memory failed or nothing can be made.
 */
bool import_graph_json(import_graph_t *g, slice_t text);
bool import_graph_csv(import_graph_t *g, slice_t links, slice_t nodes, slice_t nodes_file);
/* Sorts the links; false when memory failed. For behind reading. */
bool import_graph_finish(import_graph_t *g);

/* ---- paths ---- */

typedef struct import_paths {
    const import_graph_t *g;
    uint64_t *distances; /* by node */
    uint32_t *heap;      /* nodes; of hops: a queue */
    uint32_t *places;    /* by node: in the heap, plus 1 */
    size_t count;
} import_paths_t;

#define IMPORT_UNREACHABLE UINT64_MAX

bool import_paths_init(import_paths_t *p, const import_graph_t *g);
void import_paths_release(import_paths_t *p);
/* Distances from the nodes of the PID, by node. */
void import_paths_from(import_paths_t *p, uint32_t pid, import_metric_t metric);

/* ---- the whole ---- */

/* The document, which passes its check, of what was read and finished. */
bool import_graph_document(import_graph_t *g, bool csv);

#endif
