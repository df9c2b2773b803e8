/*
 * Held changes: sets of edits that are to be made at a time to come, in the history's database, so
 * that they survive what it survives. A change that was made for a time only leaves one behind that
 * takes it back.
 *
 * Every file has its condition: what it was when the change was accepted. What somebody changed
 * meanwhile is not overwritten: the change fails then, and stays to be seen.
 */
#ifndef FOOTPRINTD_STORE_HELD_H
#define FOOTPRINTD_STORE_HELD_H

#include "footprintd/store/edit.h"

#define STORE_HELD_MAX 1000 /* so many are held at once */

struct store_held {
    uint64_t id;      /* from 1; given by the history */
    uint64_t made_ms; /* since the epoch: when it was accepted */
    int64_t due;      /* seconds since the epoch: when it is to be made */
    int64_t until;    /* when it is to be taken back; INT64_MAX: never */
    bool confirmed;   /* guard rails do not ask */
    bool undoes;      /* it takes back a change that was made */
    slice_t author;
    slice_t message;
    slice_t failure; /* why it could not be made: it is not tried again; "": it waits */
    const store_edit_change_t *changes; /* by name; without their bytes in lists */
    size_t count;
};

typedef struct store_held_list {
    const store_held_t *items; /* by due, then id */
    size_t count;
} store_held_list_t;

/*
 * *id is told. ERR_LIMIT: STORE_HELD_MAX are held; ERR_RANGE: a text or a time is not permitted.
 */
err_t store_held_add(store_history_t *h, const store_held_t *held, const store_audit_t *audit,
                     uint64_t *id, buf_t *why) FPD_MUST_CHECK;
/* All lies in the arena. */
err_t store_held_list(store_history_t *h, arena_t *arena, store_held_list_t *out,
                      buf_t *why) FPD_MUST_CHECK;
/* With the bytes. ERR_NOT_FOUND. */
err_t store_held_find(store_history_t *h, uint64_t id, arena_t *arena, store_held_t *out,
                      buf_t *why) FPD_MUST_CHECK;
/* ERR_NOT_FOUND. */
err_t store_held_drop(store_history_t *h, uint64_t id, const store_audit_t *audit,
                      buf_t *why) FPD_MUST_CHECK;
/* It is not tried again; one that is gone is nothing to worry about. */
err_t store_held_fail(store_history_t *h, uint64_t id, slice_t failure, const store_audit_t *audit,
                      buf_t *why) FPD_MUST_CHECK;
/* When the next one is due that waits; INT64_MAX: none. */
err_t store_held_next(store_history_t *h, int64_t *due, buf_t *why) FPD_MUST_CHECK;

#endif
