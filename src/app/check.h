/*
 * footprintd --check-config: reads everything that the server would read, and starts nothing.
 */
#ifndef FPD_APP_CHECK_H
#define FPD_APP_CHECK_H

#include "footprintd/config/config.h"
#include "options.h"

/*
 * As root, whatever the configuration names is read as the user that the server would become.
 * Prints the findings on standard error; returns the exit code.
 */
int check_config(const options_t *options);
/* Plain lines on standard error, sorted. */
void check_print_findings(findings_t *findings);

#endif
