#include "sandbox.h"
#include "watch_follow.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Rights that came with later kernels than those of the headers (linux/landlock.h). */
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#define RIGHTS_1 ((1ULL << 13) - 1) /* of the first version of the interface */

#define READ_RIGHTS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_RIGHTS                                                                               \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |                              \
     LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR |   \
     LANDLOCK_ACCESS_FS_REFER | LANDLOCK_ACCESS_FS_TRUNCATE)
/* Of these, the ones that a file that is no directory can have. */
#define FILE_RIGHTS                                                                                \
    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE)

typedef struct ruleset {
    int fd;
    uint64_t handled; /* rights that this kernel knows */
    const config_t *config;
    int failure; /* errno of the first rule that was refused; 0: none */
} ruleset_t;

static void allow(ruleset_t *r, const char *path, uint64_t rights)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    struct stat st;
    if (fd < 0) {
        return; /* what is not there is told by whoever needs it */
    }
    bool file = fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode);
    struct landlock_path_beneath_attr rule = {
        .allowed_access = rights & r->handled & (file ? FILE_RIGHTS : ~0ULL), .parent_fd = fd};
    if (syscall(SYS_landlock_add_rule, r->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0 &&
        !r->failure) {
        r->failure = errno;
    }
    (void)close(fd);
}

/* Links change, and files are replaced: it is their directories that stay what they are. */
static void allow_place(void *arg, const char *directory, slice_t name)
{
    (void)name;
    if (strcmp(directory, "/") != 0) {
        allow(arg, directory, READ_RIGHTS);
    }
}

static void allow_path(void *arg, const char *key, slice_t path)
{
    ruleset_t *r = arg;
    bool state = strcmp(key, "state") == 0;
    /* Documents are written when operators change them, and to finish what they have changed. */
    bool written = state ||
                   (strcmp(key, "footprints") == 0 && (r->config->admin || r->config->state.len));
    buf_t end = BUF_INIT;
    if (state) {
        (void)mkdir(path.ptr, 0700); /* as the history makes it, which it cannot any more */
    }
    watch_follow("", path.ptr, &end, allow_place, r);
    if (end.len > 1) {
        allow(r, end.ptr, written ? READ_RIGHTS | WRITE_RIGHTS : READ_RIGHTS);
    }
    buf_release(&end);
}

/* What libraries read: other libraries, their settings, what this process is. */
static void allow_system(ruleset_t *r)
{
    static const char *const paths[] = {"/usr",         "/lib",           "/lib64",
                                        "/etc/ssl",     "/proc/self",     "/sys/devices/system/cpu",
                                        "/dev/urandom", "/sys/fs/cgroup", "/proc/self/exe"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        allow(r, paths[i], READ_RIGHTS);
    }
    allow(r, "/dev/null", READ_RIGHTS | LANDLOCK_ACCESS_FS_WRITE_FILE);
}

err_t sandbox_files(const config_t *config, const char *config_file, buf_t *why)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1) {
        buf_printf(why, "files are not confined: this kernel has no Landlock (%s)",
                   strerror(errno));
        return ERR_OK;
    }
    ruleset_t r = {.config = config, .handled = RIGHTS_1};
    r.handled |= version >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0;
    r.handled |= version >= 3 ? LANDLOCK_ACCESS_FS_TRUNCATE : 0;
    struct landlock_ruleset_attr attr = {.handled_access_fs = r.handled};
    r.fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    if (r.fd < 0) {
        buf_printf(why, "files cannot be confined: %s", strerror(errno));
        return ERR_IO;
    }
    allow_system(&r);
    allow_path(&r, "", slice_str(config_file));
    config_each_path(config, allow_path, &r);
    if (!r.failure && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
                       syscall(SYS_landlock_restrict_self, r.fd, 0) != 0)) {
        r.failure = errno;
    }
    if (r.failure) {
        buf_printf(why, "files cannot be confined: %s", strerror(r.failure));
    }
    (void)close(r.fd);
    return r.failure ? ERR_IO : ERR_OK;
}
