#include "command.h"
#include "fail.h"
#include "footprintd/base/suggest.h"
#include "remote.h"

#include <stdio.h>

static const char help_text[] =
    "Usage: footprintctl show " REMOTE_SYNOPSIS "\n"
    "           GENERATION [NAME]\n"
    "\n"
    "Shows a generation that a server has published, or the text of one of its documents.\n"
    "\n" REMOTE_HELP "\n"
    "Exit codes: 0 fine, 1 there is no such generation or document, 2 usage, or no connection.\n";

static void label(buf_t *out, const char *text)
{
    buf_printf(out, "  %-12s", text);
}

static void line(buf_t *out, const char *name, const json_value_t *g, const char *member)
{
    if (remote_text(g, member).len) {
        label(out, name);
        remote_append(g, member, out);
        buf_append_char(out, '\n');
    }
}

static void write_generation(const json_value_t *g, buf_t *out)
{
    const json_value_t *texts = json_get(g, "texts"), *vtags = json_get(g, "vtags");
    buf_append_str(out, "generation ");
    remote_append(g, "generation", out);
    buf_append_char(out, '\n');
    line(out, "time", g, "time");
    line(out, "kind", g, "kind");
    if (remote_number(g, "restores")) {
        line(out, "restores", g, "restores");
    }
    if (remote_number(g, "parent")) {
        line(out, "parent", g, "parent");
    }
    line(out, "author", g, "author");
    line(out, "message", g, "message");
    line(out, "changed", g, "changed");
    for (size_t i = 0; texts && texts->kind == JSON_OBJECT && i < texts->u.object.count; i++) {
        const json_member_t *m = &texts->u.object.members[i];
        label(out, i ? "" : "documents");
        buf_append_printable(out, m->name, "");
        buf_printf(out, ", %zu bytes\n", json_is_string(&m->value) ? m->value.u.text.len : 0);
    }
    for (size_t i = 0; vtags && vtags->kind == JSON_OBJECT && i < vtags->u.object.count; i++) {
        const json_member_t *m = &vtags->u.object.members[i];
        label(out, i ? "" : "vtags");
        buf_append_printable(out, m->name, "");
        buf_append_char(out, ' ');
        buf_append_printable(out, json_is_string(&m->value) ? m->value.u.text : SLICE_LIT(""), "");
        buf_append_char(out, '\n');
    }
}

/* Empty when none is spelled nearly so; a name without its ending is. */
static slice_t nearest(const json_value_t *texts, slice_t name)
{
    suggest_t near;
    suggest_init(&near, name);
    for (size_t i = 0; texts && texts->kind == JSON_OBJECT && i < texts->u.object.count; i++) {
        slice_t there = texts->u.object.members[i].name;
        if (there.len > name.len && !memcmp(there.ptr, name.ptr, name.len) &&
            there.ptr[name.len] == '.') {
            return there;
        }
        suggest_offer(&near, there);
    }
    return near.best.ptr ? near.best : SLICE_LIT("");
}

/* The text as it is: it may go to a file; as JSON with what it is of. */
static int show_document(const remote_t *r, const char *number, const char *name)
{
    const json_value_t *text = json_get(json_get(r->json, "texts"), name);
    buf_t out = BUF_INIT;
    if (!json_is_string(text)) {
        slice_t near = nearest(json_get(r->json, "texts"), slice_str(name));
        return ctl_fail(r->options.json, CTL_REFUSED, "no-such-document",
                        "generation %s has no document '%s'%s%.*s%s", number, name,
                        near.len ? " (did you mean '" : "", SLICE_ARG(near), near.len ? "'?)" : "");
    }
    if (r->options.json) {
        buf_append_str(&out, "{\"generation\":");
        remote_append(r->json, "generation", &out);
        buf_append_str(&out, ",\"name\":");
        json_write_string(&out, slice_str(name));
        buf_append_str(&out, ",\"text\":");
        json_write_string(&out, text->u.text);
        buf_append_str(&out, "}\n");
    } else {
        buf_append_slice(&out, text->u.text);
    }
    return remote_print(&out);
}

static int run(remote_t *r, const char *number, const char *name)
{
    buf_t path = BUF_INIT, out = BUF_INIT;
    buf_printf(&path, "/v1/generations/%s", number);
    int code = remote_ask(r, &path, NULL);
    buf_release(&path);
    if (code >= 0) {
        return code;
    }
    if (name) {
        return show_document(r, number, name);
    }
    if (r->options.json) {
        return remote_print_answer(r);
    }
    write_generation(r->json, &out);
    return remote_print(&out);
}

int ctl_show_run(int argc, char **argv)
{
    static const struct option table[] = {REMOTE_OPTIONS, {NULL, 0, NULL, 0}};
    remote_options_t options = {0};
    uint64_t number;
    int c, code;
    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        code = remote_option(&options, c, "show", help_text);
        if (code >= 0) {
            return code;
        }
    }
    if (argc - optind < 1 || argc - optind > 2 ||
        !json_number_u64(slice_str(argv[optind]), &number)) {
        return remote_usage("show", "show wants the number of a generation, and perhaps the name "
                                    "of a document");
    }
    remote_t r;
    code = remote_open(&r, &options);
    code = code >= 0 ? code : run(&r, argv[optind], argv[optind + 1]);
    remote_release(&r);
    return code;
}
