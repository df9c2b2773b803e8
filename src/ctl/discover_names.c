#include "discover_names.h"

#include <stdio.h>

const char *const discover_service_names[DISCOVER_SERVICE_COUNT] = {"ALTO:https", "ALTO:http"};

/* ---- reverse zones (RFC 8686 3.2) ---- */

/* Labels of the first `bits` of the address, last one first. */
static void reverse_name(const prefix_t *p, unsigned bits, char out[DISCOVER_NAME_MAX])
{
    size_t n = 0;
    if (p->family == FAMILY_IPV4) {
        for (unsigned at = bits; at > 0; at -= 8) {
            n += (size_t)snprintf(out + n, DISCOVER_NAME_MAX - n, "%u.",
                                  p->u.v4.addr >> (32 - at) & 0xff);
        }
        (void)snprintf(out + n, DISCOVER_NAME_MAX - n, "in-addr.arpa");
        return;
    }
    for (unsigned at = bits; at > 0; at -= 4) {
        uint64_t half = at > 64 ? p->u.v6.addr.lo : p->u.v6.addr.hi;
        unsigned within = at > 64 ? at - 64 : at;
        n += (size_t)snprintf(out + n, DISCOVER_NAME_MAX - n, "%x.",
                              (unsigned)(half >> (64 - within) & 0xf));
    }
    (void)snprintf(out + n, DISCOVER_NAME_MAX - n, "ip6.arpa");
}

size_t discover_reverse_names(const prefix_t *p, char names[DISCOVER_NAMES_MAX][DISCOVER_NAME_MAX])
{
    static const uint8_t v4[] = {32, 24, 16, 8}, v6[] = {128, 64, 56, 48, 40, 32};
    bool is4 = p->family == FAMILY_IPV4;
    const uint8_t *lengths = is4 ? v4 : v6;
    size_t count = is4 ? sizeof v4 : sizeof v6, n = 0;
    unsigned len = is4 ? p->u.v4.len : p->u.v6.len;
    for (size_t i = 0; i < count; i++) {
        if (lengths[i] <= len) {
            reverse_name(p, lengths[i], names[n++]);
        }
    }
    return n;
}

/* ---- domain names ---- */

static bool is_label_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

bool discover_name_valid(slice_t name)
{
    size_t label = 0;
    if (name.len > 1 && name.ptr[name.len - 1] == '.') {
        name.len--;
    }
    for (size_t i = 0; i < name.len; i++) {
        bool dot = name.ptr[i] == '.';
        if ((dot && !label) || (!dot && !is_label_char(name.ptr[i])) || label >= 64) {
            return false;
        }
        label = dot ? 0 : label + 1;
    }
    return label && label < 64 && name.len < DISCOVER_NAME_MAX;
}

/* ---- records ---- */

/* <delimiter>.*<delimiter>URI<delimiter>, perhaps with an i: what U-NAPTR leaves of NAPTR. */
static bool read_regexp(slice_t text, slice_t *uri)
{
    if (text.len < 5) {
        return false;
    }
    char delimiter = text.ptr[0];
    bool fold = text.ptr[text.len - 1] == 'i';
    size_t end = text.len - (fold ? 2 : 1);
    /* RFC 3402 3.2: neither a digit nor the flag. */
    if (end < 4 || (delimiter >= '0' && delimiter <= '9') || delimiter == '\\' ||
        delimiter == 'i' || text.ptr[end] != delimiter || memcmp(text.ptr + 1, ".*", 2) != 0 ||
        text.ptr[3] != delimiter) {
        return false;
    }
    *uri = slice_of(text.ptr + 4, end - 4);
    return !memchr(uri->ptr, delimiter, uri->len) && !memchr(uri->ptr, '\\', uri->len);
}

/* An absolute URI of the protocol, with a host. */
static bool is_uri(slice_t uri, discover_service_t service)
{
    static const slice_t schemes[DISCOVER_SERVICE_COUNT] = {{"https://", 8}, {"http://", 7}};
    slice_t scheme = schemes[service];
    if (uri.len <= scheme.len || !slice_eq_nocase(slice_of(uri.ptr, scheme.len), scheme) ||
        memchr("/?#", uri.ptr[scheme.len], 3)) {
        return false;
    }
    for (size_t i = 0; i < uri.len; i++) {
        if (uri.ptr[i] <= ' ' || (unsigned char)uri.ptr[i] >= 0x7f ||
            memchr("\"<>\\^`{|}", uri.ptr[i], 9)) {
            return false;
        }
    }
    return true;
}

discover_kind_t discover_record_read(const discover_record_t *r, discover_service_t service,
                                     slice_t *uri)
{
    if (!slice_eq_nocase(r->service, slice_str(discover_service_names[service]))) {
        return DISCOVER_OTHER;
    }
    bool has_name = r->replacement.len && !slice_is(r->replacement, ".");
    if (!r->flags.len && !r->regexp.len && has_name && discover_name_valid(r->replacement)) {
        return DISCOVER_GO_ON;
    }
    if (slice_eq_nocase(r->flags, SLICE_LIT("u")) && !has_name && read_regexp(r->regexp, uri) &&
        is_uri(*uri, service)) {
        return DISCOVER_URI;
    }
    return DISCOVER_OTHER;
}
