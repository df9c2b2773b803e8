#include "import_data.h"

#include "import_rows.h"

/* What is no text at all is told as such, and not line by line. */
bool import_clean(import_data_t *d, slice_t *text)
{
    const unsigned char *p = (const unsigned char *)text->ptr;
    if (text->len >= 2 && ((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff))) {
        import_refuse(d, FINDING_ENCODING, "the file is UTF-16; it has to be saved as UTF-8");
        return false;
    }
    if (text->len && memchr(text->ptr, '\0', text->len)) {
        import_refuse(d, FINDING_ENCODING, "the file is no text: it has bytes that are zero");
        return false;
    }
    if (text->len >= 3 && !memcmp(text->ptr, "\xef\xbb\xbf", 3)) {
        *text = slice_of(text->ptr + 3, text->len - 3);
    }
    for (size_t i = 0; i < text->len; i++) {
        if (!strchr(" \t\r\n", text->ptr[i])) {
            return true;
        }
    }
    import_refuse(d, FINDING_EMPTY, "the file is empty");
    return false;
}

static bool is_prefix(slice_t text)
{
    prefix_t p;
    addr_t a;
    return !prefix_parse(text, &p, NULL) || !addr_parse(text, &a);
}

/* The first word that is no comment. */
static slice_t first_word(slice_t text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '#' || c == ';') {
            const char *newline = memchr(text.ptr + i, '\n', text.len - i);
            if (!newline) {
                break;
            }
            i = (size_t)(newline - text.ptr);
        } else if (!strchr(" \t\r\n", c)) {
            size_t end = i;
            while (end < text.len && !strchr(" \t\r\n#;", text.ptr[end])) {
                end++;
            }
            return slice_of(text.ptr + i, end - i);
        }
    }
    return slice_of(NULL, 0);
}

/* {"version": 1, "documents": ...}: the documents, and in them perhaps capabilities. */
static bool is_json_bundle(slice_t text)
{
    const char *documents = memmem(text.ptr, text.len, "\"documents\"", 11);
    const char *types = memmem(text.ptr, text.len, "\"capability-type\"", 17);
    return documents && (!types || documents < types);
}

static bool guess_rows(slice_t text, import_format_t *out)
{
    import_rows_t r;
    import_rows_init(&r, text, import_rows_separator(text));
    bool some = import_rows_next(&r);
    bool separated = some && r.count > 1;
    if (some && is_prefix(r.fields[0])) {
        *out = separated ? IMPORT_GEOFEED : IMPORT_PREFIXES;
    } else if (some) {
        static const char *const names[] = {"footprint", "prefix",          "asn",
                                            "type",      "subdivisioncode", "countrycode"};
        bool known = false;
        for (size_t i = 0; i < r.count; i++) {
            char lower[16];
            slice_t name = slice_lower_short(r.fields[i], lower);
            for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
                known |= slice_is(name, names[k]);
            }
        }
        some = known;
        *out = IMPORT_CSV;
    }
    import_rows_release(&r);
    return some;
}

bool import_guess(slice_t text, import_format_t *out)
{
    if (text.len >= 3 && !memcmp(text.ptr, "\xef\xbb\xbf", 3)) {
        text = slice_of(text.ptr + 3, text.len - 3);
    }
    slice_t word = first_word(text);
    if (!word.len) {
        return false;
    }
    if (word.ptr[0] == '{' || word.ptr[0] == '[') {
        *out = is_json_bundle(text) ? IMPORT_BUNDLE : IMPORT_ADVERTISEMENT;
        return true;
    }
    if (slice_is(word, "version:")) {
        *out = IMPORT_BUNDLE;
        return memmem(text.ptr, text.len, "\ndocuments:", 11) != NULL;
    }
    if (is_prefix(word)) {
        *out = IMPORT_PREFIXES;
        return true;
    }
    return guess_rows(text, out);
}
