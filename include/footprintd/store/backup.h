/*
 * Backups: a history as one file, and the way back.
 *
 * A backup is an SQLite database as the history is, without a log beside it. It is taken as of one
 * moment, by a reader: whoever appends is not held up. Whatever is read from a backup was verified
 * before, all of it: pages, references, every content and every generation against its digest. One
 * that is of an older program is brought up to date in memory; the file is never written.
 *
 * Errors as in store/history.h.
 */
#ifndef FOOTPRINTD_STORE_BACKUP_H
#define FOOTPRINTD_STORE_BACKUP_H

#include "footprintd/store/edit.h"

#define STORE_BACKUP_MEDIA "application/vnd.sqlite3"

typedef struct store_backup_info {
    uint64_t generations;
    uint64_t oldest; /* numbers; 0: it has no generation */
    uint64_t newest;
    uint64_t documents; /* of the newest */
    uint64_t bytes;     /* of the file */
} store_backup_info_t;

/*
 * Appends a backup of an open history, through a file beside it that goes at once. ERR_LIMIT: it
 * has more than limit bytes.
 */
err_t store_backup_read(store_history_t *h, size_t limit, buf_t *out, buf_t *why) FPD_MUST_CHECK;

/* Writes a backup of the history in a state directory, which a server may have, to an empty file.
 */
err_t store_backup_copy(const char *state, const char *to, buf_t *why) FPD_MUST_CHECK;

/* Opens a backup to read from; all that writes fails. */
err_t store_backup_open(const char *file, store_history_t **out, store_backup_info_t *info,
                        buf_t *why) FPD_MUST_CHECK;

typedef struct store_restore {
    const char *file;
    const char *state;
    const char *documents; /* the directory; NULL: files stay as they are */
    uint64_t time_ms;      /* in the names of what is set aside */
    slice_t who;           /* for the audit log */
    bool dry_run;          /* everything is checked, and nothing changed */
} store_restore_t;

/* Texts in the arena. */
typedef struct store_restored {
    store_backup_info_t info;
    slice_t history_aside;   /* where the history that was there is; "" when there was none */
    slice_t documents_aside; /* likewise the files that were changed or removed */
    size_t changes;          /* files that are written or removed */
    store_settlements_t settled;
} store_restored_t;

/*
 * Puts the backup in the place of the history in `state`, which no server may have, and makes the
 * files in `documents` those of its newest generation. What was there is set aside. The files are
 * changed as by an edit (store/edit.h): what a crash interrupts is finished by the next start.
 * ERR_NOT_NOW: a server has it; ERR_RANGE: a file that would have to change is not ours to write.
 */
err_t store_backup_restore(const store_restore_t *r, arena_t *arena, store_restored_t *out,
                           buf_t *why) FPD_MUST_CHECK;

#endif
