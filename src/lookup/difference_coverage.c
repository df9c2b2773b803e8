#include "difference_parts.h"

#include <stdlib.h>

/* Addresses of one row, country and family: every flow goes into one of these. */
typedef struct cell {
    difference_count_t stays;
    difference_count_t gained;
    difference_count_t lost;
} cell_t;

/* Rows against countries while they are summed up. */
typedef struct sums {
    cell_t *cells;               /* owned; by row, then by number of the country, then by family */
    difference_country_t *whole; /* owned; by number: only `code` and `whole` are used */
    size_t countries;
    uint16_t number[DIFFERENCE_COUNTRIES]; /* of a country that occurs, plus 1 */
} sums_t;

static fp_code_t code_of(size_t country)
{
    return country ? (fp_code_t)('a' + (country - 1) / 26) << 56 |
                         (fp_code_t)('a' + (country - 1) % 26) << 48
                   : 0;
}

/* Numbers countries in the order of their codes. */
static err_t sums_init(sums_t *s, const difference_flows_t *flows, size_t rows)
{
    for (size_t i = 0; i <= flows->mask; i++) {
        if (flows->slots[i].used) {
            s->number[flows->slots[i].country] = 1;
        }
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

static void add_flow(sums_t *s, const difference_classes_t *classes, const difference_flow_t *flow)
{
    const uint64_t *before = classes->sets[flow->before], *after = classes->sets[flow->after];
    size_t country = s->number[flow->country] - 1u;
    difference_count_add(&s->whole[country].whole[flow->family], flow->count);
    for (size_t word = 0; word < classes->words; word++) {
        for (uint64_t left = before[word] | after[word]; left; left &= left - 1) {
            unsigned bit = (unsigned)__builtin_ctzll(left);
            bool was = before[word] >> bit & 1, is = after[word] >> bit & 1;
            size_t at = ((word * 64 + bit) * s->countries + country) * FAMILY_COUNT + flow->family;
            cell_t *c = &s->cells[at];
            difference_count_add(was && is ? &c->stays : is ? &c->gained : &c->lost, flow->count);
        }
    }
}

static difference_moves_t moves_of(const cell_t *c)
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

static bool moving(const cell_t cells[FAMILY_COUNT])
{
    bool any = false;
    for (unsigned f = 0; f < FAMILY_COUNT; f++) {
        any |= !difference_count_zero(cells[f].gained) || !difference_count_zero(cells[f].lost);
    }
    return any;
}

static void finish_row(difference_work_t *w, const sums_t *s, const cell_t *cells,
                       difference_coverage_t *row)
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

static err_t sum_up(difference_work_t *w, const difference_classes_t *classes,
                    const difference_flows_t *flows, difference_coverage_t *rows)
{
    difference_t *d = w->d;
    sums_t s = {NULL, NULL, 0, {0}};
    err_t err = sums_init(&s, flows, d->coverage_count);
    for (size_t i = 0; i <= flows->mask && !err; i++) {
        if (flows->slots[i].used) {
            add_flow(&s, classes, &flows->slots[i]);
        }
    }
    for (size_t row = 0; row < d->coverage_count && !err; row++) {
        finish_row(w, &s, &s.cells[row * s.countries * FAMILY_COUNT], &rows[row]);
    }
    compare_around(rows, d->coverage_count);
    free(s.cells);
    free(s.whole);
    return err;
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
    difference_flows_t flows = {0};
    d->has_countries = w->attributes && (attributes_table(w->attributes, ATTRIBUTE_COUNTRY) ||
                                         attributes_table(w->attributes, ATTRIBUTE_CITY));
    const attributes_t *attributes = d->has_countries ? w->attributes : NULL;
    err_t err = difference_classes_make(d, &classes);
    err = err ? err : difference_flows_make(d, attributes, &classes, &flows);
    err = err ? err : sum_up(w, &classes, &flows, rows);
    difference_classes_release(&classes);
    free(flows.slots);
    d->coverage = rows;
    return err;
}
