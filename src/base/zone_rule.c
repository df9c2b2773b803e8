#include "zone_rule.h"

#include <stdlib.h>
#include <time.h>

/* ---- reading ---- */

static bool take_char(slice_t *s, char c)
{
    if (!s->len || s->ptr[0] != c) {
        return false;
    }
    *s = slice_of(s->ptr + 1, s->len - 1);
    return true;
}

static bool take_number(slice_t *s, int most, int *out)
{
    size_t n = 0;
    *out = 0;
    while (n < s->len && n < 4 && s->ptr[n] >= '0' && s->ptr[n] <= '9') {
        *out = *out * 10 + (s->ptr[n++] - '0');
    }
    *s = slice_of(s->ptr + n, s->len - n);
    return n > 0 && *out <= most;
}

/* "EST", or "<+03>"; it says nothing that counts. */
static bool take_name(slice_t *s)
{
    bool quoted = take_char(s, '<');
    size_t n = 0;
    while (n < s->len) {
        char c = s->ptr[n];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool other = (c >= '0' && c <= '9') || c == '+' || c == '-';
        if (!letter && !(quoted && other)) {
            break;
        }
        n++;
    }
    *s = slice_of(s->ptr + n, s->len - n);
    return n >= 3 && (!quoted || take_char(s, '>'));
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(slice_t *s, int hours, int32_t *out)
{
    bool minus = take_char(s, '-');
    int h, m = 0, sec = 0;
    if (!minus) {
        (void)take_char(s, '+');
    }
    if (!take_number(s, hours, &h) ||
        (take_char(s, ':') &&
         (!take_number(s, 59, &m) || (take_char(s, ':') && !take_number(s, 59, &sec))))) {
        return false;
    }
    *out = (h * 3600 + m * 60 + sec) * (minus ? -1 : 1);
    return true;
}

static bool take_day(slice_t *s, zone_day_t *out)
{
    *out = (zone_day_t){.kind = ZONE_ORDINAL, .time = 7200};
    if (take_char(s, 'M')) {
        out->kind = ZONE_MONTH;
        if (!take_number(s, 12, &out->month) || out->month < 1 || !take_char(s, '.') ||
            !take_number(s, 5, &out->week) || out->week < 1 || !take_char(s, '.') ||
            !take_number(s, 6, &out->day)) {
            return false;
        }
    } else if (take_char(s, 'J')) {
        out->kind = ZONE_JULIAN;
        if (!take_number(s, 365, &out->day) || out->day < 1) {
            return false;
        }
    } else if (!take_number(s, 365, &out->day)) {
        return false;
    }
    return !take_char(s, '/') || take_time(s, 167, &out->time);
}

bool zone_rule_parse(slice_t s, zone_rule_t *out)
{
    *out = (zone_rule_t){0};
    /* Offsets are west of UTC here. */
    if (!take_name(&s) || !take_time(&s, 24, &out->standard)) {
        return false;
    }
    out->standard = -out->standard;
    if (!s.len) {
        return true;
    }
    out->has_summer = true;
    out->summer = out->standard + 3600;
    if (!take_name(&s)) {
        return false;
    }
    if (s.len && s.ptr[0] != ',') {
        if (!take_time(&s, 24, &out->summer)) {
            return false;
        }
        out->summer = -out->summer;
    }
    return take_char(&s, ',') && take_day(&s, &out->begin) && take_char(&s, ',') &&
           take_day(&s, &out->end) && !s.len;
}

/* ---- years ---- */

#define DAY 86400

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Midnight of a day, month and day from 1; month 13 is January of the next year. */
static int64_t midnight(int year, int month, int day)
{
    struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    return timegm(&tm);
}

/* The last week of a month is the one with its last such day. */
static int64_t month_day(int year, const zone_day_t *d)
{
    int64_t first = midnight(year, d->month, 1), next = midnight(year, d->month + 1, 1);
    int weekday = (int)(((first / DAY + 4) % 7 + 7) % 7);
    int64_t at = first + (int64_t)((d->day - weekday + 7) % 7 + (d->week - 1) * 7) * DAY;
    return at < next ? at : at - (int64_t)7 * DAY;
}

/* When the clocks that are `offset` ahead show the day's time. */
static int64_t moment_of(int year, const zone_day_t *d, int32_t offset)
{
    int64_t day = d->kind == ZONE_MONTH ? month_day(year, d)
                  : d->kind == ZONE_ORDINAL
                      ? midnight(year, 1, 1) + (int64_t)d->day * DAY
                      /* The 29th of February is never counted. */
                      : midnight(year, 1, 1) +
                            (int64_t)(d->day - 1 + (is_leap(year) && d->day >= 60)) * DAY;
    return day + d->time - offset;
}

typedef struct change {
    int64_t at;
    bool to_summer;
} change_t;

/* Where one summer ends as the next begins, it goes on. */
static int by_time(const void *x, const void *y)
{
    const change_t *a = x, *b = y;
    return a->at != b->at ? (a->at > b->at) - (a->at < b->at)
                          : (int)a->to_summer - (int)b->to_summer;
}

zone_span_t zone_rule_span(const zone_rule_t *rule, int64_t at)
{
    zone_span_t span = {INT64_MIN, INT64_MAX, rule->standard};
    struct tm tm;
    time_t t = at;
    change_t changes[10];
    size_t n = 0;
    if (!rule->has_summer || rule->summer == rule->standard || !gmtime_r(&t, &tm)) {
        return span;
    }
    int year = tm.tm_year + 1900;
    /* A day's time may lie a week away from the day. */
    for (int y = year - 2; y <= year + 2; y++) {
        changes[n++] = (change_t){moment_of(y, &rule->begin, rule->standard), true};
        changes[n++] = (change_t){moment_of(y, &rule->end, rule->summer), false};
    }
    qsort(changes, n, sizeof *changes, by_time);
    bool summer = changes[0].to_summer;
    for (size_t i = 0; i + 1 < n; i++) {
        bool now = changes[i].to_summer;
        /* What changes nothing, or only for no time, is no change. */
        bool real = now != summer && changes[i + 1].at > changes[i].at;
        if (changes[i].at > at) {
            if (real) {
                span.until = changes[i].at;
                break;
            }
        } else if (i == 0 || real) {
            span.from = changes[i].at;
            summer = now;
        }
    }
    span.offset = summer ? rule->summer : rule->standard;
    return span;
}
