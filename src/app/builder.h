/*
 * The builder: makes a snapshot of the documents and databases and publishes it, on a thread of its
 * own. It also looks at the databases now and then, and builds when one was replaced.
 *
 * At most one build is in flight; requests that arrive during a build make one more build after it.
 * A build that fails changes nothing: what is served goes on being served.
 */
#ifndef FPD_APP_BUILDER_H
#define FPD_APP_BUILDER_H

#include "compressor.h"
#include "footprintd/config/config.h"
#include "footprintd/http/server.h"
#include "updater.h"

typedef struct builder builder_t;

/* config and hub are borrowed; what is built is published to the hub. */
err_t builder_new(const config_t *config, hub_t *hub, builder_t **out) FPD_MUST_CHECK;
/* Reads the databases and builds generation 1 on the calling thread; findings go to the log. */
err_t builder_build_first(builder_t *b) FPD_MUST_CHECK;
/* The newest snapshot, owned by the builder; for the time before builder_start. */
snapshot_t *builder_current(builder_t *b);
/* Starts the thread; it publishes to server, compressor and updater, which are borrowed. */
err_t builder_start(builder_t *b, http_server_t *server, compressor_t *compressor,
                    updater_t *updater) FPD_MUST_CHECK;
/* Asks for a build. Any thread. */
void builder_request(builder_t *b);
/* From now on nothing is published any more: the server may be drained. Does not wait for a build.
 */
void builder_stop(builder_t *b);
/* Waits for the build at hand, joins the thread. NULL is fine. */
void builder_free(builder_t *b);

#endif
