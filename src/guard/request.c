#include "guard/internal.h"

#include <strings.h>

/*
 * Heads of HTTP/1.1 requests (RFC 9112). The library's parser is lenient, and its caller picks one
 * of several fields that say how long the body is; whatever two readers could read differently is
 * refused here with 400, and the connection closed.
 */

bool guard_is_token(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!guard_is_token_char((unsigned char)text[i])) {
            return false;
        }
    }
    return len != 0;
}

/* RFC 9112 2.2: only CRLF ends a line. */
static bool has_bare_line_end(const char *head, size_t len)
{
    const char *at = head, *end = head + len;
    while ((at = memchr(at, '\n', (size_t)(end - at)))) {
        if (at == head || at[-1] != '\r') {
            return true;
        }
        at++;
    }
    return false;
}

/* RFC 9112 3.2: origin, absolute and asterisk form; the authority form is CONNECT's alone. */
static bool is_target(const char *method, size_t method_len, const char *target, size_t len)
{
    if (len == 0) {
        return false;
    }
    return target[0] == '/' || (len == 1 && target[0] == '*') ||
           (len > 7 && strncasecmp(target, "http://", 7) == 0) ||
           (len > 8 && strncasecmp(target, "https://", 8) == 0) ||
           (method_len == 7 && memcmp(method, "CONNECT", 7) == 0);
}

bool guard_is_host(const char *host, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)host[i];
        bool good = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                    (c && strchr("-._~%!$&'()*+,;=:[]", c));
        if (!good) {
            return false;
        }
    }
    return true;
}

static bool name_is(const struct phr_header *header, const char *name)
{
    size_t len = strlen(name);
    return header->name_len == len && strncasecmp(header->name, name, len) == 0;
}

typedef struct framing {
    unsigned hosts, lengths, codings;
    bool has_body;
} framing_t;

static bool is_length(const struct phr_header *header)
{
    for (size_t i = 0; i < header->value_len; i++) {
        if (header->value[i] < '0' || header->value[i] > '9') {
            return false;
        }
    }
    return header->value_len != 0;
}

static bool look_at_field(const struct phr_header *header, framing_t *framing)
{
    if (!header->name) {
        return false; /* a folded line (RFC 9112 5.2) */
    }
    if (name_is(header, "host")) {
        framing->hosts++;
        return guard_is_host(header->value, header->value_len);
    }
    if (name_is(header, "content-length")) {
        framing->lengths++;
        framing->has_body |= !(header->value_len == 1 && header->value[0] == '0');
        return is_length(header);
    }
    if (name_is(header, "transfer-encoding")) {
        framing->codings++;
        framing->has_body = true;
        return header->value_len == 7 && strncasecmp(header->value, "chunked", 7) == 0;
    }
    return true;
}

/* RFC 9112 6.3, without the parts of it that leave a choice. */
static bool is_clear(const framing_t *framing, int minor_version)
{
    return framing->hosts <= 1 && (framing->hosts == 1 || minor_version == 0) &&
           framing->lengths + framing->codings <= 1 &&
           (framing->codings == 0 || minor_version == 1);
}

int phr_parse_request(const char *buf, size_t len, const char **method, size_t *method_len,
                      const char **path, size_t *path_len, int *minor_version,
                      struct phr_header *headers, size_t *num_headers, size_t last_len)
{
    int (*real)(const char *, size_t, const char **, size_t *, const char **, size_t *, int *,
                struct phr_header *, size_t *, size_t) = guard_real(HOOK_REQUEST);
    guard_hook_called(HOOK_REQUEST);
    guard_conn_t *conn = guard_of_input(buf);
    if (!conn) {
        return -1; /* no connection may be without the guard */
    }
    const guard_options_t *options = &conn->guard->options;
    size_t room = *num_headers;
    size_t most = room < options->header_fields ? room : (size_t)options->header_fields;
    int size = real(buf, len, method, method_len, path, path_len, minor_version, headers,
                    num_headers, last_len);
    if (size == -2 && len <= options->header_bytes) {
        return guard_head(conn, conn->sock->input->capacity) ? -1 : size; /* incomplete */
    }
    (void)guard_head(conn, 0);
    if (size == -2 || (size > 0 && (size_t)size > options->header_bytes)) {
        guard_report(conn->guard, conn, GUARD_HEADER_BYTES);
        return -1;
    }
    framing_t framing = {0};
    bool good = size > 0 && (*minor_version == 0 || *minor_version == 1) &&
                !has_bare_line_end(buf, (size_t)size) && guard_is_token(*method, *method_len) &&
                is_target(*method, *method_len, *path, *path_len) && *num_headers <= most;
    for (size_t i = 0; good && i < *num_headers; i++) {
        good = look_at_field(&headers[i], &framing);
    }
    if (!good || !is_clear(&framing, *minor_version)) {
        /* The library stops when it has no room for more. */
        bool many = size > 0 ? *num_headers > most : *num_headers == room;
        guard_report(conn->guard, conn, many ? GUARD_HEADER_FIELDS : GUARD_HTTP1_HEAD);
        return -1;
    }
    if (framing.has_body) {
        guard_body_http1_begin(conn, guard_now(conn));
    }
    return size;
}
