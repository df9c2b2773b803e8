/*
 * Snapshot: the immutable bundle that requests see, and the one slot it is published in.
 *
 * A request sees exactly one snapshot, from start to end: it holds a reference as long as any byte
 * of it may still be sent. What a uCDN sees of a snapshot is a view; views that show the same are
 * one view class and share every byte. All of it is read-only after snapshot_build, except that
 * compressed bodies are attached to documents as they become ready (alto/document.h).
 */
#ifndef FOOTPRINTD_SNAPSHOT_SNAPSHOT_H
#define FOOTPRINTD_SNAPSHOT_SNAPSHOT_H

#include "footprintd/alto/resource.h"
#include "footprintd/join/index.h"
#include "footprintd/model/model.h"

typedef struct view {
    resource_t *resources; /* sorted by path */
    size_t count;
    size_t propmap_bytes; /* of the GET property map, when that is too much to be offered; else 0 */
    size_t withheld; /* objects that it does not show because its uCDNs do not understand them */
    struct hub *hub; /* updates/hubs.h: its versions, set before anybody sees the view */
    table_t by_path; /* path (with its leading slash) -> resource_t */
} view_t;

/* What one uCDN may see, and understands; texts are borrowed while a snapshot is built. */
typedef struct view_profile {
    slice_t name;
    bool all_capability_types;
    const slice_t *capability_types; /* otherwise: these, sorted */
    size_t capability_type_count;
    bool footprint_types[FP_TYPE_COUNT];
    bool geo_properties;
} view_profile_t;

typedef struct snapshot snapshot_t;

typedef struct snapshot_options {
    slice_t base_uri; /* "" or the absolute URI that IRD entries are made with, without final '/' */
    attributes_t
        *attributes; /* what the databases say, NULL without any; the snapshot refers to it */
    size_t propmap_max_get_bytes;   /* the GET property map is not offered above; 0: 64 MiB */
    size_t propmap_max_entities;    /* in a filtered property map; 0: 65,536 */
    const view_profile_t *profiles; /* of all uCDNs; without any, everybody has the public view */
    size_t profile_count;
} snapshot_options_t;

/*
 * Builds the snapshot that shows the model. Takes the model (also on failure). previous may be
 * NULL; documents whose content did not change are shared with it, bodies and compressed forms
 * included.
 */
err_t snapshot_build_take(model_t *model, const snapshot_options_t *options, snapshot_t *previous,
                          uint64_t generation, snapshot_t **out) FPD_MUST_CHECK;
/* Thread-safe. */
snapshot_t *snapshot_ref(snapshot_t *s);
void snapshot_unref(snapshot_t *s);

/*
 * One thing that others have worked out of a snapshot and keep with it: NULL until it is set. The
 * first one that is set stays, and is released with the snapshot. Thread-safe.
 */
const void *snapshot_memo(const snapshot_t *s);
/* False: there is one already, and the caller keeps its own. */
bool snapshot_memo_set(snapshot_t *s, void *memo, void (*release)(void *memo));

uint64_t snapshot_generation(const snapshot_t *s);
const model_t *snapshot_model(const snapshot_t *s);
/* Which footprints cover an address, over all documents, whoever may see them. */
const join_index_t *snapshot_join(const snapshot_t *s);
/* NULL without databases. */
const attributes_t *snapshot_attributes(const snapshot_t *s);
/*
 * What everybody may see: all that has no audience, whatever one understands. It is class 0, which
 * has no names when nobody has just this view.
 */
const view_t *snapshot_view_public(const snapshot_t *s);
/* The view of the profile of this name; NULL: the snapshot was built without it. */
const view_t *snapshot_view_of(const snapshot_t *s, slice_t name);

/* Classes: profiles that see the same documents and understand the same have one view. */
size_t snapshot_class_count(const snapshot_t *s);
view_t *snapshot_class_view(snapshot_t *s, size_t i);
/* Of its profiles; without any profiles, class 0 has one name, "". */
const slice_t *snapshot_class_names(const snapshot_t *s, size_t i, size_t *count);

/* The resource at a path such as "/cdni", without query; NULL when this view has none. */
const resource_t *view_find(const view_t *view, slice_t path);

#endif
