#include "sse_parser.h"

void sse_parser_init(sse_parser_t *p, size_t limit)
{
    *p = (sse_parser_t){.limit = limit};
}

void sse_parser_release(sse_parser_t *p)
{
    buf_release(&p->line);
    buf_release(&p->type);
    buf_release(&p->data);
}

static bool refuse(sse_parser_t *p, const char *error)
{
    p->error = error;
    return false;
}

/* The empty line: what was collected is an event if it has data. */
static bool dispatch(sse_parser_t *p)
{
    bool more = true;
    if (p->data.len) {
        slice_t type = p->type.len ? buf_slice(&p->type) : SLICE_LIT("message");
        more = p->on_event(p->arg, type, slice_of(p->data.ptr, p->data.len - 1));
    }
    buf_clear(&p->type);
    buf_clear(&p->data);
    return more;
}

static bool take_line(sse_parser_t *p, slice_t line)
{
    if (!line.len) {
        return dispatch(p);
    }
    const char *colon = memchr(line.ptr, ':', line.len);
    if (colon == line.ptr) {
        if (p->on_comment) {
            p->on_comment(p->arg);
        }
        return true;
    }
    slice_t name = line, value = {"", 0};
    if (colon) {
        name.len = (size_t)(colon - line.ptr);
        value = slice_of(colon + 1, line.len - name.len - 1);
        if (value.len && value.ptr[0] == ' ') {
            value.ptr++;
            value.len--;
        }
    }
    if (slice_is(name, "data")) {
        if (value.len >= p->limit - p->data.len) {
            return refuse(p, "an event is longer than this program takes");
        }
        buf_append_slice(&p->data, value);
        buf_append_char(&p->data, '\n');
    } else if (slice_is(name, "event")) {
        buf_clear(&p->type);
        buf_append_slice(&p->type, value);
    }
    return buf_failed(&p->data) || buf_failed(&p->type) ? refuse(p, err_text(ERR_NOMEM)) : true;
}

/* The line that is complete, with what of it came before. */
static bool end_line(sse_parser_t *p, slice_t rest)
{
    slice_t line = rest;
    if (p->line.len) {
        buf_append_slice(&p->line, rest);
        line = buf_slice(&p->line);
    }
    if (buf_failed(&p->line)) {
        return refuse(p, err_text(ERR_NOMEM));
    }
    if (!p->begun) {
        p->begun = true;
        if (line.len >= 3 && memcmp(line.ptr, "\xef\xbb\xbf", 3) == 0) {
            line = slice_of(line.ptr + 3, line.len - 3);
        }
    }
    bool more = take_line(p, line);
    buf_clear(&p->line);
    return more;
}

static size_t until_line_end(slice_t s)
{
    const char *lf = memchr(s.ptr, '\n', s.len);
    size_t len = lf ? (size_t)(lf - s.ptr) : s.len;
    const char *cr = memchr(s.ptr, '\r', len);
    return cr ? (size_t)(cr - s.ptr) : len;
}

bool sse_parser_feed(sse_parser_t *p, slice_t bytes)
{
    while (bytes.len) {
        if (p->cr && bytes.ptr[0] == '\n') {
            p->cr = false;
            bytes = slice_of(bytes.ptr + 1, bytes.len - 1);
            continue;
        }
        size_t len = until_line_end(bytes);
        if (len > p->limit - p->line.len) {
            return refuse(p, "a line is longer than this program takes");
        }
        slice_t part = slice_of(bytes.ptr, len);
        p->cr = len < bytes.len && bytes.ptr[len] == '\r';
        if (len == bytes.len) {
            buf_append_slice(&p->line, part);
            return buf_failed(&p->line) ? refuse(p, err_text(ERR_NOMEM)) : true;
        }
        if (!end_line(p, part)) {
            return false;
        }
        bytes = slice_of(bytes.ptr + len + 1, bytes.len - len - 1);
    }
    return true;
}

sse_event_name_t sse_event_name(slice_t type)
{
    sse_event_name_t name = {.media_type = type};
    const char *comma = type.len ? memrchr(type.ptr, ',', type.len) : NULL;
    if (!comma) {
        return name;
    }
    name.media_type.len = (size_t)(comma - type.ptr);
    name.data_id = slice_of(comma + 1, type.len - name.media_type.len - 1);
    name.substream = name.data_id;
    const char *dot = name.data_id.len ? memchr(name.data_id.ptr, '.', name.data_id.len) : NULL;
    if (dot) {
        name.substream.len = (size_t)(dot - name.data_id.ptr);
        name.content_id = slice_of(dot + 1, name.data_id.len - name.substream.len - 1);
    }
    return name;
}
