/* The end of old generations, as part of a transaction. */
#ifndef FPD_STORE_HISTORY_PRUNE_H
#define FPD_STORE_HISTORY_PRUNE_H

#include "history_sql.h"

/* Leaves options.keep generations, those with intents, and the contents that these name. */
err_t history_prune(store_history_t *h, buf_t *why) FPD_MUST_CHECK;

#endif
