#include "difference_write.h"

static bool moving(const difference_moves_t *m)
{
    return !difference_count_zero(m->gained) || !difference_count_zero(m->lost);
}

/* The line has said which family it is about. */
static void amount(difference_count_t n, family_t family, buf_t *out)
{
    char text[DIFFERENCE_AMOUNT_MAX];
    if (family == FAMILY_IPV4 || difference_count_zero(n)) {
        (void)difference_count_decimal(n, text);
    } else {
        difference_count_amount(n, family, text);
    }
    buf_append_str(out, text);
}

/* "+512 (50%), -1 /48 (12%)"; nothing for what does not move. */
static void moved(const difference_text_t *t, const difference_moves_t *m, family_t family,
                  difference_count_t of)
{
    bool any = false;
    for (int lost = 0; lost < 2; lost++) {
        difference_count_t n = lost ? m->lost : m->gained;
        if (difference_count_zero(n)) {
            continue;
        }
        buf_t text = BUF_INIT;
        amount(n, family, &text);
        buf_append_char(&text, '\0');
        buf_append_str(t->out, any ? ", " : "");
        difference_text_colour(t, lost, buf_failed(&text) ? "" : text.ptr);
        t->out->failed |= buf_failed(&text);
        buf_release(&text);
        if (!difference_count_zero(of)) {
            buf_append_str(t->out, " (");
            difference_write_percent(difference_count_share(n, of), t->out);
            buf_append_char(t->out, ')');
        }
        any = true;
    }
}

static void family_line(const difference_text_t *t, const difference_moves_t *m, family_t family)
{
    if (!moving(m)) {
        return;
    }
    buf_printf(t->out, "      IPv%d: ", family == FAMILY_IPV4 ? 4 : 6);
    moved(t, m, family, m->before);
    buf_append_str(t->out, "; ");
    amount(m->before, family, t->out);
    buf_append_str(t->out, " before, ");
    amount(m->after, family, t->out);
    buf_append_str(t->out, " after\n");
}

/* Shares in a country are of what the databases give to it. */
static void country_line(const difference_text_t *t, const difference_country_t *c)
{
    char code[8];
    slice_t text = slice_of(code, fp_code_format(c->code, code));
    text = c->code ? text : SLICE_LIT("no known country");
    bool any = false;
    buf_printf(t->out, "      %.*s: ", SLICE_ARG(text));
    for (unsigned f = 0; f < FAMILY_COUNT; f++) {
        if (moving(&c->moves[f])) {
            buf_printf(t->out, "%sIPv%d ", any ? ", " : "", f == FAMILY_IPV4 ? 4 : 6);
            moved(t, &c->moves[f], (family_t)f, c->whole[f]);
            any = true;
        }
    }
    bool before = difference_country_covered(c, true), after = difference_country_covered(c, false);
    if (c->code && before != after) {
        buf_append_str(t->out, after ? "; was not covered before" : "; is covered no more");
    }
    buf_append_char(t->out, '\n');
}

void difference_text_coverage(const difference_text_t *t)
{
    const difference_t *d = t->d;
    const difference_coverage_t *advertisement = d->coverage;
    bool any = false;
    for (size_t i = 0; i < d->coverage_count; i++) {
        const difference_coverage_t *row = &d->coverage[i];
        const difference_coverage_t *around = row->type.len ? advertisement : d->coverage;
        advertisement = row->type.len ? advertisement : row;
        if (!difference_moving(row)) {
            continue;
        }
        if (!any) {
            difference_text_heading(t, "Addresses");
        }
        any = true;
        buf_append_str(t->out, "    ");
        difference_write_row(row, t->out);
        if (row->as_around) {
            buf_append_str(t->out, ": the same as ");
            difference_write_row(around, t->out);
            buf_append_char(t->out, '\n');
            continue;
        }
        buf_append_char(t->out, '\n');
        for (unsigned f = 0; f < FAMILY_COUNT; f++) {
            family_line(t, &row->moves[f], (family_t)f);
        }
        size_t most = d->options.listed;
        for (size_t k = 0; k < row->country_count && k < most; k++) {
            country_line(t, &row->countries[k]);
        }
        difference_text_more(t, row->country_count,
                             row->country_count < most ? row->country_count : most);
    }
}

static void breach(const difference_text_t *t, const difference_breach_t *b)
{
    buf_t *out = t->out;
    buf_append_str(out, "    ");
    difference_write_row(b->coverage, out);
    if (b->rail == RAIL_NOTHING_LEFT) {
        buf_append_str(out, ": nothing would be covered any more\n");
        return;
    }
    int version = b->family == FAMILY_IPV4 ? 4 : 6;
    buf_append_str(out, b->lost ? " loses " : " gains ");
    difference_write_percent(b->share, out);
    if (b->rail == RAIL_COUNTRIES) {
        buf_append_str(out, b->lost ? " of its countries" : " more countries");
    } else if (b->rail == RAIL_COUNTRY) {
        char code[8];
        size_t len = fp_code_format(b->country->code, code);
        buf_printf(out, " of the IPv%d addresses of %.*s", version, (int)len, code);
    } else if (difference_count_zero(b->coverage->moves[b->family].before)) {
        buf_printf(out, " of all IPv%d addresses", version);
    } else {
        buf_printf(out, b->lost ? " of its IPv%d addresses" : " more IPv%d addresses", version);
    }
    buf_append_str(out, " (allowed: ");
    difference_write_percent(b->allowed, out);
    buf_append_str(out, ")\n");
}

void difference_text_guard(const difference_text_t *t)
{
    const difference_guard_t *g = &t->d->guard;
    if (!g->asks) {
        return;
    }
    difference_text_heading(t, "Asks for a confirmation");
    for (size_t i = 0; i < g->breach_listed; i++) {
        breach(t, &g->breaches[i]);
    }
    difference_text_more(t, g->breach_count, g->breach_listed);
}
