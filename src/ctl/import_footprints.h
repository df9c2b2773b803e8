/*
 * Footprint objects of an advertisement as named footprints of a document: equal ones have one
 * name. Private to src/ctl.
 */
#ifndef FPD_CTL_IMPORT_FOOTPRINTS_H
#define FPD_CTL_IMPORT_FOOTPRINTS_H

#include "import_table.h"

typedef struct import_footprints {
    import_data_t *d;
    table_t by_text;       /* a footprint's body as JSON -> json_member_t, which has its name */
    json_member_t **items; /* in the arena: name and body */
    size_t count, cap;
    size_t numbers[FP_TYPE_COUNT + 1]; /* of names, by kind */
} import_footprints_t;

void import_footprints_init(import_footprints_t *f, import_data_t *d);
void import_footprints_release(import_footprints_t *f);
/*
 * The name for a list of Footprint objects that is not empty; `where` is what findings call it.
 * {NULL, 0} after a finding, or when memory failed.
 */
slice_t import_footprints_name(import_footprints_t *f, const json_value_t *list, slice_t where);

#endif
