#include "command.h"

#include "footprintd/store/directory.h"
#include "remote.h"

static const char help_text[] =
    "Usage: footprintctl explain " REMOTE_SYNOPSIS "\n"
    "           ADDR...\n"
    "\n"
    "Asks a server which footprints and capabilities addresses have, which document says so, and\n"
    "what nearly covers them. footprintctl lookup tells the same of files.\n"
    "\n" REMOTE_HELP "\n"
    "Exit codes: 0 fine, 1 refused, as are malformed addresses, 2 usage, or no connection.\n";

/* Of a capability value. */
#define VALUE_SHOWN 240

/* The label on the first line of a part, nothing on its others. */
static void label(buf_t *out, const char *text, bool first)
{
    buf_printf(out, "  %-14s", first ? text : "");
}

static const json_value_t *item(const json_value_t *list, size_t i)
{
    return &list->u.array.items[i];
}

static void line_of(buf_t *out, const char *name, const json_value_t *answer, const char *member)
{
    label(out, name, true);
    remote_append(answer, member, out);
    buf_append_str(out, remote_text(answer, member).len ? "\n" : "not known\n");
}

/* The texts of an array, with commas. */
static void texts(const json_value_t *list, buf_t *out)
{
    for (size_t i = 0; i < remote_count(list); i++) {
        buf_append_str(out, i ? ", " : "");
        buf_append_printable(
            out, json_is_string(item(list, i)) ? item(list, i)->u.text : SLICE_LIT("?"), "");
    }
}

static void place(const json_value_t *what, buf_t *out)
{
    buf_append_printable(out, store_document_name(remote_text(what, "document")), "");
    buf_append_char(out, ':');
    remote_append(what, "line", out);
    if (remote_true(what, "withheld")) {
        buf_append_str(out, ", only for ");
        texts(json_get(what, "audience"), out);
        buf_append_str(out, ": withheld today");
    }
    buf_append_char(out, '\n');
}

static void none(buf_t *out, const char *name, const json_value_t *list)
{
    if (!remote_count(list)) {
        label(out, name, true);
        buf_append_str(out, "none\n");
    }
}

static void pids(const json_value_t *list, buf_t *out)
{
    for (size_t i = 0; i < remote_count(list); i++) {
        label(out, "PID", i == 0);
        remote_append(item(list, i), "pid", out);
        buf_append_str(out, " in ");
        remote_append(item(list, i), "network-map", out);
        buf_append_str(out, remote_true(item(list, i), "withheld") ? ", withheld today\n" : "\n");
    }
    none(out, "PID", list);
}

static void footprints(const json_value_t *list, buf_t *out)
{
    size_t width = 0;
    for (size_t i = 0; i < remote_count(list); i++) {
        size_t len = remote_text(item(list, i), "name").len;
        width = len > width ? len : width;
    }
    for (size_t i = 0; i < remote_count(list); i++) {
        label(out, "footprints", i == 0);
        remote_append(item(list, i), "name", out);
        for (size_t n = remote_text(item(list, i), "name").len; n < width + 2; n++) {
            buf_append_char(out, ' ');
        }
        place(item(list, i), out);
    }
    none(out, "footprints", list);
}

/* ---- capabilities ---- */

static void by(const json_value_t *object, buf_t *out)
{
    slice_t name = remote_text(object, "footprint");
    if (slice_is(name, "everywhere")) {
        buf_append_str(out, "everywhere, ");
    } else if (name.len) {
        buf_append_str(out, "by ");
        buf_append_printable(out, name, "");
        buf_append_str(out, ", ");
    } else {
        buf_append_str(out, "by its own footprints, ");
    }
    place(object, out);
}

static void capability(const json_value_t *object, buf_t *out)
{
    const json_value_t *v = json_get(object, "capability-value");
    buf_t value = BUF_INIT;
    if (v) {
        json_write_value(&value, v);
    }
    slice_t shown = utf8_truncate(buf_slice(&value), VALUE_SHOWN);
    remote_append(object, "capability-type", out);
    buf_append_str(out, " in ");
    remote_append(object, "advertisement", out);
    buf_append_char(out, '\n');
    label(out, "", false);
    buf_append_str(out, "  ");
    buf_append_printable(out, shown, "");
    buf_append_str(out, shown.len < value.len ? " ...\n" : "\n");
    out->failed |= buf_failed(&value);
    buf_release(&value);
}

/* Objects that differ in their footprints alone stand side by side. */
static bool same_capability(const json_value_t *a, const json_value_t *b)
{
    const json_value_t *va = json_get(a, "capability-value"), *vb = json_get(b, "capability-value");
    return slice_eq(remote_text(a, "advertisement"), remote_text(b, "advertisement")) &&
           slice_eq(remote_text(a, "capability-type"), remote_text(b, "capability-type")) && va &&
           vb && json_value_equal(va, vb);
}

static void capabilities(const json_value_t *list, buf_t *out)
{
    for (size_t i = 0; i < remote_count(list); i++) {
        if (i == 0 || !same_capability(item(list, i - 1), item(list, i))) {
            label(out, "capabilities", i == 0);
            capability(item(list, i), out);
        }
        label(out, "", false);
        buf_append_str(out, "  ");
        by(item(list, i), out);
    }
    none(out, "capabilities", list);
}

static void misses(const json_value_t *answer, buf_t *out)
{
    const json_value_t *list = json_get(answer, "near");
    for (size_t i = 0; i < remote_count(list); i++) {
        const json_value_t *footprint = json_get(item(list, i), "footprint");
        const json_value_t *object = json_get(item(list, i), "capability");
        const json_value_t *failed = json_get(item(list, i), "failed");
        label(out, "near, not in", i == 0);
        remote_append(footprint ? footprint : object, footprint ? "name" : "capability-type", out);
        buf_append_str(out, footprint ? ", " : " by its own footprints, ");
        place(footprint ? footprint : object, out);
        for (size_t k = 0; k < remote_count(failed); k++) {
            label(out, "", false);
            buf_append_str(out, "  ");
            remote_append(item(failed, k), "text", out);
            buf_append_char(out, '\n');
        }
    }
    if (remote_number(answer, "near-more")) {
        label(out, "", false);
        buf_append_str(out, "and ");
        remote_append(answer, "near-more", out);
        buf_append_str(out, " more\n");
    }
}

static void write_answer(const json_value_t *answer, buf_t *out)
{
    const json_value_t *subdivisions = json_get(answer, "subdivisions");
    const json_value_t *notes = json_get(answer, "notes");
    remote_append(answer, "address", out);
    buf_append_char(out, '\n');
    line_of(out, "holds for", answer, "scope");
    line_of(out, "country", answer, "country");
    label(out, remote_count(subdivisions) == 1 ? "subdivision" : "subdivisions", true);
    texts(subdivisions, out);
    buf_append_str(out, remote_count(subdivisions) ? "\n" : "not known\n");
    line_of(out, "AS number", answer, "asn");
    pids(json_get(answer, "pids"), out);
    footprints(json_get(answer, "footprints"), out);
    capabilities(json_get(answer, "capabilities"), out);
    misses(answer, out);
    for (size_t i = 0; i < remote_count(notes); i++) {
        label(out, "note", true);
        buf_append_printable(
            out, json_is_string(item(notes, i)) ? item(notes, i)->u.text : SLICE_LIT("?"), "");
        buf_append_char(out, '\n');
    }
    buf_append_char(out, '\n');
}

/* ---- the command ---- */

static int explain(remote_t *r, const char *address)
{
    buf_t path = BUF_INIT, out = BUF_INIT;
    buf_append_str(&path, "/v1/explain?address=");
    remote_http_escape(slice_str(address), &path);
    int code = remote_ask(r, &path, NULL);
    buf_release(&path);
    if (code >= 0) {
        return code;
    }
    if (r->options.json) {
        return remote_print_answer(r);
    }
    write_answer(r->json, &out);
    return remote_print(&out);
}

int ctl_explain_run(int argc, char **argv)
{
    static const struct option table[] = {REMOTE_OPTIONS, {NULL, 0, NULL, 0}};
    remote_options_t options = {0};
    int c, code;
    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        code = remote_option(&options, c, "explain", help_text);
        if (code >= 0) {
            return code;
        }
    }
    if (optind == argc) {
        return remote_usage("explain", "explain wants addresses");
    }
    remote_t r;
    code = remote_open(&r, &options);
    for (int i = optind, worst = CTL_FINE; code < CTL_USAGE && i < argc; i++) {
        int one = explain(&r, argv[i]);
        worst = one > worst ? one : worst;
        code = worst;
    }
    remote_release(&r);
    return code;
}
