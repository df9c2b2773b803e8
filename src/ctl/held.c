#include "command.h"

#include "change.h"
#include "screen.h"

#include <unistd.h>

static const char help_text[] =
    "Usage: footprintctl held " REMOTE_SYNOPSIS " [--drop] [ID]\n"
    "\n"
    "Lists the changes that a server makes when their time comes (footprintctl apply "
    "--not-before,\n"
    "--not-after), and those that could not be made. With an ID it shows what this one would be "
    "now.\n"
    "\n"
    "  --drop        forget the change\n" REMOTE_HELP "\n"
    "Exit codes: 0 fine, 1 there is none of this ID, or the server refuses, 2 usage, or no\n"
    "connection.\n";

static int list(remote_t *r)
{
    buf_t path = BUF_INIT, out = BUF_INIT;
    buf_append_str(&path, "/v1/held");
    int code = remote_show(r, &path);
    if (code >= 0) {
        return code;
    }
    const json_value_t *held = json_get(r->json, "held");
    for (size_t i = 0; i < remote_count(held); i++) {
        remote_held(&held->u.array.items[i], &out);
        buf_append_char(&out, '\n');
    }
    if (!remote_count(held)) {
        buf_append_str(&out, "no change is held\n");
    }
    return remote_print(&out);
}

/* What the server says of its texts, as a change of what is served. */
static int preview(remote_t *r, buf_t *out)
{
    buf_t path = BUF_INIT, body = BUF_INIT;
    const json_value_t *texts = json_get(r->json, "texts");
    buf_append_str(&path, "/v1/diff");
    buf_append_str(&body, "{\"documents\":");
    if (texts) {
        json_write_value(&body, texts);
    }
    buf_append_char(&body, '}');
    int code = remote_ask(r, &path, &body);
    buf_release(&path);
    buf_release(&body);
    if (code < 0) {
        change_write_answer(r->json, true, screen_colours(STDOUT_FILENO), out);
    }
    return code;
}

static int show(remote_t *r, const char *id)
{
    buf_t path = BUF_INIT, out = BUF_INIT;
    buf_append_str(&path, "/v1/held/");
    remote_http_escape(slice_str(id), &path);
    int code = remote_show(r, &path);
    if (code < 0) {
        remote_held(r->json, &out);
        buf_append_char(&out, '\n');
        code = preview(r, &out);
    }
    if (code < 0) {
        return remote_print(&out);
    }
    buf_release(&out);
    return code;
}

static int drop(remote_t *r, const char *id)
{
    buf_t path = BUF_INIT, out = BUF_INIT;
    buf_append_str(&path, "/v1/held/");
    remote_http_escape(slice_str(id), &path);
    remote_http_method(r->http, "DELETE");
    int code = remote_show(r, &path);
    if (code >= 0) {
        return code;
    }
    buf_printf(&out, "change %s is dropped\n", id);
    return remote_print(&out);
}

static bool is_id(const char *text)
{
    uint64_t id = 0;
    return json_number_u64(slice_str(text), &id) && id;
}

int ctl_held_run(int argc, char **argv)
{
    static const struct option table[] = {
        {"drop", no_argument, NULL, 'd'}, REMOTE_OPTIONS, {NULL, 0, NULL, 0}};
    remote_options_t options = {0};
    bool dropping = false;
    int c, code;
    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        dropping |= c == 'd';
        code = c == 'd' ? -1 : remote_option(&options, c, "held", help_text);
        if (code >= 0) {
            return code;
        }
    }
    const char *id = optind < argc ? argv[optind] : NULL;
    if (argc - optind > 1 || (dropping && !id) || (id && !is_id(id))) {
        return remote_usage("held", "held wants the ID of one change, as footprintctl held lists "
                                    "them");
    }
    remote_t r;
    code = remote_open(&r, &options);
    if (code < 0) {
        code = !id ? list(&r) : dropping ? drop(&r, id) : show(&r, id);
    }
    remote_release(&r);
    return code;
}
