/*
 * Steps that are run with one allocation refused, and all after it: each of them in turn, later in
 * larger strides. A step that fails has to say ERR_NOMEM, and what it was about is as before.
 */
#ifndef FPD_TESTS_NOMEM_H
#define FPD_TESTS_NOMEM_H

#include "fpd_cmocka.h"

#include "failmalloc.h"

#include "footprintd/base/err.h"

typedef struct nomem_step {
    const char *name;
    /* What it needs, without refusals; NULL: nothing. */
    void (*prepare)(void *x);
    err_t (*run)(void *x);
    /* Gives back what prepare and run have made, after whatever result. NULL: nothing. */
    void (*undo)(void *x, err_t err);
    /* Something stays until later, or is libc's to begin with: leaks are the sanitizer's to find.
     */
    bool leaves;
    bool tolerant; /* it may do without some allocations, or has none of ours */
} nomem_step_t;

static inline void nomem_sweep(const nomem_step_t *step, void *x)
{
    size_t failures = 0;
    for (size_t n = 1;; n += 1 + n / 40) {
        long live = failmalloc_live();
        if (step->prepare) {
            step->prepare(x);
        }
        failmalloc_arm(n);
        err_t err = step->run(x);
        bool refused = failmalloc_disarm();
        bool fine = err == ERR_OK ? !refused || step->tolerant : refused && err == ERR_NOMEM;
        if (!fine) {
            fail_msg("%s, allocation %zu %s: %s", step->name, n, refused ? "refused" : "given",
                     err_text(err));
        }
        failures += err != ERR_OK;
        if (step->undo) {
            step->undo(x, err);
        }
        if (!step->leaves && failmalloc_live() != live) {
            fail_msg("%s, allocation %zu: %ld blocks are left", step->name, n,
                     failmalloc_live() - live);
        }
        if (!refused) {
            break;
        }
    }
    if (!failures && !step->tolerant) {
        fail_msg("%s has no allocation that can be refused", step->name);
    }
}

#endif
