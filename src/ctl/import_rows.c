#include "import_rows.h"

void import_rows_init(import_rows_t *r, slice_t text, char separator)
{
    *r = (import_rows_t){.text = text, .separator = separator, .line = 1};
}

void import_rows_release(import_rows_t *r)
{
    buf_release(&r->scratch);
}

static char peek(const import_rows_t *r)
{
    return r->at < r->text.len ? r->text.ptr[r->at] : '\n';
}

static bool is_over(const import_rows_t *r)
{
    return r->at >= r->text.len;
}

/* Before a newline, or a carriage return with one behind it. */
static bool at_line_end(const import_rows_t *r)
{
    char c = peek(r);
    return c == '\n' || (c == '\r' && (r->at + 1 >= r->text.len || r->text.ptr[r->at + 1] == '\n'));
}

static void skip_blanks(import_rows_t *r)
{
    while (!is_over(r) && (peek(r) == ' ' || (peek(r) == '\t' && r->separator != '\t'))) {
        r->at++;
    }
}

static void take_line_end(import_rows_t *r)
{
    if (!is_over(r) && peek(r) == '\r') {
        r->at++;
    }
    if (!is_over(r)) {
        r->at++;
        r->line++;
        r->line_start = r->at;
    }
}

static void skip_line(import_rows_t *r)
{
    const char *newline = is_over(r) ? NULL
                                     : memchr(r->text.ptr + r->at, '\n', r->text.len - r->at);
    r->at = newline ? (size_t)(newline - r->text.ptr) : r->text.len;
    take_line_end(r);
}

static void find(import_rows_t *r, const char *error)
{
    if (!r->error) {
        r->error = error;
        r->error_field = r->count - 1;
    }
}

static slice_t plain_field(import_rows_t *r)
{
    size_t start = r->at;
    while (!is_over(r) && !at_line_end(r) && peek(r) != r->separator) {
        r->at++;
    }
    size_t end = r->at;
    while (end > start && (r->text.ptr[end - 1] == ' ' || r->text.ptr[end - 1] == '\t')) {
        end--;
    }
    return slice_of(r->text.ptr + start, end - start);
}

/*
 * The first quote is the next character. A field with doubled quotes goes to the scratch buffer,
 * which has room for all of the text, so that it does not move within a row.
 */
static slice_t quoted_field(import_rows_t *r)
{
    size_t start = ++r->at, from = r->scratch.len;
    bool doubled = false;
    for (; !is_over(r); r->at++) {
        char c = peek(r);
        if (c == '\n') {
            r->line++;
            r->line_start = r->at + 1;
        }
        if (c != '"') {
            continue;
        }
        if (r->at + 1 >= r->text.len || r->text.ptr[r->at + 1] != '"') {
            break;
        }
        doubled = true;
        r->at++;
    }
    slice_t raw = slice_of(r->text.ptr + start, r->at - start);
    if (is_over(r)) {
        find(r, "a quoted field does not end");
        return raw;
    }
    r->at++;
    skip_blanks(r);
    if (!is_over(r) && !at_line_end(r) && peek(r) != r->separator) {
        find(r, "something stands behind a quoted field");
        (void)plain_field(r);
    }
    if (!doubled) {
        return raw;
    }
    if (!buf_reserve(&r->scratch, r->text.len - from)) {
        r->scratch.failed = true;
        return raw;
    }
    for (size_t i = 0; i < raw.len; i++) {
        buf_append_char(&r->scratch, raw.ptr[i]);
        i += raw.ptr[i] == '"'; /* the other one */
    }
    return slice_of(r->scratch.ptr + from, r->scratch.len - from);
}

/* Lines that say nothing. */
static bool skip_empty(import_rows_t *r)
{
    while (!is_over(r)) {
        skip_blanks(r);
        if (is_over(r)) {
            return false;
        }
        if (peek(r) != '#' && !at_line_end(r)) {
            r->at = r->line_start;
            return true;
        }
        skip_line(r);
    }
    return false;
}

static void take_field(import_rows_t *r)
{
    skip_blanks(r);
    size_t i = r->count < IMPORT_FIELDS_MAX ? r->count++ : IMPORT_FIELDS_MAX - 1;
    if (i + 1 == IMPORT_FIELDS_MAX) {
        find(r, "there are too many fields");
    }
    r->places[i].at = r->at;
    r->places[i].line = r->line;
    r->places[i].line_start = r->line_start;
    r->fields[i] = !is_over(r) && peek(r) == '"' ? quoted_field(r) : plain_field(r);
}

bool import_rows_next(import_rows_t *r)
{
    if (!skip_empty(r)) {
        return false;
    }
    size_t start = r->at;
    r->row_line = r->line;
    r->count = 0;
    r->error = NULL;
    r->error_field = 0;
    buf_clear(&r->scratch);
    for (;;) {
        take_field(r);
        if (buf_failed(&r->scratch)) {
            return false;
        }
        if (is_over(r) || peek(r) != r->separator) {
            break;
        }
        r->at++;
    }
    r->row = slice_of(r->text.ptr + start, r->at - start);
    take_line_end(r);
    return true;
}

uint32_t import_rows_column(const import_rows_t *r, size_t field)
{
    uint32_t column = 1;
    for (size_t i = r->places[field].line_start; i < r->places[field].at; i++) {
        column += (r->text.ptr[i] & 0xc0) != 0x80;
    }
    return column;
}

char import_rows_separator(slice_t text)
{
    import_rows_t r;
    import_rows_init(&r, text, ',');
    char found = ',';
    if (skip_empty(&r)) {
        size_t start = r.at;
        skip_line(&r);
        slice_t line = slice_of(text.ptr + start, r.at - start);
        if (!memchr(line.ptr, ',', line.len)) {
            found = memchr(line.ptr, ';', line.len)    ? ';'
                    : memchr(line.ptr, '\t', line.len) ? '\t'
                                                       : ',';
        }
    }
    import_rows_release(&r);
    return found;
}
