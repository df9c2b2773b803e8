/*
 * What import tells and writes. Private to src/ctl.
 */
#ifndef FPD_CTL_IMPORT_OUT_H
#define FPD_CTL_IMPORT_OUT_H

#include "import_data.h"

/*
 * Findings and counts: on standard error, or as one JSON object on standard output. With `texts`
 * the document too, on standard output. Returns the exit code, CTL_FINE when it could be written.
 */
int import_tell(const import_data_t *d, bool json, bool texts);
/*
 * Writes the documents to a file, or into a directory. A file that import did not make is replaced
 * only with `yes`. Returns the exit code.
 */
int import_write(const import_data_t *d, const char *output, bool yes);

#endif
