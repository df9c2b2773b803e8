#include "edit_ask.h"

#include "footprintd/base/bytes.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

/*
 * A byte of standard input, past which nothing is read: an editor may want it. False at the end,
 * and for an interrupt, which is let through while nothing else can be lost.
 */
static bool read_byte(const sigset_t *open, char *out)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    while (!interrupted) {
        if (ppoll(&in, 1, NULL, open) > 0) {
            return read(STDIN_FILENO, out, 1) == 1;
        }
    }
    return false;
}

/* The first letter of a line, in lower case; 0 at the end. */
static char read_letter(const sigset_t *open)
{
    char first = 0, c = 0;
    while (c != '\n') {
        if (!read_byte(open, &c)) {
            return 0;
        }
        first = first ? first : c;
    }
    return (char)(first >= 'A' && first <= 'Z' ? first - 'A' + 'a' : first);
}

static char ask_once(const char *question, const char *letters, const sigset_t *open)
{
    for (;;) {
        (void)fputs(question, stderr);
        char c = read_letter(open);
        if (!c) {
            (void)fputc('\n', stderr);
            return letters[strlen(letters) - 1];
        }
        if (c != '\n' && strchr(letters, c)) {
            return c;
        }
    }
}

char edit_ask(const char *question, const char *letters)
{
    struct sigaction interrupt = {.sa_handler = on_interrupt}, before;
    sigset_t blocked, open;
    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGINT);
    interrupted = 0;
    (void)sigprocmask(SIG_BLOCK, &blocked, &open);
    (void)sigaction(SIGINT, &interrupt, &before);
    char c = ask_once(question, letters, &open);
    (void)sigaction(SIGINT, &before, NULL);
    (void)sigprocmask(SIG_SETMASK, &open, NULL);
    return c;
}
