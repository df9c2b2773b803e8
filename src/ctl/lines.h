/*
 * Lines of standard input, as they come: what is asked line by line is answered line by line.
 * Private to src/ctl.
 */
#ifndef FPD_CTL_LINES_H
#define FPD_CTL_LINES_H

#include "footprintd/base/bytes.h"

#define LINES_CHUNK 65536

typedef struct lines {
    int fd;
    size_t start, end; /* of what is read and not yet given */
    bool over;
    bool failed;   /* the system refused; errno says why */
    bool skipping; /* the rest of a line that is too long */
    uint64_t number;
    char chunk[LINES_CHUNK];
} lines_t;

void lines_init(lines_t *l, int fd);
/*
 * The next line without its newline; false at the end. A line that is longer than the chunk is
 * given as its beginning, once. Before it waits for more input, `idle` is called.
 */
bool lines_next(lines_t *l, void (*idle)(void *arg), void *arg, slice_t *out);

#endif
