/*
 * What the join is built from: counting bits, tries against their ranges, the order of pieces,
 * interned sets and tuples.
 */
#include "footprintd/join/trie.h"
#include "join/merge.h"
#include "join/pieces.h"
#include "join/sets.h"

#include "failmalloc.h"
#include "fpd_cmocka.h"
#include "prng.h"

/* ---- counting bits ---- */

static void check_count(uint64_t x)
{
    unsigned expected = 0;
    for (unsigned i = 0; i < 64; i++) {
        expected += x >> i & 1;
    }
    assert_int_equal(trie_count(x), expected);
    assert_int_equal(trie_count_portable(x), expected);
}

static void test_count(void **state)
{
    (void)state;
    check_count(0);
    for (unsigned i = 0; i < 64; i++) {
        check_count(UINT64_C(1) << i);
        check_count(UINT64_MAX >> i);
        check_count(UINT64_MAX << i);
    }
    prng_t prng = prng_start();
    for (unsigned i = 0; i < 10000; i++) {
        check_count(prng_next(&prng));
    }
    /* A rank counts the bit itself, and bit 63 is no undefined shift. */
    assert_int_equal(trie_rank(UINT64_MAX, 0), 1);
    assert_int_equal(trie_rank(UINT64_MAX, 63), 64);
    assert_int_equal(trie_rank(UINT64_C(1) << 63, 62), 0);
}

/* ---- tries ---- */

static u128_t random_address(prng_t *prng, family_t family)
{
    if (family == FAMILY_IPV4) {
        /* Some near one another, so that one node holds many. */
        uint64_t a = prng_below(prng, 2) ? prng_next(prng) : 0xc0000200 + prng_below(prng, 4096);
        return (u128_t){0, a & UINT32_MAX};
    }
    switch (prng_below(prng, 3)) {
    case 0:
        return (u128_t){prng_next(prng), prng_next(prng)};
    case 1: /* whole /64 */
        return (u128_t){UINT64_C(0x20010db800000000) | prng_below(prng, 1 << 20), 0};
    default: /* the last bits of an address, where slots are fewer than addresses */
        return (u128_t){UINT64_C(0x20010db800000000), prng_below(prng, 300)};
    }
}

static int cmp_address(const void *x, const void *y)
{
    return u128_cmp(*(const u128_t *)x, *(const u128_t *)y);
}

static uint32_t trie_get(const trie4_t *t4, const trie6_t *t6, family_t family, u128_t a)
{
    return family == FAMILY_IPV4 ? trie4_get(t4, (uint32_t)a.lo) : trie6_get(t6, a);
}

static void check_trie(const join_ranges_t *r, prng_t *prng)
{
    trie4_t t4 = {{0}};
    trie6_t t6 = {{0}};
    assert_int_equal(r->family == FAMILY_IPV4 ? trie4_build(r, &t4) : trie6_build(r, &t6), ERR_OK);
    for (size_t i = 0; i < r->count; i++) {
        assert_int_equal(trie_get(&t4, &t6, r->family, join_ranges_start(r, i)), r->id[i]);
        assert_int_equal(trie_get(&t4, &t6, r->family, join_ranges_last(r, i)), r->id[i]);
    }
    for (unsigned i = 0; i < 1000; i++) {
        u128_t a = random_address(prng, r->family);
        assert_int_equal(trie_get(&t4, &t6, r->family, a), r->id[join_ranges_find(r, a)]);
    }
    trie_release(&t4.t);
    trie_release(&t6.t);
}

static void test_tries(void **state)
{
    (void)state;
    prng_t prng = prng_start();
    for (unsigned round = 0; round < 200; round++) {
        family_t family = round % 2 ? FAMILY_IPV6 : FAMILY_IPV4;
        u128_t starts[200];
        size_t count = prng_below(&prng, 200);
        for (size_t i = 0; i < count; i++) {
            starts[i] = random_address(&prng, family);
        }
        qsort(starts, count, sizeof *starts, cmp_address);
        join_ranges_t r;
        join_ranges_init(&r, family);
        /* Few ids, so that neighbours and runs in a node are often equal. */
        assert_int_equal(join_ranges_append(&r, (u128_t){0, 0}, 0), ERR_OK);
        for (size_t i = 0; i < count; i++) {
            uint32_t id = (uint32_t)prng_below(&prng, 3);
            assert_int_equal(join_ranges_append(&r, starts[i], id), ERR_OK);
        }
        check_trie(&r, &prng);
        join_ranges_release(&r);
    }
}

/* ---- pieces ---- */

static int cmp_piece(const piece_t *x, const piece_t *y)
{
    if (piece_base(x) != piece_base(y)) {
        return piece_base(x) < piece_base(y) ? -1 : 1;
    }
    return x->len != y->len ? x->len - y->len : (x->owner > y->owner) - (x->owner < y->owner);
}

static void check_pieces(prng_t *prng, size_t count, bool with_memory)
{
    piece_t pieces[600];
    uint64_t sum = 0, sorted_sum = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t len = (uint8_t)(24 + prng_below(prng, 9));
        uint32_t v4 = 0xc0000200 & UINT32_MAX << (32 - len);
        u128_t v6 = {UINT64_C(0x20010db8) << 32 | prng_below(prng, 3), prng_below(prng, 3) << 60};
        pieces[i] =
            prng_below(prng, 2)
                ? piece_v4((prefix4_t){v4 ^ (uint32_t)prng_below(prng, 2) << 31, len}, (uint32_t)i)
                : piece_v6((prefix6_t){v6, (uint8_t)(124 + prng_below(prng, 5))}, (uint32_t)i);
        sum += pieces[i].hi * 3 + pieces[i].lo * 5 + pieces[i].owner * 7u + pieces[i].len;
    }
    if (!with_memory) {
        failmalloc_arm(1);
    }
    pieces_sort(pieces, count);
    if (!with_memory) {
        assert_int_equal(failmalloc_disarm(), count > 1);
    }
    for (size_t i = 0; i < count; i++) {
        sorted_sum += pieces[i].hi * 3 + pieces[i].lo * 5 + pieces[i].owner * 7u + pieces[i].len;
        assert_true(!i || cmp_piece(&pieces[i - 1], &pieces[i]) < 0);
    }
    assert_int_equal(sum, sorted_sum);
}

static void test_pieces(void **state)
{
    (void)state;
    prng_t prng = prng_start();
    for (unsigned round = 0; round < 100; round++) {
        size_t count = round < 4 ? round : prng_below(&prng, 600);
        check_pieces(&prng, count, true);
        check_pieces(&prng, count, false);
    }
}

/* ---- interning ---- */

static void test_sets(void **state)
{
    (void)state;
    sets_t sets;
    assert_int_equal(sets_init(&sets), ERR_OK);
    /* Twice: what is there is found again, also after the table has grown. */
    for (unsigned round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 5000; i++) {
            const uint32_t members[] = {i, i + 1, i * 3 + 2};
            uint32_t id = 0;
            size_t count = 0;
            assert_int_equal(sets_intern(&sets, members, 1 + i % 3, &id), ERR_OK);
            assert_int_equal(id, i + 1);
            assert_memory_equal(sets_members(&sets, id, &count), members, 4 * (1 + i % 3));
            assert_int_equal(count, 1 + i % 3);
        }
        assert_int_equal(sets.count, 5001);
    }
    sets_release(&sets);
}

static void test_tuples(void **state)
{
    (void)state;
    tuples_t tuples;
    assert_int_equal(tuples_init(&tuples, 2), ERR_OK);
    for (unsigned round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 5000; i++) {
            const uint32_t ids[] = {i % 70, i / 70};
            uint32_t id = UINT32_MAX;
            assert_int_equal(tuples_intern(&tuples, ids, &id), ERR_OK);
            assert_int_equal(id, i);
            assert_memory_equal(tuples_at(&tuples, id), ids, sizeof ids);
        }
    }
    assert_int_equal(tuples.count, 5000);
    tuples_release(&tuples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count), cmocka_unit_test(test_tries),  cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_sets),  cmocka_unit_test(test_tuples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
