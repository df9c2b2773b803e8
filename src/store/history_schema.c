#include "history_schema.h"

#include "history_sql.h"

/*
 * Never change a script that was released: add one. Times are milliseconds since the epoch, numbers
 * of generations count from 1. A document or vtag holds from generation `since` to before `until`;
 * generations that are pruned leave gaps, so that neither is a reference.
 */
const char *const history_schema[] = {
    "CREATE TABLE generation (number INTEGER PRIMARY KEY CHECK (number > 0),"
    " parent INTEGER NOT NULL CHECK (parent < number), restores INTEGER NOT NULL,"
    " time_ms INTEGER NOT NULL, kind INTEGER NOT NULL, author TEXT NOT NULL,"
    " message TEXT NOT NULL, documents INTEGER NOT NULL, changed INTEGER NOT NULL,"
    " digest BLOB NOT NULL CHECK (length(digest) = 32)) STRICT;"
    "CREATE TABLE content (id INTEGER PRIMARY KEY,"
    " digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32), bytes BLOB NOT NULL) STRICT;"
    "CREATE TABLE document (id INTEGER PRIMARY KEY, name TEXT NOT NULL, since INTEGER NOT NULL,"
    " until INTEGER CHECK (until > since), content INTEGER NOT NULL REFERENCES content (id),"
    " UNIQUE (name, since)) STRICT;"
    "CREATE UNIQUE INDEX document_now ON document (name) WHERE until IS NULL;"
    "CREATE INDEX document_until ON document (until);"
    "CREATE INDEX document_content ON document (content);"
    "CREATE TABLE vtag (id INTEGER PRIMARY KEY, resource TEXT NOT NULL, since INTEGER NOT NULL,"
    " until INTEGER CHECK (until > since), tag TEXT NOT NULL, UNIQUE (resource, since)) STRICT;"
    "CREATE UNIQUE INDEX vtag_now ON vtag (resource) WHERE until IS NULL;"
    "CREATE INDEX vtag_until ON vtag (until);"
    "CREATE TABLE intent (file TEXT PRIMARY KEY,"
    " generation INTEGER NOT NULL REFERENCES generation (number),"
    " before BLOB CHECK (length(before) = 32), after BLOB CHECK (length(after) = 32),"
    " temporary TEXT NOT NULL) STRICT;"
    "CREATE INDEX intent_generation ON intent (generation);"
    "CREATE TABLE audit (id INTEGER PRIMARY KEY AUTOINCREMENT, time_ms INTEGER NOT NULL,"
    " who TEXT NOT NULL, what TEXT NOT NULL, outcome TEXT NOT NULL) STRICT;",
    /* Held changes; generations of the kind "schedule". */
    "CREATE TABLE held (id INTEGER PRIMARY KEY AUTOINCREMENT, made_ms INTEGER NOT NULL,"
    " due INTEGER NOT NULL, until INTEGER NOT NULL CHECK (until > due),"
    " confirmed INTEGER NOT NULL, undoes INTEGER NOT NULL, author TEXT NOT NULL,"
    " message TEXT NOT NULL, failure TEXT NOT NULL) STRICT;"
    "CREATE TABLE held_change (held INTEGER NOT NULL REFERENCES held (id), name TEXT NOT NULL,"
    " before BLOB CHECK (length(before) = 32), removes INTEGER NOT NULL, bytes BLOB NOT NULL,"
    " PRIMARY KEY (held, name)) STRICT;",
};
const unsigned history_schema_count = sizeof history_schema / sizeof *history_schema;

/* The one integer that a statement answers with. */
static int ask(sqlite3 *db, const char *text, int *out)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, text, -1, &statement, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(statement);
        *out = rc == SQLITE_ROW ? sqlite3_column_int(statement, 0) : 0;
        rc = rc == SQLITE_ROW ? SQLITE_OK : rc == SQLITE_DONE ? SQLITE_CORRUPT : rc;
    }
    (void)sqlite3_finalize(statement);
    return rc;
}

static int run_scripts(sqlite3 *db, const char *const *scripts, unsigned from, unsigned count)
{
    int rc = SQLITE_OK;
    for (unsigned i = from; i < count && rc == SQLITE_OK; i++) {
        rc = sqlite3_exec(db, scripts[i], NULL, NULL, NULL);
    }
    char text[80];
    (void)sqlite3_snprintf(sizeof text, text,
                           "PRAGMA application_id = %d; PRAGMA user_version = %u",
                           HISTORY_APPLICATION_ID, count);
    return rc == SQLITE_OK ? sqlite3_exec(db, text, NULL, NULL, NULL) : rc;
}

err_t history_schema_newer(const char *path, int version, unsigned count, buf_t *why)
{
    buf_printf(why,
               "the history %s was written by a newer footprintd (its schema has the version %d, "
               "this program knows %u)",
               path, version, count);
    return ERR_RANGE;
}

int history_schema_read(sqlite3 *db, int *id, int *version)
{
    int rc = ask(db, "PRAGMA application_id", id);
    return rc ? rc : ask(db, "PRAGMA user_version", version);
}

static err_t upgrade_locked(sqlite3 *db, const char *path, const char *const *scripts,
                            unsigned count, buf_t *why)
{
    int id = 0, version = 0, tables = 0;
    int rc = history_schema_read(db, &id, &version);
    rc = rc ? rc : ask(db, "SELECT count(*) FROM sqlite_schema", &tables);
    if (rc) {
        return sql_error(db, path, rc, why);
    }
    bool fresh = id == 0 && version == 0 && tables == 0;
    if (!fresh && (id != HISTORY_APPLICATION_ID || version < 0)) {
        buf_printf(why, "the file %s is no history of footprintd", path);
        return ERR_DATA;
    }
    if ((unsigned)version > count) {
        return history_schema_newer(path, version, count, why);
    }
    if ((unsigned)version < count) {
        rc = run_scripts(db, scripts, (unsigned)version, count);
    }
    return rc ? sql_error(db, path, rc, why) : ERR_OK;
}

err_t history_schema_upgrade(sqlite3 *db, const char *path, const char *const *scripts,
                             unsigned count, buf_t *why)
{
    int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (rc) {
        return sql_error(db, path, rc, why);
    }
    err_t err = upgrade_locked(db, path, scripts, count, why);
    if (!err) {
        rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
        err = rc ? sql_error(db, path, rc, why) : ERR_OK;
    }
    if (err && !sqlite3_get_autocommit(db)) {
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    }
    return err;
}
