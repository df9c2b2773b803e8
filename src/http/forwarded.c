#include "http/proxies.h"

/* Proxies in a row that are looked at; who adds more elements is not heard. */
#define ELEMENTS_MAX 32

static slice_t skip(slice_t s, size_t n)
{
    return slice_of(s.ptr + n, s.len - n);
}

static slice_t trimmed(slice_t s)
{
    while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
        s = skip(s, 1);
    }
    while (s.len && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t')) {
        s.len--;
    }
    return s;
}

/* "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]", "[2001:db8::1]:80"; with bare: "2001:db8::1". */
static bool parse_node(slice_t text, bool bare, addr_t *out)
{
    if (text.len && text.ptr[0] == '[') {
        const char *close = memchr(text.ptr, ']', text.len);
        size_t len = close ? (size_t)(close - text.ptr) : 0;
        bool fits = close && (len + 1 == text.len || text.ptr[len + 1] == ':');
        u128_t v6;
        if (!fits || addr_parse_v6(slice_of(text.ptr + 1, len - 1), &v6)) {
            return false;
        }
        *out = (addr_t){.family = FAMILY_IPV6, .u.v6 = v6};
    } else if (!bare || addr_parse(text, out)) {
        const char *colon = text.len ? memchr(text.ptr, ':', text.len) : NULL;
        uint32_t v4;
        if (addr_parse_v4(slice_of(text.ptr, colon ? (size_t)(colon - text.ptr) : text.len), &v4)) {
            return false;
        }
        *out = (addr_t){.family = FAMILY_IPV4, .u.v4 = v4};
    }
    if (out->family == FAMILY_IPV6 && out->u.v6.hi == 0 && out->u.v6.lo >> 32 == 0xffff) {
        *out = (addr_t){.family = FAMILY_IPV4, .u.v4 = (uint32_t)out->u.v6.lo};
    }
    return true;
}

/* Up to the separator that stands outside of quotes, which *rest then begins behind. */
static slice_t take(slice_t *rest, char separator, bool *more)
{
    bool quoted = false;
    size_t i = 0;
    for (; i < rest->len && (quoted || rest->ptr[i] != separator); i++) {
        if (quoted && rest->ptr[i] == '\\') {
            i++;
        } else if (rest->ptr[i] == '"') {
            quoted = !quoted;
        }
    }
    size_t len = i < rest->len ? i : rest->len;
    slice_t part = slice_of(rest->ptr, len);
    *more = len < rest->len;
    *rest = skip(*rest, len + (*more ? 1 : 0));
    return trimmed(part);
}

/* forwarded-element = [ forwarded-pair ] *( ";" [ forwarded-pair ] ) (RFC 7239 4) */
static bool element_address(slice_t element, addr_t *out)
{
    const slice_t name = SLICE_LIT("for=");
    for (bool more = true; more;) {
        slice_t pair = take(&element, ';', &more);
        if (pair.len <= name.len || !slice_eq_nocase(slice_of(pair.ptr, name.len), name)) {
            continue;
        }
        slice_t value = skip(pair, name.len);
        if (value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"') {
            value = slice_of(value.ptr + 1, value.len - 2);
        }
        return parse_node(value, false, out);
    }
    return false;
}

void forwarded_client(const proxies_t *proxies, proxy_header_t kind, slice_t field, addr_t *client)
{
    slice_t last[ELEMENTS_MAX];
    size_t count = 0;
    for (bool more = field.len > 0; more; count++) {
        last[count % ELEMENTS_MAX] = take(&field, ',', &more);
    }
    for (size_t i = 0; i < ELEMENTS_MAX && i < count && proxies_trust(proxies, client); i++) {
        slice_t element = last[(count - 1 - i) % ELEMENTS_MAX];
        addr_t said;
        bool fine = kind == PROXY_HEADER_FORWARDED ? element_address(element, &said)
                                                   : parse_node(element, true, &said);
        if (!fine) {
            return;
        }
        *client = said;
    }
}
