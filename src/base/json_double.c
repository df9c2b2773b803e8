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

/* Two digits for each number below 100. */
static const char digit_pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

static char *put_integer(char *at, uint64_t n)
{
    char digits[20];
    size_t first = sizeof digits;
    while (n >= 100) {
        first -= 2;
        memcpy(digits + first, digit_pairs + n % 100 * 2, 2);
        n /= 100;
    }
    if (n >= 10) {
        first -= 2;
        memcpy(digits + first, digit_pairs + n * 2, 2);
    } else {
        digits[--first] = (char)('0' + n);
    }
    memcpy(at, digits + first, sizeof digits - first);
    return at + (sizeof digits - first);
}

/*
 * A decimal of at most `places` places, an even number, whose digits are below 2^52: the quotient
 * of two exact doubles is rounded once, so that a quotient which is the value is what its text
 * reads as; and without zeros at its end it is the shortest. NULL: it is none. It is no integer.
 */
static char *put_places(char *at, double value, uint64_t unit, size_t places)
{
    double scaled = value * (double)unit;
    if (scaled >= EXACT_MAX / 2) {
        return NULL;
    }
    uint64_t digits = (uint64_t)(scaled + 0.5), part = digits % unit;
    if ((double)digits / (double)unit != value) {
        return NULL;
    }
    at = put_integer(at, digits / unit);
    *at++ = '.';
    for (size_t i = places; i; i -= 2) {
        memcpy(at + i - 2, digit_pairs + part % 100 * 2, 2);
        part /= 100;
    }
    at += places;
    while (at[-1] == '0') {
        at--;
    }
    return at;
}

/* Most costs are integers, or have one or two places. */
static char *put_decimal(char *at, double value)
{
    if (value < EXACT_MAX && (double)(uint64_t)value == value) {
        return put_integer(at, (uint64_t)value);
    }
    char *end = put_places(at, value, 100, 2);
    return end ? end : put_places(at, value, 1000000, 6);
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
