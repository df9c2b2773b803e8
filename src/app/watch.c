#include "watch.h"

#include "footprintd/base/hash.h"
#include "footprintd/log/log.h"
#include "footprintd/store/directory.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Of the debounce time: changes without end are built all the same. */
#define PATIENCE 10
/* Between two looks whether the directory is still the one that is watched. */
#define LOOK_MS 5000

/* So long a file that is being written holds up the others. */
#define WRITING_MS 10000
#define OPEN_MAX   64

#define CHANGES                                                                                    \
    (IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF |       \
     IN_MOVE_SELF)

struct watch {
    char *directory;
    unsigned debounce_ms;
    builder_t *builder;
    pthread_t thread;
    int events; /* inotify */
    int stop;   /* eventfd */
    int wd;     /* -1: the directory is not watched */
    dev_t dev;
    ino_t ino;
    uint64_t open[OPEN_MAX]; /* hashes of names of files that are being written */
    size_t open_count;
    uint64_t first, last; /* ms; of changes that were not asked to be built yet; 0: none */
};

static uint64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void note_change(watch_t *w)
{
    w->last = now_ms();
    w->first = w->first ? w->first : w->last;
}

/* The directory may be a link, or have been replaced: it is what its path leads to now. */
static void look_at_directory(watch_t *w)
{
    struct stat st;
    if (stat(w->directory, &st) != 0) {
        st = (struct stat){0};
    }
    if (w->wd >= 0 && st.st_dev == w->dev && st.st_ino == w->ino) {
        return;
    }
    bool before = w->ino != 0;
    if (w->wd >= 0) {
        (void)inotify_rm_watch(w->events, w->wd);
    }
    w->wd = st.st_ino ? inotify_add_watch(w->events, w->directory, CHANGES | IN_ONLYDIR) : -1;
    if (st.st_ino && w->wd < 0 && st.st_ino != w->ino) {
        log_line(LOG_LEVEL_WARNING, "watch", "%s cannot be watched: %s; SIGHUP reads it again",
                 w->directory, strerror(errno));
    }
    w->dev = st.st_dev;
    w->ino = st.st_ino;
    if (before && st.st_ino) {
        note_change(w);
    }
}

/* ---- files that are being written ---- */

static uint64_t *find_open(watch_t *w, uint64_t name)
{
    for (size_t i = 0; i < w->open_count; i++) {
        if (w->open[i] == name) {
            return &w->open[i];
        }
    }
    return NULL;
}

/* More than there is room for are not waited for. */
static void note_writing(watch_t *w, uint64_t name)
{
    if (!find_open(w, name) && w->open_count < OPEN_MAX) {
        w->open[w->open_count++] = name;
    }
}

static void note_closed(watch_t *w, uint64_t name)
{
    uint64_t *at = find_open(w, name);
    if (at) {
        *at = w->open[--w->open_count];
    }
}

/* ---- events ---- */

static void take_document_event(watch_t *w, const struct inotify_event *e)
{
    doc_format_t format;
    slice_t name = slice_str(e->len ? e->name : "");
    if (!store_document_format(name, &format)) {
        return;
    }
    if (e->mask & IN_MODIFY) {
        note_writing(w, hash_slice(name));
    } else {
        note_closed(w, hash_slice(name));
        note_change(w);
    }
}

static void take_event(watch_t *w, const struct inotify_event *e)
{
    if (e->mask & IN_Q_OVERFLOW) {
        w->open_count = 0;
        note_change(w);
    } else if (e->wd != w->wd) {
        return; /* of a directory that was watched before */
    } else if (e->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF)) {
        w->wd = -1;
    } else {
        take_document_event(w, e);
    }
}

static void read_events(watch_t *w)
{
    _Alignas(struct inotify_event) char buffer[16384];
    ssize_t len = read(w->events, buffer, sizeof buffer);
    for (ssize_t at = 0; at < len;) {
        const struct inotify_event *e = (const struct inotify_event *)(const void *)(buffer + at);
        take_event(w, e);
        at += (ssize_t)sizeof *e + (ssize_t)e->len;
    }
}

/* How long to wait for what comes next. */
static int patience(const watch_t *w)
{
    if (!w->first) {
        return LOOK_MS;
    }
    uint64_t now = now_ms(), quiet = w->last + w->debounce_ms;
    uint64_t end = w->first + (uint64_t)w->debounce_ms * PATIENCE;
    uint64_t due = quiet < end ? quiet : end;
    if (w->open_count) {
        due = w->first + WRITING_MS;
    }
    return due > now ? (int)(due - now) : 0;
}

static void *watch_main(void *arg)
{
    watch_t *w = arg;
    (void)pthread_setname_np(pthread_self(), "watch");
    for (;;) {
        struct pollfd fds[] = {{w->events, POLLIN, 0}, {w->stop, POLLIN, 0}};
        int n = poll(fds, 2, patience(w));
        if (fds[1].revents) {
            return NULL;
        }
        if (n > 0) {
            read_events(w);
        } else if (n == 0 && w->first) {
            w->first = 0;
            w->open_count = 0;
            log_line(LOG_LEVEL_INFO, "watch", "%s has changed: reading it", w->directory);
            builder_look(w->builder);
        }
        if (n == 0 || w->wd < 0) {
            look_at_directory(w);
        }
    }
}

err_t watch_new(slice_t directory, unsigned debounce_ms, builder_t *builder, watch_t **out)
{
    watch_t *w = calloc(1, sizeof *w);
    if (!w) {
        return ERR_NOMEM;
    }
    *w = (watch_t){.debounce_ms = debounce_ms, .builder = builder, .wd = -1};
    w->directory = strndup(directory.ptr, directory.len);
    w->events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    w->stop = eventfd(0, EFD_CLOEXEC);
    bool fine = w->directory && w->events >= 0 && w->stop >= 0;
    if (fine) {
        look_at_directory(w);
    }
    if (!fine || pthread_create(&w->thread, NULL, watch_main, w) != 0) {
        err_t err = w->directory ? ERR_IO : ERR_NOMEM;
        (void)close(w->events);
        (void)close(w->stop);
        free(w->directory);
        free(w);
        return err;
    }
    *out = w;
    return ERR_OK;
}

void watch_free(watch_t *w)
{
    if (!w) {
        return;
    }
    const uint64_t one = 1;
    (void)!write(w->stop, &one, sizeof one);
    (void)pthread_join(w->thread, NULL);
    (void)close(w->events);
    (void)close(w->stop);
    free(w->directory);
    free(w);
}
