#include "geo/schema.h"

#define CODE_SHIFT 56 /* of the first byte of a geo_code_t */

enum top {
    TOP_COUNTRY,
    TOP_SUBDIVISIONS,
    TOP_ASN,
    TOP_COUNT,
};

static const slice_t top_keys[TOP_COUNT] = {
    [TOP_COUNTRY] = SLICE_LIT("country"),
    [TOP_SUBDIVISIONS] = SLICE_LIT("subdivisions"),
    [TOP_ASN] = SLICE_LIT("autonomous_system_number"),
};

static bool fold(char c, bool digits, char *out)
{
    if (c >= 'A' && c <= 'Z') {
        c = (char)(c + ('a' - 'A'));
    }
    *out = c;
    return (c >= 'a' && c <= 'z') || (digits && c >= '0' && c <= '9');
}

/* Adds folded text behind the `used` bytes of a code; false, and *code in any state, if ill-formed.
 */
static bool add_text(geo_code_t *code, unsigned used, slice_t text, bool digits)
{
    for (size_t i = 0; i < text.len; i++) {
        char c;
        if (!fold(text.ptr[i], digits, &c)) {
            return false;
        }
        *code |= (geo_code_t)(unsigned char)c << (CODE_SHIFT - 8 * (used + i));
    }
    return true;
}

/* The text of iso_code in the map at `at`. */
static bool iso_code(decoder_t *d, size_t at, slice_t *out)
{
    const slice_t key = SLICE_LIT("iso_code");
    size_t found;
    value_t value;
    if (!decoder_find(d, at, &key, 1, &found) || found == SIZE_MAX ||
        !decoder_load(d, found, &value) || value.type != VALUE_STRING) {
        return false;
    }
    *out = value_text(d->section, &value);
    return true;
}

/* 0 when there is none. */
static geo_code_t read_country(decoder_t *d, size_t at)
{
    slice_t text;
    geo_code_t code = 0;
    if (at == SIZE_MAX || !iso_code(d, at, &text) || text.len != 2 ||
        !add_text(&code, 0, text, false)) {
        return 0;
    }
    return code;
}

static bool has_subdivision(const geo_record_t *r, geo_code_t code)
{
    for (unsigned i = 0; i < r->subdivision_count; i++) {
        if (r->subdivisions[i] == code) {
            return true;
        }
    }
    return false;
}

static void read_subdivisions(decoder_t *d, size_t at, geo_code_t country, geo_record_t *out)
{
    value_t array;
    if (at == SIZE_MAX || !country || !decoder_load(d, at, &array) || array.type != VALUE_ARRAY) {
        return;
    }
    at = array.body;
    for (uint32_t i = 0; i < array.size && out->subdivision_count < GEO_SUBDIVISIONS_MAX; i++) {
        slice_t text;
        geo_code_t code = country | (geo_code_t)'-' << (CODE_SHIFT - 16);
        if (iso_code(d, at, &text) && text.len >= 1 && text.len <= 3 &&
            add_text(&code, 3, text, true) && !has_subdivision(out, code)) {
            out->subdivisions[out->subdivision_count++] = code;
        }
        if (!decoder_skip(d, at, &at)) {
            return;
        }
    }
}

static void read_asn(decoder_t *d, size_t at, geo_record_t *out)
{
    value_t value;
    if (at == SIZE_MAX || !decoder_load(d, at, &value) ||
        (value.type != VALUE_UINT16 && value.type != VALUE_UINT32 && value.type != VALUE_UINT64)) {
        return;
    }
    uint64_t asn = value_uint(d->section, &value);
    out->has_asn = asn > 0 && asn <= UINT32_MAX;
    out->asn = out->has_asn ? (uint32_t)asn : 0;
}

void schema_read(decoder_t *d, size_t at, unsigned wanted, geo_record_t *out)
{
    size_t found[TOP_COUNT];
    if (!decoder_find(d, at, top_keys, TOP_COUNT, found)) {
        return;
    }
    geo_code_t country = 0;
    if (wanted & (GEO_COUNTRY | GEO_SUBDIVISION)) {
        country = read_country(d, found[TOP_COUNTRY]);
    }
    if (wanted & GEO_COUNTRY) {
        out->country = country;
    }
    if (wanted & GEO_SUBDIVISION) {
        read_subdivisions(d, found[TOP_SUBDIVISIONS], country, out);
    }
    if (wanted & GEO_ASN) {
        read_asn(d, found[TOP_ASN], out);
    }
}
