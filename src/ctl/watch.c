#include "watch.h"

#include "command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define CTL_DEAD 3 /* --max-age */
/* For taking leave of the server. */
#define END_MS 2000

void watch_end(watch_t *w, int exit_code)
{
    if (!w->ending) {
        w->ending = true;
        w->exit_code = exit_code;
        w->end_by_ms = watch_clock() + END_MS;
        for (watch_channel_t *c = w->channels; c; c = c->next) {
            c->due_ms = WATCH_NEVER;
        }
    }
}

uint32_t watch_random(void)
{
    uint32_t random = 0;
    return getrandom(&random, sizeof random, 0) == sizeof random ? random : 0;
}

/* ---- what is due ---- */

/* Channels that are of no more use, and what becomes of their resources. */
static void reap(watch_t *w)
{
    for (watch_channel_t *c = w->channels; c;) {
        watch_channel_t *next = c->next;
        for (size_t i = 0; c->dead && i < w->count; i++) {
            watch_follow_t *f = &w->follows[i];
            if (f->channel == c) {
                f->ways &= ~(1u << c->way->id);
                f->life_ms = c->life_ms;
                f->channel = NULL;
            }
        }
        if (c->dead) {
            watch_channel_free(c);
        }
        c = next;
    }
    if (w->ird.resources && !w->ending) {
        watch_assign(w);
    }
}

static void tick(watch_t *w)
{
    int64_t now = watch_clock();
    for (watch_channel_t *c = w->channels; c; c = c->next) {
        if (c->due_ms <= now) {
            c->way->tick(c);
        }
    }
    for (size_t i = 0; i < w->count; i++) {
        if (w->follows[i].write_due_ms <= now) {
            w->follows[i].write_due_ms = WATCH_NEVER;
            watch_feed_settle(w);
        }
    }
    if (w->status_due_ms <= now) {
        watch_tell_status(w);
        w->status_due_ms = now + w->options.status_ms;
    }
}

/* A feed that was silent for too long ends everything. */
static void check_age(watch_t *w)
{
    int64_t now = watch_clock();
    for (const watch_channel_t *c = w->channels; w->options.max_age_ms && c; c = c->next) {
        if (now - c->life_ms >= w->options.max_age_ms) {
            watch_say(c->name, "no sign of life for %.1f s", (double)(now - c->life_ms) / 1000);
            watch_end(w, CTL_DEAD);
            return;
        }
    }
}

static bool all_handed(const watch_t *w)
{
    for (size_t i = 0; i < w->count; i++) {
        if (!w->follows[i].handed) {
            return false;
        }
    }
    return true;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t next_due(const watch_t *w)
{
    int64_t due = w->status_due_ms;
    for (const watch_channel_t *c = w->channels; c; c = c->next) {
        due = earlier(due, c->due_ms);
        due = w->options.max_age_ms ? earlier(due, c->life_ms + w->options.max_age_ms) : due;
    }
    for (size_t i = 0; i < w->count; i++) {
        due = earlier(due, w->follows[i].write_due_ms);
    }
    return due;
}

/* ---- the loop ---- */

/* SIGINT and SIGTERM end it kindly; a second one at once. */
static void take_signals(watch_t *w, int fd)
{
    struct signalfd_siginfo info;
    while (read(fd, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGCHLD) {
            watch_exec_reap(w);
        } else if (w->ending) {
            _exit(w->exit_code);
        } else {
            watch_end(w, CTL_FINE);
        }
    }
}

static void step(watch_t *w, int fd, int64_t due)
{
    int64_t now = watch_clock();
    watch_http_step(w->http, fd, due > now ? due - now : 0);
    take_signals(w, fd);
}

static void run(watch_t *w, int fd)
{
    while (!w->ending) {
        tick(w);
        reap(w);
        if (!w->ending) {
            step(w, fd, next_due(w));
        }
        if (w->options.once && all_handed(w)) {
            watch_end(w, CTL_FINE);
        }
        if (!w->ending) {
            check_age(w);
        }
    }
}

/* Takes leave, and waits for the commands that still run. */
static void finish(watch_t *w, int fd)
{
    for (watch_channel_t *c = w->channels; c; c = c->next) {
        c->way->close(c);
    }
    for (;;) {
        bool open = false;
        for (const watch_channel_t *c = w->channels; c; c = c->next) {
            open |= c->open;
        }
        open = open && watch_clock() < w->end_by_ms;
        if (!open && !watch_exec_any(w)) {
            return;
        }
        step(w, fd, open ? w->end_by_ms : WATCH_NEVER);
    }
}

/* ---- beginning and end ---- */

static bool prepare_follow(watch_t *w, size_t i)
{
    const watch_options_t *o = &w->options;
    watch_follow_t *f = &w->follows[i];
    *f = (watch_follow_t){.watch = w, .index = i, .id = o->resources[i]};
    f->write_due_ms = f->life_ms = WATCH_NEVER;
    watch_doc_init(&f->doc);
    const watch_input_t *input = watch_options_input(o, f->id);
    if (input) {
        buf_append_slice(&f->input, buf_slice(&input->text));
    }
    if (o->output) {
        buf_append(&f->file, o->output, strlen(o->output) + 1);
    } else if (o->output_dir) {
        buf_printf(&f->file, "%s/%s.json", o->output_dir, f->id);
        buf_append_char(&f->file, '\0');
    }
    return !buf_failed(&f->input) && !buf_failed(&f->file);
}

static bool prepare(watch_t *w)
{
    w->count = w->options.resource_count;
    w->follows = calloc(w->count, sizeof *w->follows);
    bool ready = w->follows != NULL;
    for (size_t i = 0; i < w->count && w->follows; i++) {
        ready = prepare_follow(w, i) && ready;
    }
    w->status_due_ms = w->options.status_ms ? watch_clock() + w->options.status_ms : WATCH_NEVER;
    w->http = watch_http_new(&w->options.http);
    return ready && w->http && !hasher_init(&w->hasher) && watch_start(w);
}

static void release(watch_t *w)
{
    while (w->http && w->channels) {
        watch_channel_free(w->channels);
    }
    for (size_t i = 0; w->follows && i < w->count; i++) {
        watch_follow_t *f = &w->follows[i];
        watch_doc_release(&f->doc);
        buf_release(&f->input);
        buf_release(&f->file);
        buf_release(&f->media_type);
        buf_release(&f->tag);
        free(f->uri);
        free(f->accepts);
    }
    free(w->follows);
    watch_http_free(w->http);
    watch_ird_release(&w->ird);
    free(w->ird_url);
    hasher_release(&w->hasher);
    watch_options_release(&w->options);
}

/* A descriptor that says which signals came; -1 with errno. */
static int open_signals(void)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGCHLD);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGCHLD, SIG_DFL);
    return sigprocmask(SIG_BLOCK, &signals, NULL)
               ? -1
               : signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
}

int ctl_watch_run(int argc, char **argv)
{
    watch_t w = {.exit_code = CTL_FINE};
    int code = watch_options_parse(argc, argv, &w.options);
    if (code >= 0) {
        watch_options_release(&w.options);
        return code;
    }
    int fd = open_signals();
    if (fd < 0) {
        watch_say(NULL, "signals: %s", strerrordesc_np(errno));
        w.exit_code = CTL_REFUSED;
    } else if (!prepare(&w)) {
        watch_say(NULL, "%s", err_text(ERR_NOMEM));
        w.exit_code = CTL_REFUSED;
    } else {
        run(&w, fd);
        finish(&w, fd);
    }
    release(&w);
    if (fd >= 0) {
        (void)close(fd);
    }
    return w.exit_code;
}
