/*
 * Covers: every address gets its value by longest match, and no smaller set does it (checked by
 * trying all sets on small prefixes).
 */
#include "footprintd/join/cover.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static uint64_t state;

static uint32_t rnd(uint32_t below)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33) % below;
}

/* The value of host h of the block by the entries, 0 when there is none. */
static uint32_t by_longest_match(const cover_t *cover, uint32_t addr)
{
    int longest = -1;
    uint32_t value = 0;
    for (size_t i = 0; i < cover->count; i++) {
        prefix4_t p = cover->entries[i].prefix.u.v4;
        uint32_t mask = p.len ? UINT32_MAX << (32 - p.len) : 0;
        if ((addr & mask) == p.addr && (int)p.len > longest) {
            longest = p.len;
            value = cover->entries[i].value;
        }
    }
    return value;
}

static size_t ranges_of(const uint32_t *values, size_t hosts, uint32_t base, cover_range_t *out)
{
    size_t n = 0;
    for (size_t h = 0; h < hosts; h++) {
        u128_t a = {0, base + h};
        if (n && out[n - 1].value == values[h]) {
            out[n - 1].last = a;
        } else {
            out[n++] = (cover_range_t){a, a, values[h]};
        }
    }
    return n;
}

/*
 * The fewest entries for the block of `hosts` values when `inherited` is what comes from above:
 * either no entry here, or one with any value.
 */
static size_t fewest(const uint32_t *values, size_t hosts, uint32_t inherited, uint32_t distinct)
{
    if (hosts == 1) {
        return values[0] != inherited;
    }
    size_t best = SIZE_MAX;
    for (uint32_t v = 0; v <= distinct; v++) {
        size_t own = v == inherited ? 0 : 1;
        size_t n = own + fewest(values, hosts / 2, v, distinct) +
                   fewest(values + hosts / 2, hosts / 2, v, distinct);
        best = n < best ? n : best;
    }
    return best;
}

static void test_exact_and_minimal(void **unused)
{
    (void)unused;
    state = (uint64_t)time(NULL);
    const char *given = getenv("FPD_SEED");
    state = given ? strtoull(given, NULL, 10) : state;
    print_message("FPD_SEED=%llu\n", (unsigned long long)state);
    for (int round = 0; round < 3000; round++) {
        uint32_t values[16], distinct = 1 + rnd(3), base = 0xc0000200u;
        size_t hosts = (size_t)1 << rnd(5);
        for (size_t h = 0; h < hosts; h++) {
            values[h] = h && rnd(3) ? values[h - 1] : rnd(distinct + 1);
        }
        cover_range_t ranges[16];
        size_t count = ranges_of(values, hosts, base, ranges);
        uint8_t len = (uint8_t)(32 - __builtin_ctz((unsigned)hosts));
        prefix_t prefix = {.family = FAMILY_IPV4, .u.v4 = {base, len}};
        cover_t cover;
        assert_int_equal(cover_build(&prefix, ranges, count, false, 1000, &cover), ERR_OK);
        for (size_t h = 0; h < hosts; h++) {
            assert_int_equal(by_longest_match(&cover, base + (uint32_t)h), values[h]);
        }
        assert_int_equal(cover.count, fewest(values, hosts, 0, distinct));
        cover_t flat;
        assert_int_equal(cover_build(&prefix, ranges, count, true, 1000, &flat), ERR_OK);
        assert_int_equal(flat.count, cover.count);
        for (size_t h = 0; h < hosts; h++) {
            assert_int_equal(by_longest_match(&flat, base + (uint32_t)h), values[h]);
        }
        cover_release(&flat);
        for (size_t i = 0; i < cover.count; i++) {
            uint32_t parent = cover.entries[i].parent;
            assert_true(parent == UINT32_MAX || parent < i);
            assert_true(parent != UINT32_MAX || cover.entries[i].value != 0);
        }
        cover_release(&cover);
    }
}

static void expect(const cover_t *cover, size_t i, const char *prefix, uint32_t value)
{
    char text[PREFIX_TEXT_MAX];
    assert_true(i < cover->count);
    (void)prefix_format(&cover->entries[i].prefix, text);
    assert_string_equal(text, prefix);
    assert_int_equal(cover->entries[i].value, value);
}

static cover_t cover_of(const char *text, const cover_range_t *ranges, size_t count, bool disjoint,
                        size_t most)
{
    prefix_t prefix;
    cover_t cover;
    assert_int_equal(prefix_parse(slice_str(text), &prefix, NULL), ERR_OK);
    assert_int_equal(cover_build(&prefix, ranges, count, disjoint, most, &cover), ERR_OK);
    return cover;
}

/* The shapes of RFC 9240 10.6 and 10.7. */
static void test_published_shapes(void **unused)
{
    (void)unused;
    /* 192.0.2.0/26: two /28s and one address differ from the rest: 1 + 3 entries. */
    const cover_range_t nested[] = {{{0, 0xc0000200}, {0, 0xc0000200}, 2},
                                    {{0, 0xc0000201}, {0, 0xc0000201}, 3},
                                    {{0, 0xc0000202}, {0, 0xc000020f}, 2},
                                    {{0, 0xc0000210}, {0, 0xc000021f}, 4},
                                    {{0, 0xc0000220}, {0, 0xc000023f}, 1}};
    cover_t cover = cover_of("192.0.2.0/26", nested, 5, true, 10);
    assert_int_equal(cover.count, 4);
    expect(&cover, 0, "192.0.2.0/26", 1);
    expect(&cover, 1, "192.0.2.0/28", 2);
    expect(&cover, 2, "192.0.2.1/32", 3);
    expect(&cover, 3, "192.0.2.16/28", 4);
    assert_int_equal(cover.entries[1].parent, 0);
    assert_int_equal(cover.entries[2].parent, 1);
    cover_release(&cover);
    /* 192.0.3.0/27: two halves. As many entries either way. */
    const cover_range_t halves[] = {{{0, 0xc0000300}, {0, 0xc000030f}, 1},
                                    {{0, 0xc0000310}, {0, 0xc000031f}, 2}};
    cover = cover_of("192.0.3.0/27", halves, 2, false, 10);
    assert_int_equal(cover.count, 2);
    expect(&cover, 0, "192.0.3.0/27", 1);
    expect(&cover, 1, "192.0.3.16/28", 2);
    cover_release(&cover);
    cover = cover_of("192.0.3.0/27", halves, 2, true, 10);
    assert_int_equal(cover.count, 2);
    expect(&cover, 0, "192.0.3.0/28", 1);
    expect(&cover, 1, "192.0.3.16/28", 2);
    cover_release(&cover);
}

static void test_edges(void **unused)
{
    (void)unused;
    const cover_range_t nothing = {{0, 0}, {0, 0xffffffff}, 0};
    cover_t cover = cover_of("0.0.0.0/0", &nothing, 1, false, 1);
    assert_int_equal(cover.count, 0);
    const cover_range_t all6 = {{0, 0}, {UINT64_MAX, UINT64_MAX}, 7};
    cover = cover_of("::/0", &all6, 1, true, 1);
    assert_int_equal(cover.count, 1);
    expect(&cover, 0, "::/0", 7);
    cover_release(&cover);
    /* The last address of all is an exception. */
    const cover_range_t last6[] = {{{0, 0}, {UINT64_MAX, UINT64_MAX - 1}, 7},
                                   {{UINT64_MAX, UINT64_MAX}, {UINT64_MAX, UINT64_MAX}, 0}};
    cover = cover_of("::/0", last6, 2, false, 2);
    assert_int_equal(cover.count, 2);
    expect(&cover, 1, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", 0);
    cover_release(&cover);
    prefix_t prefix;
    assert_int_equal(prefix_parse(SLICE_LIT("::/0"), &prefix, NULL), ERR_OK);
    assert_int_equal(cover_build(&prefix, last6, 2, false, 1, &cover), ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_and_minimal),
        cmocka_unit_test(test_published_shapes),
        cmocka_unit_test(test_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
