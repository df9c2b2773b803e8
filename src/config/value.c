#include "value.h"

#include "footprintd/net/addr.h"

#include <stdlib.h>

static slice_t from(slice_t s, size_t start)
{
    return slice_of(s.ptr + start, s.len - start);
}

/* Where the host ends: at the ':' before the port, or at the end. 0: a bracket is not closed. */
static size_t host_length(slice_t text)
{
    if (text.len && text.ptr[0] == '[') {
        const char *close = memchr(text.ptr, ']', text.len);
        return close ? (size_t)(close - text.ptr) + 1 : 0;
    }
    const char *colon = text.len ? memchr(text.ptr, ':', text.len) : NULL;
    return colon ? (size_t)(colon - text.ptr) : text.len;
}

bool config_address_check(slice_t text, bool *loopback, uint16_t *port)
{
    size_t host = host_length(text);
    if (host == 0 || host == text.len || text.ptr[host] != ':' ||
        !port_parse(from(text, host + 1), port)) {
        return false;
    }
    if (text.ptr[0] == '[') {
        u128_t addr;
        if (addr_parse_v6(slice_of(text.ptr + 1, host - 2), &addr)) {
            return false;
        }
        *loopback = addr.hi == 0 && addr.lo == 1;
        return true;
    }
    uint32_t addr;
    if (addr_parse_v4(slice_of(text.ptr, host), &addr)) {
        return false;
    }
    *loopback = addr >> 24 == 127;
    return true;
}

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* The authority of an http URI: a name, an IPv4 address or an IPv6 address in brackets. */
static bool authority_check(slice_t text)
{
    size_t host = host_length(text);
    uint16_t port;
    if (host == 0 ||
        (host < text.len && !(text.ptr[host] == ':' && port_parse(from(text, host + 1), &port)))) {
        return false;
    }
    if (text.ptr[0] == '[') {
        u128_t addr;
        return addr_parse_v6(slice_of(text.ptr + 1, host - 2), &addr) == ERR_OK;
    }
    for (size_t i = 0; i < host; i++) {
        if (!is_alnum(text.ptr[i]) && !strchr("-._", text.ptr[i])) {
            return false;
        }
    }
    return true;
}

static bool path_check(slice_t path)
{
    for (size_t i = 0; i < path.len; i++) {
        char c = path.ptr[i];
        if (c == '%') {
            if (path.len - i < 3 || !is_hex(path.ptr[i + 1]) || !is_hex(path.ptr[i + 2])) {
                return false;
            }
        } else if (c == '\0' || (!is_alnum(c) && !strchr("/-._~!$&'()*+,;=:@", c))) {
            return false;
        }
    }
    return true;
}

bool config_uri_check(slice_t text, slice_t *trimmed)
{
    size_t scheme;
    if (text.len > 7 && slice_eq_nocase(slice_of(text.ptr, 7), SLICE_LIT("http://"))) {
        scheme = 7;
    } else if (text.len > 8 && slice_eq_nocase(slice_of(text.ptr, 8), SLICE_LIT("https://"))) {
        scheme = 8;
    } else {
        return false;
    }
    slice_t rest = from(text, scheme);
    const char *slash = memchr(rest.ptr, '/', rest.len);
    size_t authority = slash ? (size_t)(slash - rest.ptr) : rest.len;
    if (authority == 0 || memchr(rest.ptr, '\0', rest.len) ||
        !authority_check(slice_of(rest.ptr, authority)) || !path_check(from(rest, authority))) {
        return false;
    }
    while (text.ptr[text.len - 1] == '/') {
        text.len--;
    }
    *trimmed = text;
    return true;
}

bool config_share_parse(slice_t number, double *out)
{
    char text[32];
    if (number.len == 0 || number.len >= sizeof text) {
        return false;
    }
    memcpy(text, number.ptr, number.len);
    text[number.len] = '\0';
    char *end = NULL;
    double value = strtod(text, &end);
    /* The comparison refuses NaN too. */
    if (*end || !(value >= 0 && value <= 1)) {
        return false;
    }
    *out = value;
    return true;
}

bool config_bool_parse(slice_t word, bool *out)
{
    *out = slice_is(word, "on") || slice_is(word, "true");
    return *out || slice_is(word, "off") || slice_is(word, "false");
}
