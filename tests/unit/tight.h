/*
 * A copy of exactly the size of a text, so that AddressSanitizer sees a read behind its end. The
 * caller frees ptr.
 */
#ifndef FPD_TESTS_TIGHT_H
#define FPD_TESTS_TIGHT_H

#include "footprintd/base/bytes.h"

#include <stdlib.h>

static inline slice_t tight_copy(slice_t s)
{
    char *copy = malloc(s.len ? s.len : 1);
    if (!copy) {
        abort();
    }
    if (s.len) {
        memcpy(copy, s.ptr, s.len);
    }
    return slice_of(copy, s.len);
}

static inline void tight_free(slice_t s)
{
    free((void *)(uintptr_t)s.ptr);
}

#endif
