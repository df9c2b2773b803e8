/*
 * Suggestions: the near miss for a misspelt word.
 *
 * Near enough are one edit in words of up to 4 bytes, two in words of up to 8, three in longer
 * ones; an edit adds, drops or changes a byte or swaps two neighbours. Words over 64 bytes are not
 * compared. Of equally near candidates the first in byte order wins, whatever the order of offers.
 */
#ifndef FOOTPRINTD_BASE_SUGGEST_H
#define FOOTPRINTD_BASE_SUGGEST_H

#include "footprintd/base/bytes.h"

typedef struct suggest {
    slice_t word;      /* what was written */
    slice_t best;      /* the nearest candidate so far, {NULL, 0} when none is near enough */
    unsigned distance; /* hundredths of an edit; a change of case is one hundredth */
} suggest_t;

void suggest_init(suggest_t *s, slice_t word);
/* The candidate is borrowed. Case differences count less than letters. */
void suggest_offer(suggest_t *s, slice_t candidate);

#endif
