/*
 * Whom the server runs as, and what a process of it can never do.
 *
 * One that is started as root opens its sockets, becomes the configured user for good, and then
 * reads and writes everything as that user, at the start as with every reload.
 */
#ifndef FPD_APP_PRIVILEGES_H
#define FPD_APP_PRIVILEGES_H

#include "footprintd/config/config.h"

#include <sys/types.h>

typedef struct privileges {
    bool drop; /* this process is root and is to be: */
    uid_t uid;
    gid_t gid;
    char *name; /* allocated */
} privileges_t;

#define PRIVILEGES_INIT                                                                            \
    {                                                                                              \
        0                                                                                          \
    }

/*
 * For all threads that begin after it: nothing that the process executes ever gains rights; and
 * unless cores are wanted, neither a core file nor a debugger of the same user gets to keys.
 */
void privileges_deny(bool core_dumps);
/*
 * Who the process is to be. ERR_DATA, with one line in *why, for a user that does not exist, or
 * when it would stay root and refuse_root is set. On success, *why has a line when there is
 * something to warn of.
 */
err_t privileges_choose(const config_t *config, bool refuse_root, privileges_t *out,
                        buf_t *why) FPD_MUST_CHECK;
/*
 * Becomes it, in all threads, and makes sure that there is no way back; core_dumps as above. One
 * line in *why on failure.
 */
err_t privileges_drop(const privileges_t *p, bool core_dumps, buf_t *why) FPD_MUST_CHECK;
/*
 * Behind privileges_drop: whether the user may use the files that the configuration names. ERR_IO,
 * with one line in *why, when it may not; what is missing is told by whoever reads it.
 */
err_t privileges_check_files(const config_t *config, const privileges_t *p,
                             buf_t *why) FPD_MUST_CHECK;
void privileges_release(privileges_t *p);

#endif
