/*
 * qsort for arrays that may be empty, and then may be NULL. Private to src/model.
 */
#ifndef FPD_MODEL_SORT_H
#define FPD_MODEL_SORT_H

#include <stdlib.h>

static inline void sort_items(void *items, size_t count, size_t size,
                              int (*cmp)(const void *, const void *))
{
    if (count > 1) {
        qsort(items, count, size, cmp);
    }
}

#endif
