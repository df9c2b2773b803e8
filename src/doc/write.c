#include "footprintd/doc/write.h"

#define WIDTH       100
#define FLAT_HEIGHT 2   /* of what may stand on one line */
#define KEY_BYTES   120 /* of a key that stands before its colon; libyaml wants less than 1,024 */

typedef struct writer {
    buf_t *out;
    bool json;
    size_t line; /* where the current line begins */
} writer_t;

static void block(writer_t *w, const json_value_t *v, unsigned indent, unsigned level);
static void yaml_block(writer_t *w, const json_value_t *v, unsigned indent, unsigned level);

/* ---- scalars ---- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* What some reader of YAML takes for something else than text. */
static bool is_word(slice_t text)
{
    static const char *const words[] = {"true", "false", "null", "yes", "no",
                                        "on",   "off",   "y",    "n",   NULL};
    for (size_t i = 0; words[i]; i++) {
        if (slice_eq_nocase(text, slice_str(words[i]))) {
            return true;
        }
    }
    return false;
}

/* A letter first, or a digit in what is no number for its slash: 192.0.2.0/24. */
static bool is_plain(slice_t text)
{
    bool slash = false;
    if (!text.len || !(is_letter(text.ptr[0]) || is_digit(text.ptr[0]))) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!is_letter(c) && !is_digit(c) && !strchr("./_@+-", c)) {
            return false;
        }
        if (!c) { /* which strchr finds */
            return false;
        }
        slash |= c == '/';
    }
    return is_letter(text.ptr[0]) ? !is_word(text) : slash;
}

/* The character at p, which is valid UTF-8 and not ASCII; *len is the number of its bytes. */
static uint32_t decode(const unsigned char *p, size_t *len)
{
    if (p[0] < 0xe0) {
        *len = 2;
        return (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
    }
    if (p[0] < 0xf0) {
        *len = 3;
        return (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
    }
    *len = 4;
    return (p[0] & 0x07u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
}

/* What YAML does not permit as it is (YAML 1.2 5.1), or takes for the end of a line. */
static bool needs_escape(uint32_t c)
{
    return c < 0xa0 || c == 0x2028 || c == 0x2029 || c == 0xfeff || c == 0xfffe || c == 0xffff;
}

static void append_ascii(buf_t *out, char c)
{
    switch (c) {
    case '"':
        buf_append_str(out, "\\\"");
        break;
    case '\\':
        buf_append_str(out, "\\\\");
        break;
    case '\n':
        buf_append_str(out, "\\n");
        break;
    case '\t':
        buf_append_str(out, "\\t");
        break;
    default:
        if ((unsigned char)c < 0x20 || c == 0x7f) {
            buf_printf(out, "\\u%04x", (unsigned)c);
        } else {
            buf_append_char(out, c);
        }
        break;
    }
}

void doc_write_yaml_text(buf_t *out, slice_t text)
{
    if (is_plain(text)) {
        buf_append_slice(out, text);
        return;
    }
    buf_append_char(out, '"');
    for (size_t i = 0; i < text.len;) {
        size_t len = 1;
        if ((unsigned char)text.ptr[i] < 0x80) {
            append_ascii(out, text.ptr[i]);
        } else {
            uint32_t c = decode((const unsigned char *)text.ptr + i, &len);
            if (needs_escape(c)) {
                buf_printf(out, "\\u%04x", (unsigned)c);
            } else {
                buf_append(out, text.ptr + i, len);
            }
        }
        i += len;
    }
    buf_append_char(out, '"');
}

static void text_of(writer_t *w, slice_t text)
{
    if (w->json) {
        json_write_string(w->out, text);
    } else {
        doc_write_yaml_text(w->out, text);
    }
}

static void scalar(writer_t *w, const json_value_t *v)
{
    if (v->kind == JSON_STRING) {
        text_of(w, v->u.text);
    } else {
        json_write_value(w->out, v); /* null, booleans and numbers are the same in YAML */
    }
}

/* ---- on one line ---- */

static size_t count_of(const json_value_t *v)
{
    return v->kind == JSON_ARRAY ? v->u.array.count : v->u.object.count;
}

static bool is_collection(const json_value_t *v)
{
    return v->kind == JSON_ARRAY || v->kind == JSON_OBJECT;
}

static const json_value_t *child(const json_value_t *v, size_t i)
{
    return v->kind == JSON_ARRAY ? &v->u.array.items[i] : &v->u.object.members[i].value;
}

/* False as soon as it is too high or too long; what was written by then is to be taken back. */
static bool flat(writer_t *w, const json_value_t *v, unsigned height, size_t limit)
{
    if (!is_collection(v)) {
        scalar(w, v);
        return w->out->len <= limit;
    }
    bool map = v->kind == JSON_OBJECT;
    if (!height && count_of(v)) {
        return false;
    }
    buf_append_char(w->out, map ? '{' : '[');
    for (size_t i = 0; i < count_of(v); i++) {
        buf_append_str(w->out, i ? ", " : "");
        if (map) {
            text_of(w, v->u.object.members[i].name);
            buf_append_str(w->out, ": ");
        }
        if (!flat(w, child(v, i), height - 1, limit)) {
            return false;
        }
    }
    buf_append_char(w->out, map ? '}' : ']');
    return w->out->len <= limit;
}

/* The document and its members stand in blocks, however small they are. */
static bool try_flat(writer_t *w, const json_value_t *v, unsigned level)
{
    bool some = is_collection(v) && count_of(v);
    if (!some) {
        return flat(w, v, 0, SIZE_MAX);
    }
    if (!level || (level == 1 && v->kind == JSON_OBJECT)) {
        return false;
    }
    size_t start = w->out->len;
    if (flat(w, v, FLAT_HEIGHT, w->line + WIDTH - 1) || buf_failed(w->out)) {
        return true;
    }
    w->out->len = start;
    return false;
}

/* ---- in blocks ---- */

static void new_line(writer_t *w, unsigned indent)
{
    buf_append_char(w->out, '\n');
    w->line = w->out->len;
    for (unsigned i = 0; i < indent; i++) {
        buf_append_char(w->out, ' ');
    }
}

static void json_block(writer_t *w, const json_value_t *v, unsigned indent, unsigned level)
{
    bool map = v->kind == JSON_OBJECT;
    buf_append_char(w->out, map ? '{' : '[');
    for (size_t i = 0; i < count_of(v); i++) {
        buf_append_str(w->out, i ? "," : "");
        new_line(w, indent + 2);
        if (map) {
            text_of(w, v->u.object.members[i].name);
            buf_append_str(w->out, ": ");
        }
        block(w, child(v, i), indent + 2, level + 1);
    }
    new_line(w, indent);
    buf_append_char(w->out, map ? '}' : ']');
}

/* Behind the colon of a key, which stands at the indent. */
static void yaml_value(writer_t *w, const json_value_t *v, unsigned indent, unsigned level)
{
    size_t colon = w->out->len;
    buf_append_char(w->out, ' ');
    if (!try_flat(w, v, level)) {
        w->out->len = colon;
        new_line(w, indent + 2);
        yaml_block(w, v, indent + 2, level);
    }
}

static void yaml_key(writer_t *w, slice_t name, unsigned indent)
{
    bool complex = name.len > KEY_BYTES;
    buf_append_str(w->out, complex ? "? " : "");
    text_of(w, name);
    if (complex) {
        new_line(w, indent);
    }
    buf_append_char(w->out, ':');
}

/* The first line of it is at the indent already. */
static void yaml_block(writer_t *w, const json_value_t *v, unsigned indent, unsigned level)
{
    for (size_t i = 0; i < count_of(v); i++) {
        if (i) {
            new_line(w, indent);
        }
        if (v->kind == JSON_OBJECT) {
            yaml_key(w, v->u.object.members[i].name, indent);
            yaml_value(w, child(v, i), indent, level + 1);
        } else {
            buf_append_str(w->out, "- ");
            block(w, child(v, i), indent + 2, level + 1);
        }
    }
}

static void block(writer_t *w, const json_value_t *v, unsigned indent, unsigned level)
{
    if (try_flat(w, v, level)) {
        return;
    }
    if (w->json) {
        json_block(w, v, indent, level);
    } else {
        yaml_block(w, v, indent, level);
    }
}

void doc_write(const json_value_t *tree, doc_format_t format, buf_t *out)
{
    writer_t w = {out, format == DOC_JSON, out->len};
    block(&w, tree, 0, 0);
    buf_append_char(out, '\n');
}

bool doc_write_is_yaml(const json_value_t *tree)
{
    if (!is_collection(tree)) {
        return true;
    }
    for (size_t i = 0; i < count_of(tree); i++) {
        if (tree->kind == JSON_OBJECT && slice_is(tree->u.object.members[i].name, "<<")) {
            return false;
        }
        if (!doc_write_is_yaml(child(tree, i))) {
            return false;
        }
    }
    return true;
}
