/*
 * The running server: what main starts, reloads and drains.
 */
#ifndef FPD_APP_SERVER_H
#define FPD_APP_SERVER_H

/* Runs until a signal ends it; all signals are blocked. Returns the exit code. */
int server_run(const char *config_file);

#endif
