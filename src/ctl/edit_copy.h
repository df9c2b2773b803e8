/*
 * The temporary copy that an editor works on. Private to src/ctl.
 */
#ifndef FPD_CTL_EDIT_COPY_H
#define FPD_CTL_EDIT_COPY_H

#include "footprintd/base/bytes.h"

typedef struct edit_copy {
    buf_t directory; /* both with a NUL */
    buf_t path;
} edit_copy_t;

/* A file of that name in a directory of its own, which nobody else can read. False: it is told. */
bool edit_copy_make(edit_copy_t *copy, slice_t name, slice_t text);
/* Runs the operator's editor on it and waits. False: it failed, which is told. */
bool edit_copy_edit(const edit_copy_t *copy);
/* What is in it now; false: it is told. */
bool edit_copy_read(const edit_copy_t *copy, buf_t *out);
/* Removes the file; releases the memory in any case. */
void edit_copy_release(edit_copy_t *copy, bool keep);

#endif
