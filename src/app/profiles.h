/*
 * Profiles of uCDNs (config/ucdns.h) as snapshots want them.
 */
#ifndef FPD_APP_PROFILES_H
#define FPD_APP_PROFILES_H

#include "footprintd/config/ucdns.h"
#include "footprintd/snapshot/snapshot.h"

/* In the options, for as long as the arena; without profiles (NULL) everybody sees the public view.
 */
err_t profiles_set(const ucdns_t *ucdns, arena_t *arena,
                   snapshot_options_t *options) FPD_MUST_CHECK;

#endif
