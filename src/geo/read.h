/* A regular file, whole, as it was at one moment. */
#ifndef FPD_GEO_READ_H
#define FPD_GEO_READ_H

#include "footprintd/base/bytes.h"

/*
 * Appends to *out. ERR_IO (errno), ERR_DATA when it is no regular file or changes under the reader,
 * ERR_LIMIT, ERR_NOMEM; a line in *why. Never waits, not for the writer of a FIFO either.
 */
err_t read_file(const char *path, size_t limit, buf_t *out, buf_t *why) FPD_MUST_CHECK;
/* For tests: called when a file was read, before it is asked whether it has changed meanwhile. */
extern void (*read_file_hook)(const char *path);
/* The line for a file above the limit; returns ERR_LIMIT. */
err_t read_too_long(size_t limit, buf_t *why);

#endif
