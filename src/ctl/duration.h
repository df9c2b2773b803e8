/*
 * Durations as people write them. Private to src/ctl.
 */
#ifndef FPD_CTL_DURATION_H
#define FPD_CTL_DURATION_H

#include "footprintd/base/bytes.h"

/* "90s", "30m", "2h", "1h30m", "1d", "2w": units from the greatest to the smallest, at least 1 s.
 */
bool duration_parse(slice_t text, int64_t *seconds);

#endif
