#include "footprintd/model/calendar.h"

#define DAY INT64_C(86400)
/* The first of January 1970 was a Thursday. */
#define MONDAY (3 * DAY)

static int64_t length(const cost_calendar_t *c)
{
    return (int64_t)c->interval_s * c->count;
}

/* How far into the day, or the week, the clock on the wall is. */
static int64_t position(const cost_calendar_t *c, int64_t local)
{
    int64_t whole = length(c), shifted = whole == 7 * DAY ? local + MONDAY : local;
    return (shifted % whole + whole) % whole;
}

/* SIZE_MAX: outside of all. */
static size_t index_at(const cost_calendar_t *c, int64_t at)
{
    if (c->repeats) {
        return (size_t)(position(c, at + zone_span(&c->zone, at).offset) / c->interval_s);
    }
    return at < c->start || at - c->start >= length(c) ? SIZE_MAX
                                                       : (size_t)((at - c->start) / c->interval_s);
}

const cost_matrix_t *cost_calendar_at(const cost_calendar_t *c, int64_t at)
{
    size_t i = index_at(c, at);
    return i == SIZE_MAX ? c->outside : &c->matrices[i];
}

void cost_calendar_holds(const cost_calendar_t *c, int64_t at, int64_t *from, int64_t *until)
{
    if (!c->repeats) {
        size_t i = index_at(c, at);
        int64_t end = c->start + length(c);
        *from = i != SIZE_MAX ? c->start + (int64_t)(i * c->interval_s)
                : at < end    ? INT64_MIN
                              : end;
        *until = i != SIZE_MAX ? *from + c->interval_s : at < end ? c->start : INT64_MAX;
        return;
    }
    zone_span_t span = zone_span(&c->zone, at);
    int64_t begin = at - position(c, at + span.offset) % c->interval_s;
    *from = begin > span.from ? begin : span.from;
    *until = begin + c->interval_s < span.until ? begin + c->interval_s : span.until;
}

/* When the clocks began to show this, or something later: they may leave it out, or show it twice.
 */
static int64_t first_moment(const zone_t *zone, int64_t now, int64_t local)
{
    zone_span_t span = zone_span(zone, now);
    int64_t first = local - span.offset;
    while (span.from != INT64_MIN) {
        int64_t change = span.from;
        first = first > change ? first : change;
        span = zone_span(zone, change - 1);
        if (change + span.offset <= local) {
            break;
        }
        first = local - span.offset;
    }
    return first;
}

static cost_run_t run_once(const cost_calendar_t *c, int64_t now)
{
    if (now < c->start) { /* as many intervals earlier as it takes */
        int64_t early = (c->start - now + c->interval_s - 1) / c->interval_s;
        return (cost_run_t){c->start - early * c->interval_s, 1};
    }
    return (cost_run_t){now - (now - c->start) % length(c), 1};
}

cost_run_t cost_calendar_run(const cost_calendar_t *c, int64_t now)
{
    if (!c->repeats) {
        return run_once(c, now);
    }
    int64_t local = now + zone_span(&c->zone, now).offset;
    int64_t start = first_moment(&c->zone, now, local - position(c, local));
    while (now - start >= length(c)) { /* the last hour of 25 */
        start += length(c);
    }
    zone_span_t span = zone_span(&c->zone, start);
    int64_t runs = span.until == INT64_MAX ? COST_REPEATED_MAX : (span.until - start) / length(c);
    runs = runs < 1 ? 1 : runs > COST_REPEATED_MAX ? COST_REPEATED_MAX : runs;
    return (cost_run_t){start, (unsigned)runs};
}
