#include "footprintd/base/hex.h"
#include "footprintd/base/json.h"
#include "footprintd/http/admin.h"
#include "http/reason.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- queries ---- */

/* application/x-www-form-urlencoded, as forms and clients' libraries write it. */
static void append_decoded(slice_t s, buf_t *out)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        int escaped = c == '%' ? hex_byte(slice_of(s.ptr + i + 1, s.len - i - 1)) : -1;
        if (escaped >= 0) {
            c = (char)escaped;
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        buf_append_char(out, c);
    }
}

bool admin_query_get(const admin_request_t *request, const char *name, buf_t *out)
{
    slice_t rest = request->query;
    buf_t key = BUF_INIT;
    bool found = false;
    while (rest.len && !found) {
        const char *amp = memchr(rest.ptr, '&', rest.len);
        slice_t pair = slice_of(rest.ptr, amp ? (size_t)(amp - rest.ptr) : rest.len);
        size_t step = pair.len + (amp ? 1 : 0);
        rest = slice_of(rest.ptr + step, rest.len - step);
        const char *equals = pair.len ? memchr(pair.ptr, '=', pair.len) : NULL;
        size_t key_len = equals ? (size_t)(equals - pair.ptr) : pair.len;
        buf_clear(&key);
        append_decoded(slice_of(pair.ptr, key_len), &key);
        if (!buf_failed(&key) && slice_is(buf_slice(&key), name)) {
            found = true;
            if (equals) {
                append_decoded(slice_of(equals + 1, pair.len - key_len - 1), out);
            }
        }
    }
    buf_release(&key);
    return found;
}

/* ---- problem details ---- */

void admin_error(admin_response_t *response, int status, const char *code, const char *fmt, ...)
{
    buf_t detail = BUF_INIT;
    char text[512];
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    slice_t shown = slice_of(text, len < 0 ? 0 : (size_t)len);
    if (shown.len >= sizeof text) {
        shown = slice_of(text, sizeof text - 1);
    }
    if (!utf8_valid(shown)) {
        /* Cut inside of a character, or made of what a client sent. */
        for (size_t i = 0; i < shown.len; i++) {
            buf_append_char(&detail, (unsigned char)text[i] < 0x80 ? text[i] : '?');
        }
        shown = buf_slice(&detail);
    }
    response->status = status;
    response->media_type = ADMIN_MEDIA_PROBLEM;
    response->etag[0] = '\0';
    buf_clear(&response->body);
    buf_printf(&response->body,
               "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":",
               http_reason(status), status);
    json_write_string(&response->body, shown);
    buf_append_str(&response->body, ",\"code\":");
    json_write_string(&response->body, slice_str(code));
    buf_append_char(&response->body, '}');
    response->body.failed |= buf_failed(&detail);
    buf_release(&detail);
}

void admin_error_member(admin_response_t *response, const char *name, slice_t json)
{
    buf_t *body = &response->body;
    if (buf_failed(body) || !body->len) {
        return;
    }
    body->len--; /* the brace */
    buf_append_char(body, ',');
    json_write_string(body, slice_str(name));
    buf_append_char(body, ':');
    buf_append_slice(body, json);
    buf_append_char(body, '}');
}
