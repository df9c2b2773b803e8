#include "difference_parts.h"

#include <stdlib.h>

/* Cost maps: how many pairs of PIDs have another cost. PIDs are known by their names. */

#define NOWHERE SIZE_MAX

typedef struct pairs {
    const model_cost_map_t *before, *after;
    size_t *places; /* of each PID of after in before; NOWHERE */
    double *x, *y;  /* a row of each */
} pairs_t;

static size_t count_row(const double *row, size_t size)
{
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        count += cost_is_defined(row[i]);
    }
    return count;
}

static size_t count_all(const cost_matrix_t *m, double *row)
{
    size_t count = 0;
    for (size_t i = 0; i < m->size; i++) {
        cost_matrix_row(m, i, row);
        count += count_row(row, m->size);
    }
    return count;
}

static void find_places(pairs_t *p)
{
    const model_network_map_t *x = p->before->network_map, *y = p->after->network_map;
    size_t i = 0;
    for (size_t k = 0; k < y->pid_count; k++) {
        while (i < x->pid_count && slice_cmp(x->pids[i].name, y->pids[k].name) < 0) {
            i++;
        }
        bool there = i < x->pid_count && slice_eq(x->pids[i].name, y->pids[k].name);
        p->places[k] = there ? i : NOWHERE;
    }
}

/* Pairs that have a cost in both, and those of them that have another one. */
static size_t count_common(pairs_t *p, size_t *changed)
{
    size_t common = 0, size = p->after->costs.size;
    for (size_t i = 0; i < size; i++) {
        if (p->places[i] == NOWHERE) {
            continue;
        }
        cost_matrix_row(&p->before->costs, p->places[i], p->x);
        cost_matrix_row(&p->after->costs, i, p->y);
        for (size_t k = 0; k < size; k++) {
            double x = p->places[k] == NOWHERE ? COST_NONE : p->x[p->places[k]];
            if (cost_is_defined(x) && cost_is_defined(p->y[k])) {
                common++;
                *changed += x < p->y[k] || x > p->y[k];
            }
        }
    }
    return common;
}

static err_t compare(difference_costs_t *c)
{
    size_t before = c->before ? c->before->costs.size : 0;
    size_t after = c->after ? c->after->costs.size : 0;
    pairs_t p = {c->before, c->after, calloc(after + 1, sizeof *p.places),
                 calloc(before + 1, sizeof *p.x), calloc(after + 1, sizeof *p.y)};
    bool room = p.places && p.x && p.y;
    size_t common = 0;
    if (room && c->before && c->after) {
        find_places(&p);
        common = count_common(&p, &c->tally.changed);
    }
    if (room) {
        c->tally.removed = (c->before ? count_all(&c->before->costs, p.x) : 0) - common;
        c->tally.added = (c->after ? count_all(&c->after->costs, p.y) : 0) - common;
    }
    free(p.places);
    free(p.x);
    free(p.y);
    return room ? ERR_OK : ERR_NOMEM;
}

err_t difference_costs_make(difference_work_t *w)
{
    static const model_t nothing;
    difference_t *d = w->d;
    const model_t *m = difference_model_before(d) ? difference_model_before(d) : &nothing;
    const model_t *n = difference_model_after(d) ? difference_model_after(d) : &nothing;
    difference_costs_t *list = arena_array(w->arena, m->cost_map_count + n->cost_map_count + 1,
                                           sizeof *list);
    size_t b = 0, a = 0;
    err_t err = list ? ERR_OK : ERR_NOMEM;
    d->costs = list;
    while (!err && (b < m->cost_map_count || a < n->cost_map_count)) {
        const model_cost_map_t *x = b < m->cost_map_count ? &m->cost_maps[b] : NULL;
        const model_cost_map_t *y = a < n->cost_map_count ? &n->cost_maps[a] : NULL;
        int cmp = !x ? 1 : !y ? -1 : slice_cmp(x->id, y->id);
        difference_costs_t *c = &list[d->cost_count];
        *c = (difference_costs_t){.before = cmp <= 0 ? x : NULL, .after = cmp >= 0 ? y : NULL};
        if (!cmp) {
            c->audience = !difference_same_audience(d, x->document, y->document);
            c->type = !cost_type_eq(&x->type, &y->type) ||
                      !slice_eq(x->network_map->id, y->network_map->id);
        }
        err = compare(c);
        d->cost_count += cmp || c->audience || c->type || difference_tally_sum(c->tally);
        b += cmp <= 0;
        a += cmp >= 0;
    }
    return err;
}
