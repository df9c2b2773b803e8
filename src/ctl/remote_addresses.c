#include "remote_difference.h"

#include "footprintd/lookup/difference.h"

#include <stdlib.h>

/* Of each row so many countries are shown. */
#define COUNTRIES 20

static const char *const families[FAMILY_COUNT] = {"ipv4", "ipv6"};

/* ---- numbers ---- */

/* A decimal of at most 2^128, which is the one that does not fit. */
static difference_count_t count_of(const json_value_t *object, const char *name)
{
    slice_t text = remote_text(object, name);
    difference_count_t count = {{0, 0}, slice_is(text, "340282366920938463463374607431768211456")};
    for (size_t i = 0; i < text.len && !count.top; i++) {
        uint64_t low = (count.n.lo & UINT32_MAX) * 10 + (uint64_t)(text.ptr[i] - '0');
        uint64_t high = (count.n.lo >> 32) * 10 + (low >> 32);
        count.n.hi = count.n.hi * 10 + (high >> 32);
        count.n.lo = high << 32 | (low & UINT32_MAX);
    }
    return count;
}

/* The line has said which family it is about. */
static slice_t amount(difference_count_t n, unsigned family, char text[DIFFERENCE_AMOUNT_MAX])
{
    if (family == FAMILY_IPV4 || difference_count_zero(n)) {
        (void)difference_count_decimal(n, text);
    } else {
        difference_count_amount(n, FAMILY_IPV6, text);
    }
    return slice_str(text);
}

static void percent(const json_value_t *object, const char *name, buf_t *out)
{
    char number[32] = "";
    slice_t text = remote_text(object, name);
    memcpy(number, text.ptr, text.len < sizeof number ? text.len : sizeof number - 1);
    difference_write_percent(strtod(number, NULL), out);
}

/* ---- coverage ---- */

static bool moves(const json_value_t *moves)
{
    return !difference_count_zero(count_of(moves, "gained")) ||
           !difference_count_zero(count_of(moves, "lost"));
}

/* "+512 (50%), -1 /48 (12%)"; nothing for what does not move. */
static void moved(const remote_writer_t *w, const json_value_t *m, unsigned family,
                  const char *const shares[2])
{
    static const char *const names[2] = {"gained", "lost"};
    bool any = false;
    for (unsigned lost = 0; lost < 2; lost++) {
        char text[DIFFERENCE_AMOUNT_MAX];
        difference_count_t n = count_of(m, names[lost]);
        if (difference_count_zero(n)) {
            continue;
        }
        buf_append_str(w->out, any ? ", " : "");
        remote_signed(w, lost, amount(n, family, text));
        if (remote_text(m, shares[lost]).len) {
            buf_append_str(w->out, " (");
            percent(m, shares[lost], w->out);
            buf_append_char(w->out, ')');
        }
        any = true;
    }
}

static void family_line(const remote_writer_t *w, const json_value_t *row, unsigned family)
{
    static const char *const shares[2] = {"gained-of-before", "lost-of-before"};
    const json_value_t *m = json_get(row, families[family]);
    char text[DIFFERENCE_AMOUNT_MAX];
    if (!moves(m)) {
        return;
    }
    buf_printf(w->out, "      IPv%d: ", family == FAMILY_IPV4 ? 4 : 6);
    moved(w, m, family, shares);
    buf_printf(w->out, "; %.*s before, ", SLICE_ARG(amount(count_of(m, "before"), family, text)));
    buf_printf(w->out, "%.*s after\n", SLICE_ARG(amount(count_of(m, "after"), family, text)));
}

static void country_line(const remote_writer_t *w, const json_value_t *c)
{
    static const char *const shares[2] = {"gained-of-whole", "lost-of-whole"};
    bool any = false, known = remote_text(c, "country").len > 0;
    slice_t change = remote_text(c, "change");
    buf_append_str(w->out, "      ");
    remote_append(c, "country", w->out);
    buf_append_str(w->out, known ? ": " : "no known country: ");
    for (unsigned f = 0; f < FAMILY_COUNT; f++) {
        const json_value_t *m = json_get(c, families[f]);
        if (moves(m)) {
            buf_printf(w->out, "%sIPv%d ", any ? ", " : "", f == FAMILY_IPV4 ? 4 : 6);
            moved(w, m, f, shares);
            any = true;
        }
    }
    if (known && slice_is(change, "added")) {
        buf_append_str(w->out, "; was not covered before");
    } else if (known && slice_is(change, "removed")) {
        buf_append_str(w->out, "; is covered no more");
    }
    buf_append_char(w->out, '\n');
}

static void row_name(const json_value_t *row, buf_t *out)
{
    remote_append(row, "advertisement", out);
    buf_append_str(out, remote_text(row, "advertisement").len ? "" : "everything");
    buf_append_str(out, remote_text(row, "capability-type").len ? " " : "");
    remote_append(row, "capability-type", out);
}

/* A part that is as large as the whole, before and after, is the whole. */
static bool same_row(const json_value_t *row, const json_value_t *around)
{
    bool same = around != NULL;
    for (unsigned f = 0; same && f < FAMILY_COUNT; f++) {
        const json_value_t *a = json_get(row, families[f]), *b = json_get(around, families[f]);
        same = slice_eq(remote_text(a, "before"), remote_text(b, "before")) &&
               slice_eq(remote_text(a, "after"), remote_text(b, "after"));
    }
    return same;
}

static void row_lines(const remote_writer_t *w, const json_value_t *row, const json_value_t *around)
{
    const json_value_t *countries = json_get(row, "countries");
    size_t count = remote_count(countries);
    buf_append_str(w->out, "    ");
    row_name(row, w->out);
    if (same_row(row, around)) {
        buf_append_str(w->out, ": the same as ");
        row_name(around, w->out);
        buf_append_char(w->out, '\n');
        return;
    }
    buf_append_char(w->out, '\n');
    for (unsigned f = 0; f < FAMILY_COUNT; f++) {
        family_line(w, row, f);
    }
    for (size_t i = 0; i < count && i < COUNTRIES; i++) {
        country_line(w, &countries->u.array.items[i]);
    }
    if (count > COUNTRIES) {
        buf_printf(w->out, "  ... and %zu more\n", count - COUNTRIES);
    }
}

void remote_coverage(const remote_writer_t *w, const json_value_t *difference)
{
    const json_value_t *list = json_get(difference, "coverage"), *advertisement = NULL;
    bool any = false;
    for (size_t i = 0; i < remote_count(list); i++) {
        const json_value_t *row = &list->u.array.items[i], *around = NULL;
        if (remote_text(row, "capability-type").len) {
            bool inside = slice_eq(remote_text(row, "advertisement"),
                                   remote_text(advertisement, "advertisement"));
            around = inside ? advertisement : NULL;
        } else {
            around = i ? list->u.array.items : NULL;
            advertisement = row;
        }
        if (!moves(json_get(row, "ipv4")) && !moves(json_get(row, "ipv6"))) {
            continue;
        }
        if (!any) {
            remote_heading(w, "Addresses");
        }
        any = true;
        row_lines(w, row, around);
    }
}

/* ---- guard rails ---- */

/* Whether nothing of the family was covered before where the rail is. */
static bool from_nothing(const json_value_t *breach, const json_value_t *coverage)
{
    for (size_t i = 0; i < remote_count(coverage); i++) {
        const json_value_t *row = &coverage->u.array.items[i];
        if (slice_eq(remote_text(row, "advertisement"), remote_text(breach, "advertisement")) &&
            slice_eq(remote_text(row, "capability-type"), remote_text(breach, "capability-type"))) {
            const char *family = slice_is(remote_text(breach, "family"), "ipv4") ? "ipv4" : "ipv6";
            return difference_count_zero(count_of(json_get(row, family), "before"));
        }
    }
    return false;
}

static void breach(const json_value_t *b, const json_value_t *coverage, buf_t *out)
{
    bool lost = slice_is(remote_text(b, "change"), "lost");
    slice_t rail = remote_text(b, "rail");
    int version = slice_is(remote_text(b, "family"), "ipv4") ? 4 : 6;
    buf_append_str(out, "    ");
    row_name(b, out);
    if (slice_is(rail, difference_rail_names[RAIL_NOTHING_LEFT])) {
        buf_append_str(out, ": nothing would be covered any more\n");
        return;
    }
    buf_append_str(out, lost ? " loses " : " gains ");
    percent(b, "share", out);
    if (slice_is(rail, difference_rail_names[RAIL_COUNTRIES])) {
        buf_append_str(out, lost ? " of its countries" : " more countries");
    } else if (slice_is(rail, difference_rail_names[RAIL_COUNTRY])) {
        buf_printf(out, " of the IPv%d addresses of ", version);
        remote_append(b, "country", out);
    } else if (from_nothing(b, coverage)) {
        buf_printf(out, " of all IPv%d addresses", version);
    } else {
        buf_printf(out, lost ? " of its IPv%d addresses" : " more IPv%d addresses", version);
    }
    buf_append_str(out, " (allowed: ");
    percent(b, "allowed", out);
    buf_append_str(out, ")\n");
}

bool remote_guard_asks(const json_value_t *difference)
{
    return remote_true(json_get(difference, "guard-rails"), "asks");
}

void remote_guard(const remote_writer_t *w, const json_value_t *difference)
{
    const json_value_t *guard = json_get(difference, "guard-rails");
    const json_value_t *list = json_get(guard, "items");
    if (remote_guard_asks(difference)) {
        remote_heading(w, "Asks for a confirmation");
        for (size_t i = 0; i < remote_count(list); i++) {
            breach(&list->u.array.items[i], json_get(difference, "coverage"), w->out);
        }
        remote_more(w, guard);
    }
}
