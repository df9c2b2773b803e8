/*
 * A sort for one element type, to be included once for each. Before it, define
 *   SORT_TYPE          the element
 *   SORT_NAME(verb)    the name of a function, as insertion_v4
 *   SORT_DIGITS        how many bytes an element's key has
 *   SORT_DIGIT(x, d)   byte d of x's key, 0 the least significant
 *   SORT_LESS(a, b)    the order of these keys
 * They are undefined again at its end.
 *
 * Large arrays: radix sort from the least significant byte, whose cost no order of the input can
 * raise. It needs a scratch array; without memory for it, a heap sort does the work in place.
 */
#include <stdlib.h>

/* Up to this many elements, inserting is faster than counting digits. */
#define SORT_INSERTION_MAX 48

static void SORT_NAME(insertion)(SORT_TYPE *p, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        SORT_TYPE x = p[i];
        size_t j = i;
        for (; j && SORT_LESS(x, p[j - 1]); j--) {
            p[j] = p[j - 1];
        }
        p[j] = x;
    }
}

static void SORT_NAME(sift_down)(SORT_TYPE *p, size_t root, size_t count)
{
    SORT_TYPE x = p[root];
    for (size_t child; (child = root * 2 + 1) < count; root = child) {
        child += child + 1 < count && SORT_LESS(p[child], p[child + 1]);
        if (!SORT_LESS(x, p[child])) {
            break;
        }
        p[root] = p[child];
    }
    p[root] = x;
}

static void SORT_NAME(heap)(SORT_TYPE *p, size_t count)
{
    for (size_t i = count / 2; i-- > 0;) {
        SORT_NAME(sift_down)(p, i, count);
    }
    for (size_t last = count; last-- > 1;) {
        SORT_TYPE greatest = p[0];
        p[0] = p[last];
        p[last] = greatest;
        SORT_NAME(sift_down)(p, 0, last);
    }
}

/* False, with nothing done, when there is no memory. */
static bool SORT_NAME(radix)(SORT_TYPE *p, size_t count)
{
    SORT_TYPE *scratch = count <= SIZE_MAX / sizeof *p ? malloc(count * sizeof *p) : NULL;
    if (!scratch) {
        return false;
    }
    size_t starts[SORT_DIGITS][256] = {{0}};
    for (size_t i = 0; i < count; i++) {
        for (unsigned d = 0; d < SORT_DIGITS; d++) {
            starts[d][SORT_DIGIT(p[i], d)]++;
        }
    }
    SORT_TYPE *from = p, *to = scratch;
    for (unsigned d = 0; d < SORT_DIGITS; d++) {
        size_t *start = starts[d], sum = 0;
        if (start[SORT_DIGIT(from[0], d)] == count) {
            continue; /* the same byte in every key */
        }
        for (unsigned value = 0; value < 256; value++) {
            size_t n = start[value];
            start[value] = sum;
            sum += n;
        }
        for (size_t i = 0; i < count; i++) {
            to[start[SORT_DIGIT(from[i], d)]++] = from[i];
        }
        SORT_TYPE *other = from;
        from = to;
        to = other;
    }
    if (from != p) {
        memcpy(p, from, count * sizeof *p);
    }
    free(scratch);
    return true;
}

static size_t SORT_NAME(sort_unique)(SORT_TYPE *p, size_t count)
{
    if (count < 2) {
        return count;
    }
    bool sorted = true, unique = true;
    for (size_t i = 1; i < count && sorted; i++) {
        sorted = !SORT_LESS(p[i], p[i - 1]);
        unique = unique && SORT_LESS(p[i - 1], p[i]);
    }
    if (sorted && unique) {
        return count;
    }
    if (!sorted && count <= SORT_INSERTION_MAX) {
        SORT_NAME(insertion)(p, count);
    } else if (!sorted && !SORT_NAME(radix)(p, count)) {
        SORT_NAME(heap)(p, count);
    }
    size_t kept = 1;
    for (size_t i = 1; i < count; i++) {
        if (SORT_LESS(p[kept - 1], p[i])) {
            p[kept++] = p[i];
        }
    }
    return kept;
}

#undef SORT_INSERTION_MAX
#undef SORT_TYPE
#undef SORT_NAME
#undef SORT_DIGITS
#undef SORT_DIGIT
#undef SORT_LESS
