#include "footprintd/store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define ATTEMPTS 5

void (*store_file_read_hook)(const char *name);

static err_t io_error(buf_t *why, const char *what)
{
    int code = errno;
    const char *text = strerrordesc_np(code);
    buf_printf(why, "cannot be %s: %s", what, text ? text : "unknown error");
    return ERR_IO;
}

/* What others than the owner may not do: its group may read. */
#define MODE_REFUSED (S_IWGRP | S_IXGRP | S_IRWXO)

/* Of the file that is then read, unless it is replaced in between: then the next look finds it. */
err_t store_file_check_private(const char *name, buf_t *why)
{
    struct stat st;
    if (stat(name, &st) != 0) {
        return io_error(why, "opened");
    }
    if (st.st_mode & MODE_REFUSED) {
        buf_printf(why, "mode %04o lets others at it; it should be 0600",
                   (unsigned)st.st_mode & 07777u);
        return ERR_DATA;
    }
    return ERR_OK;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool store_stat_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           same_time(&a->st_mtim, &b->st_mtim) && same_time(&a->st_ctim, &b->st_ctim);
}

/* Time stamps of file systems are as coarse as the kernel's ticks: 10 ms at the most. */
int64_t store_quiet_ns = 100000000;

bool store_stamp_is_quiet(const store_stamp_t *stamp)
{
    const struct timespec *change = &stamp->st.st_ctim;
    int64_t ns = (stamp->at.tv_sec - change->tv_sec) * INT64_C(1000000000) +
                 (stamp->at.tv_nsec - change->tv_nsec);
    return ns > store_quiet_ns;
}

static err_t too_long(buf_t *why, size_t limit)
{
    buf_printf(why, "is longer than the limit of %zu bytes", limit);
    return ERR_LIMIT;
}

/* One attempt; ERR_NOT_NOW when the file changed under it. */
static err_t read_once(int fd, const char *name, size_t limit, buf_t *out, store_stamp_t *stamp,
                       buf_t *why)
{
    struct stat before, after;
    (void)clock_gettime(CLOCK_REALTIME, &stamp->at);
    if (fstat(fd, &before) != 0) {
        return io_error(why, "read");
    }
    stamp->st = before;
    if (!S_ISREG(before.st_mode)) {
        buf_append_str(why, "is not a regular file");
        return ERR_RANGE;
    }
    if ((uintmax_t)before.st_size > limit) {
        return too_long(why, limit);
    }
    size_t start = out->len;
    for (;;) {
        /* One byte more than expected, so that the end is seen without a second growth. */
        size_t got = out->len - start;
        size_t want = (size_t)before.st_size >= got ? (size_t)before.st_size - got + 1 : 4096;
        if (!buf_reserve(out, want)) {
            return ERR_NOMEM;
        }
        ssize_t n = read(fd, out->ptr + out->len, want);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return io_error(why, "read");
        }
        if (n == 0) {
            break;
        }
        out->len += (size_t)n;
        if (out->len - start > limit) {
            return too_long(why, limit);
        }
    }
    if (store_file_read_hook) {
        store_file_read_hook(name);
    }
    if (fstat(fd, &after) != 0) {
        return io_error(why, "read");
    }
    bool whole = out->len - start == (size_t)after.st_size;
    return whole && store_stat_same(&before, &after) ? ERR_OK : ERR_NOT_NOW;
}

err_t store_file_read(int dirfd, const char *name, size_t limit, buf_t *out, buf_t *why)
{
    store_stamp_t stamp;
    return store_file_read_stamped(dirfd, name, limit, out, &stamp, why);
}

err_t store_file_read_stamped(int dirfd, const char *name, size_t limit, buf_t *out,
                              store_stamp_t *stamp, buf_t *why)
{
    size_t start = out->len;
    err_t err = ERR_NOT_NOW;
    for (unsigned i = 0; i < ATTEMPTS && err == ERR_NOT_NOW; i++) {
        out->len = start;
        /* Non-blocking: a FIFO must not hold us before it is refused. */
        int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0) {
            return io_error(why, "opened");
        }
        err = read_once(fd, name, limit, out, stamp, why);
        (void)close(fd);
    }
    if (err == ERR_NOT_NOW) {
        buf_append_str(why, "changes while it is read");
    }
    if (err) {
        out->len = start;
    }
    return err;
}

bool store_file_write_all(int fd, slice_t bytes)
{
    while (bytes.len) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        size_t step = n > 0 ? (size_t)n : 0;
        bytes = slice_of(bytes.ptr + step, bytes.len - step);
    }
    return true;
}
