#include "mmdb_writer.h"

#include <stdio.h>
#include <stdlib.h>

static void test_require(bool condition)
{
    if (!condition) {
        (void)fputs("no memory for a test\n", stderr);
        abort();
    }
}

static bool bit(u128_t addr, unsigned bits, unsigned depth)
{
    unsigned shift = bits - 1 - depth;
    return shift >= 64 ? addr.hi >> (shift - 64) & 1 : addr.lo >> shift & 1;
}

uint32_t mmdb_writer_node(mmdb_writer_t *w)
{
    if (w->node_count == w->node_cap) {
        w->node_cap = w->node_cap ? 2 * w->node_cap : 64;
        w->nodes = realloc(w->nodes, w->node_cap * sizeof *w->nodes);
        test_require(w->nodes != NULL);
    }
    w->nodes[w->node_count] = (mmdb_writer_node_t){{{MMDB_SIDE_NONE, 0}, {MMDB_SIDE_NONE, 0}}};
    return (uint32_t)w->node_count++;
}

void mmdb_writer_init(mmdb_writer_t *w, unsigned ip_version, unsigned record_size)
{
    *w = (mmdb_writer_t){.ip_version = ip_version, .record_size = record_size};
    (void)mmdb_writer_node(w);
}

void mmdb_writer_release(mmdb_writer_t *w)
{
    free(w->nodes);
    buf_release(&w->data);
    buf_release(&w->metadata);
}

/* The node at the end of a path of `len` bits; a side that was none is split into two like it. */
static uint32_t path(mmdb_writer_t *w, u128_t addr, unsigned len)
{
    unsigned bits = w->ip_version == 6 ? 128 : 32;
    uint32_t node = 0;
    for (unsigned depth = 0; depth < len; depth++) {
        unsigned which = bit(addr, bits, depth);
        mmdb_side_t side = w->nodes[node].side[which];
        if (side.kind != MMDB_SIDE_NODE) {
            uint32_t inner = mmdb_writer_node(w);
            w->nodes[inner].side[0] = w->nodes[inner].side[1] = side;
            side = w->nodes[node].side[which] = (mmdb_side_t){MMDB_SIDE_NODE, inner};
        }
        node = side.value;
    }
    return node;
}

void mmdb_writer_insert(mmdb_writer_t *w, u128_t addr, unsigned len, mmdb_side_t side)
{
    if (len == 0) {
        w->nodes[0].side[0] = w->nodes[0].side[1] = side;
        return;
    }
    uint32_t node = path(w, addr, len - 1);
    w->nodes[node].side[bit(addr, w->ip_version == 6 ? 128 : 32, len - 1)] = side;
}

void mmdb_writer_alias(mmdb_writer_t *w, u128_t addr, unsigned len)
{
    mmdb_side_t side = {MMDB_SIDE_NODE, path(w, (u128_t){0, 0}, 96)};
    mmdb_writer_insert(w, addr, len, side);
}

void mmdb_writer_aliases(mmdb_writer_t *w)
{
    mmdb_writer_alias(w, (u128_t){0, UINT64_C(0xffff00000000)}, 96);
    mmdb_writer_alias(w, (u128_t){UINT64_C(0x2002) << 48, 0}, 16);
    mmdb_writer_alias(w, (u128_t){UINT64_C(0x20010000) << 32, 0}, 32);
}

static void put_be(buf_t *b, uint64_t value, unsigned bytes)
{
    for (unsigned i = bytes; i-- > 0;) {
        buf_append_char(b, (char)(value >> 8 * i));
    }
}

static uint32_t record(const mmdb_writer_t *w, mmdb_side_t side)
{
    switch (side.kind) {
    case MMDB_SIDE_NONE:
        return (uint32_t)w->node_count;
    case MMDB_SIDE_DATA:
        return (uint32_t)w->node_count + 16 + side.value;
    default:
        return side.value;
    }
}

static void put_metadata(const mmdb_writer_t *w, buf_t *b)
{
    put_map(b, 9);
    put_string(b, "binary_format_major_version");
    put_uint(b, 5, 2);
    put_string(b, "binary_format_minor_version");
    put_uint(b, 5, 0);
    put_string(b, "build_epoch");
    put_uint(b, 9, 1700000000);
    put_string(b, "database_type");
    put_string(b, "Test");
    put_string(b, "description");
    put_map(b, 1);
    put_string(b, "en");
    put_string(b, "Test");
    put_string(b, "ip_version");
    put_uint(b, 5, w->ip_version);
    put_string(b, "languages");
    put_array(b, 1);
    put_string(b, "en");
    put_string(b, "node_count");
    put_uint(b, 6, w->node_count);
    put_string(b, "record_size");
    put_uint(b, 5, w->record_size);
}

void mmdb_writer_finish(mmdb_writer_t *w, buf_t *out)
{
    for (size_t i = 0; i < w->node_count; i++) {
        uint32_t left = record(w, w->nodes[i].side[0]), right = record(w, w->nodes[i].side[1]);
        if (w->record_size == 28) {
            put_be(out, left & 0xffffff, 3);
            put_be(out, left >> 24 << 4 | right >> 24, 1);
            put_be(out, right & 0xffffff, 3);
        } else {
            put_be(out, left, w->record_size / 8);
            put_be(out, right, w->record_size / 8);
        }
    }
    put_be(out, 0, 8);
    put_be(out, 0, 8);
    buf_append_slice(out, buf_slice(&w->data));
    buf_append(out, MMDB_MARKER, MMDB_MARKER_LEN);
    if (w->metadata.len == 0) {
        put_metadata(w, &w->metadata);
    }
    buf_append_slice(out, buf_slice(&w->metadata));
    test_require(!buf_failed(out) && !buf_failed(&w->data) && !buf_failed(&w->metadata));
}

void put_head(buf_t *b, unsigned type, uint32_t size)
{
    unsigned short_size = size < 29 ? size : size < 285 ? 29 : size < 65821 ? 30 : 31;
    put_be(b, (type < 8 ? type << 5 : 0) | short_size, 1);
    if (type >= 8) {
        put_be(b, type - 7, 1);
    }
    if (short_size >= 29) {
        static const uint32_t base[] = {29, 285, 65821};
        put_be(b, size - base[short_size - 29], short_size - 28);
    }
}

void put_map(buf_t *b, uint32_t entries)
{
    put_head(b, 7, entries);
}

void put_array(buf_t *b, uint32_t elements)
{
    put_head(b, 11, elements);
}

void put_string(buf_t *b, const char *text)
{
    put_head(b, 2, (uint32_t)strlen(text));
    buf_append_str(b, text);
}

void put_uint(buf_t *b, unsigned type, uint64_t value)
{
    unsigned bytes = 0;
    while (bytes < 8 && value >> 8 * bytes != 0) {
        bytes++;
    }
    put_head(b, type, bytes);
    put_be(b, value, bytes);
}

void put_pointer_of(buf_t *b, uint32_t target, unsigned bytes)
{
    static const uint32_t base[] = {0, 2048, 526336, 0};
    uint64_t value = target - base[bytes - 1];
    put_be(b, 1u << 5 | (bytes - 1) << 3 | (bytes < 4 ? (unsigned)(value >> 8 * bytes) : 0), 1);
    put_be(b, value, bytes);
}

void put_pointer(buf_t *b, uint32_t target)
{
    put_pointer_of(b, target, target < 2048 ? 1 : target < 526336 ? 2 : target < 134744064 ? 3 : 4);
}

static void put_iso_code(buf_t *b, const char *code, size_t len)
{
    put_map(b, 1);
    put_string(b, "iso_code");
    put_head(b, 2, (uint32_t)len);
    buf_append(b, code, len);
}

uint32_t put_place(buf_t *b, const char *country, const char *subdivisions, uint32_t asn)
{
    uint32_t offset = (uint32_t)b->len;
    put_map(b, (country != NULL) + (subdivisions != NULL) + (asn != 0));
    if (country) {
        put_string(b, "country");
        put_iso_code(b, country, strlen(country));
    }
    if (subdivisions) {
        uint32_t count = 1;
        for (const char *p = subdivisions; *p; p++) {
            count += *p == ' ';
        }
        put_string(b, "subdivisions");
        put_array(b, count);
        for (const char *p = subdivisions; count > 0; count--) {
            size_t len = strcspn(p, " ");
            put_iso_code(b, p, len);
            p += len + 1;
        }
    }
    if (asn) {
        put_string(b, "autonomous_system_number");
        put_uint(b, 6, asn);
    }
    return offset;
}
