#include "footprintd/store/history.h"

#include "history_check.h"
#include "history_path.h"
#include "history_schema.h"
#include "history_sql.h"
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MS 2000 /* somebody looks into the database with another program */

const char *const store_kind_names[STORE_KIND_COUNT] = {
    [STORE_KIND_FILES] = "files",       [STORE_KIND_EDIT] = "edit",
    [STORE_KIND_ROLLBACK] = "rollback", [STORE_KIND_START] = "start",
    [STORE_KIND_SCHEDULE] = "schedule",
};

/* The file exists, and its mode is what SQLite gives to its companions as well. */
static err_t make_file(store_history_t *h, int directory, buf_t *why)
{
    int fd = openat(directory, STORE_HISTORY_FILE,
                    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    struct stat st;
    bool ok = fd >= 0 && fstat(fd, &st) == 0;
    if (ok && !S_ISREG(st.st_mode)) {
        buf_printf(why, "the history %s is not a regular file", h->path);
        (void)close(fd);
        return ERR_DATA;
    }
    ok = ok && ((st.st_mode & 0777) == 0600 || fchmod(fd, 0600) == 0) && directory_sync(directory);
    if (!ok) {
        buf_printf(why, "the history %s cannot be opened: %s", h->path, strerrordesc_np(errno));
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return ok ? ERR_OK : ERR_IO;
}

static int pragmas(sqlite3 *db)
{
    return sqlite3_exec(db,
                        "PRAGMA cell_size_check = ON;"
                        "PRAGMA auto_vacuum = INCREMENTAL;" /* counts while there is no table */
                        "PRAGMA journal_mode = WAL;"
                        "PRAGMA synchronous = FULL;"
                        "PRAGMA foreign_keys = ON;"
                        "PRAGMA temp_store = MEMORY;"
                        "PRAGMA journal_size_limit = 16777216;"
                        /*
                         * A change as large as documents are is written to the log once, when it is
                         * committed: what does not fit is written before, and once more for its
                         * check sums.
                         */
                        "PRAGMA cache_size = -65536;",
                        NULL, NULL, NULL);
}

/* Pages of the log, above which it is copied into the database: by store_history_checkpoint, or at
 * last by the commit that finds it so long. */
#define LOG_LONG    1000
#define LOG_LONGEST 16384

static void checkpoint(store_history_t *h)
{
    /* What readers still need is copied the next time, and what fails is in the log all the same.
     */
    (void)sqlite3_wal_checkpoint_v2(h->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    (void)sqlite3_db_release_memory(h->db);
    h->log_pages = 0;
}

static int on_commit(void *arg, sqlite3 *db, const char *name, int pages)
{
    store_history_t *h = arg;
    (void)db;
    (void)name;
    h->log_pages = pages;
    if (pages >= LOG_LONGEST) {
        checkpoint(h);
    }
    return SQLITE_OK;
}

void store_history_checkpoint(store_history_t *h)
{
    pthread_mutex_lock(&h->mutex);
    if (h->log_pages >= LOG_LONG) {
        checkpoint(h);
    }
    pthread_mutex_unlock(&h->mutex);
}

/*
 * A newer one is left as it is, to the last byte: before any pragma could write, and without the
 * checkpoint of its log that closing would make.
 */
static err_t check_version(store_history_t *h, buf_t *why)
{
    int id = 0, version = 0;
    int rc = history_schema_read(h->db, &id, &version);
    if (rc) {
        return sql_error(h->db, h->path, rc, why);
    }
    if (id != HISTORY_APPLICATION_ID || version < 0 || (unsigned)version <= history_schema_count) {
        return ERR_OK; /* what else is wrong with it comes later */
    }
    (void)sqlite3_db_config(h->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return history_schema_newer(h->path, version, history_schema_count, why);
}

static err_t open_database(store_history_t *h, buf_t *why)
{
    int rc = sqlite3_open_v2(h->path, &h->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (!h->db) {
        return ERR_NOMEM;
    }
    (void)sqlite3_extended_result_codes(h->db, 1);
    (void)sqlite3_busy_timeout(h->db, BUSY_MS);
    (void)sqlite3_db_config(h->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(h->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    bool wal = false;
    err_t err = rc ? sql_error(h->db, h->path, rc, why) : check_version(h, why);
    if (err) {
        return err;
    }
    rc = pragmas(h->db);
    (void)sqlite3_wal_hook(h->db, on_commit, h);
    rc = rc ? rc : history_answers(h->db, "PRAGMA journal_mode", "wal", &wal);
    if (rc) {
        return sql_error(h->db, h->path, rc, why);
    }
    if (!wal) {
        buf_printf(why, "the history %s cannot be used: its file system has no shared memory",
                   h->path);
        return ERR_IO;
    }
    err = history_schema_upgrade(h->db, h->path, history_schema, history_schema_count, why);
    return err ? err : history_check(h, why);
}

err_t store_history_open(const char *state, const store_history_options_t *options,
                         store_history_t **out, buf_t *why)
{
    store_history_t *h = calloc(1, sizeof *h);
    if (!h) {
        return ERR_NOMEM;
    }
    h->lock = -1;
    h->options = options ? *options : (store_history_options_t){0};
    pthread_mutex_init(&h->mutex, NULL);
    h->path = history_path(state);
    int directory = -1;
    err_t err = h->path ? state_open(state, &directory, &h->lock, why) : ERR_NOMEM;
    err = err ? err : store_history_peek(state, why);
    if (!err) {
        history_sweep(directory);
        err = make_file(h, directory, why);
    }
    err = err ? err : open_database(h, why);
    if (directory >= 0) {
        (void)close(directory);
    }
    if (err) {
        store_history_close(h);
        return err;
    }
    *out = h;
    return ERR_OK;
}

void store_history_close(store_history_t *h)
{
    if (!h) {
        return;
    }
    for (size_t i = 0; i < SQL_COUNT; i++) {
        (void)sqlite3_finalize(h->statements[i]);
    }
    (void)sqlite3_close(h->db);
    if (h->lock >= 0) {
        (void)close(h->lock);
    }
    pthread_mutex_destroy(&h->mutex);
    free(h->path);
    free(h);
}

/* Of the file format of SQLite: big-endian numbers. */
#define HEADER_SIZE       100
#define HEADER_VERSION_AT 60
#define HEADER_ID_AT      68

static uint32_t number_at(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

err_t store_history_peek(const char *state, buf_t *why)
{
    unsigned char header[HEADER_SIZE];
    char *path = history_path(state);
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
    bool whole = fd >= 0 && pread(fd, header, sizeof header, 0) == (ssize_t)sizeof header;
    uint32_t version = whole ? number_at(header + HEADER_VERSION_AT) : 0;
    err_t err = path ? ERR_OK : ERR_NOMEM;
    if (whole && number_at(header + HEADER_ID_AT) == HISTORY_APPLICATION_ID &&
        version <= INT32_MAX && version > history_schema_count) {
        err = history_schema_newer(path, (int)version, history_schema_count, why);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    free(path);
    return err;
}

/* SQLite takes a file of one byte for an empty one as well. */
bool store_history_is_cut(const char *state)
{
    struct stat st;
    char *path = history_path(state);
    bool cut = path && lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= 1;
    free(path);
    return cut;
}

err_t store_history_set_aside(const char *state, uint64_t time_ms, buf_t *moved, buf_t *why)
{
    int directory = -1, lock = -1;
    err_t err = state_open(state, &directory, &lock, why);
    if (err) {
        return err;
    }
    if (!history_move(directory, "damaged", time_ms)) {
        buf_printf(why, "the history in %s cannot be renamed: %s", state, strerrordesc_np(errno));
        err = ERR_IO;
    }
    (void)close(lock);
    (void)close(directory);
    buf_printf(moved, "%s/" STORE_HISTORY_FILE ".damaged-%llu", state, (unsigned long long)time_ms);
    return err;
}
