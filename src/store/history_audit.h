/* Lines of the audit log as part of a transaction. */
#ifndef FPD_STORE_HISTORY_AUDIT_H
#define FPD_STORE_HISTORY_AUDIT_H

#include "history_sql.h"

err_t history_audit_check(const store_audit_t *line, buf_t *why) FPD_MUST_CHECK;
/* The line, and the end of those that are too many. */
err_t history_audit_add(store_history_t *h, const store_audit_t *line, buf_t *why) FPD_MUST_CHECK;

/* UTF-8 without NUL, at most max bytes; what is the beginning of a clause. */
err_t history_text_check(slice_t text, size_t max, const char *what, buf_t *why) FPD_MUST_CHECK;

#endif
