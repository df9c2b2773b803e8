#include "difference_parts.h"

/* Lists of values in a footprint, each with its place. */
typedef struct part {
    unsigned in_union;
    const fp_values_t *values;
} part_t;

typedef struct parts {
    part_t *items; /* by in_union, then type */
    size_t count;
} parts_t;

static int part_cmp(const part_t *x, const part_t *y)
{
    if (x->in_union != y->in_union) {
        return x->in_union < y->in_union ? -1 : 1;
    }
    return (int)x->values->type - (int)y->values->type;
}

/* Keeps the order; a footprint of both families has all its other parts twice. */
static void add_part(parts_t *parts, unsigned in_union, const fp_values_t *values)
{
    part_t part = {in_union, values};
    size_t at = parts->count;
    while (at > 0 && part_cmp(&parts->items[at - 1], &part) > 0) {
        at--;
    }
    if (at > 0 && !part_cmp(&parts->items[at - 1], &part)) {
        return;
    }
    memmove(&parts->items[at + 1], &parts->items[at], (parts->count - at) * sizeof part);
    parts->items[at] = part;
    parts->count++;
}

static size_t count_lists(const model_footprint_t *f)
{
    size_t n = 0;
    for (size_t s = 0; f && s < f->set_count; s++) {
        for (size_t i = 0; i < f->sets[s].count; i++) {
            const fp_constraint_t *c = &f->sets[s].constraints[i];
            n += c->type == FP_UNION ? c->member_count : 1;
        }
    }
    return n;
}

static parts_t make_parts(difference_work_t *w, const model_footprint_t *f)
{
    size_t lists = count_lists(f);
    parts_t parts = {lists ? arena_array(w->arena, lists, sizeof(part_t)) : NULL, 0};
    for (size_t s = 0; parts.items && s < f->set_count; s++) {
        unsigned unions = 0;
        for (size_t i = 0; i < f->sets[s].count; i++) {
            const fp_constraint_t *c = &f->sets[s].constraints[i];
            if (c->type != FP_UNION) {
                add_part(&parts, 0, c->values);
                continue;
            }
            unions++;
            for (size_t m = 0; m < c->member_count; m++) {
                add_part(&parts, unions, c->members[m]);
            }
        }
    }
    return parts;
}

static void compare_values(difference_work_t *w, difference_footprint_t *out)
{
    parts_t before = make_parts(w, out->before), after = make_parts(w, out->after);
    difference_values_t *values = arena_array(w->arena, before.count + after.count + 1,
                                              sizeof *values);
    size_t b = 0, a = 0, n = 0;
    while (values && (b < before.count || a < after.count)) {
        int cmp = b == before.count  ? 1
                  : a == after.count ? -1
                                     : part_cmp(&before.items[b], &after.items[a]);
        const part_t *any = cmp <= 0 ? &before.items[b] : &after.items[a];
        const fp_values_t *x = cmp <= 0 ? before.items[b++].values : NULL;
        const fp_values_t *y = cmp >= 0 ? after.items[a++].values : NULL;
        if (difference_values_make(w, any->values->type, x, y, &values[n])) {
            values[n++].in_union = any->in_union;
        }
    }
    out->values = values;
    out->value_count = n;
}

static bool same_sets(const model_footprint_t *x, const model_footprint_t *y)
{
    bool same = x->set_count == y->set_count;
    for (size_t s = 0; same && s < x->set_count; s++) {
        same = !fp_set_cmp(&x->sets[s], &y->sets[s]);
    }
    return same;
}

static void add(difference_work_t *w, const model_footprint_t *x, const model_footprint_t *y,
                difference_footprint_t *list)
{
    difference_t *d = w->d;
    bool audience = x && y && !difference_same_audience(d, x->document, y->document);
    if (x && y && !audience && same_sets(x, y)) {
        return;
    }
    *(x && y ? &d->footprint_tally.changed
      : x    ? &d->footprint_tally.removed
             : &d->footprint_tally.added) += 1;
    if (list && d->footprint_count < d->options.listed) {
        difference_footprint_t *f = &list[d->footprint_count++];
        *f = (difference_footprint_t){.before = x, .after = y, .audience = audience};
        compare_values(w, f);
    }
}

void difference_footprints_make(difference_work_t *w)
{
    const model_t *before = difference_model_before(w->d), *after = difference_model_after(w->d);
    difference_footprint_t *list = arena_array(w->arena, w->d->options.listed, sizeof *list);
    w->d->footprints = list;
    size_t b = 0, a = 0;
    while (b < before->footprint_count || a < after->footprint_count) {
        const model_footprint_t *x = b < before->footprint_count ? &before->footprints[b] : NULL;
        const model_footprint_t *y = a < after->footprint_count ? &after->footprints[a] : NULL;
        int cmp = !x ? 1 : !y ? -1 : slice_cmp(x->name, y->name);
        add(w, cmp <= 0 ? x : NULL, cmp >= 0 ? y : NULL, list);
        b += cmp <= 0;
        a += cmp >= 0;
    }
}
