#include "http/negotiate.h"
#include "http/target.h"

#include "fpd_cmocka.h"

#define TYPE "application/alto-cdni+json"
#define ID   CODING_IDENTITY
#define GZ   CODING_GZIP
#define BR   CODING_BROTLI

static void test_accept(void **state)
{
    (void)state;
    static const struct {
        const char *lines[3];
        bool allows;
    } rows[] = {
        {{NULL}, true},
        {{""}, true},
        {{"*/*"}, true},
        {{"application/*"}, true},
        {{"text/*"}, false},
        {{TYPE}, true},
        {{"APPLICATION/ALTO-CDNI+JSON"}, true},
        {{"application/alto-cdni"}, false},
        {{"application/alto-error+json"}, false},
        {{"application/alto-error+json", "*/*;q=0.1"}, true},
        {{"application/alto-error+json," TYPE}, true},
        {{TYPE ";q=0"}, false},
        {{TYPE ";q=0.000"}, false},
        {{TYPE ";q=0.001"}, true},
        {{TYPE "; Q=1.000"}, true},
        /* the most specific range decides, in whatever order */
        {{TYPE ";q=0, */*"}, false},
        {{"*/*, " TYPE ";q=0"}, false},
        {{"*/*;q=0, application/*;q=0.5"}, true},
        {{"application/*;q=0, " TYPE}, true},
        {{"application/*;q=0", "*/*;q=1", "text/html"}, false},
        {{"*/*;q=0"}, false},
        /* parameters, quoted strings, spaces, empty elements */
        {{TYPE ";charset=utf-8"}, true},
        {{TYPE ";x=\"a,b;q=0\";q=0.5"}, true},
        {{TYPE ";x=\"a\\\",b\";q=0"}, false},
        {{" ,, text/html ,\t" TYPE " ; q=0.3 "}, true},
        {{TYPE ";;q=1"}, true},
        /* values that should be quoted and are not (RFC 9275 8.3) */
        {{TYPE ";type=application/alto-costmap+json"}, true},
        {{TYPE ";type=application/alto-costmap+json;q=0"}, false},
        {{"text/html;type=a/b, " TYPE ";q=0"}, false},
        {{"text/html, " TYPE ";type=/b"}, false},
        /* malformed elements are ignored; a field of nothing else counts as absent */
        {{"garbage"}, true},
        {{"garbage, text/html"}, false},
        {{"*/xml"}, true},
        {{"text/html, " TYPE ";q=2"}, false},
        {{"text/html, " TYPE ";q=1.001"}, false},
        {{"text/html, " TYPE ";q=0.1234"}, false},
        {{"text/html, " TYPE ";q=\"1\""}, false},
        {{"text/html, " TYPE ";q"}, false},
        {{"text/html, " TYPE " junk"}, false},
        {{"text/html, " TYPE ";a=\"open"}, false},
        {{"text/html, /" TYPE}, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        accept_t a;
        accept_begin(&a, SLICE_LIT(TYPE));
        for (size_t j = 0; j < 3 && rows[i].lines[j]; j++) {
            accept_add(&a, slice_str(rows[i].lines[j]));
        }
        if (accept_allows(&a) != rows[i].allows) {
            fail_msg("row %zu: %s", i, rows[i].lines[0] ? rows[i].lines[0] : "(absent)");
        }
    }
}

static void test_accept_encoding(void **state)
{
    (void)state;
    enum {
        ALL = 7,
        NO_BR = 1 << CODING_IDENTITY | 1 << CODING_GZIP,
        ONLY_ID = 1 << CODING_IDENTITY,
    };
    static const struct {
        const char *lines[2];
        unsigned available;
        coding_t expected;
    } rows[] = {
        {{NULL}, ALL, ID},
        {{""}, ALL, ID},
        {{"gzip"}, ALL, GZ},
        {{"x-gzip"}, ALL, GZ},
        {{"GZip"}, ALL, GZ},
        {{"br"}, ALL, BR},
        {{"gzip, br"}, ALL, BR},
        {{"gzip", "br"}, ALL, BR},
        {{"gzip, br"}, NO_BR, GZ},
        {{"gzip, br"}, ONLY_ID, ID},
        {{"gzip;q=1.0, br;q=0.9"}, ALL, GZ},
        {{"gzip;q=0.5"}, ALL, GZ},
        {{"gzip;q=0.5, identity"}, ALL, ID},
        {{"gzip;q=0.5, identity;q=0.5"}, ALL, GZ},
        {{"gzip;q=0.5, identity;q=0.4, br;q=0.45"}, ALL, GZ},
        {{"br;q=0.4, gzip;q=0.6, identity;q=0.5"}, ALL, GZ},
        {{"br;q=0.4, gzip;q=0.6, identity;q=0.5"}, ONLY_ID, ID},
        {{"gzip;q=0"}, ALL, ID},
        {{"gzip;q=0, *"}, ALL, BR},
        {{"*"}, ALL, BR},
        {{"*"}, NO_BR, GZ},
        {{"*;q=0"}, ALL, ID},
        {{"*;q=0, gzip;q=0.1"}, ALL, GZ},
        {{"br;q=0, *;q=0.2"}, ALL, GZ},
        {{"identity;q=0, *;q=0.2"}, ALL, BR},
        {{"identity"}, ALL, ID},
        {{"identity;q=0"}, ALL, ID},
        {{"identity;q=0, gzip"}, ONLY_ID, ID},
        {{"identity;q=0, gzip;q=0.001"}, ALL, GZ},
        {{"deflate, zstd"}, ALL, ID},
        {{"gzip;q=3"}, ALL, ID},
        {{"gzip;q=0.5;x"}, ALL, ID},
        {{"gzip br"}, ALL, ID},
        {{",,gzip,,"}, ALL, GZ},
        {{"gzip;q=0.8\t,\tbr;q=0.2"}, ALL, GZ},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        accept_encoding_t a;
        accept_encoding_begin(&a);
        for (size_t j = 0; j < 2 && rows[i].lines[j]; j++) {
            accept_encoding_add(&a, slice_str(rows[i].lines[j]));
        }
        coding_t got = accept_encoding_choose(&a, rows[i].available);
        if (got != rows[i].expected) {
            fail_msg("row %zu: %s: got %d", i, rows[i].lines[0] ? rows[i].lines[0] : "(absent)",
                     (int)got);
        }
    }
}

static void test_content_type(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool matches;
    } rows[] = {
        {TYPE, true},
        {"Application/ALTO-cdni+json", true},
        {TYPE ";charset=utf-8", true},
        {TYPE " ; charset=\"utf-8\"", true},
        {" " TYPE " ", true},
        {"", false},
        {"application", false},
        {"application/", false},
        {TYPE "x", false},
        {TYPE ", text/html", false},
        {"application/json", false},
        {"application/alto-cdni+jso", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (media_type_matches(slice_str(rows[i].value), SLICE_LIT(TYPE)) != rows[i].matches) {
            fail_msg("%s", rows[i].value);
        }
    }
    assert_false(media_type_matches(slice_of(NULL, 0), SLICE_LIT(TYPE)));
}

static void test_method(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        method_t method;
    } rows[] = {
        {"GET", METHOD_GET},         {"HEAD", METHOD_HEAD},        {"POST", METHOD_POST},
        {"OPTIONS", METHOD_OPTIONS}, {"PUT", METHOD_OTHER},        {"DELETE", METHOD_OTHER},
        {"PATCH", METHOD_OTHER},     {"TRACE", METHOD_OTHER},      {"CONNECT", METHOD_OTHER},
        {"get", METHOD_UNKNOWN},     {"PROPFIND", METHOD_UNKNOWN}, {"GETX", METHOD_UNKNOWN},
        {"", METHOD_UNKNOWN},        {"QUERY", METHOD_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(method_parse(slice_str(rows[i].name)), rows[i].method);
    }
}

static void test_absolute_form(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        const char *path; /* NULL: not absolute */
    } rows[] = {
        {"http://alto.example/cdni", "/cdni"},
        {"HTTPS://alto.example:8443/cdni?x=/y", "/cdni?x=/y"},
        {"http://[2001:db8::1]:80/", "/"},
        {"http://alto.example", ""},
        {"http://alto.example?x", "?x"},
        {"http://", NULL},
        {"http:///cdni", NULL},
        {"/http://alto.example/cdni", NULL},
        {"/cdni", NULL},
        {"*", NULL},
        {"", NULL},
        {"ftp://alto.example/cdni", NULL},
        {"alto.example:443", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        slice_t path = SLICE_LIT("untouched");
        bool absolute = target_is_absolute(slice_str(rows[i].target), &path);
        assert_int_equal(absolute, rows[i].path != NULL);
        if (!slice_is(path, absolute ? rows[i].path : "untouched")) {
            fail_msg("%s: path %.*s", rows[i].target, SLICE_ARG(path));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept),        cmocka_unit_test(test_accept_encoding),
        cmocka_unit_test(test_content_type),  cmocka_unit_test(test_method),
        cmocka_unit_test(test_absolute_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
