/*
 * Text of prefixes and footprint values. Private to src/alto.
 */
#ifndef FPD_ALTO_VALUES_TEXT_H
#define FPD_ALTO_VALUES_TEXT_H

#include "footprintd/model/footprint.h"

/* "a","b",...: canonical, quoted; every text here is ASCII without anything to escape. */
void values_text(buf_t *out, const fp_values_t *v);

#endif
