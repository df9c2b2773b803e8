#include "command.h"

#include "explain_text.h"

static const char help_text[] =
    "Usage: footprintctl explain " REMOTE_SYNOPSIS "\n"
    "           ADDR|PREFIX...\n"
    "\n"
    "Asks a server which footprints and capabilities addresses have, which document says so, and\n"
    "what nearly covers them; of a prefix, how its addresses fall apart. footprintctl lookup "
    "tells\n"
    "the same of files.\n"
    "\n" REMOTE_HELP "\n"
    "Exit codes: 0 fine, 1 refused, as are malformed addresses and prefixes, 2 usage, or no\n"
    "connection.\n";

/* ---- the command ---- */

static int explain(remote_t *r, const char *subject)
{
    buf_t path = BUF_INIT, out = BUF_INIT;
    buf_append_str(&path, "/v1/explain?address=");
    remote_http_escape(slice_str(subject), &path);
    int code = remote_show(r, &path);
    if (code >= 0) {
        return code;
    }
    if (json_get(r->json, "prefix")) {
        explain_write_prefix(r->json, false, &out);
    } else {
        explain_write_address(r->json, &out);
    }
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
        return remote_usage("explain", "explain wants addresses or prefixes");
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
