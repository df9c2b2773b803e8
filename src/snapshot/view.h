/*
 * View classes: what one class of uCDNs sees of a snapshot. Private to src/snapshot.
 */
#ifndef FPD_SNAPSHOT_VIEW_H
#define FPD_SNAPSHOT_VIEW_H

#include "footprintd/alto/fragments.h"
#include "footprintd/alto/scope.h"
#include "footprintd/join/pids.h"
#include "footprintd/snapshot/snapshot.h"

/* Which PID an address has in a network map, for all views that show the map. */
typedef struct view_pids {
    pid_index_t index;
    bool built; /* when a view needs it first */
} view_pids_t;

typedef struct view_input {
    const model_t *model;
    const scope_t *scope; /* of this class */
    slice_t base_uri;
    const join_index_t *join;
    const attributes_t *attributes; /* NULL: no database */
    view_pids_t *pids;              /* of each network map of the model, then of the implicit one */
    struct path_index *const *paths; /* of each topology of the model */
    size_t propmap_max_get_bytes, propmap_max_entities;
    fragments_t *fragments;
    const view_t *previous; /* the same class in the snapshot before; NULL: none */
    table_t *shared;        /* "path\ntag" -> document_t, of the classes before this one */
    arena_t *arena;
} view_input_t;

err_t view_build(const view_input_t *input, view_t *out) FPD_MUST_CHECK;
void view_release(view_t *view);

/* view_documents.c. What is there at the path with this tag; borrowed, or NULL. */
document_t *view_document_find(const view_input_t *in, slice_t path, const char *tag);
/* For the classes behind this one. */
err_t view_document_share(const view_input_t *in, slice_t path, document_t *d) FPD_MUST_CHECK;
/*
 * The document of a resource: one that is there with the same tag, with all its bodies, so that
 * publishing the same content again costs none, and classes that show the same share it; otherwise
 * a new one.
 */
err_t view_document_for(const view_input_t *in, slice_t path, const char *tag,
                        err_t (*make)(const void *content, body_t **out), const void *content,
                        document_t **out) FPD_MUST_CHECK;

#endif
