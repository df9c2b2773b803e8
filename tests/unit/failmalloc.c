#include "failmalloc.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);

static atomic_size_t counted;
static atomic_long live;
static atomic_size_t fail_from = SIZE_MAX; /* refuse when counted has come to this */
static atomic_bool refused;

static bool refuse(void)
{
    if (atomic_load(&counted) < atomic_load(&fail_from)) {
        return false;
    }
    atomic_store(&refused, true);
    return true;
}

static void *note(void *p, bool fresh)
{
    if (p) {
        atomic_fetch_add(&counted, 1);
        atomic_fetch_add(&live, fresh);
    }
    return p;
}

void *__wrap_malloc(size_t size)
{
    return refuse() ? NULL : note(__real_malloc(size), true);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return refuse() ? NULL : note(__real_calloc(count, size), true);
}

void *__wrap_realloc(void *p, size_t size)
{
    return refuse() ? NULL : note(__real_realloc(p, size), p == NULL);
}

void __wrap_free(void *p)
{
    if (p) {
        atomic_fetch_sub(&live, 1);
    }
    __real_free(p);
}

void failmalloc_arm(size_t nth)
{
    atomic_store(&refused, false);
    atomic_store(&fail_from, atomic_load(&counted) + nth - 1);
}

bool failmalloc_disarm(void)
{
    atomic_store(&fail_from, SIZE_MAX);
    return atomic_load(&refused);
}

size_t failmalloc_count(void)
{
    return atomic_load(&counted);
}

long failmalloc_live(void)
{
    return atomic_load(&live);
}
