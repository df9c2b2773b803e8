#include "builder.h"

#include "footprintd/base/time.h"

#include <stdlib.h>

/*
 * The files that costs-file names. JSON is what `costs` is. CSV has a header, and is one of two
 * tables:
 *
 *     source,destination,cost        a line for each pair
 *     source,destination,cost,time   the same, with when it was measured, or nothing
 *     anything,pid-b,pid-c           the destinations; each line has its source in front, and an
 *                                    empty field for a pair without a cost
 *
 * Of a calendar the columns behind source and destination are its intervals, whatever they are
 * called; an empty field has no cost.
 *
 * Fields may stand in double quotes; there is no reason to: names and numbers need none.
 */

typedef struct csv {
    builder_t *b;
    cost_map_draft_t *map;
    slice_t text;
    size_t at;
    uint32_t line, column; /* of the next field */
    uint32_t *columns;     /* the PIDs of the header */
    size_t column_count, column_cap;
    bool bad;
} csv_t;

typedef struct field {
    slice_t text;
    uint32_t line, column;
    bool last; /* of its line */
} field_t;

static bool found(csv_t *c, const field_t *f, finding_code_t code, const char *text)
{
    findings_add(c->b->findings, code, builder_place(c->b, c->b->document, f->line, f->column),
                 SLICE_LIT(""), (slice_t){0}, "%s", text);
    c->map->bad = true;
    c->bad = true;
    return false;
}

/* The next field; false at the end of the text or after a finding. */
static bool next_field(csv_t *c, field_t *f)
{
    const char *p = c->text.ptr;
    size_t end = c->text.len, from = c->at, i = from;
    *f = (field_t){.line = c->line, .column = c->column};
    if (i == end) {
        return false;
    }
    if (p[i] == '"') {
        const char *quote = memchr(p + i + 1, '"', end - i - 1);
        size_t close = quote ? (size_t)(quote - p) : end;
        f->text = slice_of(p + i + 1, close - i - 1);
        i = close + 1;
        if (!quote || memchr(f->text.ptr, '\n', f->text.len) ||
            (i < end && !memchr(",\r\n", p[i], 3))) {
            return found(c, f, FINDING_SYNTAX, "a quoted field ends in a quote on its line");
        }
    } else {
        while (i < end && p[i] != ',' && p[i] != '\n' && p[i] != '\r') {
            i++;
        }
        f->text = slice_of(p + from, i - from);
    }
    i += i + 1 < end && p[i] == '\r' && p[i + 1] == '\n';
    if (i < end && p[i] == '\r' && i + 1 < end) {
        return found(c, f, FINDING_SYNTAX, "a carriage return that ends no line");
    }
    f->last = i >= end || p[i] != ',';
    c->at = i < end ? i + 1 : end;
    c->column += (uint32_t)(c->at - from);
    if (f->last) {
        c->line++;
        c->column = 1;
    }
    return true;
}

/* A name as it stands in a field; UINT32_MAX after a finding. */
static uint32_t take_pid(csv_t *c, const field_t *f)
{
    if (!fp_pid_valid(f->text)) {
        (void)found(c, f, FINDING_BAD_NAME,
                    "a field that is not a PID name: 1 to 64 of A-Z a-z 0-9 - _ : @");
        return UINT32_MAX;
    }
    uint32_t number = cost_pid_number(c->b, c->map, f->text, f->line, f->column, SLICE_LIT(""));
    c->bad |= number == UINT32_MAX;
    return number;
}

/* JSON's grammar, so that a field means what it would mean in JSON. */
static bool read_cost(csv_t *c, const field_t *f, double *cost)
{
    if (!json_number_valid(f->text)) {
        return found(c, f, FINDING_BAD_VALUE, "a cost is a number, such as 12 or 0.5");
    }
    return json_number_double(f->text, cost) ||
           found(c, f, FINDING_BAD_VALUE, "a cost of this size cannot be said in a double");
}

static bool take_cost(csv_t *c, const field_t *f, uint32_t from, uint32_t to)
{
    cost_cell_t cell = {from, to, f->line, f->column, 0};
    return read_cost(c, f, &cell.cost) && cost_cell_add(c->b, c->map, &cell);
}

static bool wrong_count(csv_t *c, const field_t *f)
{
    return found(c, f, FINDING_SYNTAX, "the line has another number of fields than the header");
}

/*
 * When the cost was measured: one that is too old is as if nobody knew it. What is wrong with it is
 * wrong all the same, so that no file becomes good by age.
 */
static bool take_timed(csv_t *c, const field_t *cost, const field_t *time, uint32_t from,
                       uint32_t to)
{
    cost_map_draft_t *map = c->map;
    cost_cell_t cell = {from, to, cost->line, cost->column, 0};
    int64_t at;
    if (!read_cost(c, cost, &cell.cost)) {
        return false;
    }
    if (!time->text.len) {
        return cost_cell_add(c->b, map, &cell);
    }
    if (!moment_parse(time->text, &at)) {
        return found(c, time, FINDING_BAD_VALUE,
                     "a time is a date and a time with a zone, such as 2026-11-26T16:00:00Z");
    }
    int64_t end = map->max_age_s ? at + map->max_age_s : INT64_MAX;
    if (end <= c->b->now) {
        const char *why = map->metric.name.ptr && map->has_mode
                              ? cost_forbidden(&map->type, cell.cost)
                              : NULL;
        if (why) {
            return found(c, cost, FINDING_BAD_VALUE, why);
        }
        map->fresh.from = end > map->fresh.from ? end : map->fresh.from;
        cell.cost = COST_NONE;
    } else {
        map->fresh.until = end < map->fresh.until ? end : map->fresh.until;
    }
    return cost_cell_add(c->b, map, &cell);
}

/* source,destination,cost and perhaps time */
static void read_pairs(csv_t *c, bool timed)
{
    field_t f[4];
    size_t last = timed ? 3 : 2;
    while (!c->bad && next_field(c, &f[0])) {
        if (f[0].last && !f[0].text.len) {
            continue; /* an empty line */
        }
        size_t n = 0;
        while (n < last && !f[n].last && next_field(c, &f[n + 1])) {
            n++;
        }
        if (n < last || !f[last].last) {
            c->bad = c->bad || !wrong_count(c, &f[0]);
            return;
        }
        uint32_t from = take_pid(c, &f[0]), to = c->bad ? UINT32_MAX : take_pid(c, &f[1]);
        if (c->bad ||
            !(timed ? take_timed(c, &f[2], &f[3], from, to) : take_cost(c, &f[2], from, to))) {
            c->bad = true;
        }
    }
}

static bool add_column(csv_t *c, uint32_t pid)
{
    if (c->column_count == c->column_cap) {
        size_t cap = c->column_cap ? c->column_cap * 2 : 64;
        uint32_t *grown = realloc(c->columns, cap * sizeof *grown);
        if (!grown) {
            c->b->failed = true;
            c->bad = true;
            return false;
        }
        c->columns = grown;
        c->column_cap = cap;
    }
    c->columns[c->column_count++] = pid;
    return true;
}

static void read_row(csv_t *c, const field_t *source)
{
    uint32_t from = take_pid(c, source);
    field_t f = *source;
    for (size_t i = 0; !c->bad && i < c->column_count; i++) {
        if (f.last || !next_field(c, &f)) {
            c->bad = c->bad || !wrong_count(c, source);
        } else if (f.text.len && !take_cost(c, &f, from, c->columns[i])) {
            c->bad = true;
        }
    }
    if (!c->bad && !f.last) {
        (void)wrong_count(c, source);
    }
}

/* A line for each source, a column for each destination. */
static void read_table(csv_t *c, const field_t *first)
{
    if (!add_column(c, take_pid(c, first))) {
        return;
    }
    field_t f = *first;
    while (!c->bad && !f.last && next_field(c, &f)) {
        (void)add_column(c, take_pid(c, &f));
    }
    while (!c->bad && next_field(c, &f)) {
        if (!f.last || f.text.len) {
            read_row(c, &f);
        }
    }
}

/* source,destination, and a column for each interval */
static void read_series(csv_t *c, size_t intervals)
{
    field_t first, f;
    while (!c->bad && next_field(c, &first)) {
        if (first.last && !first.text.len) {
            continue;
        }
        if (first.last || !next_field(c, &f) || f.last) {
            c->bad = c->bad || !wrong_count(c, &first);
            return;
        }
        uint32_t from = take_pid(c, &first), to = c->bad ? UINT32_MAX : take_pid(c, &f);
        for (size_t i = 0; i < intervals && !c->bad; i++) {
            double cost = COST_NONE;
            if (f.last || !next_field(c, &f)) {
                c->bad = c->bad || !wrong_count(c, &first);
            } else if ((f.text.len && !read_cost(c, &f, &cost)) ||
                       !cost_list_value(c->b, c->map, cost)) {
                c->bad = true;
            }
        }
        const cost_cell_t cell = {from, to, first.line, first.column, COST_NONE};
        if (!c->bad && !f.last) {
            (void)wrong_count(c, &first);
        } else if (!c->bad && !cost_list_cell_add(c->b, c->map, &cell)) {
            c->bad = true;
        }
    }
}

/* The rest of the header, behind `destination`. */
static void read_calendar(csv_t *c, const field_t *corner)
{
    const calendar_draft_t *calendar = &c->map->calendar;
    size_t intervals = 0;
    field_t f = {.last = false};
    while (!f.last && next_field(c, &f)) {
        intervals++;
    }
    if (!c->bad && !calendar->bad && intervals != calendar->count) {
        (void)found(c, corner, FINDING_SYNTAX,
                    "there is not a column for each interval of the calendar");
    } else if (!c->bad) {
        read_series(c, intervals);
    }
}

static void read_csv(csv_t *c)
{
    field_t corner, first, second, third = {.last = true};
    if (!next_field(c, &corner) || corner.last || !next_field(c, &first)) {
        if (!c->bad) {
            (void)found(c, &corner, FINDING_SYNTAX,
                        "the first line is source,destination,cost, or has the destinations");
        }
        return;
    }
    const csv_t behind = *c; /* the two */
    bool named = !first.last && slice_is(corner.text, "source") &&
                 slice_is(first.text, "destination");
    bool pairs = named && next_field(c, &second) && slice_is(second.text, "cost");
    bool timed = pairs && !second.last && next_field(c, &third) && third.last &&
                 slice_is(third.text, "time");
    if (pairs && (second.last || timed)) {
        read_pairs(c, timed);
        return;
    }
    c->at = behind.at;
    c->column = behind.column;
    c->line = behind.line;
    if (named && c->map->calendar.given && !c->bad) {
        read_calendar(c, &corner);
    } else if (!c->bad) {
        read_table(c, &first);
    }
}

static bool parse_csv(builder_t *b, cost_map_draft_t *map, slice_t text)
{
    csv_t c = {.b = b, .map = map, .text = text, .line = 1, .column = 1};
    const field_t whole = {.line = 0};
    map->costs_document = b->document;
    map->costs_pointer = SLICE_LIT("");
    if (text.len > b->limits.bytes) {
        (void)found(&c, &whole, FINDING_LIMIT, "the file is longer than the limit of bytes");
    } else if (!utf8_valid(text)) {
        (void)found(&c, &whole, FINDING_ENCODING, "the file is not UTF-8");
    } else {
        read_csv(&c);
    }
    free(c.columns);
    return !b->failed;
}

static bool parse_json(builder_t *b, cost_map_draft_t *map, slice_t text)
{
    size_t errors = b->findings->errors;
    if (doc_reader_new(text, DOC_JSON, b->documents[b->document].made.file, &b->limits, b->findings,
                       &b->reader)) {
        b->failed = true;
        return false;
    }
    if (builder_next(b)->kind != DOC_EV_ERROR && parse_costs(b, map)) {
        (void)builder_next(b); /* finds what follows */
    }
    b->failed |= doc_reader_nomem(b->reader);
    map->bad |= b->findings->errors > errors;
    doc_reader_free(b->reader);
    b->reader = NULL;
    return !b->failed;
}

/* A document's data file has its directory. */
static slice_t path_beside(builder_t *b, slice_t document, slice_t name)
{
    const char *slash = document.len ? memrchr(document.ptr, '/', document.len) : NULL;
    size_t len = slash ? (size_t)(slash - document.ptr) + 1 : 0;
    slice_t path = arena_printf(b->arena, "%.*s%.*s", (int)len, document.ptr, SLICE_ARG(name));
    b->failed |= !path.ptr;
    return path;
}

bool parse_costs_file(builder_t *b, cost_map_draft_t *map)
{
    slice_t path = path_beside(b, b->documents[map->document].made.file, map->file.name);
    size_t i = 0;
    while (i < b->data_count && !slice_eq(b->data[i]->file, path)) {
        i++;
    }
    if (i == b->data_count || b->failed) {
        map->bad = true;
        findings_add(b->findings, FINDING_UNREADABLE,
                     builder_place(b, map->document, map->file.line, map->file.column),
                     map->file.pointer, (slice_t){0},
                     "the file %.*s cannot be read, or is not there", SLICE_ARG(map->file.name));
        return !b->failed;
    }
    uint32_t before = b->document;
    bool is_csv = path.ptr[path.len - 1] == 'v';
    b->document = (uint32_t)(b->model->document_count + i);
    bool ok = is_csv ? parse_csv(b, map, b->data[i]->bytes) : parse_json(b, map, b->data[i]->bytes);
    b->document = before;
    return ok;
}
