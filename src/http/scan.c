#include "http/scan.h"

scan_t scan_of(slice_t line)
{
    const char *at = line.ptr ? line.ptr : "";
    return (scan_t){at, at + line.len};
}

void scan_space(scan_t *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t')) {
        s->at++;
    }
}

int scan_peek(const scan_t *s)
{
    return s->at < s->end ? (unsigned char)*s->at : -1;
}

bool scan_take(scan_t *s, char c)
{
    if (s->at < s->end && *s->at == c) {
        s->at++;
        return true;
    }
    return false;
}

static bool is_token_char(char c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
        return true;
    }
    return c && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

slice_t scan_token(scan_t *s)
{
    const char *start = s->at;
    while (s->at < s->end && is_token_char(*s->at)) {
        s->at++;
    }
    return slice_of(start, (size_t)(s->at - start));
}

bool scan_quoted(scan_t *s)
{
    if (!scan_take(s, '"')) {
        return false;
    }
    while (s->at < s->end) {
        char c = *s->at++;
        if (c == '"') {
            return true;
        }
        if (c == '\\' && s->at < s->end) {
            s->at++;
        }
    }
    return false;
}

bool scan_next_element(scan_t *s)
{
    while (s->at < s->end) {
        if (*s->at == ',') {
            s->at++;
            return true;
        }
        if (*s->at == '"') {
            (void)scan_quoted(s); /* one that does not end takes the rest of the line */
        } else {
            s->at++;
        }
    }
    return false;
}

/* qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ); -1 when it is not one. */
static int parse_qvalue(slice_t text)
{
    if (text.len < 1 || text.len > 5 || (text.ptr[0] != '0' && text.ptr[0] != '1')) {
        return -1;
    }
    if (text.len > 1 && text.ptr[1] != '.') {
        return -1;
    }
    int q = text.ptr[0] == '1' ? 1000 : 0;
    int unit = 100;
    for (size_t i = 2; i < text.len; i++, unit /= 10) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return -1;
        }
        q += (text.ptr[i] - '0') * unit;
    }
    return q <= 1000 ? q : -1;
}

/*
 * A token, and what ALTO clients send for one: a media type without quotes, as in
 * multipart/related;type=application/alto-costmap+json (RFC 9275 8.3).
 */
static slice_t scan_value(scan_t *s)
{
    slice_t value = scan_token(s);
    while (value.len && scan_take(s, '/')) {
        (void)scan_token(s);
        value.len = (size_t)(s->at - value.ptr);
    }
    return value;
}

bool scan_parameters(scan_t *s, int *q)
{
    for (;;) {
        scan_space(s);
        if (!scan_take(s, ';')) {
            return true;
        }
        scan_space(s);
        slice_t name = scan_token(s);
        if (name.len == 0) {
            continue; /* "a/b;;q=1": empty parameters are allowed (5.6.6) */
        }
        if (!scan_take(s, '=')) {
            return false;
        }
        if (scan_peek(s) == '"') {
            if (!scan_quoted(s) || slice_eq_nocase(name, SLICE_LIT("q"))) {
                return false;
            }
            continue;
        }
        slice_t value = scan_value(s);
        if (value.len == 0) {
            return false;
        }
        if (slice_eq_nocase(name, SLICE_LIT("q"))) {
            *q = parse_qvalue(value);
            if (*q < 0) {
                return false;
            }
        }
    }
}

bool scan_element_done(scan_t *s)
{
    scan_space(s);
    return s->at == s->end || *s->at == ',';
}
