#include "edit_copy.h"

#include "footprintd/store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define DOCUMENT_BYTES ((size_t)64 << 20)

static const char *environment(const char *name, const char *otherwise)
{
    const char *value = getenv(name); /* single-threaded */
    return value && *value ? value : otherwise;
}

bool edit_copy_make(edit_copy_t *copy, slice_t name, slice_t text)
{
    *copy = (edit_copy_t){BUF_INIT, BUF_INIT};
    buf_printf(&copy->directory, "%s/footprintctl-XXXXXX", environment("TMPDIR", "/tmp"));
    buf_append_char(&copy->directory, '\0');
    if (buf_failed(&copy->directory) || !mkdtemp(copy->directory.ptr)) {
        (void)fprintf(stderr, "footprintctl: there is no place for a copy in %s: %s\n",
                      environment("TMPDIR", "/tmp"), strerrordesc_np(errno));
        buf_clear(&copy->directory); /* nothing to remove */
        return false;
    }
    buf_printf(&copy->path, "%s/%.*s", copy->directory.ptr, SLICE_ARG(name));
    buf_append_char(&copy->path, '\0');
    int fd = buf_failed(&copy->path)
                 ? -1
                 : open(copy->path.ptr, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && store_file_write_all(fd, text);
    if (fd >= 0 && close(fd) != 0) {
        ok = false;
    }
    if (!ok) {
        (void)fprintf(stderr, "footprintctl: the copy cannot be written: %s\n",
                      strerrordesc_np(errno));
    }
    return ok;
}

/* What a shell adds to the signal that a program ended with. */
#define SHELL_SIGNAL 128

/* The editor's words, as a shell reads them, and the path behind them. */
static int spawn(const char *editor, const char *path, pid_t *pid)
{
    posix_spawnattr_t attributes;
    sigset_t interrupts;
    char shell[] = "sh", flag[] = "-c";
    buf_t command = BUF_INIT;
    /* The shell outlives an interrupt that the editor outlives, and has no say in it. */
    buf_printf(&command, "trap : INT QUIT; %s \"$@\"", editor);
    buf_append_char(&command, '\0');
    char *copy = strdup(path);
    int error = copy && !buf_failed(&command) ? 0 : ENOMEM;
    char *argv[] = {shell, flag, command.ptr, shell, copy, NULL};
    (void)sigemptyset(&interrupts);
    (void)sigaddset(&interrupts, SIGINT);
    (void)sigaddset(&interrupts, SIGQUIT);
    (void)posix_spawnattr_init(&attributes);
    error = error ? error : posix_spawnattr_setsigdefault(&attributes, &interrupts);
    error = error ? error : posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    error = error ? error : posix_spawn(pid, "/bin/sh", NULL, &attributes, argv, environ);
    (void)posix_spawnattr_destroy(&attributes);
    buf_release(&command);
    free(copy);
    return error;
}

static bool wait_for(pid_t pid, const char *editor)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return false;
        }
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return true;
    }
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : SHELL_SIGNAL + WTERMSIG(status);
    bool signal = code > SHELL_SIGNAL;
    (void)fprintf(stderr, "footprintctl: the editor '%s' ended with %s %d\n", editor,
                  signal ? "signal" : "exit code", signal ? code - SHELL_SIGNAL : code);
    return false;
}

bool edit_copy_edit(const edit_copy_t *copy)
{
    const char *editor = environment("VISUAL", environment("EDITOR", "vi"));
    struct sigaction ignore = {.sa_handler = SIG_IGN}, interrupt, quit;
    pid_t pid = 0;
    /* An interrupt is the editor's affair while it runs. */
    (void)sigaction(SIGINT, &ignore, &interrupt);
    (void)sigaction(SIGQUIT, &ignore, &quit);
    int error = spawn(editor, copy->path.ptr, &pid);
    bool ok = !error && wait_for(pid, editor);
    (void)sigaction(SIGINT, &interrupt, NULL);
    (void)sigaction(SIGQUIT, &quit, NULL);
    if (error) {
        (void)fprintf(stderr, "footprintctl: the editor '%s' cannot be run: %s\n", editor,
                      strerrordesc_np(error));
    }
    return ok;
}

bool edit_copy_read(const edit_copy_t *copy, buf_t *out)
{
    buf_t why = BUF_INIT;
    buf_clear(out);
    err_t err = store_file_read(AT_FDCWD, copy->path.ptr, DOCUMENT_BYTES, out, &why);
    if (err) {
        (void)fprintf(stderr, "footprintctl: %s %.*s\n", copy->path.ptr,
                      SLICE_ARG(why.len ? buf_slice(&why) : slice_str(err_text(err))));
    }
    buf_release(&why);
    return !err;
}

void edit_copy_release(edit_copy_t *copy, bool keep)
{
    if (!keep && copy->path.len) {
        (void)unlink(copy->path.ptr);
    }
    if (!keep && copy->directory.len) {
        (void)rmdir(copy->directory.ptr); /* unless the editor left something there */
    }
    buf_release(&copy->path);
    buf_release(&copy->directory);
}
