/*
 * Time zones: what the clocks on the wall show, from TZif data (RFC 8536) of the system. The
 * process's own zone (TZ) is never looked at.
 */
#ifndef FOOTPRINTD_BASE_ZONE_H
#define FOOTPRINTD_BASE_ZONE_H

#include "footprintd/base/arena.h"

/* A day in the year of a rule, and the seconds from its midnight (perhaps negative). */
typedef struct zone_day {
    enum { ZONE_MONTH, ZONE_JULIAN, ZONE_ORDINAL } kind; /* Mm.w.d, Jn, n */
    int month, week, day;
    int32_t time;
} zone_day_t;

/* What holds behind the last change that is listed: the footer of TZif, as POSIX has TZ. */
typedef struct zone_rule {
    int32_t standard, summer; /* seconds east of UTC */
    bool has_summer;
    zone_day_t begin, end; /* of summer */
} zone_rule_t;

/* All zeros is UTC. */
typedef struct zone {
    const int64_t *times;   /* ascending: from each on the offset behind it holds */
    const int32_t *offsets; /* count + 1, the first one before all times; NULL: 0 */
    size_t count;
    bool has_rule;
    int64_t rule_from; /* INT64_MIN: ever */
    zone_rule_t rule;
} zone_t;

/* From when to before when the offset holds; INT64_MIN and INT64_MAX: ever. */
typedef struct zone_span {
    int64_t from, until;
    int32_t offset; /* seconds east of UTC */
} zone_span_t;

#define ZONE_DIRECTORY "/usr/share/zoneinfo"

/* "Europe/Berlin": what can be asked for; no path leads out of the directory. */
bool zone_name_valid(slice_t name);
/*
 * Reads the zone of this name. ERR_RANGE: no name of a zone; ERR_NOT_FOUND; ERR_IO; ERR_SYNTAX: not
 * TZif of version 2 or later, or with leap seconds; ERR_NOMEM.
 */
err_t zone_load(const char *directory, slice_t name, arena_t *arena, zone_t *out) FPD_MUST_CHECK;
/* The same from the bytes of a file. */
err_t zone_parse(slice_t data, arena_t *arena, zone_t *out) FPD_MUST_CHECK;
/* The footer's text. */
bool zone_rule_parse(slice_t text, zone_rule_t *out);

/* What holds at this moment. */
zone_span_t zone_span(const zone_t *zone, int64_t at);

#endif
