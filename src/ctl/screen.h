/*
 * The terminal, where there is one: whether it has colours, how wide it is, and a line on standard
 * error that says how long something takes. Nothing of that goes to a file or a pipe.
 */
#ifndef FPD_CTL_SCREEN_H
#define FPD_CTL_SCREEN_H

#include "footprintd/base/bytes.h"

#include <time.h>

/* Of a terminal that is not dumb, unless NO_COLOR unwants them. */
bool screen_colours(int fd);
/* 0: not known, or no terminal. */
size_t screen_columns(int fd);

/* Zeroed before its first use. */
typedef struct screen_wait {
    time_t start; /* monotonic seconds, but for the first one */
    time_t told;
    size_t width; /* of the line that stands there */
    bool on;
} screen_wait_t;

void screen_wait_begin(screen_wait_t *w);
/* Whether there is a line to be written: once a second, not within the first one. */
bool screen_wait_due(screen_wait_t *w);
/* In place of the line before; with the seconds behind it. */
void screen_wait_tell(screen_wait_t *w, const char *fmt, ...) FPD_PRINTF(2, 3);
/* Wipes the line away. */
void screen_wait_end(screen_wait_t *w);

#endif
