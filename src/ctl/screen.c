#include "screen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool is_able(int fd)
{
    const char *term = getenv("TERM"); /* single-threaded */
    return isatty(fd) && !(term && !strcmp(term, "dumb"));
}

bool screen_colours(int fd)
{
    const char *no_color = getenv("NO_COLOR"); /* single-threaded */
    return is_able(fd) && !(no_color && *no_color);
}

size_t screen_columns(int fd)
{
    struct winsize size;
    return isatty(fd) && !ioctl(fd, TIOCGWINSZ, &size) ? size.ws_col : 0;
}

static time_t seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

void screen_wait_begin(screen_wait_t *w)
{
    *w = (screen_wait_t){.start = seconds(), .on = is_able(STDERR_FILENO)};
    w->told = w->start;
}

bool screen_wait_due(screen_wait_t *w)
{
    if (!w->on) {
        return false;
    }
    time_t now = seconds();
    /* Of the first second a part may have been over. */
    bool due = now > w->told && now > w->start + 1;
    w->told = due ? now : w->told;
    return due;
}

void screen_wait_tell(screen_wait_t *w, const char *fmt, ...)
{
    char line[80];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    size_t columns = screen_columns(STDERR_FILENO);
    /* A line that is wrapped could not be wiped away. */
    if (n < 0 || (columns && (size_t)n + 12 > columns)) {
        return;
    }
    int width = fprintf(stderr, "\r%s ... %lld s", line, (long long)(seconds() - w->start));
    w->width = width > 0 ? (size_t)width : w->width;
    (void)fflush(stderr);
}

void screen_wait_end(screen_wait_t *w)
{
    if (w->width) {
        (void)fprintf(stderr, "\r%*s\r", (int)w->width - 1, "");
        (void)fflush(stderr);
    }
    w->width = 0;
}
