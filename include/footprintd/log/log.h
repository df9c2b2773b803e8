/*
 * The log of the server: one line per event, text or JSON, written by a thread of its own, so that
 * no serving thread ever waits for a disk or a terminal. Full queues drop lines and say how many.
 *
 * Used by app, http and store; the core never logs.
 */
#ifndef FOOTPRINTD_LOG_LOG_H
#define FOOTPRINTD_LOG_LOG_H

#include "footprintd/base/bytes.h"

typedef enum log_level {
    LOG_LEVEL_DEBUG,
    LOG_LEVEL_INFO,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_ERROR,
} log_level_t;

typedef enum log_format {
    LOG_FORMAT_TEXT,
    LOG_FORMAT_JSON,
} log_format_t;

/* Starts the writer on fd. Before it, and after log_stop, lines go to stderr at once. */
err_t log_start(int fd, log_format_t format, log_level_t level) FPD_MUST_CHECK;
/* Writes what is queued and joins the writer. */
void log_stop(void);
/* Returns when everything queued so far is written. */
void log_flush(void);

/* One line; area is a word such as "http". */
void log_line(log_level_t level, const char *area, const char *fmt, ...) FPD_PRINTF(3, 4);
/* One line as is (an access-log record, a ready line), newline added; never filtered by level. */
void log_raw(slice_t line);
bool log_enabled(log_level_t level);
/* Lines that were dropped since log_start. */
uint64_t log_dropped(void);

#endif
