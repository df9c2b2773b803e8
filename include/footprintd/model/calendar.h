/*
 * Cost calendars (RFC 8896): costs of intervals of time.
 *
 * A calendar that repeats says what costs are by the clock on the wall, of a day or of a week from
 * Monday on; a day on which the clocks change has an interval more, or less. One that is there once
 * has a beginning and an end, outside of which only those pairs have costs whose cost is one
 * number.
 */
#ifndef FOOTPRINTD_MODEL_CALENDAR_H
#define FOOTPRINTD_MODEL_CALENDAR_H

#include "footprintd/base/zone.h"
#include "footprintd/model/costs.h"

#define COST_INTERVALS_MAX  2016 /* of five minutes, in a week */
#define COST_INTERVAL_MIN_S 60

typedef struct cost_calendar {
    uint32_t interval_s;
    uint32_t count;
    bool repeats;                  /* interval_s * count is a day or a week */
    zone_t zone;                   /* where it repeats */
    int64_t start;                 /* where it does not */
    const cost_matrix_t *matrices; /* of each interval */
    const cost_matrix_t *outside;  /* before and behind a calendar that does not repeat */
} cost_calendar_t;

/* What costs are at this moment. */
const cost_matrix_t *cost_calendar_at(const cost_calendar_t *c, int64_t at);
/* From when to before when they are that; INT64_MIN and INT64_MAX: ever. */
void cost_calendar_holds(const cost_calendar_t *c, int64_t at, int64_t *from, int64_t *until);

/*
 * A calendar as it is answered (RFC 8896 5.1.2): `count` intervals from start on, which is not
 * later than now. Interval k has the costs of its beginning. For a calendar that repeats the start
 * is that of the day, or of the week; and `repeated` how many runs, one behind the other, have the
 * same costs.
 */
typedef struct cost_run {
    int64_t start;
    unsigned repeated; /* 1: it is not said that it repeats */
} cost_run_t;

#define COST_REPEATED_MAX 366

cost_run_t cost_calendar_run(const cost_calendar_t *c, int64_t now);

#endif
