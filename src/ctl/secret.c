#include "secret.h"

#include "footprintd/store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#define SECRET_MAX 1024

static bool complain(const char *fmt, const char *what)
{
    (void)fputs("footprintctl: ", stderr);
    (void)fprintf(stderr, "%s %s\n", fmt, what);
    return false;
}

/* Byte by byte: what follows the line is not ours. */
static bool read_line(int fd, buf_t *out)
{
    for (;;) {
        char c;
        ssize_t n = read(fd, &c, 1);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return complain("the password cannot be read:", strerrordesc_np(errno));
        }
        if (n == 0 || c == '\n') {
            break;
        }
        if (out->len == SECRET_MAX) {
            return complain("the password is", "too long");
        }
        buf_append_char(out, c);
    }
    if (out->len && out->ptr[out->len - 1] == '\r') {
        out->len--;
    }
    if (!out->len || memchr(out->ptr, '\0', out->len)) {
        return complain("the password is", out->len ? "no text" : "empty");
    }
    return true;
}

static bool read_file(const char *file, buf_t *out)
{
    buf_t why = BUF_INIT;
    bool is_private = store_file_check_private(file, &why) == ERR_OK;
    int fd = is_private ? open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY) : -1;
    if (fd < 0) {
        (void)fprintf(stderr, "footprintctl: the password file %s: %.*s\n", file,
                      SLICE_ARG(is_private ? slice_str(strerrordesc_np(errno)) : buf_slice(&why)));
        buf_release(&why);
        return false;
    }
    bool ok = read_line(fd, out);
    (void)close(fd);
    return ok;
}

static bool ask_once(int fd, const char *prompt, buf_t *out)
{
    struct termios before, quiet;
    if (tcgetattr(fd, &before) != 0) {
        return complain("the terminal cannot be used:", strerrordesc_np(errno));
    }
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    quiet.c_lflag |= (tcflag_t)ECHONL;
    (void)tcsetattr(fd, TCSAFLUSH, &quiet);
    (void)dprintf(fd, "%s: ", prompt);
    bool ok = read_line(fd, out);
    (void)tcsetattr(fd, TCSAFLUSH, &before);
    return ok;
}

static bool ask(const char *prompt, bool again, buf_t *out)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return complain("there is no terminal to ask for the password: give",
                        "--password-file FILE, or - for standard input");
    }
    buf_t second = BUF_INIT;
    bool ok = ask_once(fd, prompt, out);
    if (ok && again) {
        ok = ask_once(fd, "the same again", &second);
        if (ok && !slice_eq(buf_slice(out), buf_slice(&second))) {
            ok = complain("the passwords", "differ");
        }
    }
    secret_release(&second);
    (void)close(fd);
    return ok;
}

bool secret_read(const char *file, const char *prompt, bool again, buf_t *out)
{
    /* At once, so that no copy is left behind when it grows. */
    bool ok = buf_reserve(out, SECRET_MAX + 1) &&
              (!file                            ? ask(prompt, again, out)
               : slice_is(slice_str(file), "-") ? read_line(STDIN_FILENO, out)
                                                : read_file(file, out));
    if (ok) {
        buf_append_char(out, '\0');
        out->len--;
    }
    return ok;
}

void secret_release(buf_t *secret)
{
    if (secret->cap) {
        OPENSSL_cleanse(secret->ptr, secret->cap);
    }
    buf_release(secret);
}
