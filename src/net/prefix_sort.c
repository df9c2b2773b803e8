#include "footprintd/net/addr.h"

/* The length is the least significant byte of a key, the address stands above it. */
static unsigned digit_v4(prefix4_t p, unsigned d)
{
    return d ? p.addr >> 8 * (d - 1) & 255 : p.len;
}

static bool less_v4(prefix4_t a, prefix4_t b)
{
    return ((uint64_t)a.addr << 8 | a.len) < ((uint64_t)b.addr << 8 | b.len);
}

#define SORT_TYPE        prefix4_t
#define SORT_NAME(verb)  verb##_v4
#define SORT_DIGITS      5
#define SORT_DIGIT(x, d) digit_v4((x), (d))
#define SORT_LESS(a, b)  less_v4((a), (b))
#include "net/sort_tmpl.h"

static unsigned digit_v6(const prefix6_t *p, unsigned d)
{
    if (d == 0) {
        return p->len;
    }
    return (d <= 8 ? p->addr.lo >> 8 * (d - 1) : p->addr.hi >> 8 * (d - 9)) & 255;
}

#define SORT_TYPE        prefix6_t
#define SORT_NAME(verb)  verb##_v6
#define SORT_DIGITS      17
#define SORT_DIGIT(x, d) digit_v6(&(x), (d))
#define SORT_LESS(a, b)  (prefix_cmp_v6((a), (b)) < 0)
#include "net/sort_tmpl.h"

size_t prefix_sort_unique_v4(prefix4_t *p, size_t count)
{
    return sort_unique_v4(p, count);
}

size_t prefix_sort_unique_v6(prefix6_t *p, size_t count)
{
    return sort_unique_v6(p, count);
}
