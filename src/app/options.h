/*
 * The command line of footprintd.
 */
#ifndef FPD_APP_OPTIONS_H
#define FPD_APP_OPTIONS_H

#include "footprintd/base/bytes.h"

#define EXIT_FINE    0
#define EXIT_REFUSED 1 /* configuration, data, or what the system would not give */
#define EXIT_USAGE   2

typedef struct options {
    const char *config; /* path; borrowed from argv */
    bool check_config;
    bool healthcheck;
    bool refuse_root;
} options_t;

/*
 * Reads the command line. Returns -1 to go on, or the exit code when everything is said already
 * (--help, --version, or a mistake, told on standard error).
 */
int options_parse(int argc, char **argv, options_t *options);

#endif
