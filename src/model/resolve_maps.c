#include "builder.h"

#include "footprintd/base/suggest.h"
#include "footprintd/net/range.h"

#include <stdlib.h>

static int cmp_pid(const void *x, const void *y)
{
    const pid_draft_t *a = *(void *const *)x, *b = *(void *const *)y;
    return slice_cmp(a->pid.name, b->pid.name);
}

static pid_draft_t *pid_default(builder_t *b, network_map_draft_t *map)
{
    for (size_t i = 0; i < map->pids.count; i++) {
        pid_draft_t *pid = map->pids.items[i];
        if (slice_is(pid->pid.name, MODEL_PID_DEFAULT)) {
            return pid;
        }
    }
    pid_draft_t *pid = builder_alloc(b, 1, sizeof *pid);
    if (pid) {
        pid->pid.name = SLICE_LIT(MODEL_PID_DEFAULT);
        builder_push(b, &map->pids, pid);
    }
    return pid;
}

/* The whole family goes to pid-default: every longer prefix wins over it (RFC 7285 11.2.2). */
static void complete(builder_t *b, network_map_draft_t *map, family_t family)
{
    pid_draft_t *pid = pid_default(b, map);
    if (!pid) {
        return;
    }
    if (family == FAMILY_IPV4) {
        prefix4_t *all = builder_alloc(b, pid->pid.v4_count + 1, sizeof *all);
        if (all) {
            if (pid->pid.v4_count) {
                memcpy(all + 1, pid->pid.v4, pid->pid.v4_count * sizeof *all);
            }
            pid->pid.v4 = all;
            pid->pid.v4_count++;
        }
    } else {
        prefix6_t *all = builder_alloc(b, pid->pid.v6_count + 1, sizeof *all);
        if (all) {
            if (pid->pid.v6_count) {
                memcpy(all + 1, pid->pid.v6, pid->pid.v6_count * sizeof *all);
            }
            pid->pid.v6 = all;
            pid->pid.v6_count++;
        }
    }
}

/* One prefix of a map with its PID, for finding the same prefix in two PIDs. */
typedef struct owned {
    prefix_t prefix;
    const pid_draft_t *pid;
} owned_t;

static int cmp_owned(const void *x, const void *y)
{
    const owned_t *a = x, *b = y;
    if (a->prefix.family != b->prefix.family) {
        return a->prefix.family < b->prefix.family ? -1 : 1;
    }
    int cmp = a->prefix.family == FAMILY_IPV4 ? prefix_cmp_v4(a->prefix.u.v4, b->prefix.u.v4)
                                              : prefix_cmp_v6(a->prefix.u.v6, b->prefix.u.v6);
    return cmp ? cmp : slice_cmp(a->pid->pid.name, b->pid->pid.name);
}

static owned_t *gather(const network_map_draft_t *map, size_t *count)
{
    size_t total = 0, n = 0;
    for (size_t i = 0; i < map->pids.count; i++) {
        const pid_draft_t *pid = map->pids.items[i];
        total += pid->pid.v4_count + pid->pid.v6_count;
    }
    owned_t *all = calloc(total + 1, sizeof *all);
    for (size_t i = 0; all && i < map->pids.count; i++) {
        const pid_draft_t *pid = map->pids.items[i];
        for (size_t k = 0; k < pid->pid.v4_count; k++) {
            all[n++] = (owned_t){{FAMILY_IPV4, .u.v4 = pid->pid.v4[k]}, pid};
        }
        for (size_t k = 0; k < pid->pid.v6_count; k++) {
            all[n++] = (owned_t){{FAMILY_IPV6, .u.v6 = pid->pid.v6[k]}, pid};
        }
    }
    *count = total;
    return all;
}

static void find_shared(builder_t *b, const network_map_draft_t *map, const owned_t *all,
                        size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const owned_t *x = &all[i - 1], *y = &all[i];
        bool same = x->prefix.family == y->prefix.family &&
                    (x->prefix.family == FAMILY_IPV4
                         ? !prefix_cmp_v4(x->prefix.u.v4, y->prefix.u.v4)
                         : !prefix_cmp_v6(x->prefix.u.v6, y->prefix.u.v6));
        if (!same || x->pid == y->pid) {
            continue;
        }
        const pid_draft_t *later = x->pid->line > y->pid->line ? x->pid : y->pid;
        const pid_draft_t *earlier = later == x->pid ? y->pid : x->pid;
        char text[PREFIX_TEXT_MAX];
        (void)prefix_format(&y->prefix, text);
        slice_t pointer = arena_printf(b->arena, "/network-maps/%.*s/pids/%.*s", SLICE_ARG(map->id),
                                       SLICE_ARG(later->pid.name));
        findings_add(b->findings, FINDING_DUPLICATE_PREFIX,
                     builder_place(b, map->document, later->line, later->column), pointer,
                     (slice_t){0}, "%s is in PID '%.*s' already (line %u): a prefix has one PID",
                     text, SLICE_ARG(earlier->pid.name), earlier->line);
    }
}

static void check_coverage(builder_t *b, network_map_draft_t *map, const owned_t *all, size_t count)
{
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        range_set_t set;
        range_set_init(&set, (family_t)family);
        bool any = false;
        for (size_t i = 0; i < count; i++) {
            if (all[i].prefix.family == (family_t)family) {
                any = true;
                b->failed |= range_set_add_prefix(&set, &all[i].prefix) != ERR_OK;
            }
        }
        if (any && !range_set_is_full(&set) && !b->failed) {
            slice_t pointer = arena_printf(b->arena, "/network-maps/%.*s", SLICE_ARG(map->id));
            const char *whole = family == FAMILY_IPV4 ? "0.0.0.0/0" : "::/0";
            findings_add(b->findings, FINDING_COMPLETED,
                         builder_place(b, map->document, map->line, map->column), pointer,
                         (slice_t){0},
                         "the map covers a part of IPv%d only: %s is added to PID '%s'",
                         family == FAMILY_IPV4 ? 4 : 6, whole, MODEL_PID_DEFAULT);
            complete(b, map, (family_t)family);
        }
        range_set_release(&set);
    }
}

static void check_map(builder_t *b, network_map_draft_t *map)
{
    size_t count = 0;
    resolve_pid_footprints(b, map);
    owned_t *all = gather(map, &count);
    if (!all) {
        b->failed = true;
        return;
    }
    sort_items(all, count, sizeof *all, cmp_owned);
    find_shared(b, map, all, count);
    check_coverage(b, map, all, count);
    free(all);
}

static void make_map(builder_t *b, network_map_draft_t *draft, model_network_map_t *map)
{
    sort_items(draft->pids.items, draft->pids.count, sizeof(void *), cmp_pid);
    model_pid_t *pids = builder_alloc(b, draft->pids.count, sizeof *pids);
    for (size_t i = 0; pids && i < draft->pids.count; i++) {
        pids[i] = ((const pid_draft_t *)draft->pids.items[i])->pid;
    }
    map->id = draft->id;
    map->document = draft->document;
    map->is_default = draft->is_default;
    map->pids = pids;
    map->pid_count = pids ? draft->pids.count : 0;
}

/* What a directory without a network map, or a view that shows none, gets. */
static void make_implicit(builder_t *b)
{
    static const prefix4_t all4 = {0, 0};
    static const prefix6_t all6 = {{0, 0}, 0};
    model_network_map_t *map = builder_alloc(b, 1, sizeof *map);
    model_pid_t *pid = builder_alloc(b, 1, sizeof *pid);
    if (!map || !pid) {
        return;
    }
    *pid = (model_pid_t){SLICE_LIT(MODEL_PID_DEFAULT), &all4, 1, &all6, 1};
    *map = (model_network_map_t){SLICE_LIT(MODEL_NETWORK_MAP), UINT32_MAX, true, pid, 1};
    b->model->implicit_map = map;
}

static void check_default(builder_t *b)
{
    const network_map_draft_t *first = NULL;
    size_t defaults = 0;
    for (size_t i = 0; i < b->network_map_list.count; i++) {
        const network_map_draft_t *map = b->network_map_list.items[i];
        if (!map->is_default) {
            continue;
        }
        if (defaults++) {
            findings_add(b->findings, FINDING_DEFAULT_MAP,
                         builder_place(b, map->document, map->default_line, map->default_column),
                         arena_printf(b->arena, "/network-maps/%.*s/default", SLICE_ARG(map->id)),
                         (slice_t){0}, "network map '%.*s' is the default already (%.*s:%u)",
                         SLICE_ARG(first->id), SLICE_ARG(b->documents[first->document].made.file),
                         first->default_line);
        } else {
            first = map;
        }
    }
    if (b->network_map_list.count == 1) {
        ((network_map_draft_t *)b->network_map_list.items[0])->is_default = true;
    } else if (b->network_map_list.count && !defaults) {
        const network_map_draft_t *map = b->network_map_list.items[0];
        findings_add(b->findings, FINDING_DEFAULT_MAP,
                     builder_place(b, map->document, map->line, map->column),
                     arena_printf(b->arena, "/network-maps/%.*s", SLICE_ARG(map->id)), (slice_t){0},
                     "there are %zu network maps and none says 'default: true'",
                     b->network_map_list.count);
    }
}

static int cmp_map(const void *x, const void *y)
{
    return slice_cmp(((const model_network_map_t *)x)->id, ((const model_network_map_t *)y)->id);
}

bool resolve_network_maps(builder_t *b)
{
    make_implicit(b);
    check_default(b);
    size_t count = b->network_map_list.count;
    model_network_map_t *maps = builder_alloc(b, count, sizeof *maps);
    if (b->failed) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        network_map_draft_t *draft = b->network_map_list.items[i];
        check_map(b, draft);
        make_map(b, draft, &maps[i]);
    }
    sort_items(maps, count, sizeof *maps, cmp_map);
    b->model->network_maps = maps;
    b->model->network_map_count = count;
    b->model->default_map = b->model->implicit_map;
    for (size_t i = 0; i < count; i++) {
        if (maps[i].is_default) {
            b->model->default_map = &maps[i];
        }
    }
    return !b->failed;
}
