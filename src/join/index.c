#include "footprintd/join/index.h"

#include "merge.h"
#include "project.h"
#include "sweep.h"

#include <stdlib.h>

/* Three databases, the prefixes of footprints, and the PIDs of the default network map. */
#define PART_CIDR (ATTRIBUTE_SOURCE_COUNT)
#define PART_PID  (ATTRIBUTE_SOURCE_COUNT + 1)
#define PARTS     (ATTRIBUTE_SOURCE_COUNT + 2)

typedef struct joiner {
    const model_t *model;
    const attributes_t *attributes;
    join_index_t *index;
    compiled_t compiled;
    sets_t lists;   /* sets of list ids, of all parts */
    sets_t answers; /* sets of footprint set ids */
    tuples_t tuples;
    uint32_t *by_tuple; /* answers of the tuples that were evaluated */
    size_t by_tuple_cap;
    size_t evaluated;
} joiner_t;

static err_t make_parts(joiner_t *j, family_t family, join_ranges_t parts[PARTS])
{
    err_t err = ERR_OK;
    for (unsigned p = 0; p < PARTS; p++) {
        join_ranges_init(&parts[p], family);
    }
    for (unsigned p = 0; p < ATTRIBUTE_SOURCE_COUNT && !err; p++) {
        const geo_table_t *table = j->attributes
                                       ? attributes_table(j->attributes, (attribute_source_t)p)
                                       : NULL;
        err = table ? project_geo(&j->compiled, table, family, &j->lists, &parts[p])
                    : project_nothing(family, &parts[p]);
    }
    err = err ? err
              : sweep_lists(&j->compiled, family, &j->lists, &parts[PART_CIDR],
                            &j->index->stats.prefixes);
    return err ? err
               : project_pids(&j->compiled, j->model->default_map, family, &j->lists,
                              &parts[PART_PID]);
}

/* The answers of all tuples that the merge has found since the last call. */
static err_t evaluate(joiner_t *j)
{
    if (j->tuples.count > j->by_tuple_cap) {
        size_t cap = j->tuples.count * 2;
        uint32_t *grown = realloc(j->by_tuple, cap * sizeof *grown);
        if (!grown) {
            return ERR_NOMEM;
        }
        j->by_tuple = grown;
        j->by_tuple_cap = cap;
    }
    for (; j->evaluated < j->tuples.count; j->evaluated++) {
        const uint32_t *groups = tuples_at(&j->tuples, (uint32_t)j->evaluated);
        size_t n = compiled_evaluate(&j->compiled, &j->lists, groups, PARTS);
        err_t err = sets_intern(&j->answers, j->compiled.found, n, &j->by_tuple[j->evaluated]);
        if (err) {
            return err;
        }
    }
    return ERR_OK;
}

static err_t join_family(joiner_t *j, family_t family)
{
    join_ranges_t parts[PARTS], joined;
    const join_ranges_t *list[PARTS];
    for (unsigned p = 0; p < PARTS; p++) {
        list[p] = &parts[p];
    }
    join_ranges_init(&joined, family);
    err_t err = make_parts(j, family, parts);
    err = err ? err : merge_ranges(list, &j->tuples, &joined);
    for (unsigned p = 0; p < PARTS; p++) {
        join_ranges_release(&parts[p]);
    }
    err = err ? err : evaluate(j);
    j->index->stats.ranges_joined += joined.count;
    join_ranges_t *out = &j->index->ranges[family];
    for (size_t i = 0; i < joined.count && !err; i++) {
        err = join_ranges_append(out, join_ranges_start(&joined, i), j->by_tuple[joined.id[i]]);
    }
    join_ranges_release(&joined);
    join_ranges_fit(out);
    return err;
}

/* ---- values and prefixes by themselves ---- */

static err_t answer_of(joiner_t *j, const uint32_t groups[PARTS], uint32_t *out)
{
    uint32_t tuple = 0;
    err_t err = tuples_intern(&j->tuples, groups, &tuple);
    err = err ? err : evaluate(j);
    *out = err ? 0 : j->by_tuple[tuple];
    return err;
}

static err_t name_values(joiner_t *j, fp_type_t type)
{
    mentioned_t *list = NULL;
    size_t count = 0;
    err_t err = project_mentioned(&j->compiled, type, j->model->default_map, &j->lists, &list,
                                  &count);
    join_named_t *named = err ? NULL : calloc(count + 1, sizeof *named);
    err = err || named ? err : ERR_NOMEM;
    for (size_t i = 0; i < count && !err; i++) {
        /* Which part the lists come from makes no difference to what they make true. */
        const uint32_t groups[PARTS] = {list[i].set};
        named[i].value = list[i].value;
        err = answer_of(j, groups, &named[i].answer);
    }
    free(list);
    j->index->named[type] = named;
    j->index->named_count[type] = err ? 0 : count;
    return err;
}

/* For each PID of the default map, the set of lists that name it; NULL when no list names a PID. */
static err_t lists_by_pid(joiner_t *j, uint32_t **out)
{
    mentioned_t *list = NULL;
    size_t count = 0;
    *out = NULL;
    err_t err = project_mentioned(&j->compiled, FP_ALTOPID, j->model->default_map, &j->lists, &list,
                                  &count);
    if (!err && count) {
        *out = calloc(j->model->default_map->pid_count, sizeof **out);
        err = *out ? ERR_OK : ERR_NOMEM;
    }
    for (size_t i = 0; i < count && !err; i++) {
        (*out)[list[i].value] = list[i].set;
    }
    free(list);
    return err;
}

static err_t declare(joiner_t *j, family_t family)
{
    join_index_t *index = j->index;
    uint32_t *by_pid = NULL;
    swept_t *swept = NULL;
    size_t count = 0;
    err_t err = lists_by_pid(j, &by_pid);
    err = err ? err
              : sweep_declared(&j->compiled, j->model->default_map, by_pid, family,
                               JOIN_DECLARED_MOST, &j->lists, &swept, &count);
    join_declared_t *list = !err && swept ? calloc(count + 1, sizeof *list) : NULL;
    err = !err && swept && !list ? ERR_NOMEM : err;
    for (size_t i = 0; list && i < count && !err; i++) {
        const uint32_t groups[PARTS] = {[PART_CIDR] = swept[i].lists, [PART_PID] = swept[i].pids};
        list[i].prefix = swept[i].prefix;
        err = answer_of(j, groups, &list[i].answer);
    }
    index->declared[family] = list;
    index->declared_count[family] = count;
    free(by_pid);
    free(swept);
    return err;
}

static err_t name_all(joiner_t *j)
{
    static const fp_type_t types[] = {FP_ASN, FP_COUNTRYCODE, FP_SUBDIVISIONCODE, FP_ALTOPID};
    err_t err = ERR_OK;
    for (size_t i = 0; i < sizeof types / sizeof *types && !err; i++) {
        err = name_values(j, types[i]);
    }
    err = err ? err : declare(j, FAMILY_IPV4);
    return err ? err : declare(j, FAMILY_IPV6);
}

uint32_t join_answer_named(const join_index_t *index, fp_type_t type, uint64_t value)
{
    const join_named_t *named = index->named[type];
    size_t low = 0, high = index->named_count[type];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (named[middle].value < value) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < index->named_count[type] && named[low].value == value ? named[low].answer : 0;
}

/* The pools become the index's; what is left of them is released. */
static void keep_answers(joiner_t *j)
{
    join_index_t *index = j->index;
    index->answer_offsets = j->answers.offsets;
    index->answer_sets = j->answers.members;
    index->answer_count = j->answers.count;
    j->answers.offsets = NULL;
    j->answers.members = NULL;
    index->sets = j->compiled.sets;
    index->set_count = j->compiled.set_count;
    index->set_ids = j->compiled.set_ids;
    j->compiled.sets = NULL;
    j->compiled.set_ids = (table_t)TABLE_INIT;
    index->stats.classes = j->tuples.count;
}

static err_t build(joiner_t *j)
{
    err_t err = compile(j->model, &j->compiled);
    err = err ? err : sets_init(&j->lists);
    err = err ? err : sets_init(&j->answers);
    err = err ? err : tuples_init(&j->tuples, PARTS);
    err = err ? err : join_family(j, FAMILY_IPV4);
    err = err ? err : join_family(j, FAMILY_IPV6);
    err = err ? err : name_all(j);
    if (!err) {
        keep_answers(j);
        err = trie4_build(&j->index->ranges[FAMILY_IPV4], &j->index->table4);
    }
    return err ? err : trie6_build(&j->index->ranges[FAMILY_IPV6], &j->index->table6);
}

err_t join_build(const model_t *model, const attributes_t *attributes, join_index_t **out)
{
    joiner_t j = {.model = model, .attributes = attributes};
    j.index = calloc(1, sizeof *j.index);
    if (!j.index) {
        return ERR_NOMEM;
    }
    join_ranges_init(&j.index->ranges[FAMILY_IPV4], FAMILY_IPV4);
    join_ranges_init(&j.index->ranges[FAMILY_IPV6], FAMILY_IPV6);
    err_t err = build(&j);
    compiled_release(&j.compiled);
    sets_release(&j.lists);
    sets_release(&j.answers);
    tuples_release(&j.tuples);
    free(j.by_tuple);
    if (err) {
        join_free(j.index);
        return err;
    }
    *out = j.index;
    return ERR_OK;
}

void join_free(join_index_t *index)
{
    if (!index) {
        return;
    }
    trie_release(&index->table4.t);
    trie_release(&index->table6.t);
    join_ranges_release(&index->ranges[FAMILY_IPV4]);
    join_ranges_release(&index->ranges[FAMILY_IPV6]);
    for (unsigned i = 0; i < FP_TYPE_COUNT; i++) {
        free(index->named[i]);
    }
    free(index->declared[FAMILY_IPV4]);
    free(index->declared[FAMILY_IPV6]);
    free(index->answer_offsets);
    free(index->answer_sets);
    free(index->sets);
    table_release(&index->set_ids);
    free(index);
}

uint32_t join_set_id(const join_index_t *index, const fp_set_t *set)
{
    const fp_set_t *const *found = table_get(
        &index->set_ids, slice_of((const char *)&set->constraints, sizeof set->constraints));
    return found ? (uint32_t)(found - index->sets) : UINT32_MAX;
}

prefix_t join_scope(const join_index_t *index, const addr_t *addr)
{
    const join_ranges_t *r = &index->ranges[addr->family];
    u128_t a = addr->family == FAMILY_IPV4 ? (u128_t){0, addr->u.v4} : addr->u.v6;
    return join_ranges_scope(r, join_ranges_find(r, a), a);
}
