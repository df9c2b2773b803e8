#include "footprintd/base/json.h"

#include "base/scan.h"

static void append_escape(buf_t *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    char escape[6] = {'\\', (char)c, '0', '0', hex[c >> 4], hex[c & 15]};
    size_t len = 2;
    switch (c) {
    case '"':
    case '\\':
        break;
    case '\b':
        escape[1] = 'b';
        break;
    case '\f':
        escape[1] = 'f';
        break;
    case '\n':
        escape[1] = 'n';
        break;
    case '\r':
        escape[1] = 'r';
        break;
    case '\t':
        escape[1] = 't';
        break;
    default:
        escape[1] = 'u';
        len = 6;
    }
    buf_append(out, escape, len);
}

void json_write_string(buf_t *out, slice_t s)
{
    /* Room for the usual case, so that a short string costs one check. */
    if (s.len > SIZE_MAX / 2 || !buf_reserve(out, s.len + 2)) {
        out->failed = true;
        return;
    }
    buf_append_char(out, '"');
    size_t at = 0;
    while (at < s.len) {
        size_t run = scan_unescaped(s.ptr + at, s.len - at);
        buf_append(out, s.ptr + at, run);
        at += run;
        if (at < s.len) {
            append_escape(out, (unsigned char)s.ptr[at]);
            at++;
        }
    }
    buf_append_char(out, '"');
}

static void write_array(buf_t *out, const json_value_t *v)
{
    buf_append_char(out, '[');
    for (size_t i = 0; i < v->u.array.count; i++) {
        if (i) {
            buf_append_char(out, ',');
        }
        json_write_value(out, &v->u.array.items[i]);
    }
    buf_append_char(out, ']');
}

static void write_object(buf_t *out, const json_value_t *v)
{
    buf_append_char(out, '{');
    for (size_t i = 0; i < v->u.object.count; i++) {
        if (i) {
            buf_append_char(out, ',');
        }
        json_write_string(out, v->u.object.members[i].name);
        buf_append_char(out, ':');
        json_write_value(out, &v->u.object.members[i].value);
    }
    buf_append_char(out, '}');
}

/* Recursion is as deep as the tree, which the reader's depth limit bounds. */
void json_write_value(buf_t *out, const json_value_t *v)
{
    switch (v->kind) {
    case JSON_NULL:
        buf_append_str(out, "null");
        break;
    case JSON_BOOL:
        buf_append_str(out, v->u.boolean ? "true" : "false");
        break;
    case JSON_NUMBER:
        buf_append_slice(out, v->u.text);
        break;
    case JSON_STRING:
        json_write_string(out, v->u.text);
        break;
    case JSON_ARRAY:
        write_array(out, v);
        break;
    case JSON_OBJECT:
        write_object(out, v);
        break;
    }
}
