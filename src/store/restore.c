#include "footprintd/store/backup.h"

#include "footprintd/store/directory.h"
#include "footprintd/store/file.h"

#include "backup_private.h"
#include "edit_file.h"
#include "history_audit.h"
#include "history_check.h"
#include "history_intent.h"
#include "history_path.h"
#include "restore_files.h"
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- the database ---- */

/* No intent of another directory, or of another moment; those of this restore; who did it. */
static err_t write_down(store_history_t *h, const store_restore_t *r, const restore_files_t *files,
                        const store_backup_info_t *info, buf_t *why)
{
    char what[64];
    (void)snprintf(what, sizeof what, "restored generation %llu", (unsigned long long)info->newest);
    const store_audit_t line = {.time_ms = r->time_ms,
                                .who = r->who,
                                .what = slice_str(what),
                                .outcome = SLICE_LIT("done")};
    sql_t q = sql_start(h, SQL_INTENTS_DROP);
    err_t err = sql_run(&q, why);
    for (size_t i = 0; i < files->count && !err; i++) {
        err = history_intent_add(h, &files->intents[i], info->newest, why);
    }
    return err ? err : history_audit_add(h, &line, why);
}

static err_t prepare_copy(const char *path, const store_restore_t *r, const restore_files_t *files,
                          const store_backup_info_t *info, buf_t *why)
{
    sqlite3 *db = NULL;
    store_history_t *h = NULL;
    err_t err = backup_connect(path, path, SQLITE_OPEN_READWRITE, &db, why);
    if (err) {
        (void)sqlite3_close(db);
        return err;
    }
    int rc = sqlite3_exec(db, "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON", NULL, NULL,
                          NULL);
    err = backup_wrap(db, path, &h);
    if (!err && rc) {
        err = sql_error(db, path, rc, why);
    }
    if (!err) {
        err = sql_begin(h, why);
        err = err ? err : sql_finish(h, write_down(h, r, files, info, why), why);
        err = err ? err : history_check(h, why);
    }
    store_history_close(h);
    return err;
}

static err_t refused(const char *state, const char *what, buf_t *why)
{
    buf_printf(why, "the history in %s cannot be %s: %s", state, what, strerrordesc_np(errno));
    return ERR_IO;
}

/* The server's user has it, when root restores. */
static bool give_away(int directory, int fd, int lock)
{
    struct stat st;
    return geteuid() != 0 || (fstat(directory, &st) == 0 && fchown(fd, st.st_uid, st.st_gid) == 0 &&
                              fchown(lock, st.st_uid, st.st_gid) == 0);
}

/* The copy is durable, then what was there moves aside, then the copy moves in. */
static err_t put_in_place(const store_restore_t *r, int directory, int lock, int fd,
                          const char *temporary, store_restored_t *out, arena_t *arena, buf_t *why)
{
    if (fsync(fd) != 0 || !give_away(directory, fd, lock)) {
        return refused(r->state, "written", why);
    }
    if (faccessat(directory, STORE_HISTORY_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        out->history_aside = arena_printf(arena, "%s/" STORE_HISTORY_FILE ".replaced-%llu",
                                          r->state, (unsigned long long)r->time_ms);
    }
    if (!history_move(directory, "replaced", r->time_ms)) {
        return refused(r->state, "set aside", why);
    }
    if (renameat(directory, temporary, directory, STORE_HISTORY_FILE) != 0 ||
        !directory_sync(directory)) {
        return refused(r->state, "put in place", why);
    }
    return ERR_OK;
}

static err_t restore_locked(const store_restore_t *r, store_history_t *from, int directory,
                            int lock, const restore_files_t *files, arena_t *arena,
                            store_restored_t *out, buf_t *why)
{
    slice_t path = arena_printf(arena, "%s/" BACKUP_TEMPORARY "XXXXXX", r->state);
    char *name = path.ptr ? strdup(path.ptr) : NULL;
    int fd = name ? mkostemp(name, O_CLOEXEC) : -1;
    if (fd < 0) {
        err_t err = name ? refused(r->state, "written", why) : ERR_NOMEM;
        free(name);
        return err;
    }
    err_t err = backup_vacuum(from->db, from->path, name, why);
    err = err ? err : prepare_copy(name, r, files, &out->info, why);
    err = err ? err : restore_files_keep(files, arena, &out->documents_aside, why);
    err = err ? err : put_in_place(r, directory, lock, fd, strrchr(name, '/') + 1, out, arena, why);
    if (err) {
        (void)unlink(name);
    }
    (void)close(fd);
    free(name);
    return err;
}

static err_t restore_history(const store_restore_t *r, store_history_t *from,
                             const restore_files_t *files, arena_t *arena, store_restored_t *out,
                             buf_t *why)
{
    int directory = -1, lock = -1;
    err_t err = state_open(r->state, &directory, &lock, why);
    if (err) {
        return err;
    }
    history_sweep(directory);
    err = restore_locked(r, from, directory, lock, files, arena, out, why);
    (void)close(directory);
    (void)close(lock);
    return err;
}

/* ---- all of it ---- */

/* The intents are in the history: from here on it is what follows any edit. */
static err_t follow(const store_restore_t *r, arena_t *arena, store_restored_t *out, buf_t *why)
{
    store_history_t *h = NULL;
    err_t err = store_history_open(r->state, NULL, &h, why);
    err = err ? err : store_edit_recover(h, r->documents, arena, &out->settled, why);
    store_history_close(h);
    return err;
}

/* A dry run as well wants to know whether a server has it; it makes no directory. */
static err_t check_lock(const char *state, buf_t *why)
{
    int directory = -1, lock = -1;
    if (access(state, F_OK) != 0) {
        return ERR_OK;
    }
    err_t err = state_open(state, &directory, &lock, why);
    if (!err) {
        (void)close(directory);
        (void)close(lock);
    }
    return err;
}

err_t store_backup_restore(const store_restore_t *r, arena_t *arena, store_restored_t *out,
                           buf_t *why)
{
    store_history_t *from = NULL;
    restore_files_t files = {
        .directory = r->documents, .time_ms = r->time_ms, .dry_run = r->dry_run};
    *out = (store_restored_t){.history_aside = SLICE_LIT(""), .documents_aside = SLICE_LIT("")};
    err_t err = store_backup_open(r->file, &from, &out->info, why);
    err = err ? err : check_lock(r->state, why);
    if (!err && r->documents) {
        err = restore_files_plan(&files, from, out->info.newest, arena, why);
    }
    out->changes = files.count;
    if (!err && !r->dry_run) {
        err = restore_history(r, from, &files, arena, out, why);
        if (!err && r->documents) {
            err = follow(r, arena, out, why);
        }
    }
    store_history_close(from);
    return err;
}
