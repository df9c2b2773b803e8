/* Held changes as part of a transaction. */
#ifndef FPD_STORE_HISTORY_HELD_H
#define FPD_STORE_HISTORY_HELD_H

#include "footprintd/store/held.h"
#include "history_sql.h"

err_t history_held_check(const store_held_t *held, buf_t *why) FPD_MUST_CHECK;
err_t history_held_add(store_history_t *h, const store_held_t *held, uint64_t *id,
                       buf_t *why) FPD_MUST_CHECK;
/* ERR_NOT_FOUND. */
err_t history_held_remove(store_history_t *h, uint64_t id, buf_t *why) FPD_MUST_CHECK;

#endif
