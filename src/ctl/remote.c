#include "remote.h"

#include "command.h"
#include "fail.h"
#include "options.h"
#include "watch_http.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SERVER_DEFAULT  "http://127.0.0.1:8081"
#define TOKEN_BYTES_MAX 1024
/* Deeper than any document's JSON: capability values are in differences. */
#define DEPTH 200

int remote_usage(const char *command, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)fputs("footprintctl: ", stderr);
    (void)vfprintf(stderr, fmt, args);
    (void)fprintf(stderr, "; see footprintctl %s --help\n", command);
    va_end(args);
    return CTL_USAGE;
}

int remote_option(remote_options_t *options, int code, const char *command, const char *help)
{
    switch (code) {
    case 1001:
        options->server = optarg;
        return -1;
    case 1002:
        options->token_file = optarg;
        return -1;
    case 1003:
        options->cacert = optarg;
        return -1;
    case 1004:
        options->cert = optarg;
        return -1;
    case 1005:
        options->key = optarg;
        return -1;
    case 1006:
        options->json = true;
        return -1;
    case 'h':
        (void)fputs(help, stdout);
        return CTL_FINE;
    default:
        return options_refused(command, help);
    }
}

/* ---- server and token ---- */

static const char *environment(const char *name)
{
    const char *value = getenv(name); /* single-threaded */
    return value && *value ? value : NULL;
}

static bool read_server(remote_t *r)
{
    const char *server = r->options.server ? r->options.server : environment("FOOTPRINTCTL_SERVER");
    char *url = watch_url_resolve(NULL, slice_str(server ? server : SERVER_DEFAULT));
    if (!url) {
        (void)fprintf(stderr,
                      "footprintctl: '%s' is no http or https URL, such as " SERVER_DEFAULT "\n",
                      server);
        return false;
    }
    slice_t text = slice_str(url);
    while (text.len && text.ptr[text.len - 1] == '/') {
        text.len--;
    }
    buf_append_slice(&r->server, text);
    buf_append_char(&r->server, '\0');
    free(url);
    return !buf_failed(&r->server);
}

static bool bad_token(const remote_t *r, const char *file, const char *what)
{
    (void)ctl_fail(r->options.json, CTL_USAGE, "bad-token-file", "the token file %s %s", file,
                   what);
    return false;
}

/* The token is never told, not even a part of it. */
static bool take_token(remote_t *r, const char *file, int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return bad_token(r, file, "is not a regular file");
    }
    if (st.st_mode & (S_IROTH | S_IWOTH)) {
        return bad_token(r, file,
                         "can be read or written by everyone on this machine: chmod 600 it, "
                         "and have the token replaced");
    }
    ssize_t n = buf_reserve(&r->token, TOKEN_BYTES_MAX + 2)
                    ? read(fd, r->token.ptr, TOKEN_BYTES_MAX + 2)
                    : -1;
    if (n < 0) {
        return bad_token(r, file, "cannot be read");
    }
    r->token.len = (size_t)n;
    while (r->token.len && strchr(" \t\r\n", r->token.ptr[r->token.len - 1])) {
        r->token.len--;
    }
    for (size_t i = 0; i < r->token.len; i++) {
        if (r->token.ptr[i] <= ' ' || r->token.ptr[i] == 0x7f) {
            return bad_token(r, file, "is to hold the token alone, on one line");
        }
    }
    if (!r->token.len || r->token.len > TOKEN_BYTES_MAX) {
        return bad_token(r, file, r->token.len ? "is too long for a token" : "is empty");
    }
    buf_append_char(&r->token, '\0');
    return !buf_failed(&r->token);
}

static bool read_token(remote_t *r)
{
    const char *file = r->options.token_file;
    file = file ? file : environment("FOOTPRINTCTL_TOKEN_FILE");
    if (!file) {
        (void)fputs("footprintctl: a token is needed: --token-file FILE, or FOOTPRINTCTL_TOKEN_FILE"
                    " in the environment\n",
                    stderr);
        return false;
    }
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        (void)ctl_fail(r->options.json, CTL_USAGE, "bad-token-file",
                       "the token file %s cannot be opened: %s", file, strerrordesc_np(errno));
        return false;
    }
    bool ok = take_token(r, file, fd);
    (void)close(fd);
    return ok;
}

static void on_waiting(void *arg)
{
    screen_wait_t *wait = arg;
    if (screen_wait_due(wait)) {
        screen_wait_tell(wait, "waiting for the server");
    }
}

int remote_open(remote_t *r, const remote_options_t *options)
{
    *r = (remote_t){.options = *options};
    arena_init(&r->arena, 0);
    if (!read_server(r) || !read_token(r)) {
        return CTL_USAGE;
    }
    const remote_http_options_t http = {.cacert = options->cacert,
                                        .cert = options->cert,
                                        .key = options->key,
                                        .token = r->token.ptr,
                                        .timeout_ms = options->timeout_ms,
                                        .waiting = on_waiting,
                                        .waiting_arg = &r->wait};
    r->http = remote_http_new(&http);
    if (!r->http) {
        (void)fprintf(stderr, "footprintctl: %s\n", err_text(ERR_NOMEM));
        return CTL_USAGE;
    }
    return -1;
}

void remote_release(remote_t *r)
{
    remote_http_free(r->http);
    if (r->token.ptr) {
        explicit_bzero(r->token.ptr, r->token.cap);
    }
    buf_release(&r->token);
    buf_release(&r->server);
    arena_release(&r->arena);
}

/* ---- requests ---- */

static bool is_json(const remote_http_answer_t *answer)
{
    return slice_eq_nocase(answer->media_type, SLICE_LIT("application/json")) ||
           slice_eq_nocase(answer->media_type, SLICE_LIT("application/problem+json"));
}

int remote_call(remote_t *r, const buf_t *path, const buf_t *body)
{
    buf_t url = BUF_INIT;
    json_value_t *root = NULL;
    slice_t sent = body ? buf_slice(body) : slice_of(NULL, 0);
    buf_append_str(&url, r->server.ptr);
    buf_append_slice(&url, buf_slice(path));
    buf_append_char(&url, '\0');
    r->json = NULL;
    arena_release(&r->arena);
    if (buf_failed(&url) || buf_failed(path) || (body && buf_failed(body))) {
        (void)fprintf(stderr, "footprintctl: %s\n", err_text(ERR_NOMEM));
        buf_release(&url);
        return CTL_USAGE;
    }
    screen_wait_begin(&r->wait);
    remote_http_ask(r->http, url.ptr, body ? &sent : NULL, &r->answer);
    screen_wait_end(&r->wait);
    buf_release(&url);
    if (!r->answer.status) {
        bool named = r->options.server || environment("FOOTPRINTCTL_SERVER");
        return ctl_fail(r->options.json, CTL_USAGE, "no-connection", "no answer of %s: %s%s",
                        r->server.ptr, r->answer.failure,
                        named
                            ? ""
                            : "; if it is another server: --server URL, or FOOTPRINTCTL_SERVER in "
                              "the environment");
    }
    if (is_json(&r->answer) && !json_parse(r->answer.body, DEPTH, &r->arena, &root, NULL)) {
        r->json = root;
    }
    return -1;
}

int remote_ask(remote_t *r, const buf_t *path, const buf_t *body)
{
    int code = remote_call(r, path, body);
    if (code >= 0) {
        return code;
    }
    if (!remote_is_fine(r)) {
        return remote_refused(r);
    }
    if (!r->json || r->json->kind != JSON_OBJECT) {
        return ctl_fail(r->options.json, CTL_USAGE, "not-footprintd",
                        "%s is no admin interface of footprintd", r->server.ptr);
    }
    return -1;
}

int remote_show(remote_t *r, buf_t *path)
{
    int code = remote_ask(r, path, NULL);
    buf_release(path);
    return code < 0 && r->options.json ? remote_print_answer(r) : code;
}

int remote_refused(const remote_t *r)
{
    if (!json_is_string(json_get(r->json, "detail"))) {
        return ctl_fail(r->options.json, CTL_USAGE, "not-footprintd",
                        "%s answers with HTTP status %ld: is it the admin interface of footprintd?",
                        r->server.ptr, r->answer.status);
    }
    if (r->options.json) {
        int code = remote_print_answer(r);
        return code == CTL_FINE ? CTL_REFUSED : code;
    }
    buf_t out = BUF_INIT;
    bool colours = screen_colours(STDERR_FILENO);
    slice_t code = remote_text(r->json, "code");
    remote_findings(json_get(r->json, "report"), colours, &out);
    if (json_get(r->json, "difference")) {
        remote_difference(json_get(r->json, "difference"), colours, &out);
    }
    buf_append_str(&out, "footprintctl: ");
    remote_append(r->json, "detail", &out);
    if (slice_is(code, "guard-rail")) {
        buf_append_str(&out, " (--yes)");
    } else if (slice_is(code, "conflict")) {
        buf_append_str(&out, ": somebody changed it meanwhile, and nothing is done; look at it "
                             "again (footprintctl history)");
    }
    buf_append_char(&out, '\n');
    (void)fprintf(stderr, "%.*s", SLICE_ARG(buf_slice(&out)));
    buf_release(&out);
    return CTL_REFUSED;
}

/* ---- output ---- */

static int print(slice_t text, bool failed)
{
    if (failed || (text.len && fwrite(text.ptr, 1, text.len, stdout) != text.len) ||
        fflush(stdout) != 0) {
        (void)fputs("footprintctl: the output cannot be written\n", stderr);
        return CTL_USAGE;
    }
    return CTL_FINE;
}

int remote_print(buf_t *out)
{
    int code = print(buf_slice(out), buf_failed(out));
    buf_release(out);
    return code;
}

int remote_print_answer(const remote_t *r)
{
    slice_t body = r->answer.body;
    int code = print(body, false);
    bool ends = body.len && body.ptr[body.len - 1] == '\n'; /* one answer a line */
    return code || ends ? code : print(SLICE_LIT("\n"), false);
}
