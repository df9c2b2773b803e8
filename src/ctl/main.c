#include "command.h"

#include "complete.h"
#include "options.h"

#include "footprintd/base/suggest.h"

#include <stdio.h>

static const ctl_command_t commands[] = {
    {"apply", "put documents on a server, as one change", ctl_apply_run},
    {"backup", "take a backup of a server's history", ctl_backup_run},
    {"check", "validate a directory of footprint documents", ctl_check_run},
    {"costs", "send measured costs to a server", ctl_costs_run},
    {"diff", "tell what a change of documents means", ctl_diff_run},
    {"discover", "look ALTO servers up in DNS", ctl_discover_run},
    {"edit", "edit a document of a server, with its check and its difference", ctl_edit_run},
    {"explain", "ask a server which footprints and capabilities addresses have", ctl_explain_run},
    {"export", "write all documents as one", ctl_export_run},
    {"held", "list, show and drop changes that wait for their time", ctl_held_run},
    {"history", "list the generations that a server has published", ctl_history_run},
    {"import", "make a document of foreign data, and perhaps apply it", ctl_import_run},
    {"import-graph", "make network and cost maps of a link-state graph", ctl_import_graph_run},
    {"import-rib", "make a network map of a routing table", ctl_import_rib_run},
    {"lookup", "tell which footprints and capabilities addresses have", ctl_lookup_run},
    {"restore", "bring the documents, or the history, of a backup back", ctl_restore_run},
    {"rollback", "publish the documents of an earlier generation again", ctl_rollback_run},
    {"show", "show a generation of a server, or a document of it", ctl_show_run},
    {"status", "tell what a server serves, and what it refused", ctl_status_run},
    {"ucdn", "list, add and revoke upstream CDNs", ctl_ucdn_run},
    {"watch", "follow resources of a server as they change", ctl_watch_run},
    {"whoami", "ask a server who it thinks that this client is", ctl_whoami_run},
    {"withdraw", "take a footprint or capability out of service, and back", ctl_withdraw_run},
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static void print_help(void)
{
    (void)puts("Usage: footprintctl COMMAND [OPTION...] [ARGUMENT...]\n"
               "\n"
               "Works on the footprint documents of footprintd, and with its server. Commands:\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        (void)printf("  %-12s  %s\n", commands[i].name, commands[i].summary);
    }
    (void)puts("\n"
               "Options:\n"
               "  --help      show this text; footprintctl COMMAND --help shows a command's\n"
               "  --version   show the version\n"
               "\n"
               "Exit codes: 0 fine, 1 not fine, 2 usage.");
}

static int unknown(const char *what)
{
    suggest_t near;
    suggest_init(&near, slice_str(what));
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        suggest_offer(&near, slice_str(commands[i].name));
    }
    suggest_offer(&near, SLICE_LIT("--help"));
    suggest_offer(&near, SLICE_LIT("--version"));
    (void)fprintf(stderr, "footprintctl: there is no %s '%s'",
                  what[0] == '-' ? "option" : "command", what);
    if (near.best.ptr) {
        (void)fprintf(stderr, " (did you mean '%.*s'?)", SLICE_ARG(near.best));
    }
    (void)fputs("; see footprintctl --help\n", stderr);
    return CTL_USAGE;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        (void)fputs("footprintctl: a command is needed; see footprintctl --help\n", stderr);
        return CTL_USAGE;
    }
    slice_t first = slice_str(argv[1]);
    if (slice_is(first, "--help")) {
        print_help();
        return CTL_FINE;
    }
    if (slice_is(first, "--version")) {
        (void)puts("footprintctl " FPD_VERSION);
        return CTL_FINE;
    }
    if (slice_is(first, COMPLETE_COMMAND)) {
        return complete_run(commands, COMMAND_COUNT, argc - 2, argv + 2);
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (slice_is(first, commands[i].name)) {
            options_begin(argv + 1);
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    return unknown(argv[1]);
}
