#include "command.h"

#include "change.h"
#include "edit_ask.h"
#include "edit_copy.h"
#include "fail.h"
#include "footprintd/store/directory.h"

#include <stdio.h>
#include <unistd.h>

static const char help_text[] =
    "Usage: footprintctl edit " REMOTE_SYNOPSIS "\n"
    "           [--message TEXT] NAME\n"
    "\n"
    "Edits a document of a server with $VISUAL, else $EDITOR, else vi: checks it, shows the\n"
    "difference, asks, and puts it there, unless somebody else was faster. A document that is not\n"
    "there yet is made.\n"
    "\n"
    "  --message     what the history says of it; also -m\n" REMOTE_HELP "\n"
    "Exit codes: 0 fine, 1 refused, or given up, and nothing is changed, 2 usage, or no\n"
    "connection.\n";

static const char new_yaml[] = "version: 1\n";
static const char new_json[] = "{\n  \"version\": 1\n}\n";

typedef struct edit {
    change_options_t options;
    remote_t remote;
    slice_t name;
    doc_format_t format;
    bool is_new;
    buf_t before;
    buf_t after;
    buf_t etag;
    edit_copy_t copy;
    bool keep; /* the copy: there is work in it that the server does not have */
    bool json; /* what comes of it; what is told on the way is for a person */
    bool conflict;
} edit_t;

/* What is to happen next; otherwise it is an exit code. */
#define AGAIN (-1)
#define ON    (-2)

static int give_up(edit_t *e)
{
    e->keep = true;
    (void)fprintf(stderr, "footprintctl: nothing is changed; your text is in %s\n",
                  e->copy.path.ptr);
    return CTL_REFUSED;
}

/* There is no work in the copy that would be lost. */
static bool is_untouched(edit_t *e)
{
    return edit_copy_read(&e->copy, &e->after) &&
           slice_eq(buf_slice(&e->before), buf_slice(&e->after));
}

static int give_up_nothing(const edit_t *e)
{
    return ctl_fail(e->json, CTL_REFUSED, "given-up", "nothing is changed");
}

static int ask_again(edit_t *e)
{
    return edit_ask("(e)dit again or (q)uit? ", "eq") == 'e' ? AGAIN : give_up(e);
}

/* ---- what is there ---- */

static int fetch(edit_t *e)
{
    buf_t path = BUF_INIT;
    remote_t *r = &e->remote;
    buf_append_str(&path, "/v1/documents/");
    remote_http_escape(e->name, &path);
    int code = remote_call(r, &path, NULL);
    buf_release(&path);
    if (code >= 0) {
        return code;
    }
    e->is_new = r->answer.status == 404 &&
                slice_is(remote_text(r->json, "code"), "no-such-document");
    if (e->is_new) {
        buf_append_str(&e->before, e->format == DOC_JSON ? new_json : new_yaml);
        return ON;
    }
    if (!remote_is_fine(r)) {
        return remote_refused(r);
    }
    buf_append_slice(&e->before, r->answer.body);
    buf_append_slice(&e->etag, r->answer.etag);
    if (buf_failed(&e->before) || buf_failed(&e->etag) || !e->etag.len) {
        return ctl_fail(r->options.json, CTL_USAGE, "not-footprintd",
                        "the answer of the server cannot be used");
    }
    return ON;
}

/* ---- one round ---- */

static int send(edit_t *e, const char *path)
{
    const change_document_t document = {.name = e->name,
                                        .text = e->after.len ? buf_slice(&e->after) : SLICE_LIT(""),
                                        .etag = e->is_new ? slice_of(NULL, 0)
                                                          : buf_slice(&e->etag)};
    buf_t body = BUF_INIT, target = BUF_INIT;
    buf_append_str(&target, path);
    change_write_documents(&document, 1, &body);
    change_write_end(&e->options, &body);
    int code = remote_call(&e->remote, &target, &body);
    buf_release(&target);
    buf_release(&body);
    if (code >= 0) { /* the connection: what was typed stays */
        (void)give_up(e);
        return code;
    }
    return ON;
}

/* Tells the refusal in the answer. */
static int refused(edit_t *e)
{
    remote_t *r = &e->remote;
    slice_t word = remote_text(r->json, "code");
    bool conflict = slice_is(word, "conflict");
    /* Guard rails: others came between the question and the change, and it is another one now. */
    bool again = slice_is(word, "refused") || slice_is(word, "guard-rail");
    int code = remote_refused(r);
    if (again) {
        return ask_again(e);
    }
    if (conflict) {
        change_tell_latest(r);
        e->conflict = true;
    }
    (void)give_up(e);
    return code;
}

static int show(edit_t *e)
{
    buf_t out = BUF_INIT;
    const json_value_t *answer = e->remote.json;
    bool colours = screen_colours(STDERR_FILENO);
    remote_findings(json_get(answer, "report"), colours, &out);
    remote_difference(json_get(answer, "difference"), colours, &out);
    (void)fprintf(stderr, "%.*s", SLICE_ARG(buf_slice(&out)));
    buf_release(&out);
    bool asks = remote_guard_asks(json_get(answer, "difference"));
    char c = edit_ask(asks ? "Apply it, although the guard rails ask? (y)es, (e)dit again, (n)o: "
                           : "Apply it? (y)es, (e)dit again, (n)o: ",
                      "yen");
    /* What was seen is what is confirmed. */
    e->options.yes = asks && c == 'y';
    return c == 'y' ? ON : c == 'e' ? AGAIN : give_up(e);
}

static int finish(edit_t *e)
{
    buf_t out = BUF_INIT;
    if (e->json) {
        return remote_print_answer(&e->remote);
    }
    const json_value_t *kept = json_get(e->remote.json, "kept");
    buf_append_str(&out, "generation ");
    remote_append(e->remote.json, "generation", &out);
    buf_append_char(&out, '\n');
    if (remote_count(kept)) {
        buf_append_printable(&out, e->name, "");
        buf_append_str(&out, ": somebody changed the file at the same moment; it stays as it is\n");
    }
    return remote_print(&out);
}

static int print_unchanged(void)
{
    buf_t out = BUF_INIT;
    buf_append_str(&out, "{\"generation\":null,\"same\":true}\n");
    return remote_print(&out);
}

static int round_of(edit_t *e)
{
    if (!edit_copy_edit(&e->copy)) {
        return is_untouched(e) ? give_up_nothing(e) : give_up(e);
    }
    if (!edit_copy_read(&e->copy, &e->after)) {
        return give_up(e);
    }
    if (slice_eq(buf_slice(&e->before), buf_slice(&e->after))) {
        (void)fputs("footprintctl: the document is as it was: nothing is changed\n", stderr);
        return e->json ? print_unchanged() : CTL_FINE;
    }
    if (!utf8_valid(buf_slice(&e->after))) {
        (void)fputs("footprintctl: the text is not UTF-8\n", stderr);
        return ask_again(e);
    }
    e->options.yes = false;
    int code = send(e, "/v1/changes?dry-run=1");
    if (code == ON) {
        code = remote_is_fine(&e->remote) ? show(e) : refused(e);
    }
    if (code == ON) {
        code = send(e, "/v1/changes");
    }
    if (code == ON) {
        code = remote_is_fine(&e->remote) ? finish(e) : refused(e);
    }
    return code;
}

static int run(edit_t *e)
{
    int code = fetch(e);
    if (code != ON) {
        return code;
    }
    e->json = e->remote.options.json;
    e->remote.options.json = false;
    if (!edit_copy_make(&e->copy, e->name, buf_slice(&e->before))) {
        return CTL_USAGE;
    }
    do {
        code = round_of(e);
    } while (code == AGAIN);
    if (e->keep && e->json) {
        return ctl_fail(true, code, e->conflict ? "conflict" : "given-up",
                        "nothing is changed; your text is in %s", e->copy.path.ptr);
    }
    return code;
}

static int parse(edit_t *e, int argc, char **argv)
{
    static const struct option table[] = {
        {"message", required_argument, NULL, 'm'}, REMOTE_OPTIONS, {NULL, 0, NULL, 0}};
    int c;
    while ((c = getopt_long(argc, argv, "m:", table, NULL)) != -1) {
        int code = change_option(&e->options, c, "edit", help_text);
        if (code >= 0) {
            return code;
        }
    }
    if (argc - optind != 1) {
        return remote_usage("edit", "edit wants the name of a document");
    }
    e->name = slice_str(argv[optind]);
    if (memchr(e->name.ptr, '/', e->name.len) || !utf8_valid(e->name) ||
        !store_document_format(e->name, &e->format)) {
        return remote_usage("edit",
                            "'%s' is no name of a document: they end in .yaml, .yml or "
                            ".json, begin with no dot and hold no slash",
                            argv[optind]);
    }
    return -1;
}

int ctl_edit_run(int argc, char **argv)
{
    edit_t e = {.is_new = false};
    int code = parse(&e, argc, argv);
    if (code >= 0) {
        return code;
    }
    code = remote_open(&e.remote, &e.options.remote);
    code = code >= 0 ? code : run(&e);
    edit_copy_release(&e.copy, e.keep);
    remote_release(&e.remote);
    buf_release(&e.before);
    buf_release(&e.after);
    buf_release(&e.etag);
    return code;
}
