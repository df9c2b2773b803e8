#include "watch.h"

#include "footprintd/store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool refuse(buf_t *why, const char *path, const char *what)
{
    buf_printf(why, "%s %s: %s", path, what, strerrordesc_np(errno));
    return false;
}

static bool has_already(const char *path, slice_t text)
{
    struct stat st;
    if (stat(path, &st) || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != text.len) {
        return false;
    }
    buf_t old = BUF_INIT, why = BUF_INIT;
    bool same = store_file_read(AT_FDCWD, path, text.len, &old, &why) == ERR_OK &&
                slice_eq(buf_slice(&old), text);
    buf_release(&old);
    buf_release(&why);
    return same;
}

/* As open(2) with 0666 would have made it. */
static mode_t plain_mode(void)
{
    mode_t mask = umask(0);
    (void)umask(mask);
    return 0666 & ~mask;
}

/* The directory's own entry, without which a rename may be forgotten. */
static bool sync_directory(const char *directory)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return synced;
}

/* The temporary file's name has six X to be replaced. */
static bool replace(const char *path, const char *directory, char *temporary, slice_t text,
                    buf_t *why)
{
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        return refuse(why, temporary, "cannot be made");
    }
    bool written = store_file_write_all(fd, text) && fchmod(fd, plain_mode()) == 0 &&
                   fsync(fd) == 0;
    if (close(fd) || !written) {
        (void)refuse(why, temporary, "cannot be written");
        (void)unlink(temporary);
        return false;
    }
    if (rename(temporary, path)) {
        (void)refuse(why, path, "cannot be replaced");
        (void)unlink(temporary);
        return false;
    }
    return sync_directory(directory) || refuse(why, directory, "cannot be synchronised");
}

bool watch_write(const char *path, slice_t text, buf_t *why)
{
    if (has_already(path, text)) {
        return true;
    }
    const char *slash = strrchr(path, '/');
    size_t folder = slash ? (size_t)(slash - path) : 0;
    buf_t directory = BUF_INIT, temporary = BUF_INIT;
    if (slash) {
        buf_append(&directory, path, folder ? folder : 1);
    } else {
        buf_append_char(&directory, '.');
    }
    buf_append_char(&directory, '\0');
    buf_append(&temporary, path, slash ? folder + 1 : 0);
    buf_printf(&temporary, ".%s.XXXXXX", slash ? slash + 1 : path);
    buf_append_char(&temporary, '\0');
    bool done = false;
    if (buf_failed(&directory) || buf_failed(&temporary)) {
        buf_append_str(why, err_text(ERR_NOMEM));
    } else {
        done = replace(path, directory.ptr, temporary.ptr, text, why);
    }
    buf_release(&directory);
    buf_release(&temporary);
    return done;
}
