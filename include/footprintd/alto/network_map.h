/*
 * Network map (RFC 7285 11.2.1) and filtered network map (RFC 7285 11.3.1).
 */
#ifndef FOOTPRINTD_ALTO_NETWORK_MAP_H
#define FOOTPRINTD_ALTO_NETWORK_MAP_H

#include "footprintd/alto/fragments.h"
#include "footprintd/alto/resource.h"
#include "footprintd/alto/tree.h"
#include "footprintd/model/model.h"

#define ALTO_MEDIA_NETWORK_MAP        "application/alto-networkmap+json"
#define ALTO_MEDIA_NETWORK_MAP_FILTER "application/alto-networkmapfilter+json"

extern const resource_kind_t resource_kind_network_map;
extern const resource_kind_t resource_kind_network_map_filtered;

struct value_list;

typedef struct network_map_pid {
    slice_t name;
    slice_t open; /* "name":{ */
    /* By family_t: "ipv4":[...]; NULL when the PID has none. */
    const struct value_list *addresses[2];
} network_map_pid_t;

typedef struct network_map_content {
    slice_t id;
    char tag[TAG_LEN + 1];
    slice_t head, tail;
    const network_map_pid_t *pids; /* by name, bytewise */
    size_t count;
    size_t segment_count;         /* the most that all PIDs have together */
    fragment_t *const *fragments; /* borrowed from the store */
    size_t fragment_count;
    const document_t *document; /* the full resource, for a filter that wants all */
} network_map_content_t;

err_t network_map_build(const model_network_map_t *map, fragments_t *fragments, arena_t *arena,
                        network_map_content_t **out) FPD_MUST_CHECK;
/*
 * The segments of one PID with the families of the mask (1 << family_t). Returns their number. A
 * PID without an address of these families is kept, with an empty group.
 */
size_t network_map_pid_segments(const network_map_pid_t *pid, unsigned families, bool comma,
                                slice_t *out);
/* Where the PID of this name is; false: nowhere. */
bool network_map_find_pid(const network_map_content_t *content, slice_t name, size_t *index);
err_t network_map_body(const network_map_content_t *content, body_t **out) FPD_MUST_CHECK;
/* The tree with the PIDs that are wanted, by index (NULL: all), and the families of the mask. */
err_t network_map_tree(const network_map_content_t *content, const uint8_t *wanted,
                       unsigned families, nodes_t *nodes, node_t **out) FPD_MUST_CHECK;
#define NETWORK_MAP_ALL_FAMILIES 3u

#endif
