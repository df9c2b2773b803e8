#include "footprintd/base/json.h"

#include "base/json_escape.h"
#include "base/scan.h"

#include <stdlib.h>

#define DEPTH_MAX 1024u

enum {
    ST_VALUE = 0,   /* at the start, or behind a comma of an array */
    ST_FIRST_VALUE, /* behind '[' */
    ST_FIRST_KEY,   /* behind '{' */
    ST_KEY,         /* behind a comma of an object */
    ST_COLON,       /* behind a member's name */
    ST_AFTER,       /* behind a value */
    ST_END,
    ST_ERROR,
};

err_t json_reader_init(json_reader_t *r, slice_t input, unsigned depth_limit)
{
    *r = (json_reader_t){.input = input, .line = 1, .column = 1, .at_line = 1};
    r->depth_limit = depth_limit ? depth_limit : JSON_DEPTH_DEFAULT;
    if (r->depth_limit > DEPTH_MAX) {
        r->depth_limit = DEPTH_MAX;
    }
    r->nesting = calloc((r->depth_limit + 63) / 64, sizeof *r->nesting);
    return r->nesting ? ERR_OK : ERR_NOMEM;
}

void json_reader_release(json_reader_t *r)
{
    free(r->nesting);
    buf_release(&r->scratch);
    *r = (json_reader_t){.state = ST_ERROR, .error = "the reader was released"};
}

/* The byte at the current position, -1 at the end of the text. */
static int peek(const json_reader_t *r)
{
    return r->at < r->input.len ? (unsigned char)r->input.ptr[r->at] : -1;
}

/* Makes `at`, which lies in the current line, the position of the event. */
static void mark(json_reader_t *r, size_t at)
{
    size_t column = at - r->line_start - r->line_extra + 1;
    r->offset = at;
    r->line = r->at_line;
    r->column = column > UINT32_MAX ? UINT32_MAX : (uint32_t)column;
}

static json_event_t fail(json_reader_t *r, const char *error)
{
    r->state = ST_ERROR;
    r->error = error;
    r->text = (slice_t){NULL, 0};
    return JSON_EV_ERROR;
}

static json_event_t fail_at(json_reader_t *r, size_t at, const char *error)
{
    mark(r, at);
    return fail(r, error);
}

/* Something else than `expected` stands here. */
static json_event_t fail_here(json_reader_t *r, const char *expected)
{
    mark(r, r->at);
    if (r->at == r->input.len) {
        return fail(r, "unexpected end of the text");
    }
    size_t step = utf8_step(r->input.ptr + r->at, r->input.len - r->at);
    (void)fail(r, step ? expected : "invalid UTF-8");
    r->text = slice_of(r->input.ptr + r->at, step);
    return JSON_EV_ERROR;
}

static void skip_space(json_reader_t *r)
{
    const char *p = r->input.ptr;
    size_t at = r->at, len = r->input.len;
    for (; at < len; at++) {
        char c = p[at];
        if (c == '\n') {
            r->at_line++;
            r->line_start = at + 1;
            r->line_extra = 0;
        } else if (c != ' ' && c != '\t' && c != '\r') {
            break;
        }
    }
    r->at = at;
}

static bool in_object(const json_reader_t *r)
{
    unsigned level = r->depth - 1;
    return r->nesting[level / 64] >> level % 64 & 1;
}

static json_event_t open_level(json_reader_t *r, bool object)
{
    if (r->depth == r->depth_limit) {
        return fail(r, "nested too deeply");
    }
    uint64_t bit = UINT64_C(1) << r->depth % 64;
    if (object) {
        r->nesting[r->depth / 64] |= bit;
    } else {
        r->nesting[r->depth / 64] &= ~bit;
    }
    r->depth++;
    r->at++;
    r->state = object ? ST_FIRST_KEY : ST_FIRST_VALUE;
    return object ? JSON_EV_OBJECT : JSON_EV_ARRAY;
}

static json_event_t close_level(json_reader_t *r)
{
    bool object = in_object(r);
    mark(r, r->at);
    r->text = (slice_t){NULL, 0};
    r->depth--;
    r->at++;
    r->state = ST_AFTER;
    return object ? JSON_EV_OBJECT_END : JSON_EV_ARRAY_END;
}

/* ---- strings ---- */

/* The string whose opening quote is the current byte; `then` is the state behind it. */
static json_event_t read_string(json_reader_t *r, json_event_t event, uint8_t then)
{
    const char *p = r->input.ptr;
    const size_t len = r->input.len;
    size_t at = r->at + 1;
    size_t run = at; /* what begins here is not in scratch yet */
    bool escaped = false;
    for (;;) {
        at += scan_plain(p + at, len - at);
        if (at == len) {
            return fail(r, "string without a closing quote");
        }
        unsigned char c = (unsigned char)p[at];
        if (c == '"') {
            break;
        }
        if (c >= 0x80) {
            do { /* such characters come in runs */
                size_t step = utf8_step(p + at, len - at);
                if (!step) {
                    return fail_at(r, at, "invalid UTF-8");
                }
                at += step;
                r->line_extra += step - 1;
            } while (at < len && (unsigned char)p[at] >= 0x80);
        } else if (c == '\\') {
            if (!escaped) {
                buf_clear(&r->scratch);
                escaped = true;
            }
            buf_append(&r->scratch, p + run, at - run);
            const char *error = NULL;
            size_t step = json_escape_decode(&r->scratch, p + at, len - at, &error);
            if (!step) {
                return fail_at(r, at, error);
            }
            at += step;
            run = at;
        } else {
            return fail_at(r, at, "control character in a string");
        }
    }
    if (escaped) {
        buf_append(&r->scratch, p + run, at - run);
        if (buf_failed(&r->scratch)) {
            return fail(r, "out of memory");
        }
        r->text = buf_slice(&r->scratch);
    } else {
        r->text = slice_of(p + run, at - run);
    }
    r->at = at + 1;
    r->state = then;
    return event;
}

/* ---- other values ---- */

static size_t digits(const json_reader_t *r, size_t at)
{
    while (at < r->input.len && r->input.ptr[at] >= '0' && r->input.ptr[at] <= '9') {
        at++;
    }
    return at;
}

static json_event_t read_number(json_reader_t *r)
{
    const char *p = r->input.ptr;
    const size_t begin = r->at, len = r->input.len;
    size_t at = begin + (p[begin] == '-');
    size_t whole = at;
    at = digits(r, at);
    if (at == whole) {
        return fail_at(r, at, "a digit must follow the sign");
    }
    if (p[whole] == '0' && at - whole > 1) {
        return fail_at(r, whole, "a number may not begin with a zero");
    }
    if (at < len && p[at] == '.') {
        size_t fraction = at + 1;
        at = digits(r, fraction);
        if (at == fraction) {
            return fail_at(r, at, "a digit must follow the point");
        }
    }
    if (at < len && (p[at] == 'e' || p[at] == 'E')) {
        size_t exponent = at + 1;
        exponent += exponent < len && (p[exponent] == '+' || p[exponent] == '-');
        at = digits(r, exponent);
        if (at == exponent) {
            return fail_at(r, at, "a digit must follow the exponent");
        }
    }
    r->text = slice_of(p + begin, at - begin);
    r->at = at;
    r->state = ST_AFTER;
    return JSON_EV_NUMBER;
}

static json_event_t read_word(json_reader_t *r, slice_t word, json_event_t event)
{
    if (r->input.len - r->at < word.len || memcmp(r->input.ptr + r->at, word.ptr, word.len) != 0) {
        return fail_here(r, "expected a value");
    }
    r->text = slice_of(r->input.ptr + r->at, word.len);
    r->at += word.len;
    r->state = ST_AFTER;
    return event;
}

static json_event_t read_value(json_reader_t *r)
{
    mark(r, r->at);
    r->text = (slice_t){NULL, 0};
    switch (peek(r)) {
    case '{':
        return open_level(r, true);
    case '[':
        return open_level(r, false);
    case '"':
        return read_string(r, JSON_EV_STRING, ST_AFTER);
    case 't':
        return read_word(r, SLICE_LIT("true"), JSON_EV_TRUE);
    case 'f':
        return read_word(r, SLICE_LIT("false"), JSON_EV_FALSE);
    case 'n':
        return read_word(r, SLICE_LIT("null"), JSON_EV_NULL);
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return read_number(r);
    default:
        return fail_here(r, "expected a value");
    }
}

static json_event_t read_key(json_reader_t *r)
{
    mark(r, r->at);
    if (peek(r) != '"') {
        return fail_here(r, "expected a member name in quotes");
    }
    return read_string(r, JSON_EV_KEY, ST_COLON);
}

/* Behind a value: what follows in its object or array, or the end of the text. */
static json_event_t read_after(json_reader_t *r)
{
    if (r->depth == 0) {
        if (r->at < r->input.len) {
            return fail_here(r, "text behind the end of the value");
        }
        mark(r, r->at);
        r->text = (slice_t){NULL, 0};
        r->state = ST_END;
        return JSON_EV_END;
    }
    bool object = in_object(r);
    int c = peek(r);
    if (c == (object ? '}' : ']')) {
        return close_level(r);
    }
    if (c != ',') {
        return fail_here(r, object ? "expected ',' or '}'" : "expected ',' or ']'");
    }
    r->at++;
    skip_space(r);
    return object ? read_key(r) : read_value(r);
}

json_event_t json_reader_next(json_reader_t *r)
{
    if (r->state == ST_ERROR) {
        return JSON_EV_ERROR;
    }
    skip_space(r);
    switch (r->state) {
    case ST_AFTER:
        return read_after(r);
    case ST_COLON:
        if (peek(r) != ':') {
            return fail_here(r, "expected ':'");
        }
        r->at++;
        skip_space(r);
        return read_value(r);
    case ST_FIRST_KEY:
        return peek(r) == '}' ? close_level(r) : read_key(r);
    case ST_FIRST_VALUE:
        return peek(r) == ']' ? close_level(r) : read_value(r);
    case ST_END:
        return JSON_EV_END;
    default:
        break;
    }
    if (r->at == 0 && r->input.len >= 3 && memcmp(r->input.ptr, "\xef\xbb\xbf", 3) == 0) {
        return fail_at(r, 0, "a byte order mark is not allowed");
    }
    return read_value(r);
}
