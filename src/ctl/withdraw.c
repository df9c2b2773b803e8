#include "command.h"

#include "change.h"
#include "duration.h"
#include "fail.h"
#include "footprintd/base/time.h"

#include <stdio.h>

static const char help_text[] =
    "Usage: footprintctl withdraw " REMOTE_SYNOPSIS "\n"
    "           [--message TEXT] [--dry-run] [--from TIME] [--for DURATION | --until TIME]\n"
    "           FOOTPRINT|TYPE\n"
    "       footprintctl withdraw --back FOOTPRINT|TYPE\n"
    "       footprintctl withdraw\n"
    "\n"
    "Takes a footprint, or all capabilities of a type, out of service at once: no capability is\n"
    "offered there any more, whatever documents say. --back, and the end of its time, bring it\n"
    "back. Without a name it tells what is withdrawn.\n"
    "\n"
    "  --for         so long: 30m, 2h, 1h30m, 1d\n"
    "  --until       until then: 2026-11-26T16:00:00Z\n"
    "  --from        from then on, in place of now\n"
    "  --back        bring it back\n"
    "  --message     why; for the history, and for those who ask the status; also -m\n"
    "  --dry-run     tell what it would be, and change nothing\n" REMOTE_HELP "\n"
    "Guard rails do not ask: --dry-run shows what it would be.\n"
    "\n"
    "Exit codes: 0 fine, 1 refused, and nothing is changed, 2 usage, or no connection.\n";

typedef struct withdraw {
    change_options_t options;
    const char *name; /* NULL: to be listed */
    int64_t from;     /* INT64_MIN: at once */
    int64_t until;    /* INT64_MAX: not given */
    int64_t length;   /* 0: not given */
    bool back;
    bool capability;
    buf_t document; /* the name of ours */
    buf_t other;    /* who else withdraws it, as a line */
} withdraw_t;

static bool is_name(slice_t name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool ok = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                  strchr("-_:@.", c);
        if (!ok) {
            return false;
        }
    }
    return name.len && name.len <= 128;
}

/* ---- what is withdrawn ---- */

static bool is_withdrawal(const json_value_t *item)
{
    slice_t kind = remote_text(item, "kind");
    return slice_is(kind, "footprint-withdrawal") || slice_is(kind, "capability-withdrawal");
}

static bool is_over(const json_value_t *item)
{
    return slice_is(remote_text(item, "state"), "ended");
}

static int list(remote_t *r, const json_value_t *scheduled)
{
    buf_t out = BUF_INIT;
    size_t shown = 0;
    if (r->options.json) {
        buf_append_str(&out, "{\"withdrawals\":[");
    }
    for (size_t i = 0; i < remote_count(scheduled); i++) {
        const json_value_t *item = &scheduled->u.array.items[i];
        if (!is_withdrawal(item)) {
            continue;
        }
        if (r->options.json) {
            buf_append_str(&out, shown ? "," : "");
            json_write_value(&out, item);
        } else {
            remote_scheduled(item, &out);
            buf_append_char(&out, '\n');
        }
        shown++;
    }
    if (r->options.json) {
        buf_append_str(&out, "]}\n");
    } else if (!shown) {
        buf_append_str(&out, "nothing is withdrawn\n");
    }
    return remote_print(&out);
}

/* Keeps, as a line, a withdrawal of the name that another document than ours has. */
static void take_other(withdraw_t *w, const json_value_t *scheduled)
{
    for (size_t i = 0; i < remote_count(scheduled) && !w->other.len; i++) {
        const json_value_t *item = &scheduled->u.array.items[i];
        if (is_withdrawal(item) && !is_over(item) && slice_is(remote_text(item, "name"), w->name) &&
            !slice_eq(remote_text(item, "document"), buf_slice(&w->document))) {
            remote_scheduled(item, &w->other);
        }
    }
}

/* ---- the document ---- */

static void write_moment(const char *key, int64_t at, buf_t *out)
{
    if (at != INT64_MIN && at != INT64_MAX) {
        buf_printf(out, "    %s: ", key);
        moment_write(at, out);
        buf_append_char(out, '\n');
    }
}

static void write_document(const withdraw_t *w, buf_t *out)
{
    buf_printf(out,
               "# Written by footprintctl withdraw. To bring it back:\n"
               "# footprintctl withdraw --back %s\n"
               "version: 1\n"
               "withdrawals:\n"
               "  - %s: \"%s\"\n",
               w->name, w->capability ? "capability-type" : "footprint", w->name);
    write_moment("not-before", w->from, out);
    write_moment("not-after", w->until, out);
    if (w->options.message) {
        /* JSON's text is YAML's. */
        buf_append_str(out, "    reason: ");
        json_write_string(out, slice_str(w->options.message));
        buf_append_char(out, '\n');
    }
}

static void write_message(const withdraw_t *w, buf_t *out)
{
    buf_printf(out, "%s %s", w->back ? "back in service:" : "withdrawn:", w->name);
    if (w->from != INT64_MIN) {
        buf_append_str(out, " from ");
        moment_write(w->from, out);
    }
    if (w->until != INT64_MAX) {
        buf_append_str(out, " until ");
        moment_write(w->until, out);
    }
    if (w->options.message) {
        buf_printf(out, ": %s", w->options.message);
    }
}

/* ---- doing it ---- */

/* The ETag of our document, in the buffer; -1 to go on. */
static int take_etag(const withdraw_t *w, remote_t *r, buf_t *etag)
{
    buf_t path = BUF_INIT;
    buf_append_str(&path, "/v1/documents");
    int code = remote_ask(r, &path, NULL);
    buf_release(&path);
    const json_value_t *documents = code < 0 ? json_get(r->json, "documents") : NULL;
    for (size_t i = 0; i < remote_count(documents); i++) {
        const json_value_t *d = &documents->u.array.items[i];
        if (slice_eq(remote_text(d, "name"), buf_slice(&w->document))) {
            buf_append_slice(etag, remote_text(d, "etag"));
        }
    }
    return code;
}

static int send(const withdraw_t *w, remote_t *r, slice_t etag)
{
    buf_t body = BUF_INIT, text = BUF_INIT, message = BUF_INIT;
    change_document_t document = {.name = buf_slice(&w->document)};
    int code = CTL_USAGE;
    if (!w->back) {
        write_document(w, &text);
        document.text = buf_slice(&text);
    }
    document.etag = etag.len ? etag : slice_of(NULL, 0);
    write_message(w, &message);
    buf_append_char(&message, '\0');
    if (!buf_failed(&message) && !buf_failed(&text)) {
        change_options_t options = w->options;
        options.message = message.ptr;
        options.yes = true; /* it is to be quick, and is undone as quickly */
        change_write_documents(&document, 1, &body);
        change_write_end(&options, &body);
        code = change_send(r, &options, "/v1/changes", &body);
    }
    buf_release(&message);
    buf_release(&text);
    buf_release(&body);
    return code;
}

static int bring_back(const withdraw_t *w, remote_t *r, slice_t etag)
{
    if (!etag.len && w->other.len) {
        return ctl_fail(r->options.json, CTL_REFUSED, "withdrawn-elsewhere",
                        "a document that this command did not write withdraws it; edit that: %.*s",
                        SLICE_ARG(buf_slice(&w->other)));
    }
    if (!etag.len) {
        return ctl_fail(r->options.json, CTL_REFUSED, "not-withdrawn", "'%s' is not withdrawn",
                        w->name);
    }
    int code = send(w, r, etag);
    if (code == CTL_FINE && w->other.len) {
        (void)fprintf(stderr, "footprintctl: another document withdraws it still: %.*s\n",
                      SLICE_ARG(buf_slice(&w->other)));
    }
    return code;
}

/* Times are those of the server: it is its clock that they are held against. */
static int take_times(withdraw_t *w, const json_value_t *status)
{
    int64_t now = 0;
    if (w->length && !moment_parse(remote_text(status, "time"), &now)) {
        return ctl_fail(w->options.remote.json, CTL_USAGE, "no-time",
                        "the server does not tell its time");
    }
    if (w->length) {
        w->until = (w->from == INT64_MIN ? now : w->from) + w->length;
    }
    return -1;
}

static int take_status(withdraw_t *w, remote_t *r)
{
    buf_t path = BUF_INIT;
    buf_append_str(&path, "/v1/status");
    int code = remote_ask(r, &path, NULL);
    buf_release(&path);
    if (code >= 0) {
        return code;
    }
    const json_value_t *scheduled = json_get(r->json, "scheduled");
    if (!w->name) {
        return list(r, scheduled);
    }
    take_other(w, scheduled);
    return take_times(w, r->json);
}

static int run(withdraw_t *w, remote_t *r)
{
    buf_t etag = BUF_INIT;
    int code = take_status(w, r);
    code = code >= 0 ? code : take_etag(w, r, &etag);
    if (code < 0) {
        code = w->back ? bring_back(w, r, buf_slice(&etag)) : send(w, r, buf_slice(&etag));
    }
    buf_release(&etag);
    return code;
}

/* ---- the command line ---- */

static int take_moment(const char *option, int64_t *out)
{
    return moment_parse(slice_str(optarg), out)
               ? -1
               : remote_usage("withdraw",
                              "--%s wants a date and a time with a zone, such as "
                              "2026-11-26T16:00:00Z, and not '%s'",
                              option, optarg);
}

static int take_option(withdraw_t *w, int c)
{
    switch (c) {
    case 'f':
        return duration_parse(slice_str(optarg), &w->length)
                   ? -1
                   : remote_usage("withdraw",
                                  "--for wants a duration, such as 30m or 2h, and not '%s'",
                                  optarg);
    case 'u':
        return take_moment("until", &w->until);
    case 'F':
        return take_moment("from", &w->from);
    case 'b':
        w->back = true;
        return -1;
    default:
        return change_option(&w->options, c, "withdraw", help_text);
    }
}

static int check(withdraw_t *w, int argc, char **argv)
{
    bool timed = w->length || w->until != INT64_MAX || w->from != INT64_MIN;
    if (argc - optind > 1) {
        return remote_usage("withdraw", "withdraw wants one name");
    }
    if (w->length && w->until != INT64_MAX) {
        return remote_usage("withdraw", "--for and --until exclude one another");
    }
    if (w->back && timed) {
        return remote_usage("withdraw", "--back is at once: it takes no times");
    }
    if (argc == optind) {
        return w->back || timed || w->options.message || w->options.dry_run
                   ? remote_usage("withdraw", "withdraw wants a name")
                   : -1;
    }
    w->name = argv[optind];
    if (!is_name(slice_str(w->name))) {
        return remote_usage("withdraw", "'%s' is no name of a footprint, and no capability type",
                            w->name);
    }
    w->capability = strncmp(w->name, "FCI.", 4) == 0;
    buf_printf(&w->document, "withdrawn-%s.yaml", w->name);
    return -1;
}

int ctl_withdraw_run(int argc, char **argv)
{
    static const struct option table[] = {{"for", required_argument, NULL, 'f'},
                                          {"until", required_argument, NULL, 'u'},
                                          {"from", required_argument, NULL, 'F'},
                                          {"back", no_argument, NULL, 'b'},
                                          CHANGE_OPTIONS,
                                          {NULL, 0, NULL, 0}};
    withdraw_t w = {.from = INT64_MIN, .until = INT64_MAX};
    int c, code = -1;
    while (code < 0 && (c = getopt_long(argc, argv, "m:", table, NULL)) != -1) {
        code = take_option(&w, c);
    }
    code = code >= 0 ? code : check(&w, argc, argv);
    if (code < 0) {
        remote_t r;
        code = remote_open(&r, &w.options.remote);
        code = code >= 0 ? code : run(&w, &r);
        remote_release(&r);
    }
    buf_release(&w.document);
    buf_release(&w.other);
    return code;
}
