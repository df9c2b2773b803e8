/* A change made ready to be appended: checked, sorted, with all digests; without the database. */
#ifndef FPD_STORE_HISTORY_CHANGE_H
#define FPD_STORE_HISTORY_CHANGE_H

#include "footprintd/store/history.h"

typedef struct ready_change {
    const store_change_t *change;
    const store_text_t **documents; /* by name; they point to copies that have their digests */
    const store_vtag_t **vtags;     /* by resource */
    digest_t digest;                /* of all documents */
    arena_t arena;
} ready_change_t;

/* Errors as of store_history_append. Release it in either case. */
err_t ready_change_init(ready_change_t *r, const store_change_t *change, buf_t *why) FPD_MUST_CHECK;
void ready_change_release(ready_change_t *r);

#endif
