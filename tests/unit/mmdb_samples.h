/* Small MMDB files of every kind: what is damaged byte by byte, and the seeds of the fuzz target.
 */
#ifndef FPD_TESTS_MMDB_SAMPLES_H
#define FPD_TESTS_MMDB_SAMPLES_H

#include "footprintd/base/bytes.h"

/* The name of sample i, with its bytes appended; NULL behind the last one. */
const char *mmdb_sample(size_t i, buf_t *out);

#endif
