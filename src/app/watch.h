/*
 * Watches the directory of documents and asks the builder for a build when it has changed.
 *
 * A file that is open for writing is not read: a change counts when the file was closed, or moved
 * into its place. Changes that come together make one build: it waits until nothing has changed for
 * the debounce time, at most ten times as long. Where the directory or a document is a link,
 * whatever it leads over is watched as well: volumes of Kubernetes and git-sync change links. What
 * no event tells, as of a directory that is made later, is found by looking now and then.
 */
#ifndef FPD_APP_WATCH_H
#define FPD_APP_WATCH_H

#include "builder.h"

typedef struct watch watch_t;

/* From now on what changes is noticed; before the documents are first read. */
err_t watch_new(slice_t directory, unsigned debounce_ms, watch_t **out) FPD_MUST_CHECK;
/* Starts a thread; the builder is borrowed. */
err_t watch_start(watch_t *w, builder_t *builder) FPD_MUST_CHECK;
/* Joins the thread. NULL is fine. */
void watch_free(watch_t *w);

#endif
