#include "ucdn_edit.h"

/* The text from the start of line `number`, from 1; what is left is "" behind the last. */
static size_t line_start(slice_t text, size_t number)
{
    size_t at = 0;
    for (size_t line = 1; line < number && at < text.len; line++) {
        const char *end = memchr(text.ptr + at, '\n', text.len - at);
        at = end ? (size_t)(end - text.ptr) + 1 : text.len;
    }
    return at;
}

static bool is_of_next(slice_t line)
{
    size_t blanks = 0;
    while (blanks < line.len && strchr(" \t\r\n", line.ptr[blanks]) && line.ptr[blanks]) {
        blanks++;
    }
    return blanks == line.len || line.ptr[0] == '#';
}

bool ucdn_edit_remove(slice_t text, const ucdns_t *ucdns, size_t index, buf_t *out)
{
    const ucdn_profile_t *profile = ucdns_profile(ucdns, index);
    size_t from = line_start(text, profile->place.line), to = text.len;
    if (profile->place.column != 1) {
        return false; /* in braces */
    }
    if (index + 1 < ucdns_count(ucdns)) {
        to = line_start(text, ucdns_profile(ucdns, index + 1)->place.line);
    }
    /* Comments and empty lines before the next one are about the next one. */
    while (to > from) {
        size_t start = to - 1;
        while (start > from && text.ptr[start - 1] != '\n') {
            start--;
        }
        if (start == from || !is_of_next(slice_of(text.ptr + start, to - start))) {
            break;
        }
        to = start;
    }
    buf_append(out, text.ptr, from);
    buf_append(out, text.ptr + to, text.len - to);
    if (ucdns_count(ucdns) == 1) {
        buf_append_str(out, "{}\n"); /* nobody, which an empty file does not say */
    }
    return true;
}

void ucdn_edit_append(slice_t text, const ucdns_t *ucdns, slice_t lines, buf_t *out)
{
    /* "{}", which says that there is nobody, gives way. */
    const slice_t nobody = SLICE_LIT("{}\n");
    if (!ucdns_count(ucdns) && text.len >= nobody.len &&
        memcmp(text.ptr + text.len - nobody.len, nobody.ptr, nobody.len) == 0) {
        text.len -= nobody.len;
    }
    buf_append_slice(out, text);
    if (text.len && text.ptr[text.len - 1] != '\n') {
        buf_append_char(out, '\n');
    }
    buf_append_slice(out, lines);
}
