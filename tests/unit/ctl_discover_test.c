/* Finding ALTO servers by DNS: names of reverse zones, domain names, and NAPTR records. */
#include "fixture.h"

#include "ctl/discover_names.h"

static void names_are(const char *prefix, const char *want)
{
    char names[DISCOVER_NAMES_MAX][DISCOVER_NAME_MAX];
    prefix_t p;
    buf_t got = BUF_INIT;
    assert_int_equal(prefix_parse(slice_str(prefix), &p, NULL), ERR_OK);
    size_t n = discover_reverse_names(&p, names);
    for (size_t i = 0; i < n; i++) {
        buf_printf(&got, "%s%s", i ? " " : "", names[i]);
    }
    buf_append_char(&got, '\0');
    assert_string_equal(got.ptr, want);
    buf_release(&got);
}

/* The table of RFC 8686 3.4. */
static void test_reverse_names(void **state)
{
    (void)state;
    names_are("192.0.2.129/32", "129.2.0.192.in-addr.arpa 2.0.192.in-addr.arpa 0.192.in-addr.arpa "
                                "192.in-addr.arpa");
    names_are("192.0.2.128/31", "2.0.192.in-addr.arpa 0.192.in-addr.arpa 192.in-addr.arpa");
    names_are("192.0.2.0/24", "2.0.192.in-addr.arpa 0.192.in-addr.arpa 192.in-addr.arpa");
    names_are("192.0.2.0/23", "0.192.in-addr.arpa 192.in-addr.arpa");
    names_are("192.0.0.0/16", "0.192.in-addr.arpa 192.in-addr.arpa");
    names_are("192.0.0.0/15", "192.in-addr.arpa");
    names_are("255.0.0.0/8", "255.in-addr.arpa");
    names_are("192.0.0.0/7", "");
#define R32 "d.c.b.a.9.8.7.6.ip6.arpa"
#define R48 "4.3.2.1." R32
#define R64 "8.7.6.5." R48
    names_are("6789:abcd:1234:5678:9abc:def0:1234:5678/128",
              "8.7.6.5.4.3.2.1.0.f.e.d.c.b.a.9." R64 " " R64 " 6.5." R48 " " R48 " 2.1." R32
              " " R32);
    names_are("6789:abcd:1234:5678:9abc:def0:1234:5678/127",
              R64 " 6.5." R48 " " R48 " 2.1." R32 " " R32);
    names_are("6789:abcd:1234:5678::/63", "6.5." R48 " " R48 " 2.1." R32 " " R32);
    names_are("6789:abcd:1234:5600::/56", "6.5." R48 " " R48 " 2.1." R32 " " R32);
    names_are("6789:abcd:1234::/55", R48 " 2.1." R32 " " R32);
    names_are("6789:abcd:1234::/47", "2.1." R32 " " R32);
    names_are("6789:abcd:1200::/40", "2.1." R32 " " R32);
    names_are("6789:abcd::/39", R32);
    names_are("6789:abcd::/32", R32);
    names_are("6789:abcc::/31", "");
}

#define X63 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void test_domain_names(void **state)
{
    (void)state;
    static const char *const good[] = {"a",        "example.net", "example.net.",
                                       "_a.b-c.9", X63 ".a",      X63 "." X63 "." X63 "."};
    static const char *const bad[] = {"",
                                      ".",
                                      "..",
                                      "a..b",
                                      ".a",
                                      "a b",
                                      "a/b",
                                      "b\xc3\xbc.a",
                                      X63 "x.a",
                                      "a." X63 "x",
                                      X63 "." X63 "." X63 "." X63};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(discover_name_valid(slice_str(good[i])) || (print_message("%s\n", good[i]), 0));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(discover_name_valid(slice_str(bad[i])) && (print_message("%s\n", bad[i]), 1));
    }
}

static void test_records(void **state)
{
    (void)state;
    static const struct {
        const char *flags, *service, *regexp, *replacement;
        const char *uri; /* ">": go on; NULL: another */
    } cases[] = {
        {"u", "ALTO:https", "!.*!https://a.test/x!", "", "https://a.test/x"},
        {"U", "alto:HTTPS", "!.*!HTTPS://a!", ".", "HTTPS://a"},
        {"u", "ALTO:https", "#.*#https://a/!x?y!#i", "", "https://a/!x?y!"},
        {"u", "ALTO:https", "/.*/https://a/", "", NULL}, /* the delimiter is in the URI */
        {"u", "ALTO:https", "!.*!https:///x!", "", NULL},
        {"u", "ALTO:https", "!.*!https://?x!", "", NULL},
        {"u", "ALTO:https", "!.*!https://!", "", NULL},
        {"u", "ALTO:https", "!.*!http://a!", "", NULL},
        {"u", "ALTO:https", "!.*!ftp://a!", "", NULL},
        {"u", "ALTO:https", "!.*!https://a\\1!", "", NULL},
        {"u", "ALTO:https", "!.*!https://a b!", "", NULL},
        {"u", "ALTO:https", "!.*!https://\xc3\xa4!", "", NULL},
        {"u", "ALTO:https", "!.+!https://a!", "", NULL},
        {"u", "ALTO:https", "!.*!https://a", "", NULL},
        {"u", "ALTO:https", "!.*!https://a!x", "", NULL},
        {"u", "ALTO:https", "!.*!!", "", NULL},
        {"u", "ALTO:https", "!.*!", "", NULL},
        {"u", "ALTO:https", "!!!", "", NULL},
        {"u", "ALTO:https", "1.*1https://a1", "", NULL},
        {"u", "ALTO:https", "i.*ihttps://ai", "", NULL},
        {"u", "ALTO:https", "", "", NULL},
        {"u", "ALTO:https", "!.*!https://a!", "b.test", NULL}, /* one or the other */
        {"s", "ALTO:https", "!.*!https://a!", "", NULL},
        {"", "ALTO:https", "!.*!https://a!", "", NULL},
        {"u", "ALTO", "!.*!https://a!", "", NULL},
        {"u", "ALTO:http", "!.*!https://a!", "", NULL},
        {"", "ALTO:https", "", "b.test", ">"},
        {"", "ALTO:https", "", ".", NULL},
        {"", "ALTO:https", "", "a b", NULL},
        {"", "LIS:HELD", "", "b.test", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const discover_record_t r = {1,
                                     1,
                                     slice_str(cases[i].flags),
                                     slice_str(cases[i].service),
                                     slice_str(cases[i].regexp),
                                     slice_str(cases[i].replacement)};
        slice_t uri = {NULL, 0};
        discover_kind_t kind = discover_record_read(&r, DISCOVER_HTTPS, &uri);
        discover_kind_t want = !cases[i].uri                ? DISCOVER_OTHER
                               : !strcmp(cases[i].uri, ">") ? DISCOVER_GO_ON
                                                            : DISCOVER_URI;
        print_message("%s %s\n", cases[i].service, cases[i].regexp);
        assert_int_equal(kind, want);
        assert_true(kind != DISCOVER_URI || slice_is(uri, cases[i].uri));
    }
    const discover_record_t plain = {
        1, 1, SLICE_LIT("u"), SLICE_LIT("ALTO:http"), SLICE_LIT("!.*!http://a!"), SLICE_LIT("")};
    slice_t uri = {NULL, 0};
    assert_int_equal(discover_record_read(&plain, DISCOVER_HTTP, &uri), DISCOVER_URI);
    assert_int_equal(discover_record_read(&plain, DISCOVER_HTTPS, &uri), DISCOVER_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reverse_names),
        cmocka_unit_test(test_domain_names),
        cmocka_unit_test(test_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
