#include "footprintd/log/log.h"

#include "flood.h"
#include "footprintd/base/time.h"
#include "line.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

/* Bytes that may wait for the writer, the batch that it is writing included. */
#define QUEUE_BYTES ((size_t)4 << 20)
/* What was omitted is told so often. */
#define TELL_MS 1000
/* Of the text of one line, before escaping. */
#define TEXT_BYTES ((size_t)64 << 10)
/* Written at a time, so that it shows whether anybody reads. */
#define WRITE_BYTES ((size_t)64 << 10)
/* Whoever waits for the writer gives up when nobody has read anything for so long. */
#define PATIENCE_S 2

/*
 * Producers append whole lines to `pending`; the writer swaps it with `batch` and writes that
 * without the lock. Memory is bounded by the budget, and a producer never waits longer than another
 * producer's memcpy.
 */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t work;    /* pending has bytes, lines were dropped, or stopping */
    pthread_cond_t written; /* done moved */
    pthread_t writer;
    buf_t pending;
    buf_t batch;      /* the writer's alone while it writes */
    uint64_t queued;  /* bytes taken since log_start */
    uint64_t done;    /* of these, bytes that are written */
    uint64_t dropped; /* lines since the writer last said so */
    uint64_t lost;    /* lines since log_start */
    bool saying;      /* the writer is about to */
    uint64_t told_ms; /* when lines that were omitted were told last */
    flood_t flood;
    bool running;
    bool stopping;
    bool ended;     /* the writer is at its end */
    bool abandoned; /* it never came there: the log is not to be written to any more */
    int fd;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER,
           .work = PTHREAD_COND_INITIALIZER,
           .written = PTHREAD_COND_INITIALIZER,
           .fd = STDERR_FILENO};

static atomic_int minimum_level = LOG_LEVEL_INFO; /* of areas that are not in the list */
static atomic_int lowest_level = LOG_LEVEL_INFO;  /* of all areas */
#define AREA_LEVEL(id, name) LOG_LEVEL_INFO,
static atomic_int area_levels[LOG_AREA_COUNT] = {LOG_AREAS(AREA_LEVEL)};
#undef AREA_LEVEL
static atomic_int line_format = LOG_FORMAT_TEXT;
static atomic_ullong progress; /* counts what the writer got rid of */

/* A log that cannot be written has nobody to tell: what fails is lost. */
static void write_all(int fd, slice_t bytes)
{
    while (bytes.len) {
        ssize_t n = write(fd, bytes.ptr, bytes.len < WRITE_BYTES ? bytes.len : WRITE_BYTES);
        if (n >= 0) {
            (void)atomic_fetch_add_explicit(&progress, 1, memory_order_relaxed);
            bytes = slice_of(bytes.ptr + n, bytes.len - (size_t)n);
        } else if (errno == EAGAIN) {
            struct pollfd wait = {.fd = fd, .events = POLLOUT};
            (void)poll(&wait, 1, -1);
        } else if (errno != EINTR) {
            return;
        }
    }
}

static void format_now(buf_t *out, log_level_t level, slice_t area, slice_t text)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    log_line_write(out, (log_format_t)atomic_load(&line_format), &now, level, area, text);
}

static struct timespec at_ms(uint64_t ms)
{
    return (struct timespec){.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
}

/* Puts what was omitted into the queue, when it is time to. With the lock. */
static void tell_omitted(void)
{
    uint64_t now = monotonic_ms();
    flood_kind_t kind;
    if (!queue.flood.omitted || (!queue.stopping && now < queue.told_ms + TELL_MS)) {
        return;
    }
    queue.told_ms = now;
    while (flood_tell(&queue.flood, &kind)) {
        buf_t text = BUF_INIT;
        size_t before = queue.pending.len;
        buf_printf(&text, "%llu lines like \"%s\" were left out", (unsigned long long)kind.omitted,
                   kind.fmt);
        format_now(&queue.pending, kind.level, slice_str(kind.area), buf_slice(&text));
        if (buf_failed(&queue.pending)) {
            queue.pending.failed = false;
            queue.pending.len = before;
        }
        queue.queued += queue.pending.len - before;
        buf_release(&text);
    }
}

/* Until there is something to write. */
static void wait_for_lines(void)
{
    for (;;) {
        tell_omitted();
        if (queue.pending.len || queue.dropped || queue.stopping) {
            return;
        }
        if (queue.flood.omitted) {
            struct timespec until = at_ms(queue.told_ms + TELL_MS);
            (void)pthread_cond_clockwait(&queue.work, &queue.lock, CLOCK_MONOTONIC, &until);
        } else {
            pthread_cond_wait(&queue.work, &queue.lock);
        }
    }
}

static void *writer_main(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&queue.lock);
    for (;;) {
        wait_for_lines();
        if (queue.pending.len == 0 && queue.dropped == 0) {
            break;
        }
        buf_t batch = queue.pending;
        queue.pending = queue.batch;
        queue.batch = batch;
        size_t taken = batch.len;
        uint64_t dropped = queue.dropped;
        queue.dropped = 0;
        queue.saying = dropped != 0;
        pthread_mutex_unlock(&queue.lock);

        write_all(queue.fd, buf_slice(&batch));
        if (dropped) {
            buf_t line = BUF_INIT;
            char text[96];
            (void)snprintf(text, sizeof text,
                           "%llu lines dropped: the log is not taken fast enough",
                           (unsigned long long)dropped);
            format_now(&line, LOG_LEVEL_WARNING, SLICE_LIT("log"), slice_str(text));
            write_all(queue.fd, buf_slice(&line));
            buf_release(&line);
        }

        pthread_mutex_lock(&queue.lock);
        buf_clear(&queue.batch);
        queue.done += taken;
        queue.saying = false;
        pthread_cond_broadcast(&queue.written);
    }
    queue.ended = true;
    pthread_cond_broadcast(&queue.written);
    pthread_mutex_unlock(&queue.lock);
    return NULL;
}

/* Waits for news of the writer. False when nobody reads what it writes. With the lock. */
static bool wait_for_writer(uint64_t *seen)
{
    struct timespec until = at_ms(monotonic_ms() + (uint64_t)PATIENCE_S * 1000);
    if (pthread_cond_clockwait(&queue.written, &queue.lock, CLOCK_MONOTONIC, &until) == 0) {
        return true;
    }
    uint64_t now = atomic_load(&progress);
    bool moved = now != *seen;
    *seen = now;
    return moved;
}

void log_set(log_format_t format, log_level_t level)
{
    atomic_store(&line_format, format);
    atomic_store(&minimum_level, level);
    atomic_store(&lowest_level, level);
    for (int i = 0; i < LOG_AREA_COUNT; i++) {
        atomic_store(&area_levels[i], level);
    }
}

void log_set_area(log_area_t area, log_level_t level)
{
    atomic_store(&area_levels[area], level);
    if ((int)level < atomic_load(&lowest_level)) {
        atomic_store(&lowest_level, level);
    }
}

err_t log_start(int fd, log_format_t format, log_level_t level)
{
    log_set(format, level);
    /* Signals are for the main thread. */
    sigset_t all, old;
    sigfillset(&all);
    pthread_mutex_lock(&queue.lock);
    queue.fd = fd;
    queue.stopping = queue.ended = queue.abandoned = false;
    queue.told_ms = 0;
    flood_init(&queue.flood, 0);
    queue.queued = queue.done = queue.dropped = queue.lost = 0;
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int failed = pthread_create(&queue.writer, NULL, writer_main, NULL);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    queue.running = !failed;
    pthread_mutex_unlock(&queue.lock);
    return failed ? ERR_NOMEM : ERR_OK;
}

void log_limit(uint64_t per_s)
{
    pthread_mutex_lock(&queue.lock);
    flood_init(&queue.flood, per_s);
    pthread_mutex_unlock(&queue.lock);
}

void log_stop(void)
{
    uint64_t seen = atomic_load(&progress);
    pthread_mutex_lock(&queue.lock);
    bool running = queue.running;
    queue.running = false;
    queue.stopping = true;
    pthread_cond_signal(&queue.work);
    while (running && !queue.ended && !queue.abandoned) {
        queue.abandoned = !wait_for_writer(&seen);
    }
    bool joined = running && !queue.abandoned;
    pthread_mutex_unlock(&queue.lock);
    if (joined) {
        pthread_join(queue.writer, NULL);
        buf_release(&queue.pending);
        buf_release(&queue.batch);
    } else if (running) {
        pthread_detach(queue.writer); /* it has the buffers */
    }
}

void log_flush(void)
{
    uint64_t seen = atomic_load(&progress);
    pthread_mutex_lock(&queue.lock);
    uint64_t goal = queue.queued;
    while (queue.running && (queue.done < goal || queue.dropped || queue.saying) &&
           wait_for_writer(&seen)) {
    }
    pthread_mutex_unlock(&queue.lock);
}

/* line ends in its newline. */
static void submit(slice_t line)
{
    pthread_mutex_lock(&queue.lock);
    if (!queue.running) {
        bool abandoned = queue.abandoned;
        pthread_mutex_unlock(&queue.lock);
        if (!abandoned) {
            write_all(STDERR_FILENO, line);
        }
        return;
    }
    bool idle = queue.pending.len == 0 && queue.dropped == 0;
    if (queue.queued - queue.done + line.len > QUEUE_BYTES ||
        !buf_reserve(&queue.pending, line.len)) {
        queue.pending.failed = false; /* the next line may be shorter */
        queue.dropped++;
        queue.lost++;
    } else {
        buf_append_slice(&queue.pending, line);
        queue.queued += line.len;
    }
    if (idle) {
        pthread_cond_signal(&queue.work);
    }
    pthread_mutex_unlock(&queue.lock);
}

uint64_t log_dropped(void)
{
    pthread_mutex_lock(&queue.lock);
    uint64_t lost = queue.lost;
    pthread_mutex_unlock(&queue.lock);
    return lost;
}

bool log_enabled(log_level_t level, const char *area)
{
#define AREA_NAME(id, name) name,
    static const char *const names[LOG_AREA_COUNT] = {LOG_AREAS(AREA_NAME)};
#undef AREA_NAME
    if ((int)level < atomic_load_explicit(&lowest_level, memory_order_relaxed)) {
        return false;
    }
    for (int i = 0; i < LOG_AREA_COUNT; i++) {
        if (strcmp(area, names[i]) == 0) {
            return (int)level >= atomic_load_explicit(&area_levels[i], memory_order_relaxed);
        }
    }
    return (int)level >= atomic_load_explicit(&minimum_level, memory_order_relaxed);
}

/* Also tells the writer that there will be something to tell. */
static bool admit(log_level_t level, const char *area, const char *fmt)
{
    pthread_mutex_lock(&queue.lock);
    bool none = queue.flood.omitted == 0;
    uint64_t now = monotonic_ms();
    bool admitted = !queue.running || flood_admit(&queue.flood, level, area, fmt, now);
    if (none && !admitted) {
        queue.told_ms = now;
        pthread_cond_signal(&queue.work);
    }
    pthread_mutex_unlock(&queue.lock);
    return admitted;
}

FPD_PRINTF(3, 0)
static void write_line(log_level_t level, const char *area, const char *fmt, va_list args)
{
    buf_t text = BUF_INIT;
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    if (n >= 0 && buf_reserve(&text, (size_t)n + 1)) {
        (void)vsnprintf(text.ptr, (size_t)n + 1, fmt, again);
        text.len = (size_t)n < TEXT_BYTES ? (size_t)n : TEXT_BYTES;
    }
    va_end(again);
    buf_t line = BUF_INIT;
    format_now(&line, level, slice_str(area), buf_slice(&text));
    if (!buf_failed(&line)) {
        submit(buf_slice(&line));
    }
    buf_release(&line);
    buf_release(&text);
}

void log_line(log_level_t level, const char *area, const char *fmt, ...)
{
    if (!log_enabled(level, area) || !admit(level, area, fmt)) {
        return;
    }
    va_list args;
    va_start(args, fmt);
    write_line(level, area, fmt, args);
    va_end(args);
}

void log_listed(log_level_t level, const char *area, const char *fmt, ...)
{
    if (!log_enabled(level, area)) {
        return;
    }
    va_list args;
    va_start(args, fmt);
    write_line(level, area, fmt, args);
    va_end(args);
}

void log_raw(slice_t line)
{
    buf_t copy = BUF_INIT;
    buf_append_slice(&copy, line);
    buf_append_char(&copy, '\n');
    if (!buf_failed(&copy)) {
        submit(buf_slice(&copy));
    }
    buf_release(&copy);
}
