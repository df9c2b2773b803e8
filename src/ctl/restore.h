/*
 * Restoring: to a running server, as a change (restore.c), or in place of a history that no server
 * has (restore_state.c). Private to src/ctl.
 */
#ifndef FPD_CTL_RESTORE_H
#define FPD_CTL_RESTORE_H

#include "backup.h"
#include "change.h"

typedef struct restore {
    change_options_t options;
    const char *file;
    const char *state;
    const char *footprints;
    uint64_t generation; /* 0: the newest */
} restore_t;

/* Returns the exit code. */
int restore_state(const restore_t *a);

#endif
