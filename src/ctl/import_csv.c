#include "import_table.h"

#include "footprintd/base/suggest.h"
#include "import_rows.h"

#include <stdio.h>

typedef enum column {
    COLUMN_FOOTPRINT,
    COLUMN_PREFIX,
    COLUMN_ASN,
    COLUMN_COUNTRY,
    COLUMN_SUBDIVISION,
    COLUMN_TYPE,
    COLUMN_VALUE,
    COLUMN_COUNT,
} column_t;

static const struct {
    const char *name;
    column_t column;
} names[] = {
    {"footprint", COLUMN_FOOTPRINT}, {"prefix", COLUMN_PREFIX},
    {"cidr", COLUMN_PREFIX},         {"asn", COLUMN_ASN},
    {"countrycode", COLUMN_COUNTRY}, {"subdivisioncode", COLUMN_SUBDIVISION},
    {"type", COLUMN_TYPE},           {"value", COLUMN_VALUE},
};
#define NAME_COUNT (sizeof names / sizeof *names)

#define ABSENT SIZE_MAX

typedef struct csv {
    import_data_t *d;
    import_table_t *t;
    import_rows_t rows;
    size_t at[COLUMN_COUNT]; /* the field, or ABSENT */
    size_t count;            /* of the header's fields */
} csv_t;

static void find(csv_t *c, finding_code_t code, size_t i, slice_t suggestion, const char *text)
{
    import_find(c->d, code, c->rows.row_line, import_rows_column(&c->rows, i), suggestion, "%s",
                text);
}

static slice_t field(const csv_t *c, column_t column)
{
    size_t i = c->at[column];
    return i < c->rows.count ? c->rows.fields[i] : SLICE_LIT("");
}

/* ---- the header ---- */

static void take_name(csv_t *c, size_t i)
{
    char lower[16];
    slice_t name = slice_lower_short(c->rows.fields[i], lower);
    suggest_t s;
    suggest_init(&s, name);
    for (size_t k = 0; k < NAME_COUNT; k++) {
        if (slice_is(name, names[k].name)) {
            if (c->at[names[k].column] != ABSENT) {
                find(c, FINDING_DUPLICATE_KEY, i, (slice_t){0}, "this column is there already");
                c->d->hopeless = true;
            }
            c->at[names[k].column] = i;
            return;
        }
        suggest_offer(&s, slice_str(names[k].name));
    }
    import_find(c->d, FINDING_LEFT_OUT, c->rows.row_line, import_rows_column(&c->rows, i), s.best,
                "the column '%.*s' is not imported", SLICE_ARG(c->rows.fields[i]));
}

static void missing(csv_t *c, const char *text)
{
    find(c, FINDING_MISSING_KEY, 0, (slice_t){0}, text);
    c->d->hopeless = true;
}

static bool take_header(csv_t *c)
{
    for (unsigned i = 0; i < COLUMN_COUNT; i++) {
        c->at[i] = ABSENT;
    }
    if (!import_rows_next(&c->rows)) {
        return false;
    }
    if (c->rows.error || !utf8_valid(c->rows.row)) {
        find(c, c->rows.error ? FINDING_SYNTAX : FINDING_ENCODING, c->rows.error_field,
             (slice_t){0}, c->rows.error ? c->rows.error : "the line is not UTF-8");
        c->d->hopeless = true;
        return false;
    }
    c->count = c->rows.count;
    for (size_t i = 0; i < c->count; i++) {
        take_name(c, i);
    }
    bool typed = c->at[COLUMN_TYPE] != ABSENT, valued = c->at[COLUMN_VALUE] != ABSENT;
    bool plain = false;
    for (unsigned i = COLUMN_PREFIX; i <= COLUMN_SUBDIVISION; i++) {
        plain |= c->at[i] != ABSENT;
    }
    if (c->at[COLUMN_FOOTPRINT] == ABSENT && !c->d->footprint.len) {
        missing(c, "the first line has no column 'footprint', and no --footprint says the name");
    }
    if (typed != valued) {
        missing(c, "the columns 'type' and 'value' belong together");
    } else if (typed == plain) {
        missing(c, typed
                       ? "the columns 'type' and 'value' stand for those of single types: there "
                         "may be only the ones or the others"
                       : "the first line has to name the columns: one of prefix, asn, countrycode "
                         "and subdivisioncode, or type and value");
    }
    return !c->d->hopeless;
}

/* ---- rows ---- */

static bool bad(csv_t *c, column_t column, const char *what)
{
    slice_t text = field(c, column);
    import_find(c->d, FINDING_BAD_VALUE, c->rows.row_line,
                import_rows_column(&c->rows, c->at[column]), (slice_t){0}, "'%.*s' is not %s",
                SLICE_ARG(text), what);
    return true; /* to go on */
}

/* FP_IPV4CIDR and FP_IPV6CIDR want their family, FP_TYPE_COUNT takes both. */
static bool take_prefix(csv_t *c, uint32_t group, column_t column, unsigned type)
{
    prefix_t p;
    uint32_t line = c->rows.row_line;
    if (!import_parse_prefix(c->d, field(c, column), line,
                             import_rows_column(&c->rows, c->at[column]), &p)) {
        return true;
    }
    if ((type == FP_IPV4CIDR && p.family != FAMILY_IPV4) ||
        (type == FP_IPV6CIDR && p.family != FAMILY_IPV6)) {
        return bad(c, column, fp_type_infos[type].wants);
    }
    return import_table_prefix(c->d, c->t, group, line, &p);
}

/* as64496, AS64496 and 64496 are the same. */
static bool parse_asn(slice_t lower, uint32_t *out)
{
    char with[24];
    int n = snprintf(with, sizeof with, "as%.*s", SLICE_ARG(lower));
    return fp_asn_parse(lower, out) || (n > 0 && fp_asn_parse(slice_of(with, (size_t)n), out));
}

static bool take_value(csv_t *c, uint32_t group, column_t column, unsigned type)
{
    char buffer[16];
    uint32_t asn = 0;
    fp_code_t code = 0;
    slice_t lower = slice_lower_short(field(c, column), buffer);
    bool good = type == FP_ASN           ? parse_asn(lower, &asn)
                : type == FP_COUNTRYCODE ? fp_country_parse(lower, &code)
                                         : fp_subdivision_parse(lower, &code);
    if (!good) {
        return bad(c, column, fp_type_infos[type].wants);
    }
    return import_table_value(c->d, c->t, group, c->rows.row_line, (fp_type_t)type,
                              type == FP_ASN ? asn : code);
}

static bool take_typed(csv_t *c, uint32_t group)
{
    char buffer[16];
    slice_t type = slice_lower_short(field(c, COLUMN_TYPE), buffer);
    if (slice_is(type, "cidr") || slice_is(type, "prefix")) {
        return take_prefix(c, group, COLUMN_VALUE, FP_TYPE_COUNT);
    }
    switch (fp_type_find(type)) {
    case FP_IPV4CIDR:
    case FP_IPV6CIDR:
        return take_prefix(c, group, COLUMN_VALUE, fp_type_find(type));
    case FP_ASN:
    case FP_COUNTRYCODE:
    case FP_SUBDIVISIONCODE:
        return take_value(c, group, COLUMN_VALUE, fp_type_find(type));
    default:
        return bad(c, COLUMN_TYPE,
                   "one of the types cidr, ipv4cidr, ipv6cidr, asn, countrycode and "
                   "subdivisioncode");
    }
}

static bool take_plain(csv_t *c, uint32_t group)
{
    static const struct {
        column_t column;
        unsigned type;
    } values[] = {{COLUMN_ASN, FP_ASN},
                  {COLUMN_COUNTRY, FP_COUNTRYCODE},
                  {COLUMN_SUBDIVISION, FP_SUBDIVISIONCODE}};
    bool ok = true;
    if (field(c, COLUMN_PREFIX).len) {
        ok = take_prefix(c, group, COLUMN_PREFIX, FP_TYPE_COUNT);
    }
    for (size_t i = 0; ok && i < sizeof values / sizeof *values; i++) {
        if (field(c, values[i].column).len) {
            ok = take_value(c, group, values[i].column, values[i].type);
        }
    }
    return ok;
}

static bool has_value(const csv_t *c)
{
    if (c->at[COLUMN_TYPE] != ABSENT) {
        return field(c, COLUMN_TYPE).len && field(c, COLUMN_VALUE).len;
    }
    return field(c, COLUMN_PREFIX).len || field(c, COLUMN_ASN).len ||
           field(c, COLUMN_COUNTRY).len || field(c, COLUMN_SUBDIVISION).len;
}

/* False when memory failed. */
static bool take_row(csv_t *c)
{
    slice_t name = field(c, COLUMN_FOOTPRINT);
    size_t place = name.len ? c->at[COLUMN_FOOTPRINT] : 0;
    name = name.len ? name : c->d->footprint;
    if (!utf8_valid(c->rows.row)) {
        find(c, FINDING_ENCODING, 0, (slice_t){0}, "the line is not UTF-8");
        return true;
    }
    if (c->rows.error || c->rows.count > c->count) {
        size_t at = c->rows.error ? c->rows.error_field : c->count;
        find(c, FINDING_SYNTAX, at, (slice_t){0},
             c->rows.error ? c->rows.error : "there are more fields than the first line names");
        return true;
    }
    if (!name.len || !has_value(c)) {
        find(c, FINDING_EMPTY, 0, (slice_t){0},
             name.len ? "the row has no value" : "the row has no name of a footprint");
        return true;
    }
    if (!import_name_valid(name)) {
        import_find(c->d, FINDING_BAD_NAME, c->rows.row_line, import_rows_column(&c->rows, place),
                    (slice_t){0},
                    "'%.*s' cannot be the name of a footprint: 1 to 64 of A-Z a-z 0-9 - _ : @, and "
                    "not 'everywhere'",
                    SLICE_ARG(name));
        return true;
    }
    uint32_t group = import_table_group(c->d, c->t, name, c->rows.row_line);
    if (group == IMPORT_NO_GROUP) {
        return false;
    }
    return c->at[COLUMN_TYPE] != ABSENT ? take_typed(c, group) : take_plain(c, group);
}

bool import_csv(import_data_t *d, slice_t text, import_table_t *t)
{
    csv_t c = {.d = d, .t = t};
    uint64_t rows = 0;
    import_rows_init(&c.rows, text, import_rows_separator(text));
    bool ok = take_header(&c);
    while (ok && import_rows_next(&c.rows)) {
        ok = take_row(&c);
        import_reading(d, ++rows, c.rows.row_line);
    }
    d->failed |= buf_failed(&c.rows.scratch);
    import_rows_release(&c.rows);
    return ok && !d->failed;
}
