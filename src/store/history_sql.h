/*
 * SQLite as the history uses it: statements prepared once, errors in our own terms, and failures
 * that stick, so that a statement is checked once, at its end:
 *
 *     sql_t q = sql_start(h, SQL_X);
 *     sql_int(&q, 1, number);
 *     while (sql_row(&q)) { ... sql_get_int(&q, 0) ... }
 *     err_t err = sql_end(&q, why);
 *
 * The caller holds the history's lock.
 */
#ifndef FPD_STORE_HISTORY_SQL_H
#define FPD_STORE_HISTORY_SQL_H

#include "footprintd/store/history.h"

#include <pthread.h>
#include <sqlite3.h>

typedef enum sql_id {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_GENERATION_NEWEST,
    SQL_GENERATION_FIND,
    SQL_GENERATION_LIST,
    SQL_GENERATION_COUNT,
    SQL_GENERATION_ADD,
    SQL_GENERATION_OLDEST_KEPT,
    SQL_GENERATION_PRUNE,
    SQL_DOCUMENTS,
    SQL_DOCUMENTS_NOW,
    SQL_DOCUMENT_END,
    SQL_DOCUMENT_ADD,
    SQL_DOCUMENT_PRUNE,
    SQL_CONTENT_ADD,
    SQL_CONTENT_ID,
    SQL_CONTENT_BYTES,
    SQL_CONTENT_PRUNE,
    SQL_VTAGS,
    SQL_VTAG_DROP,
    SQL_VTAG_END,
    SQL_VTAG_ADD,
    SQL_VTAG_PRUNE,
    SQL_INTENTS,
    SQL_INTENT_FIND,
    SQL_INTENT_ADD,
    SQL_INTENT_MOVE,
    SQL_INTENT_SETTLE,
    SQL_AUDIT_ADD,
    SQL_AUDIT_LIST,
    SQL_AUDIT_PRUNE,
    SQL_HELD_ADD,
    SQL_HELD_CHANGE_ADD,
    SQL_HELD_CHANGE_ADD_REMOVAL,
    SQL_HELD_COUNT,
    SQL_HELD_LIST,
    SQL_HELD_FIND,
    SQL_HELD_CHANGES,
    SQL_HELD_NEXT,
    SQL_HELD_FAIL,
    SQL_HELD_CHANGE_REMOVE,
    SQL_HELD_REMOVE,
    SQL_FREE_PAGES,
    SQL_PAGES,
    SQL_SHRINK,
    SQL_CONTENTS,
    SQL_DOCUMENT_DIGESTS,
    SQL_INTENTS_DROP,
    SQL_COUNT
} sql_id_t;

struct store_history {
    sqlite3 *db;
    char *path; /* of the database, for what people read */
    int lock;   /* the locked file */
    pthread_mutex_t mutex;
    store_history_options_t options;
    int log_pages; /* that may not be in the database yet */
    sqlite3_stmt *statements[SQL_COUNT];
};

typedef struct sql {
    store_history_t *h;
    sqlite3_stmt *statement; /* NULL: it could not be prepared */
    int rc;                  /* the first failure, or SQLITE_OK */
} sql_t;

sql_t sql_start(store_history_t *h, sql_id_t id);
void sql_int(sql_t *q, int column, uint64_t value);
/* Borrowed until sql_end; NULL bytes are the empty text. */
void sql_text(sql_t *q, int column, slice_t text);
void sql_blob(sql_t *q, int column, slice_t bytes);
void sql_digest(sql_t *q, int column, const digest_t *digest);
/* NULL when there is none. */
void sql_hash(sql_t *q, int column, const store_hash_t *hash);

/* Columns are counted from 0. What is not of the type expected makes the statement fail. */
bool sql_row(sql_t *q);
uint64_t sql_get_int(sql_t *q, int column);
digest_t sql_get_digest(sql_t *q, int column);
store_hash_t sql_get_hash(sql_t *q, int column);
slice_t sql_get_copy(sql_t *q, int column, arena_t *arena);

err_t sql_end(sql_t *q, buf_t *why) FPD_MUST_CHECK;
/* Steps to the end, then sql_end. */
err_t sql_run(sql_t *q, buf_t *why) FPD_MUST_CHECK;

/* An immediate transaction: what it reads is what it writes on. */
err_t sql_begin(store_history_t *h, buf_t *why) FPD_MUST_CHECK;
/*
 * Commits when err is ERR_OK, and otherwise, or when that fails, undoes everything. Returns the
 * first error.
 */
err_t sql_finish(store_history_t *h, err_t err, buf_t *why) FPD_MUST_CHECK;

/* What a result code of the database at that path means; *why is told. */
err_t sql_error(sqlite3 *db, const char *path, int rc, buf_t *why);
err_t sql_damaged(const store_history_t *h, const char *what, buf_t *why);

#endif
