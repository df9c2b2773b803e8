#include "watch.h"

#include "footprintd/base/hash.h"
#include "footprintd/log/log.h"
#include "watch_places.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* Of the debounce time: changes without end are built all the same. */
#define PATIENCE 10
/* Between two looks for what no event tells. */
#define LOOK_MS 5000

/* So long a file that is being written holds up the others. */
#define WRITING_MS 10000
#define OPEN_MAX   64

struct watch {
    char *directory;
    unsigned debounce_ms;
    builder_t *builder;
    bool running;
    pthread_t thread;
    int stop; /* eventfd */
    places_t places;
    int told;                /* errno that the log has heard of */
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

static void look(watch_t *w)
{
    if (places_look(&w->places, w->directory)) {
        note_change(w);
    }
    if (w->places.failure && w->places.failure != w->told) {
        log_line(LOG_LEVEL_WARNING, "watch",
                 "%s cannot be watched: %s; it is looked at every %u seconds", w->directory,
                 strerrordesc_np(w->places.failure), LOOK_MS / 1000);
    }
    w->told = w->places.failure;
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

/* Something happened to an entry: to a document, or to what decides which one it is. */
static void take_entry(watch_t *w, const struct inotify_event *e)
{
    uint64_t name = hash_slice(slice_str(e->len ? e->name : ""));
    bool begun = e->mask & IN_MODIFY || (e->mask & IN_CREATE && !places_is_whole(&w->places, e));
    if (begun) {
        note_writing(w, name);
    } else {
        note_closed(w, name);
        note_change(w);
    }
}

/* True when the places are to be found anew. */
static bool take_event(watch_t *w, const struct inotify_event *e)
{
    if (e->mask & IN_Q_OVERFLOW) {
        w->open_count = 0;
        note_change(w);
        return true;
    }
    watch_place_t place = places_of_event(&w->places, e);
    if (place == PLACE_DOCUMENT || place == PLACE_OTHER) {
        take_entry(w, e);
    }
    return place == PLACE_GONE;
}

static void read_events(watch_t *w)
{
    _Alignas(struct inotify_event) char buffer[16384];
    ssize_t len = read(w->places.events, buffer, sizeof buffer);
    bool again = false;
    for (ssize_t at = 0; at < len;) {
        const struct inotify_event *e = (const struct inotify_event *)(const void *)(buffer + at);
        again |= take_event(w, e);
        at += (ssize_t)sizeof *e + (ssize_t)e->len;
    }
    if (again) {
        look(w);
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

/* What is read now is whole; what changes from now on is an event again. */
static void ask_for_build(watch_t *w)
{
    look(w);
    w->first = 0;
    w->open_count = 0;
    log_line(LOG_LEVEL_INFO, "watch", "%s has changed: reading it", w->directory);
    builder_look(w->builder);
}

static void *watch_main(void *arg)
{
    watch_t *w = arg;
    (void)pthread_setname_np(pthread_self(), "watch");
    for (;;) {
        struct pollfd fds[] = {{w->places.events, POLLIN, 0}, {w->stop, POLLIN, 0}};
        int n = poll(fds, 2, patience(w));
        if (fds[1].revents) {
            return NULL;
        }
        if (n > 0) {
            read_events(w);
        } else if (n == 0 && w->first) {
            ask_for_build(w);
        } else if (n == 0) {
            look(w);
        }
    }
}

err_t watch_new(slice_t directory, unsigned debounce_ms, watch_t **out)
{
    watch_t *w = calloc(1, sizeof *w);
    if (!w) {
        return ERR_NOMEM;
    }
    w->debounce_ms = debounce_ms;
    w->directory = strndup(directory.ptr, directory.len);
    w->stop = eventfd(0, EFD_CLOEXEC);
    err_t err = places_init(&w->places);
    if (!w->directory) {
        err = ERR_NOMEM;
    } else if (w->stop < 0) {
        err = ERR_IO;
    }
    if (err) {
        watch_free(w);
        return err;
    }
    look(w);
    *out = w;
    return ERR_OK;
}

err_t watch_start(watch_t *w, builder_t *builder)
{
    w->builder = builder;
    w->running = pthread_create(&w->thread, NULL, watch_main, w) == 0;
    return w->running ? ERR_OK : ERR_NOMEM;
}

void watch_free(watch_t *w)
{
    if (!w) {
        return;
    }
    if (w->running) {
        const uint64_t one = 1;
        (void)!write(w->stop, &one, sizeof one);
        (void)pthread_join(w->thread, NULL);
    }
    if (w->stop >= 0) {
        (void)close(w->stop);
    }
    places_release(&w->places);
    free(w->directory);
    free(w);
}
