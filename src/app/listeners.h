/*
 * Listeners as the configuration has them, for the HTTP server.
 */
#ifndef FPD_APP_LISTENERS_H
#define FPD_APP_LISTENERS_H

#include "footprintd/config/config.h"
#include "footprintd/http/server.h"

/* Its texts are those of the configuration; what is made besides lies in the arena. */
err_t listeners_convert(const config_listener_t *from, arena_t *arena,
                        http_listener_t *out) FPD_MUST_CHECK;
/* What the guard holds their connections to. */
guard_options_t listeners_guard(const config_limits_t *l);

#endif
