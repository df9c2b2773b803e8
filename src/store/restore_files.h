/* The files of a restored generation: what is to become of each, and what was there before. */
#ifndef FPD_STORE_RESTORE_FILES_H
#define FPD_STORE_RESTORE_FILES_H

#include "footprintd/store/edit.h"

typedef struct restore_files {
    const char *directory; /* NULL: no file is touched */
    uint64_t time_ms;
    bool dry_run;            /* a directory that is missing stays so */
    store_intent_t *intents; /* of the files that change; in the arena */
    size_t count;
} restore_files_t;

/*
 * What makes the directory have exactly the documents of that generation; one that is missing is
 * made. ERR_RANGE, ERR_IO: it cannot be made so; *why as store_edit_prepare has it.
 */
err_t restore_files_plan(restore_files_t *files, store_history_t *from, uint64_t generation,
                         arena_t *arena, buf_t *why) FPD_MUST_CHECK;
/*
 * Keeps what the files hold now in a directory that is no document's: *aside is told of it, and is
 * "" when there was nothing to keep.
 */
err_t restore_files_keep(const restore_files_t *files, arena_t *arena, slice_t *aside,
                         buf_t *why) FPD_MUST_CHECK;

#endif
