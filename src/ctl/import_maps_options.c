#include "import_maps_options.h"

#include "command.h"
#include "options.h"
#include "remote.h"

#include "footprintd/model/footprint.h"

#include <stdio.h>

int import_maps_option(import_maps_options_t *o, int c)
{
    switch (c) {
    case 'm':
        o->map = optarg;
        return -1;
    case 'd':
        o->pids->is_default = true;
        return -1;
    case 'a':
        o->data->aggregate = true;
        return -1;
    case 's':
        o->data->skip = true;
        return -1;
    case 'n':
        o->name = optarg;
        return import_check_name(o->command, optarg);
    case 'o':
        o->target->output = optarg;
        return -1;
    case 'y':
        o->target->yes = true;
        return -1;
    case 'D':
        o->target->dry_run = true;
        return -1;
    case 'j':
        o->target->json = true;
        return -1;
    case 'h':
        (void)fputs(o->help, stdout);
        return CTL_FINE;
    default:
        return options_refused(o->command, o->help);
    }
}

int import_maps_options_end(import_maps_options_t *o, int argc, char **argv, const char **path)
{
    if (argc - optind != 1) {
        return remote_usage(o->command, "%s wants one file", o->command);
    }
    *path = argv[optind];
    o->pids->map = slice_str(o->map);
    return fp_pid_valid(o->pids->map)
               ? -1
               : remote_usage(o->command, "--network-map wants the id of a network map");
}
