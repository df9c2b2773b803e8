/*
 * The options that the imports of network maps share. Private to src/ctl.
 */
#ifndef FPD_CTL_IMPORT_MAPS_OPTIONS_H
#define FPD_CTL_IMPORT_MAPS_OPTIONS_H

#include "import_maps_out.h"

#include <getopt.h>

/* clang-format off */
#define IMPORT_MAPS_OPTIONS                                                                        \
    {"network-map", required_argument, NULL, 'm'}, {"default", no_argument, NULL, 'd'},            \
    {"aggregate", no_argument, NULL, 'a'}, {"skip", no_argument, NULL, 's'},                       \
    {"name", required_argument, NULL, 'n'}, {"output", required_argument, NULL, 'o'},              \
    {"yes", no_argument, NULL, 'y'}, {"dry-run", no_argument, NULL, 'D'},                          \
    {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}
/* clang-format on */

typedef struct import_maps_options {
    const char *command, *help; /* its name, and the text of --help */
    import_data_t *data;
    import_pids_t *pids;
    import_target_t *target;
    const char *name; /* of the document; NULL: that of the file */
    const char *map;  /* the id of the network map */
} import_maps_options_t;

/* Takes one of these, or refuses what is none. Returns an exit code, or -1 to go on. */
int import_maps_option(import_maps_options_t *o, int c);
/* Behind all of them, with the one argument: the path of the file. As above. */
int import_maps_options_end(import_maps_options_t *o, int argc, char **argv, const char **path);

#endif
