/*
 * Suggestions: the near miss for a misspelt word.
 */
#ifndef FOOTPRINTD_BASE_SUGGEST_H
#define FOOTPRINTD_BASE_SUGGEST_H

#include "footprintd/base/bytes.h"

typedef struct suggest {
    slice_t word; /* what was written */
    slice_t best; /* the nearest candidate so far, {NULL, 0} when none is near enough */
    unsigned distance;
} suggest_t;

void suggest_init(suggest_t *s, slice_t word);
/* The candidate is borrowed. Case differences count less than letters. */
void suggest_offer(suggest_t *s, slice_t candidate);

#endif
