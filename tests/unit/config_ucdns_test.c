#include "config/certificate.h"
#include "footprintd/config/ucdns.h"
#include "footprintd/store/file.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failmalloc.h"
#include "fpd_cmocka.h"
#include "golden_cases.h"

/*
 * Golden cases: tests/golden/ucdns/{valid,invalid}/NAME/ucdns.yaml, and in expected.txt every
 * finding and, for what is valid, the profiles. FPD_GOLDEN_WRITE=1 writes them anew.
 */
#define GOLDEN FPD_SOURCE_DIR "/tests/golden/ucdns"
#define HASH   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void print_profile(const ucdns_t *ucdns, size_t i, buf_t *out)
{
    const ucdn_profile_t *p = ucdns_profile(ucdns, i);
    buf_printf(
        out,
        "%.*s:%u:%u%s certificates=%zu user=%.*s sha256=%d md5=%d geo=%d rates=%llu,%llu,%llu\n",
        SLICE_ARG(p->name), (unsigned)p->place.line, (unsigned)p->place.column,
        i == ucdns_anonymous(ucdns) ? " strangers" : "", p->certificates, SLICE_ARG(p->user),
        p->has_sha256, p->has_md5, p->geo_properties, (unsigned long long)p->requests_per_s,
        (unsigned long long)p->entities_per_s, (unsigned long long)p->bytes_per_s);
    buf_printf(out, "  capability-types:%s", p->all_capability_types ? " all" : "");
    for (size_t k = 0; k < p->capability_type_count; k++) {
        buf_printf(out, " %.*s", SLICE_ARG(p->capability_types[k]));
    }
    buf_append_str(out, "\n  footprint-types:");
    for (int type = 0; type < FP_TYPE_COUNT; type++) {
        if (p->footprint_types[type]) {
            buf_printf(out, " %s", fp_type_infos[type].name);
        }
    }
    buf_append_char(out, '\n');
}

static void test_golden(void **state)
{
    const char *dir = *state;
    char path[512];
    buf_t text = BUF_INIT, got = BUF_INIT, want = BUF_INIT, why = BUF_INIT;
    (void)snprintf(path, sizeof path, "%s/%s/ucdns.yaml", GOLDEN, dir);
    assert_int_equal(store_file_read(AT_FDCWD, path, 1 << 20, &text, &why), ERR_OK);
    findings_t findings;
    findings_init(&findings, 0);
    ucdns_t *ucdns = NULL;
    err_t err = ucdns_parse(buf_slice(&text), SLICE_LIT("ucdns.yaml"), &ucdns, &findings);
    findings_sort(&findings);
    for (size_t i = 0; i < findings.count; i++) {
        finding_format(&findings.items[i], &got);
        buf_printf(&got, " %.*s\n", SLICE_ARG(findings.items[i].pointer));
        /* What might be a password stands in no finding. */
        assert_null(memmem(got.ptr, got.len, "secret", 6));
    }
    bool valid = strncmp(dir, "valid/", 6) == 0;
    assert_int_equal(err, valid ? ERR_OK : ERR_DATA);
    for (size_t i = 0; valid && i < ucdns_count(ucdns); i++) {
        print_profile(ucdns, i, &got);
        assert_int_equal(ucdns_find(ucdns, ucdns_profile(ucdns, i)->name), i);
    }
    (void)snprintf(path, sizeof path, "%s/%s/expected.txt", GOLDEN, dir);
    if (getenv("FPD_GOLDEN_WRITE")) {
        FILE *file = fopen(path, "we");
        assert_non_null(file);
        assert_int_equal(fwrite(got.ptr ? got.ptr : "", 1, got.len, file), got.len);
        assert_int_equal(fclose(file), 0);
    }
    assert_int_equal(store_file_read(AT_FDCWD, path, 1 << 20, &want, &why), ERR_OK);
    buf_append_char(&got, '\0');
    buf_append_char(&want, '\0');
    assert_string_equal(got.ptr, want.ptr);
    ucdns_unref(ucdns);
    findings_release(&findings);
    buf_release(&text);
    buf_release(&got);
    buf_release(&want);
    buf_release(&why);
}

static ucdns_t *parse(const char *text)
{
    findings_t findings;
    findings_init(&findings, 0);
    ucdns_t *ucdns = NULL;
    err_t err = ucdns_parse(slice_str(text), SLICE_LIT("u.yaml"), &ucdns, &findings);
    for (size_t i = 0; i < findings.count; i++) {
        print_message("%.*s\n", SLICE_ARG(findings.items[i].text));
    }
    findings_release(&findings);
    assert_int_equal(err, ERR_OK);
    return ucdns;
}

/* ---- files ---- */

static void test_load(void **state)
{
    (void)state;
    static const struct {
        mode_t mode;
        const char *want; /* NULL: it is read */
    } cases[] = {
        {0600, NULL},
        {0400, NULL},
        {0640, NULL},
        {0644, "the file's mode 0644 lets others at it; it should be 0600"},
        {0660, "the file's mode 0660 lets others at it; it should be 0600"},
        {0604, "the file's mode 0604 lets others at it; it should be 0600"},
    };
    char path[] = "/tmp/fpd-ucdns-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    static const char text[] = "anonymous:\n";
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(fchmod(fd, cases[i].mode), 0);
        findings_t findings;
        findings_init(&findings, 0);
        ucdns_t *ucdns = NULL;
        err_t err = ucdns_load(path, &ucdns, &findings);
        assert_int_equal(err, cases[i].want ? ERR_DATA : ERR_OK);
        assert_int_equal(findings.count, cases[i].want ? 1 : 0);
        if (cases[i].want) {
            assert_true(slice_is(findings.items[0].text, cases[i].want));
            assert_int_equal(findings.items[0].code, FINDING_INSECURE);
        }
        ucdns_unref(ucdns);
        findings_release(&findings);
    }
    (void)close(fd);
    assert_int_equal(unlink(path), 0);
    findings_t findings;
    findings_init(&findings, 0);
    ucdns_t *ucdns = NULL;
    assert_int_equal(ucdns_load(path, &ucdns, &findings), ERR_DATA);
    assert_int_equal(findings.items[0].code, FINDING_UNREADABLE);
    findings_release(&findings);
}

static void test_open(void **state)
{
    (void)state;
    ucdns_t *ucdns;
    assert_int_equal(ucdns_new_open(&ucdns), ERR_OK);
    assert_int_equal(ucdns_count(ucdns), 1);
    assert_int_equal(ucdns_anonymous(ucdns), 0);
    assert_int_equal(ucdns_find(ucdns, SLICE_LIT("anonymous")), 0);
    assert_int_equal(ucdns_find(ucdns, SLICE_LIT("ucdn-a")), UCDN_NONE);
    assert_true(ucdns_profile(ucdns, 0)->all_capability_types);
    ucdns_t *again = ucdns_ref(ucdns);
    ucdns_unref(ucdns);
    assert_true(slice_is(ucdns_profile(again, 0)->name, "anonymous"));
    ucdns_unref(again);
    ucdns_unref(NULL);
}

static void test_users(void **state)
{
    (void)state;
    ucdns_t *ucdns = parse("a: {digest: {user: Mufasa, ha1-sha256: " HASH "}}\n"
                           "b: {digest: {user: mufasa, ha1-sha256: " HASH "}}\n");
    assert_int_equal(ucdns_find_user(ucdns, SLICE_LIT("Mufasa")), 0);
    assert_int_equal(ucdns_find_user(ucdns, SLICE_LIT("mufasa")), 1);
    assert_int_equal(ucdns_find_user(ucdns, SLICE_LIT("a")), UCDN_NONE);
    assert_int_equal(ucdns_find_user(ucdns, SLICE_LIT("")), UCDN_NONE);
    ucdns_unref(ucdns);
}

/* ---- certificates ---- */

typedef struct rdn {
    const char *type, *value;
    int set; /* as X509_NAME_add_entry_by_txt has it: -1 joins the one before */
} rdn_t;

/* Not signed: what it says is all that is looked at. */
static X509 *make_certificate(const rdn_t *subject, const char *san, EVP_PKEY *key)
{
    X509 *x = X509_new();
    X509_NAME *name = X509_NAME_new();
    for (; subject && subject->type; subject++) {
        assert_int_equal(X509_NAME_add_entry_by_txt(name, subject->type, MBSTRING_UTF8,
                                                    (const unsigned char *)subject->value, -1, -1,
                                                    subject->set),
                         1);
    }
    assert_int_equal(X509_set_subject_name(x, name), 1);
    X509_NAME_free(name);
    assert_int_equal(X509_set_pubkey(x, key), 1);
    if (san) {
        X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
        assert_non_null(ext);
        assert_int_equal(X509_add_ext(x, ext, -1), 1);
        X509_EXTENSION_free(ext);
    }
    return x;
}

static const rdn_t router[] = {{"C", "DE", 0},    {"O", "uCDN  A, Inc.", 0}, {"OU", "Routing", 0},
                               {"UID", "r1", -1}, {"CN", "Größe+1", 0},      {NULL, NULL, 0}};

static size_t find(const char *profiles, X509 *x, bool *ambiguous)
{
    ucdns_t *ucdns = parse(profiles);
    size_t found = ucdns_find_certificate(ucdns, x, ambiguous);
    ucdns_unref(ucdns);
    return found;
}

static void test_certificates(void **state)
{
    (void)state;
    static const struct {
        const char *item;
        bool fits;
    } cases[] = {
        {"subject: 'CN=Größe\\+1,OU=Routing+UID=r1,O=uCDN A\\, Inc.,C=DE'", true},
        {"subject: 'CN=gr\\C3\\b6\\c3\\9fe\\2b1, uid=R1+ou=routing, O=\\ ucdn a\\2c  inc., C=de'",
         true},
        {"subject: '2.5.4.3=Größe\\+1,2.5.4.11=Routing+0.9.2342.19200300.100.1.1=r1,O=uCDN A\\, "
         "Inc.,C=DE'",
         true},
        /* The order of the name itself, which RFC 4514 turns round. */
        {"subject: 'C=DE,O=uCDN A\\, Inc.,OU=Routing+UID=r1,CN=Größe\\+1'", false},
        {"subject: 'CN=Größe\\+1,OU=Routing,UID=r1,O=uCDN A\\, Inc.,C=DE'", false},
        {"subject: 'CN=Größe\\+1,OU=Routing+UID=r1,O=uCDN A\\, Inc.'", false},
        {"subject: 'CN=Größe\\+1'", false},
        {"san: dns:a.EXAMPLE", true},
        {"san: dns:b.example", true},
        {"san: dns:example", false},
        {"san: dns:x.a.example", false},
        {"san: uri:https://a.example/Router", true},
        {"san: uri:https://a.example/router", false},
        {"san: email:Router@A.example", true},
        {"san: email:router@a.example", false},
        {"san: ip:192.0.2.1", true},
        {"san: 'ip:2001:DB8:0::1'", true},
        {"san: ip:192.0.2.2", false},
        /* One kind of name is not another. */
        {"san: dns:192.0.2.1", false},
        {"san: uri:x:a.example", false},
    };
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = make_certificate(router,
                               "DNS:A.example,DNS:b.example,URI:https://a.example/Router,"
                               "email:Router@a.EXAMPLE,IP:192.0.2.1,IP:2001:db8::1",
                               key);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        bool ambiguous;
        (void)snprintf(text, sizeof text,
                       "other: {certificates: [{san: dns:other.example}]}\n"
                       "a: {certificates: [{%s}]}\n",
                       cases[i].item);
        size_t found = find(text, x, &ambiguous);
        if (found != (cases[i].fits ? 1 : UCDN_NONE) || ambiguous) {
            fail_msg("%s: %zu", cases[i].item, found);
        }
    }
    X509_free(x);
    EVP_PKEY_free(key);
}

static void test_pins(void **state)
{
    (void)state;
    EVP_PKEY *key = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");
    X509 *x = make_certificate(router, "DNS:a.example", key);
    X509 *y = make_certificate(router, "DNS:a.example", other);
    unsigned char *der = NULL, digest[32], base64[64];
    int len = i2d_PUBKEY(key, &der);
    assert_int_equal(EVP_Digest(der, (size_t)len, digest, NULL, EVP_sha256(), NULL), 1);
    OPENSSL_free(der);
    char hex[65], text[256];
    for (size_t i = 0; i < 32; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    }
    (void)EVP_EncodeBlock(base64, digest, 32);
    for (int form = 0; form < 2; form++) {
        bool ambiguous;
        (void)snprintf(text, sizeof text, "a: {certificates: [{spki-sha256: \"%s\"}]}\n",
                       form ? (const char *)base64 : hex);
        assert_int_equal(find(text, x, &ambiguous), 0);
        assert_int_equal(find(text, y, &ambiguous), UCDN_NONE);
    }
    X509_free(x);
    X509_free(y);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
}

/* A certificate that is two uCDNs is none. */
static void test_ambiguous(void **state)
{
    (void)state;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = make_certificate(router, "DNS:a.example,DNS:b.example", key);
    bool ambiguous;
    assert_int_equal(find("a: {certificates: [{san: dns:a.example}]}\n"
                          "b: {certificates: [{san: dns:b.example}]}\n",
                          x, &ambiguous),
                     UCDN_NONE);
    assert_true(ambiguous);
    assert_int_equal(
        find("a: {certificates: [{san: dns:a.example}, {san: dns:b.example}]}\n", x, &ambiguous),
        0);
    assert_false(ambiguous);
    X509_free(x);
    /* Nothing to know it by. */
    x = make_certificate(NULL, NULL, key);
    assert_int_equal(find("a: {certificates: [{san: dns:a.example}]}\n", x, &ambiguous), UCDN_NONE);
    assert_false(ambiguous);
    X509_free(x);
    EVP_PKEY_free(key);
}

/* Every allocation fails once: there is no table then, and nothing is lost. */
static void test_no_memory(void **state)
{
    (void)state;
    buf_t text = BUF_INIT, why = BUF_INIT;
    assert_int_equal(
        store_file_read(AT_FDCWD, GOLDEN "/valid/product/ucdns.yaml", 1 << 20, &text, &why),
        ERR_OK);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = make_certificate(router, "DNS:ucdn-a.example,URI:https://ucdn-a.example/router", key);
    long before = failmalloc_live();
    bool refused = true;
    for (size_t n = 1; refused; n++) {
        findings_t findings;
        findings_init(&findings, 0);
        ucdns_t *ucdns = NULL;
        failmalloc_arm(n);
        err_t err = ucdns_parse(buf_slice(&text), SLICE_LIT("u.yaml"), &ucdns, &findings);
        bool ambiguous = false;
        size_t found = err ? 0 : ucdns_find_certificate(ucdns, x, &ambiguous);
        refused = failmalloc_disarm();
        assert_false(ambiguous);
        if (err) {
            assert_true(refused);
            assert_int_equal(err, ERR_NOMEM);
            assert_null(ucdns);
        } else {
            /* Of a certificate that could not be looked at whole nobody is known. */
            assert_true(found == 0 || (refused && found == UCDN_NONE));
        }
        ucdns_unref(ucdns);
        findings_release(&findings);
        assert_int_equal(failmalloc_live(), before);
    }
    X509_free(x);
    EVP_PKEY_free(key);
    buf_release(&text);
    buf_release(&why);
}

int main(void)
{
    static struct CMUnitTest tests[64] = {
        cmocka_unit_test(test_load),      cmocka_unit_test(test_open),
        cmocka_unit_test(test_users),     cmocka_unit_test(test_certificates),
        cmocka_unit_test(test_pins),      cmocka_unit_test(test_ambiguous),
        cmocka_unit_test(test_no_memory),
    };
    size_t own = 7;
    size_t count = golden_cases_add(GOLDEN, "valid", test_golden, tests, own, 64);
    count = golden_cases_add(GOLDEN, "invalid", test_golden, tests, count, 64);
    int failed = _cmocka_run_group_tests("ucdns", tests, count, NULL, NULL);
    golden_cases_release(tests, own, count);
    if (count < own + 10) {
        (void)fprintf(stderr, "the golden cases are missing\n");
        return 1;
    }
    return failed;
}
