#include "project.h"

#include "sweep.h"

#include <stdlib.h>

/* One value of one list. */
typedef struct mention {
    uint64_t value;
    uint32_t list;
} mention_t;

/* All values of a type, for look-ups by value. */
typedef struct mentions {
    mention_t *items;
    size_t count;
} mentions_t;

static int cmp_mention(const void *px, const void *py)
{
    const mention_t *x = px, *y = py;
    if (x->value != y->value) {
        return x->value < y->value ? -1 : 1;
    }
    return x->list < y->list ? -1 : x->list > y->list;
}

static bool mentions_init(mentions_t *m, const compiled_t *c, fp_type_t type)
{
    size_t total = 0;
    *m = (mentions_t){0};
    for (size_t i = 0; i < c->list_count; i++) {
        total += c->lists[i]->type == type ? c->lists[i]->count : 0;
    }
    m->items = malloc((total + 1) * sizeof *m->items);
    if (!m->items) {
        return false;
    }
    for (size_t i = 0; i < c->list_count; i++) {
        const fp_values_t *v = c->lists[i];
        for (size_t k = 0; v->type == type && k < v->count; k++) {
            uint64_t value = type == FP_ASN ? v->u.asn[k] : v->u.code[k];
            m->items[m->count++] = (mention_t){value, (uint32_t)i};
        }
    }
    qsort(m->items, m->count, sizeof *m->items, cmp_mention);
    return true;
}

static void mentions_add(const mentions_t *m, uint64_t value, buf_t *out)
{
    size_t low = 0, high = m->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (m->items[middle].value < value) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < m->count && m->items[low].value == value; low++) {
        buf_append(out, &m->items[low].list, sizeof m->items[low].list);
    }
}

static int cmp_id(const void *px, const void *py)
{
    uint32_t x = *(const uint32_t *)px, y = *(const uint32_t *)py;
    return x < y ? -1 : x > y;
}

/* The ids in the buffer as an interned set. */
static err_t intern(sets_t *sets, buf_t *ids, uint32_t *out)
{
    if (buf_failed(ids)) {
        return ERR_NOMEM;
    }
    uint32_t *list = (uint32_t *)(void *)ids->ptr;
    size_t count = ids->len / sizeof *list, kept = count ? 1 : 0;
    if (count > 1) {
        qsort(list, count, sizeof *list, cmp_id);
    }
    for (size_t i = 1; i < count; i++) {
        if (list[i] != list[kept - 1]) {
            list[kept++] = list[i];
        }
    }
    return sets_intern(sets, list, kept, out);
}

/* For each record of the table, the set of lists that it matches. */
static err_t match_records(const compiled_t *c, const geo_table_t *table, sets_t *sets,
                           uint32_t *out)
{
    mentions_t countries = {0}, subdivisions = {0}, asns = {0};
    buf_t ids = BUF_INIT;
    err_t err = ERR_OK;
    if (!mentions_init(&countries, c, FP_COUNTRYCODE) ||
        !mentions_init(&subdivisions, c, FP_SUBDIVISIONCODE) || !mentions_init(&asns, c, FP_ASN)) {
        err = ERR_NOMEM;
    }
    for (size_t i = 0; i < table->record_count && !err; i++) {
        const geo_record_t *r = &table->records[i];
        buf_clear(&ids);
        if (r->country) {
            mentions_add(&countries, r->country, &ids);
        }
        for (size_t s = 0; s < r->subdivision_count; s++) {
            mentions_add(&subdivisions, r->subdivisions[s], &ids);
        }
        if (r->has_asn) {
            mentions_add(&asns, r->asn, &ids);
        }
        err = intern(sets, &ids, &out[i]);
    }
    free(countries.items);
    free(subdivisions.items);
    free(asns.items);
    buf_release(&ids);
    return err;
}

err_t project_geo(const compiled_t *c, const geo_table_t *table, family_t family, sets_t *sets,
                  join_ranges_t *out)
{
    uint32_t *by_record = calloc(table->record_count + 1, sizeof *by_record);
    err_t err = by_record ? match_records(c, table, sets, by_record) : ERR_NOMEM;
    size_t count = family == FAMILY_IPV4 ? table->v4.count : table->v6.count;
    for (size_t i = 0; i < count && !err; i++) {
        u128_t start = family == FAMILY_IPV4 ? (u128_t){0, table->v4.start[i]} : table->v6.start[i];
        uint32_t record = family == FAMILY_IPV4 ? table->v4.record[i] : table->v6.record[i];
        err = join_ranges_append(out, start, by_record[record]);
    }
    free(by_record);
    return err;
}

/* Values are the numbers of PIDs in the map; a PID that the map does not have is left out. */
static bool mentions_init_pids(mentions_t *m, const compiled_t *c, const model_network_map_t *map)
{
    size_t total = 0;
    *m = (mentions_t){0};
    for (size_t i = 0; i < c->list_count; i++) {
        total += c->lists[i]->type == FP_ALTOPID ? c->lists[i]->count : 0;
    }
    m->items = malloc((total + 1) * sizeof *m->items);
    if (!m->items) {
        return false;
    }
    for (size_t i = 0; i < c->list_count; i++) {
        const fp_values_t *v = c->lists[i];
        /* Both are ascending by bytes: one walk through the map for each list. */
        for (size_t k = 0, p = 0; v->type == FP_ALTOPID && k < v->count && p < map->pid_count;) {
            int cmp = slice_cmp(map->pids[p].name, v->u.pid[k]);
            if (cmp == 0) {
                m->items[m->count++] = (mention_t){p, (uint32_t)i};
            }
            p += cmp <= 0;
            k += cmp >= 0;
        }
    }
    qsort(m->items, m->count, sizeof *m->items, cmp_mention);
    return true;
}

err_t project_pids(const compiled_t *c, const model_network_map_t *map, family_t family,
                   sets_t *sets, join_ranges_t *out)
{
    uint32_t *by_pid = calloc(map->pid_count + 1, sizeof *by_pid);
    mentions_t mentions = {0};
    buf_t ids = BUF_INIT;
    err_t err = by_pid && mentions_init_pids(&mentions, c, map) ? ERR_OK : ERR_NOMEM;
    for (size_t p = 0; p < map->pid_count && !err; p++) {
        buf_clear(&ids);
        mentions_add(&mentions, p, &ids);
        err = intern(sets, &ids, &by_pid[p]);
    }
    if (!err) {
        err = mentions.count ? sweep_pids(map, family, by_pid, 0, out)
                             : project_nothing(family, out);
    }
    free(mentions.items);
    buf_release(&ids);
    free(by_pid);
    return err;
}

err_t project_mentioned(const compiled_t *c, fp_type_t type, const model_network_map_t *map,
                        sets_t *sets, mentioned_t **out, size_t *count)
{
    mentions_t m = {0};
    buf_t ids = BUF_INIT;
    *count = 0;
    *out = NULL;
    bool ok = type == FP_ALTOPID ? mentions_init_pids(&m, c, map) : mentions_init(&m, c, type);
    mentioned_t *list = ok ? calloc(m.count + 1, sizeof *list) : NULL;
    err_t err = list ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < m.count && !err; i++) {
        if (i && m.items[i].value == m.items[i - 1].value) {
            continue;
        }
        buf_clear(&ids);
        mentions_add(&m, m.items[i].value, &ids);
        list[*count].value = m.items[i].value;
        err = intern(sets, &ids, &list[*count].set);
        *count += !err;
    }
    free(m.items);
    buf_release(&ids);
    if (err) {
        free(list);
        return err;
    }
    *out = list;
    return ERR_OK;
}

err_t project_nothing(family_t family, join_ranges_t *out)
{
    (void)family;
    return join_ranges_append(out, (u128_t){0, 0}, 0);
}
