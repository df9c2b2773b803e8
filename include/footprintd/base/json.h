/*
 * JSON (RFC 8259, and I-JSON, RFC 7493, where it is stricter): a pull reader with positions and
 * verbatim numbers, a small tree over it, and a writer.
 *
 * Refused: invalid UTF-8, a byte order mark, lone surrogates (in \u escapes), control characters in
 * strings, U+0000 is allowed only as \u0000, trailing text, duplicate member names (by the tree; a
 * user of the reader alone checks for himself), nesting above the limit, numbers that JSON's
 * grammar does not have. Numbers are never converted: they travel as the text they came as.
 *
 * Lines and columns count from 1; columns count characters, not bytes. Offsets count bytes from 0.
 */
#ifndef FOOTPRINTD_BASE_JSON_H
#define FOOTPRINTD_BASE_JSON_H

#include "footprintd/base/arena.h"

#define JSON_DEPTH_DEFAULT 64

typedef enum json_event {
    JSON_EV_ERROR, /* reader->error says what; every further call gives it again */
    JSON_EV_END,   /* the text is over, whole and well-formed */
    JSON_EV_OBJECT,
    JSON_EV_OBJECT_END,
    JSON_EV_ARRAY,
    JSON_EV_ARRAY_END,
    JSON_EV_KEY,    /* text is the decoded name */
    JSON_EV_STRING, /* text is the decoded string */
    JSON_EV_NUMBER, /* text is the number as written */
    JSON_EV_TRUE,
    JSON_EV_FALSE,
    JSON_EV_NULL,
} json_event_t;

typedef struct json_reader {
    /* Of the last event. text is valid until the next call: it points into the input or scratch. */
    slice_t text;
    size_t offset; /* of the event's first byte */
    uint32_t line;
    uint32_t column;
    const char *error; /* a static text, after JSON_EV_ERROR */

    /* Private from here. */
    slice_t input;
    size_t at;
    size_t line_start; /* byte offset of the current line's first byte */
    size_t line_extra; /* continuation bytes seen since line_start: columns count characters */
    uint32_t at_line;
    unsigned depth;
    unsigned depth_limit;
    uint8_t state;
    uint64_t *nesting; /* one bit per level: object or array */
    buf_t scratch;     /* decoded strings that have escapes */
} json_reader_t;

/* input must outlive the reader. depth_limit 0 means JSON_DEPTH_DEFAULT; above 1024 means 1024. */
err_t json_reader_init(json_reader_t *r, slice_t input, unsigned depth_limit) FPD_MUST_CHECK;
void json_reader_release(json_reader_t *r);
/*
 * An error's position is that of the byte that cannot stand there, or of the string that does not
 * end; its text is the character that was found, and empty where that says nothing.
 */
json_event_t json_reader_next(json_reader_t *r);
/* Of the next byte that it reads. */
static inline size_t json_reader_at(const json_reader_t *r)
{
    return r->at;
}
/*
 * Passes over bytes that would leave it in the state that it is in, as another one has found: whole
 * members behind a member. Lines and columns are wrong from there on.
 */
static inline void json_reader_skip(json_reader_t *r, size_t bytes)
{
    r->at += bytes;
}

/* True when JSON_EV_ERROR came of an allocation that failed, and not of the text. */
static inline bool json_reader_nomem(const json_reader_t *r)
{
    return buf_failed(&r->scratch);
}

/* ---- tree ---- */

typedef enum json_kind {
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
} json_kind_t;

typedef struct json_value json_value_t;
typedef struct json_member json_member_t;

struct json_value {
    json_kind_t kind;
    uint32_t line; /* where the value begins; 0 when it was made, not read */
    uint32_t column;
    union {
        bool boolean;
        slice_t text; /* string (decoded) or number (verbatim) */
        struct {
            json_value_t *items;
            size_t count;
        } array;
        struct {
            json_member_t *members; /* in the order of the text */
            size_t count;
        } object;
    } u;
};

struct json_member {
    slice_t name;
    uint32_t line; /* where the name begins */
    uint32_t column;
    json_value_t value;
};

typedef struct json_error {
    char text[160]; /* "line 3 column 7: unexpected '}'" */
    uint32_t line;
    uint32_t column;
    size_t offset;
} json_error_t;

/*
 * Reads a whole text into a tree whose every byte lies in the arena (nothing points into text).
 * ERR_SYNTAX with *error filled, ERR_NOMEM (also for the arena's limit), or ERR_OK.
 */
err_t json_parse(slice_t text, unsigned depth_limit, arena_t *arena, json_value_t **out,
                 json_error_t *error) FPD_MUST_CHECK;

/* The member's value, or NULL; also NULL when v is not an object. */
const json_value_t *json_get(const json_value_t *v, const char *name);
const json_value_t *json_get_slice(const json_value_t *v, slice_t name);

static inline bool json_is_string(const json_value_t *v)
{
    return v && v->kind == JSON_STRING;
}

/* "null", "boolean", "number", "string", "array", "object". */
const char *json_kind_name(json_kind_t kind);

/* RFC 8259's number grammar, exactly. */
bool json_number_valid(slice_t text);
/*
 * True when the text is a JSON number that is a plain non-negative integer (no fraction, no
 * exponent, no sign) and fits; "-0" does not.
 */
bool json_number_u64(slice_t number, uint64_t *out);

/* The double that a JSON number is nearest to, zero without a sign; false: it is too great. */
bool json_number_double(slice_t number, double *out);

/*
 * Deep equality, which supposes that names are unique within an object: objects without regard to
 * member order, numbers by value where both are plain integers of any length, and otherwise by
 * their text.
 */
bool json_value_equal(const json_value_t *a, const json_value_t *b);
/* As RFC 6902 4.6 has it: all numbers by value, 1.0 and 10e-1 too, as exact decimals. */
bool json_value_same(const json_value_t *a, const json_value_t *b);
bool json_number_same(slice_t a, slice_t b);

/* The short name, which is no symbol of ours: jansson has a function of this name. */
static inline bool json_equal(const json_value_t *a, const json_value_t *b)
{
    return json_value_equal(a, b);
}

/* ---- writer ---- */

/* The string with quotes, escaping only what RFC 8259 demands; `s` must be valid UTF-8. */
void json_write_string(buf_t *out, slice_t s);
/* Compact text, members in their order, numbers verbatim. */
void json_write_value(buf_t *out, const json_value_t *v);

/* The shortest text that reads as this double, which must be finite; returns its length. */
#define JSON_DOUBLE_MAX 32
size_t json_format_double(double value, char out[JSON_DOUBLE_MAX]);
void json_write_double(buf_t *out, double value);

/* True when the bytes are well-formed UTF-8 (RFC 3629: no surrogates, nothing above U+10FFFF). */
bool utf8_valid(slice_t s);
/* The longest prefix of s that has at most max bytes and does not cut a character. */
slice_t utf8_truncate(slice_t s, size_t max);

#endif
