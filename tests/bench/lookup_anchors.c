#include "lookup_anchors.h"

#include <stdio.h>
#include <stdlib.h>

static void fail(const char *what)
{
    (void)fprintf(stderr, "bench_lookup: %s\n", what);
    exit(1);
}

static unsigned bit_of(u128_t key, unsigned i)
{
    return (i < 64 ? key.hi >> (63 - i) : key.lo >> (127 - i)) & 1;
}

/* ---- radix ---- */

static uint32_t radix_new(radix_t *r)
{
    if (r->count == r->cap) {
        r->cap = r->cap ? r->cap * 2 : 1024;
        r->nodes = realloc(r->nodes, r->cap * sizeof *r->nodes);
        if (!r->nodes) {
            fail("no memory");
        }
    }
    r->nodes[r->count] = (radix_node_t){{0, 0}, 0};
    return (uint32_t)r->count++;
}

static void radix_put(radix_t *r, u128_t prefix, unsigned len, uint32_t value)
{
    uint32_t at = r->count ? 0 : radix_new(r);
    for (unsigned i = 0; i < len; i++) {
        unsigned side = bit_of(prefix, i);
        if (!r->nodes[at].child[side]) {
            uint32_t fresh = radix_new(r);
            r->nodes[at].child[side] = fresh;
        }
        at = r->nodes[at].child[side];
    }
    r->nodes[at].value = value + 1;
}

uint32_t radix_get(const radix_t *r, u128_t key, unsigned bits)
{
    uint32_t found = r->nodes[0].value;
    for (unsigned i = 0, at = 0; i < bits; i++) {
        at = r->nodes[at].child[bit_of(key, i)];
        if (!at) {
            break;
        }
        found = r->nodes[at].value ? r->nodes[at].value : found;
    }
    return found;
}

/* ---- by length ---- */

static u128_t masked(u128_t key, unsigned len)
{
    key.hi &= len == 0 ? 0 : len >= 64 ? UINT64_MAX : UINT64_MAX << (64 - len);
    key.lo &= len <= 64 ? 0 : UINT64_MAX << (128 - len);
    return key;
}

static struct by_length_entry *by_length_slot(const by_length_t *t, unsigned len, u128_t key)
{
    uint64_t hash = (key.hi ^ key.lo * UINT64_C(0x9e3779b97f4a7c15)) + len;
    hash = (hash ^ hash >> 32) * UINT64_C(0xd6e8feb86659fd93);
    size_t i = (size_t)(hash >> 32) & t->mask[len];
    while (t->entries[len][i].value && u128_cmp(t->entries[len][i].prefix, key)) {
        i = (i + 1) & t->mask[len];
    }
    return &t->entries[len][i];
}

static void by_length_put(by_length_t *t, u128_t prefix, unsigned len, uint32_t value)
{
    if (!t->entries[len] || t->used[len] * 2 > t->mask[len]) {
        struct by_length_entry *old = t->entries[len];
        size_t count = old ? t->mask[len] + 1 : 0;
        t->mask[len] = count ? count * 2 - 1 : 1023;
        t->entries[len] = calloc(t->mask[len] + 1, sizeof *t->entries[len]);
        if (!t->entries[len]) {
            fail("no memory");
        }
        for (size_t i = 0; i < count; i++) {
            if (old[i].value) {
                *by_length_slot(t, len, old[i].prefix) = old[i];
            }
        }
        free(old);
    }
    struct by_length_entry *e = by_length_slot(t, len, prefix);
    t->used[len] += !e->value;
    *e = (struct by_length_entry){prefix, value + 1};
}

static void by_length_seal(by_length_t *t)
{
    for (unsigned len = 129; len-- > 0;) {
        if (t->entries[len]) {
            t->lengths[t->length_count++] = (uint8_t)len;
        }
    }
}

uint32_t by_length_get(const by_length_t *t, u128_t key)
{
    for (unsigned i = 0; i < t->length_count; i++) {
        unsigned len = t->lengths[i];
        uint32_t value = by_length_slot(t, len, masked(key, len))->value;
        if (value) {
            return value;
        }
    }
    return 0;
}

/* ---- databases ---- */

uint32_t mmdb_find(const MMDB_s *db, const struct sockaddr *addr)
{
    int err = 0;
    MMDB_lookup_result_s r = MMDB_lookup_sockaddr(db, addr, &err);
    return r.found_entry ? r.entry.offset : 0;
}

mmdb_answer_t mmdb_values(const anchors_t *a, const struct sockaddr *addr)
{
    mmdb_answer_t answer = {{0, 0}, 0};
    MMDB_entry_data_s data;
    int err = 0;
    MMDB_lookup_result_s r = MMDB_lookup_sockaddr(&a->country, addr, &err);
    if (r.found_entry &&
        MMDB_get_value(&r.entry, &data, "country", "iso_code", NULL) == MMDB_SUCCESS &&
        data.has_data && data.type == MMDB_DATA_TYPE_UTF8_STRING && data.data_size == 2) {
        memcpy(answer.country, data.utf8_string, 2);
    }
    r = MMDB_lookup_sockaddr(&a->asn, addr, &err);
    if (r.found_entry &&
        MMDB_get_value(&r.entry, &data, "autonomous_system_number", NULL) == MMDB_SUCCESS &&
        data.has_data && data.type == MMDB_DATA_TYPE_UINT32) {
        answer.asn = data.uint32;
    }
    return answer;
}

/* ---- all ---- */

static void add_values(anchors_t *a, const fp_values_t *v, uint32_t set)
{
    family_t family = v->type == FP_IPV4CIDR ? FAMILY_IPV4 : FAMILY_IPV6;
    for (size_t i = 0; i < v->count; i++) {
        u128_t prefix = family == FAMILY_IPV4 ? (u128_t){(uint64_t)v->u.v4[i].addr << 32, 0}
                                              : v->u.v6[i].addr;
        unsigned len = family == FAMILY_IPV4 ? v->u.v4[i].len : v->u.v6[i].len;
        radix_put(&a->radix[family], prefix, len, set);
        by_length_put(&a->by_length[family], prefix, len, set);
        a->prefixes++;
    }
}

void anchors_open(const char *country, const char *asn, const model_t *model,
                  const join_index_t *join, anchors_t *out)
{
    *out = (anchors_t){.prefixes = 0};
    if (MMDB_open(country, MMDB_MODE_MMAP, &out->country) != MMDB_SUCCESS ||
        MMDB_open(asn, MMDB_MODE_MMAP, &out->asn) != MMDB_SUCCESS) {
        fail("libmaxminddb does not open the databases");
    }
    for (size_t i = 0; i < model->footprint_count; i++) {
        for (size_t s = 0; s < model->footprints[i].set_count; s++) {
            const fp_set_t *set = &model->footprints[i].sets[s];
            fp_type_t type = set->count == 1 ? set->constraints[0].type : FP_UNION;
            if (type == FP_IPV4CIDR || type == FP_IPV6CIDR) {
                add_values(out, set->constraints[0].values, join_set_id(join, set));
            }
        }
    }
    for (unsigned f = 0; f < FAMILY_COUNT; f++) {
        if (!out->radix[f].count) {
            fail("the documents have no prefixes of one family");
        }
        by_length_seal(&out->by_length[f]);
    }
}

void anchors_close(anchors_t *a)
{
    MMDB_close(&a->country);
    MMDB_close(&a->asn);
    for (unsigned f = 0; f < FAMILY_COUNT; f++) {
        free(a->radix[f].nodes);
        for (unsigned len = 0; len < 129; len++) {
            free(a->by_length[f].entries[len]);
        }
    }
}
