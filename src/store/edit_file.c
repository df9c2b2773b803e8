#include "edit_file.h"

#include "footprintd/store/file.h"
#include "names.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

void (*store_edit_hook)(const char *step, slice_t file);

void edit_step(const char *step, slice_t file)
{
    if (store_edit_hook) {
        store_edit_hook(step, file);
    }
}

static err_t cannot(const char *what, buf_t *why)
{
    int code = errno;
    const char *text = strerrordesc_np(code);
    buf_printf(why, "cannot be %s: %s", what, text ? text : "unknown error");
    return ERR_IO;
}

err_t store_edit_hash(slice_t bytes, store_hash_t *out)
{
    *out = (store_hash_t){.present = true};
    return digest_slice(bytes, &out->digest);
}

static err_t hash_file(int fd, digest_t *out, buf_t *why)
{
    hasher_t hasher;
    err_t err = hasher_init(&hasher);
    if (err) {
        return err;
    }
    hasher_begin(&hasher);
    char bytes[16384];
    for (;;) {
        ssize_t n = read(fd, bytes, sizeof bytes);
        if (n == 0) {
            break;
        }
        if (n > 0) {
            hasher_update(&hasher, bytes, (size_t)n);
        } else if (errno != EINTR) {
            hasher_release(&hasher);
            return cannot("read", why);
        }
    }
    err = hasher_finish(&hasher, out);
    hasher_release(&hasher);
    return err;
}

#define ELSEWHERE ": it is managed elsewhere, change it where it comes from"

static err_t elsewhere_by_link(int directory, const char *name, buf_t *why)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(directory, name, target, sizeof target);
    buf_append_str(why, "is a symbolic link");
    if (n > 0 && document_name_printable(slice_of(target, (size_t)n))) {
        buf_printf(why, " to %.*s", (int)n, target);
    }
    buf_append_str(why, ELSEWHERE);
    return ERR_RANGE;
}

static uint64_t attributes_of(int directory, const char *name, int flags)
{
    struct statx x;
    return statx(directory, name, flags | AT_SYMLINK_NOFOLLOW, 0, &x) == 0 ? x.stx_attributes : 0;
}

bool edit_is_immutable(int fd)
{
    return (attributes_of(fd, "", AT_EMPTY_PATH) & STATX_ATTR_IMMUTABLE) != 0;
}

bool edit_is_elsewhere(int code)
{
    return code == EROFS || code == EACCES || code == EPERM;
}

bool edit_file_is_ours(int directory, const char *name, const edit_seen_t *seen, buf_t *why)
{
    struct stat st;
    uint64_t attributes = attributes_of(directory, name, 0);
    uid_t us = geteuid();
    if (attributes & STATX_ATTR_MOUNT_ROOT) {
        buf_append_str(why, "is a mount of its own" ELSEWHERE);
    } else if (attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND)) {
        buf_append_str(why, "is marked immutable" ELSEWHERE ", or take the mark away (chattr)");
    } else if (us != 0 && seen->stamp.st.st_uid != us && fstat(directory, &st) == 0 &&
               st.st_mode & S_ISVTX && st.st_uid != us) {
        buf_append_str(why,
                       "belongs to another user, in a directory with the sticky bit" ELSEWHERE);
    } else {
        return true;
    }
    return false;
}

/*
 * The kernel gives no lease of a file that somebody has open for writing. It tells nothing where
 * the file is another user's, or its file system has no leases.
 */
static bool is_being_written(int fd)
{
    /* Whoever opens it at this moment waits until the lease is given back; the signal is ignored.
     */
    (void)fcntl(fd, F_SETSIG, SIGURG);
    if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
        (void)fcntl(fd, F_SETLEASE, F_UNLCK);
        return false;
    }
    return errno == EAGAIN;
}

/* Of an open file; with its stamp. */
static err_t hash_open(int fd, const store_stamp_t *known, const store_hash_t *hash,
                       edit_seen_t *out, buf_t *why)
{
    /* First: who is done by now has written what is read then, and it shows in its times. */
    out->writing = is_being_written(fd);
    if (fstat(fd, &out->stamp.st) != 0) {
        return cannot("read", why);
    }
    if (known && store_stamp_is_quiet(known) && store_stat_same(&known->st, &out->stamp.st)) {
        out->hash = *hash;
        return ERR_OK;
    }
    err_t err = hash_file(fd, &out->hash.digest, why);
    out->hash.present = err == ERR_OK;
    return err;
}

err_t edit_file_look(int directory, const char *name, edit_seen_t *out, buf_t *why)
{
    return edit_file_look_again(directory, name, NULL, NULL, out, why);
}

err_t edit_file_look_again(int directory, const char *name, const store_stamp_t *known,
                           const store_hash_t *hash, edit_seen_t *out, buf_t *why)
{
    *out = (edit_seen_t){0};
    (void)clock_gettime(CLOCK_REALTIME, &out->stamp.at);
    int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 && errno == ENOENT) {
        return ERR_OK;
    }
    if (fd < 0 && errno == ELOOP) {
        return elsewhere_by_link(directory, name, why);
    }
    if (fd < 0 && errno != ENXIO) {
        return cannot("opened", why);
    }
    if (fd >= 0 && fstat(fd, &out->stamp.st) != 0) {
        (void)close(fd);
        return cannot("read", why);
    }
    err_t err;
    if (fd < 0 || !S_ISREG(out->stamp.st.st_mode)) {
        buf_append_str(why, "is not a regular file");
        err = ERR_RANGE;
    } else {
        err = hash_open(fd, known, hash, out, why);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return err;
}

static bool take_after(int fd, const struct stat *like)
{
    /* The owner first: a change of owner takes bits from the mode. It may not be permitted. */
    (void)!fchown(fd, like->st_uid, like->st_gid);
    return fchmod(fd, like->st_mode & 07777) == 0;
}

/* The disk begins with what is there while the rest is copied: it is waited for afterwards. */
#define PIECE ((size_t)512 << 10)

static bool write_all(int fd, slice_t bytes)
{
    off_t at = 0;
    while (bytes.len > PIECE) {
        if (!store_file_write_all(fd, slice_of(bytes.ptr, PIECE))) {
            return false;
        }
        /* A file system that cannot do so loses nothing: fsync has the last word. */
        (void)sync_file_range(fd, at, (off_t)PIECE, SYNC_FILE_RANGE_WRITE);
        bytes = slice_of(bytes.ptr + PIECE, bytes.len - PIECE);
        at += (off_t)PIECE;
    }
    return store_file_write_all(fd, bytes);
}

err_t edit_file_write(int directory, const char *name, slice_t bytes, const edit_seen_t *like,
                      struct stat *out, buf_t *why)
{
    int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    like ? 0600 : 0644);
    if (fd < 0) {
        err_t refused = edit_is_elsewhere(errno) ? ERR_RANGE : ERR_IO;
        (void)cannot("written", why);
        return refused;
    }
    bool ok = write_all(fd, bytes) && (!like || take_after(fd, &like->stamp.st)) &&
              fsync(fd) == 0 && (!out || fstat(fd, out) == 0);
    err_t err = ok ? ERR_OK : cannot("written", why);
    if (close(fd) != 0 && !err) {
        err = cannot("written", why);
    }
    if (err) {
        (void)unlinkat(directory, name, 0);
    }
    return err;
}

bool edit_file_is_still(int directory, const char *name, const struct stat *seen)
{
    struct stat now;
    return fstatat(directory, name, &now, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(now.st_mode) &&
           store_stat_same(&now, seen);
}

static bool unsupported(int code)
{
    return code == EINVAL || code == ENOSYS || code == EOPNOTSUPP;
}

int edit_file_exchange(int directory, const char *a, const char *b, bool *exchanged)
{
    *exchanged = renameat2(directory, a, directory, b, RENAME_EXCHANGE) == 0;
    if (*exchanged || !unsupported(errno)) {
        return *exchanged ? 0 : errno;
    }
    return renameat(directory, a, directory, b) == 0 ? 0 : errno;
}

int edit_file_move(int directory, const char *from, const char *to)
{
    if (renameat2(directory, from, directory, to, RENAME_NOREPLACE) == 0) {
        return 0;
    }
    if (!unsupported(errno)) {
        return errno;
    }
    if (linkat(directory, from, directory, to, 0) != 0) {
        return errno;
    }
    return unlinkat(directory, from, 0) == 0 ? 0 : errno;
}

err_t edit_file_beside(const char *prefix, slice_t file, arena_t *arena, slice_t *out)
{
    uint64_t random = 0;
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random) {
        return ERR_IO;
    }
    /* Of a data file, too, in the documents' directory: there is one place to look for it. */
    slice_t last = store_document_name(file);
    *out = arena_printf(arena, "%s%016llx.%.*s", prefix, (unsigned long long)random,
                        SLICE_ARG(last));
    return out->ptr ? ERR_OK : ERR_NOMEM;
}
