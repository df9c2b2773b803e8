#include "mmdb_samples.h"

#include "mmdb_writer.h"

#define DOC4(third) ((u128_t){0, UINT64_C(0xc0000000) | (third)})
#define DOC6        ((u128_t){UINT64_C(0x20010db8) << 32, 0})

/* 192.0.2.0/24 with a hole and an exception. */
static void insert_v4(mmdb_writer_t *w, uint32_t outer, uint32_t inner)
{
    unsigned more = w->ip_version == 6 ? 96 : 0;
    mmdb_writer_insert(w, DOC4(0x200), 24 + more, mmdb_data(outer));
    mmdb_writer_insert(w, DOC4(0x240), 26 + more, (mmdb_side_t){MMDB_SIDE_NONE, 0});
    mmdb_writer_insert(w, DOC4(0x281), 32 + more, mmdb_data(inner));
}

static void country_v4(mmdb_writer_t *w)
{
    mmdb_writer_init(w, 4, 24);
    uint32_t us = put_place(&w->data, "US", NULL, 0), de = put_place(&w->data, "DE", NULL, 0);
    insert_v4(w, us, de);
}

/* As writers do it: keys and maps that were written before are pointed to. */
static void city_v6(mmdb_writer_t *w)
{
    mmdb_writer_init(w, 6, 28);
    buf_t *d = &w->data;
    uint32_t london = put_place(d, "GB", "ENG WBK", 0);
    uint32_t scotland = (uint32_t)d->len;
    put_map(d, 3);
    put_pointer(d, london + 1); /* "country" */
    put_pointer(d, london + 9); /* {iso_code: GB} */
    put_string(d, "location");
    put_map(d, 1);
    put_string(d, "latitude");
    put_head(d, 3, 8);
    buf_append(d, "\x40\x4c\0\0\0\0\0\0", 8);
    put_string(d, "subdivisions");
    put_array(d, 1);
    put_map(d, 1);
    put_pointer(d, london + 10); /* "iso_code" */
    put_string(d, "SCT");
    insert_v4(w, london, scotland);
    mmdb_writer_insert(w, DOC6, 32, mmdb_data(london));
    mmdb_writer_insert(w, (u128_t){DOC6.hi | 0x8000, 0}, 49, mmdb_data(scotland));
    mmdb_writer_aliases(w);
}

static void asn_v6(mmdb_writer_t *w)
{
    mmdb_writer_init(w, 6, 32);
    uint32_t one = put_place(&w->data, NULL, NULL, 64496);
    uint32_t two = put_place(&w->data, NULL, NULL, 65551);
    insert_v4(w, one, two);
    mmdb_writer_insert(w, DOC6, 32, mmdb_data(two));
}

/* The tree ends above ::/96. */
static void no_v4_tree(mmdb_writer_t *w)
{
    mmdb_writer_init(w, 6, 24);
    uint32_t fr = put_place(&w->data, "FR", "IDF", 64511);
    mmdb_writer_insert(w, (u128_t){0, 0}, 64, mmdb_data(fr));
}

static void all_types(mmdb_writer_t *w)
{
    mmdb_writer_init(w, 4, 32);
    buf_t *d = &w->data;
    put_map(d, 12);
    put_string(d, "string");
    put_string(d, "\xe2\x98\xaf");
    put_string(d, "double");
    put_head(d, 3, 8);
    buf_append(d, "\x40\x45\0\0\0\0\0\0", 8);
    put_string(d, "bytes");
    put_head(d, 4, 3);
    buf_append(d, "\xff\xfe\0", 3);
    put_string(d, "uint16");
    put_uint(d, 5, 0xffff);
    put_string(d, "uint32");
    put_uint(d, 6, 0xffffffff);
    put_string(d, "int32");
    put_uint(d, 8, 0xfffffff0);
    put_string(d, "uint64");
    put_uint(d, 9, UINT64_MAX);
    put_string(d, "uint128");
    put_head(d, 10, 16);
    buf_append(d, "0123456789abcdef", 16);
    put_string(d, "array");
    put_array(d, 2);
    put_pointer_of(d, 0x1, 4);
    put_uint(d, 5, 0);
    put_string(d, "boolean");
    put_head(d, 14, 1);
    put_string(d, "float");
    put_head(d, 15, 4);
    buf_append(d, "\x3f\x80\0\0", 4);
    put_string(d, "a long string");
    put_string(d, "of more than twenty-eight bytes, so that its size needs a byte more");
    insert_v4(w, 0, 0);
}

/* Two prefixes lead to the same node. */
static void shared_node(mmdb_writer_t *w)
{
    mmdb_writer_init(w, 4, 24);
    uint32_t us = put_place(&w->data, "US", "NY", 64500);
    mmdb_writer_insert(w, DOC4(0x200), 24, mmdb_data(us));
    w->nodes[0].side[0] = w->nodes[0].side[1];
}

static void empty(mmdb_writer_t *w)
{
    mmdb_writer_init(w, 6, 28);
}

static const struct {
    const char *name;
    void (*make)(mmdb_writer_t *w);
} samples[] = {
    {"all-types", all_types},      {"asn-v6-32", asn_v6}, {"city-v6-28", city_v6},
    {"country-v4-24", country_v4}, {"empty", empty},      {"no-v4-tree", no_v4_tree},
    {"shared-node", shared_node},
};

const char *mmdb_sample(size_t i, buf_t *out)
{
    if (i >= sizeof samples / sizeof *samples) {
        return NULL;
    }
    mmdb_writer_t w;
    samples[i].make(&w);
    mmdb_writer_finish(&w, out);
    mmdb_writer_release(&w);
    return samples[i].name;
}
