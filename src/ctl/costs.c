#include "command.h"

#include "change.h"
#include "fail.h"
#include "footprintd/base/time.h"
#include "footprintd/model/footprint.h"
#include "import_data.h"
#include "import_rows.h"

static const char help_text[] =
    "Usage: footprintctl costs " REMOTE_SYNOPSIS "\n"
    "           [--message TEXT] [--yes] [--dry-run] ID FILE\n"
    "\n"
    "Sends measured costs to the cost map ID of a server, as one change. FILE, or standard input\n"
    "as \"-\", has lines as a costs-file has them, with its header or without it:\n"
    "\n"
    "  source,destination,cost\n"
    "  source,destination,cost,time\n"
    "\n"
    "Source and destination are PIDs; without a cost the pair has none any more; the time, such "
    "as\n"
    "2026-11-26T16:00:00Z, is when it was measured, and otherwise that of its arrival.\n"
    "\n" CHANGE_HELP REMOTE_HELP "\n"
    "Exit codes: 0 fine, 1 refused, and nothing is changed, 2 usage, or no connection.\n";

#define FIELDS_MOST 4

typedef struct costs {
    change_options_t options;
    const char *id;
    const char *file;
} costs_t;

/* ---- lines ---- */

static int wrong(const costs_t *c, const import_rows_t *rows, size_t field, const char *text)
{
    return ctl_fail(c->options.remote.json, CTL_USAGE, "bad-line", "%s:%u:%u: %s",
                    strcmp(c->file, "-") == 0 ? "standard input" : c->file, rows->row_line,
                    import_rows_column(rows, field), text);
}

static bool is_header(const import_rows_t *rows)
{
    static const char *const names[FIELDS_MOST] = {"source", "destination", "cost", "time"};
    size_t i = 0;
    while (i < rows->count && i < FIELDS_MOST && slice_is(rows->fields[i], names[i])) {
        i++;
    }
    return i == rows->count && i >= 3;
}

/* -1 to go on. */
static int check(const costs_t *c, const import_rows_t *rows)
{
    int64_t at;
    double cost;
    if (rows->error) {
        return wrong(c, rows, rows->error_field, rows->error);
    }
    if (rows->count < 3 || rows->count > FIELDS_MOST) {
        return wrong(c, rows, 0, "a line has source, destination, cost and perhaps time");
    }
    for (size_t i = 0; i < 2; i++) {
        if (!fp_pid_valid(rows->fields[i])) {
            return wrong(c, rows, i, "this is no name of a PID");
        }
    }
    const slice_t number = rows->fields[2];
    if (number.len && (!json_number_valid(number) || !json_number_double(number, &cost))) {
        return wrong(c, rows, 2, "a cost is a number, or nothing for none");
    }
    if (rows->count == FIELDS_MOST && rows->fields[3].len && !moment_parse(rows->fields[3], &at)) {
        return wrong(c, rows, 3, "a time is a moment such as 2026-11-26T16:00:00Z");
    }
    return -1;
}

static void write_value(const import_rows_t *rows, buf_t *out)
{
    const slice_t *f = rows->fields;
    buf_append_str(out, "{\"source\":");
    json_write_string(out, f[0]);
    buf_append_str(out, ",\"destination\":");
    json_write_string(out, f[1]);
    buf_append_str(out, ",\"cost\":");
    buf_append_slice(out, f[2].len ? f[2] : SLICE_LIT("null"));
    if (rows->count == FIELDS_MOST && f[3].len) {
        buf_append_str(out, ",\"time\":");
        json_write_string(out, f[3]);
    }
    buf_append_char(out, '}');
}

/* The lines as the list of a batch; -1 to go on. */
static int write_values(const costs_t *c, slice_t text, buf_t *out)
{
    import_rows_t rows;
    size_t count = 0;
    int code = -1;
    import_rows_init(&rows, text, ',');
    for (size_t line = 0; code < 0 && import_rows_next(&rows); line++) {
        if (line == 0 && !rows.error && is_header(&rows)) {
            continue;
        }
        code = check(c, &rows);
        if (code < 0) {
            buf_append_str(out, count++ ? "," : "{\"values\":[");
            write_value(&rows, out);
        }
    }
    if (code < 0 && (buf_failed(&rows.scratch) || buf_failed(out))) {
        code = ctl_fail(c->options.remote.json, CTL_USAGE, "out-of-memory",
                        "there is not enough memory");
    } else if (code < 0 && !count) {
        code = ctl_fail(c->options.remote.json, CTL_USAGE, "no-costs", "%s has no line with a cost",
                        c->file);
    }
    buf_append_char(out, ']');
    import_rows_release(&rows);
    return code;
}

/* ---- doing it ---- */

static int read_file(const costs_t *c, buf_t *out)
{
    buf_t why = BUF_INIT;
    err_t err = import_read(c->file, out, &why);
    int code = -1;
    if (err) {
        slice_t reason = why.len ? buf_slice(&why) : slice_str(err_text(err));
        code = ctl_fail(c->options.remote.json, CTL_USAGE, "unreadable", "%s %.*s", c->file,
                        SLICE_ARG(reason));
    }
    buf_release(&why);
    return code;
}

static int send(const costs_t *c, const buf_t *body)
{
    remote_t r;
    buf_t path = BUF_INIT;
    buf_printf(&path, "/v1/costs/%s", c->id);
    buf_append_char(&path, '\0');
    int code = remote_open(&r, &c->options.remote);
    code = code >= 0 ? code : change_send(&r, &c->options, path.ptr, body);
    remote_release(&r);
    buf_release(&path);
    return code;
}

int ctl_costs_run(int argc, char **argv)
{
    static const struct option table[] = {CHANGE_OPTIONS, {NULL, 0, NULL, 0}};
    costs_t costs = {.id = NULL};
    buf_t text = BUF_INIT, body = BUF_INIT;
    int c, code = -1;
    while (code < 0 && (c = getopt_long(argc, argv, "m:", table, NULL)) != -1) {
        code = change_option(&costs.options, c, "costs", help_text);
    }
    if (code < 0 && argc - optind != 2) {
        code = remote_usage("costs", "costs wants the id of a cost map, and a file or -");
    }
    if (code < 0 && !fp_pid_valid(slice_str(argv[optind]))) {
        code = remote_usage("costs", "'%s' is no id of a cost map", argv[optind]);
    }
    if (code < 0) {
        costs.id = argv[optind];
        costs.file = argv[optind + 1];
        code = read_file(&costs, &text);
    }
    code = code >= 0 ? code : write_values(&costs, buf_slice(&text), &body);
    if (code < 0) {
        change_write_end(&costs.options, &body);
        code = send(&costs, &body);
    }
    buf_release(&text);
    buf_release(&body);
    return code;
}
