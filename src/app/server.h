/*
 * The running server: what main starts, reloads and drains.
 */
#ifndef FPD_APP_SERVER_H
#define FPD_APP_SERVER_H

#include "options.h"

/* Runs until a signal ends it; all signals are blocked. Returns the exit code. */
int server_run(const options_t *options);

#endif
