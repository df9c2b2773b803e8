/*
 * The load client of the update streams: holds many subscriptions and says when each event arrived.
 *
 * usage: bench_subscribers [--h1] [--connections N] [--streams N] [--initial N]
 *                          [--body TEXT --content-type TYPE] [--window N] [--receive-buffer N]
 *                          http://127.0.0.1:PORT/PATH
 * A POST with --body, otherwise a GET; over HTTP/2 by prior knowledge, or HTTP/1.1 with one stream
 * a connection. Prints "ready SUBSCRIBERS" when all of them have had --initial events, and then,
 * for every event that the last of them has got, "event NUMBER SUBSCRIBERS FIRST LAST BYTES":
 * arrivals in nanoseconds of CLOCK_MONOTONIC, and bytes of all with their DATA frames' heads or
 * chunk lines. An arrival is the time when the read that brought the event's end returned: what
 * this program does with it afterwards does not count, and is the same for every server. Commands
 * on standard input, a line each: mark (count from here), show (what is not complete), stop (read
 * no more), go (read on), find TEXT, last (the last event of the first subscriber), quit. Ends also
 * with the input.
 */
#include "subscribers.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum { AT_ONCE = 1024, COMMAND_MAX = 256 };

load_t load = {.streams = 1, .connection_count = 1, .content_type = "application/json"};

static void usage(void)
{
    (void)fprintf(stderr, "usage: bench_subscribers [--h1] [--connections N] [--streams N] "
                          "[--initial N]\n    [--body TEXT --content-type TYPE] [--window N] "
                          "[--receive-buffer N] http://127.0.0.1:PORT/PATH\n");
    exit(2);
}

static uint32_t number(const char *text)
{
    char *end = NULL;
    unsigned long value = text ? strtoul(text, &end, 10) : 0;
    if (!end || *end != '\0' || end == text || value > INT32_MAX) {
        usage();
    }
    return (uint32_t)value;
}

static void parse_url(char *url)
{
    static const char scheme[] = "http://";
    char *slash = strncmp(url, scheme, sizeof scheme - 1) == 0
                      ? strchr(url + sizeof scheme - 1, '/')
                      : NULL;
    if (!slash) {
        usage();
    }
    load.path = strdup(slash);
    *slash = '\0';
    load.authority = url + sizeof scheme - 1;
}

static void parse_options(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];
        if (strcmp(name, "--h1") == 0) {
            load.h1 = true;
        } else if (strncmp(name, "--", 2) != 0) {
            parse_url(argv[i]);
        } else if (++i == argc) {
            usage();
        } else if (strcmp(name, "--connections") == 0) {
            load.connection_count = number(argv[i]);
        } else if (strcmp(name, "--streams") == 0) {
            load.streams = number(argv[i]);
        } else if (strcmp(name, "--initial") == 0) {
            load.initial = number(argv[i]);
        } else if (strcmp(name, "--window") == 0) {
            load.window = number(argv[i]);
        } else if (strcmp(name, "--receive-buffer") == 0) {
            load.receive_buffer = (int)number(argv[i]);
        } else if (strcmp(name, "--body") == 0) {
            load.body = argv[i];
        } else if (strcmp(name, "--content-type") == 0) {
            load.content_type = argv[i];
        } else {
            usage();
        }
    }
    uint64_t subscribers = (uint64_t)load.streams * load.connection_count;
    if (!load.path || subscribers == 0 || subscribers > INT32_MAX ||
        (load.h1 && load.streams > 1)) {
        usage();
    }
    load.subscriber_count = (uint32_t)subscribers;
}

static void set_up(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
        if (files.rlim_max < load.connection_count + 16) {
            (void)printf("failed: %u connections, but only %ju files may be open\n",
                         load.connection_count, (uintmax_t)files.rlim_max);
            exit(1);
        }
    }
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    load.connections = calloc(load.connection_count, sizeof *load.connections);
    load.subscribers = calloc(load.subscriber_count, sizeof *load.subscribers);
    if (load.epoll < 0 || !load.connections || !load.subscribers) {
        abort();
    }
    /* Of the input nothing is known, which tells its events from those of connections. */
    struct epoll_event event = {.events = EPOLLIN};
    (void)epoll_ctl(load.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event);
}

/* false: the end. */
static bool obey(const char *command)
{
    if (strcmp(command, "mark") == 0) {
        events_mark();
        (void)printf("marked\n");
    } else if (strcmp(command, "show") == 0) {
        events_show();
    } else if (strcmp(command, "stop") == 0 || strcmp(command, "go") == 0) {
        connections_pause(command[0] == 's');
        (void)printf("%s\n", command[0] == 's' ? "stopped" : "going");
    } else if (strncmp(command, "find ", 5) == 0) {
        events_find(command + 5);
    } else if (strcmp(command, "last") == 0) {
        events_print_copy();
    } else if (strcmp(command, "quit") == 0) {
        return false;
    } else {
        (void)printf("no such command\n");
    }
    (void)fflush(stdout);
    return true;
}

static bool read_commands(void)
{
    static char line[COMMAND_MAX];
    static size_t len;
    ssize_t got = read(STDIN_FILENO, line + len, sizeof line - 1 - len);
    if (got <= 0) {
        return false;
    }
    len += (size_t)got;
    line[len] = '\0';
    char *at = line;
    for (char *feed = NULL; (feed = strchr(at, '\n')) != NULL; at = feed + 1) {
        *feed = '\0';
        if (!obey(at)) {
            return false;
        }
    }
    len = (size_t)(line + len - at);
    memmove(line, at, len);
    return len < sizeof line - 1;
}

int main(int argc, char **argv)
{
    static struct epoll_event events[AT_ONCE];
    parse_options(argc, argv);
    set_up();
    for (bool goes_on = true; goes_on && !load.failed;) {
        while (connections_open_next()) {
        }
        int count = epoll_wait(load.epoll, events, AT_ONCE, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr) {
                connection_on_ready(events[i].data.ptr, events[i].events);
            } else {
                goes_on = read_commands();
            }
        }
        if (!load.all_ready && load.closed > 0) {
            (void)printf("failed: %u streams ended before all had begun\n", load.closed);
            load.failed = true;
        } else if (!load.all_ready && load.ready == load.subscriber_count) {
            load.all_ready = true;
            events_mark();
            (void)printf("ready %u\n", load.subscriber_count);
            (void)fflush(stdout);
        }
    }
    connections_close();
    (void)fflush(stdout);
    return load.failed;
}
