/*
 * Allocation failures on demand.
 *
 * Every unit test is linked with malloc, calloc, realloc and free wrapped (-Wl,--wrap), so that a
 * test can let the n-th allocation of this project's own code, and every later one, fail:
 *
 *     for (size_t n = 1;; n++) {
 *         failmalloc_arm(n);
 *         err_t err = thing_make(...);
 *         if (!failmalloc_disarm()) {
 *             assert_int_equal(err, ERR_OK);
 *             break;
 *         }
 *         assert_int_equal(err, ERR_NOMEM);
 *     }
 *
 * Allocations inside shared libraries, libc's among them, are not counted.
 */
#ifndef FPD_TESTS_FAILMALLOC_H
#define FPD_TESTS_FAILMALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* The nth allocation from now on fails, and all after it; nth > 0. */
void failmalloc_arm(size_t nth);
/* Allocations succeed again; true when one was refused since failmalloc_arm. */
bool failmalloc_disarm(void);
/* Allocations that succeeded since the program began. */
size_t failmalloc_count(void);
/* Blocks allocated and not yet freed: what a leak check compares before and after. */
long failmalloc_live(void);

#endif
