#include "footprintd/base/time.h"

#include <time.h>

/* Takes `count` digits from the front. */
static bool take_number(slice_t *text, size_t count, int *out)
{
    if (text->len < count) {
        return false;
    }
    *out = 0;
    for (size_t i = 0; i < count; i++) {
        if (text->ptr[i] < '0' || text->ptr[i] > '9') {
            return false;
        }
        *out = *out * 10 + (text->ptr[i] - '0');
    }
    *text = slice_of(text->ptr + count, text->len - count);
    return true;
}

/* The RFC permits lower case letters, and a space for the T. */
static bool take_char(slice_t *text, const char *any)
{
    if (!text->len || !strchr(any, text->ptr[0]) || !text->ptr[0]) {
        return false;
    }
    *text = slice_of(text->ptr + 1, text->len - 1);
    return true;
}

static bool take_fraction(slice_t *text)
{
    int digit;
    if (!take_char(text, ".")) {
        return true;
    }
    if (!take_number(text, 1, &digit)) {
        return false;
    }
    while (take_number(text, 1, &digit)) {
    }
    return true;
}

static bool take_zone(slice_t *text, int64_t *offset)
{
    int hours, minutes;
    *offset = 0;
    if (take_char(text, "Zz")) {
        return true;
    }
    if (!text->len) {
        return false;
    }
    int sign = text->ptr[0] == '-' ? -1 : 1;
    if (!take_char(text, "+-") || !take_number(text, 2, &hours) || !take_char(text, ":") ||
        !take_number(text, 2, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *offset = (int64_t)sign * (hours * 3600 + minutes * 60);
    return true;
}

bool moment_parse(slice_t text, int64_t *seconds)
{
    int year, month, day, hour, minute, second;
    int64_t offset;
    if (!take_number(&text, 4, &year) || !take_char(&text, "-") || !take_number(&text, 2, &month) ||
        !take_char(&text, "-") || !take_number(&text, 2, &day) || !take_char(&text, "Tt ") ||
        !take_number(&text, 2, &hour) || !take_char(&text, ":") ||
        !take_number(&text, 2, &minute) || !take_char(&text, ":") ||
        !take_number(&text, 2, &second) || !take_fraction(&text) || !take_zone(&text, &offset) ||
        text.len || hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    struct tm tm = {.tm_year = year - 1900,
                    .tm_mon = month - 1,
                    .tm_mday = day,
                    .tm_hour = hour,
                    .tm_min = minute,
                    .tm_sec = second};
    *seconds = (int64_t)timegm(&tm) - offset;
    /* 31 June has become 1 July. */
    return tm.tm_year == year - 1900 && tm.tm_mon == month - 1 && tm.tm_mday == day;
}

int64_t moment_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

uint64_t monotonic_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* False: a year that has not four digits. */
static bool split(int64_t seconds, struct tm *tm)
{
    time_t when = (time_t)seconds;
    return gmtime_r(&when, tm) && tm->tm_year >= -1900 && tm->tm_year <= 9999 - 1900;
}

void moment_write(int64_t seconds, buf_t *out)
{
    struct tm tm;
    if (split(seconds, &tm)) {
        buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
                   tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    }
}

void moment_write_http(int64_t seconds, buf_t *out)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm tm;
    if (split(seconds, &tm)) {
        buf_printf(out, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday,
                   months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
    }
}
