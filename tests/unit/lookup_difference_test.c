/*
 * Differences: small cases with their numbers, and random ones against a count of every address.
 */
#include "fixture.h"
#include "naive_join.h"

#include "failmalloc.h"

#include "footprintd/lookup/difference.h"

/* ---- what is compared ---- */

typedef struct pair {
    model_t *model[2]; /* before, after */
    join_index_t *join[2];
    attributes_t *attributes;
    arena_t arena;
    difference_t *d;
    buf_t text;
} pair_t;

static difference_side_t side(const pair_t *p, unsigned i)
{
    return (difference_side_t){p->model[i], p->join[i]};
}

static const difference_options_t rails = {0, 0.1, 0.2};

static err_t make(pair_t *p, const difference_options_t *options)
{
    arena_release(&p->arena);
    return difference_make(side(p, 0), side(p, 1), p->attributes, options, &p->arena, &p->d);
}

/* Each side in one document, or in a "b.yaml" too; text NULL: nothing at all. Takes attributes. */
static pair_t compare_files(const char *const before[2], const char *const after[2],
                            attributes_t *attributes, const difference_options_t *options)
{
    pair_t p = {.attributes = attributes};
    arena_init(&p.arena, 0);
    for (unsigned i = 0; i < 2; i++) {
        const char *const *texts = i ? after : before;
        fixture_file_t files[] = {{"a.yaml", texts[0]}, {"b.yaml", texts[1]}};
        findings_t findings;
        findings_init(&findings, 0);
        if (texts[0]) {
            p.model[i] = fixture_model(files, texts[1] ? 2 : 1, &findings);
            if (!p.model[i]) {
                buf_t text = BUF_INIT;
                finding_format(&findings.items[0], &text);
                fail_msg("%.*s", SLICE_ARG(buf_slice(&text)));
            }
            assert_int_equal(join_build(p.model[i], attributes, &p.join[i]), ERR_OK);
        }
        findings_release(&findings);
    }
    assert_int_equal(make(&p, options), ERR_OK);
    return p;
}

static pair_t compare(const char *before, const char *after, attributes_t *attributes)
{
    const char *const x[2] = {before, NULL}, *const y[2] = {after, NULL};
    return compare_files(x, y, attributes, &rails);
}

static void release(pair_t *p)
{
    arena_release(&p->arena);
    buf_release(&p->text);
    for (unsigned i = 0; i < 2; i++) {
        join_free(p->join[i]);
        model_free(p->model[i]);
    }
    attributes_unref(p->attributes);
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

static uint64_t low(difference_count_t c)
{
    assert_true(!c.top && !c.n.hi);
    return c.n.lo;
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
    const difference_options_t two = {2, 0.1, 0.2};
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
    const difference_options_t by_country = {0, 10, 0.2};
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
    const difference_options_t lax = {0, 1, 1};
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

/* ---- JSON ---- */

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
    static const char *const members[] = {"same",         "summary",        "footprints",
                                          "network-maps", "advertisements", "coverage",
                                          "guard-rails"};
    assert_int_equal(v->u.object.count, 7);
    for (size_t i = 0; i < 7; i++) {
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

/* ---- against a count of every address ---- */

/* All that documents and databases tell apart lies in so many addresses from these on. */
#define UNIVERSE 512
static const u128_t universe[FAMILY_COUNT] = {{0, 0xc0000200}, {UINT64_C(0x20010db8) << 32, 0}};

#define FOOTPRINTS   5
#define CAPABILITIES 8

/* Lines of a document, which the other side has in common in part. */
typedef struct draft {
    char footprints[FOOTPRINTS][400];
    char capabilities[2][CAPABILITIES][300]; /* of two documents; "" for none */
} draft_t;

static void put_values(buf_t *out, unsigned kind)
{
    buf_append_char(out, '[');
    for (uint32_t i = 0, n = 1 + rnd(3); i < n; i++) {
        char text[PREFIX_TEXT_MAX];
        unsigned bits = rnd(10); /* of the hosts */
        uint32_t host = rnd(UNIVERSE) >> bits << bits;
        buf_append_str(out, i ? ", " : "");
        if (kind == 0 && rnd(2)) {
            (void)prefix_format_v6((prefix6_t){plus(universe[1], host), (uint8_t)(128 - bits)},
                                   text);
            buf_printf(out, "\"%s\"", text);
        } else if (kind == 0) {
            (void)prefix_format_v4(
                (prefix4_t){(uint32_t)universe[0].lo + host, (uint8_t)(32 - bits)}, text);
            buf_append_str(out, text);
        } else if (kind == 1) {
            buf_printf(out, "as%u", 64496 + rnd(6));
        } else {
            buf_append_str(out, kind == 2 ? countries[rnd(5)] : subdivisions[rnd(5)]);
        }
    }
    buf_append_char(out, ']');
}

static void keep_text(buf_t *text, char *out, size_t size)
{
    buf_append_char(text, '\0');
    assert_true(!buf_failed(text) && text->len <= size);
    memcpy(out, text->ptr, text->len);
    buf_release(text);
}

static void draft_footprint(draft_t *d, unsigned n)
{
    buf_t text = BUF_INIT;
    unsigned kind = rnd(5);
    buf_printf(&text, "  f%u: {", n);
    if (kind == 4) {
        unsigned first = rnd(4);
        buf_printf(&text, "footprintunion: [{%s: ", keys[first]);
        put_values(&text, first);
        buf_printf(&text, "}, {%s: ", keys[(first + 1) % 4]);
        put_values(&text, (first + 1) % 4);
        buf_append_str(&text, "}]");
    } else {
        buf_printf(&text, "%s: ", keys[kind]);
        put_values(&text, kind);
        if (rnd(3) == 0) {
            buf_printf(&text, ", %s: ", keys[(kind + 1) % 4]);
            put_values(&text, (kind + 1) % 4);
        }
    }
    buf_append_str(&text, "}\n");
    keep_text(&text, d->footprints[n], sizeof d->footprints[n]);
}

static void draft_capability(draft_t *d, unsigned document, unsigned n)
{
    static const char *const types[] = {
        "FCI.DeliveryProtocol, capability-value: {delivery-protocols: [http/1.1]}",
        "FCI.DeliveryProtocol, capability-value: {delivery-protocols: [https/1.1]}",
        "FCI.Metadata, capability-value: {metadata: []}",
        "FCI.RedirectionMode, capability-value: {redirection-modes: [DNS-I]}"};
    buf_t text = BUF_INIT;
    if (rnd(2)) {
        buf_printf(&text, "  - {capability-type: %s, footprints: [", types[rnd(4)]);
        if (rnd(12) == 0) {
            buf_append_str(&text, "everywhere");
        } else {
            buf_printf(&text, "f%u, f%u", rnd(FOOTPRINTS), rnd(FOOTPRINTS));
        }
        buf_append_str(&text, "]}\n");
    }
    keep_text(&text, d->capabilities[document][n], sizeof d->capabilities[document][n]);
}

/* Everything, or what the odds are against. */
static void draft_again(draft_t *d, bool all)
{
    for (unsigned i = 0; i < FOOTPRINTS; i++) {
        if (all || rnd(3) == 0) {
            draft_footprint(d, i);
        }
    }
    for (unsigned i = 0; i < 2 * CAPABILITIES; i++) {
        if (all || rnd(4) == 0) {
            draft_capability(d, i % 2, i / 2);
        }
    }
}

static model_t *draft_model(const draft_t *d)
{
    buf_t texts[2] = {BUF_INIT, BUF_INIT};
    buf_append_str(&texts[0], "version: 1\nfootprints:\n");
    for (unsigned i = 0; i < FOOTPRINTS; i++) {
        buf_append_str(&texts[0], d->footprints[i]);
    }
    buf_append_str(&texts[1], "version: 1\nadvertisement: other\n");
    for (unsigned k = 0; k < 2; k++) {
        bool any = false;
        for (unsigned i = 0; i < CAPABILITIES; i++) {
            const char *line = d->capabilities[k][i];
            buf_append_str(&texts[k], !any && *line ? "capabilities:\n" : "");
            buf_append_str(&texts[k], line);
            any |= *line != '\0';
        }
        buf_append_char(&texts[k], '\0');
    }
    const fixture_file_t files[] = {{"a.yaml", texts[0].ptr}, {"b.yaml", texts[1].ptr}};
    findings_t findings;
    findings_init(&findings, 0);
    model_t *model = fixture_model(files, 2, &findings);
    findings_release(&findings);
    buf_release(&texts[0]);
    buf_release(&texts[1]);
    return model;
}

/* Within the universe, that is; what is outside is not known. */
static geo_table_t small_table(attribute_source_t source)
{
    geo_table_t t = random_table(source);
    join_ranges_t r[FAMILY_COUNT];
    for (unsigned f = 0; f < FAMILY_COUNT; f++) {
        join_ranges_init(&r[f], (family_t)f);
        assert_int_equal(join_ranges_append(&r[f], (u128_t){0, 0}, 0), ERR_OK);
        for (uint32_t at = rnd(40); at < UNIVERSE; at += 1 + rnd(60)) {
            assert_int_equal(join_ranges_append(&r[f], plus(universe[f], at), rnd(7)), ERR_OK);
        }
        assert_int_equal(join_ranges_append(&r[f], plus(universe[f], UNIVERSE), 0), ERR_OK);
    }
    free(t.v4.start);
    free(t.v4.record);
    free(t.v6.start);
    free(t.v6.record);
    t.v4 = (geo_ranges4_t){r[0].start4, r[0].id, r[0].count};
    t.v6 = (geo_ranges6_t){r[1].start6, r[1].id, r[1].count};
    return t;
}

typedef struct naive {
    const pair_t *p;
    geo_table_t tables[ATTRIBUTE_SOURCE_COUNT]; /* borrowed copies of the heads */
    bool present[ATTRIBUTE_SOURCE_COUNT];
} naive_t;

static bool naive_row(const model_t *m, const difference_coverage_t *row, const context_t *c)
{
    for (size_t a = 0; a < m->advertisement_count; a++) {
        const model_advertisement_t *ad = &m->advertisements[a];
        if (row->advertisement.len && !slice_eq(row->advertisement, ad->id)) {
            continue;
        }
        for (size_t i = 0; i < ad->count; i++) {
            const model_object_t *o = &ad->objects[i];
            if ((!row->type.len || slice_eq(row->type, o->capability->name)) &&
                naive_covers(&o->footprints, c)) {
                return true;
            }
        }
    }
    return false;
}

static fp_code_t naive_context(const naive_t *n, unsigned f, u128_t address, context_t *c)
{
    addr_t a = {.family = (family_t)f};
    if (f == FAMILY_IPV4) {
        a.u.v4 = (uint32_t)address.lo;
    } else {
        a.u.v6 = address;
    }
    *c = (context_t){.addr = a, .map = n->p->model[0]->default_map};
    c->country = n->present[0] ? naive_record(&n->tables[0], &a) : NULL;
    c->city = n->present[1] ? naive_record(&n->tables[1], &a) : NULL;
    c->asn = n->present[2] ? naive_record(&n->tables[2], &a) : NULL;
    /* Without a country database the one of cities would know; the tables here do not. */
    return c->country ? c->country->country : 0;
}

/* Numbers of a row in a country, or in all of them. */
static void check_moves(const difference_moves_t *got, unsigned f, const size_t want[2][2],
                        bool outside_before, bool outside_after)
{
    const difference_count_t whole = f ? (difference_count_t){{0, 0}, 1}
                                       : (difference_count_t){{0, UINT64_C(1) << 32}, 0};
    const struct {
        difference_count_t got;
        size_t inside;
        bool outside;
    } numbers[] = {{got->before, want[1][0] + want[1][1], outside_before},
                   {got->after, want[0][1] + want[1][1], outside_after},
                   {got->gained, want[0][1], !outside_before && outside_after},
                   {got->lost, want[1][0], outside_before && !outside_after}};
    for (size_t i = 0; i < 4; i++) {
        /* The whole of a family, less what is not covered in the universe. */
        u128_t n = {0, numbers[i].inside};
        uint32_t top = 0;
        if (numbers[i].outside) {
            n = plus(whole.n, (int64_t)numbers[i].inside - UNIVERSE);
            top = whole.top && numbers[i].inside == UNIVERSE;
        }
        assert_int_equal(numbers[i].got.n.hi, n.hi);
        assert_int_equal(numbers[i].got.n.lo, n.lo);
        assert_int_equal(numbers[i].got.top, top);
    }
}

static const fp_code_t *codes(void)
{
    static fp_code_t list[8];
    for (size_t i = 0; i < 5; i++) {
        list[i + 1] = code(countries[i]);
    }
    list[6] = code("fr");
    return list; /* [0]: not known */
}

static void check_row(const naive_t *n, const difference_coverage_t *row)
{
    const pair_t *p = n->p;
    for (unsigned f = 0; f < FAMILY_COUNT; f++) {
        size_t sum[2][2] = {{0}}, by[7][2][2] = {{{0}}};
        context_t c;
        for (uint32_t at = 0; at < UNIVERSE; at++) {
            fp_code_t country = naive_context(n, f, plus(universe[f], at), &c);
            bool before = naive_row(p->model[0], row, &c), after = naive_row(p->model[1], row, &c);
            sum[before][after]++;
            for (size_t k = 0; k < 7; k++) {
                by[k][before][after] += codes()[k] == country;
            }
        }
        (void)naive_context(n, f, (u128_t){0, 0}, &c);
        bool before = naive_row(p->model[0], row, &c), after = naive_row(p->model[1], row, &c);
        check_moves(&row->moves[f], f, (const size_t(*)[2])sum, before, after);
        for (size_t k = 0; k < row->country_count; k++) {
            size_t i = 0;
            while (codes()[i] != row->countries[k].code) {
                assert_true(++i < 7);
            }
            check_moves(&row->countries[k].moves[f], f, (const size_t(*)[2])by[i], !i && before,
                        !i && after);
            by[i][0][1] = by[i][1][0] = 0;
        }
        /* What is not listed does not move. */
        for (size_t i = 0; i < 7 && p->d->has_countries; i++) {
            assert_true(!by[i][0][1] && !by[i][1][0]);
        }
    }
}

/* Objects of one model that the other does not have. */
static size_t lacking(const model_t *x, const model_t *y)
{
    size_t n = 0;
    for (size_t a = 0; a < x->advertisement_count; a++) {
        for (size_t i = 0; i < x->advertisements[a].count; i++) {
            const model_object_t *o = &x->advertisements[a].objects[i];
            bool found = false;
            for (size_t b = 0; b < y->advertisement_count; b++) {
                for (size_t k = 0; k < y->advertisements[b].count; k++) {
                    const model_object_t *q = &y->advertisements[b].objects[k];
                    found |= slice_eq(x->advertisements[a].id, y->advertisements[b].id) &&
                             slice_eq(o->capability->name, q->capability->name) &&
                             slice_eq(o->capability->text, q->capability->text) &&
                             !fp_set_cmp(&o->footprints, &q->footprints);
                }
            }
            n += !found;
        }
    }
    return n;
}

static void check_mirror(const difference_t *x, const difference_t *y)
{
    assert_int_equal(x->same, y->same);
    assert_int_equal(x->footprint_tally.added, y->footprint_tally.removed);
    assert_int_equal(x->footprint_tally.removed, y->footprint_tally.added);
    assert_int_equal(x->footprint_tally.changed, y->footprint_tally.changed);
    assert_int_equal(x->object_tally.added, y->object_tally.removed);
    assert_int_equal(x->object_tally.removed, y->object_tally.added);
    assert_int_equal(x->object_tally.changed, y->object_tally.changed);
    assert_int_equal(x->advertisement_count, y->advertisement_count);
    for (size_t i = 0; i < x->advertisement_count; i++) {
        const difference_advertisement_t *a = &x->advertisements[i], *b = &y->advertisements[i];
        assert_int_equal(a->object_count, b->object_count);
        for (size_t k = 0; k < a->object_count; k++) {
            assert_ptr_equal(a->objects[k].before, b->objects[k].after);
            assert_ptr_equal(a->objects[k].after, b->objects[k].before);
        }
    }
    assert_int_equal(x->coverage_count, y->coverage_count);
    for (size_t i = 0; i < x->coverage_count; i++) {
        const difference_coverage_t *a = &x->coverage[i], *b = &y->coverage[i];
        assert_int_equal(a->countries_appeared, b->countries_vanished);
        assert_int_equal(a->countries_before, b->countries_after);
        assert_int_equal(a->country_count, b->country_count);
        for (unsigned f = 0; f < FAMILY_COUNT; f++) {
            assert_int_equal(difference_count_cmp(a->moves[f].before, b->moves[f].after), 0);
            assert_int_equal(difference_count_cmp(a->moves[f].gained, b->moves[f].lost), 0);
            assert_int_equal(difference_count_cmp(a->moves[f].lost, b->moves[f].gained), 0);
        }
    }
}

static void random_round(size_t *moving)
{
    pair_t p = {0};
    naive_t n = {.p = &p};
    arena_init(&p.arena, 0);
    geo_table_t taken[ATTRIBUTE_SOURCE_COUNT] = {{0}};
    for (unsigned i = 0; i < ATTRIBUTE_SOURCE_COUNT; i++) {
        n.present[i] = rnd(4) != 0;
        if (n.present[i]) {
            taken[i] = n.tables[i] = small_table((attribute_source_t)i);
        }
    }
    assert_int_equal(attributes_from_tables_take(taken, n.present, &p.attributes), ERR_OK);
    draft_t draft;
    draft_again(&draft, true);
    for (unsigned i = 0; i < 2; i++) {
        p.model[i] = draft_model(&draft);
        if (p.model[i]) {
            assert_int_equal(join_build(p.model[i], p.attributes, &p.join[i]), ERR_OK);
        }
        draft_again(&draft, false);
    }
    if (p.model[0] && p.model[1]) {
        assert_int_equal(make(&p, &rails), ERR_OK);
        for (size_t i = 0; i < p.d->coverage_count; i++) {
            check_row(&n, &p.d->coverage[i]);
            *moving += p.d->coverage[i].country_count > 0;
        }
        difference_tally_t t = p.d->object_tally;
        assert_int_equal(t.removed + t.changed, lacking(p.model[0], p.model[1]));
        assert_int_equal(t.added + t.changed, lacking(p.model[1], p.model[0]));
        difference_t *mirrored = NULL, *identical = NULL;
        assert_int_equal(
            difference_make(side(&p, 1), side(&p, 0), p.attributes, &rails, &p.arena, &mirrored),
            ERR_OK);
        check_mirror(p.d, mirrored);
        assert_int_equal(
            difference_make(side(&p, 1), side(&p, 1), p.attributes, &rails, &p.arena, &identical),
            ERR_OK);
        assert_true(identical->same && !identical->guard.asks);
        assert_int_equal(identical->coverage[0].country_count, 0);
    }
    release(&p);
}

static void test_against_every_address(void **unused)
{
    (void)unused;
    size_t moving = 0;
    seed_random();
    for (int round = 0; round < 60; round++) {
        random_round(&moving);
    }
    print_message("%zu rows with countries that move\n", moving);
    assert_true(moving > 50);
}

/* ---- many advertisements: more rows than fit in one word ---- */

static void test_many_rows(void **unused)
{
    (void)unused;
    enum { ADS = 80 };
    model_t *models[2] = {NULL, NULL};
    join_index_t *joins[2] = {NULL, NULL};
    for (unsigned s = 0; s < 2; s++) {
        static char texts[ADS][300];
        static char names[ADS][16];
        model_source_t sources[ADS];
        for (unsigned i = 0; i < ADS; i++) {
            (void)snprintf(names[i], sizeof names[i], "d%u.yaml", i);
            (void)snprintf(texts[i], sizeof texts[i],
                           "version: 1\nadvertisement: ad%02u\n"
                           "capabilities:\n"
                           "  - {capability-type: FCI.Metadata, capability-value: {metadata: []},\n"
                           "     footprints: [{footprint-type: ipv4cidr,\n"
                           "                   footprint-value: [10.%u.0.0/%u]}]}\n",
                           i, i, s && i == 77 ? 17 : 16);
            sources[i] = (model_source_t){slice_str(names[i]), DOC_YAML, slice_str(texts[i])};
        }
        findings_t findings;
        findings_init(&findings, 0);
        assert_int_equal(model_build(sources, ADS, NULL, &findings, &models[s]), ERR_OK);
        findings_release(&findings);
        assert_int_equal(join_build(models[s], NULL, &joins[s]), ERR_OK);
    }
    arena_t arena;
    arena_init(&arena, 0);
    difference_t *d = NULL;
    assert_int_equal(difference_make((difference_side_t){models[0], joins[0]},
                                     (difference_side_t){models[1], joins[1]}, NULL, &rails, &arena,
                                     &d),
                     ERR_OK);
    assert_int_equal(d->coverage_count, 1 + 2 * ADS);
    assert_int_equal(low(d->coverage[0].moves[0].lost), 32768);
    for (size_t i = 1; i < d->coverage_count; i++) {
        bool moved = slice_is(d->coverage[i].advertisement, "ad77");
        assert_int_equal(low(d->coverage[i].moves[0].before), 65536);
        assert_int_equal(low(d->coverage[i].moves[0].lost), moved ? 32768 : 0);
    }
    assert_int_equal(d->advertisement_count, 1);
    arena_release(&arena);
    for (unsigned s = 0; s < 2; s++) {
        join_free(joins[s]);
        model_free(models[s]);
    }
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
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_against_every_address),
        cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
