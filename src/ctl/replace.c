#include "replace.h"

#include "footprintd/store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_MAX ((size_t)16 << 20)

static err_t failed(buf_t *why, const char *what)
{
    buf_printf(why, "%s: %s", what, strerrordesc_np(errno));
    return ERR_IO;
}

/* The rename is on the disk when the directory is. */
static void sync_directory(const char *path)
{
    char *copy = strdup(path);
    int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        (void)fsync(fd);
        (void)close(fd);
    }
    free(copy);
}

static err_t write_beside(const char *path, const struct stat *like, slice_t text, char *temporary,
                          buf_t *why)
{
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        return failed(why, "a file cannot be made beside it");
    }
    /* Its owner first: that may change the mode. */
    bool ok = (!like || fchown(fd, like->st_uid, like->st_gid) == 0 || geteuid() != 0) &&
              fchmod(fd, like ? like->st_mode & 07777 : 0600) == 0 &&
              store_file_write_all(fd, text) && fsync(fd) == 0;
    err_t err = ok ? ERR_OK : failed(why, "it cannot be written");
    (void)close(fd);
    if (!err && rename(temporary, path) != 0) {
        err = failed(why, "it cannot be replaced");
    }
    if (err) {
        (void)unlink(temporary);
    } else {
        sync_directory(path);
    }
    return err;
}

err_t replace_file(const char *path, slice_t before, slice_t text, buf_t *why)
{
    struct stat st;
    char *real = realpath(path, NULL);
    bool there = real != NULL;
    if (!there && errno != ENOENT) {
        return failed(why, "it cannot be found");
    }
    buf_t now = BUF_INIT, temporary = BUF_INIT;
    err_t err = ERR_OK;
    if (there) {
        err = stat(real, &st) == 0 ? store_file_read(AT_FDCWD, real, READ_MAX, &now, why)
                                   : failed(why, "it cannot be looked at");
        if (!err && !slice_eq(buf_slice(&now), before)) {
            buf_append_str(why, "it was changed meanwhile");
            err = ERR_NOT_NOW;
        }
    }
    buf_printf(&temporary, "%s.XXXXXX", there ? real : path);
    buf_append_char(&temporary, '\0');
    if (!err && buf_failed(&temporary)) {
        err = ERR_NOMEM;
    }
    if (!err) {
        err = write_beside(there ? real : path, there ? &st : NULL, text, temporary.ptr, why);
    }
    buf_release(&now);
    buf_release(&temporary);
    free(real);
    return err;
}
