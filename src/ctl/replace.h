/*
 * A file gives way to a new text in one step: whoever reads it finds the old or the new one.
 */
#ifndef FPD_CTL_REPLACE_H
#define FPD_CTL_REPLACE_H

#include "footprintd/base/bytes.h"

/*
 * The mode and, where the system lets us, the owner stay; links are followed. A file that is not
 * there is made, with mode 0600. ERR_NOT_NOW when it does not hold `before` any more. One line in
 * *why on failure.
 */
err_t replace_file(const char *path, slice_t before, slice_t text, buf_t *why) FPD_MUST_CHECK;

#endif
