/*
 * What a path leads over: the entries of directories that decide where it ends.
 */
#ifndef FPD_APP_WATCH_FOLLOW_H
#define FPD_APP_WATCH_FOLLOW_H

#include "footprintd/base/bytes.h"

/* `directory` has no links in it, and ends in a NUL; so does name. */
typedef void watch_found_t(void *arg, const char *directory, slice_t name);

/*
 * Goes from the directory `base` ("": where the process is) along the path, as the system does when
 * it opens it. Tells of every link on the way, before it is read, so that a change of it after that
 * is seen by whoever begins to watch it there and then; and of what lies at the end, or is missing.
 * *end, emptied, becomes the path of the end without links, with a NUL behind it.
 */
void watch_follow(const char *base, const char *path, buf_t *end, watch_found_t *found, void *arg);

#endif
