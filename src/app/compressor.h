/*
 * The compressor: a thread at idle priority that makes the gzip and brotli bodies of the newest
 * snapshot after it is published, and leaves an older one as soon as a newer one arrives.
 */
#ifndef FPD_APP_COMPRESSOR_H
#define FPD_APP_COMPRESSOR_H

#include "footprintd/snapshot/snapshot.h"

typedef struct compressor compressor_t;

err_t compressor_new(compressor_t **out) FPD_MUST_CHECK;
/* Takes a reference of its own. */
void compressor_submit(compressor_t *c, snapshot_t *snapshot);
/* Ends the work at hand, joins the thread. NULL is fine. */
void compressor_free(compressor_t *c);

#endif
