/*
 * What backup and restore share: how a backup is told of. Private to src/ctl.
 */
#ifndef FPD_CTL_BACKUP_H
#define FPD_CTL_BACKUP_H

#include "footprintd/store/backup.h"

/* "generations 1 to 7, 3 documents in the newest, 81920 bytes" */
void backup_describe(const store_backup_info_t *info, buf_t *out);
/* The members of an object, without its braces. */
void backup_write_json(const store_backup_info_t *info, buf_t *out);
/* Tells it, and returns the exit code. */
int backup_failed(bool json, err_t err, const buf_t *why);

#endif
