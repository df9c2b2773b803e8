/*
 * Files read whole: a regular file, below a size limit, that did not change while it was read.
 */
#ifndef FOOTPRINTD_STORE_FILE_H
#define FOOTPRINTD_STORE_FILE_H

#include "footprintd/base/bytes.h"

#include <sys/stat.h>
#include <time.h>

/* What a file was when it was read, as far as the file system tells. */
typedef struct store_stamp {
    struct stat st;
    struct timespec at; /* when the reading began */
} store_stamp_t;

/* Whether it is the same file, and nobody has written there in between. */
bool store_stat_same(const struct stat *a, const struct stat *b);

/* So long before it was read a file must have changed for the last time; tests set it. */
extern int64_t store_quiet_ns;

/* Whether a change after the reading shows: clocks of file systems are coarse. */
bool store_stamp_is_quiet(const store_stamp_t *stamp);

/*
 * Appends the bytes of name, relative to the directory dirfd (AT_FDCWD works; links are followed).
 * On failure *why has the reason as a clause, such as "is not a regular file":
 * ERR_IO (errno's text), ERR_RANGE (not a regular file), ERR_LIMIT (longer than limit bytes),
 * ERR_NOT_NOW (it keeps changing), ERR_NOMEM (*why may be empty).
 */
err_t store_file_read(int dirfd, const char *name, size_t limit, buf_t *out,
                      buf_t *why) FPD_MUST_CHECK;
/* The same, and which file it was. */
err_t store_file_read_stamped(int dirfd, const char *name, size_t limit, buf_t *out,
                              store_stamp_t *stamp, buf_t *why) FPD_MUST_CHECK;

/*
 * Whether a file that holds secrets is safe from others: only its owner may write it, and besides
 * its group nobody read it. ERR_DATA when others may, ERR_IO; *why has the reason as a clause.
 */
err_t store_file_check_private(const char *name, buf_t *why) FPD_MUST_CHECK;

/* All bytes to a descriptor that blocks, whatever signals come; false, and errno says why. */
bool store_file_write_all(int fd, slice_t bytes) FPD_MUST_CHECK;

/* For tests: called between the last byte and the check that nothing changed. NULL: nothing. */
extern void (*store_file_read_hook)(const char *name);

#endif
