#include "duration.h"

/* A hundred years; what is meant for longer needs no end. */
#define DURATION_MAX ((int64_t)100 * 366 * 86400)

bool duration_parse(slice_t text, int64_t *seconds)
{
    static const struct {
        char name;
        int64_t length;
    } units[] = {{'w', 604800}, {'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
    size_t at = 0, unit = 0;
    *seconds = 0;
    while (at < text.len) {
        int64_t n = 0;
        size_t digits = at;
        while (at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9' && n <= DURATION_MAX) {
            n = n * 10 + (text.ptr[at++] - '0');
        }
        if (at == digits || at == text.len) {
            return false; /* no number, or no unit */
        }
        while (unit < sizeof units / sizeof *units && units[unit].name != text.ptr[at]) {
            unit++;
        }
        if (unit == sizeof units / sizeof *units || n > DURATION_MAX / units[unit].length) {
            return false;
        }
        *seconds += n * units[unit++].length;
        at++;
    }
    return *seconds > 0 && *seconds <= DURATION_MAX;
}
