#include "import_table.h"

#include "import_rows.h"

#include <stdio.h>

/* RFC 8805: ip_prefix,alpha2code,region,city,postal_code. */
#define FIELDS 5

typedef struct geofeed {
    import_data_t *d;
    import_table_t *t;
    import_rows_t rows;
    bool more_told;
} geofeed_t;

static slice_t field(const geofeed_t *g, size_t i)
{
    return i < g->rows.count ? g->rows.fields[i] : SLICE_LIT("");
}

static bool bad(geofeed_t *g, size_t i, const char *what)
{
    slice_t text = field(g, i);
    import_find(g->d, FINDING_BAD_VALUE, g->rows.row_line, import_rows_column(&g->rows, i),
                (slice_t){0}, "'%.*s' is no %s", SLICE_ARG(text), what);
    return false;
}

/* The place as it is in a footprint's name; "" when the feed gives none. False after a finding. */
static bool place_of(geofeed_t *g, char buffer[16], slice_t *out)
{
    fp_code_t code;
    slice_t country = slice_lower_short(field(g, 1), buffer);
    *out = country;
    if (field(g, 1).len && !fp_country_parse(country, &code)) {
        return bad(g, 1, "ISO 3166-1 alpha-2 code such as DE");
    }
    if (g->d->by != IMPORT_BY_REGION || !field(g, 2).len) {
        return true;
    }
    char lower[16];
    slice_t region = slice_lower_short(field(g, 2), lower);
    if (!fp_subdivision_parse(region, &code)) {
        return bad(g, 2, "ISO 3166-2 code such as US-NY");
    }
    if (country.len && memcmp(region.ptr, country.ptr, 2) != 0) {
        return bad(g, 2, "region of the country that stands before it");
    }
    memcpy(buffer, region.ptr, region.len);
    *out = slice_of(buffer, region.len);
    return true;
}

/* False when memory failed. */
static bool take(geofeed_t *g, const prefix_t *p, slice_t place)
{
    import_data_t *d = g->d;
    uint32_t line = g->rows.row_line, group = IMPORT_NO_GROUP;
    if (d->by == IMPORT_BY_NONE || place.len) {
        char name[96];
        bool both = d->by != IMPORT_BY_NONE && d->footprint.len;
        int n = d->by == IMPORT_BY_NONE
                    ? snprintf(name, sizeof name, "%.*s", SLICE_ARG(d->footprint))
                    : snprintf(name, sizeof name, "%.*s%s%.*s", SLICE_ARG(d->footprint),
                               both ? "-" : "", SLICE_ARG(place));
        group = import_table_group(d, g->t, slice_of(name, n < 0 ? 0 : (size_t)n), line);
        if (group == IMPORT_NO_GROUP) {
            return false;
        }
    } else {
        char text[PREFIX_TEXT_MAX];
        (void)prefix_format(p, text);
        import_find(d, FINDING_LEFT_OUT, line, 1, (slice_t){0},
                    "%s has no country: it is in no footprint", text);
    }
    return import_table_prefix(d, g->t, group, line, p);
}

static bool take_row(geofeed_t *g)
{
    import_data_t *d = g->d;
    const import_rows_t *r = &g->rows;
    char buffer[16];
    slice_t place;
    prefix_t p;
    if (!utf8_valid(r->row)) {
        import_find(d, FINDING_ENCODING, r->row_line, 1, (slice_t){0}, "the line is not UTF-8");
        return true;
    }
    if (r->error) {
        import_find(d, FINDING_SYNTAX, r->row_line, import_rows_column(r, r->error_field),
                    (slice_t){0}, "%s", r->error);
        return true;
    }
    if (r->count > FIELDS && !g->more_told) {
        import_find(d, FINDING_LEFT_OUT, r->row_line, import_rows_column(r, FIELDS), (slice_t){0},
                    "a geofeed has %d fields; what stands behind them is left out, here and below",
                    FIELDS);
        g->more_told = true;
    }
    if (!import_parse_prefix(d, field(g, 0), r->row_line, import_rows_column(r, 0), &p)) {
        return true;
    }
    /* Where its place is bad and skipped, it is not where a wider prefix would put it either. */
    return place_of(g, buffer, &place)
               ? take(g, &p, place)
               : import_table_prefix(d, g->t, IMPORT_NO_GROUP, r->row_line, &p);
}

bool import_geofeed(import_data_t *d, slice_t text, import_table_t *t)
{
    geofeed_t g = {.d = d, .t = t};
    uint64_t rows = 0;
    bool ok = true;
    import_rows_init(&g.rows, text, ',');
    while (ok && import_rows_next(&g.rows)) {
        ok = take_row(&g);
        import_reading(d, ++rows, g.rows.row_line);
    }
    d->failed |= buf_failed(&g.rows.scratch);
    import_rows_release(&g.rows);
    return ok && !d->failed;
}
