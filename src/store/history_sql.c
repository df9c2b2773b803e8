#include "history_sql.h"

#include <errno.h>

/*
 * Rows of document and vtag hold from generation `since` to before generation `until`; without an
 * `until` they hold in the newest.
 */
static const char *const statements[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
#define GENERATION                                                                                 \
    "SELECT number, parent, restores, time_ms, kind, author, message, documents, changed, "        \
    "digest FROM generation "
    [SQL_GENERATION_NEWEST] = GENERATION "ORDER BY number DESC LIMIT 1",
    [SQL_GENERATION_FIND] = GENERATION "WHERE number = ?1",
    [SQL_GENERATION_LIST] = GENERATION "WHERE number < ?1 ORDER BY number DESC LIMIT ?2",
    [SQL_GENERATION_COUNT] = "SELECT count(*) FROM generation",
    [SQL_GENERATION_ADD] = "INSERT INTO generation VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
                           "?10)",
    [SQL_GENERATION_OLDEST_KEPT] =
        "SELECT min(coalesce((SELECT min(generation) FROM intent), 9223372036854775807), number) "
        "FROM (SELECT number FROM generation ORDER BY number DESC LIMIT 1 OFFSET ?1 - 1)",
    [SQL_GENERATION_PRUNE] = "DELETE FROM generation WHERE number < ?1",
    [SQL_DOCUMENTS] =
        "SELECT name, digest, bytes FROM document JOIN content ON content.id = document.content "
        "WHERE since <= ?1 AND (until IS NULL OR until > ?1) ORDER BY name",
    [SQL_DOCUMENTS_NOW] =
        "SELECT name, digest, document.id FROM document JOIN content ON content.id = "
        "document.content WHERE until IS NULL ORDER BY name",
    [SQL_DOCUMENT_END] = "UPDATE document SET until = ?2 WHERE id = ?1",
    [SQL_DOCUMENT_ADD] = "INSERT INTO document (name, since, content) VALUES (?1, ?2, ?3)",
    [SQL_DOCUMENT_PRUNE] = "DELETE FROM document WHERE until <= ?1 RETURNING content",
    [SQL_CONTENT_ADD] = "INSERT INTO content (digest, bytes) VALUES (?1, ?2) "
                        "ON CONFLICT (digest) DO NOTHING",
    [SQL_CONTENT_ID] = "SELECT id FROM content WHERE digest = ?1",
    [SQL_CONTENT_BYTES] = "SELECT bytes FROM content WHERE digest = ?1",
    [SQL_CONTENT_PRUNE] = "DELETE FROM content WHERE id = ?1 "
                          "AND NOT EXISTS (SELECT 1 FROM document WHERE content = ?1)",
    [SQL_VTAGS] = "SELECT resource, tag, id, since FROM vtag "
                  "WHERE since <= ?1 AND (until IS NULL OR until > ?1) ORDER BY resource",
    [SQL_VTAG_DROP] = "DELETE FROM vtag WHERE id = ?1",
    [SQL_VTAG_END] = "UPDATE vtag SET until = ?2 WHERE id = ?1",
    [SQL_VTAG_ADD] = "INSERT INTO vtag (resource, since, tag) VALUES (?1, ?2, ?3)",
    [SQL_VTAG_PRUNE] = "DELETE FROM vtag WHERE until <= ?1",
    [SQL_INTENTS] = "SELECT file, before, after, temporary FROM intent ORDER BY file",
    [SQL_INTENT_FIND] = "SELECT 1 FROM intent WHERE file = ?1",
    [SQL_INTENT_ADD] = "INSERT INTO intent VALUES (?1, ?2, ?3, ?4, ?5)",
    [SQL_INTENT_MOVE] = "UPDATE intent SET temporary = ?2 WHERE file = ?1",
    [SQL_INTENT_SETTLE] = "DELETE FROM intent WHERE file = ?1",
    [SQL_AUDIT_ADD] = "INSERT INTO audit (time_ms, who, what, outcome) VALUES (?1, ?2, ?3, ?4)",
    [SQL_AUDIT_LIST] = "SELECT id, time_ms, who, what, outcome FROM audit WHERE id < ?1 "
                       "ORDER BY id DESC LIMIT ?2",
    [SQL_AUDIT_PRUNE] = "DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?1",
#define HELD                                                                                       \
    "SELECT id, made_ms, due, until, confirmed, undoes, author, message, failure FROM held "
    [SQL_HELD_ADD] = "INSERT INTO held (made_ms, due, until, confirmed, undoes, author, message, "
                     "failure) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, '')",
    [SQL_HELD_CHANGE_ADD] = "INSERT INTO held_change VALUES (?1, ?2, ?3, 0, ?4)",
    [SQL_HELD_CHANGE_ADD_REMOVAL] = "INSERT INTO held_change VALUES (?1, ?2, ?3, 1, x'')",
    [SQL_HELD_COUNT] = "SELECT count(*) FROM held",
    [SQL_HELD_LIST] = HELD "ORDER BY due, id",
    [SQL_HELD_FIND] = HELD "WHERE id = ?1",
    [SQL_HELD_CHANGES] =
        "SELECT name, before, removes, bytes FROM held_change WHERE held = ?1 ORDER BY name",
    [SQL_HELD_NEXT] = "SELECT due FROM held WHERE failure = '' ORDER BY due LIMIT 1",
    [SQL_HELD_FAIL] = "UPDATE held SET failure = ?2 WHERE id = ?1",
    [SQL_HELD_CHANGE_REMOVE] = "DELETE FROM held_change WHERE held = ?1",
    [SQL_HELD_REMOVE] = "DELETE FROM held WHERE id = ?1 RETURNING id",
    [SQL_FREE_PAGES] = "PRAGMA freelist_count",
    [SQL_PAGES] = "PRAGMA page_count",
    [SQL_SHRINK] = "PRAGMA incremental_vacuum(512)",
    [SQL_CONTENTS] = "SELECT id, digest, bytes FROM content",
    [SQL_DOCUMENT_DIGESTS] =
        "SELECT name, digest FROM document JOIN content ON content.id = document.content "
        "WHERE since <= ?1 AND (until IS NULL OR until > ?1) ORDER BY name",
    [SQL_INTENTS_DROP] = "DELETE FROM intent",
};

err_t sql_damaged(const store_history_t *h, const char *what, buf_t *why)
{
    buf_printf(why, "the history %s is damaged: %s", h->path, what);
    return ERR_DATA;
}

err_t sql_error(sqlite3 *db, const char *path, int rc, buf_t *why)
{
    if (rc == SQLITE_NOMEM || rc == SQLITE_IOERR_NOMEM) {
        return ERR_NOMEM;
    }
    const char *text = sqlite3_errstr(rc);
    int code = db ? sqlite3_system_errno(db) : errno;
    switch (rc & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
    case SQLITE_ERROR: /* a table or column of ours is missing */
        buf_printf(why, "the history %s is damaged: %s", path, text);
        return ERR_DATA;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        buf_printf(why, "the history %s is in use by another program", path);
        return ERR_NOT_NOW;
    case SQLITE_TOOBIG:
        buf_printf(why, "the history %s cannot hold a text of that size", path);
        return ERR_LIMIT;
    case SQLITE_FULL:
        buf_printf(why, "the history %s cannot be written: the disk is full", path);
        return ERR_IO;
    default:
        buf_printf(why, "the history %s cannot be used: %s", path, text);
        if (code && strerrordesc_np(code)) {
            buf_printf(why, " (%s)", strerrordesc_np(code));
        }
        return ERR_IO;
    }
}

sql_t sql_start(store_history_t *h, sql_id_t id)
{
    sql_t q = {h, h->statements[id], SQLITE_OK};
    if (!q.statement) {
        q.rc = sqlite3_prepare_v3(h->db, statements[id], -1, SQLITE_PREPARE_PERSISTENT,
                                  &h->statements[id], NULL);
        q.statement = h->statements[id];
    }
    return q;
}

static void keep_failure(sql_t *q, int rc)
{
    q->rc = q->rc == SQLITE_OK ? rc : q->rc;
}

void sql_int(sql_t *q, int column, uint64_t value)
{
    if (q->rc == SQLITE_OK) {
        keep_failure(q, sqlite3_bind_int64(q->statement, column, (sqlite3_int64)value));
    }
}

void sql_text(sql_t *q, int column, slice_t text)
{
    if (q->rc == SQLITE_OK) {
        keep_failure(q, sqlite3_bind_text64(q->statement, column, text.ptr ? text.ptr : "",
                                            text.len, SQLITE_STATIC, SQLITE_UTF8));
    }
}

void sql_blob(sql_t *q, int column, slice_t bytes)
{
    if (q->rc == SQLITE_OK) {
        keep_failure(q, sqlite3_bind_blob64(q->statement, column, bytes.ptr ? bytes.ptr : "",
                                            bytes.len, SQLITE_STATIC));
    }
}

void sql_digest(sql_t *q, int column, const digest_t *digest)
{
    sql_blob(q, column, slice_of((const char *)digest->bytes, DIGEST_SIZE));
}

void sql_hash(sql_t *q, int column, const store_hash_t *hash)
{
    if (hash->present) {
        sql_digest(q, column, &hash->digest);
    } else if (q->rc == SQLITE_OK) {
        keep_failure(q, sqlite3_bind_null(q->statement, column));
    }
}

bool sql_row(sql_t *q)
{
    if (q->rc != SQLITE_OK) {
        return false;
    }
    int rc = sqlite3_step(q->statement);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        q->rc = rc;
    }
    return rc == SQLITE_ROW;
}

static bool of_type(sql_t *q, int column, int type)
{
    if (q->rc == SQLITE_OK && sqlite3_column_type(q->statement, column) != type) {
        q->rc = SQLITE_MISMATCH;
    }
    return q->rc == SQLITE_OK;
}

uint64_t sql_get_int(sql_t *q, int column)
{
    if (!of_type(q, column, SQLITE_INTEGER)) {
        return 0;
    }
    return (uint64_t)sqlite3_column_int64(q->statement, column);
}

/* Borrowed until the next step. */
static slice_t bytes_of(sql_t *q, int column)
{
    const void *bytes = sqlite3_column_blob(q->statement, column);
    int len = sqlite3_column_bytes(q->statement, column);
    /* NULL stands for nothing, and for no memory. */
    if (!bytes && sqlite3_errcode(q->h->db) == SQLITE_NOMEM) {
        q->rc = SQLITE_NOMEM;
    }
    return q->rc == SQLITE_OK && bytes ? slice_of(bytes, (size_t)len) : slice_of("", 0);
}

digest_t sql_get_digest(sql_t *q, int column)
{
    digest_t digest = {{0}};
    if (of_type(q, column, SQLITE_BLOB)) {
        slice_t bytes = bytes_of(q, column);
        if (bytes.len == DIGEST_SIZE) {
            memcpy(digest.bytes, bytes.ptr, DIGEST_SIZE);
        } else {
            keep_failure(q, SQLITE_MISMATCH);
        }
    }
    return digest;
}

store_hash_t sql_get_hash(sql_t *q, int column)
{
    if (q->rc != SQLITE_OK || sqlite3_column_type(q->statement, column) == SQLITE_NULL) {
        return (store_hash_t){0};
    }
    return (store_hash_t){true, sql_get_digest(q, column)};
}

slice_t sql_get_copy(sql_t *q, int column, arena_t *arena)
{
    slice_t none = {NULL, 0};
    if (q->rc != SQLITE_OK) {
        return none;
    }
    int type = sqlite3_column_type(q->statement, column);
    if (type != SQLITE_TEXT && type != SQLITE_BLOB) {
        q->rc = SQLITE_MISMATCH;
        return none;
    }
    slice_t bytes = bytes_of(q, column);
    if (q->rc != SQLITE_OK) {
        return none;
    }
    slice_t copy = arena_copy(arena, bytes);
    if (!copy.ptr) {
        q->rc = SQLITE_NOMEM;
    }
    return copy;
}

err_t sql_end(sql_t *q, buf_t *why)
{
    err_t err = q->rc == SQLITE_OK ? ERR_OK : sql_error(q->h->db, q->h->path, q->rc, why);
    if (q->statement) {
        (void)sqlite3_reset(q->statement); /* tells the failure again */
        (void)sqlite3_clear_bindings(q->statement);
    }
    return err;
}

err_t sql_run(sql_t *q, buf_t *why)
{
    while (sql_row(q)) {
    }
    return sql_end(q, why);
}

err_t sql_begin(store_history_t *h, buf_t *why)
{
    /* What may be needed to undo is prepared before anything is done. */
    sql_t undo = sql_start(h, SQL_ROLLBACK);
    err_t err = sql_end(&undo, why);
    sql_t q = sql_start(h, SQL_BEGIN);
    return err ? err : sql_run(&q, why);
}

static void undo(store_history_t *h)
{
    /* Some failures end the transaction by themselves. */
    if (!sqlite3_get_autocommit(h->db)) {
        sql_t q = sql_start(h, SQL_ROLLBACK);
        (void)sql_row(&q);
        (void)sqlite3_reset(q.statement);
    }
}

err_t sql_finish(store_history_t *h, err_t err, buf_t *why)
{
    if (err) {
        undo(h);
        return err;
    }
    sql_t q = sql_start(h, SQL_COMMIT);
    err = sql_run(&q, why);
    if (err) {
        undo(h);
        /*
         * When the log could be written and not synced, the transaction is in it, and whoever reads
         * the log after a crash would take it for committed. The log begins anew.
         */
        (void)sqlite3_wal_checkpoint_v2(h->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    }
    return err;
}
