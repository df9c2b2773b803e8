#include "http/conditional.h"

#include "http/scan.h"

/* entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE; *opaque has the quotes. No escapes in it (8.8.3). */
static bool scan_entity_tag(scan_t *s, slice_t *opaque)
{
    if (s->end - s->at >= 2 && s->at[0] == 'W' && s->at[1] == '/') {
        s->at += 2;
    }
    const char *start = s->at;
    if (!scan_take(s, '"')) {
        return false;
    }
    while (s->at < s->end) {
        unsigned char c = (unsigned char)*s->at++;
        if (c == '"') {
            *opaque = slice_of(start, (size_t)(s->at - start));
            return true;
        }
        if (c <= 0x20 || c == 0x7f) {
            return false;
        }
    }
    return false;
}

/* Behind the next comma. Unlike in other lists, a backslash in quotes means nothing. */
static bool next_tag(scan_t *s)
{
    while (s->at < s->end) {
        if (*s->at++ == ',') {
            return true;
        }
    }
    return false;
}

int conditional_none_match(slice_t line, const slice_t etags[CODING_COUNT], coding_t selected)
{
    scan_t s = scan_of(line);
    scan_space(&s);
    if (scan_take(&s, '*')) {
        return scan_element_done(&s) && s.at == s.end ? (int)selected : CONDITIONAL_NO_MATCH;
    }
    int found = CONDITIONAL_NO_MATCH;
    do {
        slice_t opaque;
        scan_space(&s);
        if (!scan_entity_tag(&s, &opaque) || !scan_element_done(&s)) {
            continue;
        }
        if (slice_eq(opaque, etags[selected])) {
            return (int)selected;
        }
        for (int i = 0; i < CODING_COUNT && found == CONDITIONAL_NO_MATCH; i++) {
            found = slice_eq(opaque, etags[i]) ? i : CONDITIONAL_NO_MATCH;
        }
    } while (next_tag(&s));
    return found;
}
