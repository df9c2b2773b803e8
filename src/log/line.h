/*
 * The two formats of a log line. Whatever the text holds, a line is one line, and a JSON line is
 * valid JSON: control characters are escaped, bytes that are not UTF-8 are \xNN (text) or U+FFFD.
 */
#ifndef FPD_LOG_LINE_H
#define FPD_LOG_LINE_H

#include "footprintd/log/log.h"

#include <time.h>

/* Appends one line with its newline. */
void log_line_write(buf_t *out, log_format_t format, const struct timespec *when, log_level_t level,
                    slice_t area, slice_t text);
const char *log_level_name(log_level_t level);

#endif
