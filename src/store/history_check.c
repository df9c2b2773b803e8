#include "history_check.h"

#include "history_read.h"

int history_answers(sqlite3 *db, const char *statement, const char *text, bool *out)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(db, statement, -1, &s, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(s);
        const char *found = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(s, 0) : NULL;
        *out = text ? found && strcmp(found, text) == 0 : rc == SQLITE_DONE;
        if (rc == SQLITE_ROW && !found && sqlite3_errcode(db) == SQLITE_NOMEM) {
            rc = SQLITE_NOMEM;
        }
        rc = rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
    }
    (void)sqlite3_finalize(s);
    return rc;
}

/* Reads all of the file as SQLite would; a result code. */
static int read_through(sqlite3 *db)
{
    sqlite3_file *file = NULL;
    int rc = sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    sqlite3_int64 size = 0;
    if (rc == SQLITE_OK && file && file->pMethods) {
        rc = file->pMethods->xFileSize(file, &size);
        static const int step = 4096;
        char bytes[4096];
        for (sqlite3_int64 at = 0; at < size && rc == SQLITE_OK; at += step) {
            rc = file->pMethods->xRead(file, bytes, step, at);
            rc = rc == SQLITE_IOERR_SHORT_READ ? SQLITE_OK : rc; /* the end, in the log as yet */
        }
    }
    return rc;
}

/*
 * The check tells a page that could not be read as damage, and whoever is told of damage sets the
 * history aside: so it is done again, and the file read without it.
 */
static err_t check_pages(store_history_t *h, buf_t *why)
{
    for (unsigned attempt = 0; attempt < 2; attempt++) {
        bool fine = false;
        int rc = history_answers(h->db, "PRAGMA quick_check(1)", "ok", &fine);
        if (rc == SQLITE_OK && fine) {
            return ERR_OK;
        }
        rc = rc ? rc : read_through(h->db);
        if (rc) {
            return sql_error(h->db, h->path, rc, why);
        }
    }
    return sql_damaged(h, "its pages contradict each other", why);
}

/* What no statement may have an answer to. */
static const struct {
    const char *statement;
    const char *otherwise;
} checks[] = {
    {"PRAGMA foreign_key_check", "rows refer to rows that are missing"},
    {"SELECT 1 FROM (SELECT max(number) AS newest FROM generation), document "
     "WHERE since > coalesce(newest, 0) OR until > newest",
     "it has documents of generations that never were"},
    {"SELECT 1 FROM intent LEFT JOIN content ON content.digest = after "
     "WHERE after IS NOT NULL AND content.id IS NULL",
     "the content of an edit is missing"},
};

/* Every table and column that a statement of ours wants is there. */
static err_t check_statements(store_history_t *h, buf_t *why)
{
    err_t err = ERR_OK;
    for (unsigned i = 0; i < SQL_COUNT && !err; i++) {
        sql_t q = sql_start(h, (sql_id_t)i);
        err = sql_end(&q, why);
    }
    return err;
}

static err_t check_newest(store_history_t *h, buf_t *why)
{
    arena_t arena;
    arena_init(&arena, 0);
    store_generation_t newest;
    store_texts_t documents;
    size_t said = why->len;
    err_t err = history_newest(h, &arena, &newest, why);
    err = err ? err : history_documents(h, &newest, &arena, &documents, why);
    arena_release(&arena);
    if (err == ERR_NOT_FOUND) {
        why->len = said; /* an empty history is fine */
        err = ERR_OK;
    }
    return err;
}

err_t history_check(store_history_t *h, buf_t *why)
{
    err_t err = check_pages(h, why);
    err = err ? err : check_statements(h, why);
    for (size_t i = 0; i < sizeof checks / sizeof *checks && !err; i++) {
        bool fine = false;
        int rc = history_answers(h->db, checks[i].statement, NULL, &fine);
        if (rc) {
            err = sql_error(h->db, h->path, rc, why);
        } else if (!fine) {
            err = sql_damaged(h, checks[i].otherwise, why);
        }
    }
    return err ? err : check_newest(h, why);
}
