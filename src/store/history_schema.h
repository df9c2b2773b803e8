/*
 * The schema of the history, and its way from version to version: the database's user_version says
 * how many of the scripts it has seen, its application_id that it is ours.
 */
#ifndef FPD_STORE_HISTORY_SCHEMA_H
#define FPD_STORE_HISTORY_SCHEMA_H

#include "footprintd/base/bytes.h"

#include <sqlite3.h>

#define HISTORY_APPLICATION_ID 0x66706468 /* "fpdh" */

/* The scripts of this version: the i-th leads from version i to version i + 1. */
extern const char *const history_schema[];
extern const unsigned history_schema_count;

/*
 * Brings the database up to version `count`, in one transaction: all of it or nothing. An empty one
 * is of version 0. Errors as in store/history.h.
 */
err_t history_schema_upgrade(sqlite3 *db, const char *path, const char *const *scripts,
                             unsigned count, buf_t *why) FPD_MUST_CHECK;

/* The application_id and the user_version; a result code. */
int history_schema_read(sqlite3 *db, int *id, int *version);
/* Tells it: ERR_RANGE. */
err_t history_schema_newer(const char *path, int version, unsigned count, buf_t *why);

#endif
