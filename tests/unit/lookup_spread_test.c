/*
 * What is said of a prefix, against asking every one of its addresses.
 */
#include "footprintd/lookup/spread.h"

#include "failmalloc.h"
#include "fixture.h"
#include "naive_join.h"

/* All that documents and databases tell apart lies in so many addresses from these on. */
#define UNIVERSE 256
static const u128_t universe[FAMILY_COUNT] = {{0, 0xc0000200}, {UINT64_C(0x20010db8) << 32, 0}};

static addr_t address_of(unsigned family, u128_t a)
{
    addr_t addr = {.family = (family_t)family};
    if (family == FAMILY_IPV4) {
        addr.u.v4 = (uint32_t)a.lo;
    } else {
        addr.u.v6 = a;
    }
    return addr;
}

/* ---- random documents and databases ---- */

static void put_prefixes(buf_t *out, unsigned family)
{
    buf_append_char(out, '[');
    for (uint32_t i = 0, n = 1 + rnd(3); i < n; i++) {
        char text[PREFIX_TEXT_MAX];
        unsigned bits = rnd(8);
        uint32_t host = rnd(UNIVERSE) >> bits << bits;
        prefix4_t p4 = {(uint32_t)universe[0].lo + host, (uint8_t)(32 - bits)};
        prefix6_t p6 = {plus(universe[1], host), (uint8_t)(128 - bits)};
        (void)(family ? prefix_format_v6(p6, text) : prefix_format_v4(p4, text));
        buf_printf(out, "%s\"%s\"", i ? ", " : "", text);
    }
    buf_append_char(out, ']');
}

static void put_document(buf_t *out)
{
    unsigned count = 1 + rnd(6);
    buf_append_str(out, "version: 1\nfootprints:\n");
    for (unsigned i = 0; i < count; i++) {
        unsigned family = rnd(2);
        buf_printf(out, "  f%u: {%s: ", i, family ? "ipv6cidr" : "ipv4cidr");
        put_prefixes(out, family);
        buf_append_str(out, rnd(4) ? "}\n" : ", countrycode: [de, at]}\n");
    }
    buf_append_str(out, "  land: {countrycode: [us]}\n  as: {asn: [as64496, as64499]}\n"
                        "capabilities:\n");
    for (unsigned i = 0; i < count; i++) {
        buf_printf(out,
                   "  - {capability-type: FCI.Metadata, capability-value: {metadata: [MI.X%u]},"
                   " footprints: [%s%u]}\n",
                   i, rnd(5) ? "f" : "land, f", i);
    }
    buf_append_str(out, "network-maps:\n");
    for (unsigned map = 0; map < 2; map++) {
        buf_printf(out, "  map%u:\n    default: %s\n    pids:\n", map, map ? "false" : "true");
        buf_append_str(out, "      pid-default: {ipv4: [0.0.0.0/0], ipv6: [\"::/0\"]}\n");
        for (unsigned i = 0; i < 3; i++) {
            char text[PREFIX_TEXT_MAX];
            prefix4_t p = {(uint32_t)universe[0].lo + i * 64 + map * 8, 29};
            (void)prefix_format_v4(p, text);
            buf_printf(out, "      p%u: {ipv4: [%s]}\n", i, text);
        }
    }
}

static lookup_engine_t *random_engine(void)
{
    buf_t text = BUF_INIT;
    findings_t findings;
    put_document(&text);
    buf_append_char(&text, '\0');
    const fixture_file_t file = {"a.yaml", text.ptr};
    findings_init(&findings, 0);
    model_t *model = fixture_model(&file, 1, &findings);
    assert_non_null(model);
    findings_release(&findings);
    buf_release(&text);
    geo_table_t tables[ATTRIBUTE_SOURCE_COUNT] = {{0}};
    bool present[ATTRIBUTE_SOURCE_COUNT];
    bool any = false;
    for (unsigned i = 0; i < ATTRIBUTE_SOURCE_COUNT; i++) {
        present[i] = rnd(4) != 0;
        any |= present[i];
        if (present[i]) {
            tables[i] = random_table_within(universe, UNIVERSE, (attribute_source_t)i);
        }
    }
    attributes_t *attributes = NULL;
    if (any) {
        assert_int_equal(attributes_from_tables_take(tables, present, &attributes), ERR_OK);
    }
    lookup_engine_t *e = NULL;
    assert_int_equal(lookup_engine_new_take(model, attributes, &e), ERR_OK);
    attributes_unref(attributes);
    return e;
}

/* ---- the same, address by address ---- */

static bool same_codes(const attribute_set_t *a, const attribute_set_t *b)
{
    return a->subdivision_count == b->subdivision_count &&
           (!a->subdivision_count || !memcmp(a->subdivisions, b->subdivisions,
                                             a->subdivision_count * sizeof *a->subdivisions));
}

static void check_part(const lookup_engine_t *e, const lookup_spread_t *s, size_t index,
                       unsigned family, u128_t first, size_t count)
{
    const lookup_part_t *part = &s->parts[index];
    size_t addresses = 0, ranges = 0;
    unsigned varies = 0;
    bool varying[2] = {false, false};
    attribute_set_t set = lookup_attributes(e, &part->first);
    for (size_t i = 0, inside = false; i < count; i++) {
        addr_t a = address_of(family, plus(first, (int64_t)i));
        bool was = inside;
        inside = join_answer(e->join, &a) == part->answer;
        ranges += inside && !was;
        if (!inside) {
            continue;
        }
        size_t run = ranges - 1;
        if (run < part->run_count) {
            range_t r = part->runs[run];
            u128_t here = plus(first, (int64_t)i);
            assert_true(u128_cmp(r.first, here) <= 0 && u128_cmp(here, r.last) <= 0);
            assert_true(was || !u128_cmp(r.first, here));
        }
        if (!addresses++) {
            char want[ADDR_TEXT_MAX], got[ADDR_TEXT_MAX];
            (void)addr_format(&a, want);
            (void)addr_format(&part->first, got);
            assert_string_equal(got, want);
        }
        attribute_set_t b = lookup_attributes(e, &a);
        varies |= b.country != set.country ? LOOKUP_VARIES_COUNTRY : 0;
        varies |= same_codes(&b, &set) ? 0 : LOOKUP_VARIES_SUBDIVISIONS;
        varies |= b.has_asn != set.has_asn || b.asn != set.asn ? LOOKUP_VARIES_ASN : 0;
        for (size_t m = 0; m < e->map_count; m++) {
            bool other = lookup_pid(e, m, &a) != lookup_pid(e, m, &part->first);
            varying[m] |= other;
            varies |= other ? LOOKUP_VARIES_PIDS : 0;
        }
    }
    assert_true(addresses > 0);
    assert_int_equal(part->count.n.lo, addresses);
    assert_int_equal(part->ranges, ranges);
    assert_int_equal(part->varies, varies);
    for (size_t m = 0; m < e->map_count; m++) {
        const model_pid_t *pid = lookup_pid(e, m, &part->first);
        uint32_t want = pid ? (uint32_t)(pid - e->maps[m].pids) + 1 : 0;
        assert_int_equal(part->pids[m], varying[m] ? UINT32_MAX : want);
    }
}

static void check_extents(const lookup_engine_t *e, const lookup_spread_t *s, unsigned family,
                          u128_t first, size_t count)
{
    size_t found = 0;
    lookup_covers_t covers = {0};
    for (uint32_t f = 0; f < e->model->footprint_count; f++) {
        size_t addresses = 0;
        for (size_t i = 0; i < count; i++) {
            addr_t a = address_of(family, plus(first, (int64_t)i));
            assert_int_equal(lookup_covers_find(e, join_answer(e->join, &a), &covers), ERR_OK);
            for (size_t k = 0; k < covers.footprint_count; k++) {
                addresses += covers.footprints[k] == f;
            }
        }
        for (size_t i = 0; i < s->extent_count; i++) {
            if (s->extents[i].footprint == f) {
                assert_int_equal(s->extents[i].count.n.lo, addresses);
                assert_int_equal(i < s->whole_count, addresses == count);
                found++;
                addresses = 0;
            }
        }
        assert_int_equal(addresses, 0);
    }
    assert_int_equal(found, s->extent_count);
    lookup_covers_release(&covers);
}

static void check_prefix(const lookup_engine_t *e, unsigned family, size_t *split)
{
    unsigned bits = rnd(9);
    size_t count = (size_t)1 << bits, all = 0, ranges = 0;
    u128_t first = plus(universe[family], rnd(UNIVERSE) >> bits << bits);
    prefix_t p = {.family = (family_t)family};
    if (family == FAMILY_IPV4) {
        p.u.v4 = (prefix4_t){(uint32_t)first.lo, (uint8_t)(32 - bits)};
    } else {
        p.u.v6 = (prefix6_t){first, (uint8_t)(128 - bits)};
    }
    size_t parts = rnd(4), runs = rnd(3);
    lookup_spread_t s;
    assert_int_equal(lookup_spread_find(e, &p, parts, runs, &s), ERR_OK);
    for (size_t i = 0; i < s.part_count; i++) {
        size_t most = i < parts ? runs : 0;
        check_part(e, &s, i, family, first, count);
        assert_int_equal(s.parts[i].run_count, s.parts[i].ranges < most ? s.parts[i].ranges : most);
        assert_true(!i || s.parts[i].count.n.lo <= s.parts[i - 1].count.n.lo);
        all += s.parts[i].count.n.lo;
        ranges += s.parts[i].ranges;
    }
    assert_int_equal(all, count);
    assert_int_equal(s.count.n.lo, count);
    assert_int_equal(s.ranges, ranges);
    check_extents(e, &s, family, first, count);
    /* The databases may tell apart what says the same. */
    prefix_t scope = lookup_scope(e, &s.parts[0].first);
    unsigned len = (family ? 128 : 32) - bits;
    bool within = (family ? scope.u.v6.len : scope.u.v4.len) <= len;
    assert_true(!within || lookup_spread_is_one(&s));
    if (lookup_spread_is_one(&s)) {
        char want[PREFIX_TEXT_MAX], got[PREFIX_TEXT_MAX];
        prefix_t shown = lookup_spread_scope(e, &s);
        (void)prefix_format(within ? &scope : &p, want);
        (void)prefix_format(&shown, got);
        assert_string_equal(got, want);
    }
    *split += s.part_count > 1;
    lookup_spread_release(&s);
}

/* The whole of a family: what is outside of the universe has one answer. */
static void check_all(const lookup_engine_t *e, unsigned family)
{
    prefix_t p = {.family = (family_t)family};
    lookup_spread_t s;
    assert_int_equal(lookup_spread_find(e, &p, 1, 1, &s), ERR_OK);
    difference_count_t whole = family ? (difference_count_t){{0, 0}, 1}
                                      : (difference_count_t){{0, UINT64_C(1) << 32}, 0};
    assert_int_equal(difference_count_cmp(s.count, whole), 0);
    assert_true(difference_count_share(s.parts[0].count, whole) > 0.999);
    assert_true(u128_cmp(s.parts[0].runs[0].first, (u128_t){0, 0}) == 0);
    lookup_spread_release(&s);
}

static void test_random(void **unused)
{
    (void)unused;
    seed_random();
    size_t split = 0;
    for (int round = 0; round < 60; round++) {
        lookup_engine_t *e = random_engine();
        for (int i = 0; i < 10; i++) {
            check_prefix(e, (unsigned)i % 2, &split);
        }
        check_all(e, FAMILY_IPV4);
        check_all(e, FAMILY_IPV6);
        lookup_engine_free(e);
    }
    print_message("%zu prefixes fell apart\n", split);
    assert_true(split > 100);
}

static void test_no_memory(void **unused)
{
    (void)unused;
    lookup_engine_t *e = random_engine();
    prefix_t p = {.family = FAMILY_IPV4, .u.v4 = {(uint32_t)universe[0].lo, 24}};
    for (size_t n = 1;; n++) {
        lookup_spread_t s;
        long live = failmalloc_live();
        failmalloc_arm(n);
        err_t err = lookup_spread_find(e, &p, 8, 8, &s);
        bool refused = failmalloc_disarm();
        lookup_spread_release(&s);
        assert_int_equal(failmalloc_live(), live);
        assert_int_equal(err, refused ? ERR_NOMEM : ERR_OK);
        if (!refused) {
            assert_true(n > 4);
            break;
        }
    }
    lookup_engine_free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
