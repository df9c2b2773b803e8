#include "http/proxies.h"

#include "fpd_cmocka.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

static proxies_t trusted;

static int setup(void **state)
{
    static const slice_t texts[] = {{"10.0.0.0/8", 10},
                                    {"192.0.2.1", 9},
                                    {"2001:db8::/33", 13},
                                    {"2001:db8:ffff::1", 16},
                                    {"198.51.100.0/32", 15}};
    (void)state;
    return proxies_new(texts, 5, &trusted) != ERR_OK;
}

static int teardown(void **state)
{
    (void)state;
    proxies_release(&trusted);
    return 0;
}

static addr_t address_of(const char *text)
{
    addr_t address;
    assert_int_equal(addr_parse(slice_str(text), &address), ERR_OK);
    return address;
}

static void test_trust(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        bool want;
    } cases[] = {
        {"10.0.0.0", true},          {"10.255.255.255", true},   {"11.0.0.0", false},
        {"9.255.255.255", false},    {"192.0.2.1", true},        {"192.0.2.2", false},
        {"198.51.100.0", true},      {"198.51.100.1", false},    {"2001:db8:7fff::1", true},
        {"2001:db8:8000::1", false}, {"2001:db8:ffff::1", true}, {"2001:db8:ffff::2", false},
        {"::a00:1", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        addr_t address = address_of(cases[i].address);
        if (proxies_trust(&trusted, &address) != cases[i].want) {
            fail_msg("%s", cases[i].address);
        }
    }
    proxies_t all;
    static const slice_t everyone[] = {{"0.0.0.0/0", 9}, {"::/0", 4}}, none[] = {{"x", 1}};
    assert_int_equal(proxies_new(everyone, 2, &all), ERR_OK);
    addr_t v4 = address_of("203.0.113.9"), v6 = address_of("2001:db8::9");
    assert_true(proxies_trust(&all, &v4));
    assert_true(proxies_trust(&all, &v6));
    proxies_release(&all);
    assert_int_equal(proxies_new(none, 1, &all), ERR_SYNTAX);
    assert_int_equal(proxies_new(NULL, 0, &all), ERR_OK);
    assert_false(proxies_trust(&all, &v4));
}

static void test_socket_addresses(void **state)
{
    (void)state;
    addr_t address;
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000201)};
    assert_true(proxies_address((const void *)&in, &address));
    assert_int_equal(address.family, FAMILY_IPV4);
    assert_int_equal(address.u.v4, 0xc0000201);
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    assert_int_equal(inet_pton(AF_INET6, "::ffff:192.0.2.1", &in6.sin6_addr), 1);
    assert_true(proxies_address((const void *)&in6, &address));
    assert_int_equal(address.family, FAMILY_IPV4);
    assert_int_equal(inet_pton(AF_INET6, "2001:db8::1", &in6.sin6_addr), 1);
    assert_true(proxies_address((const void *)&in6, &address));
    assert_int_equal(address.u.v6.hi, 0x20010db800000000);
    struct sockaddr un = {.sa_family = AF_UNIX};
    assert_false(proxies_address(&un, &address));
}

/* ---- the PROXY protocol ---- */

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4        "\xc0\0\2\1\xc6\x33\x64\1\x12\x34\0\x50"
#define V6                                                                                         \
    "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2\x12\x34\0\x50"
#define MAPPED                                                                                     \
    "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2\x12\x34\0\x50"
#define B(literal)                                                                                 \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

static void test_headers(void **state)
{
    (void)state;
    static const struct {
        slice_t bytes;
        proxy_verdict_t want;
        const char *address;
        uint16_t port;
    } cases[] = {
        {B("PROXY TCP4 192.0.2.1 198.51.100.1 4660 80\r\n"), PROXY_KNOWN, "192.0.2.1", 4660},
        {B("PROXY TCP6 2001:db8::1 2001:db8::2 65535 0\r\n"), PROXY_KNOWN, "2001:db8::1", 65535},
        {B("PROXY UNKNOWN\r\n"), PROXY_LOCAL, NULL, 0},
        {B("PROXY UNKNOWN a b c d\r\n"), PROXY_LOCAL, NULL, 0},
        {B("PROXY TCP4 2001:db8::1 198.51.100.1 1 80\r\n"), PROXY_BAD, NULL, 0},
        {B("PROXY TCP6 192.0.2.1 198.51.100.1 1 80\r\n"), PROXY_BAD, NULL, 0},
        {B("PROXY TCP4 192.0.2.1 198.51.100.1 1\r\n"), PROXY_BAD, NULL, 0},
        {B("PROXY TCP4 192.0.2.1 198.51.100.1 1 80 \r\n"), PROXY_BAD, NULL, 0},
        {B("PROXY TCP4  192.0.2.1 198.51.100.1 1 80\r\n"), PROXY_BAD, NULL, 0},
        {B("PROXY TCP4 192.0.2.1 198.51.100.1 65536 80\r\n"), PROXY_BAD, NULL, 0},
        {B("PROXY TCP4 192.0.2.1 198.51.100.1 04660 80\r\n"), PROXY_BAD, NULL, 0},
        {B("PROXY TCP4 192.0.2.1 198.51.100.1 1 080\r\n"), PROXY_BAD, NULL, 0},
        {B("PROXY TCP4 192.0.2.1 198.51.100.1 1 80\n"), PROXY_BAD, NULL, 0},
        {B("PROXY UDP4 192.0.2.1 198.51.100.1 1 80\r\n"), PROXY_BAD, NULL, 0},
        {B("PROXY \n"), PROXY_BAD, NULL, 0},
        {B(SIGNATURE "\x21\x11\0\x0c" V4), PROXY_KNOWN, "192.0.2.1", 0x1234},
        {B(SIGNATURE "\x21\x21\0\x24" V6), PROXY_KNOWN, "2001:db8::1", 0x1234},
        {B(SIGNATURE "\x21\x21\0\x24" MAPPED), PROXY_KNOWN, "192.0.2.1", 0x1234},
        /* More behind the addresses. */
        {B(SIGNATURE "\x21\x11\0\x11" V4 "\x04\0\2ab"), PROXY_KNOWN, "192.0.2.1", 0x1234},
        {B(SIGNATURE "\x20\0\0\0"), PROXY_LOCAL, NULL, 0},
        {B(SIGNATURE "\x20\x11\0\x0c" V4), PROXY_LOCAL, NULL, 0},
        {B(SIGNATURE "\x21\0\0\0"), PROXY_LOCAL, NULL, 0},
        {B(SIGNATURE "\x21\x31\0\1x"), PROXY_LOCAL, NULL, 0},
        {B(SIGNATURE "\x21\x12\0\x0c" V4), PROXY_BAD, NULL, 0},
        {B(SIGNATURE "\x21\x11\0\x0b" V4), PROXY_BAD, NULL, 0},
        {B(SIGNATURE "\x11\x11\0\x0c" V4), PROXY_BAD, NULL, 0},
        {B(SIGNATURE "\x22\x11\0\x0c" V4), PROXY_BAD, NULL, 0},
        {B(SIGNATURE "\x21\x11\xff\xff"), PROXY_BAD, NULL, 0},
        {B("GET / HTTP/1.1\r\n"), PROXY_BAD, NULL, 0},
        {B("\x16\x03\x01\x02"), PROXY_BAD, NULL, 0},
        {B("PRI * HTTP/2.0\r\n"), PROXY_BAD, NULL, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        slice_t bytes = cases[i].bytes;
        addr_t address;
        uint16_t port = 0;
        size_t used = 0;
        proxy_verdict_t got = proxy_header_parse(bytes, &used, &address, &port);
        assert_int_equal(got, cases[i].want);
        if (got == PROXY_KNOWN) {
            char text[ADDR_TEXT_MAX];
            (void)addr_format(&address, text);
            assert_string_equal(text, cases[i].address);
            assert_int_equal(port, cases[i].port);
        }
        if (got == PROXY_BAD) {
            continue;
        }
        assert_true(used <= bytes.len);
        /* However it arrives: what is not whole asks for more, what is behind is left. */
        for (size_t n = 0; n < used; n++) {
            assert_int_equal(proxy_header_parse(slice_of(bytes.ptr, n), &used, &address, &port),
                             PROXY_MORE);
        }
        char more[512];
        memcpy(more, bytes.ptr, bytes.len);
        memcpy(more + bytes.len, "GET /\r\n", 7);
        assert_int_equal(proxy_header_parse(slice_of(more, bytes.len + 7), &used, &address, &port),
                         got);
        assert_int_equal(used, bytes.len);
    }
}

static void test_endless_header(void **state)
{
    (void)state;
    char bytes[200];
    addr_t address;
    uint16_t port;
    size_t used;
    memset(bytes, 'x', sizeof bytes);
    memcpy(bytes, "PROXY UNKNOWN ", 14);
    assert_int_equal(proxy_header_parse(slice_of(bytes, 106), &used, &address, &port), PROXY_MORE);
    assert_int_equal(proxy_header_parse(slice_of(bytes, 107), &used, &address, &port), PROXY_BAD);
}

/* ---- fields ---- */

static void test_fields(void **state)
{
    (void)state;
    static const struct {
        proxy_header_t kind;
        const char *field, *peer, *want;
    } cases[] = {
        {PROXY_HEADER_FORWARDED, "for=203.0.113.9", "10.0.0.1", "203.0.113.9"},
        {PROXY_HEADER_FORWARDED, "For=\"203.0.113.9:4711\"", "10.0.0.1", "203.0.113.9"},
        {PROXY_HEADER_FORWARDED, "for=\"[2001:db8:8000::9]\"", "10.0.0.1", "2001:db8:8000::9"},
        {PROXY_HEADER_FORWARDED, "for=\"[2001:db8:8000::9]:47\"", "10.0.0.1", "2001:db8:8000::9"},
        {PROXY_HEADER_FORWARDED, "for=\"[::ffff:203.0.113.9]\"", "10.0.0.1", "203.0.113.9"},
        {PROXY_HEADER_FORWARDED,
         "proto=http;by=10.0.0.1; for=203.0.113.9 ;host=\"a,b;for=1.1.1.1\"", "10.0.0.1",
         "203.0.113.9"},
        /* Over trusted ones, and no further. */
        {PROXY_HEADER_FORWARDED, "for=203.0.113.9, for=10.0.0.2", "10.0.0.1", "203.0.113.9"},
        {PROXY_HEADER_FORWARDED, "for=1.1.1.1, for=203.0.113.9", "10.0.0.1", "203.0.113.9"},
        {PROXY_HEADER_FORWARDED, "for=10.0.0.3, for=10.0.0.2", "10.0.0.1", "10.0.0.3"},
        {PROXY_HEADER_FORWARDED, "for=\"x\\\",y\", for=203.0.113.9", "10.0.0.1", "203.0.113.9"},
        /* What says nothing. */
        {PROXY_HEADER_FORWARDED, "for=203.0.113.9, for=unknown", "10.0.0.1", "10.0.0.1"},
        {PROXY_HEADER_FORWARDED, "for=203.0.113.9, for=_hidden, for=10.0.0.2", "10.0.0.1",
         "10.0.0.2"},
        {PROXY_HEADER_FORWARDED, "proto=http", "10.0.0.1", "10.0.0.1"},
        {PROXY_HEADER_FORWARDED, "for=2001:db8:8000::9", "10.0.0.1", "10.0.0.1"},
        {PROXY_HEADER_FORWARDED, "for=\"[2001:db8:8000::9\"", "10.0.0.1", "10.0.0.1"},
        {PROXY_HEADER_FORWARDED, "for=\"", "10.0.0.1", "10.0.0.1"},
        {PROXY_HEADER_FORWARDED, "for=\"\\", "10.0.0.1", "10.0.0.1"},
        {PROXY_HEADER_FORWARDED, "for=203.0.113.9,", "10.0.0.1", "10.0.0.1"},
        {PROXY_HEADER_FORWARDED, "", "10.0.0.1", "10.0.0.1"},
        /* Of one who is not trusted. */
        {PROXY_HEADER_FORWARDED, "for=203.0.113.9", "192.0.2.2", "192.0.2.2"},
        {PROXY_HEADER_X_FORWARDED_FOR, "203.0.113.9", "10.0.0.1", "203.0.113.9"},
        {PROXY_HEADER_X_FORWARDED_FOR, "1.1.1.1, 203.0.113.9 ,10.0.0.2", "10.0.0.1", "203.0.113.9"},
        {PROXY_HEADER_X_FORWARDED_FOR, "2001:db8:8000::9", "10.0.0.1", "2001:db8:8000::9"},
        {PROXY_HEADER_X_FORWARDED_FOR, "[2001:db8:8000::9]:1", "10.0.0.1", "2001:db8:8000::9"},
        {PROXY_HEADER_X_FORWARDED_FOR, "203.0.113.9:4711", "10.0.0.1", "203.0.113.9"},
        {PROXY_HEADER_X_FORWARDED_FOR, "for=203.0.113.9", "10.0.0.1", "10.0.0.1"},
        {PROXY_HEADER_X_FORWARDED_FOR, "203.0.113.9, unknown", "10.0.0.1", "10.0.0.1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        addr_t client = address_of(cases[i].peer);
        char text[ADDR_TEXT_MAX];
        forwarded_client(&trusted, cases[i].kind, slice_str(cases[i].field), &client);
        (void)addr_format(&client, text);
        if (strcmp(text, cases[i].want) != 0) {
            fail_msg("%s: %s", cases[i].field, text);
        }
    }
}

/* A row of trusted ones without end: so far, and no further. */
static void test_long_field(void **state)
{
    (void)state;
    buf_t field = BUF_INIT;
    for (int i = 0; i < 1000; i++) {
        buf_printf(&field, "%s10.0.%d.%d", i ? "," : "", i / 250, i % 250);
    }
    addr_t client = address_of("10.9.9.9");
    forwarded_client(&trusted, PROXY_HEADER_X_FORWARDED_FOR, buf_slice(&field), &client);
    addr_t want = address_of("10.0.3.218");
    assert_int_equal(client.u.v4, want.u.v4);
    buf_release(&field);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trust),   cmocka_unit_test(test_socket_addresses),
        cmocka_unit_test(test_headers), cmocka_unit_test(test_endless_header),
        cmocka_unit_test(test_fields),  cmocka_unit_test(test_long_field),
    };
    return cmocka_run_group_tests_name("proxies", tests, setup, teardown);
}
