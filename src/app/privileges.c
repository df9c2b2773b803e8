#include "privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Of examples and packages: a system without it is one where nobody has set it up. */
#define USUAL_USER "footprintd"

void privileges_deny(bool core_dumps)
{
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (!core_dumps) {
        struct rlimit none = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &none);
        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    }
}

/* ---- who to be ---- */

static err_t stay_root(slice_t user, bool refuse_root, buf_t *why)
{
    if (refuse_root) {
        buf_append_str(why, "it would run as root, which --refuse-root forbids: start it as "
                            "another user, or name one with `user`");
        return ERR_DATA;
    }
    if (user.len) {
        buf_printf(why, "running as root: there is no user %.*s here", SLICE_ARG(user));
    } else {
        buf_append_str(why, "running as root: `user: NAME` gives that up when the ports are open, "
                            "`user: root` says that it is meant");
    }
    return ERR_OK;
}

static err_t stay_other(slice_t user, const struct passwd *entry, buf_t *why)
{
    if (!entry || entry->pw_uid != geteuid()) {
        buf_printf(why, "not started as root, so it runs as user id %u and not as `user: %.*s`",
                   (unsigned)geteuid(), SLICE_ARG(user));
    }
    return ERR_OK;
}

err_t privileges_choose(const config_t *config, bool refuse_root, privileges_t *out, buf_t *why)
{
    *out = (privileges_t)PRIVILEGES_INIT;
    slice_t user = config->user; /* ends in a NUL */
    bool root = geteuid() == 0;
    errno = 0;
    const struct passwd *entry = user.len ? getpwnam(user.ptr) : NULL;
    if (!root) {
        return user.len ? stay_other(user, entry, why) : ERR_OK;
    }
    if (!entry && (!user.len || slice_is(user, USUAL_USER))) {
        return stay_root(user, refuse_root, why);
    }
    if (!entry) {
        buf_printf(why, "`user: %.*s`: there is no such user%s%s", SLICE_ARG(user),
                   errno ? ", or it cannot be found: " : "", errno ? strerror(errno) : "");
        return ERR_DATA;
    }
    if (entry->pw_uid == 0) {
        /* That is what it was told, and there is nothing to warn of. */
        return refuse_root ? stay_root(user, refuse_root, why) : ERR_OK;
    }
    out->name = strdup(entry->pw_name);
    if (!out->name) {
        buf_append_str(why, err_text(ERR_NOMEM));
        return ERR_NOMEM;
    }
    out->drop = true;
    out->uid = entry->pw_uid;
    out->gid = entry->pw_gid;
    return ERR_OK;
}

void privileges_release(privileges_t *p)
{
    free(p->name);
    *p = (privileges_t)PRIVILEGES_INIT;
}

/* ---- becoming it ---- */

static bool is_lost(const privileges_t *p)
{
    uid_t uid[3];
    gid_t gid[3];
    if (getresuid(&uid[0], &uid[1], &uid[2]) != 0 || getresgid(&gid[0], &gid[1], &gid[2]) != 0) {
        return false;
    }
    for (int i = 0; i < 3; i++) {
        if (uid[i] != p->uid || gid[i] != p->gid) {
            return false;
        }
    }
    return setuid(0) != 0 && seteuid(0) != 0 && setgroups(0, NULL) != 0;
}

err_t privileges_drop(const privileges_t *p, bool core_dumps, buf_t *why)
{
    if (!p->drop) {
        return ERR_OK;
    }
    /* The groups of the user with it: that of a directory of keys may be one of them. */
    if (initgroups(p->name, p->gid) != 0 || setresgid(p->gid, p->gid, p->gid) != 0 ||
        setresuid(p->uid, p->uid, p->uid) != 0) {
        buf_printf(why, "it cannot become the user %s: %s", p->name, strerror(errno));
        return ERR_IO;
    }
    if (!is_lost(p)) {
        buf_printf(why, "it has become the user %s, and could become root again", p->name);
        return ERR_IO;
    }
    /* The kernel has taken it away with the identity. */
    if (core_dumps) {
        (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    }
    return ERR_OK;
}

/* ---- what it may then use ---- */

typedef struct look {
    const char *user;
    buf_t *why;
    bool refused;
} look_t;

static void refuse_path(look_t *l, const char *key, slice_t path, const char *what)
{
    if (!l->refused) {
        buf_printf(l->why, "the user %s, which the server runs as, may not %s %.*s (%s): %s",
                   l->user, what, SLICE_ARG(path), key, strerror(errno));
    }
    l->refused = true;
}

static void look_at(void *arg, const char *key, slice_t path)
{
    look_t *l = arg;
    bool state = strcmp(key, "state") == 0;
    bool directory = state || strcmp(key, "footprints") == 0;
    if (access(path.ptr, directory ? R_OK | X_OK : R_OK) != 0) {
        if (errno == EACCES) {
            refuse_path(l, key, path, "read");
        }
    } else if (state && access(path.ptr, W_OK) != 0 && errno == EACCES) {
        refuse_path(l, key, path, "write to");
    }
}

err_t privileges_check_files(const config_t *config, const privileges_t *p, buf_t *why)
{
    look_t l = {.user = p->name, .why = why};
    if (p->drop) {
        config_each_path(config, look_at, &l);
    }
    return l.refused ? ERR_IO : ERR_OK;
}
