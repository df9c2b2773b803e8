/*
 * The log of the server: one line per event, text or JSON, written by a thread of its own, so that
 * no serving thread ever waits for a disk or a terminal. Full queues drop lines and say how many,
 * and so does a limit of lines of one kind.
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

/* Who writes lines: the first word behind the level. */
#define LOG_AREAS(X)                                                                               \
    X(ADMIN, "admin")                                                                              \
    X(APP, "app")                                                                                  \
    X(BUILD, "build")                                                                              \
    X(COMPRESS, "compress")                                                                        \
    X(CONFIG, "config")                                                                            \
    X(GEOIP, "geoip")                                                                              \
    X(GUARD, "guard")                                                                              \
    X(HELD, "held")                                                                                \
    X(HISTORY, "history")                                                                          \
    X(HTTP, "http")                                                                                \
    X(TIPS, "tips")                                                                                \
    X(UPDATES, "updates")                                                                          \
    X(WATCH, "watch")                                                                              \
    X(WATCHDOG, "watchdog")

#define LOG_AREA_ID(id, name) LOG_AREA_##id,
typedef enum log_area { LOG_AREAS(LOG_AREA_ID) LOG_AREA_COUNT } log_area_t;
#undef LOG_AREA_ID

typedef enum log_format {
    LOG_FORMAT_TEXT,
    LOG_FORMAT_JSON,
} log_format_t;

/* How lines look, and the least important ones that are written; text and info without it. */
void log_set(log_format_t format, log_level_t level);
/* The least important lines of one area that are written, until the next log_set. */
void log_set_area(log_area_t area, log_level_t level);
/* Both, and the writer on fd. Before it, and after log_stop, lines go to stderr at once. */
err_t log_start(int fd, log_format_t format, log_level_t level) FPD_MUST_CHECK;
/*
 * From now on log_line writes so many lines of one kind a second, five seconds' worth at once, and
 * counts the rest, which is told once a second; 0: all of them, as after log_start.
 */
void log_limit(uint64_t per_s);
/*
 * Writes what is queued and joins the writer. When nobody reads what it writes, for two seconds,
 * the rest is lost, and so is whatever is logged later; the thread is left behind.
 */
void log_stop(void);
/* Returns when everything queued so far is written, or nobody has read any of it for two seconds.
 */
void log_flush(void);

/* One line; area is a word such as "http". Both texts are literals: they say of which kind it is.
 */
void log_line(log_level_t level, const char *area, const char *fmt, ...) FPD_PRINTF(3, 4);
/*
 * The same without limit: for lists that have one themselves or that an operator has asked for, and
 * for what is the record of generations.
 */
void log_listed(log_level_t level, const char *area, const char *fmt, ...) FPD_PRINTF(3, 4);
/* One line as is (an access-log record, a ready line), newline added; never filtered by level. */
void log_raw(slice_t line);
/* Whether lines of this level are written in the area. */
bool log_enabled(log_level_t level, const char *area);
/* Lines that were dropped since log_start. */
uint64_t log_dropped(void);

#endif
