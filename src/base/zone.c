#include "footprintd/base/zone.h"

#include "zone_rule.h"

/* ---- TZif (RFC 8536 3) ---- */

#define HEADER_LEN 44
/* RFC 8536 3.2: the offsets that there may be. */
#define OFFSET_MIN (-89999)
#define OFFSET_MAX 93599
/* Years with four digits: what lies before and behind them is as at their ends. */
#define FIRST_MOMENT INT64_C(-62135596800)
#define LAST_MOMENT  INT64_C(253402300799)

typedef struct header {
    size_t utc, standard, leaps, times, types, names; /* counts */
} header_t;

static uint64_t big_endian(const char *p, size_t len)
{
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++) {
        value = value << 8 | (unsigned char)p[i];
    }
    return value;
}

/* The magic, a version from 2 on, and counts. */
static bool read_header(slice_t data, header_t *out)
{
    if (data.len < HEADER_LEN || memcmp(data.ptr, "TZif", 4) != 0 || data.ptr[4] < '2') {
        return false;
    }
    size_t counts[6];
    for (size_t i = 0; i < 6; i++) {
        counts[i] = (size_t)big_endian(data.ptr + 20 + 4 * i, 4);
    }
    *out = (header_t){counts[0], counts[1], counts[2], counts[3], counts[4], counts[5]};
    return true;
}

/* Each count has 32 bits: no sum of them is too great. */
static size_t block_len(const header_t *h, size_t time_len)
{
    return h->times * time_len + h->times + h->types * 6 + h->names + h->leaps * (time_len + 4) +
           h->standard + h->utc;
}

static bool read_offset(const char *types, size_t index, int32_t *out)
{
    *out = (int32_t)(uint32_t)big_endian(types + index * 6, 4);
    return *out >= OFFSET_MIN && *out <= OFFSET_MAX;
}

/* Changes of anything but the offset are left out. */
static err_t read_times(const header_t *h, const char *block, arena_t *arena, zone_t *out)
{
    const char *indices = block + h->times * 8, *types = indices + h->times;
    int64_t *times = arena_array(arena, h->times + 1, sizeof *times), before = INT64_MIN;
    int32_t *offsets = arena_array(arena, h->times + 1, sizeof *offsets);
    if (!times || !offsets) {
        return ERR_NOMEM;
    }
    if (!read_offset(types, 0, &offsets[0])) {
        return ERR_SYNTAX;
    }
    for (size_t i = 0; i < h->times; i++) {
        int64_t at = (int64_t)big_endian(block + 8 * i, 8);
        size_t type = (unsigned char)indices[i];
        int32_t offset;
        if ((i && at <= before) || type >= h->types || !read_offset(types, type, &offset)) {
            return ERR_SYNTAX;
        }
        before = at;
        if (offset != offsets[out->count]) {
            times[out->count++] = at;
            offsets[out->count] = offset;
        }
    }
    out->times = times;
    out->offsets = offsets;
    out->rule_from = before;
    return ERR_OK;
}

/* "\n", the rule, "\n"; without a rule the last offset holds for good. */
static bool read_footer(slice_t footer, zone_t *out)
{
    if (footer.len < 2 || footer.ptr[0] != '\n' || footer.ptr[footer.len - 1] != '\n') {
        return false;
    }
    out->has_rule = footer.len > 2;
    return !out->has_rule || zone_rule_parse(slice_of(footer.ptr + 1, footer.len - 2), &out->rule);
}

err_t zone_parse(slice_t data, arena_t *arena, zone_t *out)
{
    header_t h;
    *out = (zone_t){0};
    if (!read_header(data, &h) || block_len(&h, 4) > data.len - HEADER_LEN) {
        return ERR_SYNTAX;
    }
    size_t at = HEADER_LEN + block_len(&h, 4);
    data = slice_of(data.ptr + at, data.len - at);
    if (!read_header(data, &h) || !h.types || h.leaps || block_len(&h, 8) > data.len - HEADER_LEN) {
        return ERR_SYNTAX;
    }
    at = HEADER_LEN + block_len(&h, 8);
    if (!read_footer(slice_of(data.ptr + at, data.len - at), out)) {
        return ERR_SYNTAX;
    }
    return read_times(&h, data.ptr + HEADER_LEN, arena, out);
}

/* ---- moments ---- */

static zone_span_t table_span(const zone_t *z, int64_t at)
{
    size_t low = 0, high = z->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (z->times[middle] <= at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return (zone_span_t){low ? z->times[low - 1] : INT64_MIN,
                         low < z->count ? z->times[low] : INT64_MAX,
                         z->offsets ? z->offsets[low] : 0};
}

/* Mostly the rule has what is listed last, too: there is no change where it begins to count. */
static zone_span_t whole_span(const zone_t *z, int64_t at)
{
    zone_span_t listed = table_span(z, at);
    if (!z->has_rule || listed.until != INT64_MAX) {
        return listed;
    }
    zone_span_t ruled = zone_rule_span(&z->rule, at > z->rule_from ? at : z->rule_from);
    bool goes_on = ruled.from <= z->rule_from && ruled.offset == listed.offset;
    if (at < z->rule_from) {
        listed.until = goes_on ? ruled.until : z->rule_from;
        return listed;
    }
    if (ruled.from <= z->rule_from) {
        ruled.from = goes_on ? listed.from : z->rule_from;
    }
    return ruled;
}

zone_span_t zone_span(const zone_t *z, int64_t at)
{
    zone_span_t span = whole_span(z, at < FIRST_MOMENT  ? FIRST_MOMENT
                                     : at > LAST_MOMENT ? LAST_MOMENT
                                                        : at);
    if (span.until > LAST_MOMENT) {
        span.until = INT64_MAX;
    }
    if (span.from <= FIRST_MOMENT) {
        span.from = INT64_MIN;
    }
    return span;
}
