/* Trees of JSON texts, for tests of patches. */
#ifndef FPD_TESTS_PATCH_TREES_H
#define FPD_TESTS_PATCH_TREES_H

#include "fpd_cmocka.h"

#include "footprintd/updates/patch.h"

static inline json_value_t *read_json(arena_t *arena, slice_t text)
{
    json_value_t *v = NULL;
    json_error_t error;
    if (json_parse(text, 1024, arena, &v, &error)) {
        fail_msg("%s in %.*s", error.text, SLICE_ARG(text));
    }
    return v;
}

static inline const node_t *plant(nodes_t *nodes, slice_t text)
{
    arena_t arena;
    arena_init(&arena, 0);
    const node_t *n = nodes_json(nodes, read_json(&arena, text));
    assert_non_null(n);
    arena_release(&arena);
    return n;
}

/* Two stores: where the later one's tree shares what it can, or nothing. */
typedef struct pair {
    nodes_t first, second;
    const node_t *from, *to;
} pair_t;

static inline void pair_plant(pair_t *p, slice_t from, slice_t to, bool related)
{
    nodes_init(&p->first, NULL, NULL);
    nodes_init(&p->second, related ? &p->first : NULL, NULL);
    p->from = plant(&p->first, from);
    p->to = plant(&p->second, to);
    nodes_seal(&p->second);
}

static inline void pair_release(pair_t *p)
{
    nodes_release(&p->second);
    nodes_release(&p->first);
}

#endif
