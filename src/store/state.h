/* The state directory: made when it is missing, and locked against a second server. */
#ifndef FPD_STORE_STATE_H
#define FPD_STORE_STATE_H

#include "footprintd/base/bytes.h"

/*
 * Both descriptors are the caller's; closing *lock gives the lock up. Errors as in
 * store/history.h; ERR_NOT_NOW: another process has it.
 */
err_t state_open(const char *state, int *directory, int *lock, buf_t *why) FPD_MUST_CHECK;

/* fsync; a file system that cannot do that for a directory is forgiven. False: errno says why. */
bool directory_sync(int directory);

#endif
