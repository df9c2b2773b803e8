/*
 * The path vectors of a view. Private to src/snapshot.
 */
#ifndef FPD_SNAPSHOT_VIEW_PATHS_H
#define FPD_SNAPSHOT_VIEW_PATHS_H

#include "view.h"

#include "footprintd/alto/path_vector.h"
#include "footprintd/alto/property_map.h"

/* A resource of a topology, ready to be listed. */
typedef struct view_path {
    const resource_kind_t *kind;
    slice_t id;
    const path_vector_content_t *content;
    const char *tag; /* NULL: it is a POST resource */
    const slice_t *uses;
    size_t uses_count;
    slice_t capabilities;
} view_path_t;

typedef struct view_paths {
    view_path_t *items;
    size_t count;
} view_paths_t;

/* The most resources that these are. */
#define VIEW_PATHS_RESOURCES(model) (3 * (model)->topology_count)

/*
 * A view sees a topology that its scope sees, over a network map that it shows; spaces are those of
 * the costs that it shows, by map. When it sees one, the IRD's cost types get that of path vectors.
 */
err_t view_paths_make(const view_input_t *in, const property_map_pids_t *maps, size_t map_count,
                      cost_space_t *const *spaces, slice_t *cost_types,
                      view_paths_t *out) FPD_MUST_CHECK;

#endif
