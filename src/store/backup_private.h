/* What taking a backup and putting one in place share. */
#ifndef FPD_STORE_BACKUP_PRIVATE_H
#define FPD_STORE_BACKUP_PRIVATE_H

#include "history_sql.h"

/* A copy that is being made has such a name in a state directory; what is left of one goes. */
#define BACKUP_TEMPORARY ".fpd-copy-"

/* A connection as all of ours are; *db is to be closed in any case. */
err_t backup_connect(const char *path, const char *uri, int flags, sqlite3 **db,
                     buf_t *why) FPD_MUST_CHECK;
/* A handle for the connection, which it owns in any case; without a lock. */
err_t backup_wrap(sqlite3 *db, const char *path, store_history_t **out) FPD_MUST_CHECK;
/* All that the connection sees, as of one moment, to an empty file. */
err_t backup_vacuum(sqlite3 *db, const char *path, const char *to, buf_t *why) FPD_MUST_CHECK;

/* history_verify.c: every content and every generation against its digest; *info all but bytes. */
struct store_backup_info;
err_t history_verify(store_history_t *h, struct store_backup_info *info, buf_t *why) FPD_MUST_CHECK;

#endif
