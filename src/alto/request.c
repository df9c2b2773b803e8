#include "request.h"

static void answer_error(request_t *r, const alto_error_t *error)
{
    buf_t text = BUF_INIT;
    alto_error_write(error, &text);
    slice_t *segment = arena_alloc(r->arena, sizeof *segment);
    if (segment && !buf_failed(&text)) {
        *segment = arena_copy(r->arena, buf_slice(&text));
        *r->answer = (alto_answer_t){.status = 400,
                                     .media_type = ALTO_MEDIA_ERROR,
                                     .size = segment->len,
                                     .segments = segment,
                                     .count = 1};
    } else {
        r->arena->failed = true;
    }
    buf_release(&text);
}

bool request_parse(request_t *r, slice_t body)
{
    json_error_t error = {{0}, 0, 0, 0};
    err_t err = json_parse(body, REQUEST_DEPTH, r->arena, &r->root, &error);
    if (!err && r->root->kind == JSON_OBJECT) {
        return true;
    }
    if (err == ERR_NOMEM) {
        r->arena->failed = true;
        return false;
    }
    const char *text = err ? error.text : "line 1 column 1: the body must be a JSON object";
    answer_error(r, &(alto_error_t){.code = ALTO_E_SYNTAX, .syntax_error = slice_str(text)});
    return false;
}

bool request_missing(request_t *r, const char *field)
{
    answer_error(r, &(alto_error_t){.code = ALTO_E_MISSING_FIELD, .field = slice_str(field)});
    return false;
}

bool request_wrong_type(request_t *r, const char *field)
{
    answer_error(r, &(alto_error_t){.code = ALTO_E_INVALID_FIELD_TYPE, .field = slice_str(field)});
    return false;
}

bool request_wrong_value(request_t *r, const char *field, const json_value_t *value)
{
    buf_t text = BUF_INIT;
    alto_error_t error = {
        .code = ALTO_E_INVALID_FIELD_VALUE, .field = slice_str(field), .has_value = true};
    if (value->kind == JSON_STRING) {
        error.value = value->u.text;
    } else {
        json_write_value(&text, value);
        error.value = buf_slice(&text);
    }
    answer_error(r, &error);
    r->arena->failed |= buf_failed(&text);
    buf_release(&text);
    return false;
}

bool request_is_pid_name(const json_value_t *v)
{
    if (v->kind != JSON_STRING || v->u.text.len < 1 || v->u.text.len > 64) {
        return false;
    }
    for (size_t i = 0; i < v->u.text.len; i++) {
        char c = v->u.text.ptr[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && !memchr("-:@_.", c, 5)) {
            return false;
        }
    }
    return true;
}

bool request_too_big(request_t *r)
{
    *r->answer = (alto_answer_t){.status = 413};
    return false;
}

/* Segments shorter than this on average cost more to send one by one than to copy. */
#define SEGMENT_WORTH 2048
#define COPY_MAX      ((size_t)1 << 20)

static const slice_t *join(request_t *r, const slice_t *segments, size_t count, size_t size)
{
    char *bytes = arena_alloc(r->arena, size), *at = bytes;
    slice_t *whole = arena_alloc(r->arena, sizeof *whole);
    if (!bytes || !whole) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(at, segments[i].ptr, segments[i].len);
        at += segments[i].len;
    }
    *whole = slice_of(bytes, size);
    return whole;
}

void request_answer(request_t *r, const char *media_type, const slice_t *segments, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size += segments[i].len;
    }
    if (count > 1 && size <= COPY_MAX && size / count < SEGMENT_WORTH) {
        segments = join(r, segments, count, size);
        count = segments ? 1 : 0;
    }
    *r->answer = (alto_answer_t){.status = 200,
                                 .media_type = media_type,
                                 .size = size,
                                 .segments = segments,
                                 .count = count};
}

void request_answer_document(request_t *r, const char *media_type, const document_t *document)
{
    const body_t *body = document_body(document, CODING_IDENTITY);
    *r->answer = (alto_answer_t){.status = 200,
                                 .media_type = media_type,
                                 .size = body->size,
                                 .segments = body->segments,
                                 .count = body->count};
}

bool request_endpoint(slice_t text, addr_t *out)
{
    static const struct {
        slice_t begin;
        family_t family;
    } types[] = {{{"ipv4:", 5}, FAMILY_IPV4}, {{"ipv6:", 5}, FAMILY_IPV6}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        slice_t begin = types[i].begin;
        if (text.len > begin.len && !memcmp(text.ptr, begin.ptr, begin.len)) {
            return !addr_parse(slice_of(text.ptr + begin.len, text.len - begin.len), out) &&
                   out->family == types[i].family;
        }
    }
    return false;
}

err_t request_end(const request_t *r)
{
    return arena_failed(r->arena) ? ERR_NOMEM : ERR_OK;
}
