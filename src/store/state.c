#include "state.h"

#include "footprintd/store/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static err_t refused(const char *what, const char *state, buf_t *why)
{
    const char *text = strerrordesc_np(errno);
    buf_printf(why, "the state directory %s cannot be %s: %s", state, what,
               text ? text : "unknown error");
    return ERR_IO;
}

bool directory_sync(int directory)
{
    return fsync(directory) == 0 || errno == EINVAL || errno == EROFS;
}

/* Whose lock it is, as it says itself. */
static err_t taken(int lock, const char *state, buf_t *why)
{
    char pid[24];
    ssize_t n = pread(lock, pid, sizeof pid - 1, 0);
    size_t digits = 0;
    while (n > 0 && digits < (size_t)n && pid[digits] >= '0' && pid[digits] <= '9') {
        digits++;
    }
    buf_printf(why, "the state directory %s is in use by another footprintd", state);
    if (digits) {
        buf_printf(why, " (process %.*s)", (int)digits, pid);
    }
    return ERR_NOT_NOW;
}

static err_t take_lock(int directory, const char *state, int *out, buf_t *why)
{
    int lock = openat(directory, STORE_LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0) {
        return refused("locked", state, why);
    }
    int rc;
    do {
        rc = flock(lock, LOCK_EX | LOCK_NB);
    } while (rc != 0 && errno == EINTR);
    if (rc != 0) {
        err_t err = errno == EWOULDBLOCK ? taken(lock, state, why) : refused("locked", state, why);
        (void)close(lock);
        return err;
    }
    /* For the message above only: a full disk does not matter. */
    if (ftruncate(lock, 0) == 0) {
        (void)!dprintf(lock, "%ld\n", (long)getpid());
    }
    *out = lock;
    return ERR_OK;
}

/* A directory that is new must be in its parent after a loss of power, too. */
static bool sync_parent(int directory)
{
    int parent = openat(directory, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0) {
        return errno == EACCES; /* searched, but not read: there is no way */
    }
    bool ok = directory_sync(parent);
    (void)close(parent);
    return ok;
}

err_t state_open(const char *state, int *directory, int *lock, buf_t *why)
{
    bool made = mkdir(state, 0700) == 0;
    if (!made && errno != EEXIST) {
        return refused("made", state, why);
    }
    int fd = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || (made && !sync_parent(fd))) {
        err_t err = refused("opened", state, why);
        if (fd >= 0) {
            (void)close(fd);
        }
        return err;
    }
    err_t err = take_lock(fd, state, lock, why);
    if (err) {
        (void)close(fd);
        return err;
    }
    *directory = fd;
    return ERR_OK;
}
