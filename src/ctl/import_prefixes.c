#include "import_table.h"

/* The end of the line's content: before a comment, without blanks. */
static size_t content_end(const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (line[i] == '#' || line[i] == ';') {
            len = i;
            break;
        }
    }
    while (len && strchr(" \t\r", line[len - 1])) {
        len--;
    }
    return len;
}

static bool take_line(import_data_t *d, import_table_t *t, uint32_t group, slice_t line,
                      uint32_t number)
{
    size_t end = content_end(line.ptr, line.len), start = 0;
    prefix_t p;
    while (start < end && strchr(" \t", line.ptr[start])) {
        start++;
    }
    if (start == end) {
        return true;
    }
    slice_t word = slice_of(line.ptr + start, end - start);
    uint32_t column = (uint32_t)start + 1;
    if (!utf8_valid(word)) {
        import_find(d, FINDING_ENCODING, number, column, (slice_t){0}, "the line is not UTF-8");
        return true;
    }
    return !import_parse_prefix(d, word, number, column, &p) ||
           import_table_prefix(d, t, group, number, &p);
}

bool import_prefixes(import_data_t *d, slice_t text, import_table_t *t)
{
    uint32_t number = 0;
    uint32_t group = import_table_group(d, t, d->footprint, 1);
    bool ok = group != IMPORT_NO_GROUP;
    for (size_t at = 0; ok && at < text.len;) {
        const char *newline = memchr(text.ptr + at, '\n', text.len - at);
        size_t end = newline ? (size_t)(newline - text.ptr) : text.len;
        number++;
        ok = take_line(d, t, group, slice_of(text.ptr + at, end - at), number);
        at = end + 1;
        import_reading(d, number, number);
    }
    return ok;
}
