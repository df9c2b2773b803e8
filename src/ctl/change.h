/*
 * Changes of a server's documents: the body of a request, and what comes of it. Private to src/ctl.
 */
#ifndef FPD_CTL_CHANGE_H
#define FPD_CTL_CHANGE_H

#include "remote.h"

typedef struct change_options {
    remote_options_t remote;
    const char *message;
    bool yes;
    bool dry_run;
    const char *not_before; /* moments; NULL: at once, and for good */
    const char *not_after;
} change_options_t;

/* For getopt_long, with "m:" for the short one. */
#define CHANGE_OPTIONS                                                                             \
    {"message", required_argument, NULL, 'm'}, {"yes", no_argument, NULL, 1101},                   \
        {"dry-run", no_argument, NULL, 1102}, REMOTE_OPTIONS
#define CHANGE_HELP                                                                                \
    "  --message     what the history says of it; also -m\n"                                       \
    "  --yes         make it even where the guard rails ask for a confirmation\n"                  \
    "  --dry-run     tell what it would be, and change nothing\n"

/* As remote_option. */
int change_option(change_options_t *options, int code, const char *command, const char *help);

/* Text that stands for a document; a ptr of NULL: it is to be removed. */
typedef struct change_document {
    slice_t name;
    slice_t text;
    slice_t etag; /* what it is now; a ptr of NULL: it is not there */
} change_document_t;

/*
 * Asks what the documents are now, so that nothing is overwritten that came between; the etags go
 * to the arena. -1, or the exit code, also when one that is to be removed is not there.
 */
int change_take_etags(change_document_t *documents, size_t count, arena_t *arena, remote_t *r);
/* The body of POST /v1/changes; all texts are UTF-8. */
void change_write_documents(const change_document_t *documents, size_t count, buf_t *out);
/* Appends the members message and yes, and closes the object. */
void change_write_end(const change_options_t *options, buf_t *out);

/*
 * Sends it to the path and prints what it is, or would be. Returns the exit code; that of a dry run
 * is the one that the change would have.
 */
int change_send(remote_t *r, const change_options_t *options, const char *path, const buf_t *body);
/* What the server says of a change that was made, or would be made. */
void change_write_answer(const json_value_t *answer, bool dry_run, bool colours, buf_t *out);
/* Tells on standard error, behind a conflict, who was last to change what is served. */
void change_tell_latest(remote_t *r);

#endif
