#include "fixture.h"
#include "prng.h"

#include "footprintd/model/footprint.h"

/* ---- strict parsers ---- */

static void test_asn(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t value;
    } valid[] = {
        {"as64511", 64511},           {"as0", 0}, {"as7", 7}, {"as65551", 65551},
        {"as4294967295", UINT32_MAX},
    };
    static const char *const invalid[] = {
        "64511",
        "AS64511",
        "As64511",
        "as064511",
        "as00",
        "as4294967296",
        "as9999999999",
        "as10000000000",
        "as18446744073709551617",
        "as1.10",
        "as",
        "as-1",
        "as+1",
        "as1 ",
        " as1",
        "as1a",
        "",
        "a1",
        "asas1",
        "as\xd9\xa1",
    };
    for (size_t i = 0; i < sizeof valid / sizeof *valid; i++) {
        uint32_t got = 1;
        assert_true(fp_asn_parse(slice_str(valid[i].text), &got));
        assert_int_equal(got, valid[i].value);
    }
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++) {
        uint32_t got;
        if (fp_asn_parse(slice_str(invalid[i]), &got)) {
            fail_msg("'%s' is taken", invalid[i]);
        }
    }
}

static void check_code(bool (*parse)(slice_t, fp_code_t *), const char *text, bool ok)
{
    fp_code_t code = 0;
    if (parse(slice_str(text), &code) != ok) {
        fail_msg("'%s' is %s", text, ok ? "refused" : "taken");
    }
    if (ok) {
        char out[8];
        assert_true(slice_is(slice_of(out, fp_code_format(code, out)), text));
    }
}

static void test_codes(void **state)
{
    (void)state;
    static const char *const countries[] = {"de", "no", "zz", "aa"};
    static const char *const not_countries[] = {"DE", "De", "deu", "d",   "d1",  "",
                                                "1d", "d-", "ä",   "de ", " de", "d\xc3"};
    static const char *const subdivisions[] = {"us-wa", "ca-qc", "gb-sct", "at-7", "fr-01", "de-b"};
    static const char *const not_subdivisions[] = {"us",    "us-",  "us-abcd", "us_wa",  "us-WA",
                                                   "US-wa", "u-wa", "usa-wa",  "us--a",  "-us-wa",
                                                   "us-w-", "us-ä", "",        "us-wa ", "1s-wa"};
    for (size_t i = 0; i < sizeof countries / sizeof *countries; i++) {
        check_code(fp_country_parse, countries[i], true);
        check_code(fp_subdivision_parse, countries[i], false);
    }
    for (size_t i = 0; i < sizeof not_countries / sizeof *not_countries; i++) {
        check_code(fp_country_parse, not_countries[i], false);
    }
    for (size_t i = 0; i < sizeof subdivisions / sizeof *subdivisions; i++) {
        check_code(fp_subdivision_parse, subdivisions[i], true);
        check_code(fp_country_parse, subdivisions[i], false);
    }
    for (size_t i = 0; i < sizeof not_subdivisions / sizeof *not_subdivisions; i++) {
        check_code(fp_subdivision_parse, not_subdivisions[i], false);
    }
    fp_code_t code = 0;
    assert_true(fp_subdivision_parse(SLICE_LIT("us-ny"), &code));
    assert_true(code == UINT64_C(0x75732d6e79000000));
}

static void test_pid(void **state)
{
    (void)state;
    char longest[66];
    memset(longest, 'p', sizeof longest);
    assert_true(fp_pid_valid(slice_of(longest, 64)));
    assert_false(fp_pid_valid(slice_of(longest, 65)));
    static const char *const valid[] = {"north-italy", "pid1", "0", "a:b@c_d-E", "-", "@"};
    static const char *const invalid[] = {"", "a b", "a.b", ".", "a/b", "ä", "a\n", "a\"", "a~b"};
    for (size_t i = 0; i < sizeof valid / sizeof *valid; i++) {
        assert_true(fp_pid_valid(slice_str(valid[i])));
    }
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++) {
        assert_false(fp_pid_valid(slice_str(invalid[i])));
    }
    assert_false(fp_pid_valid(SLICE_LIT("a\0b")));
}

static void test_types(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FP_TYPE_COUNT; i++) {
        slice_t name = slice_str(fp_type_infos[i].name);
        assert_int_equal(fp_type_find(name), i);
        /* The order of the types is the byte order of their names. */
        assert_true(i == 0 || slice_cmp(slice_str(fp_type_infos[i - 1].name), name) < 0);
        assert_true(strlen(fp_type_infos[i].wants) > 0 && strlen(fp_type_infos[i].reference) > 0);
    }
    static const char *const no[] = {"", "cidr", "ASN", "ipv4cid", "ipv4cidrs", "pid", "asn "};
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        assert_int_equal(fp_type_find(slice_str(no[i])), FP_TYPE_COUNT);
    }
}

/* ---- values and their text ---- */

static void check_text(const fp_values_t *v, size_t i, const char *want)
{
    char out[FP_VALUE_TEXT_MAX];
    assert_true(slice_is(fp_value_text(v, i, out), want));
}

static void test_value_text(void **state)
{
    (void)state;
    const uint32_t asns[] = {0, 9, 10, 64496, UINT32_MAX};
    fp_values_t v = {FP_ASN, 5, {.asn = asns}};
    static const char *const want[] = {"as0", "as9", "as10", "as64496", "as4294967295"};
    for (size_t i = 0; i < 5; i++) {
        check_text(&v, i, want[i]);
    }
    fp_code_t codes[2];
    assert_true(fp_country_parse(SLICE_LIT("de"), &codes[0]));
    assert_true(fp_subdivision_parse(SLICE_LIT("us-abc"), &codes[1]));
    v = (fp_values_t){FP_SUBDIVISIONCODE, 2, {.code = codes}};
    check_text(&v, 0, "de");
    check_text(&v, 1, "us-abc");
    slice_t pid = SLICE_LIT("pid-a");
    v = (fp_values_t){FP_ALTOPID, 1, {.pid = &pid}};
    check_text(&v, 0, "pid-a");
    static const struct {
        const char *in, *out;
    } prefixes[] = {
        {"192.0.2.1/32", "192.0.2.1/32"},
        {"192.0.2.7/24", "192.0.2.0/24"},
        {"255.255.255.255/32", "255.255.255.255/32"},
        {"0.0.0.0/0", "0.0.0.0/0"},
        {"2001:DB8:0:0::/32", "2001:db8::/32"},
        {"::/0", "::/0"},
        {"2001:db8:1111:2222:3333:4444:5555:6666/128",
         "2001:db8:1111:2222:3333:4444:5555:6666/128"},
        {"::ffff:192.0.2.1/128", "::ffff:192.0.2.1/128"},
    };
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        prefix_t p;
        bool bits;
        assert_int_equal(prefix_parse(slice_str(prefixes[i].in), &p, &bits), ERR_OK);
        v = p.family == FAMILY_IPV4 ? (fp_values_t){FP_IPV4CIDR, 1, {.v4 = &p.u.v4}}
                                    : (fp_values_t){FP_IPV6CIDR, 1, {.v6 = &p.u.v6}};
        check_text(&v, 0, prefixes[i].out);
    }
}

/* ---- order ---- */

static const uint32_t a1[] = {1}, a12[] = {1, 2}, a13[] = {1, 3}, a2[] = {2};
static const fp_values_t asn_1 = {FP_ASN, 1, {.asn = a1}}, asn_12 = {FP_ASN, 2, {.asn = a12}},
                         asn_13 = {FP_ASN, 2, {.asn = a13}}, asn_2 = {FP_ASN, 1, {.asn = a2}};
static const prefix4_t p4a[] = {{0xc0000200, 24}}, p4b[] = {{0xc0000200, 25}},
                       p4c[] = {{0xc0000300, 24}};
static const fp_values_t v4a = {FP_IPV4CIDR, 1, {.v4 = p4a}}, v4b = {FP_IPV4CIDR, 1, {.v4 = p4b}},
                         v4c = {FP_IPV4CIDR, 1, {.v4 = p4c}};
static const prefix6_t p6a[] = {{{0x20010db800000000, 0}, 32}};
static const fp_values_t v6a = {FP_IPV6CIDR, 1, {.v6 = p6a}};

static void test_values_order(void **state)
{
    (void)state;
    const fp_values_t *const order[] = {&asn_1, &asn_12, &asn_13, &asn_2, &v4a, &v4b, &v4c, &v6a};
    for (int i = 0; i < 8; i++) {
        for (int k = 0; k < 8; k++) {
            int cmp = fp_values_cmp(order[i], order[k]);
            assert_int_equal((cmp > 0) - (cmp < 0), (i > k) - (i < k));
        }
    }
    fp_values_t copy = asn_12;
    assert_int_equal(fp_values_cmp(&copy, &asn_12), 0);
}

static void test_sets_order(void **state)
{
    (void)state;
    const fp_values_t *const m1[] = {&asn_1, &v4a}, *const m2[] = {&asn_1, &v4b},
                             *const m3[] = {&asn_1, &v4a, &v6a};
    const fp_constraint_t asn = {FP_ASN, &asn_1, NULL, 0}, asn2 = {FP_ASN, &asn_2, NULL, 0},
                          v4 = {FP_IPV4CIDR, &v4a, NULL, 0}, u1 = {FP_UNION, NULL, m1, 2},
                          u2 = {FP_UNION, NULL, m2, 2}, u3 = {FP_UNION, NULL, m3, 3},
                          u0 = {FP_UNION, NULL, m1, 1};
    const fp_constraint_t s_asn_u1[] = {asn, u1}, s_asn_v4[] = {asn, v4}, s_u_v4[] = {u1, v4};
    const fp_set_t order[] = {
        {NULL, 0}, {&asn, 1},   {s_asn_u1, 2}, {s_asn_v4, 2}, {&asn2, 1}, {&u0, 1},
        {&u1, 1},  {s_u_v4, 2}, {&u3, 1},      {&u2, 1},      {&v4, 1},
    };
    int n = (int)(sizeof order / sizeof *order);
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < n; k++) {
            int cmp = fp_set_cmp(&order[i], &order[k]);
            if ((cmp > 0) - (cmp < 0) != (i > k) - (i < k)) {
                fail_msg("%d and %d", i, k);
            }
        }
    }
    assert_true(fp_set_has(&order[2], FP_ASN));
    assert_true(fp_set_has(&order[2], FP_UNION));
    assert_true(fp_set_has(&order[2], FP_IPV4CIDR)); /* as a member */
    assert_false(fp_set_has(&order[2], FP_IPV6CIDR));
    assert_true(fp_set_has(&order[8], FP_IPV6CIDR));
    assert_false(fp_set_has(&order[0], FP_ASN));
}

/* ---- what a document's footprint becomes ---- */

static const model_footprint_t *named(const model_t *m, const char *name)
{
    for (size_t i = 0; i < m->footprint_count; i++) {
        if (slice_is(m->footprints[i].name, name)) {
            return &m->footprints[i];
        }
    }
    fail_msg("no footprint %s", name);
    return NULL;
}

static void test_named_footprints(void **state)
{
    (void)state;
    fixture_file_t file = {"a.yaml", "footprints:\n"
                                     "  b: {cidr: [198.51.100.0/24, 2001:db8::/32, 192.0.2.0/24,\n"
                                     "             192.0.2.0/24]}\n"
                                     "  a: {asn: [as2, as1], countrycode: [de]}\n"
                                     "  c: {cidr: [2001:db8::/48]}\n"};
    findings_t f;
    findings_init(&f, 0);
    model_t *m = fixture_model(&file, 1, &f);
    assert_non_null(m);
    assert_int_equal(m->footprint_count, 3);
    assert_int_equal(m->prefix_count, 4);
    assert_true(slice_is(m->footprints[0].name, "a") && slice_is(m->footprints[2].name, "c"));
    const model_footprint_t *b = named(m, "b");
    assert_int_equal(b->line, 2);
    assert_int_equal(b->column, 3);
    assert_int_equal(b->set_count, 2);
    assert_int_equal(b->sets[0].constraints[0].type, FP_IPV4CIDR);
    assert_int_equal(b->sets[0].constraints[0].values->count, 2);
    check_text(b->sets[0].constraints[0].values, 0, "192.0.2.0/24");
    check_text(b->sets[0].constraints[0].values, 1, "198.51.100.0/24");
    assert_int_equal(b->sets[1].constraints[0].type, FP_IPV6CIDR);
    const model_footprint_t *a = named(m, "a");
    assert_int_equal(a->set_count, 1);
    assert_int_equal(a->sets[0].count, 2);
    check_text(a->sets[0].constraints[0].values, 0, "as1");
    assert_int_equal(named(m, "c")->set_count, 1);
    model_free(m);
    findings_release(&f);
}

/* Values are sorted and unique, whatever order a document has. */
static void test_random_values(void **state)
{
    (void)state;
    prng_t p = prng_start();
    for (unsigned round = 0; round < 50; round++) {
        buf_t text = BUF_INIT;
        buf_append_str(&text, "footprints: {a: {cidr: [");
        size_t n = 1 + prng_below(&p, 300);
        for (size_t i = 0; i < n; i++) {
            if (prng_below(&p, 2)) {
                buf_printf(&text, "%s198.51.100.%u/32", i ? ", " : "",
                           (unsigned)prng_below(&p, 256));
            } else {
                buf_printf(&text, "%s2001:db8:0:%x::/64", i ? ", " : "",
                           (unsigned)prng_below(&p, 256));
            }
        }
        buf_append_str(&text, "], asn: [");
        for (size_t i = 0; i < n; i++) {
            buf_printf(&text, "%sas%u", i ? ", " : "", 64496 + (unsigned)prng_below(&p, 16));
        }
        buf_append_str(&text, "]}}\n");
        buf_append_char(&text, '\0');
        fixture_file_t file = {"a.yaml", text.ptr};
        findings_t f;
        findings_init(&f, 0);
        model_t *m = fixture_model(&file, 1, &f);
        assert_non_null(m);
        const model_footprint_t *a = named(m, "a");
        size_t prefixes = 0;
        for (size_t s = 0; s < a->set_count; s++) {
            assert_int_equal(a->sets[s].count, 2);
            for (size_t c = 0; c < 2; c++) {
                const fp_values_t *v = a->sets[s].constraints[c].values;
                prefixes += v->type == FP_ASN ? 0 : v->count;
                for (size_t i = 1; i < v->count; i++) {
                    bool less = v->type == FP_ASN ? v->u.asn[i - 1] < v->u.asn[i]
                                : v->type == FP_IPV4CIDR
                                    ? v->u.v4[i - 1].addr < v->u.v4[i].addr
                                    : v->u.v6[i - 1].addr.hi < v->u.v6[i].addr.hi;
                    assert_true(less);
                }
            }
        }
        assert_int_equal(prefixes, m->prefix_count);
        model_free(m);
        findings_release(&f);
        buf_release(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asn),           cmocka_unit_test(test_codes),
        cmocka_unit_test(test_pid),           cmocka_unit_test(test_types),
        cmocka_unit_test(test_value_text),    cmocka_unit_test(test_values_order),
        cmocka_unit_test(test_sets_order),    cmocka_unit_test(test_named_footprints),
        cmocka_unit_test(test_random_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
