#include "http/digest.h"

#include "fpd_cmocka.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

static void hex_of(const uint8_t *bytes, size_t size, char *out)
{
    for (size_t i = 0; i < size; i++) {
        (void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    }
}

/* ---- RFC 7616 3.9.1 ---- */

#define RFC_FIELD(algorithm, response)                                                             \
    "Digest username=\"Mufasa\",\r\n realm=\"http-auth@example.org\", uri=\"/dir/index.html\", "   \
    "algorithm=" algorithm ", nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "            \
    "nc=00000001, cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, "             \
    "response=\"" response "\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""

static void test_rfc_vectors(void **state)
{
    (void)state;
    static const struct {
        digest_algorithm_t algorithm;
        const char *field, *ha1;
    } cases[] = {
        {DIGEST_SHA256,
         RFC_FIELD("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
         "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232"},
        {DIGEST_MD5, RFC_FIELD("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
         "3d78807defe7de2157e2b0b6573a855f"},
    };
    for (size_t i = 0; i < 2; i++) {
        uint8_t ha1[DIGEST_HASH_MAX];
        char hex[65];
        assert_true(digest_ha1(cases[i].algorithm, SLICE_LIT("Mufasa"),
                               SLICE_LIT("http-auth@example.org"), SLICE_LIT("Circle of Life"),
                               ha1));
        hex_of(ha1, digest_hash_size(cases[i].algorithm), hex);
        assert_string_equal(hex, cases[i].ha1);
        char field[1024];
        /* The RFC folds its lines, which a field of HTTP may not. */
        size_t n = 0;
        for (const char *c = cases[i].field; *c; c++) {
            if (*c != '\r' && *c != '\n') {
                field[n++] = *c;
            }
        }
        digest_credentials_t c;
        buf_t scratch = BUF_INIT;
        assert_int_equal(digest_parse(slice_of(field, n), &scratch, &c), DIGEST_FINE);
        assert_int_equal(c.algorithm, cases[i].algorithm);
        assert_true(slice_is(c.username, "Mufasa"));
        assert_int_equal(c.nc, 1);
        assert_true(digest_response_fits(&c, ha1, SLICE_LIT("GET")));
        assert_false(digest_response_fits(&c, ha1, SLICE_LIT("POST")));
        ha1[0] ^= 1;
        assert_false(digest_response_fits(&c, ha1, SLICE_LIT("GET")));
        ha1[0] ^= 1;
        c.response[0] ^= 1;
        assert_false(digest_response_fits(&c, ha1, SLICE_LIT("GET")));
        c.response[0] ^= 1;
        c.uri = SLICE_LIT("/dir/index.htm");
        assert_false(digest_response_fits(&c, ha1, SLICE_LIT("GET")));
        buf_release(&scratch);
    }
}

/* ---- the field ---- */

#define R32  "753927fa0e85d155564e2e272a28d180"
#define R64  R32 R32
#define REST "realm=\"r\", nonce=\"n\", uri=\"/\", cnonce=\"c\", nc=0000000a, qop=auth, "
#define SHA  "algorithm=SHA-256, response=\"" R64 "\""
#define FINE "username=\"u\", " REST SHA

static void test_syntax(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        digest_syntax_t want;
    } cases[] = {
        {"Digest " FINE, DIGEST_FINE},
        {"  digest\t" FINE, DIGEST_FINE},
        {"DIGEST ,, " FINE " , ,", DIGEST_FINE},
        {"Digest username = \"u\" , " REST SHA, DIGEST_FINE},
        {"Digest USERNAME=\"u\", " REST SHA, DIGEST_FINE},
        {"Digest " FINE ", opaque=\"x\", unknown=token, other=\"text, with comma\"", DIGEST_FINE},
        {"Digest username=\"u\", " REST "algorithm=\"SHA-256\", response=\"" R64 "\"", DIGEST_FINE},
        {"Digest username=\"u\", " REST "algorithm=md5, response=\"" R32 "\"", DIGEST_FINE},
        {"Digest username=\"u\", " REST "response=\"" R32 "\"", DIGEST_FINE},
        {"Digest " FINE ", userhash=false", DIGEST_FINE},
        {"Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, " REST SHA, DIGEST_FINE},
        {"Digest username*=utf-8'en'x, " REST SHA, DIGEST_FINE},
        /* Other schemes. */
        {"", DIGEST_OTHER_SCHEME},
        {"Basic dTpw", DIGEST_OTHER_SCHEME},
        {"Bearer abc", DIGEST_OTHER_SCHEME},
        {"Digestive " FINE, DIGEST_OTHER_SCHEME},
        {"Digest=x", DIGEST_OTHER_SCHEME},
        /* What no challenge has. */
        {"Digest " FINE ", userhash=true", DIGEST_NOT_OFFERED},
        {"Digest username=\"u\", " REST "algorithm=SHA-512-256, response=\"" R64 "\"",
         DIGEST_NOT_OFFERED},
        {"Digest username=\"u\", " REST "algorithm=SHA-256-sess, response=\"" R64 "\"",
         DIGEST_NOT_OFFERED},
        {"Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"/\", " SHA, DIGEST_NOT_OFFERED},
        {"Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"/\", qop=auth-int, cnonce=\"c\", "
         "nc=00000001, " SHA,
         DIGEST_NOT_OFFERED},
        /* Malformed. */
        {"Digest", DIGEST_MALFORMED},
        {"Digest dTpw==", DIGEST_MALFORMED},
        {"Digest " REST SHA, DIGEST_MALFORMED},
        {"Digest username=\"u\", username*=UTF-8''u, " REST SHA, DIGEST_MALFORMED},
        {"Digest " FINE ", username=\"u\"", DIGEST_MALFORMED},
        {"Digest " FINE ", nc=0000000b", DIGEST_MALFORMED},
        {"Digest username=u, " REST SHA, DIGEST_MALFORMED},
        {"Digest username*=\"UTF-8''u\", " REST SHA, DIGEST_MALFORMED},
        {"Digest username*=ISO-8859-1''u, " REST SHA, DIGEST_MALFORMED},
        {"Digest username*=UTF-8'u, " REST SHA, DIGEST_MALFORMED},
        {"Digest username*=UTF-8''%ff, " REST SHA, DIGEST_MALFORMED},
        {"Digest username*=UTF-8''%f, " REST SHA, DIGEST_MALFORMED},
        {"Digest username=\"u, " REST SHA, DIGEST_MALFORMED},
        {"Digest username=\"u\" " REST SHA, DIGEST_MALFORMED},
        {"Digest username=\"u\\", DIGEST_MALFORMED},
        {"Digest username=\"u\x01\", " REST SHA, DIGEST_MALFORMED},
        {"Digest username, " REST SHA, DIGEST_MALFORMED},
        {"Digest username=, " REST SHA, DIGEST_MALFORMED},
        {"Digest username=\"u\", " REST "algorithm=SHA-256, response=\"" R32 "\"",
         DIGEST_MALFORMED},
        {"Digest username=\"u\", " REST "algorithm=MD5, response=\"" R64 "\"", DIGEST_MALFORMED},
        {"Digest username=\"u\", " REST "algorithm=SHA-256, response=\"" R32 "x" R32 "\"",
         DIGEST_MALFORMED},
        {"Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"/\", qop=auth, cnonce=\"c\", "
         "nc=1, " SHA,
         DIGEST_MALFORMED},
        {"Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"/\", qop=auth, cnonce=\"c\", "
         "nc=0000000g, " SHA,
         DIGEST_MALFORMED},
        {"Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"/\", qop=auth, nc=00000001, " SHA,
         DIGEST_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        digest_credentials_t c;
        buf_t scratch = BUF_INIT;
        digest_syntax_t got = digest_parse(slice_str(cases[i].field), &scratch, &c);
        if (got != cases[i].want) {
            fail_msg("%s: %d", cases[i].field, (int)got);
        }
        buf_release(&scratch);
    }
}

static void test_values(void **state)
{
    (void)state;
    digest_credentials_t c;
    buf_t scratch = BUF_INIT;
    slice_t field = SLICE_LIT("Digest username=\"a \\\"b\\\\c\", realm=\"\\r\", nonce=\"\", "
                              "uri=\"/x?y=\\\"\", cnonce=\"c\", nc=FFFFFFFF, qop=\"auth\", " SHA);
    assert_int_equal(digest_parse(field, &scratch, &c), DIGEST_FINE);
    assert_true(slice_is(c.username, "a \"b\\c"));
    assert_true(slice_is(c.realm, "r"));
    assert_int_equal(c.nonce.len, 0);
    assert_true(slice_is(c.uri, "/x?y=\""));
    assert_int_equal(c.nc, UINT32_MAX);
    assert_true(slice_is(c.nc_text, "FFFFFFFF"));
    buf_clear(&scratch);
    /* RFC 7616 3.9.2 */
    field = SLICE_LIT("Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, " REST SHA);
    assert_int_equal(digest_parse(field, &scratch, &c), DIGEST_FINE);
    assert_true(slice_is(c.username, "J\xc3\xa4s\xc3\xb8n Doe"));
    buf_release(&scratch);
}

static void test_too_much(void **state)
{
    (void)state;
    digest_credentials_t c;
    buf_t scratch = BUF_INIT, field = BUF_INIT;
    buf_append_str(&field, "Digest " FINE);
    for (int i = 0; i < 32 - 9; i++) { /* it has nine */
        buf_append_str(&field, ", x=y");
    }
    assert_int_equal(digest_parse(buf_slice(&field), &scratch, &c), DIGEST_FINE);
    buf_append_str(&field, ", x=y");
    assert_int_equal(digest_parse(buf_slice(&field), &scratch, &c), DIGEST_MALFORMED);
    buf_clear(&field);
    buf_append_str(&field, "Digest " FINE ", x=\"");
    for (int i = 0; i < 8192; i++) {
        buf_append_char(&field, 'x');
    }
    buf_append_str(&field, "\"");
    assert_int_equal(digest_parse(buf_slice(&field), &scratch, &c), DIGEST_MALFORMED);
    buf_release(&scratch);
    buf_release(&field);
}

/* ---- nonces ---- */

static nonces_t *nonces;

static int make_nonces(void **state)
{
    (void)state;
    nonces = malloc(sizeof *nonces);
    return !nonces || !nonces_init(nonces, 300);
}

static int free_nonces(void **state)
{
    (void)state;
    free(nonces);
    return 0;
}

static void test_nonce_life(void **state)
{
    (void)state;
    char a[NONCE_LEN + 1], b[NONCE_LEN + 1];
    assert_true(nonces_make(nonces, 1000, a));
    assert_true(nonces_make(nonces, 1000, b));
    assert_int_equal(strlen(a), NONCE_LEN);
    assert_string_not_equal(a, b);
    assert_int_equal(nonces_use(nonces, slice_str(a), 1, 1000), NONCE_FINE);
    assert_int_equal(nonces_use(nonces, slice_str(a), 2, 1150), NONCE_FINE);
    assert_int_equal(nonces_use(nonces, slice_str(a), 4, 1151), NONCE_AGEING);
    assert_int_equal(nonces_use(nonces, slice_str(a), 3, 1300), NONCE_AGEING);
    assert_int_equal(nonces_use(nonces, slice_str(a), 3, 1300), NONCE_STALE);
    assert_int_equal(nonces_use(nonces, slice_str(a), 5, 1301), NONCE_STALE);
    assert_int_equal(nonces_use(nonces, slice_str(b), 1, 999), NONCE_STALE);
    assert_int_equal(nonces_use(nonces, slice_str(b), 1, 1300), NONCE_AGEING);
}

static void test_nonce_forged(void **state)
{
    (void)state;
    char good[NONCE_LEN + 1], bad[NONCE_LEN + 1];
    assert_true(nonces_make(nonces, 1000, good));
    for (size_t i = 0; i < NONCE_LEN; i++) {
        memcpy(bad, good, sizeof bad);
        bad[i] = bad[i] == 'A' ? 'B' : 'A';
        assert_int_equal(nonces_use(nonces, slice_str(bad), 1, 1000), NONCE_STALE);
        bad[i] = '=';
        assert_int_equal(nonces_use(nonces, slice_str(bad), 1, 1000), NONCE_STALE);
    }
    assert_int_equal(nonces_use(nonces, slice_of(good, NONCE_LEN - 1), 1, 1000), NONCE_STALE);
    assert_int_equal(nonces_use(nonces, slice_of(good, 0), 1, 1000), NONCE_STALE);
    /* Of another process. */
    nonces_t *other = malloc(sizeof *other);
    assert_true(other && nonces_init(other, 300));
    assert_int_equal(nonces_use(other, slice_str(good), 1, 1000), NONCE_STALE);
    free(other);
    assert_int_equal(nonces_use(nonces, slice_str(good), 1, 1000), NONCE_FINE);
}

static void test_nonce_replay(void **state)
{
    (void)state;
    char text[NONCE_LEN + 1];
    assert_true(nonces_make(nonces, 1000, text));
    slice_t n = slice_str(text);
    assert_int_equal(nonces_use(nonces, n, 0, 1000), NONCE_STALE);
    assert_int_equal(nonces_use(nonces, n, 1, 1000), NONCE_FINE);
    assert_int_equal(nonces_use(nonces, n, 1, 1000), NONCE_STALE);
    /* As many streams of a connection send them: not in their order. */
    assert_int_equal(nonces_use(nonces, n, 5, 1000), NONCE_FINE);
    assert_int_equal(nonces_use(nonces, n, 3, 1000), NONCE_FINE);
    assert_int_equal(nonces_use(nonces, n, 3, 1000), NONCE_STALE);
    assert_int_equal(nonces_use(nonces, n, 5, 1000), NONCE_STALE);
    assert_int_equal(nonces_use(nonces, n, 4, 1000), NONCE_FINE);
    /* What is too far behind might have been used. */
    assert_int_equal(nonces_use(nonces, n, 5 + NONCE_WINDOW, 1000), NONCE_FINE);
    assert_int_equal(nonces_use(nonces, n, 2, 1000), NONCE_STALE);
    assert_int_equal(nonces_use(nonces, n, 5, 1000), NONCE_STALE);
    assert_int_equal(nonces_use(nonces, n, 6, 1000), NONCE_FINE);
    assert_int_equal(nonces_use(nonces, n, 6, 1000), NONCE_STALE);
    assert_int_equal(nonces_use(nonces, n, UINT32_MAX, 1000), NONCE_FINE);
    assert_int_equal(nonces_use(nonces, n, UINT32_MAX, 1000), NONCE_STALE);
    assert_int_equal(nonces_use(nonces, n, 69, 1000), NONCE_STALE);
}

/* Whatever the order of uses and however many nonces: no count of one is fine twice. */
static void test_nonce_never_twice(void **state)
{
    (void)state;
    enum { COUNT = 3 * NONCE_SETS * NONCE_WAYS };
    char(*all)[NONCE_LEN + 1] = calloc(COUNT, sizeof *all);
    uint8_t *used = calloc(COUNT, 1);
    assert_true(all && used);
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(nonces_make(nonces, 1000, all[i]));
    }
    uint32_t random = 1;
    size_t fine = 0;
    for (size_t i = 0; i < 10 * COUNT; i++) {
        random = random * 1664525 + 1013904223;
        size_t k = (random >> 8) % COUNT;
        if (nonces_use(nonces, slice_str(all[k]), 1, 1000) == NONCE_FINE) {
            assert_false(used[k]);
            used[k] = 1;
            fine++;
        }
    }
    /* The newest are fine in any case. */
    char text[NONCE_LEN + 1];
    assert_true(nonces_make(nonces, 1000, text));
    assert_int_equal(nonces_use(nonces, slice_str(text), 1, 1000), NONCE_FINE);
    assert_true(fine >= NONCE_SETS * NONCE_WAYS);
    free(all);
    free(used);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc_vectors),
        cmocka_unit_test(test_syntax),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_too_much),
        cmocka_unit_test_setup_teardown(test_nonce_life, make_nonces, free_nonces),
        cmocka_unit_test_setup_teardown(test_nonce_forged, make_nonces, free_nonces),
        cmocka_unit_test_setup_teardown(test_nonce_replay, make_nonces, free_nonces),
        cmocka_unit_test_setup_teardown(test_nonce_never_twice, make_nonces, free_nonces),
    };
    return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
