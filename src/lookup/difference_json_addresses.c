#include "difference_write.h"

#include "footprintd/base/json.h"

static const char *const family_names[FAMILY_COUNT] = {"ipv4", "ipv6"};

static const char *comma(size_t i)
{
    return i ? "," : "";
}

/* IPv6 as text: its numbers are beyond what JSON's readers hold exactly. */
static void write_count(const char *name, difference_count_t count, unsigned family, buf_t *out)
{
    char digits[DIFFERENCE_DECIMAL_MAX];
    (void)difference_count_decimal(count, digits);
    const char *quote = family == FAMILY_IPV6 ? "\"" : "";
    buf_printf(out, "\"%s\":%s%s%s", name, quote, digits, quote);
}

static void write_share(const char *name, difference_count_t part, difference_count_t whole,
                        buf_t *out)
{
    if (difference_count_zero(whole)) {
        buf_printf(out, ",\"%s\":null", name);
    } else {
        buf_printf(out, ",\"%s\":%.6g", name, difference_count_share(part, whole));
    }
}

/* `whole`: what shares of the whole are of. */
static void write_moves(const difference_moves_t *m, difference_count_t whole, unsigned family,
                        buf_t *out)
{
    buf_printf(out, ",\"%s\":{", family_names[family]);
    write_count("before", m->before, family, out);
    buf_append_char(out, ',');
    write_count("after", m->after, family, out);
    buf_append_char(out, ',');
    write_count("gained", m->gained, family, out);
    buf_append_char(out, ',');
    write_count("lost", m->lost, family, out);
    buf_append_char(out, ',');
    write_count("whole", whole, family, out);
    write_share("gained-of-before", m->gained, m->before, out);
    write_share("lost-of-before", m->lost, m->before, out);
    write_share("gained-of-whole", m->gained, whole, out);
    write_share("lost-of-whole", m->lost, whole, out);
    buf_append_char(out, '}');
}

static void write_code(fp_code_t code, buf_t *out)
{
    char text[8];
    if (code) {
        json_write_string(out, slice_of(text, fp_code_format(code, text)));
    } else {
        buf_append_str(out, "null");
    }
}

static void write_name(const difference_coverage_t *row, buf_t *out)
{
    buf_append_str(out, "\"advertisement\":");
    if (row->advertisement.len) {
        json_write_string(out, row->advertisement);
    } else {
        buf_append_str(out, "null");
    }
    buf_append_str(out, ",\"capability-type\":");
    if (row->type.len) {
        json_write_string(out, row->type);
    } else {
        buf_append_str(out, "null");
    }
}

static void write_countries(const difference_coverage_t *row, buf_t *out)
{
    buf_printf(out,
               ",\"countries-before\":%zu,\"countries-after\":%zu,\"countries-appeared\":%zu,"
               "\"countries-vanished\":%zu,\"countries\":[",
               row->countries_before, row->countries_after, row->countries_appeared,
               row->countries_vanished);
    for (size_t i = 0; i < row->country_count; i++) {
        const difference_country_t *c = &row->countries[i];
        buf_printf(out, "%s{\"country\":", comma(i));
        write_code(c->code, out);
        buf_printf(out, ",\"change\":\"%s\"",
                   difference_change(difference_country_covered(c, true),
                                     difference_country_covered(c, false)));
        for (unsigned f = 0; f < FAMILY_COUNT; f++) {
            write_moves(&c->moves[f], c->whole[f], f, out);
        }
        buf_append_char(out, '}');
    }
    buf_append_char(out, ']');
}

void difference_json_coverage(const difference_t *d, buf_t *out)
{
    static const difference_count_t whole[FAMILY_COUNT] = {{{0, UINT64_C(1) << 32}, 0},
                                                           {{0, 0}, 1}};
    size_t n = 0;
    buf_append_str(out, ",\"coverage\":[");
    for (size_t i = 0; i < d->coverage_count; i++) {
        const difference_coverage_t *row = &d->coverage[i];
        if (i && !difference_moving(row)) {
            continue;
        }
        buf_printf(out, "%s{", comma(n++));
        write_name(row, out);
        for (unsigned f = 0; f < FAMILY_COUNT; f++) {
            write_moves(&row->moves[f], whole[f], f, out);
        }
        if (d->has_countries) {
            write_countries(row, out);
        }
        buf_append_char(out, '}');
    }
    buf_append_char(out, ']');
}

void difference_json_guard(const difference_t *d, buf_t *out)
{
    const difference_guard_t *g = &d->guard;
    buf_printf(out,
               ",\"guard-rails\":{\"asks\":%s,\"from-nothing\":%s,\"to-nothing\":%s,"
               "\"address-share\":%.6g,\"country-share\":%.6g,\"items\":[",
               g->asks ? "true" : "false", g->from_nothing ? "true" : "false",
               g->to_nothing ? "true" : "false", d->options.address_share,
               d->options.country_share);
    for (size_t i = 0; i < g->breach_listed; i++) {
        const difference_breach_t *b = &g->breaches[i];
        bool family = b->rail == RAIL_ADDRESSES || b->rail == RAIL_COUNTRY;
        buf_printf(out, "%s{\"rail\":\"%s\",", comma(i), difference_rail_names[b->rail]);
        write_name(b->coverage, out);
        buf_append_str(out, ",\"country\":");
        write_code(b->country ? b->country->code : 0, out);
        buf_printf(out, ",\"family\":%s%s%s,\"change\":\"%s\",\"share\":%.6g,\"allowed\":%.6g}",
                   family ? "\"" : "", family ? family_names[b->family] : "null",
                   family ? "\"" : "", b->lost ? "lost" : "gained", b->share, b->allowed);
    }
    buf_printf(out, "],\"more\":%zu}", g->breach_count - g->breach_listed);
}
