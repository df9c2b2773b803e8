#include "geo/read.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

void (*read_file_hook)(const char *path);

static err_t io_error(buf_t *why, const char *what)
{
    int code = errno;
    const char *text = strerrordesc_np(code);
    buf_printf(why, "cannot be %s: %s", what, text ? text : "unknown error");
    errno = code;
    return ERR_IO;
}

err_t read_too_long(size_t limit, buf_t *why)
{
    buf_printf(why, "is longer than the limit of %zu bytes", limit);
    return ERR_LIMIT;
}

static bool same_version(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
           a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Up to `size` bytes: fewer when the file ends before. */
static err_t read_bytes(int fd, size_t size, buf_t *out, buf_t *why)
{
    while (size > 0) {
        ssize_t n = read(fd, out->ptr + out->len, size);
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
        size -= (size_t)n;
    }
    return ERR_OK;
}

static err_t read_open(int fd, const char *path, size_t limit, buf_t *out, buf_t *why)
{
    struct stat before, after;
    if (fstat(fd, &before) != 0) {
        return io_error(why, "read");
    }
    if (!S_ISREG(before.st_mode)) {
        buf_append_str(why, "is not a regular file");
        return ERR_DATA;
    }
    if ((uintmax_t)before.st_size > limit) {
        return read_too_long(limit, why);
    }
    size_t size = (size_t)before.st_size, start = out->len;
    if (!buf_reserve(out, size)) {
        return ERR_NOMEM;
    }
    err_t err = read_bytes(fd, size, out, why);
    if (err) {
        return err;
    }
    if (read_file_hook) {
        read_file_hook(path);
    }
    if (fstat(fd, &after) != 0) {
        return io_error(why, "read");
    }
    if (out->len - start != size || !same_version(&before, &after)) {
        buf_append_str(why, "changes while it is read");
        return ERR_DATA;
    }
    return ERR_OK;
}

err_t read_file(const char *path, size_t limit, buf_t *out, buf_t *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return io_error(why, "opened");
    }
    err_t err = read_open(fd, path, limit, out, why);
    int code = errno;
    (void)close(fd);
    errno = code;
    return err;
}
