/* The files of a history in its state directory. */
#ifndef FPD_STORE_HISTORY_PATH_H
#define FPD_STORE_HISTORY_PATH_H

#include "footprintd/store/history.h"

/* Of the database; malloc'ed, NULL when memory is out. */
char *history_path(const char *state);
/*
 * Renames the database and its companions to history.db.<label>-<time_ms>; what is not there is no
 * matter. False: errno says why.
 */
bool history_move(int directory, const char *label, uint64_t time_ms);
/* Removes copies that somebody began to make and did not finish; under the lock. */
void history_sweep(int directory);

#endif
