/*
 * Random numbers for property tests: the same on every machine, from a seed that is printed.
 * FPD_TEST_SEED sets it: a number, or "random" for a new one.
 */
#ifndef FPD_TESTS_PRNG_H
#define FPD_TESTS_PRNG_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct prng {
    uint64_t state;
} prng_t;

static inline prng_t prng_start(void)
{
    const char *text = getenv("FPD_TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 0) : 20241107;
    if (text && strcmp(text, "random") == 0) {
        struct timespec now;
        (void)clock_gettime(CLOCK_REALTIME, &now);
        seed = (uint64_t)now.tv_sec * 1000000007u ^ (uint64_t)now.tv_nsec;
    }
    printf("FPD_TEST_SEED=%" PRIu64 "\n", seed);
    return (prng_t){seed};
}

/* SplitMix64. */
static inline uint64_t prng_next(prng_t *p)
{
    uint64_t z = p->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* 0 .. bound - 1; the bias is of no matter here. */
static inline uint64_t prng_below(prng_t *p, uint64_t bound)
{
    return prng_next(p) % bound;
}

#endif
