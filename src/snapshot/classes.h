/*
 * Classes of profiles: those that see the same documents and understand the same. Private to
 * src/snapshot.
 */
#ifndef FPD_SNAPSHOT_CLASSES_H
#define FPD_SNAPSHOT_CLASSES_H

#include "footprintd/alto/scope.h"
#include "footprintd/snapshot/snapshot.h"

typedef struct view_class {
    scope_t scope;
    slice_t *names; /* of its profiles, in order */
    size_t name_count, name_cap;
} view_class_t;

typedef struct view_classes {
    view_class_t *items; /* class 0 sees what is public, and understands everything */
    size_t count, cap;
    table_t by_name; /* name -> class + 1, as a pointer-sized number */
} view_classes_t;

/* Everything but the tables lies in the arena; names are copied. */
err_t view_classes_make(const model_t *model, const view_profile_t *profiles, size_t count,
                        arena_t *arena, view_classes_t *out) FPD_MUST_CHECK;
void view_classes_release(view_classes_t *classes);
/* SIZE_MAX: no profile has the name. */
size_t view_classes_find(const view_classes_t *classes, slice_t name);

#endif
