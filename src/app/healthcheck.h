/*
 * footprintd --healthcheck: asks the server that runs with a configuration whether it lives.
 */
#ifndef FPD_APP_HEALTHCHECK_H
#define FPD_APP_HEALTHCHECK_H

/*
 * Asks /livez of the metrics listener, so that who restarts what fails does not restart a server
 * for its old data; without metrics, whether a listener answers at all. What is wrong is told on
 * standard error. Returns the exit code.
 */
int healthcheck(const char *config_file);

#endif
