#include "footprintd/net/addr.h"

#include "failmalloc.h"
#include "fpd_cmocka.h"
#include "prng.h"
#include "tight.h"

#include <arpa/inet.h>

/* ---- text that is accepted, and its canonical form ---- */

static void assert_addr(const char *text, const char *canonical)
{
    addr_t addr;
    char out[ADDR_TEXT_MAX];
    if (addr_parse(slice_str(text), &addr)) {
        fail_msg("%s was refused", text);
    }
    assert_int_equal(addr_format(&addr, out), strlen(canonical));
    assert_string_equal(out, canonical);
    assert_int_equal(addr.family, strchr(text, ':') ? FAMILY_IPV6 : FAMILY_IPV4);
}

static void assert_no_addr(slice_t text)
{
    addr_t addr = {.family = FAMILY_IPV4, .u.v4 = 42};
    uint32_t v4 = 42;
    u128_t v6 = {42, 42};
    if (addr_parse(text, &addr) != ERR_SYNTAX || addr_parse_v4(text, &v4) != ERR_SYNTAX ||
        addr_parse_v6(text, &v6) != ERR_SYNTAX) {
        fail_msg("'%.*s' was accepted", SLICE_ARG(text));
    }
    assert_true(addr.family == FAMILY_IPV4 && addr.u.v4 == 42 && v4 == 42);
    assert_true(v6.hi == 42 && v6.lo == 42);
}

static void ipv4_addresses(void **state)
{
    (void)state;
    uint32_t v4;
    assert_int_equal(addr_parse_v4(SLICE_LIT("192.0.2.1"), &v4), ERR_OK);
    assert_int_equal(v4, 0xc0000201);
    static const char *const good[] = {"0.0.0.0",       "255.255.255.255", "192.0.2.1",
                                       "198.51.100.10", "203.0.113.255",   "9.99.199.200"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_addr(good[i], good[i]);
    }
    static const char *const bad[] = {
        "",           "192",         "192.0",        "192.0.2",     "192.0.2.",     "192.0.2.1.",
        ".192.0.2.1", "192..0.2",    "192.0.2.256",  "192.0.2.300", "192.0.2.1000", "192.0.2.01",
        "192.0.2.00", "192.00.2.1",  "0192.0.2.1",   "192.0.2.-1",  "192.0.2.+1",   " 192.0.2.1",
        "192.0.2.1 ", "192.0.2.1\n", "192.0.2.1/32", "192.0.2.0x1", "192.0.2.1a",   "192,0,2,1",
        "192.0.2.1:", "192.0.2.1.1", "3221225985",   "192.0.2.2a",  "1e2.0.0.1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_no_addr(slice_str(bad[i]));
    }
    assert_no_addr(slice_of("192.0.2.1\0", 10));
    assert_no_addr(slice_of("192.0.2.\0", 9));
    assert_no_addr(slice_of(NULL, 0));
}

/* RFC 4291 2.2 and RFC 5952 1, 2 and 4: many spellings, one canonical text. */
static void ipv6_addresses(void **state)
{
    (void)state;
    u128_t v6;
    assert_int_equal(addr_parse_v6(SLICE_LIT("2001:db8:1:2:3:4:5:6"), &v6), ERR_OK);
    assert_true(v6.hi == UINT64_C(0x20010db800010002) && v6.lo == UINT64_C(0x0003000400050006));
    static const struct {
        const char *text, *canonical;
    } good[] = {
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"0:0:0:0:0:0:0:0", "::"},
        {"0000:0000:0000:0000:0000:0000:0000:0001", "::1"},
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:db8::1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:db8::0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:0db8::1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:db8:0:0:1::1", "2001:db8::1:0:0:1"},
        {"2001:db8:0000:0:1::1", "2001:db8::1:0:0:1"},
        {"2001:DB8:0:0:1::1", "2001:db8::1:0:0:1"},
        {"2001:db8:aaaa:bbbb:cccc:dddd:eeee:AAAA", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa"},
        {"2001:db8::aaaa:0:0:1", "2001:db8::aaaa:0:0:1"},
        /* One group of zeros is written; of more the longest run goes, of equals the first. */
        {"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
        {"2001:db8:0:0:1:0:0:0", "2001:db8:0:0:1::"},
        {"0:0:1:0:0:0:1:0", "0:0:1::1:0"},
        {"0:0:0:1:0:0:1:1", "::1:0:0:1:1"},
        {"1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"1:2:3:4:5:6::", "1:2:3:4:5:6::"},
        {"::3:4:5:6:7:8", "::3:4:5:6:7:8"},
        {"1::8", "1::8"},
        {"2001:db8::f", "2001:db8::f"},
        {"2001:db8::10", "2001:db8::10"},
        {"2001:db8::fff", "2001:db8::fff"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
        /* The last 32 bits in dotted decimal: read everywhere, written where mapped only. */
        {"::192.0.2.1", "::c000:201"},
        {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
        {"::ffff:c000:0201", "::ffff:192.0.2.1"},
        {"0:0:0:0:0:FFFF:192.0.2.1", "::ffff:192.0.2.1"},
        {"::ffff:0.0.0.0", "::ffff:0.0.0.0"},
        {"::ffff:0:192.0.2.1", "::ffff:0:c000:201"},
        {"::fffe:192.0.2.1", "::fffe:c000:201"},
        {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
        {"1:2:3:4:5:6:192.0.2.1", "1:2:3:4:5:6:c000:201"},
        {"1:2:3:4:5::192.0.2.1", "1:2:3:4:5:0:c000:201"},
        {"1::2:192.0.2.1", "1::2:c000:201"},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_addr(good[i].text, good[i].canonical);
        assert_addr(good[i].canonical, good[i].canonical);
    }
    static const char *const bad[] = {":",
                                      ":::",
                                      "::::",
                                      "1",
                                      "1:",
                                      ":1",
                                      ":1:2:3:4:5:6:7",
                                      "1:2:3:4:5:6:7:",
                                      "1:2:3:4:5:6:7",
                                      "1:2:3:4:5:6:7:8:9",
                                      "1:2:3:4:5:6:7:8:",
                                      "1:2:3:4:5:6:7:8::",
                                      "::1:2:3:4:5:6:7:8",
                                      "1:2:3:4::5:6:7:8",
                                      "1::2::3",
                                      "1:::2",
                                      "::1:",
                                      "12345::",
                                      "::00001",
                                      "::g",
                                      "::1g",
                                      "::-1",
                                      "::+1",
                                      "::0x1",
                                      "2001:db8::%eth0",
                                      "[2001:db8::]",
                                      "2001:db8::/32",
                                      " ::",
                                      ":: ",
                                      "::1\n",
                                      "::1.2.3",
                                      "::192.0.2.1.1",
                                      "::192.0.2.256",
                                      "::192.0.02.1",
                                      "::192.0.2.1:1",
                                      "192.0.2.1::",
                                      "::c0.0.2.1",
                                      "::1922.0.2.1",
                                      "1:2:3:4:5:6:7:192.0.2.1",
                                      "1:2:3:4:5:192.0.2.1",
                                      "::1:2:3:4:5:6:7:192.0.2.1",
                                      "::.0.2.1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_no_addr(slice_str(bad[i]));
    }
    assert_no_addr(slice_of("::\0", 3));
    assert_no_addr(slice_of("::1\0", 4));
}

/* ---- prefixes ---- */

static void assert_prefix(const char *text, const char *canonical, bool host_bits)
{
    prefix_t p;
    bool had = !host_bits;
    char out[PREFIX_TEXT_MAX];
    if (prefix_parse(slice_str(text), &p, &had)) {
        fail_msg("%s was refused", text);
    }
    assert_int_equal(prefix_format(&p, out), strlen(canonical));
    assert_string_equal(out, canonical);
    assert_int_equal(had, host_bits);
    assert_int_equal(prefix_parse(slice_str(text), &p, NULL), ERR_OK);
}

static void assert_no_prefix(const char *text, err_t expected)
{
    prefix_t p;
    prefix4_t v4 = {1, 32};
    prefix6_t v6 = {{1, 1}, 128};
    bool host_bits;
    slice_t tight = tight_copy(slice_str(text));
    if (prefix_parse(tight, &p, &host_bits) != expected) {
        fail_msg("'%s': not error %d", text, expected);
    }
    tight_free(tight);
    assert_int_not_equal(prefix_parse_v4(slice_str(text), &v4, NULL), ERR_OK);
    assert_int_not_equal(prefix_parse_v6(slice_str(text), &v6, NULL), ERR_OK);
    assert_true(v4.addr == 1 && v4.len == 32 && v6.addr.hi == 1 && v6.addr.lo == 1 &&
                v6.len == 128);
}

/* What the CDNI footprint types ipv4cidr and ipv6cidr take and refuse (RFC 8006 4.3.5, 4.3.6). */
static void cdni_footprint_values(void **state)
{
    (void)state;
    prefix4_t v4;
    prefix6_t v6;
    bool host_bits;
    assert_prefix("192.0.2.0/24", "192.0.2.0/24", false);
    assert_prefix("192.0.2.1/32", "192.0.2.1/32", false);
    assert_prefix("0.0.0.0/0", "0.0.0.0/0", false);
    assert_prefix("192.0.2.7/24", "192.0.2.0/24", true);
    static const char *const bad_v4[] = {"192.0.2.1",
                                         "192.0.2.0/33",
                                         "192.0.2.0/024",
                                         "192.0.02.0/24",
                                         "192.0.2/24",
                                         "2001:db8::/32",
                                         ""};
    for (size_t i = 0; i < sizeof bad_v4 / sizeof *bad_v4; i++) {
        assert_int_not_equal(prefix_parse_v4(slice_str(bad_v4[i]), &v4, &host_bits), ERR_OK);
    }
    assert_prefix("2001:db8::/32", "2001:db8::/32", false);
    assert_prefix("::/0", "::/0", false);
    assert_prefix("2001:db8::1/128", "2001:db8::1/128", false);
    assert_prefix("2001:DB8:0:0::/32", "2001:db8::/32", false);
    assert_prefix("2001:db8:0:0:0:0:0:0/32", "2001:db8::/32", false);
    static const char *const bad_v6[] = {"2001:db8::", "2001:db8::/129", "2001:db8::%eth0/64",
                                         "192.0.2.0/24"};
    for (size_t i = 0; i < sizeof bad_v6 / sizeof *bad_v6; i++) {
        assert_int_not_equal(prefix_parse_v6(slice_str(bad_v6[i]), &v6, &host_bits), ERR_OK);
    }
}

static void prefix_text(void **state)
{
    (void)state;
    assert_prefix("255.255.255.255/32", "255.255.255.255/32", false);
    assert_prefix("255.255.255.255/0", "0.0.0.0/0", true);
    assert_prefix("192.0.2.255/31", "192.0.2.254/31", true);
    assert_prefix("128.0.0.0/1", "128.0.0.0/1", false);
    assert_prefix("2001:db8:ffff:ffff:ffff::1/64", "2001:db8:ffff:ffff::/64", true);
    assert_prefix("2001:db8:ffff:ffff:ffff::/65", "2001:db8:ffff:ffff:8000::/65", true);
    assert_prefix("2001:db8:ffff:ffff::/63", "2001:db8:ffff:fffe::/63", true);
    assert_prefix("ffff::ffff/0", "::/0", true);
    assert_prefix("::ffff:192.0.2.0/120", "::ffff:192.0.2.0/120", false);
    assert_prefix("::ffff:0:0/96", "::ffff:0.0.0.0/96", false);
    assert_prefix("::ffff:192.0.2.1/95", "::fffe:0:0/95", true);
    assert_prefix("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128",
                  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", false);
    assert_no_prefix("192.0.2.0/33", ERR_RANGE);
    assert_no_prefix("192.0.2.0/100", ERR_RANGE);
    assert_no_prefix("192.0.2.0/4294967296", ERR_RANGE);
    assert_no_prefix("192.0.2.0/99999999999999999999999999", ERR_RANGE);
    assert_no_prefix("2001:db8::/129", ERR_RANGE);
    assert_no_prefix("2001:db8::/256", ERR_RANGE);
    assert_no_prefix("2001:db8::/288", ERR_RANGE);
    static const char *const bad[] = {"",
                                      "/",
                                      "/24",
                                      "192.0.2.0",
                                      "192.0.2.0/",
                                      "192.0.2.0/24/",
                                      "192.0.2.0/2/4",
                                      "192.0.2.0//24",
                                      "192.0.2.0/024",
                                      "192.0.2.0/00",
                                      "192.0.2.0/+24",
                                      "192.0.2.0/-1",
                                      "192.0.2.0/ 24",
                                      "192.0.2.0 /24",
                                      "192.0.2.0/24 ",
                                      "192.0.2.0/2a",
                                      "192.0.2.0/a",
                                      "192.0.2.0/099",
                                      "192.0.2/33",
                                      "300.0.2.0/33",
                                      "2001:db8/32",
                                      "2001:db8::/",
                                      "2001:db8::/x",
                                      "::1::/129",
                                      "2001:db8::/032",
                                      "192.0.2.0/255.255.255.0",
                                      "192.0.2.0\\24"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_no_prefix(bad[i], ERR_SYNTAX);
    }
}

static void every_prefix_length_masks(void **state)
{
    (void)state;
    for (unsigned len = 0; len <= 128; len++) {
        char text[PREFIX_TEXT_MAX];
        prefix6_t p6;
        bool host_bits;
        (void)snprintf(text, sizeof text, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/%u", len);
        assert_int_equal(prefix_parse_v6(slice_str(text), &p6, &host_bits), ERR_OK);
        assert_int_equal(p6.len, len);
        assert_int_equal(host_bits, len < 128);
        unsigned ones = (unsigned)(__builtin_popcountll(p6.addr.hi) +
                                   __builtin_popcountll(p6.addr.lo));
        assert_int_equal(ones, len);
        /* The ones are the leading bits. */
        assert_true(len < 64 ? p6.addr.lo == 0 : p6.addr.hi == UINT64_MAX);
        uint64_t part = len < 64 ? p6.addr.hi : p6.addr.lo;
        assert_true((~part & (~part + 1)) == 0);
        if (len <= 32) {
            prefix4_t p4;
            (void)snprintf(text, sizeof text, "255.255.255.255/%u", len);
            assert_int_equal(prefix_parse_v4(slice_str(text), &p4, &host_bits), ERR_OK);
            assert_int_equal(__builtin_popcount(p4.addr), len);
            assert_int_equal(p4.len, len);
            assert_int_equal(host_bits, len < 32);
            assert_true(len == 0 || p4.addr >> (32 - len) == UINT32_MAX >> (32 - len));
        }
    }
}

/* ---- libc as a second opinion ---- */

static u128_t random_u128(prng_t *rng)
{
    u128_t a = {prng_next(rng), prng_next(rng)};
    /* Zero some groups, often in runs, and put dotted regions in. */
    for (unsigned n = (unsigned)prng_below(rng, 6); n > 0; n--) {
        unsigned group = (unsigned)prng_below(rng, 4);
        uint64_t mask = ~(UINT64_C(0xffff) << 16 * group);
        if (prng_below(rng, 2)) {
            a.hi &= mask;
        } else {
            a.lo &= mask;
        }
    }
    switch (prng_below(rng, 10)) {
    case 0:
        a.hi = 0;
        break;
    case 1:
        a.hi = 0;
        a.lo = UINT64_C(0xffff00000000) | (uint32_t)a.lo;
        break;
    case 2:
        a.lo = 0;
        break;
    case 3:
        a.hi = 0;
        a.lo &= UINT32_MAX;
        break;
    default:
        break;
    }
    return a;
}

static struct in6_addr to_in6(u128_t a)
{
    struct in6_addr in;
    for (unsigned i = 0; i < 8; i++) {
        in.s6_addr[i] = (uint8_t)(a.hi >> (56 - 8 * i));
        in.s6_addr[8 + i] = (uint8_t)(a.lo >> (56 - 8 * i));
    }
    return in;
}

static void formatting_agrees_with_inet_ntop(void **state)
{
    (void)state;
    prng_t rng = prng_start();
    size_t compatible = 0, mapped = 0;
    for (unsigned round = 0; round < 200000; round++) {
        addr_t a = {.family = FAMILY_IPV4, .u.v4 = (uint32_t)prng_next(&rng)}, again;
        char ours[ADDR_TEXT_MAX], theirs[INET6_ADDRSTRLEN];
        uint32_t wire = htonl(a.u.v4);
        size_t len = addr_format(&a, ours);
        assert_non_null(inet_ntop(AF_INET, &wire, theirs, sizeof theirs));
        assert_string_equal(ours, theirs);
        assert_int_equal(addr_parse(slice_of(ours, len), &again), ERR_OK);
        assert_true(again.family == FAMILY_IPV4 && again.u.v4 == a.u.v4);

        a = (addr_t){.family = FAMILY_IPV6, .u.v6 = random_u128(&rng)};
        struct in6_addr in = to_in6(a.u.v6);
        len = addr_format(&a, ours);
        assert_non_null(inet_ntop(AF_INET6, &in, theirs, sizeof theirs));
        /* glibc dots ::/96 as well, which RFC 4291 2.5.5.1 deprecates. */
        if (a.u.v6.hi == 0 && a.u.v6.lo <= UINT32_MAX && strchr(theirs, '.')) {
            compatible++;
            assert_null(strchr(ours, '.'));
        } else {
            mapped += strchr(ours, '.') != NULL;
            assert_string_equal(ours, theirs);
        }
        assert_int_equal(addr_parse(slice_of(ours, len), &again), ERR_OK);
        assert_true(again.family == FAMILY_IPV6 && u128_cmp(again.u.v6, a.u.v6) == 0);
    }
    assert_true(compatible > 1000 && mapped > 1000);
}

static size_t random_text(prng_t *rng, char *text, size_t max)
{
    static const char bytes[] = "0123456789abcdefABCDEF::::....%/xg -+";
    size_t len;
    if (prng_below(rng, 4) == 0) {
        len = (size_t)prng_below(rng, 24);
        for (size_t i = 0; i < len; i++) {
            text[i] = bytes[prng_below(rng, sizeof bytes - 1)];
        }
    } else if (prng_below(rng, 2)) {
        len = 0;
        for (unsigned i = 0; i < 4; i++) {
            len += (size_t)snprintf(text + len, max - len, "%s%.*u", i ? "." : "",
                                    prng_below(rng, 20) ? 1 : 2,
                                    (unsigned)prng_below(rng, prng_below(rng, 20) ? 256 : 400));
        }
    } else {
        len = 0;
        unsigned groups = (unsigned)prng_below(rng, 10), gap = (unsigned)prng_below(rng, 12);
        for (unsigned i = 0; i < groups; i++) {
            len += (size_t)snprintf(text + len, max - len,
                                    i == gap ? "::%.*x"
                                    : i      ? ":%.*x"
                                             : "%.*x",
                                    (int)prng_below(rng, 5),
                                    (unsigned)(prng_next(rng) & 0xffff) >> 4 * prng_below(rng, 4));
        }
        if (prng_below(rng, 4) == 0) {
            len += (size_t)snprintf(text + len, max - len, ":192.0.2.%u",
                                    (unsigned)prng_below(rng, 260));
        }
    }
    /* Often one byte is changed, dropped or put in. */
    size_t at = len ? (size_t)prng_below(rng, len) : 0;
    switch (prng_below(rng, 6)) {
    case 0:
        text[at] = bytes[prng_below(rng, sizeof bytes - 1)];
        len += len == 0;
        break;
    case 1:
        memmove(text + at, text + at + 1, len ? len - at - 1 : 0);
        len -= len != 0;
        break;
    case 2:
        memmove(text + at + 1, text + at, len - at);
        text[at] = bytes[prng_below(rng, sizeof bytes - 1)];
        len++;
        break;
    default:
        break;
    }
    text[len] = '\0';
    return len;
}

static void parsing_agrees_with_inet_pton(void **state)
{
    (void)state;
    prng_t rng = prng_start();
    size_t good4 = 0, good6 = 0;
    enum { ROUNDS = 600000 };
    for (unsigned round = 0; round < ROUNDS; round++) {
        char text[128];
        size_t len = random_text(&rng, text, sizeof text - 2);
        uint32_t v4 = 0, wire4 = 0;
        u128_t v6 = {0, 0};
        struct in6_addr wire6;
        slice_t tight = tight_copy(slice_of(text, len));
        bool ours4 = addr_parse_v4(tight, &v4) == ERR_OK;
        bool ours6 = addr_parse_v6(tight, &v6) == ERR_OK;
        bool theirs4 = inet_pton(AF_INET, text, &wire4) == 1;
        bool theirs6 = inet_pton(AF_INET6, text, &wire6) == 1;
        if (ours4 != theirs4 || ours6 != theirs6) {
            fail_msg("'%s': ours %d %d, libc %d %d", text, ours4, ours6, theirs4, theirs6);
        }
        addr_t either;
        assert_int_equal(addr_parse(tight, &either) == ERR_OK, ours4 || ours6);
        tight_free(tight);
        if (ours4) {
            good4++;
            assert_true(v4 == ntohl(wire4) && either.family == FAMILY_IPV4 && either.u.v4 == v4);
        }
        if (ours6) {
            good6++;
            struct in6_addr in = to_in6(v6);
            assert_memory_equal(&in, &wire6, sizeof in);
            assert_true(either.family == FAMILY_IPV6 && u128_cmp(either.u.v6, v6) == 0);
        }
    }
    print_message("%zu IPv4 and %zu IPv6 addresses of %d texts\n", good4, good6, ROUNDS);
    assert_true(good4 > ROUNDS / 20 && good6 > ROUNDS / 50);
}

/* Every octet, and what is near to one, in every place and beside octets of every length. */
static void every_octet_agrees_with_inet_pton(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        int width;
        const char *behind;
    } forms[] = {{"", 1, ""},  {"", 2, ""},  {"", 3, ""},  {"", 4, ""},
                 {"-", 1, ""}, {"", 1, " "}, {"", 1, "a"}, {"", 1, "\xff"}};
    static const char *const others[] = {"0", "10", "203"};
    size_t good = 0, bad = 0;
    for (unsigned n = 0; n < 1100 * 8 * 3 * 4; n++) {
        char part[16], text[64];
        unsigned place = n & 3;
        const char *o = others[(n >> 2) % 3];
        unsigned form = (n >> 2) / 3 % 8;
        (void)snprintf(part, sizeof part, "%s%0*u%s", forms[form].before, forms[form].width,
                       (n >> 2) / 24, forms[form].behind);
        (void)snprintf(text, sizeof text, "%s.%s.%s.%s", place == 0 ? part : o,
                       place == 1 ? part : o, place == 2 ? part : o, place == 3 ? part : o);
        uint32_t v4 = 0, wire = 0;
        bool ours = addr_parse_v4(slice_str(text), &v4) == ERR_OK;
        if (ours != (inet_pton(AF_INET, text, &wire) == 1) || (ours && v4 != ntohl(wire))) {
            fail_msg("'%s': ours %d %08x", text, ours, v4);
        }
        good += ours;
        bad += !ours;
    }
    assert_true(good > 5000 && bad > 5000);
}

/* ---- order and sorting ---- */

static void prefixes_are_ordered_by_address_then_length(void **state)
{
    (void)state;
    static const char *const ascending[] = {"0.0.0.0/0",     "0.0.0.0/32",   "192.0.2.0/23",
                                            "192.0.2.0/24",  "192.0.2.0/32", "192.0.2.1/32",
                                            "203.0.113.0/24"};
    static const char *const ascending6[] = {
        "::/0",          "::/128",          "::1/128",         "2001:db8::/32",
        "2001:db8::/33", "2001:db8::1/128", "2001:db8:1::/48", "8000::/1"};
    for (size_t i = 0; i < 7; i++) {
        for (size_t j = 0; j < 7; j++) {
            prefix4_t a, b;
            assert_int_equal(prefix_parse_v4(slice_str(ascending[i]), &a, NULL), ERR_OK);
            assert_int_equal(prefix_parse_v4(slice_str(ascending[j]), &b, NULL), ERR_OK);
            int cmp = prefix_cmp_v4(a, b);
            assert_int_equal((cmp > 0) - (cmp < 0), (i > j) - (i < j));
        }
    }
    for (size_t i = 0; i < 8; i++) {
        for (size_t j = 0; j < 8; j++) {
            prefix6_t a, b;
            assert_int_equal(prefix_parse_v6(slice_str(ascending6[i]), &a, NULL), ERR_OK);
            assert_int_equal(prefix_parse_v6(slice_str(ascending6[j]), &b, NULL), ERR_OK);
            int cmp = prefix_cmp_v6(a, b);
            assert_int_equal((cmp > 0) - (cmp < 0), (i > j) - (i < j));
        }
    }
}

static int qsort_v4(const void *a, const void *b)
{
    return prefix_cmp_v4(*(const prefix4_t *)a, *(const prefix4_t *)b);
}

static int qsort_v6(const void *a, const void *b)
{
    return prefix_cmp_v6(*(const prefix6_t *)a, *(const prefix6_t *)b);
}

/* Fills with `variety` different bits of addresses, so that small varieties have duplicates. */
static void fill(prng_t *rng, prefix4_t *p4, prefix6_t *p6, size_t count, unsigned variety)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t a = prng_next(rng), b = prng_next(rng);
        unsigned drop = 64 - variety;
        p4[i] = (prefix4_t){(uint32_t)(a >> 32 >> (drop > 31 ? 31 : drop)),
                            (uint8_t)prng_below(rng, variety > 8 ? 33 : 2)};
        p6[i] = (prefix6_t){{prng_below(rng, 2) ? a >> drop : 0, b >> drop},
                            (uint8_t)prng_below(rng, variety > 8 ? 129 : 2)};
    }
}

static void check_sort(prng_t *rng, size_t count, unsigned variety, bool no_memory)
{
    prefix4_t *p4 = calloc(count + 1, sizeof *p4), *model4 = calloc(count + 1, sizeof *model4);
    prefix6_t *p6 = calloc(count + 1, sizeof *p6), *model6 = calloc(count + 1, sizeof *model6);
    assert_true(p4 && model4 && p6 && model6);
    fill(rng, p4, p6, count, variety);
    memcpy(model4, p4, count * sizeof *p4);
    memcpy(model6, p6, count * sizeof *p6);
    qsort(model4, count, sizeof *model4, qsort_v4);
    qsort(model6, count, sizeof *model6, qsort_v6);
    size_t count4 = 0, count6 = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || prefix_cmp_v4(model4[i], model4[count4 - 1]) != 0) {
            model4[count4++] = model4[i];
        }
        if (i == 0 || prefix_cmp_v6(model6[i], model6[count6 - 1]) != 0) {
            model6[count6++] = model6[i];
        }
    }
    /* Twice: the second time the input is sorted and has no duplicates. */
    for (int time = 0; time < 2; time++) {
        if (no_memory) {
            failmalloc_arm(1);
        }
        size_t got4 = prefix_sort_unique_v4(p4, time ? count4 : count);
        size_t got6 = prefix_sort_unique_v6(p6, time ? count6 : count);
        (void)failmalloc_disarm();
        assert_int_equal(got4, count4);
        assert_int_equal(got6, count6);
        for (size_t i = 0; i < count4; i++) {
            assert_int_equal(prefix_cmp_v4(p4[i], model4[i]), 0);
        }
        for (size_t i = 0; i < count6; i++) {
            assert_int_equal(prefix_cmp_v6(p6[i], model6[i]), 0);
        }
    }
    free(p4);
    free(p6);
    free(model4);
    free(model6);
}

static void sorting_against_qsort(void **state)
{
    (void)state;
    prng_t rng = prng_start();
    static const size_t counts[] = {0, 1, 2, 3, 10, 47, 48, 49, 50, 100, 1000, 20000};
    static const unsigned varieties[] = {1, 3, 8, 20, 40, 64};
    long before = failmalloc_live();
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        for (size_t k = 0; k < sizeof varieties / sizeof *varieties; k++) {
            check_sort(&rng, counts[i], varieties[k], false);
            check_sort(&rng, counts[i], varieties[k], true);
        }
    }
    assert_int_equal(failmalloc_live(), before);
}

static void sorted_input_with_and_without_duplicates(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    prefix4_t p4[COUNT];
    prefix6_t p6[COUNT];
    for (size_t repeat = 1; repeat <= 3; repeat++) {
        for (size_t i = 0; i < COUNT; i++) {
            p4[i] = (prefix4_t){(uint32_t)(i / repeat) << 8, 24};
            p6[i] = (prefix6_t){{(uint64_t)(i / repeat) << 16, 0}, 48};
        }
        size_t expected = (COUNT + repeat - 1) / repeat, before = failmalloc_count();
        assert_int_equal(prefix_sort_unique_v4(p4, COUNT), expected);
        assert_int_equal(prefix_sort_unique_v6(p6, COUNT), expected);
        assert_int_equal(failmalloc_count(), before);
        for (size_t i = 0; i < expected; i++) {
            assert_int_equal(p4[i].addr, i << 8);
            assert_true(p6[i].addr.hi == i << 16);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ipv4_addresses),
        cmocka_unit_test(ipv6_addresses),
        cmocka_unit_test(cdni_footprint_values),
        cmocka_unit_test(prefix_text),
        cmocka_unit_test(every_prefix_length_masks),
        cmocka_unit_test(formatting_agrees_with_inet_ntop),
        cmocka_unit_test(parsing_agrees_with_inet_pton),
        cmocka_unit_test(every_octet_agrees_with_inet_pton),
        cmocka_unit_test(prefixes_are_ordered_by_address_then_length),
        cmocka_unit_test(sorting_against_qsort),
        cmocka_unit_test(sorted_input_with_and_without_duplicates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
