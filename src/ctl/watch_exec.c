#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define VARIABLES 3

/* The program's own environment with ours before it; the caller frees the list, not its texts. */
static char **environment(char *const *ours)
{
    size_t count = 0, kept = VARIABLES;
    while (environ[count]) {
        count++;
    }
    char **list = calloc(count + VARIABLES + 1, sizeof *list);
    if (!list) {
        return NULL;
    }
    memcpy(list, ours, VARIABLES * sizeof *list);
    for (size_t i = 0; i < count; i++) {
        if (strncmp(environ[i], "FOOTPRINTCTL_RESOURCE=", 22) != 0 &&
            strncmp(environ[i], "FOOTPRINTCTL_FILE=", 18) != 0 &&
            strncmp(environ[i], "FOOTPRINTCTL_TAG=", 17) != 0) {
            list[kept++] = environ[i];
        }
    }
    return list;
}

/* Nothing to read; what it prints goes beside our own messages, not between our events. */
static int spawn(const char *command, char **env, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    char shell[] = "sh", flag[] = "-c";
    char *copy = strdup(command);
    if (!copy) {
        return ENOMEM;
    }
    char *argv[] = {shell, flag, copy, NULL};
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    (void)posix_spawn_file_actions_init(&files);
    (void)posix_spawnattr_init(&attributes);
    int error = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    error = error ? error : posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
    error = error ? error : posix_spawnattr_setsigmask(&attributes, &none);
    error = error ? error : posix_spawnattr_setsigdefault(&attributes, &all);
    error = error ? error
                  : posix_spawnattr_setflags(&attributes,
                                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    error = error ? error : posix_spawn(pid, "/bin/sh", &files, &attributes, argv, env);
    (void)posix_spawn_file_actions_destroy(&files);
    (void)posix_spawnattr_destroy(&attributes);
    free(copy);
    return error;
}

void watch_exec(watch_follow_t *f)
{
    const char *command = f->watch->options.exec;
    if (!command) {
        return;
    }
    if (f->running) {
        f->run_again = true;
        return;
    }
    buf_t texts[VARIABLES] = {BUF_INIT, BUF_INIT, BUF_INIT};
    buf_printf(&texts[0], "FOOTPRINTCTL_RESOURCE=%s", f->id);
    buf_printf(&texts[1], "FOOTPRINTCTL_FILE=%s", f->file.len ? f->file.ptr : "");
    buf_printf(&texts[2], "FOOTPRINTCTL_TAG=%.*s", SLICE_ARG(buf_slice(&f->tag)));
    bool failed = false;
    char *ours[VARIABLES];
    for (size_t i = 0; i < VARIABLES; i++) {
        buf_append_char(&texts[i], '\0');
        failed |= buf_failed(&texts[i]);
        ours[i] = texts[i].ptr;
    }
    char **env = failed ? NULL : environment(ours);
    pid_t pid = 0;
    int error = env ? spawn(command, env, &pid) : ENOMEM;
    if (error) {
        watch_say(f->id, "the command cannot be run: %s", strerrordesc_np(error));
    } else {
        f->running = pid;
    }
    free(env);
    for (size_t i = 0; i < VARIABLES; i++) {
        buf_release(&texts[i]);
    }
}

static void tell_end(const watch_follow_t *f, int status)
{
    if (WIFSIGNALED(status)) {
        watch_say(f->id, "the command was ended by signal %d", WTERMSIG(status));
    } else if (WIFEXITED(status) && WEXITSTATUS(status)) {
        watch_say(f->id, "the command ended with exit code %d", WEXITSTATUS(status));
    }
}

void watch_exec_reap(watch_t *w)
{
    for (size_t i = 0; i < w->count; i++) {
        watch_follow_t *f = &w->follows[i];
        int status;
        if (!f->running || waitpid(f->running, &status, WNOHANG) != f->running) {
            continue;
        }
        f->running = 0;
        tell_end(f, status);
        if (f->run_again) {
            f->run_again = false;
            watch_exec(f);
        }
    }
}

bool watch_exec_any(const watch_t *w)
{
    for (size_t i = 0; i < w->count; i++) {
        if (w->follows[i].running) {
            return true;
        }
    }
    return false;
}
