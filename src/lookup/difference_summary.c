#include "difference_write.h"

#include <stdio.h>

/* Countries that are named in one clause. */
#define COUNTRIES_NAMED 4

const char *difference_change(bool before, bool after)
{
    return before && after ? "changed" : after ? "added" : "removed";
}

difference_tally_t difference_pid_tally(const difference_t *d)
{
    difference_tally_t sum = {0, 0, 0};
    for (size_t i = 0; i < d->map_count; i++) {
        sum.added += d->maps[i].tally.added;
        sum.removed += d->maps[i].tally.removed;
        sum.changed += d->maps[i].tally.changed;
    }
    return sum;
}

void difference_write_percent(double share, buf_t *out)
{
    if (share > 0 && share < 0.001) {
        buf_append_str(out, "<0.1%");
    } else if (share > 0.999 && share < 1) {
        buf_append_str(out, ">99.9%");
    } else {
        buf_printf(out, share < 10 ? "%.3g%%" : "%.0f%%", share * 100);
    }
}

bool difference_moving(const difference_coverage_t *row)
{
    bool any = false;
    for (unsigned f = 0; f < FAMILY_COUNT; f++) {
        any |= !difference_count_zero(row->moves[f].gained) ||
               !difference_count_zero(row->moves[f].lost);
    }
    return any;
}

void difference_write_row(const difference_coverage_t *row, buf_t *out)
{
    if (!row->advertisement.len) {
        buf_append_str(out, "everything");
        return;
    }
    buf_append_printable(out, row->advertisement, "");
    if (row->type.len) {
        buf_append_char(out, ' ');
        buf_append_printable(out, row->type, "");
    }
}

/* ---- documents ---- */

static void write_some(buf_t *out, size_t count, const char *what, const char *change, bool *any)
{
    if (count) {
        buf_printf(out, "%s%zu %s%s %s", *any ? ", " : "", count, what, count == 1 ? "" : "s",
                   change);
        *any = true;
    }
}

static void write_tally(buf_t *out, difference_tally_t tally, const char *what, bool *any)
{
    write_some(out, tally.added, what, "added", any);
    write_some(out, tally.removed, what, "removed", any);
    write_some(out, tally.changed, what, "changed", any);
}

static void tally_one(difference_tally_t *tally, bool before, bool after)
{
    *(before && after ? &tally->changed : after ? &tally->added : &tally->removed) += 1;
}

static void write_costs(const difference_t *d, buf_t *out, bool *any)
{
    difference_tally_t maps = {0, 0, 0}, costs = {0, 0, 0};
    for (size_t i = 0; i < d->cost_count; i++) {
        const difference_costs_t *c = &d->costs[i];
        if (!c->before || !c->after || !difference_tally_sum(c->tally)) {
            tally_one(&maps, c->before != NULL, c->after != NULL);
        } else {
            costs.added += c->tally.added;
            costs.removed += c->tally.removed;
            costs.changed += c->tally.changed;
        }
    }
    write_tally(out, maps, "cost map", any);
    write_tally(out, costs, "cost", any);
}

static void write_documents(const difference_t *d, buf_t *out)
{
    bool any = false;
    difference_tally_t maps = {0, 0, 0}, advertisements = {0, 0, 0};
    for (size_t i = 0; i < d->map_count; i++) {
        const difference_map_t *m = &d->maps[i];
        /* What is in it speaks for itself. */
        bool inside = m->before && m->after && difference_tally_sum(m->tally);
        if (!inside) {
            tally_one(&maps, m->before != NULL, m->after != NULL);
        }
    }
    for (size_t i = 0; i < d->advertisement_count; i++) {
        const difference_advertisement_t *a = &d->advertisements[i];
        if (!a->in_before || !a->in_after) {
            tally_one(&advertisements, a->in_before, a->in_after);
        }
    }
    write_tally(out, d->footprint_tally, "footprint", &any);
    write_tally(out, advertisements, "advertisement", &any);
    write_tally(out, d->object_tally, "object", &any);
    write_tally(out, maps, "network map", &any);
    write_tally(out, difference_pid_tally(d), "PID", &any);
    write_costs(d, out, &any);
}

/* ---- addresses ---- */

static difference_count_t amount(const difference_country_t *c, unsigned family, bool lost)
{
    return lost ? c->moves[family].lost : c->moves[family].gained;
}

/* The country that moves most among those that move less than `below`; by code where equal. */
static const difference_country_t *next(const difference_coverage_t *row, unsigned family,
                                        bool lost, const difference_country_t *below)
{
    const difference_country_t *best = NULL;
    for (size_t i = 0; i < row->country_count; i++) {
        const difference_country_t *c = &row->countries[i];
        difference_count_t n = amount(c, family, lost);
        if (below) {
            int cmp = difference_count_cmp(n, amount(below, family, lost));
            if (cmp > 0 || (cmp == 0 && c <= below)) {
                continue;
            }
        }
        if (!difference_count_zero(n) &&
            (!best || difference_count_cmp(n, amount(best, family, lost)) > 0)) {
            best = c;
        }
    }
    return best;
}

static void write_countries(const difference_coverage_t *row, unsigned family, bool lost,
                            buf_t *out)
{
    size_t count = 0, named = 0;
    for (size_t i = 0; i < row->country_count; i++) {
        count += !difference_count_zero(amount(&row->countries[i], family, lost));
    }
    const difference_country_t *c = NULL;
    while (named < COUNTRIES_NAMED && (c = next(row, family, lost, c)) != NULL) {
        char code[8];
        slice_t text = slice_of(code, fp_code_format(c->code, code));
        text = c->code ? text : SLICE_LIT("no known country");
        buf_printf(out, "%s%.*s", named ? ", " : " in ", SLICE_ARG(text));
        named++;
    }
    if (count > named) {
        buf_printf(out, " and %zu more", count - named);
    }
}

static void write_addresses(const difference_t *d, buf_t *out)
{
    const difference_coverage_t *row = d->coverage;
    for (size_t i = 0; i < d->coverage_count && !difference_moving(row); i++) {
        row = &d->coverage[i];
    }
    if (!difference_moving(row)) {
        buf_append_str(out, "; no address gained or lost");
        return;
    }
    buf_append_str(out, "; ");
    if (row != d->coverage) {
        difference_write_row(row, out);
        buf_append_str(out, ": ");
    }
    bool any = false;
    for (unsigned i = 0; i < 2 * FAMILY_COUNT; i++) {
        unsigned family = i / 2;
        bool lost = i % 2;
        difference_count_t n = lost ? row->moves[family].lost : row->moves[family].gained;
        if (!difference_count_zero(n)) {
            char text[DIFFERENCE_AMOUNT_MAX];
            difference_count_amount(n, (family_t)family, text);
            buf_printf(out, "%s%c%s", any ? "; " : "", lost ? '-' : '+', text);
            write_countries(row, family, lost, out);
            any = true;
        }
    }
}

void difference_write_summary(const difference_t *d, buf_t *out)
{
    if (d->same) {
        buf_append_str(out, "no difference");
        return;
    }
    write_documents(d, out);
    write_addresses(d, out);
}
