#include "guard/internal.h"

/*
 * HTTP/2 header blocks (RFC 7541). The library decodes a block of any number of fields; one byte
 * can stand for a field of 4 KiB, so they are counted before anything is decoded.
 */

/* An integer with a prefix of so many bits; false when it does not end, or is too large for us. */
static bool take_integer(const uint8_t **at, const uint8_t *end, unsigned bits, size_t *out)
{
    unsigned most = (1U << bits) - 1;
    size_t value = *(*at)++ & most;
    if (value == most) {
        unsigned shift = 0;
        uint8_t byte;
        do {
            if (*at == end || shift > 21) {
                return false;
            }
            byte = *(*at)++;
            value += (size_t)(byte & 0x7f) << shift;
            shift += 7;
        } while (byte & 0x80);
    }
    *out = value;
    return true;
}

static bool skip_string(const uint8_t **at, const uint8_t *end)
{
    size_t len;
    if (*at == end || !take_integer(at, end, 7, &len) || len > (size_t)(end - *at)) {
        return false;
    }
    *at += len;
    return true;
}

/* One representation; false when it is broken, which is the library's to say. */
static bool skip_field(const uint8_t **at, const uint8_t *end)
{
    size_t index;
    uint8_t first = **at;
    if (first & 0x80) {
        return take_integer(at, end, 7, &index);
    }
    bool literal = (first & 0x40) || !(first & 0x20);
    if (!take_integer(at, end, first & 0x40 ? 6 : literal ? 4 : 5, &index)) {
        return false;
    }
    return !literal || ((index || skip_string(at, end)) && skip_string(at, end));
}

static bool has_too_many_fields(const uint8_t *src, size_t len, uint64_t most)
{
    const uint8_t *end = src + len;
    uint64_t count = 0;
    while (src != end && skip_field(&src, end)) {
        if (++count > most) {
            return true;
        }
    }
    return false;
}

/* RFC 9113 8.3.1: an absolute path with or without a query, or "*" alone. */
static bool is_path(h2o_iovec_t path)
{
    if (path.len == 0 || (path.base[0] != '/' && !(path.len == 1 && path.base[0] == '*'))) {
        return false;
    }
    for (size_t i = 0; i < path.len; i++) {
        if ((unsigned char)path.base[i] <= ' ' || path.base[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

/* RFC 9113 8.2.1, 8.2.2: what the library lets pass. */
static bool is_field(const h2o_header_t *header)
{
    h2o_iovec_t name = *header->name, value = header->value;
    bool bare = value.len == 0 ||
                (value.base[0] != ' ' && value.base[0] != '\t' &&
                 value.base[value.len - 1] != ' ' && value.base[value.len - 1] != '\t');
    return name.len != 0 && bare && !h2o_memis(name.base, name.len, H2O_STRLIT("keep-alive")) &&
           !h2o_memis(name.base, name.len, H2O_STRLIT("proxy-connection"));
}

static bool are_fields(const h2o_headers_t *headers, size_t from)
{
    for (size_t i = from; i < headers->size; i++) {
        if (!is_field(&headers->entries[i])) {
            return false;
        }
    }
    return true;
}

/* The rest is checked by the library. */
static bool is_request(const h2o_req_t *req)
{
    h2o_iovec_t method = req->input.method, authority = req->input.authority;
    return is_path(req->input.path) && guard_is_token(method.base, method.len) &&
           guard_is_host(authority.base, authority.len) && are_fields(&req->headers, 0);
}

/* A complete head that the library has taken. *map without the path makes it reset the stream. */
static void check_request(guard_conn_t *conn, const h2o_req_t *req, int *map,
                          size_t *content_length)
{
    uint64_t most = conn->guard->options.streams_per_address;
    if (most && guard_peer_streams(conn) > most) {
        guard_report(conn->guard, conn, GUARD_STREAMS);
        conn->reset_code = HTTP2_CODE_REFUSED;
        *map &= ~HTTP2_PATH_EXISTS;
        return;
    }
    bool has_length = *content_length != SIZE_MAX;
    if (!is_request(req) || (conn->head_ends && has_length && *content_length != 0)) {
        if (*map & HTTP2_PATH_EXISTS) {
            guard_report(conn->guard, conn, GUARD_HTTP2_REQUEST);
        }
        *map &= ~HTTP2_PATH_EXISTS;
        return;
    }
    guard_body_t *body = guard_body_find(conn, conn->head_stream);
    if (body && has_length && *content_length > conn->body_limit) {
        /* The library would reset when the body, cut off at the limit, is not as long. */
        body->too_long = true;
        *content_length = SIZE_MAX;
    }
}

int h2o_hpack_parse_headers(h2o_req_t *req, h2o_hpack_header_table_t *header_table,
                            const uint8_t *src, size_t len, int *pseudo_header_exists_map,
                            size_t *content_length, h2o_cache_digests_t **digests,
                            const char **err_desc)
{
    int (*real)(h2o_req_t *, h2o_hpack_header_table_t *, const uint8_t *, size_t, int *, size_t *,
                h2o_cache_digests_t **, const char **) = guard_real(HOOK_HEADERS);
    guard_hook_called(HOOK_HEADERS);
    guard_conn_t *conn = guard_current;
    (void)digests; /* no cache digests: nothing is pushed */
    if (!conn) {
        return H2O_HTTP2_ERROR_INTERNAL;
    }
    if (has_too_many_fields(src, len, conn->guard->options.header_fields)) {
        guard_report(conn->guard, conn, GUARD_HEADER_FIELDS);
        return H2O_HTTP2_ERROR_ENHANCE_YOUR_CALM;
    }
    size_t count = req->headers.size;
    h2o_iovec_t authority = req->input.authority;
    int err = real(req, header_table, src, len, pseudo_header_exists_map, content_length, NULL,
                   err_desc);
    if (!err && pseudo_header_exists_map) {
        check_request(conn, req, pseudo_header_exists_map, content_length);
    } else if (!err) {
        /* RFC 9110 6.5.1: trailers are none of the head's fields, which the library makes them. */
        err = are_fields(&req->headers, count) ? 0 : H2O_HTTP2_ERROR_PROTOCOL;
        req->headers.size = count;
        req->input.authority = authority;
    }
    return err;
}
