#include "import_data.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define BYTES_MAX ((size_t)512 << 20)
#define CHUNK     ((size_t)1 << 20)

static err_t failure(buf_t *why, const char *what)
{
    buf_printf(why, "cannot be %s: %s", what, strerrordesc_np(errno));
    return ERR_IO;
}

/* What is not a file, such as a pipe, has no size: it is read to its end. */
static err_t read_all(int fd, buf_t *out, buf_t *why)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return failure(why, "read");
    }
    if (S_ISDIR(st.st_mode)) {
        buf_append_str(why, "is a directory");
        return ERR_RANGE;
    }
    for (;;) {
        if (!buf_reserve(out, CHUNK)) {
            return ERR_NOMEM;
        }
        ssize_t n = read(fd, out->ptr + out->len, CHUNK);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return failure(why, "read");
        }
        if (n == 0) {
            return ERR_OK;
        }
        out->len += (size_t)n;
        if (out->len > BYTES_MAX) {
            buf_printf(why, "is longer than the limit of %zu MiB", BYTES_MAX >> 20);
            return ERR_LIMIT;
        }
    }
}

err_t import_read(const char *path, buf_t *out, buf_t *why)
{
    if (slice_is(slice_str(path), "-")) {
        return read_all(STDIN_FILENO, out, why);
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return failure(why, "opened");
    }
    err_t err = read_all(fd, out, why);
    (void)close(fd);
    return err;
}
