#include "footprintd/base/json.h"

#include <endian.h>
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

/*
 * Up to 15 digits around a point: the integer of them and the power of ten are exact as doubles, so
 * that their quotient is the double next to the number. False: it is another kind of text.
 */
static bool read_short(slice_t number, double *out)
{
    static const double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6, 1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14};
    const char *at = number.ptr, *end = number.ptr + number.len, *point = NULL;
    bool negative = number.len > 0 && *at == '-';
    uint64_t integer = 0;
    if (number.len > 17) {
        return false;
    }
    at += negative;
    const char *first = at;
    for (; at < end && ((*at >= '0' && *at <= '9') || (*at == '.' && !point && at > first)); at++) {
        if (*at == '.') {
            point = at;
        } else {
            integer = integer * 10 + (unsigned)(*at - '0');
        }
    }
    size_t places = point ? (size_t)(end - point) - 1 : 0;
    if (at < end || !places || end - first > 16) {
        return false;
    }
    *out = (double)integer / powers[places];
    *out = negative && integer ? -*out : *out;
    return true;
}

bool json_number_double(slice_t number, double *out)
{
    uint64_t integer = 0;
    if (number.len < 16 && json_number_u64(number, &integer)) {
        *out = (double)integer;
        return true;
    }
    if (read_short(number, out)) {
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

#define PLACES 6

/*
 * A decimal of at most PLACES places, whose digits are below 2^52: the quotient
 * of two exact doubles is rounded once, so that a quotient which is the value is what its text
 * reads as; and without zeros at its end it is the shortest. NULL: it is none. It is no integer.
 */
static char *put_places(char *at, double value)
{
    const uint64_t unit = 1000000;
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
    for (size_t i = PLACES; i; i -= 2) {
        memcpy(at + i - 2, digit_pairs + part % 100 * 2, 2);
        part /= 100;
    }
    at += PLACES;
    while (at[-1] == '0') {
        at--;
    }
    return at;
}

/* The digits of a number below 10^8, the first one in the lowest byte. */
static uint64_t eight_digits(uint32_t n)
{
    uint64_t fours = n / 10000 | (uint64_t)(n % 10000) << 32;
    uint64_t hundreds = fours * 10486 >> 20 & 0x7f0000007f;
    uint64_t twos = hundreds | (fours - 100 * hundreds) << 16;
    uint64_t tens = twos * 103 >> 10 & 0x000f000f000f000f;
    return tens | (twos - 10 * tens) << 8;
}

/*
 * Most costs are integers, or have one or two places, and are written by the million: without a
 * branch that depends on their digits. NULL: it is not below a million, or has more places. What is
 * behind the end is overwritten, up to JSON_DOUBLE_MAX.
 */
static char *put_short(char *at, double value)
{
    double scaled = value * 100;
    if (scaled >= 1e8 - 1) {
        return NULL;
    }
    uint32_t number = (uint32_t)(int64_t)(scaled + 0.5), part = number % 100;
    if ((double)number / 100 != value) { /* see put_places */
        return NULL;
    }
    uint64_t digits = eight_digits(number);
    /* Of the six before the point the last one stays. */
    unsigned zeros = (unsigned)__builtin_ctzll(digits | (uint64_t)1 << 40) / 8;
    digits = htole64((digits | 0x3030303030303030) >> 8 * zeros);
    memcpy(at, &digits, sizeof digits);
    at += 6 - zeros;
    *at = '.';
    memcpy(at + 1, digit_pairs + (size_t)part * 2, 2);
    return at + (part % 10 ? 3 : part ? 2 : 0);
}

static char *put_decimal(char *at, double value)
{
    char *end = put_short(at, value);
    if (!end && value < EXACT_MAX && (double)(uint64_t)value == value) {
        return put_integer(at, (uint64_t)value);
    }
    return end ? end : put_places(at, value);
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
