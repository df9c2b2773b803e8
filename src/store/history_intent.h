/* Intents as part of a transaction. */
#ifndef FPD_STORE_HISTORY_INTENT_H
#define FPD_STORE_HISTORY_INTENT_H

#include "history_sql.h"

/* ERR_NOT_NOW: there is one for the file. */
err_t history_intent_add(store_history_t *h, const store_intent_t *intent, uint64_t generation,
                         buf_t *why) FPD_MUST_CHECK;

#endif
