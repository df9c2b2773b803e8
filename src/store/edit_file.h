/*
 * Single steps on the files of a directory, by descriptor and name; no step follows a symbolic
 * link. *why is told a clause about the file: "cannot be read: ...".
 */
#ifndef FPD_STORE_EDIT_FILE_H
#define FPD_STORE_EDIT_FILE_H

#include "footprintd/store/edit.h"

#define EDIT_TEMPORARY ".fpd-edit-" /* the start of a temporary's name */
#define EDIT_KEPT      ".fpd-kept-" /* of what a person wrote and has no place any more */

typedef struct edit_seen {
    store_hash_t hash;
    bool writing;        /* somebody has it open for writing: the content is not their last word */
    store_stamp_t stamp; /* of a file that is present, before it was read */
} edit_seen_t;

/* An absent file is fine. ERR_RANGE: it is no regular file; ERR_IO; ERR_NOMEM. */
err_t edit_file_look(int directory, const char *name, edit_seen_t *out, buf_t *why) FPD_MUST_CHECK;
/* The same; a file that is what it was by this stamp, with this content, is not read. */
err_t edit_file_look_again(int directory, const char *name, const store_stamp_t *known,
                           const store_hash_t *hash, edit_seen_t *out, buf_t *why) FPD_MUST_CHECK;

/* Whether the system says that this is for others to write: errno. */
bool edit_is_elsewhere(int code);
/* Of an open directory. */
bool edit_is_immutable(int fd);
/*
 * Whether the file that was seen may be replaced, as far as that can be known beforehand; what
 * fails after the commit would stay pending for ever.
 */
bool edit_file_is_ours(int directory, const char *name, const edit_seen_t *seen, buf_t *why);

/*
 * A new file, durable, with the mode of `like` (NULL: as new files have) and its owner where that
 * is permitted; *out (NULL: is not wanted) is what it is then. On failure there is none. ERR_RANGE:
 * as edit_is_elsewhere; ERR_IO.
 */
err_t edit_file_write(int directory, const char *name, slice_t bytes, const edit_seen_t *like,
                      struct stat *out, buf_t *why) FPD_MUST_CHECK;
/* Whether nobody has written there, or put another file there, as far as the file system tells. */
bool edit_file_is_still(int directory, const char *name, const struct stat *seen);

/*
 * 0 or an errno. Both files change their places; where the file system cannot do that, a takes the
 * place of b, and *exchanged is false.
 */
int edit_file_exchange(int directory, const char *a, const char *b, bool *exchanged);
/* 0 or an errno; EEXIST: there is a `to`. */
int edit_file_move(int directory, const char *from, const char *to);

/* A name beside the file that nobody else has; in the arena. */
err_t edit_file_beside(const char *prefix, slice_t file, arena_t *arena,
                       slice_t *out) FPD_MUST_CHECK;

void edit_step(const char *step, slice_t file);

#endif
