#include "difference_parts.h"

/* Of the documents, or the one that is there when they have none; none when there is nothing. */
typedef struct maps {
    const model_network_map_t *items;
    size_t count;
} maps_t;

static maps_t all_maps(const model_t *m)
{
    if (m->network_map_count) {
        return (maps_t){m->network_maps, m->network_map_count};
    }
    return (maps_t){m->implicit_map, m->implicit_map ? 1 : 0};
}

static const fp_values_t *prefixes(difference_work_t *w, const model_pid_t *pid, fp_type_t type)
{
    size_t count = !pid ? 0 : type == FP_IPV4CIDR ? pid->v4_count : pid->v6_count;
    fp_values_t *v = count ? arena_alloc(w->arena, sizeof *v) : NULL;
    if (v) {
        *v = (fp_values_t){.type = type, .count = count};
        if (type == FP_IPV4CIDR) {
            v->u.v4 = pid->v4;
        } else {
            v->u.v6 = pid->v6;
        }
    }
    return v;
}

/* Nothing is allocated for the many that are the same. */
static bool same_prefixes(const model_pid_t *x, const model_pid_t *y)
{
    fp_values_t x4 = {FP_IPV4CIDR, x->v4_count, {.v4 = x->v4}};
    fp_values_t y4 = {FP_IPV4CIDR, y->v4_count, {.v4 = y->v4}};
    fp_values_t x6 = {FP_IPV6CIDR, x->v6_count, {.v6 = x->v6}};
    fp_values_t y6 = {FP_IPV6CIDR, y->v6_count, {.v6 = y->v6}};
    return !fp_values_cmp(&x4, &y4) && !fp_values_cmp(&x6, &y6);
}

static void compare_prefixes(difference_work_t *w, difference_pid_t *pid)
{
    difference_values_t *values = arena_array(w->arena, FAMILY_COUNT, sizeof *values);
    pid->values = values;
    for (unsigned f = 0; values && f < FAMILY_COUNT; f++) {
        fp_type_t type = f == FAMILY_IPV4 ? FP_IPV4CIDR : FP_IPV6CIDR;
        const fp_values_t *before = prefixes(w, pid->before, type);
        const fp_values_t *after = prefixes(w, pid->after, type);
        pid->value_count += difference_values_make(w, type, before, after,
                                                   &values[pid->value_count]);
    }
}

static void add_pid(difference_work_t *w, const model_pid_t *x, const model_pid_t *y,
                    difference_map_t *map, difference_pid_t *list)
{
    if (x && y && same_prefixes(x, y)) {
        return;
    }
    *(x && y ? &map->tally.changed : x ? &map->tally.removed : &map->tally.added) += 1;
    if (list && map->pid_count < w->d->options.listed) {
        difference_pid_t *pid = &list[map->pid_count++];
        *pid = (difference_pid_t){.before = x, .after = y};
        compare_prefixes(w, pid);
    }
}

static void compare_pids(difference_work_t *w, difference_map_t *map)
{
    size_t x_count = map->before ? map->before->pid_count : 0;
    size_t y_count = map->after ? map->after->pid_count : 0;
    size_t most = x_count + y_count;
    most = most < w->d->options.listed ? most : w->d->options.listed;
    difference_pid_t *list = arena_array(w->arena, most + 1, sizeof *list);
    map->pids = list;
    size_t i = 0, k = 0;
    while (i < x_count || k < y_count) {
        const model_pid_t *x = i < x_count ? &map->before->pids[i] : NULL;
        const model_pid_t *y = k < y_count ? &map->after->pids[k] : NULL;
        int cmp = !x ? 1 : !y ? -1 : slice_cmp(x->name, y->name);
        add_pid(w, cmp <= 0 ? x : NULL, cmp >= 0 ? y : NULL, map, list);
        i += cmp <= 0;
        k += cmp >= 0;
    }
}

void difference_maps_make(difference_work_t *w)
{
    difference_t *d = w->d;
    maps_t before = all_maps(difference_model_before(d));
    maps_t after = all_maps(difference_model_after(d));
    difference_map_t *maps = arena_array(w->arena, before.count + after.count + 1, sizeof *maps);
    d->maps = maps;
    size_t b = 0, a = 0;
    while (maps && (b < before.count || a < after.count)) {
        const model_network_map_t *x = b < before.count ? &before.items[b] : NULL;
        const model_network_map_t *y = a < after.count ? &after.items[a] : NULL;
        int cmp = !x ? 1 : !y ? -1 : slice_cmp(x->id, y->id);
        difference_map_t *map = &maps[d->map_count];
        *map = (difference_map_t){.before = cmp <= 0 ? x : NULL, .after = cmp >= 0 ? y : NULL};
        map->audience = cmp == 0 && !difference_same_audience(d, x->document, y->document);
        compare_pids(w, map);
        bool whole = cmp != 0 || x->is_default != y->is_default || map->audience;
        d->map_count += whole || difference_tally_sum(map->tally);
        b += cmp <= 0;
        a += cmp >= 0;
    }
}
