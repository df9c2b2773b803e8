#include "watch_options.h"

#include "command.h"
#include "options.h"

#include "footprintd/base/json.h"
#include "footprintd/store/file.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_MAX    ((size_t)16 << 20)
#define ID_MAX       64 /* RFC 7285 10.1 */
#define SECONDS_MAX  31536000
#define IDLE_MS      45000 /* three heartbeats of RFC 8895 6.8 */
#define INTERVAL_MS  60000
#define RETRY_MIN_MS 1000
#define RETRY_MAX_MS 60000

static const char help_text[] =
    "Usage: footprintctl watch [OPTION...] URL RESOURCE...\n"
    "\n"
    "Follows resources of an ALTO server: keeps a current copy of each, by an update stream\n"
    "(RFC 8895), by TIPS (RFC 9569) or by polling. URL is the server's directory (IRD).\n"
    "\n"
    "  --sse               update streams only\n"
    "  --tips              TIPS only; two or three of these: the first that works\n"
    "  --poll              polling only\n"
    "  --input INPUT       [RESOURCE=]JSON or [RESOURCE=]@FILE: what a POST resource is asked "
    "with\n"
    "  --output FILE       the file for the document of the one resource\n"
    "  --output-dir DIR    the directory for documents, as RESOURCE.json\n"
    "  --exec COMMAND      the command that is run when a document has changed\n"
    "  --once              exit when all documents are there\n"
    "  --json              print one JSON object a line for each event\n"
    "  --max-age N         exit with 3 when nothing was heard of the server for so many seconds\n"
    "  --idle-timeout N    seconds of silence until a connection is given up (default 45)\n"
    "  --interval N        seconds from poll to poll (default 60)\n"
    "  --retry MIN:MAX     seconds until a failed request is tried again (default 1:60)\n"
    "  --status N          print a line for each resource every so many seconds\n"
    "  --cacert FILE       the file with the certificates of trusted authorities\n"
    "  --cert FILE         the file with this client's certificate\n"
    "  --key FILE          the file with its key\n"
    "  --http2-prior-knowledge\n"
    "                      HTTP/2 from the first byte, for http:// URLs\n"
    "  --help              show this text\n"
    "\n"
    "Exit codes: 0 fine, 1 the server refused, 2 usage, 3 the feed is dead (--max-age).\n";

static int usage_error(const char *text)
{
    (void)fprintf(stderr, "footprintctl: %s; see footprintctl watch --help\n", text);
    return CTL_USAGE;
}

/* Digits with up to three behind a point, above zero; *rest is what follows. */
static bool parse_seconds(const char *text, const char **rest, int64_t *ms)
{
    int64_t value = 0;
    int behind = -1; /* digits behind the point */
    const char *at = text;
    for (; (*at >= '0' && *at <= '9') || (*at == '.' && behind < 0 && at > text); at++) {
        if (*at == '.') {
            behind = 0;
            continue;
        }
        behind += behind >= 0;
        value = value * 10 + (*at - '0');
        if (behind > 3 || value > (int64_t)SECONDS_MAX * 1000) {
            return false;
        }
    }
    for (int i = behind < 0 ? 0 : behind; i < 3; i++) {
        value *= 10;
    }
    *ms = value;
    *rest = at;
    return at > text && at[-1] != '.' && value > 0 && value <= (int64_t)SECONDS_MAX * 1000;
}

static int take_seconds(const char *name, int64_t *ms)
{
    const char *rest;
    if (parse_seconds(optarg, &rest, ms) && !*rest) {
        return -1;
    }
    (void)fprintf(stderr,
                  "footprintctl: --%s wants seconds, as 30 or 2.5, and not '%s'; "
                  "see footprintctl watch --help\n",
                  name, optarg);
    return CTL_USAGE;
}

static int take_retry(watch_options_t *o)
{
    const char *rest;
    if (parse_seconds(optarg, &rest, &o->retry_min_ms) && *rest == ':' &&
        parse_seconds(rest + 1, &rest, &o->retry_max_ms) && !*rest &&
        o->retry_min_ms <= o->retry_max_ms) {
        return -1;
    }
    return usage_error("--retry wants two numbers of seconds, as 1:60");
}

/* ---- --input ---- */

static int bad_input(const char *reason)
{
    (void)fprintf(stderr, "footprintctl: --input %.100s: %s\n", optarg, reason);
    return CTL_USAGE;
}

/* The text as a compact object. */
static int read_input(slice_t text, buf_t *out)
{
    arena_t arena;
    arena_init(&arena, 0);
    json_value_t *value = NULL;
    json_error_t error = {.text = "out of memory"};
    int code = -1;
    if (json_parse(text, 0, &arena, &value, &error)) {
        code = bad_input(error.text);
    } else if (value->kind != JSON_OBJECT) {
        code = bad_input("it has to be a JSON object");
    } else {
        json_write_value(out, value);
    }
    arena_release(&arena);
    return code;
}

static int read_input_file(const char *path, buf_t *out)
{
    buf_t text = BUF_INIT, why = BUF_INIT;
    int code;
    if (store_file_read(AT_FDCWD, path, INPUT_MAX, &text, &why)) {
        buf_append_char(&why, '\0');
        code = bad_input(why.ptr ? why.ptr : err_text(ERR_NOMEM));
    } else {
        code = read_input(buf_slice(&text), out);
    }
    buf_release(&text);
    buf_release(&why);
    return code;
}

/* [RESOURCE=]JSON|@FILE: an object begins with a brace, and no resource does. */
static int take_input(watch_options_t *o)
{
    watch_input_t *inputs = realloc(o->inputs, (o->input_count + 1) * sizeof *inputs);
    if (!inputs) {
        return usage_error(err_text(ERR_NOMEM));
    }
    o->inputs = inputs;
    watch_input_t *input = &inputs[o->input_count++];
    *input = (watch_input_t){.text = BUF_INIT};
    const char *value = optarg + strspn(optarg, " \t\r\n");
    const char *equals = strchr(optarg, '=');
    if (*value != '{' && *value != '@') {
        if (!equals) {
            return bad_input("wants JSON, @FILE, RESOURCE=JSON or RESOURCE=@FILE");
        }
        input->resource = slice_of(optarg, (size_t)(equals - optarg));
        value = equals + 1;
    }
    return *value == '@' ? read_input_file(value + 1, &input->text)
                         : read_input(slice_str(value), &input->text);
}

const watch_input_t *watch_options_input(const watch_options_t *o, const char *resource)
{
    for (size_t i = 0; i < o->input_count; i++) {
        if (!o->inputs[i].resource.ptr || slice_is(o->inputs[i].resource, resource)) {
            return &o->inputs[i];
        }
    }
    return NULL;
}

/* ---- all of it together ---- */

/* The alphabet of RFC 7285 10.1, and nothing that means something else as a file name. */
static bool id_valid(const char *id)
{
    size_t len = strlen(id);
    bool valid = len > 0 && len <= ID_MAX && id[0] != '.';
    for (size_t i = 0; valid && i < len; i++) {
        char c = id[i];
        valid = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                strchr("-:@_.", c);
    }
    return valid;
}

static int check_resources(const watch_options_t *o)
{
    for (size_t i = 0; i < o->resource_count; i++) {
        if (!id_valid(o->resources[i])) {
            (void)fprintf(stderr, "footprintctl: '%.100s' is no resource id (RFC 7285 10.1)\n",
                          o->resources[i]);
            return CTL_USAGE;
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(o->resources[i], o->resources[j]) == 0) {
                (void)fprintf(stderr, "footprintctl: resource '%s' is there twice\n",
                              o->resources[i]);
                return CTL_USAGE;
            }
        }
    }
    return -1;
}

static int check_inputs(const watch_options_t *o)
{
    for (size_t i = 0; i < o->input_count; i++) {
        const watch_input_t *input = &o->inputs[i];
        if (!input->resource.ptr && (o->input_count > 1 || o->resource_count > 1)) {
            return usage_error("with several resources, --input wants RESOURCE= before the rest");
        }
        bool known = !input->resource.ptr;
        for (size_t j = 0; j < o->resource_count; j++) {
            known = known || slice_is(input->resource, o->resources[j]);
        }
        for (size_t j = 0; known && j < i; j++) {
            known = !slice_eq(input->resource, o->inputs[j].resource);
        }
        if (!known) {
            (void)fprintf(stderr,
                          "footprintctl: --input for '%.*s', which is not watched or has one "
                          "already\n",
                          SLICE_ARG(input->resource));
            return CTL_USAGE;
        }
    }
    return -1;
}

static int check(watch_options_t *o, int argc, char **argv)
{
    if (argc < 2) {
        return usage_error("watch wants a URL and resources");
    }
    o->url = argv[0];
    o->resources = argv + 1;
    o->resource_count = (size_t)argc - 1;
    char *url = watch_url_resolve(NULL, slice_str(o->url));
    free(url);
    if (!url) {
        return usage_error("the URL has to begin with http:// or https://");
    }
    if (o->output && o->output_dir) {
        return usage_error("--output goes not with --output-dir");
    }
    if (o->output && o->resource_count > 1) {
        return usage_error("--output is for one resource; --output-dir takes several");
    }
    int code = check_resources(o);
    return code >= 0 ? code : check_inputs(o);
}

static int take_option(int c, watch_options_t *o)
{
    switch (c) {
    case 's':
    case 't':
    case 'p':
        o->ways |= c == 's' ? 1u : c == 't' ? 2u : 4u;
        return -1;
    case 'i':
        return take_input(o);
    case 'o':
        o->output = optarg;
        return -1;
    case 'd':
        o->output_dir = optarg;
        return -1;
    case 'x':
        o->exec = optarg;
        return -1;
    case '1':
        o->once = true;
        return -1;
    case 'j':
        o->json = true;
        return -1;
    case 'a':
        return take_seconds("max-age", &o->max_age_ms);
    case 'I':
        return take_seconds("idle-timeout", &o->idle_ms);
    case 'P':
        return take_seconds("interval", &o->interval_ms);
    case 'r':
        return take_retry(o);
    case 'S':
        return take_seconds("status", &o->status_ms);
    case 'A':
        o->http.cacert = optarg;
        return -1;
    case 'C':
        o->http.cert = optarg;
        return -1;
    case 'K':
        o->http.key = optarg;
        return -1;
    case '2':
        o->http.prior_knowledge = true;
        return -1;
    case 'h':
        (void)fputs(help_text, stdout);
        return CTL_FINE;
    default:
        return options_refused("watch", help_text);
    }
}

int watch_options_parse(int argc, char **argv, watch_options_t *o)
{
    static const struct option table[] = {{"sse", no_argument, NULL, 's'},
                                          {"tips", no_argument, NULL, 't'},
                                          {"poll", no_argument, NULL, 'p'},
                                          {"input", required_argument, NULL, 'i'},
                                          {"output", required_argument, NULL, 'o'},
                                          {"output-dir", required_argument, NULL, 'd'},
                                          {"exec", required_argument, NULL, 'x'},
                                          {"once", no_argument, NULL, '1'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"max-age", required_argument, NULL, 'a'},
                                          {"idle-timeout", required_argument, NULL, 'I'},
                                          {"interval", required_argument, NULL, 'P'},
                                          {"retry", required_argument, NULL, 'r'},
                                          {"status", required_argument, NULL, 'S'},
                                          {"cacert", required_argument, NULL, 'A'},
                                          {"cert", required_argument, NULL, 'C'},
                                          {"key", required_argument, NULL, 'K'},
                                          {"http2-prior-knowledge", no_argument, NULL, '2'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    *o = (watch_options_t){.idle_ms = IDLE_MS,
                           .interval_ms = INTERVAL_MS,
                           .retry_min_ms = RETRY_MIN_MS,
                           .retry_max_ms = RETRY_MAX_MS};
    int c;
    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        int code = take_option(c, o);
        if (code >= 0) {
            return code;
        }
    }
    o->ways = o->ways ? o->ways : 7u;
    return check(o, argc - optind, argv + optind);
}

void watch_options_release(watch_options_t *o)
{
    for (size_t i = 0; i < o->input_count; i++) {
        buf_release(&o->inputs[i].text);
    }
    free(o->inputs);
}
