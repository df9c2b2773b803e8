/*
 * Numbers compared as exact decimals: their digits without leading and trailing zeros, and the
 * power of ten of the last digit.
 */
#include "footprintd/base/json.h"

/* Exponents beyond this are not added up: such numbers are compared as they are written. */
#define EXPONENT_DIGITS_MAX 15

typedef struct decimal {
    bool negative;
    slice_t whole; /* digits before the point */
    slice_t part;  /* digits behind it */
    int64_t exponent;
    bool beyond; /* the exponent is too long to say */
} decimal_t;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static slice_t digits(slice_t text, size_t *at)
{
    size_t from = *at;
    while (*at < text.len && is_digit(text.ptr[*at])) {
        (*at)++;
    }
    return slice_of(text.ptr + from, *at - from);
}

/* Of a number that JSON's grammar has. */
static decimal_t decimal(slice_t text)
{
    decimal_t d = {.part = {"", 0}};
    size_t at = 0;
    d.negative = text.len && text.ptr[0] == '-';
    at += d.negative;
    d.whole = digits(text, &at);
    if (at < text.len && text.ptr[at] == '.') {
        at++;
        d.part = digits(text, &at);
    }
    if (at < text.len) { /* e or E */
        at++;
        bool minus = at < text.len && text.ptr[at] == '-';
        at += at < text.len && !is_digit(text.ptr[at]);
        slice_t exponent = digits(text, &at);
        d.beyond = exponent.len > EXPONENT_DIGITS_MAX;
        for (size_t i = 0; !d.beyond && i < exponent.len; i++) {
            d.exponent = d.exponent * 10 + (exponent.ptr[i] - '0');
        }
        d.exponent = minus ? -d.exponent : d.exponent;
    }
    return d;
}

static size_t length(const decimal_t *d)
{
    return d->whole.len + d->part.len;
}

static char digit_at(const decimal_t *d, size_t i)
{
    return i < d->whole.len ? d->whole.ptr[i] : d->part.ptr[i - d->whole.len];
}

/* The digits that count: [*first, *end); none for zero. */
static void significant(const decimal_t *d, size_t *first, size_t *end)
{
    *first = 0;
    *end = length(d);
    while (*first < *end && digit_at(d, *first) == '0') {
        (*first)++;
    }
    while (*end > *first && digit_at(d, *end - 1) == '0') {
        (*end)--;
    }
}

bool json_number_same(slice_t a, slice_t b)
{
    if (slice_eq(a, b)) {
        return true;
    }
    decimal_t x = decimal(a), y = decimal(b);
    size_t x_first, x_end, y_first, y_end;
    significant(&x, &x_first, &x_end);
    significant(&y, &y_first, &y_end);
    if (x_first == x_end || y_first == y_end) {
        return x_first == x_end && y_first == y_end; /* zero has two signs and any exponent */
    }
    if (x.beyond || y.beyond || x.negative != y.negative || x_end - x_first != y_end - y_first ||
        x.exponent + (int64_t)x.whole.len - (int64_t)x_end !=
            y.exponent + (int64_t)y.whole.len - (int64_t)y_end) {
        return false;
    }
    for (size_t i = 0; i < x_end - x_first; i++) {
        if (digit_at(&x, x_first + i) != digit_at(&y, y_first + i)) {
            return false;
        }
    }
    return true;
}
