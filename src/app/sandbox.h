/*
 * What the process gives up for good, so that whoever takes it over finds little that he can use:
 * system calls that a server never makes (seccomp), and files that it was not configured with
 * (Landlock).
 */
#ifndef FPD_APP_SANDBOX_H
#define FPD_APP_SANDBOX_H

#include "footprintd/config/config.h"

/*
 * Landlock: from now on this thread, and all that it starts, may read the directories of what the
 * configuration names, with whatever links lead over, and write to those of documents and state.
 * Once, before there is another thread. ERR_OK with a line in *why: the kernel has no Landlock.
 */
err_t sandbox_files(const config_t *config, const char *config_file, buf_t *why) FPD_MUST_CHECK;

/*
 * seccomp, in all threads, when everything is opened and begun: calls of the families that are
 * named in sandbox_calls.c end the process with SIGSYS, or are written to the audit log. ERR_IO,
 * with one line in *why, when the kernel will not.
 */
err_t sandbox_calls(config_seccomp_t mode, buf_t *why) FPD_MUST_CHECK;

#endif
