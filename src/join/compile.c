#include "compile.h"

#include <stdlib.h>

/* A pair of a fan while it is made. */
typedef struct pair {
    uint32_t from, to;
} pair_t;

typedef struct pairs {
    pair_t *items;
    size_t count, cap;
} pairs_t;

/* Numbers of things by their address; keys lie in the entries, which do not move. */
typedef struct numbered {
    const void *key;
    uint32_t number;
} numbered_t;

typedef struct compiler {
    compiled_t *c;
    arena_t arena;
    table_t lists, constraints;
    pairs_t list_constraints, constraint_sets;
    size_t list_cap, set_cap;
    bool failed;
} compiler_t;

static void push(compiler_t *k, pairs_t *p, uint32_t from, uint32_t to)
{
    if (p->count == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 256;
        pair_t *grown = realloc(p->items, cap * sizeof *grown);
        if (!grown) {
            k->failed = true;
            return;
        }
        p->items = grown;
        p->cap = cap;
    }
    p->items[p->count++] = (pair_t){from, to};
}

/* The number of a thing; *fresh when it was not known. */
static uint32_t number(compiler_t *k, table_t *table, const void *key, size_t next, bool *fresh)
{
    const numbered_t *n = table_get(table, slice_of((const char *)&key, sizeof key));
    *fresh = !n;
    if (n) {
        return n->number;
    }
    numbered_t *made = arena_alloc(&k->arena, sizeof *made);
    if (!made) {
        k->failed = true;
        return 0;
    }
    *made = (numbered_t){key, (uint32_t)next};
    k->failed |= table_put(table, slice_of((const char *)&made->key, sizeof made->key), made,
                           NULL) != ERR_OK;
    return made->number;
}

static uint32_t add_list(compiler_t *k, const fp_values_t *v)
{
    bool fresh;
    uint32_t n = number(k, &k->lists, v, k->c->list_count, &fresh);
    if (!fresh || k->failed) {
        return n;
    }
    if (k->c->list_count == k->list_cap) {
        size_t cap = k->list_cap ? k->list_cap * 2 : 256;
        const fp_values_t **grown = realloc(k->c->lists, cap * sizeof *grown);
        if (!grown) {
            k->failed = true;
            return n;
        }
        k->c->lists = grown;
        k->list_cap = cap;
    }
    k->c->lists[k->c->list_count++] = v;
    return n;
}

static uint32_t add_constraint(compiler_t *k, const fp_constraint_t *constraint)
{
    bool fresh, is_union = constraint->type == FP_UNION;
    const void *key = is_union ? (const void *)constraint->members : constraint->values;
    uint32_t n = number(k, &k->constraints, key, k->c->constraint_count, &fresh);
    if (!fresh || k->failed) {
        return n;
    }
    k->c->constraint_count++;
    for (size_t i = 0; i < (is_union ? constraint->member_count : 1); i++) {
        const fp_values_t *v = is_union ? constraint->members[i] : constraint->values;
        push(k, &k->list_constraints, add_list(k, v), n);
    }
    return n;
}

static void add_set(compiler_t *k, const fp_set_t *set)
{
    compiled_t *c = k->c;
    if (!set->count || k->failed) {
        return;
    }
    slice_t key = slice_of((const char *)&set->constraints, sizeof set->constraints);
    if (table_get(&c->set_ids, key)) {
        return;
    }
    /* Sized by the caller: the table points into the array. */
    uint32_t id = (uint32_t)c->set_count++;
    c->sets[id] = set;
    c->needs[id] = (uint32_t)set->count;
    k->failed |= table_put(&c->set_ids, key, &c->sets[id], NULL) != ERR_OK;
    for (size_t i = 0; i < set->count && !k->failed; i++) {
        push(k, &k->constraint_sets, add_constraint(k, &set->constraints[i]), id);
    }
}

/* Pairs grouped by their first part: a counting sort, so that the order of the second part stays.
 */
static bool make_fan(const pairs_t *pairs, size_t count, fan_t *out)
{
    out->count = count;
    out->first = calloc(count + 2, sizeof *out->first);
    out->others = malloc((pairs->count + 1) * sizeof *out->others);
    if (!out->first || !out->others) {
        return false;
    }
    for (size_t i = 0; i < pairs->count; i++) {
        out->first[pairs->items[i].from + 2]++;
    }
    for (size_t i = 2; i < count + 2; i++) {
        out->first[i] += out->first[i - 1];
    }
    for (size_t i = 0; i < pairs->count; i++) {
        out->others[out->first[pairs->items[i].from + 1]++] = pairs->items[i].to;
    }
    return true;
}

static size_t count_sets(const model_t *model)
{
    size_t n = 2 * model->footprint_count;
    for (size_t i = 0; i < model->advertisement_count; i++) {
        n += model->advertisements[i].count;
    }
    return n;
}

static void add_all(compiler_t *k, const model_t *model)
{
    for (size_t i = 0; i < model->footprint_count; i++) {
        for (size_t s = 0; s < model->footprints[i].set_count; s++) {
            add_set(k, &model->footprints[i].sets[s]);
        }
    }
    for (size_t i = 0; i < model->advertisement_count; i++) {
        for (size_t o = 0; o < model->advertisements[i].count; o++) {
            add_set(k, &model->advertisements[i].objects[o].footprints);
        }
    }
}

/*
 * Most sets have one constraint only: these a list makes true by itself, without any counting. What
 * is left are the constraints of sets that have several.
 */
static bool split(compiler_t *k, const fan_t *lists, const fan_t *constraints)
{
    compiled_t *c = k->c;
    pairs_t alone = {0}, by_list = {0}, by_constraint = {0};
    for (uint32_t l = 0; l < lists->count; l++) {
        for (uint32_t i = lists->first[l]; i < lists->first[l + 1]; i++) {
            uint32_t constraint = lists->others[i];
            bool beside = false;
            for (uint32_t n = constraints->first[constraint];
                 n < constraints->first[constraint + 1]; n++) {
                uint32_t set = constraints->others[n];
                if (c->needs[set] == 1) {
                    push(k, &alone, l, set);
                } else {
                    beside = true;
                }
            }
            if (beside) {
                push(k, &by_list, l, constraint);
            }
        }
    }
    for (uint32_t n = 0; n < constraints->count; n++) {
        for (uint32_t i = constraints->first[n]; i < constraints->first[n + 1]; i++) {
            if (c->needs[constraints->others[i]] > 1) {
                push(k, &by_constraint, n, constraints->others[i]);
            }
        }
    }
    bool ok = !k->failed && make_fan(&alone, lists->count, &c->alone) &&
              make_fan(&by_list, lists->count, &c->by_list) &&
              make_fan(&by_constraint, constraints->count, &c->by_constraint);
    free(alone.items);
    free(by_list.items);
    free(by_constraint.items);
    return ok;
}

static void fan_release(fan_t *fan)
{
    free(fan->first);
    free(fan->others);
}

static bool make_fans(compiler_t *k)
{
    fan_t lists = {0}, constraints = {0};
    bool ok = make_fan(&k->list_constraints, k->c->list_count, &lists) &&
              make_fan(&k->constraint_sets, k->c->constraint_count, &constraints) &&
              split(k, &lists, &constraints);
    fan_release(&lists);
    fan_release(&constraints);
    return ok;
}

err_t compile(const model_t *model, compiled_t *out)
{
    *out = (compiled_t){0};
    compiler_t k = {.c = out};
    arena_init(&k.arena, 0);
    size_t most = count_sets(model) + 1;
    out->sets = calloc(most, sizeof *out->sets);
    out->needs = calloc(most, sizeof *out->needs);
    k.failed = !out->sets || !out->needs;
    if (!k.failed) {
        add_all(&k, model);
    }
    k.failed = k.failed || !make_fans(&k);
    out->constraint_round = calloc(out->constraint_count + 1, sizeof *out->constraint_round);
    out->set_round = calloc(out->set_count + 1, sizeof *out->set_round);
    out->set_hits = calloc(out->set_count + 1, sizeof *out->set_hits);
    out->found_bits = calloc(out->set_count / 64 + 1, sizeof *out->found_bits);
    out->word_bits = calloc(out->set_count / 64 / 64 + 1, sizeof *out->word_bits);
    out->found = calloc(out->set_count + 1, sizeof *out->found);
    k.failed = k.failed || !out->constraint_round || !out->set_round || !out->set_hits ||
               !out->found_bits || !out->word_bits || !out->found;
    free(k.list_constraints.items);
    free(k.constraint_sets.items);
    table_release(&k.lists);
    table_release(&k.constraints);
    arena_release(&k.arena);
    if (k.failed) {
        compiled_release(out);
    }
    return k.failed ? ERR_NOMEM : ERR_OK;
}

void compiled_release(compiled_t *c)
{
    free(c->lists);
    free(c->sets);
    free(c->needs);
    fan_release(&c->alone);
    fan_release(&c->by_list);
    fan_release(&c->by_constraint);
    free(c->constraint_round);
    free(c->set_round);
    free(c->set_hits);
    free(c->found_bits);
    free(c->word_bits);
    free(c->found);
    table_release(&c->set_ids);
    *c = (compiled_t){0};
}
