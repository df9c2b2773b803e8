/*
 * Differences: small cases with their numbers.
 */
#include "difference_fixture.h"

#include "failmalloc.h"

static geo_code_t code(const char *text)
{
    fp_code_t out = 0;
    assert_true(fp_country_parse(slice_str(text), &out));
    return out;
}

static pair_t compare(const char *before, const char *after, attributes_t *attributes)
{
    const char *const x[2] = {before, NULL}, *const y[2] = {after, NULL};
    return compare_files(x, y, attributes, &rails);
}

static const char *summary(pair_t *p)
{
    buf_clear(&p->text);
    difference_write_summary(p->d, &p->text);
    buf_append_char(&p->text, '\0');
    assert_false(buf_failed(&p->text));
    return p->text.ptr;
}

static const char *text_of(pair_t *p)
{
    buf_clear(&p->text);
    difference_write_text(p->d, false, &p->text);
    buf_append_char(&p->text, '\0');
    return p->text.ptr;
}

#define ROUTES(footprints, names)                                                                  \
    "version: 1\nfootprints:\n" footprints "capabilities:\n"                                       \
    "  - capability-type: FCI.DeliveryProtocol\n"                                                  \
    "    capability-value: {delivery-protocols: [http/1.1]}\n"                                     \
    "    footprints: [" names "]\n"

/* IPv4 by country: each from its first address to the next one's. */
typedef struct span {
    uint32_t start;
    const char *country; /* NULL: not known */
} span_t;

static attributes_t *places(const span_t *spans, size_t count)
{
    geo_table_t tables[ATTRIBUTE_SOURCE_COUNT] = {{0}};
    geo_table_t *t = &tables[ATTRIBUTE_COUNTRY];
    t->records = calloc(count + 1, sizeof *t->records);
    t->v4 = (geo_ranges4_t){calloc(count, sizeof(uint32_t)), calloc(count, sizeof(uint32_t)),
                            count};
    t->v6 = (geo_ranges6_t){calloc(1, sizeof(u128_t)), calloc(1, sizeof(uint32_t)), 1};
    t->record_count = count + 1;
    for (size_t i = 0; i < count; i++) {
        t->v4.start[i] = spans[i].start;
        t->v4.record[i] = spans[i].country ? (uint32_t)i + 1 : 0;
        t->records[i + 1].country = spans[i].country ? code(spans[i].country) : 0;
    }
    const bool present[ATTRIBUTE_SOURCE_COUNT] = {[ATTRIBUTE_COUNTRY] = true};
    attributes_t *out = NULL;
    assert_int_equal(attributes_from_tables_take(tables, present, &out), ERR_OK);
    return out;
}

static attributes_t *four_countries(void)
{
    static const span_t spans[] = {{0, NULL},          {0xc0000200, "de"}, {0xc0000300, "at"},
                                   {0xc0000400, "ch"}, {0xc0000500, "nl"}, {0xc0000600, NULL}};
    return places(spans, 6);
}

static const difference_coverage_t *row_of(const pair_t *p, const char *ad, const char *type)
{
    for (size_t i = 0; i < p->d->coverage_count; i++) {
        const difference_coverage_t *row = &p->d->coverage[i];
        if (slice_is(row->advertisement, ad) && slice_is(row->type, type)) {
            return row;
        }
    }
    fail_msg("there is no coverage of '%s' '%s'", ad, type);
    return NULL;
}

/* ---- numbers ---- */

static void test_amounts(void **unused)
{
    (void)unused;
    static const struct {
        difference_count_t count;
        family_t family;
        const char *decimal, *amount;
    } cases[] = {
        {{{0, 0}, 0}, FAMILY_IPV4, "0", "0 IPv4 addresses"},
        {{{0, 1}, 0}, FAMILY_IPV4, "1", "1 IPv4 address"},
        {{{0, UINT64_C(1) << 32}, 0}, FAMILY_IPV4, "4294967296", "4294967296 IPv4 addresses"},
        {{{0, 1}, 0}, FAMILY_IPV6, "1", "1 IPv6 address"},
        {{{0, UINT64_MAX}, 0},
         FAMILY_IPV6,
         "18446744073709551615",
         "18446744073709551615 IPv6 addresses"},
        {{{1, 0}, 0}, FAMILY_IPV6, "18446744073709551616", "1 /64"},
        {{{2, UINT64_C(1) << 63}, 0}, FAMILY_IPV6, "46116860184273879040", "2.50 /64"},
        {{{65536, 0}, 0}, FAMILY_IPV6, "1208925819614629174706176", "1 /48"},
        {{{65536 * 7, 0}, 0}, FAMILY_IPV6, "8462480737302404222943232", "7 /48"},
        {{{65536 + 32768, 0}, 0}, FAMILY_IPV6, "1813388729421943762059264", "1.50 /48"},
        {{{65536, 1}, 0}, FAMILY_IPV6, "1208925819614629174706177", "1.00 /48"},
        {{{0, 0}, 1},
         FAMILY_IPV6,
         "340282366920938463463374607431768211456",
         "281474976710656 /48"},
        {{{UINT64_MAX, UINT64_MAX}, 0},
         FAMILY_IPV6,
         "340282366920938463463374607431768211455",
         "281474976710656.00 /48"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char decimal[DIFFERENCE_DECIMAL_MAX], amount[DIFFERENCE_AMOUNT_MAX];
        assert_int_equal(difference_count_decimal(cases[i].count, decimal),
                         strlen(cases[i].decimal));
        assert_string_equal(decimal, cases[i].decimal);
        difference_count_amount(cases[i].count, cases[i].family, amount);
        assert_string_equal(amount, cases[i].amount);
    }
    assert_true(difference_count_share(cases[5].count, cases[11].count) > 0);
    assert_true(difference_count_share(cases[11].count, cases[11].count) == 1);
    assert_true(difference_count_share(cases[1].count, cases[0].count) == 0);
    assert_true(difference_count_cmp(cases[11].count, cases[12].count) > 0);
    assert_true(difference_count_cmp(cases[4].count, cases[5].count) < 0);
    assert_true(difference_count_cmp(cases[5].count, cases[5].count) == 0);
}

/* ---- documents ---- */

static const char base[] = ROUTES("  a: {cidr: [192.0.2.0/24, \"2001:db8::/47\"]}\n"
                                  "  b: {cidr: [192.0.3.0/24]}\n",
                                  "a, b");

static void test_identity(void **unused)
{
    (void)unused;
    /* Names of files, lines and the order of documents are no difference. */
    const char *const x[2] = {base, "version: 1\nadvertisement: other\n"};
    const char *const y[2] = {"# moved\nversion: 1\nadvertisement: other\n", base};
    pair_t p = compare_files(x, y, four_countries(), &rails);
    assert_true(p.d->same);
    assert_false(p.d->guard.asks);
    assert_string_equal(summary(&p), "no difference");
    assert_string_equal(text_of(&p), "no difference\n");
    assert_int_equal(low(p.d->coverage[0].moves[0].before), 512);
    assert_int_equal(low(p.d->coverage[0].moves[0].after), 512);
    release(&p);
}

static void test_footprints(void **unused)
{
    (void)unused;
    pair_t p = compare(
        ROUTES("  a: {cidr: [192.0.2.0/24, 192.0.3.0/24], asn: [as1]}\n"
               "  gone: {countrycode: [de, at]}\n"
               "  kept: {asn: [as3]}\n"
               "  u: {footprintunion: [{asn: [as1]}, {countrycode: [de]}]}\n",
               "a, u"),
        "# another line\n" ROUTES("  a: {cidr: [192.0.3.0/24, 192.0.4.0/24, \"2001:db8::/48\"]}\n"
                                  "  fresh: {subdivisioncode: [us-ny]}\n"
                                  "  kept: {asn: [as3]}\n"
                                  "  u: {footprintunion: [{asn: [as2]}, {countrycode: [de]}]}\n",
                                  "a, u"),
        NULL);
    const difference_t *d = p.d;
    assert_false(d->same);
    assert_int_equal(d->footprint_tally.added, 1);
    assert_int_equal(d->footprint_tally.removed, 1);
    assert_int_equal(d->footprint_tally.changed, 2);
    assert_int_equal(d->footprint_count, 4);
    const difference_footprint_t *f = d->footprints;
    assert_true(slice_is(f[0].after->name, "a") && f[0].before->line == 3 && f[0].after->line == 4);
    assert_int_equal(f[0].value_count, 3);
    assert_int_equal(f[0].values[0].type, FP_ASN);
    assert_null(f[0].values[0].after); /* a condition that is no more */
    assert_int_equal(f[0].values[0].removed, 1);
    assert_int_equal(f[0].values[1].type, FP_IPV4CIDR);
    assert_int_equal(f[0].values[1].added, 1);
    assert_int_equal(f[0].values[1].removed, 1);
    assert_int_equal(f[0].values[1].added_at[0], 1);
    assert_int_equal(f[0].values[1].removed_at[0], 0);
    assert_null(f[0].values[2].before);
    assert_true(!f[1].before && slice_is(f[1].after->name, "fresh"));
    assert_true(!f[2].after && slice_is(f[2].before->name, "gone"));
    assert_int_equal(f[2].values[0].removed, 2);
    assert_int_equal(f[3].value_count, 1);
    assert_int_equal(f[3].values[0].in_union, 1);
    release(&p);
}

static void test_lists_are_cut(void **unused)
{
    (void)unused;
    const char *const x[2] = {ROUTES("  a: {asn: [as1]}\n", "a"), NULL};
    const char *const y[2] = {ROUTES("  a: {asn: [as2, as3, as4, as5]}\n  b: {asn: [as1]}\n"
                                     "  c: {asn: [as1]}\n  d: {asn: [as9]}\n",
                                     "a, b, c, d"),
                              NULL};
    const difference_options_t two = {2, 0.1, 0.2, false};
    pair_t p = compare_files(x, y, NULL, &two);
    assert_int_equal(p.d->footprint_tally.added, 3);
    assert_int_equal(p.d->footprint_count, 2);
    assert_int_equal(p.d->footprints[0].values[0].added, 4);
    assert_int_equal(p.d->footprints[0].values[0].added_listed, 2);
    assert_int_equal(p.d->footprints[0].values[0].removed_listed, 1);
    /* b says what a said: that object was there before, and c's is it, too. */
    assert_int_equal(p.d->object_tally.added, 2);
    assert_int_equal(p.d->advertisements[0].object_count, 2);
    const char *text = text_of(&p);
    assert_non_null(strstr(text, "asn: -as1 +as2 +as3 ... (4 added)\n"));
    assert_non_null(strstr(text, "  ... and 2 more\n"));
    release(&p);
}

static void test_objects(void **unused)
{
    (void)unused;
    static const char before[] =
        "version: 1\nfootprints:\n  a: {cidr: [192.0.2.0/24]}\n  b: {cidr: [192.0.3.0/24]}\n"
        "capabilities:\n"
        "  - {capability-type: FCI.DeliveryProtocol, footprints: [a],\n"
        "     capability-value: {delivery-protocols: [http/1.1]}}\n"
        "  - {capability-type: FCI.Metadata, capability-value: {metadata: []},\n"
        "     footprints: [{countrycode: [de]}]}\n";
    static const char after[] =
        "version: 1\nfootprints:\n  a: {cidr: [192.0.2.0/25]}\n  b: {cidr: [192.0.3.0/24]}\n"
        "capabilities:\n"
        "  - {capability-type: FCI.DeliveryProtocol, footprints: [a, b],\n"
        "     capability-value: {delivery-protocols: [http/1.1]}}\n"
        "  - {capability-type: FCI.Metadata, capability-value: {metadata: [MI.Cache]},\n"
        "     footprints: [{countrycode: [de]}]}\n";
    pair_t p = compare(before, after, NULL);
    const difference_t *d = p.d;
    assert_int_equal(d->advertisement_count, 1);
    assert_int_equal(d->object_tally.changed, 1); /* a's */
    assert_int_equal(d->object_tally.added, 2);   /* b's; another value is another object */
    assert_int_equal(d->object_tally.removed, 1);
    const difference_object_t *o = d->advertisements[0].objects;
    assert_true(slice_is(o[0].before->footprint->name, "a") && o[0].after);
    assert_true(!o[1].before && slice_is(o[1].after->footprint->name, "b"));
    assert_true(!o[2].before && slice_is(o[2].after->capability->name, "FCI.Metadata"));
    assert_true(!o[3].after && slice_is(o[3].before->capability->name, "FCI.Metadata"));
    assert_string_equal(summary(&p), "1 footprint changed, 2 objects added, 1 object removed, "
                                     "1 object changed; +256 IPv4 addresses; -128 IPv4 addresses");
    release(&p);
}

static void test_audience(void **unused)
{
    (void)unused;
    static const char private[] = "audience: [u1]\n" ROUTES("  a: {cidr: [192.0.2.0/24]}\n", "a");
    pair_t p = compare(ROUTES("  a: {cidr: [192.0.2.0/24]}\n", "a"), private, NULL);
    assert_false(p.d->same);
    assert_int_equal(p.d->object_tally.changed, 1);
    assert_true(p.d->advertisements[0].objects[0].audience);
    assert_true(p.d->footprints[0].audience);
    assert_string_equal(summary(&p),
                        "1 footprint changed, 1 object changed; no address gained or lost");
    assert_non_null(strstr(text_of(&p), "audience: every uCDN -> u1\n"));
    release(&p);
}

#define MAP(name, more, pids) "  " name ":\n" more "    pids:\n" pids

static void test_network_maps(void **unused)
{
    (void)unused;
    pair_t p = compare(
        "version: 1\nnetwork-maps:\n" MAP("m", "    default: true\n",
                                          "      p1: {ipv4: [0.0.0.0/0], ipv6: [\"::/0\"]}\n"
                                          "      p2: {ipv4: [192.0.2.0/24, 192.0.3.0/24]}\n")
            MAP("n", "", "      q: {ipv4: [0.0.0.0/0], ipv6: [\"::/0\"]}\n"),
        "version: 1\nnetwork-maps:\n" MAP(
            "m", "",
            "      p1: {ipv4: [0.0.0.0/0], ipv6: [\"::/0\"]}\n"
            "      p2: {ipv4: [192.0.2.0/24, 192.0.4.0/24, 192.0.5.0/24]}\n"
            "      p3: {ipv6: [\"2001:db8::/32\"]}\n")
            MAP("n", "    default: true\n", "      q: {ipv4: [0.0.0.0/0], ipv6: [\"::/0\"]}\n"),
        NULL);
    const difference_t *d = p.d;
    assert_int_equal(d->map_count, 2);
    assert_int_equal(d->maps[0].tally.changed, 1);
    assert_int_equal(d->maps[0].tally.added, 1);
    assert_int_equal(d->maps[0].pids[0].values[0].added, 2);
    assert_int_equal(d->maps[0].pids[0].values[0].removed, 1);
    assert_int_equal(d->maps[0].pids[1].values[0].type, FP_IPV6CIDR);
    assert_int_equal(difference_tally_sum(d->maps[1].tally), 0);
    assert_non_null(strstr(text_of(&p), "becomes the default"));
    assert_string_equal(summary(&p), "1 network map changed, 1 PID added, 1 PID changed; "
                                     "no address gained or lost");
    release(&p);
    /* Without a map there is the one that is made. */
    p = compare("version: 1\n", "version: 1\nnetwork-maps:\n" MAP("m", "", "      p: {}\n"), NULL);
    assert_int_equal(p.d->map_count, 2);
    assert_true(p.d->maps[0].after && slice_is(p.d->maps[1].before->id, "netmap"));
    release(&p);
}

/* ---- addresses ---- */

static void test_addresses(void **unused)
{
    (void)unused;
    pair_t p = compare(base,
                       ROUTES("  a: {cidr: [192.0.2.0/25, \"2001:db8::/48\"]}\n"
                              "  b: {cidr: [192.0.3.0/24, 192.0.4.0/23]}\n",
                              "a, b"),
                       four_countries());
    const difference_coverage_t *all = p.d->coverage;
    assert_int_equal(p.d->coverage_count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(low(all[i].moves[0].before), 512);
        assert_int_equal(low(all[i].moves[0].after), 128 + 256 + 512);
        assert_int_equal(low(all[i].moves[0].gained), 512);
        assert_int_equal(low(all[i].moves[0].lost), 128);
        assert_int_equal(all[i].moves[1].lost.n.hi, 65536);
        assert_int_equal(all[i].countries_before, 2);
        assert_int_equal(all[i].countries_after, 4);
        assert_int_equal(all[i].countries_appeared, 2);
        assert_int_equal(all[i].country_count, 4); /* not at, which keeps what it has */
    }
    const difference_country_t *c = all->countries;
    assert_int_equal(c[0].code, 0);
    assert_int_equal(c[0].moves[1].lost.n.hi, 65536);
    assert_true(c[1].code == code("ch") && c[2].code == code("de") && c[3].code == code("nl"));
    assert_int_equal(low(c[1].moves[0].gained), 256);
    assert_int_equal(low(c[1].whole[0]), 256);
    assert_int_equal(low(c[2].moves[0].lost), 128);
    assert_string_equal(summary(&p),
                        "2 footprints changed, 3 objects changed; +512 IPv4 addresses in ch, nl; "
                        "-128 IPv4 addresses in de; -1 /48 in no known country");
    release(&p);
}

static void test_a_type_alone(void **unused)
{
    (void)unused;
    /* What one capability loses, another still covers. */
#define TWO(more)                                                                                  \
    ROUTES("  a: {cidr: [192.0.2.0/24]}\n", "a")                                                   \
    more "advertisement: x\n"
#define METADATA                                                                                   \
    "  - {capability-type: FCI.Metadata, capability-value: {metadata: []}, footprints: [a]}\n"
    pair_t p = compare(TWO(METADATA), TWO(""), NULL);
    assert_int_equal(low(row_of(&p, "", "")->moves[0].lost), 0);
    assert_int_equal(low(row_of(&p, "x", "")->moves[0].lost), 0);
    assert_int_equal(low(row_of(&p, "x", "FCI.Metadata")->moves[0].lost), 256);
    assert_string_equal(summary(&p), "1 object removed; x FCI.Metadata: -256 IPv4 addresses");
    assert_true(p.d->guard.asks);
    assert_int_equal(p.d->guard.breach_count, 1);
    assert_ptr_equal(p.d->guard.breaches[0].coverage, row_of(&p, "x", "FCI.Metadata"));
    release(&p);
}

static void test_summary_names_few_countries(void **unused)
{
    (void)unused;
    static const span_t spans[] = {{0, NULL},          {0xc0000200, "aa"}, {0xc0000240, "bb"},
                                   {0xc0000280, "cc"}, {0xc00002a0, "dd"}, {0xc00002c0, "ee"},
                                   {0xc00002e0, "ff"}};
    pair_t p = compare(ROUTES("  a: {cidr: [203.0.113.0/32]}\n", "a"),
                       ROUTES("  a: {cidr: [203.0.113.0/32, 192.0.2.0/24]}\n", "a"),
                       places(spans, 7));
    assert_string_equal(summary(&p), "1 footprint changed, 1 object changed; "
                                     "+256 IPv4 addresses in aa, bb, cc, dd and 2 more");
    release(&p);
}

/* ---- guard rails ---- */

static const difference_breach_t *breach(const pair_t *p, difference_rail_t rail, bool lost)
{
    for (size_t i = 0; i < p->d->guard.breach_listed; i++) {
        const difference_breach_t *b = &p->d->guard.breaches[i];
        if (b->rail == rail && b->lost == lost) {
            return b;
        }
    }
    return NULL;
}

static void test_address_rail(void **unused)
{
    (void)unused;
    static const char ten[] = ROUTES("  a: {cidr: [192.0.2.0/29, 192.0.2.8/31]}\n", "a");
    static const char nine[] = ROUTES("  a: {cidr: [192.0.2.0/29, 192.0.2.8/32]}\n", "a");
    static const char eight[] = ROUTES("  a: {cidr: [192.0.2.0/29]}\n", "a");
    pair_t p = compare(ten, nine, NULL); /* just the share that is free */
    assert_false(p.d->guard.asks);
    release(&p);
    p = compare(ten, eight, NULL);
    assert_true(p.d->guard.asks);
    assert_int_equal(p.d->guard.breach_count, 1); /* cdni and its type are the same */
    const difference_breach_t *b = breach(&p, RAIL_ADDRESSES, true);
    assert_true(b && b->family == FAMILY_IPV4 && b->share == 0.2 && b->allowed == 0.1);
    assert_non_null(strstr(text_of(&p), "everything loses 20% of its IPv4 addresses"));
    release(&p);
    p = compare(eight, ten, NULL);
    b = breach(&p, RAIL_ADDRESSES, false);
    assert_true(b && b->share == 0.25);
    assert_null(breach(&p, RAIL_ADDRESSES, true));
    release(&p);
    /* A family that nothing was covered of: its share is of all of it. */
    p = compare(eight, ROUTES("  a: {cidr: [192.0.2.0/29, \"2001:db8::/32\"]}\n", "a"), NULL);
    assert_false(p.d->guard.asks);
    release(&p);
    p = compare(eight, ROUTES("  a: {cidr: [192.0.2.0/29, \"2000::/3\"]}\n", "a"), NULL);
    b = breach(&p, RAIL_ADDRESSES, false);
    assert_true(b && b->family == FAMILY_IPV6 && b->share == 0.125);
    release(&p);
}

static void test_country_rails(void **unused)
{
    (void)unused;
    const difference_options_t by_country = {0, 10, 0.2, false};
    /* One country of two appears, but only a fifth of it. */
    const char *const x[2] = {ROUTES("  a: {cidr: [192.0.2.0/29, 192.0.3.0/29]}\n", "a"), NULL};
    const char *const y[2] = {
        ROUTES("  a: {cidr: [192.0.2.0/29, 192.0.3.0/29, 192.0.4.0/27]}\n", "a"), NULL};
    pair_t p = compare_files(x, y, four_countries(), &by_country);
    const difference_breach_t *b = breach(&p, RAIL_COUNTRIES, false);
    assert_true(b && b->share == 0.5 && b->allowed == 0.2);
    assert_null(breach(&p, RAIL_COUNTRY, false));
    release(&p);
    p = compare_files(y, x, four_countries(), &by_country);
    b = breach(&p, RAIL_COUNTRIES, true);
    assert_true(b && b->share == 1 / 3.);
    release(&p);
    /* No country appears, but one is widened by a quarter of it. */
    const char *const z[2] = {
        ROUTES("  a: {cidr: [192.0.2.0/29, 192.0.3.0/29, 192.0.2.64/26]}\n", "a"), NULL};
    p = compare_files(x, z, four_countries(), &by_country);
    assert_null(breach(&p, RAIL_COUNTRIES, false));
    b = breach(&p, RAIL_COUNTRY, false);
    assert_true(b && b->country->code == code("de") && b->share == 0.25);
    assert_non_null(strstr(text_of(&p), "everything gains 25% of the IPv4 addresses of de"));
    release(&p);
    p = compare_files(x, z, NULL, &by_country);
    assert_false(p.d->guard.asks);
    release(&p);
}

static void test_nothing(void **unused)
{
    (void)unused;
    const difference_options_t lax = {0, 1, 1, false};
    static const char everywhere[] = ROUTES("  a: {asn: [as1]}\n", "everywhere");
    const char *const none[2] = {NULL, NULL}, *const empty[2] = {"version: 1\n", NULL},
                      *const all[2] = {everywhere, NULL};
    for (unsigned i = 0; i < 2; i++) {
        const char *const *nothing = i ? empty : none;
        pair_t p = compare_files(nothing, all, four_countries(), &rails);
        assert_true(p.d->guard.from_nothing && !p.d->guard.to_nothing && !p.d->guard.asks);
        assert_int_equal(low(p.d->coverage[0].moves[0].gained), UINT64_C(1) << 32);
        assert_int_equal(p.d->coverage[0].moves[1].gained.top, 1);
        release(&p);
        p = compare_files(all, nothing, four_countries(), &lax);
        assert_true(p.d->guard.to_nothing && p.d->guard.asks);
        assert_non_null(breach(&p, RAIL_NOTHING_LEFT, true));
        assert_int_equal(p.d->coverage[0].moves[1].lost.top, 1);
        assert_non_null(strstr(text_of(&p), "everything: nothing would be covered any more"));
        release(&p);
    }
    pair_t p = compare_files(none, none, NULL, &rails);
    assert_true(p.d->same && !p.d->guard.asks);
    release(&p);
    /* A capability that is new covers what it covers; but not everything unasked. */
    p = compare(ROUTES("  a: {countrycode: [de]}\n", "a"),
                ROUTES("  a: {countrycode: [de]}\n", "a") METADATA, four_countries());
    assert_false(p.d->guard.asks);
    release(&p);
}

static void test_snapshots(void **unused)
{
    (void)unused;
    snapshot_t *before = fixture_one(ROUTES("  a: {cidr: [192.0.2.0/24]}\n", "a"));
    snapshot_t *after = fixture_one(ROUTES("  a: {cidr: [192.0.2.0/25]}\n", "a"));
    snapshot_t *sides[][2] = {{before, after}, {NULL, after}, {before, NULL}, {NULL, NULL}};
    static const char *const want[] = {
        "1 footprint changed, 1 object changed; -128 IPv4 addresses",
        "1 footprint added, 1 advertisement added, 1 object added, 1 network map added, "
        "1 PID added; +128 IPv4 addresses",
        "1 footprint removed, 1 advertisement removed, 1 object removed, 1 network map removed, "
        "1 PID removed; -256 IPv4 addresses",
        "no difference"};
    assert_null(snapshot_memo(before));
    /* The second time with what was counted of them the first time. */
    for (size_t i = 0; i < 8; i++) {
        pair_t p = {0};
        arena_init(&p.arena, 0);
        assert_int_equal(
            difference_make_snapshots(sides[i % 4][0], sides[i % 4][1], &rails, &p.arena, &p.d),
            ERR_OK);
        assert_string_equal(summary(&p), want[i % 4]);
        assert_non_null(text_of(&p));
        assert_non_null(snapshot_memo(before));
        assert_non_null(snapshot_memo(after));
        release(&p);
    }
    snapshot_unref(before);
    snapshot_unref(after);
}

/* ---- JSON ---- */

#define COSTS(costs)                                                                               \
    "version: 1\nnetwork-maps: {m: {pids: {a: {ipv4: [0.0.0.0/0]}, b: {ipv6: ['::/0']}}}}\n"       \
    "cost-maps: {c: {network-map: m, cost-metric: routingcost, cost-mode: numerical, " costs       \
    "}}\n"

/* Pairs with another cost are counted; where the costs stand is no difference. */
static void test_costs(void **unused)
{
    (void)unused;
    pair_t p = compare(COSTS("costs: {a: {a: 1, b: 2}, b: {b: 3}}"),
                       COSTS("costs: {a: {a: 1.0, b: 2.5}, b: {a: 4}}"), NULL);
    assert_false(p.d->same);
    assert_int_equal(p.d->cost_count, 1);
    assert_int_equal(p.d->costs[0].tally.changed, 1);
    assert_int_equal(p.d->costs[0].tally.added, 1);
    assert_int_equal(p.d->costs[0].tally.removed, 1);
    buf_t out = BUF_INIT;
    difference_write_summary(p.d, &out);
    if (!slice_is(buf_slice(&out), "1 cost added, 1 cost removed, 1 cost changed; no address "
                                   "gained or lost")) {
        fail_msg("%.*s", SLICE_ARG(buf_slice(&out)));
    }
    buf_clear(&out);
    difference_write_text(p.d, false, &out);
    assert_non_null(
        memmem(out.ptr, out.len, "cost map c: 1 costs changed, 1 added, 1 removed\n", 48));
    buf_clear(&out);
    difference_write_json(p.d, &out);
    static const char want[] =
        "\"cost-maps\":[{\"cost-map\":\"c\",\"change\":\"changed\",\"type-changed\":"
        "false,\"audience-changed\":false,\"added\":1,\"removed\":1,"
        "\"changed\":1}]";
    if (!memmem(out.ptr, out.len, want, sizeof want - 1)) {
        fail_msg("%.*s", SLICE_ARG(buf_slice(&out)));
    }
    buf_release(&out);
    release(&p);
    p = compare(COSTS("default-cost: 7"), COSTS("costs: {b: {a: 7, b: 7.0}, a: {a: 7, b: 7}}"),
                NULL);
    assert_true(p.d->same && !p.d->cost_count);
    release(&p);
    p = compare("version: 1\n", COSTS("default-cost: 7"), NULL);
    assert_int_equal(p.d->cost_count, 1);
    assert_int_equal(p.d->costs[0].tally.added, 4);
    release(&p);
}

static void test_json(void **unused)
{
    (void)unused;
    pair_t p = compare(base, ROUTES("  a: {cidr: [192.0.2.0/24]}\n", "everywhere"),
                       four_countries());
    buf_t out = BUF_INIT;
    arena_t arena;
    arena_init(&arena, 0);
    difference_write_json(p.d, &out);
    const json_value_t *v = fixture_json(&arena, buf_slice(&out));
    static const char *const members[] = {"same",         "summary",    "footprints",
                                          "network-maps", "cost-maps",  "advertisements",
                                          "coverage",     "guard-rails"};
    assert_int_equal(v->u.object.count, 8);
    for (size_t i = 0; i < 8; i++) {
        assert_true(slice_is(v->u.object.members[i].name, members[i]));
    }
    const json_value_t *row = &json_get(v, "coverage")->u.array.items[0];
    const json_value_t *v4 = json_get(row, "ipv4"), *v6 = json_get(row, "ipv6");
    assert_true(slice_is(json_get(v4, "gained")->u.text, "4294966784"));
    assert_int_equal(json_get(v4, "gained")->kind, JSON_NUMBER);
    assert_int_equal(json_get(v6, "before")->kind, JSON_STRING);
    assert_true(slice_is(json_get(v6, "after")->u.text, "340282366920938463463374607431768211456"));
    assert_true(slice_is(json_get(v4, "lost-of-before")->u.text, "0"));
    arena_release(&arena);
    buf_release(&out);
    release(&p);
}

/* ---- memory that runs out ---- */

static void test_failing_allocations(void **unused)
{
    (void)unused;
    pair_t p = compare(base,
                       ROUTES("  a: {cidr: [192.0.2.0/25]}\n  c: {countrycode: [nl]}\n", "a, c")
                           METADATA "network-maps:\n" MAP("m", "", "      p: {}\n"),
                       four_countries());
    arena_release(&p.arena);
    long live = failmalloc_live();
    size_t n = 1;
    for (;; n++) {
        failmalloc_arm(n);
        err_t err = make(&p, &rails);
        bool refused = failmalloc_disarm();
        assert_int_equal(err, refused ? ERR_NOMEM : ERR_OK);
        if (!refused) {
            break;
        }
        arena_release(&p.arena);
        assert_int_equal(failmalloc_live(), live);
    }
    assert_true(n > 15);
    /* Writers fail their buffer. */
    for (n = 1;; n++) {
        buf_t out = BUF_INIT;
        failmalloc_arm(n);
        difference_write_json(p.d, &out);
        difference_write_text(p.d, true, &out);
        bool refused = failmalloc_disarm();
        assert_int_equal(buf_failed(&out), refused);
        buf_release(&out);
        if (!refused) {
            break;
        }
    }
    release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_amounts),
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_footprints),
        cmocka_unit_test(test_lists_are_cut),
        cmocka_unit_test(test_objects),
        cmocka_unit_test(test_audience),
        cmocka_unit_test(test_network_maps),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_a_type_alone),
        cmocka_unit_test(test_summary_names_few_countries),
        cmocka_unit_test(test_address_rail),
        cmocka_unit_test(test_country_rails),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_snapshots),
        cmocka_unit_test(test_costs),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
