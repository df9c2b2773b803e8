/*
 * How the HTTP library is set up: limits, timeouts, and the one handler for every path.
 */
#ifndef FOOTPRINTD_HTTP_SETUP_H
#define FOOTPRINTD_HTTP_SETUP_H

#include "footprintd/http/server.h"

#include <h2o.h>

/* Replaces what is 0 by its default. */
void setup_defaults(http_options_t *options);
/* options has its defaults filled in; `handler` registers the one handler. */
void setup_config(h2o_globalconf_t *config, const http_options_t *options, size_t max_body_bytes,
                  void (*handler)(h2o_pathconf_t *path));

#endif
