#include "command.h"
#include "remote.h"

#include <unistd.h>

static const char help_text[] =
    "Usage: footprintctl status " REMOTE_SYNOPSIS "\n"
    "\n"
    "Tells what a server serves, what it refused, and the age of its databases.\n"
    "\n" REMOTE_HELP "\n"
    "Exit codes: 0 fine, 1 the server is not ready, a set of documents is refused, an edit is\n"
    "pending, a held change could not be made, or the server refuses to say, 2 usage, or no\n"
    "connection.\n";

static void label(buf_t *out, const char *text)
{
    buf_printf(out, "  %-14s", text);
}

static void uptime(uint64_t seconds, buf_t *out)
{
    static const struct {
        uint64_t length;
        const char *name;
    } units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
    size_t i = 0;
    while (i < 3 && seconds < units[i].length) {
        i++;
    }
    uint64_t n = seconds / units[i].length;
    buf_printf(out, "%llu %s%s\n", (unsigned long long)n, units[i].name, n == 1 ? "" : "s");
}

static void health(const json_value_t *health, buf_t *out)
{
    const json_value_t *ready = json_get(health, "ready"), *why = json_get(health, "problems");
    if (!ready || ready->kind != JSON_BOOL) {
        return; /* of a server that does not say */
    }
    label(out, "ready");
    buf_append_str(out, ready->u.boolean ? "yes\n" : "no: ");
    for (size_t i = 0; !ready->u.boolean && i < remote_count(why); i++) {
        if (i) {
            label(out, "");
        }
        if (json_is_string(&why->u.array.items[i])) {
            buf_append_printable(out, why->u.array.items[i].u.text, "");
        }
        buf_append_char(out, '\n');
    }
}

static void load(const json_value_t *load, buf_t *out)
{
    uint64_t waiting = remote_number(load, "jobs-waiting");
    uint64_t resident = remote_number(load, "resident-bytes");
    uint64_t dropped = remote_number(load, "log-lines-dropped");
    if (!load) {
        return;
    }
    label(out, "connections");
    buf_printf(out, "%llu of %llu", (unsigned long long)remote_number(load, "connections"),
               (unsigned long long)remote_number(load, "connections-limit"));
    if (waiting) {
        buf_printf(out, ", %llu jobs wait for a worker", (unsigned long long)waiting);
    }
    buf_append_char(out, '\n');
    if (resident) {
        label(out, "memory");
        buf_printf(out, "%llu MiB\n", (unsigned long long)(resident >> 20));
    }
    label(out, "longest stall");
    buf_printf(out, "%llu ms\n", (unsigned long long)remote_number(load, "worst-stall-ms"));
    if (dropped) {
        label(out, "log");
        buf_printf(out, "%llu lines dropped: it is not taken fast enough\n",
                   (unsigned long long)dropped);
    }
}

static void limits_met(const json_value_t *met, buf_t *out)
{
    size_t count = met && met->kind == JSON_OBJECT ? met->u.object.count : 0;
    for (size_t i = 0; i < count; i++) {
        const json_member_t *m = &met->u.object.members[i];
        label(out, i ? "" : "limits met");
        buf_append_printable(out, m->name, "");
        buf_append_str(out, ": ");
        if (m->value.kind == JSON_NUMBER) {
            buf_append_printable(out, m->value.u.text, "");
        }
        buf_append_char(out, '\n');
    }
}

static void databases(const json_value_t *list, buf_t *out)
{
    for (size_t i = 0; i < remote_count(list); i++) {
        const json_value_t *d = &list->u.array.items[i];
        uint64_t age = remote_number(d, "age-days");
        label(out, i ? "" : "databases");
        remote_append(d, "source", out);
        buf_append_str(out, ": ");
        remote_append(d, "type", out);
        buf_append_str(out, " of ");
        remote_append(d, "built", out);
        buf_printf(out, ", %llu day%s old\n", (unsigned long long)age, age == 1 ? "" : "s");
    }
    if (!remote_count(list)) {
        label(out, "databases");
        buf_append_str(out, "none\n");
    }
}

static void refused(const json_value_t *refused, buf_t *out)
{
    const json_value_t *report = json_get(refused, "report");
    label(out, "refused");
    if (!refused || refused->kind != JSON_OBJECT) {
        buf_append_str(out, "nothing\n");
        return;
    }
    uint64_t errors = remote_number(report, "errors");
    buf_printf(out, "%llu error%s in the documents, at ", (unsigned long long)errors,
               errors == 1 ? "" : "s");
    remote_append(refused, "at", out);
    buf_append_str(out, "; served is what was before\n");
    remote_findings(report, screen_colours(STDOUT_FILENO), out);
}

/* So many are told of; all of them are in the JSON. */
#define SCHEDULED_MAX 20

static void scheduled(const json_value_t *list, buf_t *out)
{
    size_t count = remote_count(list);
    for (size_t i = 0; i < count && i < SCHEDULED_MAX; i++) {
        const json_value_t *item = &list->u.array.items[i];
        label(out, i ? "" : "scheduled");
        remote_scheduled(item, out);
        buf_append_char(out, '\n');
    }
    if (count > SCHEDULED_MAX) {
        label(out, "");
        buf_printf(out, "and %zu more\n", count - SCHEDULED_MAX);
    }
}

/* Edits that are served and not written to their files. */
static void pending(const json_value_t *list, buf_t *out)
{
    for (size_t i = 0; i < remote_count(list); i++) {
        label(out, i ? "" : "pending");
        remote_append(&list->u.array.items[i], "document", out);
        buf_append_str(out, ": ");
        remote_append(&list->u.array.items[i], "why", out);
        buf_append_str(out, i + 1 < remote_count(list) ? "\n" : "; it is tried again\n");
    }
}

/* The history was damaged when the server started, and begins anew. */
static void set_aside(const json_value_t *name, buf_t *out)
{
    if (json_is_string(name) && name->u.text.len) {
        label(out, "history");
        buf_append_str(out, "was damaged at the start and is set aside as ");
        buf_append_printable(out, name->u.text, "");
        buf_append_str(out, ": see footprintctl restore\n");
    }
}

/* A server that does not say is ready. */
static bool is_ready(const json_value_t *health)
{
    const json_value_t *ready = json_get(health, "ready");
    return !ready || ready->kind != JSON_BOOL || ready->u.boolean;
}

static bool any_failed(const json_value_t *list)
{
    for (size_t i = 0; i < remote_count(list); i++) {
        if (remote_text(&list->u.array.items[i], "failure").len) {
            return true;
        }
    }
    return false;
}

static void held(const json_value_t *list, buf_t *out)
{
    for (size_t i = 0; i < remote_count(list); i++) {
        if (i < SCHEDULED_MAX) {
            label(out, i ? "" : "held changes");
            remote_held(&list->u.array.items[i], out);
            buf_append_char(out, '\n');
        }
    }
    if (remote_count(list) > SCHEDULED_MAX) {
        label(out, "");
        buf_printf(out, "and %zu more\n", remote_count(list) - SCHEDULED_MAX);
    }
}

static void write_status(const remote_t *r, buf_t *out)
{
    const json_value_t *s = r->json, *readers = json_get(s, "readers");
    buf_append_str(out, "footprintd ");
    remote_append(s, "version", out);
    buf_printf(out, " at %s\n", r->server.ptr);
    health(json_get(s, "health"), out);
    label(out, "generation");
    remote_append(s, "generation", out);
    buf_append_str(out, ", published ");
    remote_append(s, "published", out);
    buf_append_char(out, '\n');
    label(out, "running for");
    uptime(remote_number(s, "uptime-s"), out);
    label(out, "documents");
    remote_append(s, "documents", out);
    buf_append_char(out, '\n');
    load(json_get(s, "load"), out);
    limits_met(json_get(s, "limits-met"), out);
    databases(json_get(s, "databases"), out);
    label(out, "readers");
    buf_printf(out, "%llu streams, %llu TIPS views\n",
               (unsigned long long)remote_number(readers, "streams"),
               (unsigned long long)remote_number(readers, "views"));
    scheduled(json_get(s, "scheduled"), out);
    held(json_get(s, "held"), out);
    refused(json_get(s, "refused"), out);
    pending(json_get(s, "pending"), out);
    set_aside(json_get(s, "set-aside"), out);
}

static int run(remote_t *r)
{
    buf_t path = BUF_INIT, out = BUF_INIT;
    buf_append_str(&path, "/v1/status");
    int code = remote_ask(r, &path, NULL);
    buf_release(&path);
    if (code >= 0) {
        return code;
    }
    if (r->options.json) {
        code = remote_print_answer(r);
    } else {
        write_status(r, &out);
        code = remote_print(&out);
    }
    const json_value_t *bad = json_get(r->json, "refused");
    bool fine = !(bad && bad->kind == JSON_OBJECT) && !remote_count(json_get(r->json, "pending")) &&
                !any_failed(json_get(r->json, "held")) && is_ready(json_get(r->json, "health"));
    return code == CTL_FINE && !fine ? CTL_REFUSED : code;
}

int ctl_status_run(int argc, char **argv)
{
    static const struct option table[] = {REMOTE_OPTIONS, {NULL, 0, NULL, 0}};
    remote_options_t options = {0};
    int c, code;
    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        code = remote_option(&options, c, "status", help_text);
        if (code >= 0) {
            return code;
        }
    }
    if (optind != argc) {
        return remote_usage("status", "status wants no arguments");
    }
    remote_t r;
    code = remote_open(&r, &options);
    code = code >= 0 ? code : run(&r);
    remote_release(&r);
    return code;
}
