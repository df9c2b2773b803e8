#include "history_path.h"

#include "backup_private.h"
#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

char *history_path(const char *state)
{
    buf_t path = BUF_INIT;
    size_t n = strlen(state);
    buf_printf(&path, "%s%s" STORE_HISTORY_FILE, state, n && state[n - 1] == '/' ? "" : "/");
    buf_append_char(&path, '\0');
    if (buf_failed(&path)) {
        buf_release(&path);
        return NULL;
    }
    return path.ptr;
}

/* The database last: while it is there, its companions must be. */
bool history_move(int directory, const char *label, uint64_t time_ms)
{
    static const char *const companions[] = {"-wal", "-shm", ""};
    char from[64], to[96];
    for (size_t i = 0; i < sizeof companions / sizeof *companions; i++) {
        (void)snprintf(from, sizeof from, STORE_HISTORY_FILE "%s", companions[i]);
        (void)snprintf(to, sizeof to, STORE_HISTORY_FILE ".%s-%llu%s", label,
                       (unsigned long long)time_ms, companions[i]);
        if (renameat(directory, from, directory, to) != 0 && errno != ENOENT) {
            return false;
        }
    }
    return directory_sync(directory);
}

void history_sweep(int directory)
{
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir && fd >= 0) {
        (void)close(fd);
    }
    for (;;) {
        const struct dirent *entry = dir ? readdir(dir) : NULL; /* one stream, one thread */
        if (!entry) {
            break;
        }
        if (strncmp(entry->d_name, BACKUP_TEMPORARY, sizeof BACKUP_TEMPORARY - 1) == 0) {
            (void)unlinkat(directory, entry->d_name, 0);
        }
    }
    if (dir) {
        (void)closedir(dir);
    }
}
