/*
 * What the commands share that talk to the admin interface of a server: options, the token, one
 * request and its answer, and what a refusal is to a person. Private to src/ctl.
 */
#ifndef FPD_CTL_REMOTE_H
#define FPD_CTL_REMOTE_H

#include "footprintd/base/json.h"
#include "remote_http.h"
#include "screen.h"

#include <getopt.h>

typedef struct remote_options {
    const char *server; /* NULL: of the environment, or the default */
    const char *token_file;
    const char *cacert;
    const char *cert;
    const char *key;
    bool json;
    long timeout_ms; /* of one request; 0: as long as it takes */
} remote_options_t;

/* For getopt_long: codes above all characters. */
#define REMOTE_OPTIONS                                                                             \
    {"server", required_argument, NULL, 1001}, {"token-file", required_argument, NULL, 1002},      \
        {"cacert", required_argument, NULL, 1003}, {"cert", required_argument, NULL, 1004},        \
        {"key", required_argument, NULL, 1005}, {"json", no_argument, NULL, 1006},                 \
    {                                                                                              \
        "help", no_argument, NULL, 'h'                                                             \
    }
#define REMOTE_SYNOPSIS                                                                            \
    "[--server URL] [--token-file FILE] [--cacert FILE]\n"                                         \
    "           [--cert FILE] [--key FILE] [--json]"
#define REMOTE_HELP_SERVER                                                                         \
    "  --server      the admin interface; default: $FOOTPRINTCTL_SERVER, else\n"                   \
    "                http://127.0.0.1:8081\n"                                                      \
    "  --token-file  the file with the token; default: $FOOTPRINTCTL_TOKEN_FILE\n"                 \
    "  --cacert      certificates that the server's is checked against\n"                          \
    "  --cert        a client certificate, for TLS\n"                                              \
    "  --key         its key\n"
#define REMOTE_HELP                                                                                \
    REMOTE_HELP_SERVER                                                                             \
    "  --json        print the server's answer as it is\n"                                         \
    "  --help        show this text\n"

/*
 * An option of REMOTE_OPTIONS. -1 to go on, or the exit code, for --help, and for what is no option
 * at all.
 */
int remote_option(remote_options_t *options, int code, const char *command, const char *help);
/* Tells it on standard error; CTL_USAGE. */
int remote_usage(const char *command, const char *fmt, ...) FPD_PRINTF(2, 3);

typedef struct remote {
    remote_options_t options;
    buf_t server; /* without a slash at its end; a NUL behind it */
    buf_t token;
    remote_http_t *http;
    /* Of the last answer: */
    remote_http_answer_t answer;
    const json_value_t *json; /* NULL: it is none */
    arena_t arena;
    screen_wait_t wait; /* for the answer */
} remote_t;

/* -1 to go on, or the exit code, and then what is wrong is told. Release it in both cases. */
int remote_open(remote_t *r, const remote_options_t *options);
void remote_release(remote_t *r);

/*
 * GET without a body, else POST of JSON: the answer is in r, whatever its status. -1 when one came,
 * or CTL_USAGE, when what is wrong is told. The path is a text with a NUL.
 */
int remote_call(remote_t *r, const buf_t *path, const buf_t *body);
/* The same; an answer that is a refusal is told, CTL_REFUSED, and JSON that is none, CTL_USAGE. */
int remote_ask(remote_t *r, const buf_t *path, const buf_t *body);

static inline bool remote_is_fine(const remote_t *r)
{
    return r->answer.status >= 200 && r->answer.status < 300;
}

/*
 * The same by GET, and releases the path; with --json the answer is printed as it came. -1 when it
 * remains to be written as text.
 */
int remote_show(remote_t *r, buf_t *path);

/* Tells the refusal in the last answer; returns the exit code. */
int remote_refused(const remote_t *r);
/* Prints to standard output, and releases the buffer: CTL_FINE, or CTL_USAGE and it is told. */
int remote_print(buf_t *out);
/* Prints the last answer as it came. */
int remote_print_answer(const remote_t *r);

/* ---- JSON of the server as text; nothing in it may steer the terminal ---- */

/* Of a member that is a text or a number; nothing for others. */
void remote_append(const json_value_t *object, const char *name, buf_t *out);
slice_t remote_text(const json_value_t *object, const char *name);
uint64_t remote_number(const json_value_t *object, const char *name);
bool remote_true(const json_value_t *object, const char *name);
/* Items of an array; 0 when it is none. */
size_t remote_count(const json_value_t *array);

/* ---- remote_text.c, remote_difference.c ---- */

/* As footprintctl check has them: a line for each finding. */
void remote_findings(const json_value_t *report, bool colours, buf_t *out);
/* A difference as footprintctl diff has it: the summary is its last line. */
void remote_difference(const json_value_t *difference, bool colours, buf_t *out);
/* Whether the guard rails ask for a confirmation. */
bool remote_guard_asks(const json_value_t *difference);
/* A held change of the status: in one line without its end. */
void remote_held(const json_value_t *item, buf_t *out);
/* What is in force for a time only, of the status: in one line without its end. */
void remote_scheduled(const json_value_t *item, buf_t *out);

#endif
