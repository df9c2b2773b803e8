#include "command.h"

#include "change.h"

static const char help_text[] =
    "Usage: footprintctl rollback " REMOTE_SYNOPSIS "\n"
    "           [--message TEXT] [--yes] [--dry-run] GENERATION\n"
    "\n"
    "Publishes the documents of an earlier generation again, as a new generation.\n"
    "\n" CHANGE_HELP REMOTE_HELP "\n"
    "Exit codes: 0 fine, 1 refused, and nothing is changed, 2 usage, or no connection.\n";

static int run(remote_t *r, const change_options_t *options, uint64_t generation)
{
    buf_t body = BUF_INIT;
    buf_printf(&body, "{\"generation\":%llu", (unsigned long long)generation);
    change_write_end(options, &body);
    int code = change_send(r, options, "/v1/rollback", &body);
    buf_release(&body);
    return code;
}

int ctl_rollback_run(int argc, char **argv)
{
    static const struct option table[] = {CHANGE_OPTIONS, {NULL, 0, NULL, 0}};
    change_options_t options = {.message = NULL};
    uint64_t generation = 0;
    int c, code;
    while ((c = getopt_long(argc, argv, "m:", table, NULL)) != -1) {
        code = change_option(&options, c, "rollback", help_text);
        if (code >= 0) {
            return code;
        }
    }
    if (argc - optind != 1 || !json_number_u64(slice_str(argv[optind]), &generation) ||
        !generation) {
        return remote_usage("rollback", "rollback wants the number of a generation");
    }
    remote_t r;
    code = remote_open(&r, &options.remote);
    code = code >= 0 ? code : run(&r, &options, generation);
    remote_release(&r);
    return code;
}
