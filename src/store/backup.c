#include "footprintd/store/backup.h"

#include "backup_private.h"
#include "history_check.h"
#include "history_path.h"
#include "history_schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MS 10000 /* somebody recovers the log, or checkpoints */

/* ---- connections ---- */

err_t backup_connect(const char *path, const char *uri, int flags, sqlite3 **db, buf_t *why)
{
    int id = 0, version = 0;
    int rc = sqlite3_open_v2(uri, db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (!*db) {
        return ERR_NOMEM;
    }
    (void)sqlite3_extended_result_codes(*db, 1);
    (void)sqlite3_busy_timeout(*db, BUSY_MS);
    (void)sqlite3_db_config(*db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(*db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    rc = rc ? rc
            : sqlite3_exec(*db, "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY", NULL,
                           NULL, NULL);
    rc = rc ? rc : history_schema_read(*db, &id, &version);
    if (rc) {
        return sql_error(*db, path, rc, why);
    }
    if (id != HISTORY_APPLICATION_ID || version < 1) {
        buf_printf(why, "the file %s is no history of footprintd", path);
        return ERR_DATA;
    }
    if ((unsigned)version > history_schema_count) {
        return history_schema_newer(path, version, history_schema_count, why);
    }
    return ERR_OK;
}

err_t backup_wrap(sqlite3 *db, const char *path, store_history_t **out)
{
    store_history_t *h = calloc(1, sizeof *h);
    if (!h) {
        (void)sqlite3_close(db);
        return ERR_NOMEM;
    }
    h->lock = -1;
    h->db = db;
    pthread_mutex_init(&h->mutex, NULL);
    h->path = strdup(path);
    if (!h->path) {
        store_history_close(h);
        return ERR_NOMEM;
    }
    *out = h;
    return ERR_OK;
}

err_t backup_vacuum(sqlite3 *db, const char *path, const char *to, buf_t *why)
{
    char *statement = sqlite3_mprintf("VACUUM INTO %Q", to);
    int rc = statement ? sqlite3_exec(db, statement, NULL, NULL, NULL) : SQLITE_NOMEM;
    sqlite3_free(statement);
    return rc ? sql_error(db, path, rc, why) : ERR_OK;
}

/* ---- taking one ---- */

static err_t copy_to(const char *path, const char *to, buf_t *why)
{
    sqlite3 *db = NULL;
    err_t err = backup_connect(path, path, SQLITE_OPEN_READWRITE, &db, why);
    err = err ? err : backup_vacuum(db, path, to, why);
    (void)sqlite3_close(db);
    return err;
}

err_t store_backup_copy(const char *state, const char *to, buf_t *why)
{
    char *path = history_path(state);
    err_t err = path ? copy_to(path, to, why) : ERR_NOMEM;
    free(path);
    return err;
}

static err_t read_whole(int fd, const char *path, size_t limit, buf_t *out, buf_t *why)
{
    struct stat st;
    bool known = fstat(fd, &st) == 0;
    if (known && (uintmax_t)st.st_size > limit) {
        buf_printf(why, "a backup of the history %s has %llu bytes, more than the limit of %zu",
                   path, (unsigned long long)st.st_size, limit);
        return ERR_LIMIT;
    }
    if (known && !buf_reserve(out, (size_t)st.st_size)) {
        return ERR_NOMEM;
    }
    for (off_t at = 0; known && at < st.st_size;) {
        ssize_t n = pread(fd, out->ptr + out->len, (size_t)(st.st_size - at), at);
        known = n > 0 || (n < 0 && errno == EINTR);
        at += n > 0 ? n : 0;
        out->len += n > 0 ? (size_t)n : 0;
    }
    if (!known) {
        buf_printf(why, "a backup of the history %s cannot be read", path);
    }
    return known ? ERR_OK : ERR_IO;
}

/* Its name goes before it is read: nothing is left of it whatever happens then. */
static err_t read_through(const char *path, const char *temporary, int fd, size_t limit, buf_t *out,
                          buf_t *why)
{
    err_t err = copy_to(path, temporary, why);
    (void)unlink(temporary);
    return err ? err : read_whole(fd, path, limit, out, why);
}

err_t store_backup_read(store_history_t *h, size_t limit, buf_t *out, buf_t *why)
{
    const char *slash = strrchr(h->path, '/');
    buf_t name = BUF_INIT;
    buf_append(&name, h->path, slash ? (size_t)(slash - h->path) + 1 : 0);
    buf_append_str(&name, BACKUP_TEMPORARY "XXXXXX");
    buf_append_char(&name, '\0');
    err_t err = buf_failed(&name) ? ERR_NOMEM : ERR_OK;
    int fd = err ? -1 : mkostemp(name.ptr, O_CLOEXEC);
    if (!err && fd < 0) {
        buf_printf(why, "a backup cannot be written beside the history %s: %s", h->path,
                   strerrordesc_np(errno));
        err = ERR_IO;
    }
    if (fd >= 0) {
        err = read_through(h->path, name.ptr, fd, limit, out, why);
        (void)close(fd);
    }
    buf_release(&name);
    return err;
}

/* ---- opening one ---- */

/* As a URI: nothing locks the file, nothing is written beside it. */
static void write_uri(const char *file, buf_t *out)
{
    buf_append_str(out, "file:");
    for (const char *p = file; *p; p++) {
        if (strchr("%?#", *p)) {
            buf_printf(out, "%%%02X", (unsigned)*p);
        } else {
            buf_append_char(out, *p);
        }
    }
    buf_append_str(out, "?immutable=1");
    buf_append_char(out, '\0');
}

static err_t check_file(const char *file, store_backup_info_t *info, buf_t *why)
{
    struct stat st, log;
    buf_t name = BUF_INIT;
    buf_printf(&name, "%s-wal", file);
    buf_append_char(&name, '\0');
    err_t err = buf_failed(&name) ? ERR_NOMEM : ERR_OK;
    if (!err && stat(file, &st) != 0) {
        buf_printf(why, "the backup %s cannot be opened: %s", file, strerrordesc_np(errno));
        err = ERR_IO;
    } else if (!err && !S_ISREG(st.st_mode)) {
        buf_printf(why, "the backup %s is not a regular file", file);
        err = ERR_DATA;
    } else if (!err && stat(name.ptr, &log) == 0 && log.st_size > 0) {
        buf_printf(why,
                   "the file %s is no backup: it has a log, %s; take one of it with footprintctl "
                   "backup --state",
                   file, name.ptr);
        err = ERR_DATA;
    }
    info->bytes = err ? 0 : (uint64_t)st.st_size;
    buf_release(&name);
    return err;
}

/* One of an older program: a copy in memory, which is brought up to date. */
static err_t upgrade_copy(sqlite3 **db, const char *file, buf_t *why)
{
    sqlite3 *copy = NULL;
    int rc = sqlite3_open_v2(
        ":memory:", &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    sqlite3_backup *backup = rc ? NULL : sqlite3_backup_init(copy, "main", *db, "main");
    if (backup) {
        (void)sqlite3_backup_step(backup, -1);
        rc = sqlite3_backup_finish(backup);
    } else {
        rc = rc ? rc : sqlite3_errcode(copy);
    }
    err_t err = rc ? sql_error(copy, file, rc, why)
                   : history_schema_upgrade(copy, file, history_schema, history_schema_count, why);
    (void)sqlite3_close(*db);
    *db = copy;
    return err;
}

static err_t connect_backup(const char *file, sqlite3 **db, buf_t *why)
{
    buf_t uri = BUF_INIT;
    write_uri(file, &uri);
    int id = 0, version = 0;
    err_t err = buf_failed(&uri) ? ERR_NOMEM
                                 : backup_connect(file, uri.ptr,
                                                  SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, db, why);
    buf_release(&uri);
    if (!err && !history_schema_read(*db, &id, &version) &&
        (unsigned)version < history_schema_count) {
        err = upgrade_copy(db, file, why);
    }
    return err;
}

err_t store_backup_open(const char *file, store_history_t **out, store_backup_info_t *info,
                        buf_t *why)
{
    sqlite3 *db = NULL;
    store_history_t *h = NULL;
    store_backup_info_t of_file = {0}, found = {0};
    err_t err = check_file(file, &of_file, why);
    err = err ? err : connect_backup(file, &db, why);
    if (err) {
        (void)sqlite3_close(db);
        return err;
    }
    err = backup_wrap(db, file, &h);
    err = err ? err : history_check(h, why);
    err = err ? err : history_verify(h, &found, why);
    if (err) {
        store_history_close(h);
        return err;
    }
    found.bytes = of_file.bytes;
    *info = found;
    *out = h;
    return ERR_OK;
}
