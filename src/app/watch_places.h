/*
 * The places that decide what the documents are, and the directories that are watched for them: the
 * directory of documents, and wherever links lead on the way to it or to a document in it.
 */
#ifndef FPD_APP_WATCH_PLACES_H
#define FPD_APP_WATCH_PLACES_H

#include "footprintd/base/bytes.h"

#include <sys/inotify.h>

typedef struct watched {
    int wd;
    bool seen;
    char *path;
    bool data; /* has data files: a directory in the documents' directory */
} watched_t;

typedef struct places {
    int events; /* inotify */
    watched_t *watched;
    size_t watched_count;
    uint64_t *items; /* hashes of directory and name, sorted */
    size_t count;
    size_t cap;
    buf_t documents; /* the directory's path without links; with a NUL */
    int wd;          /* its; -1: it is not watched */
    int failure;     /* errno: why not; 0: it is, or is not there */
    uint64_t signature;
    uint32_t mask; /* for what is found just now */
} places_t;

typedef enum watch_place {
    PLACE_NONE,
    PLACE_DOCUMENT, /* of the directory, by its name, or a data file */
    PLACE_OTHER,    /* what a link leads over, or to */
    PLACE_GONE,     /* a watched directory is not where it was */
} watch_place_t;

err_t places_init(places_t *p) FPD_MUST_CHECK;
void places_release(places_t *p);

/*
 * Finds all places anew, and watches them. True when they are others than last time and documents
 * may have changed without an event.
 */
bool places_look(places_t *p, const char *directory);

watch_place_t places_of_event(places_t *p, const struct inotify_event *e);
/* Whether what was made there is whole: not a file that somebody only begins to write. */
bool places_is_whole(const places_t *p, const struct inotify_event *e);

#endif
