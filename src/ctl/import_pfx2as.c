#include "import_routes.h"

#include <stdio.h>

/*
 * Lines of an address, a prefix length and the origin AS, with blanks between them. An underscore
 * stands between several origins, a comma between the members of an AS set.
 */

#define LINE_MAX 4096

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The next word; "" at the end. *at is moved behind it. */
static slice_t word(slice_t line, size_t *at)
{
    while (*at < line.len && is_blank(line.ptr[*at])) {
        (*at)++;
    }
    size_t start = *at;
    while (*at < line.len && !is_blank(line.ptr[*at])) {
        (*at)++;
    }
    return slice_of(line.ptr + start, *at - start);
}

static void bad(import_routes_t *r, slice_t line, slice_t what, const char *wants)
{
    if (!utf8_valid(line)) {
        import_find(r->d, FINDING_ENCODING, (uint32_t)r->records, 1, (slice_t){0},
                    "the line is not UTF-8");
        return;
    }
    import_find(r->d, FINDING_BAD_VALUE, (uint32_t)r->records, (uint32_t)(what.ptr - line.ptr) + 1,
                (slice_t){0}, "'%.*s' is not %s", SLICE_ARG(what), wants);
}

static bool parse_number(slice_t text, uint64_t most, uint64_t *out)
{
    return json_number_u64(text, out) && *out <= most;
}

/* Of a set the lowest; of several origins the first. */
static bool parse_origin(import_routes_t *r, slice_t text, uint32_t *out)
{
    uint64_t lowest = UINT64_MAX, asn = 0;
    size_t start = 0;
    bool first = true;
    for (size_t i = 0; i <= text.len; i++) {
        char c = i < text.len ? text.ptr[i] : '_';
        if (c != '_' && c != ',') {
            continue;
        }
        if (!parse_number(slice_of(text.ptr + start, i - start), UINT32_MAX, &asn)) {
            return false;
        }
        if (first && asn < lowest) {
            lowest = asn;
        }
        r->several += c == '_' && i < text.len && first;
        first &= c != '_';
        start = i + 1;
    }
    *out = (uint32_t)lowest;
    return true;
}

/* False when memory or room is out. */
static bool take_line(import_routes_t *r, slice_t line)
{
    size_t at = 0;
    slice_t address = word(line, &at), length = word(line, &at), origin = word(line, &at);
    slice_t rest = word(line, &at);
    import_route_t route = {.hop = {.kind = IMPORT_HOP_AS}};
    prefix_t p;
    addr_t a;
    uint64_t len = 0;
    if (!address.len || address.ptr[0] == '#') {
        return true;
    }
    if (addr_parse(address, &a)) {
        bad(r, line, address, "an address");
    } else if (!parse_number(length, a.family == FAMILY_IPV4 ? 32 : 128, &len)) {
        bad(r, line, length, "the length of a prefix");
    } else if (!parse_origin(r, origin, &route.hop.asn)) {
        bad(r, line, origin, "an AS number");
    } else if (rest.len) {
        bad(r, line, rest, "the end of the line");
    } else {
        char text[ADDR_TEXT_MAX + 4];
        size_t n = addr_format(&a, text);
        bool host_bits = false;
        n += (size_t)snprintf(text + n, sizeof text - n, "/%u", (unsigned)len);
        if (prefix_parse(slice_of(text, n), &p, &host_bits)) {
            bad(r, line, address, "an address");
            return true;
        }
        if (host_bits) {
            import_find(r->d, FINDING_HOST_BITS, (uint32_t)r->records, 1, (slice_t){0},
                        "%s has host bits set; they are masked", text);
        }
        route.hop.kind = route.hop.asn ? IMPORT_HOP_AS : IMPORT_HOP_NONE;
        import_routes_begin(r);
        import_routes_add(r, &route);
        return import_routes_end(r, &p);
    }
    return true;
}

/* The next line; false at the end. One that is too long is told, and left out. */
static bool next_line(import_routes_t *r, import_stream_t *s, slice_t *line, size_t *skip)
{
    slice_t there = import_stream_peek(s, LINE_MAX);
    const char *newline = there.len ? memchr(there.ptr, '\n', there.len) : NULL;
    if (!there.len) {
        return false;
    }
    r->records++;
    *line = slice_of(there.ptr, newline ? (size_t)(newline - there.ptr) : there.len);
    *skip = line->len + (newline != NULL);
    if (newline || there.len < LINE_MAX) {
        return true;
    }
    import_find(r->d, FINDING_LIMIT, (uint32_t)r->records, 1, (slice_t){0},
                "the line is longer than %u bytes", LINE_MAX);
    while (there.len && !newline) {
        import_stream_skip(s, there.len);
        there = import_stream_peek(s, LINE_MAX);
        newline = there.len ? memchr(there.ptr, '\n', there.len) : NULL;
    }
    *line = SLICE_LIT("");
    *skip = newline ? (size_t)(newline - there.ptr) + 1 : 0;
    return true;
}

bool import_pfx2as(import_routes_t *r, import_stream_t *s)
{
    slice_t line;
    size_t skip = 0;
    bool ok = true;
    while (ok && next_line(r, s, &line, &skip)) {
        ok = take_line(r, line);
        import_stream_skip(s, skip);
        import_reading(r->d, r->records, (uint32_t)r->records);
    }
    return ok && !r->d->failed && !r->d->hopeless;
}
