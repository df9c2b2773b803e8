/* Whether a database that was opened is whole. */
#ifndef FPD_STORE_HISTORY_CHECK_H
#define FPD_STORE_HISTORY_CHECK_H

#include "history_sql.h"

err_t history_check(store_history_t *h, buf_t *why) FPD_MUST_CHECK;

/* A result code. *out: a statement's first answer is the text; NULL: it has no answer. */
int history_answers(sqlite3 *db, const char *statement, const char *text, bool *out);

#endif
