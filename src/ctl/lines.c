#include "lines.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

void lines_init(lines_t *l, int fd)
{
    l->fd = fd;
    l->start = l->end = 0;
    l->over = l->failed = l->skipping = false;
    l->number = 0;
}

/* More input behind what is there, which moves to the front. */
static void fill(lines_t *l, void (*idle)(void *arg), void *arg)
{
    memmove(l->chunk, l->chunk + l->start, l->end - l->start);
    l->end -= l->start;
    l->start = 0;
    struct pollfd ready = {.fd = l->fd, .events = POLLIN};
    if (poll(&ready, 1, 0) == 0) {
        idle(arg);
    }
    ssize_t n;
    do {
        n = read(l->fd, l->chunk + l->end, LINES_CHUNK - l->end);
    } while (n < 0 && errno == EINTR);
    l->failed = n < 0;
    l->over = n <= 0;
    l->end += n > 0 ? (size_t)n : 0;
}

bool lines_next(lines_t *l, void (*idle)(void *arg), void *arg, slice_t *out)
{
    for (;;) {
        const char *newline = l->end > l->start
                                  ? memchr(l->chunk + l->start, '\n', l->end - l->start)
                                  : NULL;
        bool skipped = l->skipping;
        if (newline) {
            *out = slice_of(l->chunk + l->start, (size_t)(newline - l->chunk) - l->start);
            l->start += out->len + 1;
            l->skipping = false;
        } else if (l->over) {
            *out = slice_of(l->chunk + l->start, l->end - l->start);
            l->start = l->end;
            l->skipping = false;
            if (!out->len) {
                return false;
            }
        } else if (l->end - l->start == LINES_CHUNK) {
            *out = slice_of(l->chunk, LINES_CHUNK);
            l->start = l->end;
            l->skipping = true;
        } else {
            fill(l, idle, arg);
            continue;
        }
        if (!skipped) {
            l->number++;
            return true;
        }
    }
}
