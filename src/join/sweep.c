#include "sweep.h"

#include "pieces.h"

#include <stdlib.h>

/* An enclosing prefix that is still open. */
typedef struct open {
    wide_t last;
    uint32_t id;
} open_t;

typedef struct sweep {
    piece_t *pieces;
    size_t count;
    family_t family;
    join_ranges_t *out;
    open_t stack[130]; /* nested prefixes have distinct lengths */
    size_t depth;
    uint32_t outside; /* the id where no prefix is open */
} sweep_t;

static wide_t last_of(const piece_t *p)
{
    return p->len ? piece_base(p) | ~(WIDE_MAX << (128 - p->len)) : WIDE_MAX;
}

static u128_t address(const sweep_t *s, wide_t key)
{
    return wide_to_u128(s->family == FAMILY_IPV4 ? key >> 96 : key);
}

static uint32_t current(const sweep_t *s)
{
    return s->depth ? s->stack[s->depth - 1].id : s->outside;
}

/* Closes what ends before `key`: behind it, the enclosing prefix goes on. */
static err_t close_before(sweep_t *s, wide_t key)
{
    while (s->depth && s->stack[s->depth - 1].last < key) {
        wide_t last = s->stack[--s->depth].last;
        err_t err = join_ranges_append(s->out, address(s, last + 1), current(s));
        if (err) {
            return err;
        }
    }
    return ERR_OK;
}

static err_t close_all(sweep_t *s)
{
    while (s->depth) {
        wide_t last = s->stack[--s->depth].last;
        err_t err = last == WIDE_MAX ? ERR_OK
                                     : join_ranges_append(s->out, address(s, last + 1), current(s));
        if (err) {
            return err;
        }
    }
    return ERR_OK;
}

static err_t open_piece(sweep_t *s, const piece_t *p, uint32_t id)
{
    s->stack[s->depth++] = (open_t){last_of(p), id};
    return join_ranges_append(s->out, address(s, piece_base(p)), id);
}

static err_t begin(sweep_t *s, uint32_t outside)
{
    s->outside = outside;
    pieces_sort(s->pieces, s->count);
    return join_ranges_append(s->out, (u128_t){0, 0}, outside);
}

/* ---- lists ---- */

static bool gather_lists(sweep_t *s, const compiled_t *c, fp_type_t type, size_t more)
{
    size_t total = more;
    for (size_t i = 0; i < c->list_count; i++) {
        total += c->lists[i]->type == type ? c->lists[i]->count : 0;
    }
    s->pieces = malloc((total + 1) * sizeof *s->pieces);
    if (!s->pieces) {
        return false;
    }
    for (size_t i = 0; i < c->list_count; i++) {
        const fp_values_t *v = c->lists[i];
        for (size_t k = 0; v->type == type && k < v->count; k++) {
            s->pieces[s->count++] = type == FP_IPV4CIDR ? piece_v4(v->u.v4[k], (uint32_t)i)
                                                        : piece_v6(v->u.v6[k], (uint32_t)i);
        }
    }
    return true;
}

static int cmp_id(const void *px, const void *py)
{
    uint32_t x = *(const uint32_t *)px, y = *(const uint32_t *)py;
    return x < y ? -1 : x > y;
}

/* The enclosing set with the owners of one prefix added. */
static err_t widen(sets_t *sets, uint32_t around, const piece_t *first, size_t count,
                   buf_t *scratch, uint32_t *out)
{
    size_t had;
    const uint32_t *members = sets_members(sets, around, &had);
    buf_clear(scratch);
    buf_append(scratch, members, had * sizeof *members);
    for (size_t i = 0; i < count; i++) {
        buf_append(scratch, &first[i].owner, sizeof first[i].owner);
    }
    if (buf_failed(scratch)) {
        return ERR_NOMEM;
    }
    uint32_t *ids = (uint32_t *)(void *)scratch->ptr;
    size_t total = had + count, kept = 1;
    qsort(ids, total, sizeof *ids, cmp_id);
    for (size_t i = 1; i < total; i++) {
        if (ids[i] != ids[kept - 1]) {
            ids[kept++] = ids[i];
        }
    }
    return sets_intern(sets, ids, kept, out);
}

err_t sweep_lists(const compiled_t *c, family_t family, sets_t *sets, join_ranges_t *out,
                  size_t *prefixes)
{
    sweep_t s = {.family = family, .out = out};
    buf_t scratch = BUF_INIT;
    if (!gather_lists(&s, c, family == FAMILY_IPV4 ? FP_IPV4CIDR : FP_IPV6CIDR, 0)) {
        return ERR_NOMEM;
    }
    *prefixes += s.count;
    err_t err = begin(&s, 0);
    for (size_t i = 0; i < s.count && !err;) {
        const piece_t *p = &s.pieces[i];
        size_t same = 1;
        while (i + same < s.count && piece_same_prefix(&p[same], p)) {
            same++;
        }
        uint32_t id = 0;
        err = close_before(&s, piece_base(p));
        err = err ? err : widen(sets, current(&s), p, same, &scratch, &id);
        err = err ? err : open_piece(&s, p, id);
        i += same;
    }
    err = err ? err : close_all(&s);
    buf_release(&scratch);
    free(s.pieces);
    return err;
}

/* ---- PIDs ---- */

static size_t count_pids(const model_network_map_t *map, family_t family)
{
    size_t total = 0;
    for (size_t i = 0; i < map->pid_count; i++) {
        total += family == FAMILY_IPV4 ? map->pids[i].v4_count : map->pids[i].v6_count;
    }
    return total;
}

/* owner: the number of the PID plus `base`. */
static void gather_pids(sweep_t *s, const model_network_map_t *map, uint32_t base)
{
    for (size_t i = 0; i < map->pid_count; i++) {
        const model_pid_t *pid = &map->pids[i];
        uint32_t owner = base + (uint32_t)i;
        size_t count = s->family == FAMILY_IPV4 ? pid->v4_count : pid->v6_count;
        for (size_t k = 0; k < count; k++) {
            s->pieces[s->count++] = s->family == FAMILY_IPV4 ? piece_v4(pid->v4[k], owner)
                                                             : piece_v6(pid->v6[k], owner);
        }
    }
}

err_t sweep_pids(const model_network_map_t *map, family_t family, const uint32_t *value,
                 uint32_t none, join_ranges_t *out)
{
    sweep_t s = {.family = family, .out = out};
    s.pieces = malloc((count_pids(map, family) + 1) * sizeof *s.pieces);
    if (!s.pieces) {
        return ERR_NOMEM;
    }
    gather_pids(&s, map, 0);
    err_t err = begin(&s, none);
    for (size_t i = 0; i < s.count && !err; i++) {
        err = close_before(&s, piece_base(&s.pieces[i]));
        err = err ? err : open_piece(&s, &s.pieces[i], value[s.pieces[i].owner]);
    }
    err = err ? err : close_all(&s);
    free(s.pieces);
    return err;
}

/* ---- declared prefixes ---- */

typedef struct around {
    wide_t last;
    uint32_t lists;
    uint32_t pids;
} around_t;

static prefix_t prefix_of(family_t family, const piece_t *p)
{
    prefix_t out = {.family = family};
    if (family == FAMILY_IPV4) {
        out.u.v4 = (prefix4_t){(uint32_t)(p->hi >> 32), p->len};
    } else {
        out.u.v6 = (prefix6_t){{p->hi, p->lo}, p->len};
    }
    return out;
}

static err_t sweep_pieces(const sweep_t *s, uint32_t pid_base, const uint32_t *by_pid, sets_t *sets,
                          swept_t *out, size_t *count)
{
    around_t stack[130];
    size_t depth = 0;
    buf_t scratch = BUF_INIT;
    err_t err = ERR_OK;
    for (size_t i = 0; i < s->count && !err;) {
        const piece_t *p = &s->pieces[i];
        size_t same = 1, lists = 0;
        while (i + same < s->count && piece_same_prefix(&p[same], p)) {
            same++;
        }
        while (depth && stack[depth - 1].last < piece_base(p)) {
            depth--;
        }
        around_t here = depth ? stack[depth - 1] : (around_t){0, 0, 0};
        /* Owners are sorted: lists come before PIDs. */
        while (lists < same && p[lists].owner < pid_base) {
            lists++;
        }
        if (lists) {
            err = widen(sets, here.lists, p, lists, &scratch, &here.lists);
        }
        if (lists < same) {
            here.pids = by_pid[p[lists].owner - pid_base];
        }
        here.last = last_of(p);
        stack[depth++] = here;
        out[(*count)++] = (swept_t){prefix_of(s->family, p), here.lists, here.pids};
        i += same;
    }
    buf_release(&scratch);
    return err;
}

err_t sweep_declared(const compiled_t *c, const model_network_map_t *map, const uint32_t *by_pid,
                     family_t family, size_t most, sets_t *sets, swept_t **out, size_t *count)
{
    sweep_t s = {.family = family};
    *out = NULL;
    size_t pids = by_pid ? count_pids(map, family) : 0;
    if (!gather_lists(&s, c, family == FAMILY_IPV4 ? FP_IPV4CIDR : FP_IPV6CIDR, pids)) {
        return ERR_NOMEM;
    }
    uint32_t pid_base = (uint32_t)c->list_count;
    if (by_pid) {
        gather_pids(&s, map, pid_base);
    }
    *count = s.count;
    err_t err = ERR_OK;
    if (s.count <= most) {
        pieces_sort(s.pieces, s.count);
        *out = malloc((s.count + 1) * sizeof **out);
        *count = 0;
        err = *out ? sweep_pieces(&s, pid_base, by_pid, sets, *out, count) : ERR_NOMEM;
    }
    free(s.pieces);
    if (err) {
        free(*out);
        *out = NULL;
    }
    return err;
}
