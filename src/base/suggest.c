#include "footprintd/base/suggest.h"

#define WORD_MAX 64

/* Costs are hundredths of an edit: even if all letters differ in case, that is less than one. */
#define EDIT     100u
#define RECASE   1u
#define TOO_FAR  (WORD_MAX * 2 * EDIT)
#define BAND_MAX 3u

typedef unsigned row_t[WORD_MAX + 1];

static unsigned char fold(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/* How many edits are near enough for a word of this length. */
static unsigned band(size_t len)
{
    return len <= 4 ? 1 : len <= 8 ? 2 : BAND_MAX;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/*
 * The Damerau-Levenshtein distance in its restricted form (no edit within a transposition), as far
 * as the band goes: cells further than `width` from the diagonal cost too much in any case.
 */
static unsigned distance(slice_t a, slice_t b, unsigned width)
{
    row_t rows[3];
    unsigned *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b.len; j++) {
        before[j] = TOO_FAR;
        above[j] = j <= width ? (unsigned)j * EDIT : TOO_FAR;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t first = i > width ? i - width : 1;
        size_t last = i + width < b.len ? i + width : b.len;
        for (size_t j = 0; j <= b.len; j++) {
            row[j] = TOO_FAR;
        }
        row[0] = i <= width ? (unsigned)i * EDIT : TOO_FAR;
        for (size_t j = first; j <= last; j++) {
            char x = a.ptr[i - 1], y = b.ptr[j - 1];
            unsigned change = x == y ? 0 : fold(x) == fold(y) ? RECASE : EDIT;
            unsigned cost = least(above[j - 1] + change, least(above[j], row[j - 1]) + EDIT);
            if (i > 1 && j > 1 && x != y && x == b.ptr[j - 2] && a.ptr[i - 2] == y) {
                cost = least(cost, before[j - 2] + EDIT);
            }
            row[j] = cost;
        }
        unsigned *free_row = before;
        before = above;
        above = row;
        row = free_row;
    }
    return above[b.len];
}

void suggest_init(suggest_t *s, slice_t word)
{
    *s = (suggest_t){.word = word, .best = {NULL, 0}, .distance = 0};
}

void suggest_offer(suggest_t *s, slice_t candidate)
{
    slice_t word = s->word;
    if (word.len == 0 || word.len > WORD_MAX || candidate.len == 0 || candidate.len > WORD_MAX) {
        return;
    }
    unsigned width = band(word.len);
    size_t longer = word.len > candidate.len ? word.len : candidate.len;
    size_t shorter = word.len + candidate.len - longer;
    if (longer - shorter > width) {
        return;
    }
    unsigned d = distance(word, candidate, width);
    /* A word of which no letter is kept is another word. */
    if (d >= (width + 1) * EDIT || d >= longer * EDIT) {
        return;
    }
    /* Of equally near ones the first by bytes, whatever the order of the offers. */
    if (!s->best.ptr || d < s->distance ||
        (d == s->distance && slice_cmp(candidate, s->best) < 0)) {
        s->best = candidate;
        s->distance = d;
    }
}
