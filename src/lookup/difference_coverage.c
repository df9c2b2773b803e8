#include "difference_parts.h"

#include <stdlib.h>

/* ---- sums ---- */

uint16_t difference_country_place(fp_code_t code)
{
    unsigned x = (unsigned)(code >> 56) - 'a', y = (unsigned)(code >> 48 & 0xff) - 'a';
    bool pair = x < 26 && y < 26 && !(code & UINT64_C(0xffffffffffff));
    return pair ? (uint16_t)(x * 26 + y + 1) : 0;
}

static fp_code_t code_of(size_t place)
{
    return place ? (fp_code_t)('a' + (place - 1) / 26) << 56 | (fp_code_t)('a' + (place - 1) % 26)
                                                                   << 48
                 : 0;
}

/* The database that countries are taken from; NULL without one. */
static const geo_table_t *country_table(const attributes_t *a)
{
    const geo_table_t *t = a ? attributes_table(a, ATTRIBUTE_COUNTRY) : NULL;
    return t || !a ? t : attributes_table(a, ATTRIBUTE_CITY);
}

/* Numbers countries in the order of their codes. */
static err_t sums_init(difference_sums_t *s, const geo_table_t *table, size_t rows)
{
    s->number[0] = 1;
    for (size_t i = 0; table && i < table->record_count; i++) {
        s->number[difference_country_place(table->records[i].country)] = 1;
    }
    for (size_t i = 0; i < DIFFERENCE_COUNTRIES; i++) {
        s->number[i] = s->number[i] ? (uint16_t)++s->countries : 0;
    }
    s->whole = calloc(s->countries, sizeof *s->whole);
    s->cells = calloc(rows * s->countries * FAMILY_COUNT, sizeof *s->cells);
    if (!s->whole || !s->cells) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < DIFFERENCE_COUNTRIES; i++) {
        if (s->number[i]) {
            s->whole[s->number[i] - 1].code = code_of(i);
        }
    }
    return ERR_OK;
}

void difference_sums_add(difference_sums_t *s, const difference_classes_t *classes,
                         const difference_flow_t *flow)
{
    const uint64_t *before = classes->sets[flow->before], *after = classes->sets[flow->after];
    size_t country = s->number[flow->country] - 1u;
    if (!s->changes_only) {
        difference_count_add(&s->whole[country].whole[flow->family], flow->count);
    }
    for (size_t word = 0; word < classes->words; word++) {
        for (uint64_t left = before[word] | after[word]; left; left &= left - 1) {
            unsigned bit = (unsigned)__builtin_ctzll(left);
            bool was = before[word] >> bit & 1, is = after[word] >> bit & 1;
            size_t at = ((word * 64 + bit) * s->countries + country) * FAMILY_COUNT + flow->family;
            difference_cell_t *c = &s->cells[at];
            if (!s->changes_only || was != is) {
                difference_count_add(was && is ? &c->stays
                                     : is      ? &c->gained
                                               : &c->lost,
                                     flow->count);
            }
            if (s->changes_only && was && !is) {
                difference_count_take(&c->stays, flow->count);
            }
        }
    }
}

/* ---- rows ---- */

static difference_moves_t moves_of(const difference_cell_t *c)
{
    difference_moves_t m = {c->stays, c->stays, c->gained, c->lost};
    difference_count_add(&m.before, c->lost);
    difference_count_add(&m.after, c->gained);
    return m;
}

static void add_moves(difference_moves_t *to, const difference_moves_t *m)
{
    difference_count_add(&to->before, m->before);
    difference_count_add(&to->after, m->after);
    difference_count_add(&to->gained, m->gained);
    difference_count_add(&to->lost, m->lost);
}

static bool moving(const difference_cell_t cells[FAMILY_COUNT])
{
    bool any = false;
    for (unsigned f = 0; f < FAMILY_COUNT; f++) {
        any |= !difference_count_zero(cells[f].gained) || !difference_count_zero(cells[f].lost);
    }
    return any;
}

static void finish_row(difference_work_t *w, const difference_sums_t *s,
                       const difference_cell_t *cells, difference_coverage_t *row)
{
    size_t most = 0;
    for (size_t i = 0; i < s->countries && w->d->has_countries; i++) {
        most += moving(&cells[i * FAMILY_COUNT]);
    }
    difference_country_t *kept = most ? arena_array(w->arena, most, sizeof *kept) : NULL;
    row->countries = kept;
    for (size_t i = 0; i < s->countries; i++) {
        difference_country_t c = s->whole[i];
        for (unsigned f = 0; f < FAMILY_COUNT; f++) {
            c.moves[f] = moves_of(&cells[i * FAMILY_COUNT + f]);
            add_moves(&row->moves[f], &c.moves[f]);
        }
        bool before = c.code && difference_country_covered(&c, true);
        bool after = c.code && difference_country_covered(&c, false);
        row->countries_before += before;
        row->countries_after += after;
        row->countries_appeared += !before && after;
        row->countries_vanished += before && !after;
        if (kept && moving(&cells[i * FAMILY_COUNT])) {
            kept[row->country_count++] = c;
        }
    }
}

/* Of two sets, one in the other, that have as many addresses each is the other. */
static bool same_moves(const difference_coverage_t *x, const difference_coverage_t *y)
{
    bool same = true;
    for (unsigned f = 0; f < FAMILY_COUNT; f++) {
        same &= !difference_count_cmp(x->moves[f].before, y->moves[f].before) &&
                !difference_count_cmp(x->moves[f].after, y->moves[f].after);
    }
    return same;
}

static void compare_around(difference_coverage_t *rows, size_t count)
{
    size_t advertisement = 0;
    for (size_t i = 1; i < count; i++) {
        rows[i].as_around = same_moves(&rows[i], &rows[rows[i].type.len ? advertisement : 0]);
        advertisement = rows[i].type.len ? advertisement : i;
    }
}

err_t difference_coverage_make(difference_work_t *w)
{
    difference_t *d = w->d;
    difference_coverage_t *rows = arena_array(w->arena, d->coverage_count, sizeof *rows);
    if (!rows) {
        return ERR_NOMEM;
    }
    memcpy(rows, d->coverage, d->coverage_count * sizeof *rows);
    difference_classes_t classes = {0};
    difference_sums_t sums = {.cells = NULL};
    const geo_table_t *table = country_table(w->attributes);
    d->has_countries = table != NULL;
    err_t err = difference_classes_make(d, &classes);
    err = err ? err : sums_init(&sums, table, d->coverage_count);
    if (!err && w->totals && w->totals->countries == sums.countries) {
        difference_totals_fill(w->totals, d, &sums);
    }
    err = err ? err : difference_flows_sum(d, table ? w->attributes : NULL, &classes, &sums);
    for (size_t row = 0; row < d->coverage_count && !err; row++) {
        finish_row(w, &sums, &sums.cells[row * sums.countries * FAMILY_COUNT], &rows[row]);
    }
    compare_around(rows, d->coverage_count);
    for (unsigned side = 0; side < 2 && !err && w->keeps; side++) {
        if (side || !w->totals) {
            w->made[side] = difference_totals_make(d, &sums, w->attributes, side);
        }
    }
    difference_classes_release(&classes);
    free(sums.cells);
    free(sums.whole);
    d->coverage = rows;
    return err;
}
