#include "footprintd/base/json.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Numbers as doubles, and doubles as the shortest text that reads as the same double. */

#define TEXT_MAX  1023               /* of a number: more digits than any double needs */
#define EXACT_MAX 9007199254740992.0 /* 2^53: below, integers are exact */

/* Whatever the locale of the program is. */
static double read_double(const char *text)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* is there already: costs nothing */
    return strtod_l(text, NULL, c);
}

bool json_number_double(slice_t number, double *out)
{
    uint64_t integer = 0;
    if (number.len < 16 && json_number_u64(number, &integer)) {
        *out = (double)integer;
        return true;
    }
    char text[TEXT_MAX + 1];
    if (number.len > TEXT_MAX) {
        return false;
    }
    memcpy(text, number.ptr, number.len);
    text[number.len] = '\0';
    double value = read_double(text);
    *out = value == 0 ? 0 : value; /* without the sign of zero */
    return isfinite(value);
}

static char *put_integer(char *at, uint64_t n)
{
    char digits[20];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    while (count) {
        *at++ = digits[--count];
    }
    return at;
}

/*
 * A decimal of at most six places whose digits are below 2^53: the quotient of two exact doubles is
 * rounded once, so that a quotient which is the value is what its text reads as; and without zeros
 * at its end it is the shortest. NULL: it is none.
 */
static char *put_decimal(char *at, double value)
{
    const uint64_t unit = 1000000;
    if (value < EXACT_MAX && (double)(uint64_t)value == value) {
        return put_integer(at, (uint64_t)value);
    }
    double scaled = value * (double)unit;
    if (scaled >= EXACT_MAX / 2) {
        return NULL;
    }
    uint64_t digits = (uint64_t)(scaled + 0.5);
    if ((double)digits / (double)unit != value) {
        return NULL;
    }
    uint64_t part = digits % unit;
    size_t places = 6;
    while (part % 10 == 0) { /* it is not 0: the value is no integer */
        part /= 10;
        places--;
    }
    at = put_integer(at, digits / unit);
    *at++ = '.';
    for (size_t i = places; i-- > 0;) {
        at[i] = (char)('0' + part % 10);
        part /= 10;
    }
    return at + places;
}

static size_t put_long(double value, char out[JSON_DOUBLE_MAX])
{
    /* Below the normal ones doubles have fewer digits than 15. */
    int precision = fabs(value) < DBL_MIN ? 1 : 15, n = 0;
    do {
        n = snprintf(out, JSON_DOUBLE_MAX, "%.*g", precision, value);
        for (int i = 0; i < n; i++) {
            out[i] = strchr("+-.0123456789e", out[i]) ? out[i] : '.'; /* the locale's point */
        }
    } while (++precision <= 17 && read_double(out) != value);
    return (size_t)n;
}

size_t json_format_double(double value, char out[JSON_DOUBLE_MAX])
{
    char *at = out;
    if (value < 0) {
        *at++ = '-';
    }
    char *end = put_decimal(at, fabs(value));
    if (end) {
        return (size_t)(end - out);
    }
    return put_long(value, out);
}

void json_write_double(buf_t *out, double value)
{
    if (buf_reserve(out, JSON_DOUBLE_MAX)) {
        out->len += json_format_double(value, out->ptr + out->len);
    }
}
