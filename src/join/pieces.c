#include "pieces.h"

#include <stdlib.h>

/* Bytes of a key: the length, then the address from its end. */
#define DIGITS 17

static int cmp_piece(const void *px, const void *py)
{
    const piece_t *x = px, *y = py;
    wide_t a = piece_base(x), b = piece_base(y);
    if (a != b) {
        return a < b ? -1 : 1;
    }
    if (x->len != y->len) {
        return x->len < y->len ? -1 : 1;
    }
    return x->owner < y->owner ? -1 : x->owner > y->owner;
}

static unsigned digit(const piece_t *p, unsigned d)
{
    if (d == 0) {
        return p->len;
    }
    return (d <= 8 ? p->lo >> 8 * (d - 1) : p->hi >> 8 * (d - 9)) & 255;
}

/* The digits that differ at all, as bits. */
static unsigned digits_in_use(const piece_t *pieces, size_t count)
{
    piece_t any = {0};
    for (size_t i = 1; i < count; i++) {
        any.hi |= pieces[i].hi ^ pieces[0].hi;
        any.lo |= pieces[i].lo ^ pieces[0].lo;
        any.len |= pieces[i].len ^ pieces[0].len;
    }
    unsigned used = 0;
    for (unsigned d = 0; d < DIGITS; d++) {
        used |= (unsigned)(digit(&any, d) != 0) << d;
    }
    return used;
}

static void pass(const piece_t *from, piece_t *to, size_t count, unsigned d)
{
    size_t start[256] = {0}, sum = 0;
    for (size_t i = 0; i < count; i++) {
        start[digit(&from[i], d)]++;
    }
    for (unsigned value = 0; value < 256; value++) {
        size_t n = start[value];
        start[value] = sum;
        sum += n;
    }
    for (size_t i = 0; i < count; i++) {
        to[start[digit(&from[i], d)]++] = from[i];
    }
}

void pieces_sort(piece_t *pieces, size_t count)
{
    if (count < 2) {
        return;
    }
    piece_t *scratch = malloc(count * sizeof *scratch);
    if (!scratch) {
        qsort(pieces, count, sizeof *pieces, cmp_piece);
        return;
    }
    /* From the least significant byte; every pass keeps the order of equals, so that of owners. */
    unsigned used = digits_in_use(pieces, count);
    piece_t *from = pieces, *to = scratch;
    for (unsigned d = 0; d < DIGITS; d++) {
        if (used >> d & 1) {
            pass(from, to, count, d);
            piece_t *other = from;
            from = to;
            to = other;
        }
    }
    if (from != pieces) {
        memcpy(pieces, from, count * sizeof *pieces);
    }
    free(scratch);
}
