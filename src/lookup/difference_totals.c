#include "difference_parts.h"

#include <stdlib.h>

void difference_totals_free(difference_totals_t *totals)
{
    if (totals) {
        free(totals->cells);
        free(totals->whole);
        arena_release(&totals->arena);
        free(totals);
    }
}

/* Rows are in order: advertisements by id, types behind them. */
static int cmp_row(const slice_t *name, const difference_coverage_t *row)
{
    int cmp = slice_cmp(name[0], row->advertisement);
    return cmp ? cmp : slice_cmp(name[1], row->type);
}

void difference_totals_fill(const difference_totals_t *totals, const difference_t *d,
                            difference_sums_t *sums)
{
    size_t width = sums->countries * FAMILY_COUNT, known = 0;
    for (size_t row = 0; row < d->coverage_count; row++) {
        while (known < totals->rows && cmp_row(&totals->names[2 * known], &d->coverage[row]) < 0) {
            known++;
        }
        bool found = known < totals->rows && !cmp_row(&totals->names[2 * known], &d->coverage[row]);
        for (size_t i = 0; found && i < width; i++) {
            sums->cells[row * width + i].stays = totals->cells[known * width + i];
        }
    }
    for (size_t i = 0; i < sums->countries; i++) {
        for (unsigned f = 0; f < FAMILY_COUNT; f++) {
            sums->whole[i].whole[f] = totals->whole[i * FAMILY_COUNT + f];
        }
    }
    sums->changes_only = true;
}

/* The names outlive the model that they are of. */
static bool copy_names(difference_totals_t *t, const difference_t *d)
{
    t->names = arena_array(&t->arena, 2 * t->rows, sizeof *t->names);
    for (size_t i = 0; i < t->rows && t->names; i++) {
        const difference_coverage_t *row = &d->coverage[i];
        t->names[2 * i] = arena_copy(&t->arena, row->advertisement);
        t->names[2 * i + 1] = row->type.len ? arena_copy(&t->arena, row->type) : SLICE_LIT("");
    }
    return t->names && !arena_failed(&t->arena);
}

difference_totals_t *difference_totals_make(const difference_t *d, const difference_sums_t *sums,
                                            const attributes_t *attributes, unsigned side)
{
    size_t width = sums->countries * FAMILY_COUNT;
    if (d->coverage_count > DIFFERENCE_TOTALS_BYTES / sizeof(difference_count_t) / width) {
        return NULL;
    }
    difference_totals_t *t = calloc(1, sizeof *t);
    if (!t) {
        return NULL;
    }
    t->attributes = attributes;
    t->rows = d->coverage_count;
    t->countries = sums->countries;
    arena_init(&t->arena, 0);
    t->cells = calloc(t->rows * width, sizeof *t->cells);
    t->whole = calloc(width, sizeof *t->whole);
    if (!t->cells || !t->whole || !copy_names(t, d)) {
        difference_totals_free(t);
        return NULL;
    }
    for (size_t i = 0; i < t->rows * width; i++) {
        const difference_cell_t *c = &sums->cells[i];
        t->cells[i] = c->stays;
        difference_count_add(&t->cells[i], side ? c->gained : c->lost);
    }
    for (size_t i = 0; i < sums->countries; i++) {
        for (unsigned f = 0; f < FAMILY_COUNT; f++) {
            t->whole[i * FAMILY_COUNT + f] = sums->whole[i].whole[f];
        }
    }
    return t;
}
