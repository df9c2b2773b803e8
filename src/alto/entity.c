#include "entity.h"

static bool begins(slice_t id, slice_t name)
{
    return id.len > name.len && id.ptr[name.len] == ':' && !memcmp(id.ptr, name.ptr, name.len);
}

static const domain_t *find_domain(const property_map_content_t *c, slice_t id)
{
    const domain_t *best = NULL;
    for (size_t i = 0; i < c->domain_count; i++) {
        const domain_t *d = &c->domains[i];
        if (begins(id, d->name) && (!best || d->name.len > best->name.len)) {
            best = d;
        }
    }
    return best;
}

/* An address, or a prefix whose host bits are masked (the RFC's own examples have them set). */
static bool parse_ip(slice_t text, family_t family, prefix_t *out)
{
    addr_t a;
    if (!text.len || !memchr(text.ptr, '/', text.len)) {
        if (addr_parse(text, &a) || a.family != family) {
            return false;
        }
        *out = (prefix_t){.family = family};
        if (family == FAMILY_IPV4) {
            out->u.v4 = (prefix4_t){a.u.v4, 32};
        } else {
            out->u.v6 = (prefix6_t){a.u.v6, 128};
        }
        return true;
    }
    return !prefix_parse(text, out, NULL) && out->family == family;
}

/* RFC 9388 is of two minds about case: this domain alone is folded. */
static bool parse_subdivision(slice_t text, uint64_t *out)
{
    char lower[8];
    if (text.len > 6) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        char ch = text.ptr[i];
        lower[i] = (char)(ch >= 'A' && ch <= 'Z' ? ch + ('a' - 'A') : ch);
    }
    return fp_subdivision_parse(slice_of(lower, text.len), out);
}

/* PIDName with the reserved '.': a well-formed name that no map has. */
static bool parse_pid(slice_t text)
{
    if (!text.len || text.len > 64) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        char ch = text.ptr[i];
        bool ok = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
                  (ch >= '0' && ch <= '9') || memchr("-:@_.", ch, 5);
        if (!ok) {
            return false;
        }
    }
    return true;
}

bool entity_parse(const property_map_content_t *c, slice_t id, entity_t *out)
{
    const domain_t *d = find_domain(c, id);
    if (!d) {
        return false;
    }
    slice_t text = slice_of(id.ptr + d->name.len + 1, id.len - d->name.len - 1);
    uint32_t asn = 0;
    *out = (entity_t){.domain = d, .spelling = id};
    switch (d->kind) {
    case DOMAIN_IPV4:
        return parse_ip(text, FAMILY_IPV4, &out->u.prefix);
    case DOMAIN_IPV6:
        return parse_ip(text, FAMILY_IPV6, &out->u.prefix);
    case DOMAIN_ASN:
        if (!fp_asn_parse(text, &asn)) {
            return false;
        }
        out->u.value = asn;
        return true;
    case DOMAIN_COUNTRYCODE:
        return fp_country_parse(text, &out->u.value);
    case DOMAIN_SUBDIVISIONCODE:
        return parse_subdivision(text, &out->u.value);
    case DOMAIN_PID:
        out->u.pid = text;
        return parse_pid(text);
    }
    return false;
}

void entity_prefix_text(const prefix_t *p, buf_t *out)
{
    char text[PREFIX_TEXT_MAX];
    size_t n = prefix_format(p, text);
    if (entity_prefix_len(p) == entity_prefix_full(p)) {
        n -= p->family == FAMILY_IPV4 ? 3 : 4; /* "/32", "/128" */
    }
    buf_append_str(out, p->family == FAMILY_IPV4 ? "ipv4:" : "ipv6:");
    buf_append(out, text, n);
}

void entity_text(const entity_t *e, buf_t *out)
{
    char code[8];
    if (entity_is_ip(e)) {
        entity_prefix_text(&e->u.prefix, out);
        return;
    }
    buf_append_slice(out, e->domain->name);
    buf_append_char(out, ':');
    switch (e->domain->kind) {
    case DOMAIN_ASN:
        buf_append_str(out, "as");
        buf_append_u64(out, e->u.value);
        break;
    case DOMAIN_PID:
        buf_append_slice(out, e->u.pid);
        break;
    default:
        buf_append(out, code, fp_code_format(e->u.value, code));
        break;
    }
}

bool entity_prefix_contains(const prefix_t *outer, const prefix_t *inner)
{
    if (entity_prefix_len(outer) > entity_prefix_len(inner)) {
        return false;
    }
    if (outer->family == FAMILY_IPV4) {
        unsigned len = outer->u.v4.len;
        return len == 0 || (outer->u.v4.addr ^ inner->u.v4.addr) >> (32 - len) == 0;
    }
    unsigned len = outer->u.v6.len;
    uint64_t hi = outer->u.v6.addr.hi ^ inner->u.v6.addr.hi;
    uint64_t lo = outer->u.v6.addr.lo ^ inner->u.v6.addr.lo;
    if (len <= 64) {
        return len == 0 || hi >> (64 - len) == 0;
    }
    return hi == 0 && lo >> (128 - len) == 0;
}
