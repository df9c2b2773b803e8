/*
 * The commands of footprintctl: one file and one row each.
 */
#ifndef FPD_CTL_COMMAND_H
#define FPD_CTL_COMMAND_H

#define CTL_FINE    0
#define CTL_REFUSED 1 /* what was asked about is not fine */
#define CTL_USAGE   2 /* a mistake on the command line, or nothing to work on */

typedef struct ctl_command {
    const char *name;
    const char *summary; /* one line for --help */
    /* argv[0] is the command's name; returns the exit code. */
    int (*run)(int argc, char **argv);
} ctl_command_t;

int ctl_apply_run(int argc, char **argv);
int ctl_backup_run(int argc, char **argv);
int ctl_check_run(int argc, char **argv);
int ctl_costs_run(int argc, char **argv);
int ctl_diff_run(int argc, char **argv);
int ctl_discover_run(int argc, char **argv);
int ctl_edit_run(int argc, char **argv);
int ctl_explain_run(int argc, char **argv);
int ctl_export_run(int argc, char **argv);
int ctl_held_run(int argc, char **argv);
int ctl_history_run(int argc, char **argv);
int ctl_import_run(int argc, char **argv);
int ctl_import_graph_run(int argc, char **argv);
int ctl_import_rib_run(int argc, char **argv);
int ctl_lookup_run(int argc, char **argv);
int ctl_restore_run(int argc, char **argv);
int ctl_rollback_run(int argc, char **argv);
int ctl_show_run(int argc, char **argv);
int ctl_status_run(int argc, char **argv);
int ctl_ucdn_run(int argc, char **argv);
int ctl_watch_run(int argc, char **argv);
int ctl_whoami_run(int argc, char **argv);
int ctl_withdraw_run(int argc, char **argv);

#endif
