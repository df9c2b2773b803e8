/*
 * Compiled footprints: which lists of values make which constraints true, and which constraints
 * make which footprint sets cover. Private to src/join.
 *
 * A list is one fp_values_t. A constraint is a list or a union of lists (OR). A footprint set
 * covers when all of its constraints are true (AND). So a set covers exactly when as many distinct
 * constraints of it are true as it has.
 */
#ifndef FPD_JOIN_COMPILE_H
#define FPD_JOIN_COMPILE_H

#include "footprintd/base/table.h"
#include "footprintd/model/model.h"
#include "sets.h"

/* For each of `count` things, some of the other: others[first[i]] to others[first[i + 1] - 1]. */
typedef struct fan {
    uint32_t *first;
    uint32_t *others;
    size_t count;
} fan_t;

typedef struct compiled {
    const fp_values_t **lists; /* distinct by address */
    size_t list_count;
    size_t constraint_count;
    const fp_set_t **sets; /* distinct by address of their constraints; none is empty */
    uint32_t *needs;       /* constraints of each set */
    size_t set_count;
    fan_t alone;         /* list -> sets with one constraint only, which it makes true */
    fan_t by_list;       /* list -> constraints that are of some set with others beside it */
    fan_t by_constraint; /* constraint -> sets with others beside it */
    table_t set_ids;     /* address of a set's constraints -> &sets[i] */

    /* For evaluation: what was seen in which round, and what was found in this one. */
    uint32_t *constraint_round;
    uint32_t *set_round;
    uint32_t *set_hits;
    uint32_t round;
    uint64_t *found_bits; /* a bit for each set; all zero between evaluations */
    uint64_t *word_bits;  /* a bit for each word of found_bits that is not zero */
    uint32_t *found;
} compiled_t;

err_t compile(const model_t *model, compiled_t *out) FPD_MUST_CHECK;
void compiled_release(compiled_t *c);

/*
 * The footprint sets that cover where exactly these lists match: groups of set numbers in `lists`,
 * each an interned set of list ids. The ids come back ascending in c->found.
 */
size_t compiled_evaluate(compiled_t *c, const sets_t *lists, const uint32_t *groups,
                         unsigned group_count);

#endif
