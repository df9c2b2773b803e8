#include "footprintd/base/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_MAX_LEN 64
#define FILE_MAX     ((size_t)1 << 18)

/* Parts of letters, digits, '_', '+' and '-', with slashes between them: no dots, so no way out. */
bool zone_name_valid(slice_t name)
{
    bool part = false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (c == '/' ? !part : !letter && (c == '\0' || !strchr("_+-", c))) {
            return false;
        }
        part = c != '/';
    }
    return part && name.len <= NAME_MAX_LEN;
}

static err_t read_all(int fd, size_t size, arena_t *arena, slice_t *out)
{
    char *bytes = arena_alloc(arena, size + 1);
    size_t len = 0;
    while (bytes && len < size) {
        ssize_t n = read(fd, bytes + len, size - len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            break;
        }
        len += (size_t)n;
    }
    *out = slice_of(bytes, len);
    return !bytes ? ERR_NOMEM : len == size ? ERR_OK : ERR_IO;
}

err_t zone_load(const char *directory, slice_t name, arena_t *arena, zone_t *out)
{
    char path[256];
    struct stat st;
    slice_t data;
    if (!zone_name_valid(name)) {
        return ERR_RANGE;
    }
    int n = snprintf(path, sizeof path, "%s/%.*s", directory, SLICE_ARG(name));
    int fd = n < (int)sizeof path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (fd < 0) {
        return n < (int)sizeof path && errno != ENOENT && errno != ENOTDIR ? ERR_IO : ERR_NOT_FOUND;
    }
    err_t err = fstat(fd, &st)                 ? ERR_IO
                : !S_ISREG(st.st_mode)         ? ERR_NOT_FOUND
                : st.st_size > (off_t)FILE_MAX ? ERR_SYNTAX
                                               : read_all(fd, (size_t)st.st_size, arena, &data);
    (void)close(fd);
    return err ? err : zone_parse(data, arena, out);
}
