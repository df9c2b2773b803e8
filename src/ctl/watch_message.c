#include "watch_message.h"

#define MULTIPART   "multipart/related"
#define PARTS_LEAST 2 /* RFC 9275 7.2.6: costs without their properties are discarded */
#define PARTS_MAX   16

/* ---- media types ---- */

static slice_t trim(slice_t s)
{
    while (s.len && (*s.ptr == ' ' || *s.ptr == '\t')) {
        s = slice_of(s.ptr + 1, s.len - 1);
    }
    while (s.len && strchr(" \t\r", s.ptr[s.len - 1])) {
        s.len--;
    }
    return s;
}

/* What stands before the first of these characters, and what behind; *rest is empty without one. */
static slice_t cut_at(slice_t s, char at, slice_t *rest)
{
    const char *found = s.len ? memchr(s.ptr, at, s.len) : NULL;
    size_t len = found ? (size_t)(found - s.ptr) : s.len;
    *rest = found ? slice_of(found + 1, s.len - len - 1) : slice_of(s.ptr + s.len, 0);
    return slice_of(s.ptr, len);
}

static slice_t without_parameters(slice_t media_type)
{
    slice_t rest;
    return trim(cut_at(media_type, ';', &rest));
}

/* A value in quotes, or without: up to the next semicolon. Quotes in quotes are none of ours. */
static slice_t take_value(slice_t *rest)
{
    slice_t s = trim(*rest);
    if (s.len && *s.ptr == '"') {
        slice_t value = cut_at(slice_of(s.ptr + 1, s.len - 1), '"', rest);
        (void)cut_at(*rest, ';', rest);
        return value;
    }
    return trim(cut_at(s, ';', rest));
}

/* {NULL, 0}: it has none of this name. */
static slice_t parameter(slice_t media_type, const char *name)
{
    slice_t rest;
    (void)cut_at(media_type, ';', &rest);
    while (rest.len) {
        slice_t found = trim(cut_at(rest, '=', &rest));
        slice_t value = take_value(&rest);
        if (slice_eq_nocase(found, slice_str(name))) {
            return value;
        }
    }
    return (slice_t){NULL, 0};
}

bool watch_message_is(slice_t media_type)
{
    return slice_eq_nocase(without_parameters(media_type), SLICE_LIT(MULTIPART));
}

bool watch_media_same(slice_t announced, slice_t got)
{
    if (!slice_eq_nocase(without_parameters(announced), without_parameters(got))) {
        return false;
    }
    slice_t wanted = parameter(announced, "type");
    return !watch_message_is(announced) || !wanted.ptr ||
           slice_eq_nocase(wanted, parameter(got, "type"));
}

slice_t watch_part_name(slice_t content_id)
{
    slice_t rest, id = trim(content_id);
    if (id.len >= 2 && id.ptr[0] == '<' && id.ptr[id.len - 1] == '>') {
        id = slice_of(id.ptr + 1, id.len - 2);
    }
    return cut_at(id, '@', &rest);
}

/* ---- parts ---- */

static err_t refuse(buf_t *why, const char *text)
{
    buf_append_str(why, text);
    return ERR_DATA;
}

/* A line that begins with the delimiter ends a part; *last: it is the one behind all parts. */
static bool is_delimiter(slice_t line, slice_t boundary, bool *last)
{
    if (line.len < boundary.len + 2 || memcmp(line.ptr, "--", 2) != 0 ||
        memcmp(line.ptr + 2, boundary.ptr, boundary.len) != 0) {
        return false;
    }
    slice_t rest = trim(slice_of(line.ptr + 2 + boundary.len, line.len - 2 - boundary.len));
    *last = slice_is(rest, "--");
    return *last || !rest.len;
}

/* What stands before the next delimiter; false: there is none. */
static bool take_part(slice_t *text, slice_t boundary, slice_t *part, bool *last)
{
    const char *start = text->ptr;
    while (text->len) {
        slice_t rest, line = cut_at(*text, '\n', &rest);
        if (is_delimiter(line, boundary, last)) {
            *part = slice_of(start, (size_t)(line.ptr - start));
            *last |= !trim(rest).len; /* RFC 9275 prints its examples so */
            *text = rest;
            return true;
        }
        *text = rest;
    }
    return false;
}

/* The head of a part up to the empty line: {NULL, 0} when it has no Content-ID. */
static slice_t take_head(slice_t *part)
{
    slice_t id = {NULL, 0};
    while (part->len) {
        slice_t value, line = trim(cut_at(*part, '\n', part));
        if (!line.len) {
            break;
        }
        slice_t name = trim(cut_at(line, ':', &value));
        if (slice_eq_nocase(name, SLICE_LIT("content-id"))) {
            id = watch_part_name(value);
        }
    }
    return id;
}

/* Of printable characters, so that it can be shown. */
static bool is_name(slice_t s)
{
    size_t i = 0;
    while (i < s.len && s.ptr[i] > 0x20 && s.ptr[i] < 0x7f) {
        i++;
    }
    return s.len && i == s.len;
}

static err_t add_part(slice_t part, arena_t *arena, json_value_t *root, buf_t *why)
{
    slice_t name = take_head(&part);
    json_member_t *m = &root->u.object.members[root->u.object.count];
    json_value_t *value = NULL;
    json_error_t error;
    if (!is_name(name)) {
        return refuse(why, "a part of the message has no Content-ID");
    }
    if (root->u.object.count == PARTS_MAX || json_get_slice(root, name)) {
        return refuse(why, "the message has too many parts, or one of them twice");
    }
    err_t err = json_parse(part, 0, arena, &value, &error);
    if (err) {
        buf_printf(why, "part '%.*s' is not JSON: %s", SLICE_ARG(utf8_truncate(name, 64)),
                   err == ERR_SYNTAX ? error.text : err_text(err));
        return err == ERR_SYNTAX ? ERR_DATA : err;
    }
    *m = (json_member_t){.name = name, .value = *value};
    root->u.object.count++;
    return ERR_OK;
}

err_t watch_message_read(slice_t media_type, slice_t text, arena_t *arena, json_value_t **out,
                         buf_t *why)
{
    slice_t boundary = parameter(media_type, "boundary"), part;
    json_value_t *root = arena_alloc(arena, sizeof *root);
    json_member_t *members = arena_array(arena, PARTS_MAX + 1, sizeof *members);
    bool last = false;
    if (!root || !members) {
        return ERR_NOMEM;
    }
    *root = (json_value_t){.kind = JSON_OBJECT};
    root->u.object.members = members;
    if (!boundary.len || !take_part(&text, boundary, &part, &last)) {
        return refuse(why, "the message has no parts");
    }
    while (!last) {
        if (!take_part(&text, boundary, &part, &last)) {
            return refuse(why, "the message has no end");
        }
        err_t err = add_part(part, arena, root, why);
        if (err) {
            return err;
        }
    }
    if (root->u.object.count < PARTS_LEAST) {
        return refuse(why, "the message has not all its parts");
    }
    *out = root;
    return ERR_OK;
}
