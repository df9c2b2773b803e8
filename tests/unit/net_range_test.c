#include "footprintd/net/range.h"

#include "failmalloc.h"
#include "fpd_cmocka.h"
#include "prng.h"

/*
 * The model: a window of 64 addresses, one bit each, at the places where arithmetic may go wrong:
 * both ends of both families, and across the middle of 128 bits.
 */
typedef struct window {
    family_t family;
    u128_t base; /* of bit 0 */
} window_t;

static const window_t windows[] = {
    {FAMILY_IPV4, {0, 0}},
    {FAMILY_IPV4, {0, UINT32_MAX - 63}},
    {FAMILY_IPV6, {0, 0}},
    {FAMILY_IPV6, {UINT64_MAX, UINT64_MAX - 63}},
    {FAMILY_IPV6, {UINT64_C(0x20010db800000000), UINT64_MAX - 31}},
};
enum { WINDOWS = sizeof windows / sizeof *windows };

static u128_t plus(u128_t a, uint64_t n)
{
    u128_t sum = {a.hi, a.lo + n};
    sum.hi += sum.lo < n;
    return sum;
}

/* The address of a bit. */
static u128_t at(const window_t *w, unsigned bit)
{
    return plus(w->base, bit);
}

static uint64_t bits(unsigned first, unsigned last)
{
    return UINT64_MAX >> (63 - (last - first)) << first;
}

static void assert_contract(const range_set_t *set)
{
    u128_t max = set->family == FAMILY_IPV4 ? (u128_t){0, UINT32_MAX}
                                            : (u128_t){UINT64_MAX, UINT64_MAX};
    for (size_t i = 0; i < set->count; i++) {
        assert_true(u128_cmp(set->ranges[i].first, set->ranges[i].last) <= 0);
        assert_true(u128_cmp(set->ranges[i].last, max) <= 0);
        if (i) {
            u128_t before = set->ranges[i - 1].last;
            assert_true(u128_cmp(before, max) < 0);
            assert_true(u128_cmp(plus(before, 1), set->ranges[i].first) < 0);
        }
    }
    assert_true(set->count <= set->cap);
}

static void assert_set(const window_t *w, const range_set_t *set, uint64_t model)
{
    assert_contract(set);
    assert_int_equal(set->family, w->family);
    for (unsigned bit = 0; bit < 64; bit++) {
        assert_int_equal(range_set_contains(set, at(w, bit)), model >> bit & 1);
    }
    /* Nothing outside of the window. */
    if (set->count) {
        assert_true(u128_cmp(set->ranges[0].first, w->base) >= 0);
        assert_true(u128_cmp(set->ranges[set->count - 1].last, at(w, 63)) <= 0);
    }
    assert_false(range_set_is_full(set));
}

static uint64_t random_set(prng_t *rng, const window_t *w, range_set_t *set)
{
    uint64_t model = 0;
    range_set_init(set, w->family);
    for (unsigned n = (unsigned)prng_below(rng, 9); n > 0; n--) {
        unsigned first = (unsigned)prng_below(rng, 64);
        unsigned len = (unsigned)prng_below(rng, prng_below(rng, 4) ? 4 : 64);
        unsigned last = first + len > 63 ? 63 : first + len;
        assert_int_equal(range_set_add(set, at(w, first), at(w, last)), ERR_OK);
        model |= bits(first, last);
        assert_contract(set);
    }
    return model;
}

static void algebra_against_bits(void **state)
{
    (void)state;
    prng_t rng = prng_start();
    for (unsigned round = 0; round < 20000; round++) {
        const window_t *w = &windows[round % WINDOWS];
        range_set_t a, b, sum, common, rest;
        uint64_t x = random_set(&rng, w, &a), y = random_set(&rng, w, &b);
        assert_set(w, &a, x);
        assert_set(w, &b, y);
        assert_int_equal(range_set_union(&a, &b, &sum), ERR_OK);
        assert_int_equal(range_set_intersect(&a, &b, &common), ERR_OK);
        assert_int_equal(range_set_subtract(&a, &b, &rest), ERR_OK);
        assert_set(w, &sum, x | y);
        assert_set(w, &common, x & y);
        assert_set(w, &rest, x & ~y);
        assert_int_equal(range_set_overlaps(&a, &b), (x & y) != 0);
        assert_int_equal(range_set_overlaps(&b, &a), (x & y) != 0);
        assert_int_equal(range_set_equal(&a, &b), x == y);
        assert_int_equal(range_set_equal(&a, &sum), x == (x | y));
        assert_true(range_set_equal(&a, &a));
        range_set_release(&a);
        range_set_release(&b);
        range_set_release(&sum);
        range_set_release(&common);
        range_set_release(&rest);
    }
}

/* Every pair of ranges that are added one after the other: apart, adjacent, overlapping, within. */
static void two_ranges_in_every_position(void **state)
{
    (void)state;
    for (size_t i = 0; i < WINDOWS; i++) {
        const window_t *w = &windows[i];
        /* Eight addresses at each end of the window. */
        for (unsigned shift = 0; shift < 64; shift += 56) {
            for (unsigned code = 0; code < 8 * 8 * 8 * 8; code++) {
                unsigned p[4] = {code & 7, code >> 3 & 7, code >> 6 & 7, code >> 9};
                range_set_t set;
                if (p[0] > p[1] || p[2] > p[3]) {
                    continue;
                }
                range_set_init(&set, w->family);
                assert_int_equal(range_set_add(&set, at(w, shift + p[0]), at(w, shift + p[1])),
                                 ERR_OK);
                assert_int_equal(range_set_add(&set, at(w, shift + p[2]), at(w, shift + p[3])),
                                 ERR_OK);
                assert_set(w, &set,
                           bits(shift + p[0], shift + p[1]) | bits(shift + p[2], shift + p[3]));
                range_set_release(&set);
            }
        }
    }
}

/* ---- the whole space ---- */

static void full_and_empty_sets(void **state)
{
    (void)state;
    prng_t rng = prng_start();
    for (size_t i = 0; i < WINDOWS; i++) {
        const window_t *w = &windows[i];
        u128_t zero = {0, 0};
        u128_t max = w->family == FAMILY_IPV4 ? (u128_t){0, UINT32_MAX}
                                              : (u128_t){UINT64_MAX, UINT64_MAX};
        range_set_t full, empty, out;
        range_set_init(&full, w->family);
        range_set_init(&empty, w->family);
        assert_int_equal(range_set_add(&full, zero, max), ERR_OK);
        assert_int_equal(range_set_add(&full, zero, zero), ERR_OK);
        assert_int_equal(range_set_add(&full, max, max), ERR_OK);
        assert_true(range_set_is_full(&full));
        assert_false(range_set_is_full(&empty));
        assert_contract(&full);
        assert_true(range_set_contains(&full, zero) && range_set_contains(&full, max));
        assert_false(range_set_contains(&empty, zero) || range_set_contains(&empty, max));
        assert_false(range_set_overlaps(&full, &empty) || range_set_overlaps(&empty, &empty));
        assert_true(range_set_overlaps(&full, &full));
        assert_int_equal(range_set_subtract(&full, &full, &out), ERR_OK);
        assert_true(range_set_equal(&out, &empty));
        range_set_release(&out);
        assert_int_equal(range_set_union(&empty, &empty, &out), ERR_OK);
        assert_int_equal(out.count, 0);
        range_set_release(&out);

        for (unsigned round = 0; round < 500; round++) {
            range_set_t set, outside, back;
            uint64_t model = random_set(&rng, w, &set);
            assert_int_equal(range_set_subtract(&full, &set, &outside), ERR_OK);
            assert_contract(&outside);
            assert_int_equal(range_set_is_full(&outside), model == 0);
            assert_false(range_set_overlaps(&set, &outside));
            for (unsigned bit = 0; bit < 64; bit++) {
                assert_int_equal(range_set_contains(&outside, at(w, bit)), !(model >> bit & 1));
            }
            assert_int_equal(range_set_union(&outside, &set, &back), ERR_OK);
            assert_true(range_set_is_full(&back));
            range_set_release(&back);
            assert_int_equal(range_set_subtract(&full, &outside, &back), ERR_OK);
            assert_true(range_set_equal(&back, &set));
            range_set_release(&back);
            assert_int_equal(range_set_intersect(&full, &set, &back), ERR_OK);
            assert_true(range_set_equal(&back, &set));
            range_set_release(&back);
            range_set_release(&set);
            range_set_release(&outside);
        }
        range_set_release(&full);
        range_set_release(&empty);
    }
}

static void what_is_no_range_is_refused(void **state)
{
    (void)state;
    range_set_t v4, v6, out = {.family = FAMILY_IPV6, .count = 42};
    range_set_init(&v4, FAMILY_IPV4);
    range_set_init(&v6, FAMILY_IPV6);
    assert_int_equal(range_set_add(&v4, (u128_t){0, 2}, (u128_t){0, 1}), ERR_RANGE);
    assert_int_equal(range_set_add(&v4, (u128_t){0, 1}, (u128_t){0, UINT64_C(0x100000000)}),
                     ERR_RANGE);
    assert_int_equal(range_set_add(&v4, (u128_t){1, 0}, (u128_t){1, 0}), ERR_RANGE);
    assert_int_equal(range_set_add(&v6, (u128_t){1, 0}, (u128_t){0, 1}), ERR_RANGE);
    prefix_t p4 = {.family = FAMILY_IPV4, .u.v4 = {0xc0000200, 24}};
    prefix_t p6 = {.family = FAMILY_IPV6, .u.v6 = {{UINT64_C(0x20010db800000000), 0}, 32}};
    assert_int_equal(range_set_add_prefix(&v4, &p6), ERR_RANGE);
    assert_int_equal(range_set_add_prefix(&v6, &p4), ERR_RANGE);
    assert_int_equal(v4.count + v6.count, 0);
    assert_int_equal(range_set_add_prefix(&v4, &p4), ERR_OK);
    assert_int_equal(range_set_add_prefix(&v6, &p6), ERR_OK);
    assert_int_equal(range_set_union(&v4, &v6, &out), ERR_RANGE);
    assert_int_equal(range_set_intersect(&v4, &v6, &out), ERR_RANGE);
    assert_int_equal(range_set_subtract(&v4, &v6, &out), ERR_RANGE);
    assert_int_equal(out.count, 42);
    assert_false(range_set_overlaps(&v4, &v6));
    assert_false(range_set_equal(&v4, &v6));
    range_set_release(&v4);
    range_set_release(&v6);
    assert_int_equal(v6.family, FAMILY_IPV6);
}

/* ---- prefixes ---- */

typedef struct emitted {
    prefix_t prefixes[300];
    size_t count;
} emitted_t;

static void emit(const prefix_t *p, void *arg)
{
    emitted_t *e = arg;
    assert_true(e->count < sizeof e->prefixes / sizeof *e->prefixes);
    e->prefixes[e->count++] = *p;
}

/* The fewest aligned blocks that make up the bits first..last of an aligned block of `size`. */
static unsigned model_blocks(unsigned begin, unsigned size, unsigned first, unsigned last)
{
    unsigned end = begin + size - 1;
    if (last < begin || first > end) {
        return 0;
    }
    if (first <= begin && end <= last) {
        return 1;
    }
    return model_blocks(begin, size / 2, first, last) +
           model_blocks(begin + size / 2, size / 2, first, last);
}

static void ranges_are_the_fewest_prefixes(void **state)
{
    (void)state;
    static emitted_t e;
    for (size_t i = 0; i < WINDOWS; i++) {
        const window_t *w = &windows[i];
        unsigned offset = w->base.lo & 63; /* of the window in the aligned blocks of 64 */
        for (unsigned first = 0; first < 64; first++) {
            for (unsigned last = first; last < 64; last++) {
                e.count = 0;
                range_to_prefixes(w->family, (range_t){at(w, first), at(w, last)}, emit, &e);
                assert_int_equal(e.count, model_blocks(0, 64, first + offset, last + offset) +
                                              model_blocks(64, 64, first + offset, last + offset));
                /* They follow each other without gap or overlap, and cover the range exactly. */
                range_set_t set, one;
                range_set_init(&set, w->family);
                u128_t next = at(w, first);
                for (size_t k = 0; k < e.count; k++) {
                    range_set_init(&one, w->family);
                    assert_int_equal(range_set_add_prefix(&one, &e.prefixes[k]), ERR_OK);
                    assert_int_equal(u128_cmp(one.ranges[0].first, next), 0);
                    next = plus(one.ranges[0].last, 1);
                    range_set_release(&one);
                    assert_int_equal(range_set_add_prefix(&set, &e.prefixes[k]), ERR_OK);
                }
                assert_set(w, &set, bits(first, last));
                range_set_release(&set);
            }
        }
    }
}

static void assert_prefixes(family_t family, range_t range, const char *expected)
{
    static emitted_t e;
    char text[4096] = "";
    size_t len = 0;
    e.count = 0;
    range_to_prefixes(family, range, emit, &e);
    for (size_t i = 0; i < e.count; i++) {
        char one[PREFIX_TEXT_MAX];
        (void)prefix_format(&e.prefixes[i], one);
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i ? " " : "", one);
    }
    assert_string_equal(text, expected);
}

static void wide_ranges_are_prefixes(void **state)
{
    (void)state;
    const uint64_t max = UINT64_MAX;
    assert_prefixes(FAMILY_IPV4, (range_t){{0, 0}, {0, UINT32_MAX}}, "0.0.0.0/0");
    assert_prefixes(FAMILY_IPV6, (range_t){{0, 0}, {max, max}}, "::/0");
    assert_prefixes(FAMILY_IPV4, (range_t){{0, 0}, {0, 0}}, "0.0.0.0/32");
    assert_prefixes(FAMILY_IPV6, (range_t){{max, max}, {max, max}},
                    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
    assert_prefixes(FAMILY_IPV4, (range_t){{0, 0xc0000201}, {0, 0xc0000206}},
                    "192.0.2.1/32 192.0.2.2/31 192.0.2.4/31 192.0.2.6/32");
    assert_prefixes(FAMILY_IPV6, (range_t){{0, 0}, {max >> 1, max}}, "::/1");
    assert_prefixes(FAMILY_IPV6, (range_t){{1, 0}, {max, max}},
                    "0:0:0:1::/64 0:0:0:2::/63 0:0:0:4::/62 0:0:0:8::/61 0:0:0:10::/60 "
                    "0:0:0:20::/59 0:0:0:40::/58 0:0:0:80::/57 0:0:0:100::/56 0:0:0:200::/55 "
                    "0:0:0:400::/54 0:0:0:800::/53 0:0:0:1000::/52 0:0:0:2000::/51 "
                    "0:0:0:4000::/50 0:0:0:8000::/49 0:0:1::/48 0:0:2::/47 0:0:4::/46 0:0:8::/45 "
                    "0:0:10::/44 0:0:20::/43 0:0:40::/42 0:0:80::/41 0:0:100::/40 0:0:200::/39 "
                    "0:0:400::/38 0:0:800::/37 0:0:1000::/36 0:0:2000::/35 0:0:4000::/34 "
                    "0:0:8000::/33 0:1::/32 0:2::/31 0:4::/30 0:8::/29 0:10::/28 0:20::/27 "
                    "0:40::/26 0:80::/25 0:100::/24 0:200::/23 0:400::/22 0:800::/21 0:1000::/20 "
                    "0:2000::/19 0:4000::/18 0:8000::/17 1::/16 2::/15 4::/14 8::/13 10::/12 "
                    "20::/11 40::/10 80::/9 100::/8 200::/7 400::/6 800::/5 1000::/4 2000::/3 "
                    "4000::/2 8000::/1");
    /* The longest list that there is: everything but both ends. */
    static emitted_t e;
    e.count = 0;
    range_to_prefixes(FAMILY_IPV6, (range_t){{0, 1}, {max, max - 1}}, emit, &e);
    assert_int_equal(e.count, 254);
    e.count = 0;
    range_to_prefixes(FAMILY_IPV4, (range_t){{0, 1}, {0, UINT32_MAX - 1}}, emit, &e);
    assert_int_equal(e.count, 62);
}

static void every_prefix_is_one_range_and_back(void **state)
{
    (void)state;
    for (unsigned len = 0; len <= 128; len++) {
        for (int ones = 0; ones < 2; ones++) {
            char text[PREFIX_TEXT_MAX], back[PREFIX_TEXT_MAX];
            prefix_t p;
            (void)snprintf(text, sizeof text, "%s/%u",
                           ones ? "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" : "::", len);
            assert_int_equal(prefix_parse(slice_str(text), &p, NULL), ERR_OK);
            (void)prefix_format(&p, text);
            range_set_t set;
            range_set_init(&set, FAMILY_IPV6);
            assert_int_equal(range_set_add_prefix(&set, &p), ERR_OK);
            assert_int_equal(set.count, 1);
            assert_int_equal(range_set_is_full(&set), len == 0);
            static emitted_t e;
            e.count = 0;
            range_to_prefixes(FAMILY_IPV6, set.ranges[0], emit, &e);
            assert_int_equal(e.count, 1);
            (void)prefix_format(&e.prefixes[0], back);
            assert_string_equal(back, text);
            range_set_release(&set);
        }
    }
}

/* ---- many ranges, and no memory ---- */

static void many_ranges_in_any_order(void **state)
{
    (void)state;
    enum { COUNT = 2000 };
    prng_t rng = prng_start();
    static unsigned order[COUNT];
    for (int pass = 0; pass < 3; pass++) {
        range_set_t set;
        range_set_init(&set, FAMILY_IPV6);
        for (unsigned i = 0; i < COUNT; i++) {
            order[i] = pass == 1 ? COUNT - 1 - i : i;
        }
        for (unsigned i = COUNT; pass == 2 && i > 1; i--) {
            unsigned j = (unsigned)prng_below(&rng, i), swap = order[i - 1];
            order[i - 1] = order[j];
            order[j] = swap;
        }
        for (unsigned i = 0; i < COUNT; i++) {
            u128_t first = {UINT64_C(0x20010db800000000) + order[i], 7};
            assert_int_equal(range_set_add(&set, first, plus(first, 9)), ERR_OK);
        }
        assert_int_equal(set.count, COUNT);
        assert_contract(&set);
        /* One range over most of them. */
        assert_int_equal(range_set_add(&set, (u128_t){UINT64_C(0x20010db800000000) + 10, 16},
                                       (u128_t){UINT64_C(0x20010db800000000) + COUNT - 10, 6}),
                         ERR_OK);
        assert_contract(&set);
        assert_int_equal(set.count, 10 + 1 + 9);
        range_set_release(&set);
    }
}

static err_t combine(unsigned which, const range_set_t *a, const range_set_t *b, range_set_t *out)
{
    return which == 0   ? range_set_union(a, b, out)
           : which == 1 ? range_set_intersect(a, b, out)
                        : range_set_subtract(a, b, out);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    range_set_t a, b;
    range_set_init(&a, FAMILY_IPV4);
    range_set_init(&b, FAMILY_IPV4);
    for (uint64_t i = 0; i < 100; i++) {
        assert_int_equal(range_set_add(&a, (u128_t){0, i * 20}, (u128_t){0, i * 20 + 9}), ERR_OK);
        assert_int_equal(range_set_add(&b, (u128_t){0, i * 20 + 5}, (u128_t){0, i * 20 + 15}),
                         ERR_OK);
    }
    /* Adjacent and apart by turns, so that the union is not a single range. */
    for (uint64_t i = 0; i < 100; i++) {
        assert_int_equal(range_set_add(&b, (u128_t){0, 5000 + i * 20}, (u128_t){0, 5000 + i * 20}),
                         ERR_OK);
    }
    long before = failmalloc_live();
    for (unsigned which = 0; which < 3; which++) {
        size_t n = 1;
        for (;; n++) {
            range_set_t out = {.count = 42};
            failmalloc_arm(n);
            err_t err = combine(which, &a, &b, &out);
            if (!failmalloc_disarm()) {
                assert_int_equal(err, ERR_OK);
                assert_in_range(out.count, 100, 200);
                range_set_release(&out);
                break;
            }
            assert_int_equal(err, ERR_NOMEM);
            assert_int_equal(out.count, 42);
            assert_int_equal(failmalloc_live(), before);
        }
        assert_true(n > 3);
        assert_int_equal(failmalloc_live(), before);
    }
    /* A set that cannot grow stays as it is. */
    range_set_t c;
    range_set_init(&c, FAMILY_IPV4);
    for (uint64_t i = 0; c.count < 8 || c.count < c.cap; i++) {
        assert_int_equal(range_set_add(&c, (u128_t){0, i * 2}, (u128_t){0, i * 2}), ERR_OK);
    }
    size_t count = c.count;
    failmalloc_arm(1);
    assert_int_equal(range_set_add(&c, (u128_t){0, 5000}, (u128_t){0, 5000}), ERR_NOMEM);
    assert_true(failmalloc_disarm());
    assert_int_equal(c.count, count);
    assert_contract(&c);
    range_set_release(&a);
    range_set_release(&b);
    range_set_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(algebra_against_bits),
        cmocka_unit_test(two_ranges_in_every_position),
        cmocka_unit_test(full_and_empty_sets),
        cmocka_unit_test(what_is_no_range_is_refused),
        cmocka_unit_test(ranges_are_the_fewest_prefixes),
        cmocka_unit_test(wide_ranges_are_prefixes),
        cmocka_unit_test(every_prefix_is_one_range_and_back),
        cmocka_unit_test(many_ranges_in_any_order),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
