#include "difference_parts.h"

#include <stdio.h>

int difference_count_cmp(difference_count_t a, difference_count_t b)
{
    if (a.top != b.top) {
        return a.top < b.top ? -1 : 1;
    }
    return u128_cmp(a.n, b.n);
}

static long double approximate(difference_count_t c)
{
    const long double two64 = 18446744073709551616.0L;
    return ((long double)c.top * two64 + (long double)c.n.hi) * two64 + (long double)c.n.lo;
}

double difference_count_share(difference_count_t part, difference_count_t whole)
{
    return difference_count_zero(whole) ? 0 : (double)(approximate(part) / approximate(whole));
}

/* Divides in place by ten, and returns the rest. */
static unsigned divide(uint32_t limbs[5])
{
    uint64_t rest = 0;
    for (unsigned i = 0; i < 5; i++) {
        rest = rest << 32 | limbs[i];
        limbs[i] = (uint32_t)(rest / 10);
        rest %= 10;
    }
    return (unsigned)rest;
}

size_t difference_count_decimal(difference_count_t c, char out[DIFFERENCE_DECIMAL_MAX])
{
    uint32_t limbs[5] = {c.top, (uint32_t)(c.n.hi >> 32), (uint32_t)c.n.hi,
                         (uint32_t)(c.n.lo >> 32), (uint32_t)c.n.lo};
    char digits[DIFFERENCE_DECIMAL_MAX];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + divide(limbs));
    } while (limbs[0] | limbs[1] | limbs[2] | limbs[3] | limbs[4]);
    for (size_t i = 0; i < n; i++) {
        out[i] = digits[n - 1 - i];
    }
    out[n] = '\0';
    return n;
}

/* In blocks of 2^bits addresses; 64 <= bits <= 80. */
static void blocks(difference_count_t c, unsigned bits, char out[DIFFERENCE_AMOUNT_MAX])
{
    unsigned shift = bits - 64; /* of the upper half */
    uint64_t part = c.n.hi & ((UINT64_C(1) << shift) - 1);
    uint64_t whole = c.n.hi >> shift | (shift ? (uint64_t)c.top << (64 - shift) : 0);
    if (!part && !c.n.lo && (shift || !c.top)) {
        (void)snprintf(out, DIFFERENCE_AMOUNT_MAX, "%llu /%u", (unsigned long long)whole,
                       128 - bits);
    } else {
        long double block = 18446744073709551616.0L * (long double)(UINT64_C(1) << shift);
        (void)snprintf(out, DIFFERENCE_AMOUNT_MAX, "%.2Lf /%u", approximate(c) / block, 128 - bits);
    }
}

void difference_count_amount(difference_count_t c, family_t family, char out[DIFFERENCE_AMOUNT_MAX])
{
    bool few = !c.top && c.n.hi < UINT64_C(1) << 16; /* than one /48 */
    if (family == FAMILY_IPV6 && !few) {
        blocks(c, 80, out);
    } else if (family == FAMILY_IPV6 && c.n.hi) {
        blocks(c, 64, out);
    } else {
        char digits[DIFFERENCE_DECIMAL_MAX];
        (void)difference_count_decimal(c, digits);
        bool one = !c.top && !c.n.hi && c.n.lo == 1;
        (void)snprintf(out, DIFFERENCE_AMOUNT_MAX, "%s IPv%d address%s", digits,
                       family == FAMILY_IPV4 ? 4 : 6, one ? "" : "es");
    }
}
