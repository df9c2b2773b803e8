#include "command.h"
#include "options.h"
#include "remote.h"
#include "secret.h"
#include "watch_http.h"

#include <stdio.h>
#include <stdlib.h>

#define WHOAMI_PATH "/-/whoami"

static const char help_text[] =
    "Usage: footprintctl whoami [--user NAME] [--password-file FILE] [--cacert FILE]\n"
    "           [--cert FILE] [--key FILE] [--json] URL\n"
    "\n"
    "Asks a server who it thinks that this client is: the uCDN, what it is known by, and its\n"
    "address.\n"
    "\n"
    "  --user           a user of HTTP Digest\n"
    "  --password-file  the file whose first line is the password, - for standard input;\n"
    "                   without it, it is asked for\n"
    "  --cacert         certificates that the server's is checked against\n"
    "  --cert           a client certificate\n"
    "  --key            its key\n"
    "  --json           print the server's answer as it is\n"
    "  --help           show this text\n"
    "\n"
    "Exit codes: 0 fine, 1 the server does not know this client, 2 usage, or no connection.\n";

typedef struct whoami {
    remote_http_options_t http;
    const char *password_file;
    const char *url;
    bool json;
} whoami_t;

static int parse_options(int argc, char **argv, whoami_t *w)
{
    static const struct option table[] = {
        {"user", required_argument, NULL, 'u'},   {"password-file", required_argument, NULL, 'p'},
        {"cacert", required_argument, NULL, 'a'}, {"cert", required_argument, NULL, 'c'},
        {"key", required_argument, NULL, 'k'},    {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    int c;
    opterr = 0;
    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        switch (c) {
        case 'u':
            w->http.user = optarg;
            break;
        case 'p':
            w->password_file = optarg;
            break;
        case 'a':
            w->http.cacert = optarg;
            break;
        case 'c':
            w->http.cert = optarg;
            break;
        case 'k':
            w->http.key = optarg;
            break;
        case 'j':
            w->json = true;
            break;
        case 'h':
            (void)fputs(help_text, stdout);
            return CTL_FINE;
        default:
            return options_refused("whoami", help_text);
        }
    }
    if (optind + 1 != argc) {
        return remote_usage("whoami", "the URL of one server is wanted");
    }
    if (w->password_file && !w->http.user) {
        return remote_usage("whoami", "--password-file is of a --user");
    }
    w->url = argv[optind];
    return -1;
}

/* Whoever has a password says so, also where strangers would be let in. */
static bool make_url(const whoami_t *w, buf_t *out)
{
    char *url = watch_url_resolve(NULL, slice_str(w->url));
    if (!url) {
        (void)fprintf(stderr, "footprintctl: '%s' is no http or https URL\n", w->url);
        return false;
    }
    size_t len = strlen(url);
    while (len && url[len - 1] == '/') {
        len--;
    }
    buf_append(out, url, len);
    buf_append_str(out, WHOAMI_PATH);
    buf_append_str(out, w->http.user ? "?login" : "");
    buf_append_char(out, '\0');
    free(url);
    return !buf_failed(out);
}

static void line(buf_t *out, const char *label, const json_value_t *object, const char *name)
{
    if (json_get(object, name)) {
        buf_printf(out, "  %-12s", label);
        remote_append(object, name, out);
        buf_append_char(out, '\n');
    }
}

static int tell(const whoami_t *w, const remote_http_answer_t *answer)
{
    arena_t arena;
    arena_init(&arena, 0);
    json_value_t *root = NULL;
    json_error_t error;
    buf_t out = BUF_INIT;
    int code = CTL_FINE;
    if (answer->status == 401) {
        (void)fprintf(stderr, "footprintctl: the server does not know this client (401)\n");
        code = CTL_REFUSED;
    } else if (answer->status != 200) {
        (void)fprintf(stderr, "footprintctl: the server answers with status %ld\n", answer->status);
        code = CTL_USAGE;
    } else if (json_parse(answer->body, 0, &arena, &root, &error) ||
               !json_is_string(json_get(root, "ucdn"))) {
        (void)fprintf(stderr, "footprintctl: this is no answer of footprintd\n");
        code = CTL_USAGE;
    } else if (w->json) {
        buf_append_slice(&out, answer->body);
        code = remote_print(&out);
    } else {
        remote_append(root, "ucdn", &out);
        buf_append_char(&out, '\n');
        line(&out, "known by", root, "by");
        line(&out, "user", root, "user");
        line(&out, "subject", json_get(root, "certificate"), "subject");
        line(&out, "spki-sha256", json_get(root, "certificate"), "spki-sha256");
        line(&out, "peer", root, "peer");
        code = remote_print(&out);
    }
    buf_release(&out);
    arena_release(&arena);
    return code;
}

static int ask(const whoami_t *w, const char *url)
{
    remote_http_t *http = remote_http_new(&w->http);
    if (!http) {
        (void)fprintf(stderr, "footprintctl: %s\n", err_text(ERR_NOMEM));
        return CTL_USAGE;
    }
    remote_http_answer_t answer;
    remote_http_ask(http, url, NULL, &answer);
    int code = CTL_USAGE;
    if (answer.status == 0) {
        (void)fprintf(stderr, "footprintctl: %s: %s\n", w->url, answer.failure);
    } else {
        code = tell(w, &answer);
    }
    remote_http_free(http);
    return code;
}

int ctl_whoami_run(int argc, char **argv)
{
    whoami_t w = {0};
    int code = parse_options(argc, argv, &w);
    if (code >= 0) {
        return code;
    }
    buf_t password = BUF_INIT, url = BUF_INIT;
    code = CTL_USAGE;
    if (make_url(&w, &url) &&
        (!w.http.user || secret_read(w.password_file, "password", false, &password))) {
        w.http.password = password.ptr;
        code = ask(&w, url.ptr);
    }
    secret_release(&password);
    buf_release(&url);
    return code;
}
