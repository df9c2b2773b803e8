#include "footprintd/model/footprint.h"

const fp_type_info_t fp_type_infos[FP_TYPE_COUNT] = {
    [FP_ALTOPID] = {"altopid", "a PID name such as pid-fra", "RFC 9241 4.1"},
    [FP_ASN] = {"asn", "an AS number such as as64496", "RFC 8006 4.3.7"},
    [FP_COUNTRYCODE] = {"countrycode", "an ISO 3166-1 alpha-2 code such as de", "RFC 8006 4.3.8"},
    [FP_UNION] = {"footprintunion", "a list of footprints of other types", "RFC 9388 2.2"},
    [FP_IPV4CIDR] = {"ipv4cidr", "an IPv4 prefix such as 192.0.2.0/24", "RFC 8006 4.3.5"},
    [FP_IPV6CIDR] = {"ipv6cidr", "an IPv6 prefix such as 2001:db8::/32", "RFC 8006 4.3.6"},
    [FP_SUBDIVISIONCODE] = {"subdivisioncode", "an ISO 3166-2 code such as us-ny", "RFC 9388 2.1"},
};

fp_type_t fp_type_find(slice_t name)
{
    for (unsigned i = 0; i < FP_TYPE_COUNT; i++) {
        if (slice_is(name, fp_type_infos[i].name)) {
            return (fp_type_t)i;
        }
    }
    return (fp_type_t)FP_TYPE_COUNT;
}

bool fp_asn_parse(slice_t text, uint32_t *out)
{
    if (text.len < 3 || text.len > 12 || text.ptr[0] != 'a' || text.ptr[1] != 's' ||
        (text.ptr[2] == '0' && text.len > 3)) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = 2; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(text.ptr[i] - '0');
    }
    *out = (uint32_t)value;
    return value <= UINT32_MAX;
}

static bool lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static fp_code_t pack(slice_t text)
{
    fp_code_t code = 0;
    for (size_t i = 0; i < text.len; i++) {
        code |= (fp_code_t)(unsigned char)text.ptr[i] << (56 - 8 * i);
    }
    return code;
}

bool fp_country_parse(slice_t text, fp_code_t *out)
{
    if (text.len != 2 || !lower(text.ptr[0]) || !lower(text.ptr[1])) {
        return false;
    }
    *out = pack(text);
    return true;
}

bool fp_subdivision_parse(slice_t text, fp_code_t *out)
{
    if (text.len < 4 || text.len > 6 || !lower(text.ptr[0]) || !lower(text.ptr[1]) ||
        text.ptr[2] != '-') {
        return false;
    }
    for (size_t i = 3; i < text.len; i++) {
        if (!lower(text.ptr[i]) && !(text.ptr[i] >= '0' && text.ptr[i] <= '9')) {
            return false;
        }
    }
    *out = pack(text);
    return true;
}

bool fp_pid_valid(slice_t text)
{
    if (text.len < 1 || text.len > 64) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool ok = lower(c) || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                  c == ':' || c == '@' || c == '_';
        if (!ok) {
            return false;
        }
    }
    return true;
}

size_t fp_code_format(fp_code_t code, char out[8])
{
    size_t n = 0;
    while (n < 8 && (code >> (56 - 8 * n) & 0xff)) {
        out[n] = (char)(code >> (56 - 8 * n) & 0xff);
        n++;
    }
    return n;
}

static int u64_cmp(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int value_cmp(const fp_values_t *a, const fp_values_t *b, size_t i)
{
    switch (a->type) {
    case FP_IPV4CIDR:
        return prefix_cmp_v4(a->u.v4[i], b->u.v4[i]);
    case FP_IPV6CIDR:
        return prefix_cmp_v6(a->u.v6[i], b->u.v6[i]);
    case FP_ASN:
        return u64_cmp(a->u.asn[i], b->u.asn[i]);
    case FP_COUNTRYCODE:
    case FP_SUBDIVISIONCODE:
        return u64_cmp(a->u.code[i], b->u.code[i]);
    case FP_ALTOPID:
        return slice_cmp(a->u.pid[i], b->u.pid[i]);
    case FP_UNION:
        break;
    }
    return 0;
}

int fp_values_cmp(const fp_values_t *a, const fp_values_t *b)
{
    if (a == b) {
        return 0;
    }
    if (a->type != b->type) {
        return a->type < b->type ? -1 : 1;
    }
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        int cmp = value_cmp(a, b, i);
        if (cmp) {
            return cmp;
        }
    }
    return u64_cmp(a->count, b->count);
}

int fp_constraint_cmp(const fp_constraint_t *a, const fp_constraint_t *b)
{
    if (a->type != b->type) {
        return a->type < b->type ? -1 : 1;
    }
    if (a->type != FP_UNION) {
        return fp_values_cmp(a->values, b->values);
    }
    for (size_t i = 0; i < a->member_count && i < b->member_count; i++) {
        int cmp = fp_values_cmp(a->members[i], b->members[i]);
        if (cmp) {
            return cmp;
        }
    }
    return u64_cmp(a->member_count, b->member_count);
}

int fp_set_cmp(const fp_set_t *a, const fp_set_t *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        int cmp = fp_constraint_cmp(&a->constraints[i], &b->constraints[i]);
        if (cmp) {
            return cmp;
        }
    }
    return u64_cmp(a->count, b->count);
}

bool fp_set_has(const fp_set_t *set, fp_type_t type)
{
    for (size_t i = 0; i < set->count; i++) {
        const fp_constraint_t *c = &set->constraints[i];
        if (c->type == type) {
            return true;
        }
        for (size_t m = 0; m < c->member_count; m++) {
            if (c->members[m]->type == type) {
                return true;
            }
        }
    }
    return false;
}

slice_t fp_value_text(const fp_values_t *v, size_t i, char out[FP_VALUE_TEXT_MAX])
{
    switch (v->type) {
    case FP_IPV4CIDR:
        return slice_of(out, prefix_format_v4(v->u.v4[i], out));
    case FP_IPV6CIDR:
        return slice_of(out, prefix_format_v6(v->u.v6[i], out));
    case FP_ASN: {
        char digits[10];
        size_t n = sizeof digits;
        uint32_t asn = v->u.asn[i];
        do {
            digits[--n] = (char)('0' + asn % 10);
            asn /= 10;
        } while (asn);
        memcpy(out, "as", 2);
        memcpy(out + 2, digits + n, sizeof digits - n);
        return slice_of(out, 2 + sizeof digits - n);
    }
    case FP_COUNTRYCODE:
    case FP_SUBDIVISIONCODE:
        return slice_of(out, fp_code_format(v->u.code[i], out));
    case FP_ALTOPID:
        return v->u.pid[i];
    case FP_UNION:
        break;
    }
    return SLICE_LIT("");
}
